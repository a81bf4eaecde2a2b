"""Which line of a log stands on which row: all lines or some, wrapped or one row each. No Textual in here."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate

from tui.log_lines import Block, LogLines, height


class Layout:
    """`room` is the width that lines are wrapped to, 0 where they are not; `shown` holds the numbers of matching lines.

    `refresh` after every change of the lines; it costs as much as there are blocks.
    """

    def __init__(self, lines: LogLines, room: int = 0, shown: array[int] | None = None) -> None:
        self.lines = lines
        self.room = room
        self.shown = shown
        self._before: list[int] = []
        """Rows before each block."""
        self._lows: list[int] = []
        """Which of `shown` is the first of each block, and last how many there are."""
        self._sums: dict[int, list[int]] = {}
        """Rows before each shown line of the blocks that were looked at."""
        self._totals: dict[Block, tuple[int, int]] = {}
        """Of how many shown lines of a block the rows were counted, and how many rows they are."""
        self.rows = 0
        self.refresh()

    def refresh(self) -> None:
        """Count the rows anew."""
        lines, shown = self.lines, self.shown
        if shown is not None:
            gone = bisect_left(shown, lines.first)
            if gone:
                del shown[:gone]
        if not self.room:
            self.rows = len(lines) if shown is None else len(shown)
            return
        before, total = [], 0
        if shown is not None:
            self._find_lows(shown)
        for at, block in enumerate(lines.blocks):
            before.append(total)
            total += block.total(self.room) if shown is None else self._total(at, block, shown)
        self._before, self.rows = before, total

    def show(self, shown: array[int]) -> None:
        """Other lines match now, among them those that did before; only what is new is counted."""
        self.shown = shown
        self.refresh()

    def _find_lows(self, shown: array[int]) -> None:
        self._sums.clear()
        self._lows, low = [], 0
        for block in self.lines.blocks:
            low = bisect_left(shown, block.first, low)
            self._lows.append(low)
        self._lows.append(len(shown))

    def _total(self, at: int, block: Block, shown: array[int]) -> int:
        low, high = self._lows[at], self._lows[at + 1]
        known = self._totals.get(block)
        if known is None or known[0] != high - low:
            rows = sum(height(block.widths[number - block.first], self.room) for number in shown[low:high])
            known = self._totals[block] = (high - low, rows)
        return known[1]

    def _shown_rows(self, at: int, shown: array[int]) -> list[int]:
        """Rows before each shown line of a block, and last how many there are."""
        sums = self._sums.get(at)
        if sums is None:
            block = self.lines.blocks[at]
            numbers = shown[self._lows[at] : self._lows[at + 1]]
            heights = (height(block.widths[number - block.first], self.room) for number in numbers)
            sums = self._sums[at] = list(accumulate(heights, initial=0))
        return sums

    @property
    def count(self) -> int:
        """How many lines are shown."""
        return len(self.lines) if self.shown is None else len(self.shown)

    def at(self, row: int) -> tuple[int, int]:
        """The number of the line on `row`, and which of its rows that is. Raises IndexError beyond the last."""
        if not 0 <= row < self.rows:
            raise IndexError(row)
        shown = self.shown
        if not self.room:
            return (self.lines.first + row if shown is None else shown[row]), 0
        at = bisect_right(self._before, row) - 1
        rest = row - self._before[at]
        if shown is not None:
            before = self._shown_rows(at, shown)
            index = bisect_right(before, rest) - 1
            return shown[self._lows[at] + index], rest - before[index]
        block = self.lines.blocks[at]
        sums = block.rows(self.room)
        index = bisect_right(sums, rest) - 1
        return block.first + index, rest - sums[index]

    def row_of(self, number: int) -> int:
        """The first row of a line, or of the next one that is shown."""
        lines, shown = self.lines, self.shown
        number = max(number, lines.first)
        if shown is not None:
            index = bisect_left(shown, number)
            if not self.room or not shown:
                return min(index, max(len(shown) - 1, 0))
            index = min(index, len(shown) - 1)
            at, _ = lines.block_of(shown[index])
            return self._before[at] + self._shown_rows(at, shown)[index - self._lows[at]]
        number = min(number, lines.end - 1)
        if number < lines.first:
            return 0
        if not self.room:
            return number - lines.first
        at, block = lines.block_of(number)
        return self._before[at] + block.rows(self.room)[number - block.first]

    def height_of(self, number: int) -> int:
        return height(self.lines.width(number), self.room) if self.room else 1

    def step(self, number: int, by: int) -> int:
        """The line `by` shown lines away from `number`, within the log."""
        lines, shown = self.lines, self.shown
        if shown is None:
            return max(lines.first, min(number + by, lines.end - 1))
        if not shown:
            return number
        index = bisect_left(shown, number)
        if by > 0 and (index == len(shown) or shown[index] != number):
            by -= 1
        return shown[max(0, min(index + by, len(shown) - 1))]

    def last(self) -> int:
        """The number of the last line that is shown."""
        if self.shown is not None:
            return self.shown[-1] if self.shown else self.lines.first
        return max(self.lines.end - 1, self.lines.first)

    def first(self) -> int:
        """The number of the first line that is shown."""
        return self.shown[0] if self.shown else self.lines.first
