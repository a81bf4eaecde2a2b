"""A log of up to a million lines: follows what comes until the reader goes up, then counts what is new.

Only visible lines are ever looked at. `log_lines` holds the text, `log_layout` says what stands where, `log_find`
searches, `LogPainter` draws; this widget moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.reactive import var

from tui.bindings import bindings_of
from tui.boundary import ask
from tui.log_find import Finder, find
from tui.log_layout import Layout
from tui.log_lines import Block, Entry, LogLines
from tui.log_text import STAMPS, headed, heading, written_all
from tui.search import BadPattern, Pattern
from tui.sgr import visible
from tui.widgets.log_painter import LogPainter

SIDE = 16
"""Cells by which the arrows move a log that is not wrapped."""


class LogView(LogPainter):
    """`following` is true while the end is kept in sight; `unread` counts the lines that came since it is not."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("detail", moving=True)

    unread: var[int] = var(0, init=False)

    class Changed(Message):
        """Whether it follows, how much is unread, or what a search found, changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._last = 0
        """The attempt of the last line."""
        self._moving = False
        self._measured = (0, 0)
        self._to_top = False
        """Whether the reader went to the first line, and goes on there when older ones come."""
        self._looking: Finder | None = None
        """The search that is under way."""
        self._seek = False
        """Whether the search is still to go to its first match."""

    # --- the lines -------------------------------------------------------------------------------------------

    def show_log(self, entries: Iterable[Entry] = (), *, whole: bool = True) -> None:
        """Show another log, at its end; `whole` says that nothing older is to come."""
        self.lines = LogLines()
        self._last, self.mark, self.x = 0, None, 0
        if self.finder is not None:
            self.finder = Finder(self.finder.pattern, self.lines)
            self._seek = False
        self.plan = Layout(self.lines)
        self.set_reactive(LogView.unread, 0)
        self.set_reactive(LogView.following, True)
        found = list(entries)
        if not whole and found:
            self._last = found[0][1]
        self.add(found)
        self._rearrange()
        self.post_message(self.Changed())

    def add(self, entries: Sequence[Entry]) -> None:
        """Add what was written now."""
        if not entries:
            return
        end, rows, left_out = self.lines.end, self.plan.rows, self.lines.left_out
        if not self.names:
            if not self._last:
                several = self.tries > 1 or len({attempt for _, attempt, _ in entries}) > 1
                self._last = 0 if several else 1  # a first attempt without others needs no number
            last = max(attempt for _, attempt, _ in entries)
            entries, self._last = list(headed(entries, self._last, self.tries)), max(self._last, last)
        anchor = self._top() if not self.following else None
        self.lines.add(entries)
        if self.finder is not None:
            self.finder.came(end, self.lines.end)
            self._search()
        self.plan.refresh()
        self.update_size()
        if self.following:
            self._to_end()
            self.repaint(range(rows, self.count()))
        elif self.lines.left_out != left_out:
            self._restore(anchor)
        else:
            below = self.plan.rows - self.scroll_offset.y - self.size.height
            self.unread = max(min(self.unread + self.lines.end - end, below), 0)
            self.repaint(range(rows, self.count()))

    def put_before(self, blocks: Sequence[Block]) -> None:
        """Add older lines (see `before`)."""
        anchor = self._top()
        count = self.lines.put_before(blocks)
        if self.finder is not None:
            self.finder.came(self.lines.first, self.lines.first + count)
            self._search()
        self.plan.refresh()
        self.update_size()
        if self.following:
            self._to_end()
        elif self._to_top:
            self._go(self.plan.first())
        else:
            self._restore(anchor)

    def before(self, page: list[Entry], *, whole: bool) -> list[Entry]:
        """An older page with the headings that belong in it and right after it."""
        if self.names or not (page or whole):
            return page
        following = self.lines.attempt_of_first()
        first = page[0][1] if page else following
        found = list(headed(page, first, self.tries))
        if page and following > page[-1][1]:
            found.append(heading(following, self.tries, page[-1][2].at, page[-1][0]))
        if whole and first and (self.tries > 1 or first > 1):
            task_id = page[0][0] if page else self.lines.line(self.lines.first).task_id
            found.insert(0, heading(first, self.tries, 0.0, task_id))
        return found

    @property
    def text(self) -> str:
        """Everything, as it stands there."""
        return "\n".join(self.writer()())

    def writer(self) -> Callable[[], Iterable[str]]:
        """What writes out every line as it stands now; for a thread."""
        blocks, how, since, names = self.lines.snapshot(), self.stamps, self._since, dict(self.names)
        left_out = self.lines.left_out
        return lambda: written_all(blocks, how, since, names, left_out)

    def marked(self) -> list[int]:
        """The numbers of the marked lines, or of the cursor's; of those that are shown."""
        if not self.plan.count:
            return []
        low, high = sorted((self.cursor, self.cursor if self.mark is None else self.mark))
        matching = self.plan.shown
        numbers = range(max(low, self.lines.first), min(high, self.lines.end - 1) + 1)
        return list(numbers) if matching is None else [number for number in matching if number in numbers]

    def marked_text(self) -> str:
        """The marked lines, or the cursor's, without their times."""
        return "\n".join(visible(self.lines.line(number).text) for number in self.marked())

    # --- where things stand ----------------------------------------------------------------------------------

    def _top(self) -> tuple[int, int] | None:
        try:
            return self.plan.at(self.scroll_offset.y)
        except IndexError:
            return None

    def _restore(self, top: tuple[int, int] | None) -> None:
        """Scroll so that what stood on top stands there again."""
        if top is not None:
            self._jump(self.plan.row_of(top[0]) + min(top[1], self.plan.height_of(top[0]) - 1))
        self.refresh()

    def _rearrange(self) -> None:
        """The width, or what is shown, is another now."""
        top = self._top()
        matching = self.finder.found if self.only and self.finder is not None else None
        for _ in range(2):  # the scrollbar comes and takes its column
            self._measured = (self.size.width, self.size.height)
            self.plan = Layout(self.lines, self.room if self.wrap else 0, matching)
            self.update_size()
            if self.size.width == self._measured[0]:
                break
        if self.following:
            self._to_end()
            self.refresh()
        else:
            self._restore(top)

    def update_size(self) -> None:
        self._moving = True  # what is scrolled because there is less is not scrolled by the reader
        super().update_size()
        self._moving = False

    def on_resize(self) -> None:
        if (self.size.width, self.size.height) != self._measured:
            self._rearrange()

    def _jump(self, row: float) -> None:
        self._moving = True
        self.jump(row)
        self._moving = False

    def _to_end(self) -> None:
        self.cursor = self.plan.last()
        self._jump(self.count())

    def _go(self, number: int) -> None:
        """Put the cursor on a line and show it."""
        before, self.cursor = self.cursor, number
        self._to_top = self._to_top and number == self.plan.first()
        row, height = self.plan.row_of(number), self.plan.height_of(number)
        top, rows = self.scroll_offset.y, self.size.height
        if row < top:
            self._jump(row)
        elif row + height > top + rows:
            self._jump(min(row, row + height - rows) if height <= rows else row)
        if self.mark is None and abs(number - before) == 1 and not self.wrap:
            self.repaint((row, self.plan.row_of(before)))
        else:
            self.refresh()

    def move_by(self, lines: int) -> None:
        """The moving keys move the cursor; through a line that is taller than the screen they scroll."""
        if not self.plan.count:
            return
        row, height = self.plan.row_of(self.cursor), self.plan.height_of(self.cursor)
        top, rows = self.scroll_offset.y, self.size.height
        if height > rows and (top + rows < row + height if lines > 0 else top > row):
            self._jump(max(min(top + lines, row + height - rows), row))
            return
        target = self.plan.step(self.cursor, lines)
        if lines > 0 and target == self.plan.last():
            self.following = True
        else:
            self.following = False
        self._go(target)

    def move_to(self, index: int) -> None:
        """To the first line, or with -1 to the last, which is followed from then on."""
        if index < 0:
            self.following = True
            self._to_end()
            self.refresh()
        else:
            self.following = False
            self._to_top = index == 0
            self._go(self.plan.step(self.plan.first(), index))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._moving or not self.plan.rows or (self.size.width, self.size.height) != self._measured:
            return  # it is not the reader who scrolls
        self._to_top = False
        if new_value < old_value:
            self.following = self.at_end
        elif self.at_end:
            self.following = True
        low, high = self.scroll_offset.y, min(self.scroll_offset.y + self.size.height, self.plan.rows) - 1
        row = self.plan.row_of(self.cursor)
        if high >= low and not low <= row <= high:  # the cursor stays in sight
            self.cursor = self.plan.at(low if row < low else high)[0]

    @property
    def at_end(self) -> bool:
        return self.scroll_offset.y + self.size.height >= self.count()

    def watch_following(self, following: bool) -> None:
        if following:
            self.unread = 0
            self._to_end()
        self.refresh()
        self.post_message(self.Changed())

    def watch_unread(self) -> None:
        self.post_message(self.Changed())

    # --- how it is shown -------------------------------------------------------------------------------------

    def toggle_wrap(self) -> str:
        self.wrap, self.x = not self.wrap, 0
        self._rearrange()
        return "long lines are wrapped" if self.wrap else "long lines are cut: the arrows move sideways"

    def next_stamps(self) -> str:
        self.stamps = STAMPS[(STAMPS.index(self.stamps) + 1) % len(STAMPS)]
        self._rearrange()
        return {"clock": "times of day", "since": "seconds since the start", "off": "no times"}[self.stamps]

    def toggle_mark(self) -> None:
        self.mark = self.cursor if self.mark is None else None
        self.following = False
        self.refresh()

    def clear_mark(self) -> bool:
        """Whether there was one."""
        had, self.mark = self.mark is not None, None
        self.refresh()
        return had

    def action_unfold(self) -> None:
        if not self.wrap:
            self.x += SIDE
            self.refresh()

    def action_fold(self) -> None:
        self.x = max(self.x - SIDE, 0)
        self.refresh()

    # --- search ----------------------------------------------------------------------------------------------

    def search(self, text: str) -> None:
        """Search for `text` as it is typed; "" ends the search."""
        self.trouble = ""
        self.workers.cancel_group(self, "search")
        try:
            pattern = Pattern(text)
        except BadPattern as error:
            self.trouble, pattern = str(error), Pattern("")
        origin = self.cursor if self.finder is None else self.finder.origin
        self.finder = None if pattern.is_empty else Finder(pattern, self.lines, origin)
        if self.finder is None and not text:
            self.only = False
        self._seek = self.finder is not None
        if self.only or self.plan.shown is not None:
            self._rearrange()
        self.refresh()
        self._search()
        self.post_message(self.Changed())

    def show_only(self, only: bool) -> None:
        """Show only the lines that match, or all again."""
        if only != self.only:
            self.only = only
            self._rearrange()
            self._go(self.plan.step(self.cursor, 0))

    def _search(self) -> None:
        finder = self.finder
        if finder is not None and not finder.is_done and self._looking is not finder:
            self._looking = finder
            ask(self, lambda: self._look(finder), group="search", exclusive=True)

    async def _look(self, finder: Finder) -> None:
        """Slice by slice in a thread, until nothing is left or something else is searched for."""
        try:
            while not finder.is_done and finder is self.finder:
                stretch, blocks = finder.take()
                numbers = await asyncio.to_thread(find, finder.pattern, stretch, blocks)
                if finder is self.finder:
                    finder.keep(numbers)
                    self._found()
        except BadPattern as error:
            self.trouble, self.finder = str(error), None
            self._rearrange()
        finally:
            if self._looking is finder:
                self._looking = None
        self.post_message(self.Changed())

    def _found(self) -> None:
        finder = self.finder
        if finder is None:
            return
        if self.only:
            self._match_more(finder)
        if self._seek and (number := finder.nearest()) is not None:
            self._seek = False
            self.following = self.following and self.only
            self._go(number)
        self.refresh()
        self.post_message(self.Changed())

    def _match_more(self, finder: Finder) -> None:
        """More lines are shown: what stood on top stays there."""
        if self.plan.shown is None:
            self._rearrange()
            return
        top = self._top()
        self.plan.show(finder.found)
        self.update_size()
        if self.following:
            self._to_end()
        else:
            self._restore(top)

    def step_match(self, by: int) -> bool:
        """To the next (former) match; False where there is none."""
        number = self.finder.next(self.cursor, by) if self.finder is not None else None
        if number is None:
            return False
        self.following = False
        self._go(number)
        self.post_message(self.Changed())
        return True

    @property
    def match_note(self) -> str:
        """How the search stands, in words."""
        if self.finder is None:
            return self.trouble
        finder = self.finder
        found, place = len(finder.found), finder.place(self.cursor)
        said = f"{place} of {found:,}" if place else f"{found:,} matches" if found != 1 else "1 match"
        more = "" if finder.is_done else f" · {finder.left:,} lines to go"
        return f"{said}{more}{' · only these' if self.only else ''}"
