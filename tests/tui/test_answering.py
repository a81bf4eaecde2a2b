"""A person answers what tasks ask: seen in the row, the status line and by the bell, answered in a form."""

from __future__ import annotations

import pytest

from engine.events import EventKind
from engine.task import TaskStatus
from screenshots.demo import asking_engine, empty_engine
from tests.tui.console_driver import SIZES, console
from tui.screens.answer import AnswerScreen
from tui.screens.ask_name import NameScreen


@SIZES
async def test_what_waits_is_seen_and_enter_opens_its_form(size: tuple[int, int]) -> None:
    async with console(asking_engine, size) as driven:
        assert "1 to answer" in driven.last_line
        await driven.select("golive")
        assert "? to answer" in driven.line("Go live?") and "waits for an answer" in driven.line("Go live?")
        await driven.press("enter")
        assert isinstance(driven.app.screen, AnswerScreen)
        for words in ("Put version 41 on the web?", "All 212 tests passed", "asked", "of ada, grace", "Host", "Reject"):
            assert words in driven.screen, words


async def test_the_values_of_the_form_approve_once_they_hold() -> None:
    async with console(asking_engine) as driven:
        await driven.select("golive")
        await driven.press("enter", "ctrl+r")
        assert "1 problem" in driven.screen and driven.engine.answers.given == []
        await driven.press("space", "tab", *"fine", "ctrl+r")
        assert driven.engine.answers.given == [("golive", True, {"host": "web-1", "note": "fine"}, "")]
        assert driven.app.screen is driven.console and "was approved by ada" in driven.said
        assert "to answer" not in driven.last_line


async def test_a_rejection_asks_for_the_reason_and_needs_no_form() -> None:
    async with console(asking_engine) as driven:
        await driven.select("golive")
        await driven.press("i", "f10")
        assert isinstance(driven.app.screen, NameScreen)
        await driven.press("enter")  # without a reason nothing is rejected
        await driven.press(*"late", "enter")
        assert driven.engine.answers.given == [("golive", False, {}, "late")]
        assert driven.engine.tasks["golive"].status is TaskStatus.FAILED


async def test_the_buttons_do_what_they_say() -> None:
    async with console(asking_engine) as driven:
        await driven.select("golive")
        await driven.press("enter")
        driven.app.screen.query_one("#reject-button").focus()
        await driven.press("enter")
        assert isinstance(driven.app.screen, NameScreen)
        await driven.press("escape", "shift+tab", "enter")
        assert "1 problem" in driven.screen
        await driven.press("space", "tab", "tab", "enter")
        assert driven.engine.answers.given == [("golive", True, {"host": "web-1"}, "")]


async def test_an_input_step_takes_no_rejection_and_esc_leaves_it_waiting() -> None:
    async with console(asking_engine) as driven:
        driven.engine.answers.ask("golive", options=["approve"])
        await driven.select("golive")
        await driven.press("enter")
        assert not driven.app.screen.query("#reject-button")
        await driven.press("f10")
        assert "takes no rejection" in driven.screen
        await driven.press("f5")
        assert "nothing is kept of answers" in driven.screen
        await driven.press("escape")
        assert driven.app.screen is driven.console and driven.engine.tasks["golive"].is_asking


async def test_who_was_faster_is_told() -> None:
    async with console(asking_engine) as driven:
        await driven.select("golive")
        await driven.press("enter")
        await driven.engine.answers.give("golive", False, reason="no", who="grace")
        await driven.press("space", "ctrl+r")
        assert "asks nothing: it is failed" in driven.said


async def test_a_form_whose_question_was_answered_elsewhere_says_so_and_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.answer.LOOK_EVERY", 0.02)
    async with console(asking_engine) as driven:
        await driven.select("golive")
        assert "i opens the question" in driven.screen
        await driven.press("enter", "f10")  # asked for the reason: nothing closes under that
        assert isinstance(driven.app.screen, NameScreen)
        await driven.engine.answers.give("golive", True, {"host": "web-1"}, who="grace")
        await driven.press("escape")
        for _ in range(100):
            if driven.app.screen is driven.console:
                break
            await driven.pilot.pause(0.05)
        assert driven.app.screen is driven.console
        assert "asks nothing" in driven.said


async def test_elsewhere_the_key_lists_all_that_waits() -> None:
    async with console(asking_engine) as driven:
        await driven.press("2", "G", "i")
        assert "Put version 41 on the web?" in driven.screen
        await driven.press("enter")
        assert isinstance(driven.app.screen, AnswerScreen)
    async with console(empty_engine) as driven:
        await driven.press("2", "i")
        assert "nothing waits for an answer" in driven.said


@pytest.mark.parametrize("setting", ["bell", "off"])
async def test_a_new_question_rings_the_bell_and_is_named(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rung = []
    async with console(asking_engine) as driven:
        driven.app.change_setting("notify", setting)
        monkeypatch.setattr(driven.app, "bell", lambda: rung.append(True))
        driven.engine.add("Sign off?", id="sign")
        driven.engine.answers.ask("sign", title="Sign off?")
        await driven.settle()
        assert "2 to answer" in driven.last_line
        assert bool(rung) is (setting == "bell")
        assert ("Sign off? waits for an answer: i opens it" in driven.said) is (setting == "bell")


async def test_what_went_wrong_beside_all_tasks_is_in_the_messages() -> None:
    async with console(empty_engine) as driven:
        driven.engine.publish(EventKind.NOTICE, data="the webhook \x1b[31mx[/] was not told")
        await driven.press("M")
        assert "the webhook" in driven.screen and "was not told" in driven.screen and "\x1b" not in driven.screen
