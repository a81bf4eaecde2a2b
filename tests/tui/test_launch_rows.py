"""Each kind of row of the launch dialog, driven by keys (forms.md 1.2, 1.3, 5.2)."""

from __future__ import annotations

from tests.tui.launch_driver import ALL, dialog
from tui.forms.choice import ChoiceScreen
from tui.forms.controls import Drop, Head, Hidden, Options
from tui.forms.editors import AreaInput
from tui.screens.launch import LaunchRequest

# --- the kinds of rows -------------------------------------------------------------------------------------------


async def test_a_boolean_has_three_states() -> None:
    async with dialog(ALL) as driven:
        await driven.focus("loud")
        seen = []
        for key in ("space", "space", "space", "y", "n", "delete"):
            await driven.press(key)
            seen.append(driven.form.instance.get("loud"))
        assert seen == [False, True, None, True, False, None]


async def test_a_short_choice_is_made_in_its_line_and_none_is_preselected() -> None:
    async with dialog() as driven:
        await driven.focus("language")
        assert isinstance(driven.row("language").editor, Options) and "language" not in driven.form.instance
        assert "en (default)" in driven.picture()
        for key, value in (("right", "en"), ("right", "fr"), ("left", "en"), ("f", "fr")):
            await driven.press(key)
            assert driven.form.instance["language"] == value
        await driven.press("delete")
        assert "language" not in driven.form.instance


async def test_a_long_choice_opens_a_list_with_a_filter() -> None:
    async with dialog(ALL) as driven:
        await driven.focus("country")
        assert isinstance(driven.row("country").editor, Drop)
        await driven.press("enter")
        assert isinstance(driven.app.screen, ChoiceScreen)
        await driven.press(*"try 3", "down", "enter")
        assert driven.form.instance["country"] == "country 13"
        assert driven.focused == ("country",)
        await driven.press("enter", "escape")
        assert driven.form.instance["country"] == "country 13"


async def test_ctrl_r_launches_out_of_an_open_choice() -> None:
    async with dialog(ALL) as driven:
        await driven.press(*"Al")
        await driven.focus("country")
        await driven.press("enter", "down", "ctrl+r")
        assert driven.app.answers == [LaunchRequest("greet", {"name": "Al", "country": "country 1"})]


async def test_several_of_a_list_are_marked() -> None:
    async with dialog(ALL) as driven:
        await driven.focus("days")
        await driven.press("enter", "down", "tab", "up", "tab", "enter")
        assert driven.form.instance["days"] == ["tue", "mon"], "in the order of marking"


async def test_items_are_typed_added_and_removed() -> None:
    async with dialog(ALL) as driven:
        await driven.focus("tags")
        await driven.press("enter", *"one", "ctrl+n", *"x", "ctrl+n", *"three")
        assert driven.form.instance["tags"] == ["one", "x", "three"]
        assert driven.row("tags", 1).error == "must have at least 2 characters" or driven.row("tags", 1).error
        await driven.focus("tags", 1)
        await driven.press("ctrl+delete")
        assert driven.form.instance["tags"] == ["one", "three"] and driven.focused == ("tags", 1)
        assert driven.row("tags", 1).editor.value == "three"
        await driven.press("alt+up")
        assert driven.form.instance["tags"] == ["three", "one"] and driven.focused == ("tags", 0)
        await driven.press("f6", "f6")
        assert driven.form.instance["tags"] == ["one", "x", "three"], "undo brings it back"


async def test_a_paste_of_lines_becomes_items() -> None:
    async with dialog(ALL) as driven:
        await driven.focus("tags")
        await driven.press("enter")
        await driven.paste("aa\nbb\r\ncc\n")
        assert driven.form.instance["tags"] == ["aa", "bb", "cc"]


async def test_entries_are_typed_and_pasted() -> None:
    async with dialog(ALL) as driven:
        await driven.press(*"Al")
        await driven.focus("env")
        await driven.press("enter", *"HOME", "enter", *"/root", "ctrl+n", *"HOME", "enter", *"x")
        await driven.press("ctrl+r")
        assert driven.app.answers == [], "a key that is taken holds the launch"
        assert "taken" in driven.row("env", "").error
        await driven.press("ctrl+delete")
        assert driven.form.instance["env"] == {"HOME": "/root"}
        await driven.focus("env")
        await driven.paste("A=1\nB: two")
        assert driven.form.instance["env"] == {"HOME": "/root", "A": "1", "B": "two"}


async def test_a_section_opens_and_closes() -> None:
    async with dialog(ALL) as driven:
        await driven.focus("limits")
        assert isinstance(driven.app.focused, Head)
        await driven.press("enter", "tab", *"2.50")
        assert driven.form.instance["limits"] == {"cpu": 2.5} and driven.row("limits", "cpu").editor.value == "2.50"
        await driven.focus("limits")
        await driven.press("space")
        assert "{1 set}  2.50" in driven.picture()


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
        await driven.focus("token")
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
        await driven.focus("token")
        await driven.paste("-----BEGIN\nsecret\n-----END")
        assert driven.form.instance["token"] == "-----BEGIN\nsecret\n-----END"
        assert isinstance(driven.row("token").editor, Hidden) and "BEGIN" not in driven.picture()
        await driven.press("f9")
        assert "BEGIN" in driven.picture()


async def test_null_and_empty_are_asked_for_by_a_key() -> None:
    async with dialog(ALL) as driven:
        await driven.focus("note")
        seen = []
        for _ in range(3):
            await driven.press("f12", "f12")
            seen.append(driven.form.instance.get("note", "absent"))
        assert seen == [None, "", "absent"]
