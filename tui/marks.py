"""The rows that a person marked, to act on all of them at once. No Textual in here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from engine.task import TaskStatus
from tui.row import Row


class Marks:
    """In the order in which they were marked; `last` is where a range begins."""

    def __init__(self) -> None:
        self._rows: dict[Row, None] = {}
        self.last: Row | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, row: Row) -> bool:
        return row in self._rows

    @property
    def rows(self) -> list[Row]:
        return list(self._rows)

    def toggle(self, row: Row) -> None:
        """Mark `row`, or take its mark away."""
        if row in self._rows:
            del self._rows[row]
            self.last = next(reversed(self._rows), None) if self.last is row else self.last
        else:
            self._rows[row] = None
            self.last = row

    def add(self, rows: Iterable[Row]) -> None:
        self._rows.update(dict.fromkeys(rows))

    def clear(self) -> None:
        self._rows.clear()
        self.last = None

    def forget(self, gone: set[Row]) -> None:
        """These rows are no longer there."""
        if not self._rows:
            return
        for row in gone & self._rows.keys():
            del self._rows[row]
        if self.last in gone:
            self.last = next(reversed(self._rows), None)


def tops(rows: Sequence[Row]) -> list[Row]:
    """Those of `rows` that stand under no other of them: what is done to a task is done to all below it."""
    chosen, found = set(rows), []
    clear: set[Row] = set()  # nothing chosen is above these
    for row in rows:
        above, way = row.parent, []
        while above is not None and above not in chosen and above not in clear:
            way.append(above)
            above = above.parent
        if above is None or above in clear:
            clear.update(way)
            found.append(row)
    return found


def by_status(rows: Iterable[Row]) -> list[tuple[TaskStatus, int]]:
    """How many of the rows are of which status; what failed first, what is done last."""
    numbers = Counter(row.seen for row in rows)
    order = (
        TaskStatus.FAILED, TaskStatus.IN_PROGRESS, TaskStatus.PENDING, TaskStatus.CANCELLED, TaskStatus.COMPLETED,
    )  # fmt: skip
    return [(status, numbers[status]) for status in order if numbers[status]]
