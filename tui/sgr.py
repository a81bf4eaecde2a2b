"""Colours of a task's output: of all escape sequences only SGR is understood, the rest goes the way of `safe_text`.

16 and 256 colours, truecolour, bold, dim, italic, underline, strike and reverse. Blinking and hidden text are neither:
what was written is seen. No Textual in here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tui.text import safe_text

Colour = int | tuple[int, int, int]
"""A number of the 256, of which the first 16 are the terminal's own, or red, green and blue."""

_SGR = re.compile("(?:\x1b\\[|\x9b)([0-9;:]*)m")
MOST_PARAMETERS = 64
"""Numbers of one sequence that are looked at."""


class Look(NamedTuple):
    """How a piece of text is drawn; None is the colour of the place."""

    foreground: Colour | None = None
    background: Colour | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    reverse: bool = False


PLAIN = Look()
Run = tuple[str, Look]
"""A piece of clean text on one line, and its look."""

_FLAGS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_ENDS: dict[int, dict[str, bool]] = {
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
    29: {"strike": False},
}


def runs(text: str) -> list[Run]:
    """`text`, which is foreign and one line, as pieces that are safe to draw; never an empty piece."""
    if "\x1b" not in text and "\x9b" not in text:
        clean = safe_text(text)
        return [(clean, PLAIN)] if clean else []
    found: list[Run] = []
    look, end = PLAIN, 0
    for match in _SGR.finditer(text):
        if clean := safe_text(text[end : match.start()]):
            found.append((clean, look))
        look, end = applied(look, match[1]), match.end()
    if clean := safe_text(text[end:]):
        found.append((clean, look))
    return found


def visible(text: str) -> str:
    """What `runs` draws, without its looks."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(piece for piece, _ in runs(text))


def look_after(text: str, look: Look = PLAIN) -> Look:
    """The look that stands at the end of `text`, which begins with `look`."""
    for match in _SGR.finditer(text):
        look = applied(look, match[1])
    return look


def sequence(look: Look) -> str:
    """The SGR that leads from nothing to `look`; "" for a plain one."""
    numbers = [str(number) for number, name in _FLAGS.items() if getattr(look, name)]
    for colour, first in ((look.foreground, 38), (look.background, 48)):
        if isinstance(colour, int):
            numbers.append(f"{first};5;{colour}")
        elif colour is not None:
            numbers.append(f"{first};2;{colour[0]};{colour[1]};{colour[2]}")
    return f"\x1b[{';'.join(numbers)}m" if numbers else ""


def applied(look: Look, parameters: str) -> Look:
    """`look` after one SGR sequence; numbers that mean nothing are passed over."""
    parts = iter(parameters.split(";", MOST_PARAMETERS)[:MOST_PARAMETERS])
    for part in parts:
        if ":" in part:
            look = _extended(look, iter(part.split(":")), colons=True)
            continue
        code = int(part[:4]) if part else 0
        if code in (38, 48):
            look = _extended(look, parts, first=code)
        else:
            look = _simple(look, code)
    return look


def _simple(look: Look, code: int) -> Look:
    if code == 0:
        return PLAIN
    if name := _FLAGS.get(code):
        return look._replace(**{name: True})
    if ends := _ENDS.get(code):
        return look._replace(**ends)
    if 30 <= code <= 37 or 90 <= code <= 97:
        return look._replace(foreground=code - 30 if code < 90 else code - 82)
    if 40 <= code <= 47 or 100 <= code <= 107:
        return look._replace(background=code - 40 if code < 100 else code - 92)
    if code in (39, 49):
        return look._replace(foreground=None) if code == 39 else look._replace(background=None)
    return look


def _extended(look: Look, parts: Iterator[str], first: int = 0, *, colons: bool = False) -> Look:
    """38 and 48: a colour of 256 or of 16 million; the `parts` that belong to it are used up."""
    first = first or _number(next(parts, ""))
    kind = _number(next(parts, ""))
    if first == 4 and colons:  # 4:3, a wavy underline, and 4:0, none
        return look._replace(underline=kind > 0)
    colour: Colour | None = None
    if kind == 5:
        number = next(parts, None)
        colour = min(_number(number), 255) if number is not None else None
    elif kind == 2:
        values = list(parts) if colons else [next(parts, "") for _ in range(3)]
        red, green, blue = ([0, 0, 0] + [min(_number(value), 255) for value in values])[-3:]
        colour = (red, green, blue)
    if colour is None or first not in (38, 48):
        return look
    return look._replace(foreground=colour) if first == 38 else look._replace(background=colour)


def _number(text: str) -> int:
    return int(text[:4]) if text.isdigit() else 0
