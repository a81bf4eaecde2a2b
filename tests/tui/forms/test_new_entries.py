"""What is typed and pasted into new entries, into secrets of several lines, and into a form that is not there yet."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.app import App

from tests.tui.launch_driver import Host, dialog, spec
from tui.forms.editors import AreaInput
from tui.forms.heads import AddLine
from tui.screens.launch import LaunchScreen
from tui.typeahead import TypeAhead, Typed

HEADERS = {
    "type": "object",
    "properties": {"headers": {"type": "object", "additionalProperties": {"type": "string"}}},
}


async def test_the_name_of_a_new_entry_hides_its_value_from_the_first_letter_on() -> None:
    async with dialog(HEADERS) as driven:
        await driven.press("ctrl+n", *"Authorization", "tab", *"Bearer x1")
        row = driven.row("headers", "Authorization")
        assert "Bearer" not in driven.picture() and row.editor.value == "Bearer x1"
        assert row.row.kind == "secret" and row.has_focus_within
        assert driven.form.instance == {"headers": {"Authorization": "Bearer x1"}}
        assert "Bearer" not in driven.form.text()


async def test_a_value_stays_where_it_was_typed_when_its_name_changes() -> None:
    async with dialog(HEADERS) as driven:
        await driven.press("ctrl+n", *"Accept", "tab", *"text", "shift+tab", *"-Language", "tab", *"/x")
        assert driven.form.instance == {"headers": {"Accept-Language": "text/x"}}
        assert driven.focused == ("headers", "Accept-Language")
        await driven.press("shift+tab", *["backspace"] * 15, *"password", "tab")
        assert "text/x" not in driven.picture()


async def test_a_secret_of_several_lines_can_be_typed() -> None:
    async with dialog({"type": "object", "properties": {"private_key": {"type": "string"}}}) as driven:
        await driven.press("f4", "a", "enter", "b")
        assert isinstance(driven.row("private_key").editor, AreaInput)
        assert driven.form.instance == {"private_key": "a\nb"}
        await driven.press("f9")
        assert "2 lines" in driven.picture()


async def test_a_paste_onto_the_line_that_adds_to_the_root_adds_entries() -> None:
    async with dialog({"type": "object", "additionalProperties": {"type": "string"}}) as driven:
        driven.screen.query_one(AddLine).focus()
        await driven.pilot.pause()
        await driven.paste("A=1\nB=2")
        await driven.pilot.pause(0.2)
        assert driven.form.instance == {"A": "1", "B": "2"}


async def test_a_list_that_must_hold_something_is_owed_and_not_accused() -> None:
    to = {"type": "array", "minItems": 1, "items": {"type": "string", "format": "email"}}
    async with dialog({"type": "object", "properties": {"to": to}, "required": ["to"]}) as driven:
        assert driven.said("count") == "1 to fill"


async def test_what_was_just_added_is_owed_and_accused_only_when_it_is_left() -> None:
    async with dialog(HEADERS, {"headers": {"A": "1"}}) as driven:
        await driven.press("tab", "ctrl+n")
        assert driven.said("count") == "1 to fill" and "needs a name" not in driven.picture()
        await driven.press("tab", "x")
        assert "needs a name" not in driven.picture(), "the focus is still in it"
        await driven.press("shift+tab", "shift+tab")
        assert "✗ needs a name" in driven.picture()
        await driven.press("f6", "f6", "ctrl+n", "ctrl+r")
        assert "✗ needs a name" in driven.picture(), "a launch was tried"


async def test_a_click_counts_though_an_error_moves_the_button_away() -> None:
    async with dialog({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}) as driven:
        button = driven.screen.query_one("#launch-button")
        before = button.region
        await driven.pilot.mouse_down("#launch-button")
        await driven.pilot.pause(0.1)
        assert button.region != before
        pressed: list[bool] = []
        driven.screen._launch = lambda: _note(pressed)  # type: ignore[method-assign]
        await driven.pilot.mouse_up(offset=before.offset)
        await driven.pilot.pause()
        assert pressed


async def _note(pressed: list[bool]) -> None:
    pressed.append(True)


class Typing(Host):
    """Forwards keys as the console does."""

    def __init__(self, screen: LaunchScreen) -> None:
        super().__init__(screen)
        self._typed = TypeAhead(self, super().on_event)  # type: ignore[arg-type]

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, Typed):
            await self._typed.take(event)
        else:
            await App.on_event(self, event)


async def test_what_is_typed_before_the_form_stands_there_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = LaunchScreen(spec())
    begin = screen._pane.check

    async def slow() -> None:
        await asyncio.sleep(1.0)
        await begin()

    monkeypatch.setattr(screen._pane, "check", slow)
    app = Typing(screen)
    async with app.run_test() as pilot:
        for key in "abc":
            app.post_message(events.Key(key, key))
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.5)
        await pilot.pause(0.2)
        assert screen.form.instance == {"name": "abc"}
