"""Colours of the history, two runs, the timeline and the statistics; ASCII where nothing else can be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.console_driver import SMALL
from tests.tui.history_driver import history
from tests.tui.test_themes import contrast, read, segments
from tui.look import Look

SCENES: dict[str, tuple[str, ...]] = {
    "history": ("j", "space"),
    "wrong-word": ("slash", *"stauts:x"),
    "compare": ("G", "k", "B"),
    "run": ("enter",),
    "timeline": ("W", "j"),
    "stats": ("E", "l"),
}


@pytest.mark.parametrize(("theme", "least"), [("light", 4.5), ("contrast", 7.0)])
@pytest.mark.parametrize("scene", SCENES)
async def test_text_stands_out_from_its_ground(tmp_path: Path, scene: str, theme: str, least: float) -> None:
    async with history(tmp_path, size=SMALL, look=Look(theme)) as driven:
        await driven.press(*SCENES[scene])
        driven.app.clear_notifications()
        await driven.settle()
        for segment in segments(driven.app):
            if read(segment):
                assert contrast(segment) >= least, (contrast(segment), segment)


@pytest.mark.parametrize("scene", SCENES)
async def test_ascii_alone_is_drawn_and_without_colour_there_is_none(tmp_path: Path, scene: str) -> None:
    async with history(tmp_path, size=SMALL, look=Look("plain", ascii=True)) as driven:
        await driven.press(*SCENES[scene])
        await driven.settle()
        for segment in segments(driven.app):
            assert segment.text.isascii(), segment
            assert segment.style is None or (segment.style.color is None and segment.style.bgcolor is None), segment
