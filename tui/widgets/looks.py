"""Looks of a task's output as styles of the screen, and cells of text that is not all of one width."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.color import Color
from rich.style import Style

from tui.sgr import PLAIN, Colour, Look

GREY = 8
"""The terminal's dark grey, seen on black and on white."""


@lru_cache(2048)
def style_of(look: Look, dark: bool) -> Style:
    """`look` as a style; text that would have the colour of the screen behind it becomes grey."""
    if look == PLAIN:
        return Style.null()
    foreground = look.foreground
    if look.background is None and not look.reverse and foreground in ((0, 16) if dark else (7, 15, 231)):
        foreground = GREY
    return Style(
        color=_colour(foreground),
        bgcolor=_colour(look.background),
        bold=look.bold or None,
        dim=look.dim or None,
        italic=look.italic or None,
        underline=look.underline or None,
        strike=look.strike or None,
        reverse=look.reverse or None,
    )


def _colour(colour: Colour | None) -> Color | None:
    if colour is None:
        return None
    return Color.from_ansi(colour) if isinstance(colour, int) else Color.from_rgb(*colour)


def cells_of(text: str, width: int) -> str:
    """`text` in exactly `width` cells, padded or cut."""
    return set_cell_size(text, width)


@lru_cache(256)
def breaks(text: str, room: int) -> list[int]:
    """Where each row of `text` begins when it is wrapped to `room` cells, as indexes of characters."""
    if len(text) <= room and (text.isascii() or cell_len(text) <= room):
        return [0]
    if text.isascii() or (room > 1 and cell_len(text) == len(text) and not _is_uneven(text)):
        return list(range(0, len(text), room))
    places, at = [], 0
    for piece in chop_cells(text, max(room, 2)):
        places.append(at)
        at += len(piece)
    return places or [0]


def _is_uneven(text: str) -> bool:
    return any(letter > "\u02ff" and cell_len(letter) != 1 for letter in text)
