"""The launch dialog, driven by keys (forms.md 1.5, 1.6, 5.3; console.md 2)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Button, Input, OptionList, Static, TextArea

from engine.catalogue import ExecutorSpec
from tui.forms.choice import ChoiceScreen
from tui.forms.controls import Drop, Head, Hidden, Options
from tui.forms.editors import AreaInput, LineInput
from tui.forms.model import Form
from tui.forms.raw_tab import RawTab
from tui.forms.widgets import RowWidget
from tui.screens.launch import LaunchRequest, LaunchScreen
from tui.themes import DARK

SIZES = [(120, 36), (80, 24)]
EVIL = "[/x][red]a[/] \x1b]0;owned\x07\u202eb"
"""Markup that closes nothing, a window title, a bidi control."""

GREET = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "Name to greet"},
        "language": {"enum": ["en", "fr"], "default": "en"},
    },
    "required": ["name"],
}
ALL: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "Who is greeted, in a help line " + "that is long " * 20},
        "times": {"type": "integer", "minimum": 1, "maximum": 300, "default": 30},
        "loud": {"type": "boolean"},
        "country": {"enum": [f"country {at}" for at in range(40)]},
        "days": {"type": "array", "items": {"enum": ["mon", "tue", "wed"]}, "uniqueItems": True},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 2}},
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
        "limits": {"type": "object", "properties": {"cpu": {"type": "number", "maximum": 8}}},
        "token": {"type": "string"},
        "note": {"type": ["string", "null"]},
        "text": {"type": "string", "contentMediaType": "text/plain"},
    },
    "required": ["name"],
}


def spec(schema: Any = GREET, **given: Any) -> ExecutorSpec:
    known = {"id": "greet", "name": "Greet", "description": "Says hello", **given}
    return ExecutorSpec(factory=lambda: None, schema=schema, **known)  # type: ignore[arg-type,return-value]


class Host(App[None]):
    """An app of nothing but the dialog; `answers` is what it was dismissed with."""

    def __init__(self, screen: LaunchScreen) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.dialog = screen
        self.answers: list[LaunchRequest | None] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)


class Driven:
    """A dialog under test."""

    def __init__(self, app: Host, pilot: Pilot[None]) -> None:
        self.app, self.pilot, self.screen = app, pilot, app.dialog

    @property
    def form(self) -> Form:
        return self.screen.form

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()
        await self.pilot.pause()

    async def paste(self, text: str) -> None:
        assert self.app.focused is not None
        self.app.focused.post_message(events.Paste(text))
        await self.pilot.pause()
        await self.pilot.pause()

    def row(self, *path: str | int) -> RowWidget:
        found = self.screen.query_one("#form-pane").query(RowWidget)
        return next(widget for widget in found if widget.row.path == path)

    def focus(self, *path: str | int) -> None:
        self.row(*path).editor.focus()

    @property
    def focused(self) -> tuple[str | int, ...] | None:
        """The path of the row that has the focus."""
        widget = self.app.focused
        while widget is not None and not isinstance(widget, RowWidget):
            widget = widget.parent  # type: ignore[assignment]
        return widget.row.path if widget is not None else None

    def said(self, name: str) -> str:
        return str(self.screen.query_one(f"#launch-{name}", Static).content)

    def picture(self) -> str:
        """What stands on the screen, as text."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in line) for line in lines)


@asynccontextmanager
async def dialog(
    schema: Any = GREET, inputs: dict[str, Any] | None = None, size: tuple[int, int] = (120, 36), **given: Any
) -> AsyncIterator[Driven]:
    draft = given.pop("draft", None)
    screen = LaunchScreen(spec(schema, **given), inputs, draft=draft)
    app = Host(screen)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.pause()
        yield Driven(app, pilot)


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
    async with dialog() as driven:
        await driven.press(*"Ali", "escape")
        assert driven.app.answers == [None]
        draft = driven.screen.form
    async with dialog(draft=draft) as driven:
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
        driven.focus("times")
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
        driven.focus("text")
        await driven.press("ctrl+r")
        assert driven.app.answers == [] and driven.focused == ("name",)
        assert "2 problems" in driven.said("said")
        assert driven.row("name").error == "is required"
        assert driven.row("limits").error == "1 problem inside"
        await driven.press("f8")
        assert driven.focused == ("limits", "cpu"), "the section opened"
        await driven.press("shift+f8")
        assert driven.focused == ("name",)
        await driven.press("alt+n")
        assert driven.focused == ("limits", "cpu"), "there is a second key"


