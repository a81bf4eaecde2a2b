"""The visible rows of the forest, drawn on demand, with the ancestors of the topmost ones over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from time import perf_counter
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.timer import Timer

from engine.task import Task, TaskStatus
from tui.bindings import bindings_of
from tui.forest import Change, Forest, Row
from tui.pins import pins, room_for_pins
from tui.row_order import ORDERS
from tui.widgets.rows import Piece, Rows
from tui.widgets.task_row import RowWriter
from tui.wording import is_counting_down

SETTLE = 1.0
"""Seconds after which rows that changed go to their place in a sorted list."""
SETTLE_SHARE = 20
"""Sorting takes at most one part in so many of the time."""
FOLLOW = 0.5
"""Seconds between two moves of the cursor that follows the action."""


class TaskTree(Rows):
    """Keeps the cursor on its task whatever comes and goes around it. See `RowWriter` for `tries` and `current`."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("runs")

    class Sorted(Message):
        """The person chose another order."""

    class Retitled(Message):
        """What the title of the pane says is another."""

    def __init__(
        self,
        forest: Forest,
        clock: Callable[[], datetime],
        tries: Callable[[Task], int],
        current: Callable[[str], str | None],
    ) -> None:
        super().__init__()
        self.forest = forest
        self.writer = RowWriter(forest, clock, tries, current)
        self._counted: dict[str, str] = {}
        """What rows that count down said at the last tick, by task id."""
        self.selected: str | None = None
        """The id of the task under the cursor."""
        self._above: str | None = None
        """The id of the row above it: when its task is deleted the cursor goes to what follows that."""
        self.empty: Sequence[Piece] = ()
        """What is said while there are no rows."""
        self.following = False
        """Whether the cursor goes to what fails or begins to run."""
        self._news: Row | None = None
        """Where the cursor goes next when it follows."""
        self._latest: Row | None = None
        """What failed or began to run last."""
        self._follow_timer: Timer | None = None
        self._settle_timer: Timer | None = None
        self._settle_cost = 0.0
        self._pins: tuple[list[Row], int, int, list[Row]] | None = None

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

    # What is where

    @property
    def pinned(self) -> list[Row]:
        """The rows drawn over the first lines: the ancestors of what stands below them."""
        visible, top, height = self.forest.visible, self.scroll_offset.y, self.size.height
        held = self._pins
        if held is None or held[0] is not visible or held[1] != top or held[2] != height:
            found = pins(visible, top, room_for_pins(height), self.forest.root_of)
            held = self._pins = (visible, top, height, found)
        return held[3]

    def index_at(self, y: int) -> int:
        pinned = self.pinned
        return pinned[y].index if y < len(pinned) else super().index_at(y)

    def base_style(self, y: int) -> Style:
        if y < len(self.pinned):
            return self._style(super().base_style(y), "pinned")
        return super().base_style(y)

    def repaint(self, indexes: Iterable[int]) -> None:
        self._repaint(indexes, self.size.width)

    def _repaint(self, indexes: Iterable[int], width: int) -> None:
        """Repaint the first `width` cells of those rows that are on the screen, be it as pinned ones."""
        pinned, top, height = self.pinned, self.scroll_offset.y, self.size.height
        over = {row.index: y for y, row in enumerate(pinned)}
        first, end = top + len(pinned), top + height
        regions = []
        for index in indexes:
            if first <= index < end:
                regions.append(Region(0, index - top, width, 1))
            elif index in over:
                regions.append(Region(0, over[index], width, 1))
        if regions:
            self.refresh(*regions)

    def show_cursor(self) -> None:
        """Scroll just as far as it takes to have the cursor's row on the screen, below its ancestors."""
        row, top = self.row, self.scroll_offset.y
        if row is not None and self.cursor < top + len(self.pinned):
            self.jump(max(self.cursor - min(row.depth, room_for_pins(self.size.height)), 0))
        else:
            super().show_cursor()

    def _seen(self) -> Iterator[tuple[int, Task]]:
        """The tasks on the screen and their rows."""
        visible, pinned = self.forest.visible, self.pinned
        for row in pinned:
            yield row.index, row.task
        for index in self.on_screen()[len(pinned) :]:
            if index < len(visible):
                yield index, visible[index].task

    def draw(self, index: int, width: int) -> list[Piece]:
        if not self.forest.visible:
            return [("  ", ""), self.empty[index]]
        return self.writer.write(self.forest.visible[index], width)

    # The cursor

    def watch_cursor(self, old: int, new: int) -> None:
        self.stop_following()
        self._note_selected()
        super().watch_cursor(old, new)

    def _note_selected(self) -> None:
        """Remember which task the cursor is on, and which are beside it."""
        visible, at = self.forest.visible, self.cursor
        self.selected = visible[at].task.id if at < len(visible) else None
        self._above = visible[at - 1].task.id if 0 < at <= len(visible) else None

    def update(self, change: Change) -> None:
        """Draw what the forest says has changed."""
        if change.structure:
            self.resync()
        else:
            self.repaint(change.rows)
        if change.news is not None:
            self._latest = change.news
            if self.following:
                self._news = change.news
                self._follow()
        if self.forest.view.order.is_stale and self._settle_timer is None:
            self._settle_timer = self.set_timer(max(SETTLE, SETTLE_SHARE * self._settle_cost), self._settle)

    def resync(self) -> None:
        """The list of rows is another: find the selected task in it, or what is nearest to where it was."""
        before = self.selected
        index = self.forest.stand_in(before) if before is not None else None
        if index is None and self._above is not None and (above := self.forest.index_of(self._above)) is not None:
            index = above + 1
        self.rows_changed(index if index is not None else self.cursor)
        self._note_selected()
        if self.selected != before:
            self.tell_moved()
        self.post_message(self.Retitled())

    def select(self, task_id: str) -> bool:
        """Put the cursor on the task, unfolding what hides it; False when it is not held."""
        before = self.forest.visible
        index = self.forest.reveal(task_id)
        if index is None:
            return False
        if before is self.forest.visible:
            old = self.cursor
            self.set_reactive(Rows.cursor, index)
            self.repaint((old, index))
            self.show_cursor()
        else:
            self.rows_changed(index)
        self._note_selected()
        self.tell_moved()
        return True

    # What goes on by itself

    @property
    def ticks(self) -> bool:
        """Whether a row on the screen shows a time that goes on."""
        return any(task.status is TaskStatus.IN_PROGRESS or is_counting_down(task) for _, task in self._seen())

    def tick(self) -> None:
        """Repaint of the rows on the screen whose time went on what changed: times, and countdowns by the second."""
        due, running = [], []
        counted = {}
        for index, task in self._seen():
            if is_counting_down(task):
                said = counted[task.id] = self.forest.waiting(task)
                if said != self._counted.get(task.id):
                    due.append(index)
            elif task.status is TaskStatus.IN_PROGRESS:
                running.append(index)
        self._counted = counted
        self.repaint(due)
        self._repaint(running, self.writer.volatile(self.size.width))

    def versions_changed(self) -> None:
        """Executors changed: repaint what runs, it may be another version than the current one."""
        self.repaint([index for index, task in self._seen() if task.status is TaskStatus.IN_PROGRESS])

    def _settle(self) -> None:
        self._settle_timer = None
        began = perf_counter()
        if self.forest.view.settle():
            self._settle_cost = perf_counter() - began
            self.resync()

    def stop_following(self) -> None:
        if self.following:
            self.following = False
            self.post_message(self.Retitled())

    def _follow(self) -> None:
        """Go to the news, twice a second at most."""
        if self._follow_timer is None and self.following and self._news is not None:
            news, self._news = self._news, None
            self.select(news.task.id)
            self._follow_timer = self.set_timer(FOLLOW, self._follow_on)

    def _follow_on(self) -> None:
        self._follow_timer = None
        self._follow()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.stop_following()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.stop_following()

    # What a person does

    def action_fold(self) -> None:
        self.stop_following()
        if self.forest.close(self.cursor):
            self.resync()
        elif (parent := self.forest.parent_index(self.cursor) if self.row else None) is not None:
            self.cursor = parent

    def action_unfold(self) -> None:
        self.stop_following()
        row = self.row
        if self.forest.open(self.cursor):
            self.resync()
        elif row and row.children and row.is_open:
            self.cursor += 1
        elif row and self.writer.unread(row.task.id):
            self.action_choose()

    def action_fold_level(self) -> None:
        """Fold all rows of this level under the same parent, or unfold them."""
        self.stop_following()
        if self.row is not None and self.forest.view.fold_level(self.row):
            self.resync()

    def toggle(self) -> bool:
        """Fold or unfold the row under the cursor; False when it has no children."""
        self.stop_following()
        if self.forest.toggle(self.cursor):
            self.resync()
            return True
        return False

    def action_jump(self, step: int) -> None:
        """To the next (1) or former (-1) task that failed or runs, folded ones too."""
        self._go(self.forest.view.next_news(self.row, forward=step > 0), "nothing failed and nothing runs")

    def action_match(self, step: int) -> None:
        """To the next or former match of the filter or search; without one to what failed."""
        search = self.forest.view.search
        nothing = "nothing matches" if search else "nothing failed"
        self._go(self.forest.view.next_match(self.row, forward=step > 0), nothing)

    def _go(self, row: Row | None, nothing: str) -> None:
        if row is None:
            self.app.notify(nothing, severity="warning")
            return
        self.stop_following()
        self.select(row.task.id)

    def action_mark(self) -> None:
        if self.row is not None:
            self.forest.marks.toggle(self.row)
            self.marked()

    def action_mark_range(self) -> None:
        """Mark all from the last mark to the cursor."""
        marks = self.forest.marks
        start = self.forest.view.index_of(marks.last) if marks.last is not None else None
        if start is None or self.row is None:
            self.app.notify("mark a task first: a range goes from the last mark to the cursor", severity="warning")
            return
        low, high = sorted((start, self.cursor))
        marks.add(self.forest.visible[low : high + 1])
        self.marked()

    def marked(self) -> None:
        """Marks came or went."""
        self.refresh()
        self.post_message(self.Retitled())

    def action_sort(self) -> None:
        """The next order."""
        names = list(ORDERS)
        self.sort_by(names[(names.index(self.forest.view.order.name) + 1) % len(names)])
        self.post_message(self.Sorted())

    def sort_by(self, name: str) -> None:
        """Show the rows in one of `ORDERS`."""
        self.forest.view.sort(name)
        self.resync()

    def action_follow_action(self) -> None:
        """Have the cursor go to what fails or begins to run, or stop that."""
        self.following = not self.following
        self.post_message(self.Retitled())
        if self.following:
            latest = self._latest
            if latest is None or self.forest.row(latest.task.id) is not latest:
                latest = self.forest.view.newest()
            self._news = latest
            self._follow()
