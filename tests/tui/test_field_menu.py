"""What opens around a field: its menu, its details, the search, pages, suggestions, items; all by keys."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.launch_driver import ALL, EVIL, SIZES, dialog
from tui.forms.controls import Head
from tui.screens.field_details import DetailsScreen
from tui.screens.field_menu import MenuScreen
from tui.screens.pick import PickScreen
from tui.screens.text_edit import TextScreen

ODD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "default": "web"},
        "either": {"type": ["integer", "string"]},
        "note": {"type": ["string", "null"]},
        "password": {"type": "string", "default": "s3cret", "examples": ["t0psecret"]},
        "hosts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"host": {"type": "string"}, "port": {"type": "integer"}},
                "required": ["host"],
            },
        },
        "deep": {
            "type": "object",
            "properties": {
                "inner": {
                    "type": "object",
                    "properties": {"knob": {"type": "integer", "description": "Turns the thing", "maximum": 3}},
                }
            },
        },
        "how": {
            "oneOf": [
                {
                    "title": "Plain",
                    "type": "object",
                    "properties": {"url": {"type": "string"}, "a": {"type": "string"}},
                },
                {
                    "title": "Other",
                    "type": "object",
                    "properties": {"url": {"type": "string"}, "b": {"type": "string"}},
                },
            ]
        },
    },
}


async def menu(driven: Any, *path: str | int) -> str:
    await driven.focus(*path)
    await driven.press("f12")
    assert isinstance(driven.app.screen, MenuScreen)
    return str(driven.picture())


# --- the menu ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_the_menu_lists_what_applies_and_a_letter_does_it(size: tuple[int, int]) -> None:
    async with dialog(ODD, size=size) as driven:
        picture = await menu(driven, "note")
        assert "n  Set null" in picture and "e  Send empty" in picture and "u  Unset" not in picture
        assert "Remove it" not in picture and "Take the default" not in picture
        await driven.press("n")
        assert driven.form.instance["note"] is None and driven.focused == ("note",)
        await menu(driven, "note")
        await driven.press("e")
        assert driven.form.instance["note"] == ""
        await menu(driven, "note")
        await driven.press("delete")
        assert "note" not in driven.form.instance
        picture = await menu(driven, "name")
        assert "Set null" not in picture and "d  Take the default: web" in picture
        await driven.press("d")
        assert driven.form.instance["name"] == "web"


async def test_the_menus_own_key_goes_through_the_states_and_esc_does_nothing() -> None:
    async with dialog(ODD) as driven:
        await driven.focus("note")
        for wanted in (None, "", "absent", None):
            await driven.press("alt+e", "alt+e")
            assert driven.form.instance.get("note", "absent") == wanted
        await driven.press("f12", "escape")
        assert driven.form.instance == {"note": None} and driven.app.screen is driven.screen


async def test_arrows_and_enter_work_in_the_menu() -> None:
    async with dialog(ODD) as driven:
        await menu(driven, "note")
        await driven.press("down", "enter")
        assert driven.form.instance["note"] == ""


async def test_a_field_is_edited_as_json_with_its_problems_said() -> None:
    async with dialog(ODD) as driven:
        await menu(driven, "deep")
        await driven.press("j")
        assert isinstance(driven.app.screen, TextScreen)
        area = driven.app.focused
        area.load_text('{"inner": {"knob": }}')  # type: ignore[union-attr]
        await driven.press("f2")
        assert isinstance(driven.app.screen, TextScreen) and "JSON: line 1, column 20" in driven.picture()
        area.load_text('{"inner":\n {"knob": 9}}')  # type: ignore[union-attr]
        await driven.pilot.pause(0.3)
        await driven.app.workers.wait_for_complete()
        await driven.pilot.pause()
        assert "line 2: inner.knob must be at most 3" in driven.picture()
        await driven.press("escape")
        assert "deep" not in driven.form.instance, "Esc keeps what was there"
        await menu(driven, "deep")
        await driven.press("j")
        driven.app.focused.load_text('{"inner": {"knob": 2}}')  # type: ignore[union-attr]
        await driven.press("f2")
        assert driven.form.instance == {"deep": {"inner": {"knob": 2}}} and driven.focused == ("deep",)


async def test_a_secret_in_the_json_of_a_field_keeps_its_value_and_is_not_shown() -> None:
    schema = {"type": "object", "properties": {"auth": {"type": "object", "properties": ODD["properties"]}}}
    async with dialog(schema, {"auth": {"password": "hunter2", "name": "x"}}) as driven:
        await menu(driven, "auth")
        await driven.press("j")
        assert "hunter2" not in driven.picture() and "•••" in driven.picture()
        area = driven.app.focused
        area.load_text(area.text.replace('"x"', '"y"'))  # type: ignore[union-attr]
        await driven.press("f2")
        assert driven.form.instance == {"auth": {"password": "hunter2", "name": "y"}}


async def test_copies_never_hold_a_secret_that_is_not_revealed() -> None:
    async with dialog(ODD, {"password": "hunter2", "hosts": [{"host": "a"}]}) as driven:
        picture = await menu(driven, "password")
        assert "Copy the value" not in picture and "s3cret" not in picture and "Edit as JSON" not in picture
        await driven.press("c")
        assert driven.app.clipboard == "password"
        await driven.press("f9")
        await menu(driven, "password")
        await driven.press("y")
        assert driven.app.clipboard == "hunter2"
        await menu(driven, "hosts")
        await driven.press("y")
        assert driven.app.clipboard == '[\n  {\n    "host": "a"\n  }\n]'


async def test_many_are_pasted_from_the_menu() -> None:
    async with dialog(ALL) as driven:
        await menu(driven, "env")
        await driven.press("p")
        driven.app.focused.load_text("A=1\nB: two")  # type: ignore[union-attr]
        await driven.press("f2")
        assert driven.form.instance["env"] == {"A": "1", "B": "two"}
        await menu(driven, "tags")
        await driven.press("p")
        driven.app.focused.load_text("aa\nbb")  # type: ignore[union-attr]
        await driven.press("f2")
        assert driven.form.instance["tags"] == ["aa", "bb"]
        await menu(driven, "tags", 1)
        await driven.press("p")
        driven.app.focused.load_text('["cc", "dd"]')  # type: ignore[union-attr]
        await driven.press("f2")
        assert driven.form.instance["tags"] == ["aa", "bb", "cc", "dd"]
        await menu(driven, "env")
        await driven.press("p")
        driven.app.focused.load_text("no entries at all")  # type: ignore[union-attr]
        await driven.press("f2")
        assert driven.form.instance["env"] == {"A": "1", "B": "two"} and "no entries" in driven.said("said")


async def test_an_item_is_duplicated_moved_and_removed_from_the_menu() -> None:
    async with dialog(ALL, {"name": "x", "tags": ["aa", "bb"]}) as driven:
        await menu(driven, "tags", 0)
        await driven.press("i")
        assert driven.form.instance["tags"] == ["aa", "aa", "bb"] and driven.focused == ("tags", 1)
        await menu(driven, "tags", 1)
        await driven.press("]")
        assert driven.form.instance["tags"] == ["aa", "bb", "aa"] and driven.focused == ("tags", 2)
        await menu(driven, "tags", 2)
        await driven.press("x")
        assert driven.form.instance["tags"] == ["aa", "bb"] and driven.focused == ("tags", 1)


async def test_what_can_be_read_in_two_ways_is_switched() -> None:
    async with dialog(ODD) as driven:
        await driven.focus("either")
        await driven.press(*"123", "alt+t")
        assert driven.form.instance["either"] == "123"
        await driven.press("f12", "t")
        assert driven.form.instance["either"] == 123
        await driven.focus("name")
        await driven.press("f11")
        assert "one way" in driven.said("said")


# --- details and search ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_f1_tells_all_that_the_schema_says(size: tuple[int, int]) -> None:
    schema = {
        "type": "object",
        "required": ["size"],
        "properties": {
            "size": {
                "$ref": "#/$defs/size",
                "description": "How large.\nIn full " + "words " * 90 + "end",
                "x-team": "ops",
            }
        },
        "$defs": {"size": {"type": "string", "pattern": "^[a-z]+$", "format": "slug", "examples": ["big"]}},
    }
    async with dialog(schema, size=size) as driven:
        await driven.press("f1")
        assert isinstance(driven.app.screen, DetailsScreen)
        await driven.press("y")
        told = driven.app.clipboard
        for words in (
            "How large.",
            "end",
            "size",
            "required",
            "^[a-z]+$",
            "slug",
            "big",
            "x-team: ops",
            "#/$defs/size",
        ):
            assert words in told, words
        await driven.press("G")
        assert "}" in driven.picture()
        await driven.press("escape")
        assert driven.app.screen is driven.screen and driven.focused == ("size",)


async def test_details_hide_secrets_and_hostile_text_is_text() -> None:
    schema = {"type": "object", "properties": {"password": ODD["properties"]["password"], "x": {"description": EVIL}}}
    schema["properties"]["x"] |= {"default": EVIL, EVIL: EVIL, "enum": [EVIL, "b"]}
    async with dialog({**schema, "properties": {"all": schema}}, {"all": {"password": "hunter2"}}) as driven:
        await driven.focus("all")
        await driven.press("f1")
        picture = driven.picture()
        assert not any(secret in picture for secret in ("hunter2", "s3cret", "t0psecret"))
        assert "\x1b" not in picture and "\u202e" not in picture and "[/x][red]a[/]" in picture
        await driven.press("escape", "enter", "tab")
        for _ in range(2):
            await driven.press("f12")
            assert "\x1b" not in driven.picture() and "s3cret" not in driven.picture()
            await driven.press("escape", "f3")
            assert "\x1b" not in driven.picture() and "hunter2" not in driven.picture()
            await driven.press("escape", "tab")


@pytest.mark.parametrize("size", SIZES)
async def test_f3_finds_a_field_in_a_closed_section(size: tuple[int, int]) -> None:
    async with dialog(ODD, size=size) as driven:
        await driven.press("f3")
        assert isinstance(driven.app.screen, PickScreen)
        await driven.press(*"turns thing")
        assert "Deep › Inner › Knob" in driven.picture() and "Hosts" not in driven.picture().split("Launch")[-1]
        await driven.press("enter")
        assert driven.focused == ("deep", "inner", "knob")
        await driven.press(*"2")
        assert driven.form.instance == {"deep": {"inner": {"knob": 2}}}
        await driven.press("alt+f", *"zzzz", "enter", "escape")
        assert driven.focused == ("deep", "inner", "knob")


# --- problems ----------------------------------------------------------------------------------------------------


async def test_all_problems_are_listed_and_enter_goes_to_one() -> None:
    inputs = {"deep": {"inner": {"knob": 7}}, "hosts": [{"port": 1}, {"host": "b", "port": "x"}]}
    async with dialog(ODD, inputs) as driven:
        await driven.press("f7")
        picture = driven.picture()
        assert "3 problems" in picture and "Deep › Inner › Knob" in picture and "Hosts › 1 › Host" in picture
        await driven.press(*"knob", "enter")
        assert driven.focused == ("deep", "inner", "knob")
        seen = []
        for _ in range(4):
            await driven.press("f8")
            seen.append(driven.focused)
        assert (
            seen[:3] == [("hosts", 0, "host"), ("hosts", 1, "port"), ("deep", "inner", "knob")] and seen[3] == seen[0]
        )
        await driven.press("alt+p")
        assert driven.focused == ("deep", "inner", "knob")


async def test_problems_on_other_pages_are_all_reached_in_order() -> None:
    items: list[Any] = list(range(900))
    for at in (10, 350, 360, 899):
        items[at] = "x"
    schema = {"type": "object", "properties": {"list": {"type": "array", "items": {"type": "integer"}}}}
    async with dialog(schema, {"list": items}) as driven:
        seen = [driven.focused]
        for _ in range(4):
            await driven.press("f8")
            seen.append(driven.focused)
        assert seen == [("list", at) for at in (10, 350, 360, 899, 10)]


async def test_what_a_run_said_of_a_field_stands_there_until_it_is_changed() -> None:
    from tests.tui.launch_driver import Driven, Host, spec
    from tui.forms.told import told_by
    from tui.screens.launch import LaunchScreen

    told = told_by(
        {"error_type": "validation_error", "error": "no such host", "field": "hosts[0].host"}, None, None, ODD
    )
    screen = LaunchScreen(spec(ODD), {"hosts": [{"host": "a"}]}, told=told)
    app = Host(screen)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        driven = Driven(app, pilot)
        assert driven.focused == ("hosts", 0, "host")
        assert driven.row("hosts", 0, "host").error.startswith("no such host")
        assert "1 told by the last run" in driven.said("count") and "ready" in driven.said("count")
        await driven.press("b")
        assert driven.row("hosts", 0, "host").error == "" and driven.said("count") == "✔ ready"
        await driven.press("backspace", "ctrl+r")
        assert app.answers and app.answers[0] is not None, "it does not hold a launch: the world may have changed"


# --- lists, pages, suggestions -----------------------------------------------------------------------------------


async def test_pages_are_turned_by_keys() -> None:
    schema = {"type": "object", "properties": {"list": {"type": "array", "items": {"type": "integer"}}}}
    async with dialog(schema, {"list": list(range(450))}) as driven:
        await driven.focus("list")
        await driven.press("enter")
        await driven.press("ctrl+pagedown")
        assert driven.focused == ("list", 200) and "items 201 to 400 of 450" in driven.said("said")
        await driven.press("alt+pagedown", "alt+pagedown")
        assert driven.focused == ("list", 400)
        await driven.press("ctrl+pageup", "f12")
        assert ">  The next items, from 401" in driven.picture()
        await driven.press("<")
        assert driven.focused == ("list", 0)
        await driven.focus("list", 199)
        await driven.press("ctrl+n")
        assert driven.focused == ("list", 450), "a new item is on the last page"


async def test_a_suggestion_of_the_former_branch_is_taken_by_a_key() -> None:
    async with dialog(ODD, {"how": {"url": "http://x", "a": "1"}}) as driven:
        driven.form.choose(("how",), 1)
        await driven.screen._pane.show()
        await driven.focus("how", "url")
        await driven.press("ctrl+right")
        assert driven.form.instance["how"] == {"url": "http://x"}
        await driven.press("home", "ctrl+right", "ctrl+right", "z")
        assert driven.form.instance["how"]["url"] == "http://xz", "elsewhere the key moves by a word"


async def test_the_menu_of_a_field_inside_an_item_acts_on_the_item_and_a_union_can_be_unset() -> None:
    async with dialog(ODD, {"hosts": [{"host": "a", "port": 1}], "how": {"url": "x"}}) as driven:
        await driven.screen._pane.go(("hosts", 0, "port"))
        picture = await menu(driven, "hosts", 0, "port")
        assert "Duplicate item 1" in picture and "Add an item to Hosts" in picture
        await driven.press("i")
        assert driven.form.instance["hosts"] == [{"host": "a", "port": 1}] * 2
        await driven.screen._pane.go(("hosts", 1, "host"))
        await menu(driven, "hosts", 1, "host")
        await driven.press("x")
        assert driven.form.instance["hosts"] == [{"host": "a", "port": 1}]
        await menu(driven, "how")
        await driven.press("u")
        assert "how" not in driven.form.instance and driven.focused == ("how",)


async def test_ctrl_n_adds_from_anywhere_inside_and_the_focus_is_on_what_is_to_fill() -> None:
    async with dialog(ODD) as driven:
        await driven.focus("hosts")
        await driven.press("ctrl+n")
        assert driven.focused == ("hosts", 0, "host"), "the first field of the new item"
        await driven.press(*"a", "enter", *"80", "ctrl+n")
        assert driven.focused == ("hosts", 1, "host")
        await driven.press(*"b")
        assert driven.form.instance["hosts"] == [{"host": "a", "port": 80}, {"host": "b"}]
        await driven.press("alt+up")
        assert driven.form.instance["hosts"][0] == {"host": "b"} and driven.focused == ("hosts", 0, "host")
        await driven.press("ctrl+down")
        assert driven.focused == ("hosts", 1, "host")
        await driven.press("alt+delete")
        assert driven.form.instance["hosts"] == [{"host": "a", "port": 80}] and driven.focused == ("hosts", 0)
        await driven.press("f6")
        assert driven.form.instance["hosts"] == [{"host": "a", "port": 80}, {"host": "b"}]
        await driven.press("shift+f6")
        assert driven.form.instance["hosts"] == [{"host": "a", "port": 80}]
        await driven.press("ctrl+delete")
        assert "hosts" not in driven.form.instance and driven.focused == ("hosts",)
        assert isinstance(driven.row("hosts").editor, Head)
        await driven.focus("name")
        await driven.press("ctrl+n")
        assert "no list" in driven.said("said")


async def test_after_an_entry_is_removed_the_next_has_the_focus() -> None:
    async with dialog(ALL, {"name": "x", "env": {"A": "1", "B": "2", "C": "3"}}) as driven:
        await driven.focus("env")
        if not driven.row("env").row.is_open:
            await driven.press("enter")
        await driven.focus("env", "B")
        await driven.press("ctrl+delete")
        assert driven.form.instance["env"] == {"A": "1", "C": "3"} and driven.focused == ("env", "C")
        await driven.press("ctrl+delete")
        assert driven.focused == ("env", "A")
