"""Searches the lines of a log in slices, the nearest first, so that it can be watched. No Textual in here."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from tui.log_lines import HEAD, Block, LogLines
from tui.search import Pattern
from tui.sgr import visible

SLICE = 16
"""Blocks that are searched in one go."""

Stretch = tuple[int, int]
"""The numbers of lines from the first to before the second."""


class Finder:
    """What was found of `pattern` so far (`found`, in order) and what is still to be looked at.

    `origin` is the line where the reader was when he began to type.
    """

    def __init__(self, pattern: Pattern, lines: LogLines, origin: int = 0) -> None:
        self.pattern = pattern
        self.origin = origin
        self.lines = lines
        self.found: array[int] = array("q")
        self._left: list[Stretch] = [(lines.first, lines.end)] if len(lines) else []

    @property
    def is_done(self) -> bool:
        return not self._left

    @property
    def left(self) -> int:
        """Lines that are still to be looked at."""
        return sum(end - first for first, end in self._left)

    def came(self, first: int, end: int) -> None:
        """Lines came, at either end of the log."""
        if first < end:
            self._left.append((first, end))

    def take(self) -> tuple[Stretch, list[Block]]:
        """The next stretch to look at, with its blocks: first from `origin` on, then from there back."""
        self._left.sort()
        ahead = next((at for at, (_, end) in enumerate(self._left) if end > self.origin), None)
        first, end = self._left.pop(-1 if ahead is None else ahead)
        if ahead is not None and first < self.origin:
            self._left.append((first, self.origin))
            first = self.origin
        first = max(first, self.lines.first)
        if first >= end:
            return (first, first), []
        low, _ = self.lines.block_of(first)
        high, _ = self.lines.block_of(end - 1)
        if high - low < SLICE:
            return (first, end), self.lines.blocks[low : high + 1]
        if ahead is not None:
            blocks = self.lines.blocks[low : low + SLICE]
            cut = blocks[-1].first + len(blocks[-1])
            self._left.append((cut, end))
            return (first, cut), blocks
        blocks = self.lines.blocks[high - SLICE + 1 : high + 1]
        self._left.append((first, blocks[0].first))
        return (blocks[0].first, end), blocks

    def keep(self, numbers: Sequence[int]) -> None:
        """Take up what was found in a stretch."""
        if not numbers:
            return
        fresh = array("q", numbers)
        if not self.found or fresh[0] > self.found[-1]:
            self.found.extend(fresh)
        elif fresh[-1] < self.found[0]:
            self.found[:0] = fresh
        else:
            self.found = array("q", sorted({*self.found, *fresh}))

    def next(self, number: int, by: int) -> int | None:
        """The match after (before) line `number`, around the end; None where there is none."""
        found = self.found
        if not found:
            return None
        index = bisect_right(found, number) if by > 0 else bisect_left(found, number) - 1
        return found[index % len(found)]

    def nearest(self) -> int | None:
        """The match at or after the origin, else the one before."""
        found = self.found
        return found[min(bisect_left(found, self.origin), len(found) - 1)] if found else None

    def place(self, number: int) -> int:
        """The how-manieth match line `number` is, from 1; 0 where it is none."""
        index = bisect_left(self.found, number)
        return index + 1 if index < len(self.found) and self.found[index] == number else 0


def find(pattern: Pattern, stretch: Stretch, blocks: Sequence[Block]) -> list[int]:
    """The numbers in `stretch` of lines that match; for a thread. Raises `BadPattern` for a pattern that runs away."""
    first, end = stretch
    numbers: list[int] = []
    for block in blocks:
        start, stop = max(first - block.first, 0), end - block.first
        texts = [visible(text) for text in block.unpacked()[start:stop]]
        streams = block.streams
        found = (start + index for index in pattern.indexes(texts))
        numbers += [block.first + at for at in found if len(streams) == 1 or streams[at] != HEAD]
    return numbers
