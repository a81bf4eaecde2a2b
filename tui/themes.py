"""The console's colours. State is never told by colour alone.

The contrast of text is at least 4.5:1 on every ground that it stands on, in the high-contrast theme 7:1, as a test
computes. `dim` is for what is read second, `cursor` lies under the row with the cursor. All are solid: the lines that
we draw ourselves know no half-transparent ones. `ansi` takes the terminal's own sixteen colours and its ground, `plain`
is for `PlainFilter`, which drops all colours.
"""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme


def _theme(
    name: str, *, border: str, dim: str, cursor: str, dark: bool = True, ansi: bool = False, **colours: str
) -> Theme:
    listed = {f"block-cursor{state}-{ground}": cursor if ground == "background" else colours["foreground"]
              for state in ("", "-blurred") for ground in ("background", "foreground")}  # fmt: skip
    base = BUILTIN_THEMES["ansi-dark"].variables if ansi else listed
    variables = {**base, "border": border, "border-blurred": border, "dim": dim, "cursor": cursor}
    return Theme(name=f"taskdeck-{name}", dark=dark, ansi=ansi, variables=variables, **colours)  # type: ignore[arg-type]


DARK = _theme(
    "dark",
    primary="#5f9ea0",
    secondary="#8fafdc",
    accent="#e0af68",
    foreground="#d5d9e0",
    background="#14171c",
    surface="#181c22",
    panel="#232a33",
    success="#8fbf7f",
    warning="#e0af68",
    error="#f08c90",
    border="#3c4653",
    dim="#98a1ae",
    cursor="#1d3a40",
)
LIGHT = _theme(
    "light",
    primary="#1f6f78",
    secondary="#2a5290",
    accent="#774600",
    foreground="#1d2329",
    background="#fafaf7",
    surface="#f3f3ee",
    panel="#e5e6df",
    success="#27601f",
    warning="#774600",
    error="#a01c26",
    border="#b4b8ac",
    dim="#51585f",
    cursor="#cfe3e1",
    dark=False,
)
CONTRAST = _theme(
    "contrast",
    primary="#7fe5ff",
    secondary="#9fd0ff",
    accent="#ffd75f",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    success="#8cff8c",
    warning="#ffd75f",
    error="#ffb0b0",
    border="#a0a0a0",
    dim="#d0d0d0",
    cursor="#00304a",
)
ANSI = _theme(
    "ansi",
    primary="ansi_cyan",
    secondary="ansi_cyan",
    accent="ansi_yellow",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    border="ansi_default",
    dim="ansi_default",
    cursor="ansi_default",
    ansi=True,
)
PLAIN = _theme(
    "plain",
    primary="#ffffff",
    secondary="#ffffff",
    accent="#ffffff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    success="#ffffff",
    warning="#ffffff",
    error="#ffffff",
    border="#ffffff",
    dim="#ffffff",
    cursor="#ffffff",
)
THEMES = {"dark": DARK, "light": LIGHT, "contrast": CONTRAST, "ansi": ANSI, "plain": PLAIN}
"""By the names that people choose them by."""
