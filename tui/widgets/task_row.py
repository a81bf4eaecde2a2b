"""How a row of the runs pane is written: columns that change at the left, the tree of names, what stays at the right.

Foreign text passes `safe_text()` here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from engine.task import Task, TaskStatus
from tui.columns import EXECUTOR, STARTED, STATE, TIME, TRIES, USER, Column, columns_for
from tui.forest import Forest, Row
from tui.text import safe_name, safe_text
from tui.versions import running_note
from tui.widgets.rows import Piece
from tui.wording import attempt, bar, duration, is_counting_down, running_for, state

NOTE_LIMIT = 300
"""Characters of a message that are looked at for a row."""
MARK = "*"
_columns = lru_cache(maxsize=8)(columns_for)


class RowWriter:
    """Writes rows of `forest`.

    `tries` tells the attempts a task may have, `current` the version of an executor (see `running_note`), `unread` how
    many tasks the tree of a root has that was not read yet, `opens` the key that reads them.
    """

    def __init__(
        self,
        forest: Forest,
        clock: Callable[[], datetime],
        tries: Callable[[Task], int],
        current: Callable[[str], str | None],
    ) -> None:
        self.forest = forest
        self.clock = clock
        self.tries = tries
        self.current = current
        self.unread: Callable[[str], int] = lambda task_id: 0
        self.opens: Callable[[], str] = lambda: ""

    def write(self, row: Row, width: int) -> list[Piece]:
        """The pieces of one line of `width` cells."""
        columns, task, history = _columns(width), row.task, row.is_history
        waiting = self.forest.waiting(task) if task.status is TaskStatus.PENDING and not history else ""
        left = [piece for column in columns.left for piece in self._left(column, row, waiting, history)]
        tree = self._tree(row, waiting, history)
        if not columns.right:
            return left + tree
        right = [self._right(column, task) for column in columns.right]
        return [*left, *fitted(tree, columns.room), *right]

    def volatile(self, width: int) -> int:
        """Cells from the left that change as time goes on."""
        return _columns(width).volatile

    def _left(self, column: Column, row: Row, waiting: str, history: bool) -> list[Piece]:
        task, cells = row.task, column.cells
        if column is STATE:
            glyph, word, role = state(task, waiting)
            progress = row.progress if row.children else task.progress
            if task.status is TaskStatus.IN_PROGRESS and progress:
                word = f"{bar(progress)} {int(progress * 100 + 1e-9):>3}%"
            text, role = f"{glyph} {word:<{cells - 3}}", "dim" if history else role
            return [(MARK, "warn"), (text, role)] if row in self.forest.marks else [(f" {text}", role)]
        text = ""
        if column is TIME:
            text = f"{duration(running_for(task, self.clock())):>{cells - 2}}"
        elif column is TRIES and task.attempt:
            tries = self.tries(task)
            text = f"try {task.attempt}/{tries}" if task.attempt <= tries > 1 else f"try {task.attempt}"
        elif column is STARTED:
            text = self._started(task)
        return [(f"{text:<{cells}}"[:cells], "dim")]

    def _started(self, task: Task) -> str:
        if task.started_at is None:
            return ""
        local, today = task.started_at.astimezone(), self.clock().astimezone().date()
        return local.strftime("%H:%M:%S" if local.date() == today else "%d %b")

    @staticmethod
    def _right(column: Column, task: Task) -> Piece:
        text = ""
        if column is EXECUTOR:
            text = task.executor_id if task.executor_id != task.name else ""
        elif column is USER:
            text = task.user_id or ""
        return (" " + set_cell_size(safe_text(text, limit=column.cells), column.cells - 1), "dim")

    def _tree(self, row: Row, waiting: str, history: bool) -> list[Piece]:
        task, view = row.task, self.forest.view
        unread = self.unread(task.id) if row.parent is None else 0
        fold = ("▼ " if row.is_open or view.filter else "▶ ") if row.children else "▶ " if unread else "  "
        found = bool(view.search) and not view.filter and row in view.search.hits
        return [
            (row.guides(), "dim"),
            (fold, "" if row.children or unread else "dim"),
            (safe_name(task.name, limit=NOTE_LIMIT), "dim" if history else "head" if found else ""),
            *([("  found", "key")] if found else []),
            *([(f"  attempt {task.spawned}", "dim")] if history else self._notes(row, waiting)),
            *([(f"  {unread:,} tasks, {self.opens()} reads them", "dim")] if unread else []),
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


def fitted(pieces: Sequence[Piece], room: int) -> list[Piece]:
    """`pieces` in exactly `room` cells: cut with `…`, or followed by spaces, so that nothing lies over what follows."""
    found: list[Piece] = []
    left = room
    for text, role in pieces:
        cells = cell_len(text)
        if cells > left:
            found.append((set_cell_size(text, left - 1) + "…" if left > 0 else "", role))
            return found
        found.append((text, role))
        left -= cells
    return [*found, (" " * left, "")]
