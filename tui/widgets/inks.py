"""The colours of the roles that lines are drawn in, by the theme.

Looked up here and not by component classes of a style sheet: those are matched against all rules of all sheets for each
list, each role and each move of the focus, a tenth of a millisecond each.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.style import Style
from textual.color import Color

if TYPE_CHECKING:
    from textual.app import App


class Ink(NamedTuple):
    """Variables of the theme for text and ground ("" leaves what is there), and how the text is written.

    `ansi` and `colourless` say how instead where the terminal's own colours are taken, or none: no ground can be known
    to suit there.
    """

    text: str = ""
    ground: str = ""
    written: str = ""
    ansi: str | None = None
    colourless: str | None = None


INKS = {
    "dim": Ink("dim", ansi="dim"),
    "good": Ink("success"),
    "bad": Ink("error"),
    "warn": Ink("warning"),
    "live": Ink("secondary"),
    "head": Ink("foreground", written="bold"),
    "key": Ink("secondary"),
    "text": Ink("success"),
    "number": Ink("accent"),
    "match": Ink("warning", written="bold reverse"),
    "cursor": Ink(ground="panel", ansi="underline", colourless="underline"),
    "cursor-kept": Ink(ground="cursor", ansi="underline", colourless="underline"),
    "cursor-focus": Ink(ground="cursor", written="bold", ansi="bold reverse", colourless="bold reverse"),
    "pinned": Ink(ground="panel", written="italic"),
}
"""`cursor` lies under the cursor of a list, `cursor-kept` where one types beside it, `cursor-focus` where it has the
focus; `pinned` are rows that stay in sight."""


def style_of(app: App[Any], role: str) -> Style:
    """The style of a role of `INKS` in the app's present theme, to be added to that of its line."""
    ink = INKS[role]
    written = ink.written
    if app.native_ansi_color and ink.ansi is not None:
        written = ink.ansi
    elif app.no_color and ink.colourless is not None:
        written = ink.colourless
    variables = app.theme_variables
    return _style(variables.get(ink.text), variables.get(ink.ground), written)


@lru_cache(maxsize=256)
def _style(text: str | None, ground: str | None, written: str) -> Style:
    colours = [Color.parse(each) if each else None for each in (text, ground)]
    front, back = (each.rich_color if each is not None and each.a > 0 else None for each in colours)
    return Style(color=front, bgcolor=back) + Style.parse(written)
