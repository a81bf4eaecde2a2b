"""What is seen of the forest: folding, filter, order, and the one flat list that they make. No Textual in here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tui import row_walk
from tui.row import Row
from tui.row_filter import RowFilter
from tui.row_order import RowOrder
from tui.row_walk import Test


class ForestView:
    """`visible` are the rows that are seen, another list after each change; `roots` and `rows` are the forest's own.

    A filter hides what it does not find; a search hides nothing, its hits are only walked through. What was filtered
    for is searched for too.
    """

    def __init__(self, roots: Sequence[Row], rows: Mapping[str, Row]) -> None:
        self.visible: list[Row] = []
        self.filter = RowFilter("")
        self.search = RowFilter("")
        self.order = RowOrder()
        self._roots = roots
        self._rows = rows
        self._coming: RowFilter | None = None  # the one that still looks at all rows

    # What changes below

    def added(self, row: Row) -> None:
        """The row is new."""
        self.order.added(row.parent, row)
        self.check(row)

    def check(self, row: Row) -> bool:
        """The row matters to filter and search in another way; True when that changes what is visible."""
        if self._coming is not None:
            self._coming.check(row)
        if self.search is not self.filter:
            self.search.check(row)
        return self.filter.check(row)

    def moved(self) -> None:
        """Rows hang elsewhere in the tree."""
        self.filter.moved()
        self.search.moved()
        self.order.settle()

    def forget(self, gone: set[Row], parents: set[Row | None]) -> None:
        self.order.forget(gone, parents)
        for found in {self.filter, self.search, *([self._coming] if self._coming else [])}:
            found.forget(gone)

    # Where things are

    def index_of(self, row: Row) -> int | None:
        """Where the row is in `visible`; None when it is folded away or filtered out. O(1)."""
        index = row.index  # rows that were folded away keep their old one
        return index if 0 <= index < len(self.visible) and self.visible[index] is row else None

    def stand_in(self, row: Row) -> int | None:
        """The index of the row, or of the nearest one above it that is visible; None when there is none."""
        above: Row | None = row
        while above is not None:
            if (index := self.index_of(above)) is not None:
                return index
            above = above.parent
        return None

    # What a person asks

    def fold(self, index: int, wanted: bool | None) -> bool:
        """Fold or unfold the row, or with `wanted` only one of the two; False when nothing changes."""
        row = self.visible[index] if 0 <= index < len(self.visible) else None
        if row is None or not row.children or self.filter or row.is_open == wanted:
            return False
        row.is_open = not row.is_open
        self.flatten()
        return True

    def fold_level(self, row: Row) -> bool:
        """Fold all siblings of `row`, or unfold them where none is unfolded; False when there is nothing to fold."""
        beside = [other for other in self.siblings(row.parent) if other.children]
        if self.filter or not beside:
            return False
        wanted = not any(other.is_open for other in beside)
        for other in beside:
            other.is_open = wanted
        self.flatten()
        return True

    def filtering(self, text: str, *, hide: bool = True) -> Iterator[None]:
        """Look for the rows that match `text`, and at the end show only them or, unless `hide`, note them.

        It pauses every few milliseconds, so that keys are heard meanwhile; dropped before the end it changes nothing.
        """
        found, former = RowFilter(text), self.filter if hide else self.search
        self._coming = found if found else None
        if found:
            yield from found.scan(list(former.hits if found.narrows(former) else self._rows.values()))
            found.keep_only(self._rows)
        self._coming = None
        was = self.filter
        self.search = found
        if hide:
            self.filter = found
        if was is not self.filter:
            self.flatten()

    def reveal(self, row: Row) -> int | None:
        """Unfold what hides the row; a filter lets it through until it is changed."""
        index = self.index_of(row)
        if index is not None:
            return index
        if self.filter:
            self.filter.pin(row)
        above = row.parent
        while above is not None:
            above.is_open = True
            above = above.parent
        self.flatten()
        return self.index_of(row)

    def sort(self, name: str) -> None:
        self.order = RowOrder(name)
        self.flatten()

    def settle(self) -> bool:
        """Sort anew what changed since; True when there was anything."""
        if not self.order.is_stale:
            return False
        self.order.settle()
        self.flatten()
        return True

    # The way through, folded rows too

    def next_match(self, row: Row | None, *, forward: bool) -> Row | None:
        """The next hit of filter or search from `row` on, round the end; without one the next that failed."""
        if not self.search:
            return self.next(row, row_walk.is_failure, row_walk.holds_failure, forward=forward)
        hits, shown = self.search.hits, self.search.shown
        return self.next(row, hits.__contains__, shown.__contains__, forward=forward)

    def next_news(self, row: Row | None, *, forward: bool) -> Row | None:
        """The next row that failed or runs."""
        return self.next(row, row_walk.is_news, row_walk.holds_news, forward=forward)

    def newest(self) -> Row | None:
        """What runs, of the newest run that has something running; else what failed."""
        running = self.next(None, row_walk.is_running, row_walk.holds_running, forward=True)
        return running or self.next(None, row_walk.is_failure, row_walk.holds_failure, forward=True)

    def next(self, row: Row | None, hits: Test, holds: Test, *, forward: bool) -> Row | None:
        """The next row that `hits`, in the order shown and round the end; what a filter hides is passed over."""
        walk = row_walk.after if forward else row_walk.before
        return walk(row, self.siblings, hits, holds) or walk(None, self.siblings, hits, holds)

    def siblings(self, parent: Row | None) -> Sequence[Row]:
        rows = self.order.of(parent, self._roots if parent is None else parent.children)
        return self.filter.keep(rows) if self.filter else rows

    def flatten(self) -> None:
        """Make `visible` anew; the loops are plain since they run over every row there is: 60 to 90 ns a row."""
        visible: list[Row] = []
        append = visible.append
        children_of: Callable[[Row], Sequence[Row]] = self.siblings if self.filter else self._open_children
        index = 0
        stack: list[Iterator[Row]] = [iter(self.siblings(None))]
        while stack:
            for row in stack[-1]:
                row.index = index
                index += 1
                append(row)
                if row.children and (below := children_of(row)):
                    row.last = below[-1]
                    stack.append(iter(below))
                    break
            else:
                stack.pop()
        self.visible = visible

    def _open_children(self, row: Row) -> Sequence[Row]:
        return self.order.of(row, row.children) if row.is_open else ()
