"""Pastes and inputs that no editor holds: the dialog goes on, and nothing of them is lost (forms.md 2.5)."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from tests.tui.launch_driver import Driven, dialog
from tui.forms.controls import Held, Hidden
from tui.screens.text_edit import TextScreen

TEXT = {"type": "string"}
MEGABYTE = "x" * 1_000_000
GUARD = 2.0
"""Seconds that the loop may be held up by one key or paste: a guard against freezing, no measure."""
FIELDS: dict[str, Any] = {
    "text": TEXT,
    "count": {"type": "integer"},
    "token": TEXT,
    "any": {},
    "note": {"type": "string", "format": "textarea"},
    "when": {"type": "string", "format": "date-time"},
    "place": {"type": "string", "format": "path"},
    "narrow": {"type": "string", "pattern": "^(a+)+$", "maxLength": 10},
}
SCHEMA = {"type": "object", "properties": FIELDS}


class Pulse:
    """The longest time in which the loop did nothing else."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.01)
            self.longest = max(self.longest, time.monotonic() - last)
            last = time.monotonic()

    def stop(self) -> float:
        self._task.cancel()
        return self.longest


async def settled(driven: Driven, name: str, value: Any) -> None:
    for _ in range(200):
        if driven.form.instance.get(name) == value:
            break
        await asyncio.sleep(0.02)
    await driven.pilot.pause()


@pytest.mark.parametrize("name", FIELDS)
async def test_a_paste_of_1_mb_into_a_field_is_kept_whole_and_stalls_nothing(name: str) -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus(name)
        pulse = Pulse()
        await driven.paste(MEGABYTE)
        await settled(driven, name, MEGABYTE)
        await driven.press("tab", "shift+tab", "f2", "f2")
        assert pulse.stop() < GUARD
        assert driven.form.instance == {name: MEGABYTE}
        assert isinstance(driven.row(name).editor, Hidden if name == "token" else Held)
        assert ("xxxx" in driven.picture()) is (name != "token") and "1,000,000 characters" in driven.picture()
        await driven.focus(name)
        await driven.press("delete")
        assert driven.form.instance == {}


async def test_json_of_1_mb_in_a_field_of_any_kind_is_read_as_what_it_is() -> None:
    value = {"numbers": list(range(60_000)), "text": "y" * 300_000}
    async with dialog(SCHEMA) as driven:
        await driven.focus("any")
        pulse = Pulse()
        await driven.paste(json.dumps([value]))
        await settled(driven, "any", [value])
        assert pulse.stop() < GUARD and driven.form.instance == {"any": [value]}


async def test_a_held_text_is_edited_in_an_editor_of_its_own() -> None:
    async with dialog(SCHEMA, {"text": "begin " + "x" * 20_000}) as driven:
        await driven.focus("text")
        await driven.press("enter")
        assert isinstance(driven.app.screen, TextScreen)
        await driven.press(*"My ", "f2")
        await driven.pilot.pause()
        assert driven.form.instance == {"text": "My begin " + "x" * 20_000}


async def test_what_no_editor_holds_says_what_can_be_done_with_it() -> None:
    async with dialog(SCHEMA, {"text": MEGABYTE}) as driven:
        await driven.focus("text")
        await driven.press("enter")
        assert driven.app.screen is driven.screen
        assert "a paste replaces them, Del unsets them" in driven.picture()
        await driven.paste("short")
        assert driven.form.instance == {"text": "short"}


async def test_inputs_that_take_long_to_check_are_typed_in_at_once_and_launched_only_when_they_hold() -> None:
    schema = {"type": "object", "properties": {"name": TEXT, "a": {"type": "array", "items": {"type": "integer"}}}}
    async with dialog(schema, {"name": "", "a": [*range(200_000), "x"]}) as driven:
        for _ in range(500):
            if driven.screen._ready and driven.screen._pane._checks._checking is None:
                break
            await asyncio.sleep(0.02)
        await driven.focus("name")
        pulse = Pulse()
        await driven.press(*"Ann")
        assert pulse.stop() < GUARD and driven.form.instance["name"] == "Ann"
        await driven.screen.action_launch()
        await driven.pilot.pause()
        assert driven.app.answers == [], "the 200,001st item is no number"
        assert any(problem.path == ("a", 200_000) for problem in driven.form.problems)
