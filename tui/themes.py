"""The console's colours. Contrast is at least 4.5:1 for text; nothing is told by colour alone.

`dim` is for what is read second, `cursor` lies under the row with the cursor. All are solid: the lines that we draw
ourselves know no half-transparent ones.
"""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="taskdeck-dark",
    primary="#5f9ea0",
    secondary="#8aa9d6",
    accent="#e0af68",
    foreground="#d5d9e0",
    background="#14171c",
    surface="#181c22",
    panel="#232a33",
    success="#8fbf7f",
    warning="#e0af68",
    error="#ef7f83",
    dark=True,
    variables={"border": "#3c4653", "border-blurred": "#3c4653", "dim": "#8f98a5", "cursor": "#24474d"},
)
LIGHT = Theme(
    name="taskdeck-light",
    primary="#1f6f78",
    secondary="#2f5a9e",
    accent="#8a5200",
    foreground="#1d2329",
    background="#fafaf7",
    surface="#f3f3ee",
    panel="#e5e6df",
    success="#2f6b28",
    warning="#8a5200",
    error="#a8222b",
    dark=False,
    variables={"border": "#b4b8ac", "border-blurred": "#b4b8ac", "dim": "#5b626b", "cursor": "#cbe0de"},
)
THEMES = (DARK, LIGHT)
