"""What the terminal can show: which colours, and whether more than ASCII. From the environment; no Textual."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

NO_CURSOR = frozenset({"dumb", "unknown"})
"""Values of TERM that say that nothing can be placed on the screen."""
COLOURLESS = ("vt1", "vt2", "vt3", "vt4", "vt5", "ansi-m", "xterm-mono", "screen-m", "linux-m")
"""How TERM begins where the terminal has no colours."""
TITLED = ("xterm", "screen", "tmux", "rxvt", "alacritty", "kitty", "foot", "wezterm", "st", "konsole", "gnome", "vte",
          "contour", "ghostty", "iterm", "putty", "mlterm", "eterm", "mintty")  # fmt: skip
"""How TERM begins where the terminal has a title; others might print the sequence."""


class Look(NamedTuple):
    """A theme by its name, whether only ASCII is drawn, and whether the terminal takes more."""

    theme: str = "dark"
    ascii: bool = False
    utf8: bool = True


def is_dumb(environ: Mapping[str, str]) -> bool:
    """Whether the terminal says that it can't place anything on its screen."""
    return environ.get("TERM", "").lower() in NO_CURSOR


def colours(environ: Mapping[str, str]) -> int:
    """How many colours the terminal has as far as it says: 0, 16, 256 or 2**24."""
    if environ.get("TEXTUAL_COLOR_SYSTEM", "auto") != "auto":
        return {"standard": 16, "256": 256, "truecolor": 1 << 24}.get(environ["TEXTUAL_COLOR_SYSTEM"], 16)
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return 1 << 24
    term = environ.get("TERM", "").strip().lower()
    if term.startswith(COLOURLESS):
        return 0
    if term.endswith(("-direct", "-truecolor", "kitty")):
        return 1 << 24
    return 256 if "256" in term else 16


def theme(wanted: str, environ: Mapping[str, str], *, told: bool = False) -> str:
    """The name of the theme for a setting: NO_COLOR goes before it unless it was `told` for this start.

    `auto` is dark, with fewer than 256 colours the terminal's own, without any plain.
    """
    if wanted != "auto" and told:
        return wanted
    if environ.get("NO_COLOR"):
        return "plain"
    if wanted != "auto":
        return wanted
    number = colours(environ)
    return "dark" if number >= 256 else "ansi" if number else "plain"


def has_utf8(environ: Mapping[str, str]) -> bool:
    """Whether the locale says UTF-8. Nothing said, or a plain `LANG=C`, is taken for it, as Python takes it."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if said := environ.get(name):
            if said in ("C", "POSIX"):
                return name != "LC_ALL"  # said for all of it, it is meant
            return "utf-8" in said.lower() or "utf8" in said.lower()
    return True


def is_ascii(wanted: str, environ: Mapping[str, str]) -> bool:
    """Whether to draw with ASCII only; `auto` means where the locale has no UTF-8, or the font not the glyphs."""
    if wanted != "auto":
        return wanted == "on"
    return not has_utf8(environ) or environ.get("TERM") == "linux"


def has_title(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal takes a title."""
    return environ.get("TERM", "").lower().startswith(TITLED)
