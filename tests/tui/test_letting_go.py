"""A console is open for weeks: what was opened and closed again is gone from memory."""

from __future__ import annotations

import gc
from weakref import ref

from textual._styles_cache import StylesCache
from textual.widget import Widget

from screenshots.demo import busy_engine
from tests.tui.console_driver import console

OPENED = (("question_mark",), ("M",), ("ctrl+p",), ("1", "enter"))
"""Help, messages, palette, the launch form with its text areas."""


async def test_screens_that_were_closed_are_freed_with_all_their_lines() -> None:
    async with console(busy_engine) as driven:
        gone: list[ref[object]] = []
        for keys in OPENED:
            await driven.press(*keys)
            screen = driven.app.screen
            assert screen is not driven.console, keys
            widgets = [widget for widget in screen.walk_children(with_self=True) if isinstance(widget, Widget)]
            gone += [ref(widget) for widget in widgets]
            while driven.app.screen is not driven.console:
                await driven.press("escape")
            del screen, widgets
        await driven.press("M", "escape")  # what watched the app is forgotten with the next change of screens
        gc.collect()
        assert len(gone) > 20
        assert [each for kept in gone if (each := kept()) is not None] == []
        held = sum(isinstance(each, StylesCache) for each in gc.get_objects())
        alive = sum(isinstance(each, Widget) for each in gc.get_objects())
        assert held <= alive, "painted lines outlive their widgets"
