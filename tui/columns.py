"""Which columns a row of the runs pane has, by the width of the pane. No Textual in here."""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """`cells` with the space after it (left of the name) or before it (right); shown from a width of `least` on."""

    name: str
    cells: int
    least: int = 0


STATE = Column("state", 14)
TIME = Column("time", 10, 44)
TRIES = Column("tries", 10, 96)
STARTED = Column("started", 10, 96)
EXECUTOR = Column("executor", 20, 96)
USER = Column("user", 12, 112)

LEFT = (STATE, TIME, TRIES, STARTED)
"""Left of the name stands what changes, the most volatile first: there a repaint costs least."""
RIGHT = (EXECUTOR, USER)
VOLATILE = (STATE, TIME)
"""What goes on by itself while a task runs."""


class Columns(NamedTuple):
    """The columns of a pane, and how many cells the tree of names has between them."""

    left: tuple[Column, ...]
    right: tuple[Column, ...]
    room: int

    @property
    def volatile(self) -> int:
        """Cells from the left edge that change as time goes on."""
        return sum(column.cells for column in self.left if column in VOLATILE)


def columns_for(width: int) -> Columns:
    """The columns of a pane of `width` cells; the narrower it is, the fewer there are."""
    left = tuple(column for column in LEFT if width >= column.least)
    right = tuple(column for column in RIGHT if width >= column.least)
    taken = sum(column.cells for column in (*left, *right))
    return Columns(left, right, max(width - taken, 0))
