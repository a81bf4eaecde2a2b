"""The text of the inputs, JSON or YAML, in step with the form (forms.md 1.6)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.tui.launch_driver import ALL, GREET, SIZES, Driven, dialog
from tui.forms.raw_tab import RawTab
from tui.screens.launch import LaunchRequest
from tui.screens.pick import PickScreen


def raw(driven: Driven) -> RawTab:
    return driven.screen.query_one(RawTab)


async def read(driven: Driven) -> None:
    """So long after the last key that the text was read."""
    await driven.pilot.pause(0.25)
    await driven.pilot.pause()


async def test_the_text_is_read_soon_after_the_last_key() -> None:
    async with dialog() as driven:
        await driven.press("f2")
        raw(driven).load_text('{"name": ')
        await read(driven)
        assert "JSON: line 1, column 10: expecting value" in driven.said("said")
        raw(driven).load_text('{"name": "Bob"}')
        await read(driven)
        assert driven.said("said") == "" and driven.form.instance == {"name": "Bob"}
        assert raw(driven).text == '{"name": "Bob"}', "what is typed is never reformatted under the cursor"


@pytest.mark.parametrize("size", SIZES)
async def test_problems_stand_below_the_text_by_line_and_f8_goes_there(size: tuple[int, int]) -> None:
    async with dialog(ALL, size=size) as driven:
        await driven.press("f2")
        raw(driven).load_text('{\n "name": 5,\n "times": 1,\n "limits": {\n  "cpu": 9\n }\n}')
        await read(driven)
        picture = driven.picture()
        assert "✗ line 2: name must be text" in picture and "✗ line 5: limits.cpu must be at most 8" in picture
        await driven.press("f8")
        assert raw(driven).cursor_location[0] == 1
        await driven.press("f8")
        assert raw(driven).cursor_location[0] == 4 and "problem in line 5, 2 of 2" in driven.said("said")
        await driven.press("alt+n")
        assert raw(driven).cursor_location[0] == 1
        await driven.press("f7")
        assert isinstance(driven.app.screen, PickScreen)
        await driven.press(*"cpu", "enter")
        assert raw(driven).cursor_location[0] == 4 and raw(driven).has_focus
        await driven.press("ctrl+r")
        assert driven.app.answers == [] and raw(driven).cursor_location[0] == 1


async def test_f8_goes_to_the_place_where_the_text_cannot_be_read() -> None:
    async with dialog() as driven:
        await driven.press("f2")
        raw(driven).load_text('{\n "name": "x",\n "name": 2}')
        await driven.press("f8")
        assert raw(driven).cursor_location == (2, 1) and "stands twice" in driven.said("said")


@pytest.mark.parametrize("bad", ['{"a": NaN}', '{"a": Infinity}', '{"a": "\\ud800"}', '{"a": 1, "a": 2}', "{'a': 1}"])
async def test_what_is_no_strict_json_holds_the_launch(bad: str) -> None:
    async with dialog({"type": "object"}) as driven:
        await driven.press("f2")
        raw(driven).load_text(bad)
        await driven.press("ctrl+r")
        assert driven.app.answers == [] and "JSON: line 1" in driven.said("said") and raw(driven).text == bad


async def test_number_text_is_kept() -> None:
    text = '{\n  "a": 1.10,\n  "b": 1e3,\n  "c": 123456789012345678901234567890\n}'
    async with dialog({"type": "object"}) as driven:
        await driven.press("f2")
        raw(driven).load_text(text)
        await driven.press("f2", "f2")
        assert raw(driven).text == text


async def test_one_undo_for_form_and_text() -> None:
    async with dialog() as driven:
        await driven.press(*"Ann", "f2")
        raw(driven).load_text('{"name": "Bob"}')
        await driven.press("f6")
        assert raw(driven).text == '{\n  "name": "Ann"\n}' and driven.form.instance == {"name": "Ann"}
        await driven.press("alt+r")
        assert driven.form.instance == {"name": "Bob"} and '"Bob"' in raw(driven).text
        await driven.press("f6", "f2", "f6")
        assert driven.form.instance == {} and driven.row("name").editor.value == ""


async def test_secrets_are_masked_and_kept_in_both_languages() -> None:
    async with dialog(ALL, {"name": "x", "token": "hunter2"}) as driven:
        await driven.press("f2")
        assert "hunter2" not in driven.picture()
        await driven.press("ctrl+o")
        assert "hunter2" not in driven.picture() and 'token: "•••"' in raw(driven).text
        raw(driven).load_text('name: y\ntoken: "•••"\n')
        await driven.press("ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "y", "token": "hunter2"})]


# --- YAML --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_yaml_is_the_same_instance(size: tuple[int, int]) -> None:
    async with dialog(ALL, size=size) as driven:
        await driven.press(*"no", "alt+y")
        assert raw(driven).has_focus and raw(driven).text == 'name: "no"\n' and "YAML" not in driven.said("said")
        assert "ctrl+o JSON" in driven.said("hint")
        raw(driven).load_text("name: web\nenv:\n  A: '1'\ntimes: 3 # often\n")
        await driven.press("ctrl+o")
        assert json.loads(raw(driven).text) == {"name": "web", "env": {"A": "1"}, "times": 3}
        await driven.press("ctrl+o", "f2")
        assert driven.row("times").editor.value == "3"


async def test_yaml_that_cannot_be_read_is_kept_and_said() -> None:
    async with dialog(ALL, {"name": "x"}) as driven:
        await driven.press("f2", "ctrl+o")
        raw(driven).load_text("name: x\nenv: {A: 1\n")
        await driven.press("ctrl+r")
        assert driven.app.answers == [] and "YAML: line" in driven.said("said")
        await driven.press("ctrl+o")
        assert "mend the YAML first" in driven.said("said") or "YAML: line" in driven.said("said")
        await driven.press("f2", "f2")
        assert raw(driven).text == "name: x\nenv: {A: 1\n"
        raw(driven).load_text("name: x\nenv: {A: '1'}\ntimes: 900")
        await read(driven)
        assert "line 3: times must be 1 to 300" in driven.picture()
        await driven.press("f6", "f6")
        assert driven.form.instance == {"name": "x"}


# --- large -------------------------------------------------------------------------------------------------------


async def test_a_large_paste_is_taken_beside_the_loop() -> None:
    text = json.dumps({"name": "x", "list": [1] * 120_000})
    gaps: list[float] = []

    async with dialog({"type": "object", "properties": {"name": {"type": "string"}}}) as driven:
        await driven.press("f2")
        raw(driven).select_all()
        last = time.monotonic()

        def beat() -> None:
            nonlocal last
            now = time.monotonic()
            gaps.append(now - last)
            last = now

        driven.screen.set_interval(0.02, beat)
        await driven.paste(text)
        for _ in range(100):
            await driven.pilot.pause(0.05)
            if "taken" in driven.said("said"):
                break
        assert "too large to edit here" in driven.said("said")
        assert len(driven.form.instance["list"]) == 120_000 and raw(driven).read_only
        assert max(gaps) < 1.5, "a generous guard: the screen lives"
        await driven.press("f6")
        assert driven.form.instance == {}
        raw(driven).select_all()
        await driven.paste(text[:-1])
        for _ in range(100):
            await driven.pilot.pause(0.05)
            if "JSON: line" in driven.said("said"):
                break
        assert driven.form.unread_text == text[:-1], "no text is lost"
        await driven.press("ctrl+r")
        assert driven.app.answers == []


async def test_large_inputs_show_their_beginning() -> None:
    inputs: dict[str, Any] = {"name": "x", "list": list(range(60_000))}
    async with dialog({**GREET, "properties": {**GREET["properties"], "list": {}}}, inputs) as driven:
        await driven.press("f2")
        assert raw(driven).read_only and len(raw(driven).text) < 30_000 and '"name": "x"' in raw(driven).text
        await driven.press("x", "ctrl+o", "ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", inputs)], "and what was shown was not taken for all"
