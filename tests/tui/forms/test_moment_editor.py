"""Rows of dates and times, driven by keys: free typing, steps, words, the calendar (forms.md 1.2, 3.13)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.tui.launch_driver import EVIL, SIZES, dialog
from tui.screens.calendar import CalendarScreen

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "day": {"type": "string", "format": "date", "default": "2026-03-31"},
        "at": {"type": "string", "format": "time"},
        "when": {"type": "string", "format": "date-time"},
        "until": {"type": ["string", "null"], "format": "date-time"},
        "last": {"type": "string"},
    },
}
FULL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+02:00")


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A zone that is never UTC, and always the same."""
    monkeypatch.setenv("TZ", "XYZ-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


async def test_anything_can_be_typed_and_nothing_is_lost() -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("day")
        await driven.press(*"04.03.2026?", "tab")
        assert driven.form.instance == {"day": "04.03.2026?"} and driven.row("day").editor.value == "04.03.2026?"
        assert "must be a date like 2026-03-04" in driven.picture()
        await driven.focus("day")
        await driven.press("up", "down", "pageup")
        assert driven.row("day").editor.value == "04.03.2026?", "no step takes away what was typed"


async def test_arrows_step_the_part_under_the_cursor() -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("day")
        await driven.press("up")
        assert driven.form.instance == {"day": "2026-03-31"}, "from the default"
        await driven.press("left", "left", "left", "up")
        assert driven.form.instance == {"day": "2026-04-30"}, "and no day is made up"
        await driven.press("home", "pagedown", "end", "down")
        assert driven.form.instance == {"day": "2016-04-29"} and driven.focused == ("day",)
        assert "Fri" in driven.picture()
        await driven.press("f6")
        assert driven.form.instance == {}, "a run of steps is one edit"


async def test_an_empty_field_begins_now() -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("when")
        await driven.press("up")
        when = datetime.fromisoformat(driven.form.instance["when"])
        assert FULL.fullmatch(driven.form.instance["when"]) and when.second == 0
        assert abs(datetime.now().astimezone() - when) < timedelta(minutes=2)


async def test_words_become_a_moment_when_the_field_is_left() -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("when")
        await driven.press(*"+2h")
        assert driven.row("when").editor.value == "+2h", "not under the fingers"
        assert "→ 20" in driven.picture(), "but it is said"
        await driven.press("tab")
        text = driven.row("when").editor.value
        assert FULL.fullmatch(text) and driven.form.instance["when"] == text
        assert abs(datetime.now().astimezone() + timedelta(hours=2) - datetime.fromisoformat(text)) < timedelta(
            minutes=1
        )
        assert "here (+02:00)" in driven.picture() and "UTC" in driven.picture()


async def test_a_row_is_as_high_as_what_it_says() -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("at")
        await driven.press(*"9:30")
        assert driven.row("at").size.height == 2, "what it means stands below"
        await driven.press("tab")
        assert driven.row("at").size.height == 1 and driven.row("at").editor.value == "09:30:00+02:00"


async def test_a_launch_gets_the_moment_of_a_word_just_typed() -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("day")
        await driven.press(*"today", "ctrl+r")
        today = datetime.now().date().isoformat()
        assert driven.app.answers[0] is not None and driven.app.answers[0].inputs == {"day": today}


async def test_what_was_loaded_is_sent_letter_by_letter() -> None:
    odd = {
        "day": "2026-03-04",
        "at": "12:30:00.5z",
        "when": "2026-03-04t12:30:00-11:30",
        "until": "2026-03-04T12:30:00.123456789Z",
    }
    async with dialog(SCHEMA, odd) as driven:
        for name in odd:
            await driven.focus(name)
            await driven.press("end", "left", "right")
        await driven.focus("last")
        assert driven.form.instance == odd and driven.form.problems == []
        await driven.press("ctrl+r")
        assert driven.app.answers[0] is not None and driven.app.answers[0].inputs == odd


async def test_unfinished_data_is_not_finished_unasked() -> None:
    async with dialog(SCHEMA, {"when": "2026-03-04 12:30", "day": "today"}) as driven:
        await driven.focus("when")
        await driven.focus("day")
        await driven.focus("last")
        assert driven.form.instance == {"when": "2026-03-04 12:30", "day": "today"}
        assert [problem.path for problem in driven.form.problems] == [("day",), ("when",)]
        await driven.focus("when")
        await driven.press("backspace", "0", "tab")
        assert driven.form.instance["when"] == "2026-03-04 12:30", "the same text again is still what was loaded"
        await driven.press("shift+tab", "up", "tab")
        assert driven.form.instance["when"] == "2026-03-04T12:31:00+02:00", "an edit finishes it"


async def test_a_key_in_between_does_not_finish_what_is_being_typed() -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("when")
        await driven.press(*"2026-07-01", "f1", "f1")
        assert driven.row("when").editor.value == "2026-07-01"
        await driven.press(*" 9:30", "tab")
        assert driven.form.instance["when"] == "2026-07-01T09:30:00+02:00"


async def test_cleared_it_is_absent_and_null_is_asked_for() -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("until")
        await driven.press(*"now", "tab", "shift+tab", "end", "ctrl+u")
        assert driven.form.instance == {}
        driven.form.set_null(("until",))
        await driven.screen.pane.show()
        assert driven.row("until").editor.value == "" and driven.row("until").editor.typed == ""
        await driven.press("tab")
        assert driven.form.instance == {"until": None}


# --- the calendar ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_the_calendar_takes_a_day_and_keeps_the_clock(size: tuple[int, int]) -> None:
    async with dialog(SCHEMA, {"when": "2026-03-31T23:59:58.5-09:30"}, size=size) as driven:
        await driven.focus("when")
        await driven.press("f4")
        assert isinstance(driven.app.screen, CalendarScreen)
        picture = driven.picture()
        for words in ("March 2026", "Mo  Tu  We", "[31]", "2026-03-31T23:59:58.5-09:30", "Esc leaves", "14 "):
            assert words in picture, words
        await driven.press("right", "down", "h", "k", "pagedown", "right_square_bracket", "ctrl+left", "l", "j")
        assert "May 2026" in driven.picture()
        await driven.press("enter")
        assert driven.form.instance == {"when": "2026-05-08T23:59:58.5-09:30"} and driven.focused == ("when",)
        await driven.press("f4", "down", "escape")
        assert driven.form.instance == {"when": "2026-05-08T23:59:58.5-09:30"} and driven.focused == ("when",)


async def test_the_calendar_of_an_empty_field_begins_today() -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("day")
        await driven.press("f4", "pageup", "home", "end", "t", "enter")
        assert driven.form.instance == {"day": datetime.now().date().isoformat()}


async def test_the_calendar_begins_where_a_word_leads() -> None:
    async with dialog(SCHEMA) as driven:
        await driven.focus("day")
        await driven.press(*"2026-7-1", "f4", "enter")
        assert driven.form.instance == {"day": "2026-07-01"}


async def test_ctrl_r_launches_out_of_the_calendar() -> None:
    async with dialog(SCHEMA, {"day": "2026-03-04"}) as driven:
        await driven.focus("day")
        await driven.press("f4", "right", "ctrl+r")
        assert driven.app.answers[0] is not None and driven.app.answers[0].inputs == {"day": "2026-03-05"}


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31"])
async def test_the_calendar_has_ends(text: str) -> None:
    async with dialog(SCHEMA, {"day": text}) as driven:
        await driven.focus("day")
        step = ("left", "up", "pageup") if text < "1" else ("right", "down", "pagedown")
        await driven.press("f4", *step, "enter")
        assert driven.form.instance == {"day": text}


async def test_foreign_text_does_no_harm() -> None:
    schema = {"type": "object", "properties": {"d": {"type": "string", "format": "date", "title": EVIL}}}
    async with dialog(schema) as driven:
        await driven.focus("d")
        await driven.paste("[/x]\x1b]0;a\x07")
        assert "\x1b" not in driven.picture()
        await driven.press("f4")
        assert isinstance(driven.app.screen, CalendarScreen) and "\x1b" not in driven.picture()


async def test_items_of_a_list_are_moments_too() -> None:
    schema = {
        "type": "object",
        "properties": {"days": {"type": "array", "items": {"type": "string", "format": "date"}}},
    }
    async with dialog(schema) as driven:
        await driven.focus("days")
        await driven.press(
            "enter", *"2026-3-4", "ctrl+n", *"2026-03-05", "ctrl+n", "up", "ctrl+u", *"2026-03-06", "ctrl+r"
        )
        assert driven.app.answers[0] is not None
        assert driven.app.answers[0].inputs == {"days": ["2026-03-04", "2026-03-05", "2026-03-06"]}
