"""In which order the children of a row, and the runs, are shown. No Textual in here."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from tui.row import Row

NEWEST = "newest"
_NUMBER = re.compile(r"[0-9]+")
_DIGITS = 12
"""Numbers in names are compared as numbers up to so many digits."""


def by_name(row: Row) -> str:
    """`part 2` before `part 10`, whatever the case."""
    return _NUMBER.sub(lambda found: found.group().zfill(_DIGITS), row.task.name.casefold())


def by_status(row: Row) -> int:
    """What needs a person first: failures in it, then what runs, waits, was cancelled, is done; history last."""
    if row.cut:
        return 5
    for place, number in enumerate((row.failed, row.running, row.pending, row.cancelled)):
        if number:
            return place
    return 4


def by_duration(row: Row) -> float:
    """The longest first; what has not started last."""
    task = row.task
    if task.started is None:
        return 1.0
    if task.completed is None:
        return task.started - 1e12  # it goes on: what began first is the longest
    return task.started - task.completed


ORDERS: dict[str, Callable[[Row], Any] | None] = {
    NEWEST: None,
    "name": by_name,
    "status": by_status,
    "duration": by_duration,
}
"""The orders that a person can choose; the first is as tasks came: the newest run on top, children in their order."""


class RowOrder:
    """Keeps each list sorted once it was asked for.

    A row that changes stays where it is until `settle`, so that nothing jumps about under a reader's eyes ten times a
    second, and so that a list of 100,000 is not sorted at each change.
    """

    def __init__(self, name: str = NEWEST) -> None:
        self.name = name
        self._key = ORDERS[name]
        self._sorted: dict[Row | None, list[Row]] = {}
        self.is_stale = False
        """Whether `settle` would sort anew."""

    def of(self, parent: Row | None, rows: Sequence[Row]) -> Sequence[Row]:
        """`rows`, the children of `parent` or with None the runs, in order."""
        if self._key is None or len(rows) < 2:
            return rows
        found = self._sorted.get(parent)
        if found is None:
            found = self._sorted[parent] = sorted(rows, key=self._key)
        return found

    def changed(self, name: bool = False) -> None:
        """A status or a time is another, or with `name` also a name."""
        if self._key is not None and (name or self._key is not by_name):
            self.is_stale = True

    def added(self, parent: Row | None, row: Row) -> None:
        """It stands last (a new run first) until `settle`."""
        held = self._sorted.get(parent)
        if held is not None:
            held.insert(0, row) if parent is None else held.append(row)
            self.is_stale = True

    def forget(self, gone: set[Row], parents: set[Row | None]) -> None:
        """The rows `gone` are no longer; `parents` had some of them."""
        for row in gone & self._sorted.keys():
            del self._sorted[row]
        for parent in parents & self._sorted.keys():
            self._sorted[parent] = [row for row in self._sorted[parent] if row not in gone]

    def settle(self) -> None:
        """Sort anew what is asked for from now on."""
        self._sorted.clear()
        self.is_stale = False
