"""What one change of the forest gathers: how counters shift, and which rows are to be drawn again. No Textual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.task import Task
from tui.row import Row, Tally, add


@dataclass(slots=True)
class Counting:
    """Gathers first and adds up once, so that a row is visited once however many tasks below it changed.

    `total` are the counters over all rows; `arriving` the tasks that came with the change, by id.
    """

    total: Tally
    arriving: Mapping[str, Task] = field(default_factory=dict)
    structure: bool = False
    """Whether the list of visible rows is another."""
    touched: set[Row] = field(default_factory=set)
    blocked: set[Row] = field(default_factory=set)
    shifts: dict[Row, Tally] = field(default_factory=dict)
    roots: list[Row] = field(default_factory=list)
    """The runs that are new."""
    left: set[Row | None] = field(default_factory=set)
    """Rows of which children were hung elsewhere (None: runs), and which have not let go of them yet."""
    started: Row | None = None
    """The last that began to run."""
    failed: Row | None = None
    """The last that failed."""

    def shift(self, row: Row | None, tally: Tally, sign: int = 1) -> None:
        """Note that the counters of `row` and all above it change by `tally`."""
        if row is not None:
            add(self.sums_of(row), [sign * number for number in tally])

    def sums_of(self, row: Row) -> Tally:
        """What is noted for `row` so far, to be added to."""
        sums = self.shifts.get(row)
        if sums is None:
            sums = self.shifts[row] = [0] * 7
        return sums

    def count(self, row: Row, tally: Tally, sign: int = 1) -> None:
        """Count `tally` above `row`: on its parent and so on, in the total at the top, nowhere for a cut row."""
        if row.cut:
            return
        if row.parent is None:
            add(self.total, [sign * number for number in tally])
        else:
            self.shift(row.parent, tally, sign)

    def settle(self, row: Row) -> None:
        """Add now what is noted for `row`, because its place in the tree changes."""
        pending = self.shifts.pop(row, None)
        if pending is not None and row.tally is not None:
            add(row.tally, pending)
            self.count(row, pending)

    def spread(self) -> None:
        """Add the shifts to their rows and to all above them, deepest first."""
        levels: dict[int, dict[Row, Tally]] = {}
        for row, shift in self.shifts.items():
            levels.setdefault(row.depth, {})[row] = shift
        self.shifts.clear()
        for depth in range(max(levels, default=-1), -1, -1):
            for row, shift in levels.pop(depth, {}).items():
                if row.tally is not None:
                    add(row.tally, shift)
                self.touched.add(row)
                parent = row.parent
                if row.cut:
                    continue
                if parent is None:
                    add(self.total, shift)
                else:
                    above = levels.setdefault(depth - 1, {})
                    if parent in above:
                        add(above[parent], shift)
                    else:
                        above[parent] = list(shift)
