"""Goes over every line on its way to the terminal: with ASCII only, or without any colour."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from tui.glyphs import to_ascii

LIGHT = 0.5
"""Brightness from which a ground stands for a highlight."""


class AsciiFilter(LineFilter):
    """Draws our signs as ASCII; `foreign` text too, where the terminal knows nothing else."""

    def __init__(self, *, foreign: bool) -> None:
        super().__init__()
        self.foreign = foreign

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(to_ascii(segment.text, foreign=self.foreign), segment.style)
            for segment in segments
        ]


class PlainFilter(LineFilter):
    """Takes all colours away. The plain theme is black and white: what has a light ground is drawn reversed."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text, _plain(style) if style is not None else None, control) for text, style, control in segments
        ]


@lru_cache(1024)
def _plain(style: Style) -> Style:
    ground = style.bgcolor
    is_light = ground is not None and not ground.is_default and Color.from_rich_color(ground).brightness > LIGHT
    return Style(
        bold=style.bold,
        italic=style.italic,
        underline=style.underline,
        strike=style.strike,
        reverse=is_light or bool(style.reverse),
        meta=style.meta or None,
    )
