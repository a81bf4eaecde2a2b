"""Which ancestors stay on top of the list while one scrolls through a subtree. No Textual in here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from tui.row import Row

MOST = 4
"""Lines that ancestors take at most."""
SHARE = 5
"""They take at most one line in so many, so that a low pane has none."""


def room_for_pins(height: int) -> int:
    """How many lines of a pane of `height` ancestors may take."""
    return min(MOST, height // SHARE)


def pins(visible: Sequence[Row], top: int, room: int, root_of: Callable[[Row], Row | None]) -> list[Row]:
    """The rows to draw over the first lines when `visible[top]` is the topmost: the ancestors of what stands below.

    Where they are more than `room` it is the run's root and the nearest ones. `root_of` finds the root of a row without
    a walk, since a tree may be 20,000 levels deep.
    """
    if top <= 0 or room <= 0:
        return []
    lines = 0
    while lines < room and top + lines < len(visible) and visible[top + lines].depth > lines:
        lines += 1
    if not lines or top + lines >= len(visible):
        return []
    below = visible[top + lines]
    if below.depth > lines:  # more ancestors than room
        nearest = list(islice(_above(below), lines))
        nearest[-1] = root_of(below) or nearest[-1]
        return nearest[::-1]
    return [row for row in _above(visible[top + lines - 1]) if row.depth < lines][::-1]


def _above(row: Row) -> Iterator[Row]:
    """The rows above it, the nearest first."""
    parent = row.parent
    while parent is not None:
        yield parent
        parent = parent.parent
