"""A list of objects as a table: columns from the keys, in the order in which they first came. No Textual in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tui.json_tree import amount_of, scalar
from tui.search import Pattern

LOOKED_AT = 1_000
"""Rows that say which columns there are and how wide."""
MOST_COLUMNS = 100
WIDEST = 40
"""Cells of a column at most."""
CELL = 400
"""Characters of a cell that are shown."""


def is_table(value: Any) -> bool:
    """Whether it is a list of objects that share some of their keys."""
    if not isinstance(value, list) or not value:
        return False
    first = value[:50]
    if not all(isinstance(item, dict) and item for item in first):
        return False
    common = set(first[0])
    for item in first[1:]:
        common &= set(item)
    return bool(common)


def cell(value: Any, *, there: bool = True) -> str:
    """What stands in a cell: texts bare, lists and objects by their size, nothing where there is no such key."""
    if not there:
        return ""
    if isinstance(value, str):
        return value[:CELL]
    return amount_of(value) if isinstance(value, dict | list) else scalar(value)


@dataclass(slots=True)
class Table:
    """`order` says which item stands in which row; `by` is the column that it is sorted by, `falling` the direction."""

    items: Sequence[Any]
    columns: list[str] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    by: str | None = None
    falling: bool = False

    @classmethod
    def of(cls, items: Sequence[Any]) -> Table:
        columns: dict[str, None] = {}
        for item in items[:LOOKED_AT]:
            if isinstance(item, Mapping):
                columns.update(dict.fromkeys(item))
        return cls(items, list(columns)[:MOST_COLUMNS], list(range(len(items))))

    def text(self, row: int, column: str) -> str:
        item = self.items[self.order[row]]
        if not isinstance(item, Mapping):
            return scalar(item) if column == self.columns[0] and not isinstance(item, list) else ""
        return cell(item.get(column), there=column in item)

    def value(self, row: int, column: str) -> Any:
        item = self.items[self.order[row]]
        return item.get(column) if isinstance(item, Mapping) else item

    def sorted_by(self, column: str) -> Table:
        """Sorted by `column`: rising first, then falling, then as it was given. Megabytes want a thread."""
        if self.by == column and self.falling:
            return Table(self.items, self.columns, list(range(len(self.items))))
        falling = self.by == column
        order = sorted(range(len(self.items)), key=lambda index: _rank(self.items[index], column), reverse=falling)
        if falling:  # what has none stays at the end
            order.sort(key=lambda index: _rank(self.items[index], column)[0] == _NOTHING)
        return Table(self.items, self.columns, order, column, falling)

    def is_numeric(self, column: str) -> bool:
        """Whether its cells are numbers, as far as was looked."""
        values = [item.get(column) for item in self.items[:50] if isinstance(item, Mapping)]
        numbers = [value for value in values if value is not None]
        return bool(numbers) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers)

    def find(self, pattern: Pattern) -> list[int]:
        """The rows with a matching cell; for a thread. Raises `BadPattern`."""
        return [
            row
            for row in range(len(self.order))
            if any(pattern.matches(self.text(row, column)) for column in self.columns)
        ]

    def lines(self) -> list[str]:
        """The whole table with tabs between its cells, which is what spreadsheets take."""
        head = "\t".join(_flat(column) for column in self.columns)
        rows = ("\t".join(_flat(self.text(row, column)) for column in self.columns) for row in range(len(self.order)))
        return [head, *rows]


_NUMBER, _TEXT, _OTHER, _NOTHING = range(4)


def _rank(item: Any, column: str) -> tuple[int, float, str]:
    """Numbers before texts before the rest, what is not there last."""
    value = item.get(column) if isinstance(item, Mapping) else None
    if value is None:
        return _NOTHING, 0, ""
    if isinstance(value, int | float):
        try:
            return _NUMBER, float(value), ""
        except OverflowError:
            return _NUMBER, float("inf"), ""
    if isinstance(value, str):
        return _TEXT, 0, value.casefold()
    return _OTHER, len(value), ""


def _flat(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ")