async def test_a_problem_without_a_row_is_said() -> None:
    async with dialog({**GREET, "minProperties": 2}) as driven:
        await driven.press(*"Al", "ctrl+r")
        assert driven.app.answers == [] and driven.said("said").startswith("✗")


# --- the kinds of rows -------------------------------------------------------------------------------------------


async def test_a_boolean_has_three_states() -> None:
    async with dialog(ALL) as driven:
        driven.focus("loud")
        seen = []
        for key in ("space", "space", "space", "y", "n", "delete"):
            await driven.press(key)
            seen.append(driven.form.instance.get("loud"))
        assert seen == [False, True, None, True, False, None]


async def test_a_short_choice_is_made_in_its_line_and_none_is_preselected() -> None:
    async with dialog() as driven:
        driven.focus("language")
        assert isinstance(driven.row("language").editor, Options) and "language" not in driven.form.instance
        assert "en (default)" in driven.picture()
        for key, value in (("right", "en"), ("right", "fr"), ("left", "en"), ("f", "fr")):
            await driven.press(key)
            assert driven.form.instance["language"] == value
        await driven.press("delete")
        assert "language" not in driven.form.instance


async def test_a_long_choice_opens_a_list_with_a_filter() -> None:
    async with dialog(ALL) as driven:
        driven.focus("country")
        assert isinstance(driven.row("country").editor, Drop)
        await driven.press("enter")
        assert isinstance(driven.app.screen, ChoiceScreen)
        await driven.press(*"try 3", "down", "enter")
        assert driven.form.instance["country"] == "country 30"
        assert driven.focused == ("country",)
        await driven.press("enter", "escape")
        assert driven.form.instance["country"] == "country 30"


async def test_ctrl_r_launches_out_of_an_open_choice() -> None:
    async with dialog(ALL) as driven:
        await driven.press(*"Al")
        driven.focus("country")
        await driven.press("enter", "down", "ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Al", "country": "country 1"})]


async def test_several_of_a_list_are_marked() -> None:
    async with dialog(ALL) as driven:
        driven.focus("days")
        await driven.press("enter", "down", "tab", "up", "tab", "enter")
        assert driven.form.instance["days"] == ["tue", "mon"], "in the order of marking"


async def test_items_are_typed_added_and_removed() -> None:
    async with dialog(ALL) as driven:
        driven.focus("tags")
        await driven.press("enter", *"one", "ctrl+n", *"x", "ctrl+n", *"three")
        assert driven.form.instance["tags"] == ["one", "x", "three"]
        assert driven.row("tags", 1).error == "must have at least 2 characters" or driven.row("tags", 1).error
        driven.focus("tags", 1)
        await driven.press("ctrl+delete")
        assert driven.form.instance["tags"] == ["one", "three"] and driven.focused == ("tags", 1)
        assert driven.row("tags", 1).editor.value == "three"
        await driven.press("alt+up")
        assert driven.form.instance["tags"] == ["three", "one"] and driven.focused == ("tags", 0)
        await driven.press("f6", "f6")
        assert driven.form.instance["tags"] == ["one", "x", "three"], "undo brings it back"


async def test_a_paste_of_lines_becomes_items() -> None:
    async with dialog(ALL) as driven:
        driven.focus("tags")
        await driven.press("enter")
        await driven.paste("aa\nbb\r\ncc\n")
        assert driven.form.instance["tags"] == ["aa", "bb", "cc"]


async def test_entries_are_typed_and_pasted() -> None:
    async with dialog(ALL) as driven:
        await driven.press(*"Al")
        driven.focus("env")
        await driven.press("enter", *"HOME", "enter", *"/root", "ctrl+n", *"HOME", "enter", *"x")
        await driven.press("ctrl+r")
        assert driven.app.answers == [], "a key that is taken holds the launch"
        assert "taken" in driven.row("env", "").error
        await driven.press("ctrl+delete")
        assert driven.form.instance["env"] == {"HOME": "/root"}
        driven.focus("env")
        await driven.paste("A=1\nB: two")
        assert driven.form.instance["env"] == {"HOME": "/root", "A": "1", "B": "two"}


