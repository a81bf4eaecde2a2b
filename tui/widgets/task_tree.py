"""The runs pane: the visible rows of the forest, drawn on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from engine.task import Task, TaskStatus
from tui.bindings import bindings_of
from tui.forest import Change, Forest, Row
from tui.text import safe_text
from tui.versions import running_note
from tui.widgets.filter_line import FilterLine
from tui.widgets.rows import Piece, Rows
from tui.wording import attempt, bar, duration, is_counting_down, running_for, state

STATE, TIME = 13, 8
"""Cells of the state and the time; they change most, so they stand at the left, where a repaint costs least."""
NOTE_LIMIT = 300
"""Characters of a message that are looked at for a row."""
EMPTY = (
    ("no runs yet", "dim"),
    ("", ""),
    ("/ finds an executor, Enter opens its form,", "dim"),
    ("ctrl+r in the form launches it", "dim"),
)


class TaskTree(Rows):
    """Keeps the cursor on its task whatever comes and goes around it.

    `tries` tells the attempts a task may have, `current` the version of an executor (see `running_note`).
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("runs")

    def __init__(
        self,
        forest: Forest,
        clock: Callable[[], datetime],
        tries: Callable[[Task], int],
        current: Callable[[str], str | None],
    ) -> None:
        super().__init__()
        self.forest = forest
        self.clock = clock
        self.tries = tries
        self.current = current
        self._counted: dict[str, str] = {}
        """What rows that count down said at the last tick, by task id."""
        self.selected: str | None = None
        """The id of the task under the cursor."""
        self.empty: Sequence[Piece] = ()
        """What is said while there are no rows."""

    @property
    def row(self) -> Row | None:
        visible = self.forest.visible
        return visible[self.cursor] if self.cursor < len(visible) else None

    @property
    def task_under_cursor(self) -> Task | None:
        return self.row.task if self.row else None

    def count(self) -> int:
        return len(self.forest.visible) or len(self.empty)

    def is_marked(self, index: int) -> bool:
        return bool(self.forest.visible) and super().is_marked(index)

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, len(self.forest.visible) - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        self.selected = self.row.task.id if self.row else None
        super().watch_cursor(old, new)

    def update(self, change: Change) -> None:
        """Draw what the forest says has changed."""
        if change.structure:
            self.resync()
        else:
            self.repaint(change.rows)

    def resync(self) -> None:
        """The list of rows is another: find the selected task in it, or stay at the same place."""
        before = self.selected
        index = self.forest.index_of(before) if before is not None else None
        self.rows_changed(index if index is not None else self.cursor)
        self.selected = self.row.task.id if self.row else None
        if self.selected != before:
            self.tell_moved()

    def select(self, task_id: str) -> bool:
        """Put the cursor on the task, unfolding what hides it; False when it is not held."""
        index = self.forest.reveal(task_id)
        if index is None:
            return False
        self.selected = task_id
        self.rows_changed(index)
        self.tell_moved()
        return True

    @property
    def ticks(self) -> bool:
        """Whether a row on the screen shows a time that goes on."""
        return any(task.status is TaskStatus.IN_PROGRESS or is_counting_down(task) for _, task in self._seen())

    def tick(self) -> None:
        """Repaint the rows on the screen whose time went on: what runs, and countdowns that come to another second."""
        due = []
        counted = {}
        for index, task in self._seen():
            if is_counting_down(task):
                said = counted[task.id] = self.forest.waiting(task)
                if said != self._counted.get(task.id):
                    due.append(index)
            elif task.status is TaskStatus.IN_PROGRESS:
                due.append(index)
        self._counted = counted
        self.repaint(due)

    def versions_changed(self) -> None:
        """Executors changed: repaint what runs, it may be another version than the current one."""
        self.repaint([index for index, task in self._seen() if task.status is TaskStatus.IN_PROGRESS])

    def _seen(self) -> Iterator[tuple[int, Task]]:
        """The tasks on the screen and their rows."""
        visible = self.forest.visible
        return ((index, visible[index].task) for index in self.on_screen() if index < len(visible))

    def draw(self, index: int, width: int) -> list[Piece]:
        if not self.forest.visible:
            return [("  ", ""), self.empty[index]]
        row = self.forest.visible[index]
        task, history = row.task, row.is_history
        waiting = self.forest.waiting(task) if task.status is TaskStatus.PENDING and not history else ""
        glyph, word, role = state(task, waiting)
        progress = row.progress if row.children else task.progress
        if task.status is TaskStatus.IN_PROGRESS and progress:
            word = f"{bar(progress)} {int(progress * 100 + 1e-9):>3}%"
        fold = ("▼ " if row.is_open or self.forest.filter else "▶ ") if row.children else "  "
        return [
            (f" {glyph} {word:<{STATE - 2}}", "dim" if history else role),
            (f"{duration(running_for(task, self.clock())):>{TIME}}  ", "dim"),
            (f"{row.guides()}", "dim"),
            (fold, "" if row.children else "dim"),
            (safe_text(task.name, limit=NOTE_LIMIT), "dim" if history else ""),
            *([(f"  attempt {task.spawned}", "dim")] if history else self._notes(row, waiting)),
        ]

    def _notes(self, row: Row, waiting: str) -> list[Piece]:
        """What follows the name: how much of the tree is done, and why or how far."""
        task = row.task
        notes: list[Piece] = []
        if row.total > 1:
            failed = f", {row.failed} failed" if row.failed else ""
            notes.append((f"  {row.fraction}{failed}", "bad" if failed else "dim"))
        if row.parent is None and waiting != "paused" and self.forest.is_paused(task.run_id):
            notes.append(("  paused", "warn"))
        if task.status is TaskStatus.PENDING and waiting not in ("queued", "paused"):
            notes.append((f"  {safe_text(waiting, limit=NOTE_LIMIT)}", "dim"))
        if is_counting_down(task):
            notes.append((f"  {attempt(task, self.tries(task))} failed", "dim"))
        if task.status is TaskStatus.IN_PROGRESS:
            if task.attempt > 1:
                notes.append((f"  {attempt(task, self.tries(task))}", "dim"))
            if version := running_note(task, self.current(task.executor_id)):
                notes.append((f"  {version}", "warn"))
            if task.progress_message:
                notes.append((f"  {safe_text(task.progress_message, limit=NOTE_LIMIT)}", "dim"))
        elif task.status is TaskStatus.FAILED and task.error:
            notes.append((f"  {safe_text(task.error, limit=NOTE_LIMIT)}", "bad"))
        return notes

    def action_fold(self) -> None:
        if self.forest.close(self.cursor):
            self.resync()
        elif (parent := self.forest.parent_index(self.cursor) if self.row else None) is not None:
            self.cursor = parent

    def action_unfold(self) -> None:
        if self.forest.open(self.cursor):
            self.resync()
        elif self.row and self.row.children and self.row.is_open:
            self.cursor += 1

    def toggle(self) -> bool:
        """Fold or unfold the row under the cursor; False when it has no children."""
        if self.forest.toggle(self.cursor):
            self.resync()
            return True
        return False


