"""The way through a tree of rows in the order in which they are shown, folded ones too. No Textual in here.

Iterative, so depth is no limit; whole subtrees are passed over where `holds` says that nothing is in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from engine.task import TaskStatus
from tui.row import Row

Siblings = Callable[[Row | None], Sequence[Row]]
"""The children of a row in order; with None the runs."""
Test = Callable[[Row], bool]
GROUP = "group_failed"
"""The error type of a group in which something did not complete."""


def after(row: Row | None, siblings: Siblings, hits: Test, holds: Test) -> Row | None:
    """The first row after `row` (None: of all) that `hits`; `holds` tells whether one may be in a subtree."""
    found = _first(siblings(row), siblings, hits, holds)
    while found is None and row is not None:
        beside = siblings(row.parent)
        found = _first(islice(beside, _place(beside, row) + 1, None), siblings, hits, holds)
        row = row.parent
    return found


def before(row: Row | None, siblings: Siblings, hits: Test, holds: Test) -> Row | None:
    """The last row before `row` (None: of all) that `hits`."""
    if row is None:
        return _last(reversed(siblings(None)), siblings, hits, holds)
    while row is not None:
        beside = siblings(row.parent)
        place = _place(beside, row)
        found = _last((beside[at] for at in range(place - 1, -1, -1)), siblings, hits, holds)
        if found is not None:
            return found
        row = row.parent
        if row is not None and hits(row):
            return row
    return None


def _place(beside: Sequence[Row], row: Row) -> int:
    """Where `row` is; before all where it is not shown, as when a filter hides it."""
    try:
        return beside.index(row)
    except ValueError:
        return -1


def _first(rows: Iterable[Row], siblings: Siblings, hits: Test, holds: Test) -> Row | None:
    stack: list[Iterator[Row]] = [iter(rows)]
    while stack:
        for row in stack[-1]:
            if holds(row):
                if hits(row):
                    return row
                if row.children:
                    stack.append(iter(siblings(row)))
                    break
        else:
            stack.pop()
    return None


def _last(rows: Iterable[Row], siblings: Siblings, hits: Test, holds: Test) -> Row | None:
    """`rows` are in reverse; what is below a row comes after it, so it is looked at before."""
    stack: list[tuple[Row | None, Iterator[Row]]] = [(None, iter(rows))]
    while stack:
        parent, left = stack[-1]
        for row in left:
            if holds(row):
                if row.children:
                    stack.append((row, iter(reversed(siblings(row)))))
                    break
                if hits(row):
                    return row
        else:
            stack.pop()
            if parent is not None and hits(parent):
                return parent
    return None


def is_failure(row: Row) -> bool:
    """Whether its own task failed; a group that failed only because of tasks below it is no news."""
    if row.seen is not TaskStatus.FAILED or row.cut:
        return False
    return row.tally is None or row.failed == 1 or row.task.error_type != GROUP


def is_running(row: Row) -> bool:
    """Whether it runs and nothing below it does."""
    return row.seen is TaskStatus.IN_PROGRESS and not row.cut and (row.tally is None or row.running == 1)


def is_news(row: Row) -> bool:
    """Whether it failed or runs."""
    return is_running(row) or is_failure(row)


def holds_running(row: Row) -> bool:
    """Whether something in its subtree runs; history does not count."""
    return not row.cut and row.running > 0


def holds_failure(row: Row) -> bool:
    return not row.cut and row.failed > 0


def holds_news(row: Row) -> bool:
    return holds_running(row) or holds_failure(row)