async def test_a_section_opens_and_closes() -> None:
    async with dialog(ALL) as driven:
        driven.focus("limits")
        assert isinstance(driven.app.focused, Head)
        await driven.press("enter", "tab", *"2.50")
        assert driven.form.instance["limits"] == {"cpu": 2.5} and driven.row("limits", "cpu").editor.value == "2.50"
        driven.focus("limits")
        await driven.press("space")
        assert "1 set  2.50" in driven.picture()


async def test_arrows_step_a_number_and_move_between_texts() -> None:
    async with dialog(ALL) as driven:
        await driven.press("down")
        assert driven.focused == ("times",)
        await driven.press("up", "up", "down", "pageup")
        assert driven.form.instance["times"] == 41, "from the default"


async def test_a_paste_of_lines_into_a_text_loses_none() -> None:
    async with dialog(ALL) as driven:
        await driven.press(*"ab", "left")
        await driven.paste("1\n2\n")
        assert driven.form.instance["name"] == "a1\n2\nb"
        assert isinstance(driven.row("name").editor, AreaInput) and driven.focused == ("name",)
        await driven.press("ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "a1\n2\nb"})]


async def test_a_secret_is_masked_until_it_is_revealed() -> None:
    async with dialog(ALL) as driven:
        driven.focus("token")
        await driven.press(*"hunter2")
        assert "hunter2" not in driven.picture() and driven.form.instance["token"] == "hunter2"
        await driven.press("f9")
        assert "hunter2" in driven.picture()
        await driven.press("f9", "f2")
        assert "hunter2" not in driven.picture() and '"token": "•••"' in driven.picture()
        await driven.press("f2")
        assert driven.form.instance["token"] == "hunter2"


async def test_a_secret_of_several_lines_stays_hidden() -> None:
    async with dialog(ALL) as driven:
        driven.focus("token")
        await driven.paste("-----BEGIN\nsecret\n-----END")
        assert driven.form.instance["token"] == "-----BEGIN\nsecret\n-----END"
        assert isinstance(driven.row("token").editor, Hidden) and "BEGIN" not in driven.picture()
        await driven.press("f9")
        assert "BEGIN" in driven.picture()


async def test_null_and_empty_are_asked_for_by_a_key() -> None:
    async with dialog(ALL) as driven:
        driven.focus("note")
        seen = []
        for _ in range(3):
            await driven.press("f12")
            seen.append(driven.form.instance.get("note", "absent"))
        assert seen == [None, "", "absent"]


async def test_the_whole_help_on_a_key() -> None:
    async with dialog(ALL) as driven:
        height = driven.row("name").size.height
        await driven.press("f1")
        assert driven.row("name").size.height > height
        await driven.press("f1")
        assert driven.row("name").size.height == height


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
            await driven.press("ctrl+r")
            driven.focus("many")
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
        driven.screen.schema_changed(replace(spec(changed), version="2"))
        await driven.pilot.pause()
        await driven.pilot.pause()
        assert "changed on disk" in driven.said("said") and driven.focused == ("name",)
        assert driven.row("title") is not None and driven.row("name").row.constraint == "text ≤9"
        await driven.press(*"ce", "ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Alice"})]


# --- large ones --------------------------------------------------------------------------------------------------


async def test_a_large_form_is_drawn_in_slices_and_reached_by_jumps() -> None:
    properties: dict[str, Any] = {f"field_{at}": {"type": "string"} for at in range(300)}
    properties["last"] = {"type": "integer"}
    async with dialog({"type": "object", "properties": properties}, {"last": "x"}) as driven:
        await driven.press("f8")
        assert driven.focused == ("last",)
        assert len(driven.screen.query(RowWidget)) == 301


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


def test_no_typed_input_and_no_property_name_as_an_id() -> None:
    """Textual's typed inputs freeze on a paste (forms.md 0.1), and `a.b` is no widget id (2.5)."""
    kinds: Sequence[type] = (LineInput, AreaInput, Options, Drop, Head, Hidden)
    assert all(not hasattr(kind, "id_from_name") for kind in kinds)
    assert issubclass(LineInput, Input) and issubclass(AreaInput, TextArea) and OptionList is not None
