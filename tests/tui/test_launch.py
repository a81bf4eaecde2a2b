"""The launch dialog, driven by keys: its path, errors, JSON and bad input (forms.md 1.5, 1.6, 5.3; console.md 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.widgets import Button

from tests.tui.launch_driver import ALL, EVIL, GREET, SIZES, dialog, shelf, spec
from tui.forms.raw_tab import RawTab
from tui.forms.widgets import RowWidget
from tui.screens.launch import LaunchRequest

# --- the path through it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_typed_is_launched(size: tuple[int, int]) -> None:
    async with dialog(size=size) as driven:
        picture = driven.picture()
        for words in (
            "Greet",
            "greet",
            "Says hello",
            "Name*",
            "Name to greet",
            "ctrl+r launch",
            "F2 JSON",
            "Esc leave",
        ):
            assert words in picture, words
        assert driven.focused == ("name",), "the first required field has the focus"
        await driven.press(*"Alice", "ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Alice"})], "defaults are the engine's to fill"


async def test_keys_that_came_just_before_are_read() -> None:
    async with dialog() as driven:
        driven.app.focused.value = "Bob"  # type: ignore[union-attr] # its message is still on its way
        await driven.screen.action_launch()
        await driven.pilot.pause()
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Bob"})]


async def test_esc_leaves_and_the_draft_comes_back() -> None:
    kept, _ = shelf()
    async with dialog(shelf=kept) as driven:
        await driven.press(*"Ali", "escape")
        assert driven.app.answers == [None]
        await driven.app.workers.wait_for_complete()
    async with dialog(shelf=kept) as driven:
        assert driven.row("name").editor.value == "Ali"
        await driven.press(*"ce", "ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Alice"})]


@pytest.mark.parametrize("schema", [{"type": "object"}, {"type": "object", "properties": {}}])
async def test_without_inputs_the_button_has_the_focus(schema: Any) -> None:
    async with dialog(schema) as driven:
        assert isinstance(driven.app.focused, Button)
        await driven.press("enter")
        assert driven.app.answers == [LaunchRequest("greet", {})]


async def test_enter_goes_on_and_never_launches_from_a_field() -> None:
    async with dialog() as driven:
        await driven.press(*"Alice", "enter")
        assert driven.focused == ("language",)
        await driven.press("enter")
        assert isinstance(driven.app.focused, Button) and driven.app.answers == []
        await driven.press("shift+tab", "shift+tab")
        assert driven.focused == ("name",)


async def test_a_rerun_is_filled_and_checked_at_once() -> None:
    async with dialog(ALL, {"name": "Bob", "times": 900}) as driven:
        assert driven.row("times").editor.value == "900"
        assert driven.row("times").error == "must be 1 to 300"
        await driven.focus("times")
        await driven.press("backspace", "ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Bob", "times": 90})]


# --- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_an_error_shows_once_the_field_was_left(size: tuple[int, int]) -> None:
    async with dialog(ALL, size=size) as driven:
        assert "✗" not in driven.picture(), "nothing is wrong before anything was touched"
        assert driven.said("count") == "1 to fill"
        await driven.press(*"Al", "enter", *"9999")
        assert driven.row("times").error == "", "not while it is typed"
        assert driven.said("count") == "1 ✗", "but the count is honest"
        await driven.press("tab")
        assert "✗ must be 1 to 300" in driven.picture()


async def test_a_refused_launch_goes_to_the_first_problem() -> None:
    async with dialog(ALL) as driven:
        driven.form.enter(("limits", "cpu"), "9")
        await driven.focus("text")
        await driven.press("ctrl+r")
        assert driven.app.answers == [] and driven.focused == ("name",)
        assert "2 problems" in driven.said("said")
        assert driven.row("name").error == "is required"
        assert "1 ✗" in driven.picture(), "the closed section says how many are inside"
        await driven.press("f8")
        assert driven.focused == ("limits", "cpu"), "the section opened"
        await driven.press("shift+f8")
        assert driven.focused == ("name",)
        await driven.press("alt+n")
        assert driven.focused == ("limits", "cpu"), "there is a second key"


async def test_a_problem_without_a_row_is_said() -> None:
    async with dialog({**GREET, "minProperties": 3}) as driven:
        await driven.press(*"Al", "ctrl+r")
        assert driven.app.answers == [] and driven.said("said").startswith("✗")


# --- the JSON ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_the_json_is_the_same_instance(size: tuple[int, int]) -> None:
    async with dialog(size=size) as driven:
        await driven.press(*"Alice", "f2")
        raw = driven.screen.query_one(RawTab)
        assert raw.has_focus and raw.text == '{\n  "name": "Alice"\n}'
        raw.load_text('{"name": "Bob", "language": "fr"}')
        await driven.press("f2")
        assert driven.row("name").editor.value == "Bob" and "● fr" in driven.picture()
        await driven.press("f2", "ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Bob", "language": "fr"})]


async def test_ctrl_r_launches_what_the_json_says() -> None:
    async with dialog() as driven:
        await driven.press("f2")
        driven.screen.query_one(RawTab).load_text('{"name": "Bob"}')
        await driven.press("ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Bob"})]


async def test_json_that_does_not_parse_is_kept_and_holds_the_launch() -> None:
    async with dialog() as driven:
        await driven.press(*"Alice", "f2")
        raw = driven.screen.query_one(RawTab)
        raw.load_text('{\n  "name": }')
        await driven.press("ctrl+r")
        assert driven.app.answers == [] and "JSON: line 2, column 11: expecting value" in driven.said("said")
        await driven.press("f2")
        assert driven.row("name").editor.value == "Alice" and "JSON: line 2" in driven.said("said")
        await driven.press("ctrl+r")
        assert driven.app.answers == []
        await driven.press("f2")
        assert raw.text == '{\n  "name": }'
        await driven.press("f6")
        assert raw.text == '{\n  "name": "Alice"\n}'


async def test_json_with_a_problem_says_where() -> None:
    async with dialog() as driven:
        await driven.press("f2")
        driven.screen.query_one(RawTab).load_text('{"name": 5}')
        await driven.press("ctrl+r")
        assert driven.app.answers == [] and "name" in driven.said("said")


# --- hostile and broken ------------------------------------------------------------------------------------------


def hostile() -> dict[str, Any]:
    return {
        "type": "object",
        "title": EVIL,
        "properties": {
            "a.b [/c]": {"type": "string", "title": EVIL, "description": EVIL, "default": EVIL},
            "choice": {"enum": [EVIL, "b"], "title": EVIL},
            "many": {"enum": [EVIL * at for at in range(1, 9)]},
            "list": {"type": "array", "title": EVIL, "items": {"type": "string"}},
            "map": {"type": "object", "description": EVIL},
            "const": {"const": EVIL},
            "text": {"type": "string", "contentMediaType": "text/plain", "default": EVIL},
            "union": {"oneOf": [{"title": EVIL, "type": "object", "properties": {"x": {}}}, {"type": "array"}]},
        },
        "required": ["a.b [/c]"],
    }


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_text_is_only_text(size: tuple[int, int]) -> None:
    data = {"map": {EVIL: EVIL}, "list": [EVIL], "many": EVIL, "choice": EVIL * 2, "a.b [/c]": EVIL, EVIL: 1}
    for inputs in (None, data):
        async with dialog(hostile(), inputs, size=size, name=EVIL, description=EVIL) as driven:
            await driven.press("f8")
            await driven.focus("many")
            await driven.press("enter")
            assert "\x1b" not in driven.picture() and "\u202e" not in driven.picture()
            await driven.press("escape", "f1", "f2")
            assert "\x1b" not in driven.picture() and "\u202e" not in driven.picture()
            assert "[/x][red]a[/]" in driven.picture()


async def test_a_hostile_paste_is_only_text() -> None:
    async with dialog() as driven:
        await driven.paste(EVIL)
        assert "\x1b" not in driven.app.focused.value  # type: ignore[union-attr]
        await driven.press("f2")
        await driven.paste(EVIL)
        assert "\x1b" not in driven.screen.query_one(RawTab).text


async def test_a_schema_that_cannot_be_used_is_named_and_refused() -> None:
    async with dialog({"type": "object"}, {"a": 1}, schema_problem="get_input_schema raised KeyError: 'x'") as driven:
        assert "KeyError" in driven.said("said")
        raw = driven.screen.query_one(RawTab)
        assert raw.read_only and raw.has_focus and '"a": 1' in raw.text
        await driven.press("ctrl+r", "f2", "f8", "ctrl+n")
        assert driven.app.answers == []
        await driven.press("escape")
        assert driven.app.answers == [None]


async def test_an_invalid_schema_is_refused_too() -> None:
    async with dialog({"type": "nonsense"}) as driven:
        await driven.press("ctrl+r")
        assert driven.app.answers == [] and "cannot be launched" in driven.said("said")


async def test_a_changed_executor_keeps_what_was_typed() -> None:
    async with dialog() as driven:
        await driven.press(*"Ali")
        changed = {**GREET, "properties": {"title": {"type": "string"}, "name": {"type": "string", "maxLength": 9}}}
        driven.screen.executor_changed(replace(spec(changed), version="2"))
        await driven.pilot.pause()
        await driven.pilot.pause()
        assert "changed on disk" in driven.said("said") and driven.focused == ("name",)
        assert driven.row("title") is not None and driven.row("name").row.constraint == "text ≤9"
        await driven.press(*"ce", "ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Alice"})]


# --- large ones --------------------------------------------------------------------------------------------------


async def test_a_large_form_is_drawn_in_slices_and_reached_by_jumps() -> None:
    properties: dict[str, Any] = {f"field_{at}": {"type": "string"} for at in range(150)}
    properties["last"] = {"type": "integer"}
    async with dialog({"type": "object", "properties": properties}, {"last": "x"}) as driven:
        await driven.press("f8")
        assert driven.focused == ("last",)
        assert len(driven.screen.query(RowWidget)) == 151


async def test_a_large_schema_is_compiled_off_the_loop() -> None:
    properties = {f"field_{at}": {"type": "string", "description": "x" * 400} for at in range(300)}
    async with dialog({"type": "object", "properties": properties}) as driven:
        await driven.app.workers.wait_for_complete()
        await driven.press("a", "ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"field_0": "a"})]


@pytest.mark.parametrize("size", SIZES)
async def test_the_foot_is_always_seen(size: tuple[int, int]) -> None:
    properties: dict[str, Any] = {f"field_{at}": {"type": "string"} for at in range(60)}
    async with dialog({"type": "object", "properties": properties}, size=size) as driven:
        lines = driven.picture().splitlines()
        assert any("Launch" in line for line in lines[-8:]) and any("ctrl+r" in line for line in lines[-6:])


async def test_a_default_stands_for_a_required_field_in_a_draft_and_a_rerun_too() -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "default": "web"}, "note": {"type": "string"}},
        "required": ["name"],
    }
    kept, _ = shelf(schema)
    async with dialog(schema, shelf=kept) as driven:
        await driven.focus("note")
        await driven.press(*"x", "escape")
        await driven.app.workers.wait_for_complete()
    async with dialog(schema, shelf=kept) as driven:
        assert driven.form.instance == {"note": "x"} and driven.said("count") == "✔ ready"
    async with dialog(schema, {"note": "x"}) as driven:
        await driven.press("ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"note": "x"})], "what ran once is not refused"