class RunsPane(Vertical):
    """The tree and its filter line."""

    def __init__(
        self,
        forest: Forest,
        clock: Callable[[], datetime],
        tries: Callable[[Task], int] = lambda task: 1,
        current: Callable[[str], str | None] = lambda executor_id: "",
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id, classes="pane")
        self.forest = forest
        self.clock = clock
        self.tries = tries
        self.current = current
        self.border_title = "2 Runs"

    def compose(self) -> ComposeResult:
        yield FilterLine()
        yield TaskTree(self.forest, self.clock, self.tries, self.current)

    @property
    def rows(self) -> TaskTree:
        return self.query_one(TaskTree)

    @property
    def filter_line(self) -> FilterLine:
        return self.query_one(FilterLine)

    def ready(self) -> None:
        """The history is read: from now on an empty pane says what to do."""
        self.rows.empty = EMPTY
        self.rows.resync()

    @on(FilterLine.Changed)
    def _filter_changed(self, event: FilterLine.Changed) -> None:
        event.stop()
        self.forest.set_filter(event.text.strip())
        self.rows.empty = (("nothing matches", "dim"),) if event.text.strip() else EMPTY
        self.rows.resync()

    @on(FilterLine.Left)
    def _filter_left(self, event: FilterLine.Left) -> None:
        event.stop()
        self.screen.set_focus(self.rows)
        if not event.keep:
            self.filter_line.close()

    @on(FilterLine.Stepped)
    def _stepped(self, event: FilterLine.Stepped) -> None:
        event.stop()
        self.rows.move_by(event.lines)
