"""Colours: contrast of all that is drawn, no colour where none is wanted, ASCII where nothing else can be shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from rich.segment import Segment
from textual.color import Color

from screenshots.demo import broken_engine, busy_engine
from tests.tui.console_driver import SMALL, WIDE, console
from tui.app import ConsoleApp
from tui.glyphs import TWINS
from tui.look import Look
from tui.themes import THEMES

SCENES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "running": (busy_engine, ("2", "g", "j", "j")),
    "failed": (busy_engine, ("2", "G", "k")),
    "info": (busy_engine, ("2", "g", "j", "f9", "3")),
    "timeline": (busy_engine, ("2", "g", "j", "f11", "3")),
    "problem": (broken_engine, ("1",)),
    "launch": (busy_engine, ("slash", *"greet", "enter", "enter")),
    "launch-wrong": (busy_engine, ("slash", *"greet", "enter", "enter", "ctrl+r")),
    "json": (busy_engine, ("slash", *"greet", "enter", "enter", *"Ada", "f2")),
    "choice": (busy_engine, ("slash", *"greet", "enter", "enter", "tab", "enter")),
    "recall": (busy_engine, ("slash", *"greet", "enter", "enter", "f5")),
    "help": (busy_engine, ("question_mark",)),
    "quit": (busy_engine, ("q",)),
    "messages": (broken_engine, ("M",)),
    "command": (busy_engine, ("colon", *"canc")),
    "command-wrong": (busy_engine, ("colon", *"cancle", "enter")),
    "palette": (busy_engine, ("ctrl+p",)),
    "settings": (busy_engine, ("colon", *"set", "enter")),
    "jump": (busy_engine, ("2", "ctrl+o")),
}
ORNAMENTS = {*TWINS, " "}


def segments(app: ConsoleApp) -> Iterator[Segment]:
    for strip in app.screen._compositor.render_strips():
        yield from strip


def contrast(segment: Segment) -> float:
    """Of the text on its ground, as it is drawn."""
    style = segment.style
    assert style is not None and style.color is not None and style.bgcolor is not None, segment
    ink, ground = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
    if style.dim:
        ink = ground.blend(ink, 0.5)
    return ratio(ink, ground)


def ratio(ink: Color, ground: Color) -> float:
    """The contrast ratio of WCAG 2."""
    bright, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: Color) -> float:
    parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def read(segment: Segment) -> str:
    """What of it is read; a dialog over the console is the one thing that is read then."""
    return "".join(each for each in segment.text if each not in ORNAMENTS)


LEAST = {"dark": 4.5, "light": 4.5, "contrast": 7.0}
TOGETHER = [(each, tuple(LEAST)) for each in SCENES if each not in ("jump", "palette")]
ALONE = [("palette", (theme,)) for theme in LEAST]
"""Textual's palette keeps the colours that it opened with; no theme is changed under it."""


@pytest.mark.parametrize(("scene", "themes"), TOGETHER + ALONE)
async def test_text_stands_out_from_its_ground(scene: str, themes: tuple[str, ...]) -> None:
    make, keys = SCENES[scene]
    async with console(make, SMALL, look=Look(themes[0])) as driven:
        await driven.press(*keys)
        for theme in themes:
            driven.app.change_setting("theme", theme)
            driven.app.clear_notifications()
            await driven.pilot.pause(0.4)
            assert_stands_out(driven.app, LEAST[theme])


def assert_stands_out(app: ConsoleApp, least: float) -> None:
    top = app.screen
    for widget in top.walk_children(with_self=True):
        if not widget.region or not widget.is_on_screen or widget is top:
            continue
        for strip in widget.render_lines(widget.size.region):
            for segment in strip:
                if read(segment):
                    assert contrast(segment) >= least, (widget, contrast(segment), segment)


@pytest.mark.parametrize("theme", [name for name in THEMES if name not in ("ansi", "plain")])
def test_every_role_stands_out_from_every_ground(theme: str) -> None:
    found = THEMES[theme]
    least = 7.0 if theme == "contrast" else 4.5
    inks = {name: getattr(found, name) for name in ("foreground", "secondary", "accent", "success", "warning", "error")}
    inks["dim"] = found.variables["dim"]
    grounds = {name: getattr(found, name) for name in ("background", "surface", "panel")}
    grounds["cursor"] = found.variables["cursor"]
    for ink, colour in inks.items():
        for ground, under in grounds.items():
            found_ratio = ratio(Color.parse(colour), Color.parse(under))
            assert found_ratio >= least, f"{theme}: {ink} on {ground} {found_ratio:.1f}"


@pytest.mark.parametrize("scene", SCENES)
async def test_without_colour_there_is_none_and_the_cursor_is_seen(scene: str) -> None:
    make, keys = SCENES[scene]
    async with console(make, SMALL, look=Look("plain")) as driven:
        await driven.press(*keys)
        await driven.pilot.pause(0.3)
        drawn = list(segments(driven.app))
        for segment in drawn:
            assert segment.style is None or (segment.style.color is None and segment.style.bgcolor is None), segment
        if scene not in ("messages", "settings"):  # nothing is selected there
            assert any(segment.style and segment.style.reverse for segment in drawn)


@pytest.mark.parametrize("scene", SCENES)
async def test_the_terminals_own_colours_are_sixteen(scene: str) -> None:
    make, keys = SCENES[scene]
    async with console(make, SMALL, look=Look("ansi")) as driven:
        await driven.press(*keys)
        await driven.pilot.pause(0.3)
        for segment in segments(driven.app):
            style = segment.style
            ink = style.color if style and segment.text.strip() else None
            for colour in (ink, style.bgcolor) if style else ():
                own = colour is None or colour.is_default or (colour.triplet is None and (colour.number or 0) < 16)
                assert own, segment


@pytest.mark.parametrize("scene", SCENES)
async def test_ascii_alone_is_drawn(scene: str) -> None:
    make, keys = SCENES[scene]
    async with console(make, SMALL, look=Look("dark", ascii=True)) as driven:
        await driven.press(*keys)
        for size in (SMALL, WIDE):
            await driven.pilot.resize_terminal(*size)
            await driven.pilot.pause(0.3)
            strange = {each for segment in segments(driven.app) for each in segment.text if not each.isascii()}
            assert not strange


@pytest.mark.parametrize("theme", ["plain", "ansi"])
async def test_the_cursor_is_seen_without_a_ground(theme: str) -> None:
    async with console(busy_engine, SMALL, look=Look(theme)) as driven:
        await driven.press("2", "g", "j", "j")
        rows = driven.console.runs.rows
        strip = rows.render_lines(rows.size.region)[2]
        assert all(segment.style and segment.style.reverse for segment in strip if segment.text.strip())


async def test_foreign_text_stays_aligned_without_utf8() -> None:
    async with console(busy_engine, look=Look("plain", ascii=True, utf8=False)) as driven:
        driven.engine.add("naïve 日本語 👍", id="strange")
        await driven.settle()
        assert "na?ve ?????? ??" in driven.screen
        assert {len(row) for row in driven.screen.split("\n")} == {120}


async def test_looks_change_while_the_console_runs() -> None:
    async with console(busy_engine) as driven:
        for theme in THEMES:
            driven.app.change_setting("theme", theme)
            await driven.settle()
            assert driven.app.theme == f"taskdeck-{theme}"
        driven.app.change_setting("ascii", "on")
        await driven.settle()
        assert driven.screen.isascii()
        driven.app.change_setting("ascii", "off")
        await driven.settle()
        assert "╭" in driven.screen
