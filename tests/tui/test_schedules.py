"""Schedules on the screen: seen, added from a launch form, changed, paused, run, deleted."""

from __future__ import annotations

from textual.widgets import Button

from engine.schedule import Schedule
from screenshots.demo import busy_engine, empty_engine, scheduled_engine
from tests.tui.console_driver import SIZES, Driven, console
from tui.forms.options import LaunchOptions
from tui.screens.launch import LaunchScreen
from tui.screens.quit import Question
from tui.screens.schedules import SchedulesScreen


def kept(driven: Driven, name: str) -> Schedule | None:
    return next((each for each in driven.engine.schedules.kept.values() if each.name == name), None)


@SIZES
async def test_each_says_when_it_comes_and_what_became_of_the_last_time(size: tuple[int, int]) -> None:
    async with console(scheduled_engine, size) as driven:
        await driven.press("at")
        assert "failed" in driven.line("backup") and "cron 30 3 * *" in driven.line("backup")
        assert "2030-01-02 18:30" in driven.line("greet the team") and "paused" in driven.line("report")
        assert "4 schedules · this console launches them" in driven.screen
        assert "At 03:30 on Monday through" in driven.screen
        await driven.press("j", "j")
        assert "skipped: the run before it still runs" in driven.screen
        await driven.press("escape")
        assert driven.app.screen is driven.console


async def test_pause_resume_run_and_delete_by_keys() -> None:
    async with console(scheduled_engine) as driven:
        await driven.press("at", "p")
        assert kept(driven, "backup").paused and "paused" in driven.line("backup")  # type: ignore[union-attr]
        await driven.press("p")
        assert not kept(driven, "backup").paused  # type: ignore[union-attr]
        before = len(driven.engine.tasks)
        await driven.press("r")
        assert len(driven.engine.tasks) == before + 1 and "launched backup" in driven.said
        assert "running" in driven.line("backup")
        await driven.press("D")
        assert isinstance(driven.app.screen, Question)
        await driven.press("enter")
        assert kept(driven, "backup") is not None
        await driven.press("D", "tab", "enter")
        assert kept(driven, "backup") is None and "3 schedules" in driven.screen


async def test_its_last_run_is_gone_to() -> None:
    async with console(scheduled_engine) as driven:
        await driven.press("at", "o")
        assert driven.app.screen is driven.console
        assert driven.console.runs.rows.selected == "deploy"
        await driven.press("at", "j", "o")
        assert "launched nothing" in driven.said and isinstance(driven.app.screen, SchedulesScreen)


async def test_enter_changes_it_in_the_form_of_its_launches() -> None:
    async with console(scheduled_engine) as driven:
        await driven.press("at", "j", "j", "enter")
        screen = driven.app.screen
        assert isinstance(screen, LaunchScreen) and screen.options.schedule == {
            "name": "health", "kind": "every", "rule": "15m", "zone": "UTC", "missed": "skip", "overlap": "skip"
        }  # fmt: skip
        await screen._set_options({"schedule": {"name": "health", "kind": "every", "rule": "30m"}, "priority": 0})
        await driven.press("ctrl+r")
        changed = kept(driven, "health")
        assert changed is not None and changed.when.words == "every 30m" and changed.options == {"priority": 0}
        assert "scheduled health: next" in driven.said and "every 30m" in driven.line("health")


async def test_a_launch_form_schedules_instead_of_launching() -> None:
    async with console(busy_engine) as driven:
        await driven.press("slash", *"greet", "enter", "enter", *"Ann", "f10")
        screen = driven.app.screen
        assert isinstance(screen, LaunchScreen) and "Schedule" in driven.screen
        before = len(driven.engine.tasks)
        await screen._set_options({"schedule": {"name": "morning", "kind": "cron", "rule": "0 9 * * *", "zone": "UTC"}})
        screen._refresh()
        await driven.settle()
        assert "schedule morning: cron 0 9" in driven.screen
        assert str(screen.query_one("#launch-button", Button).label) == "Schedule"
        await driven.press("ctrl+r")
        assert len(driven.engine.tasks) == before
        made = kept(driven, "morning")
        assert made is not None and made.target == "greeting_executor" and made.inputs == {"name": "Ann"}


async def test_what_cannot_be_scheduled_is_said_in_the_form_and_nothing_is_lost() -> None:
    wrong = {"name": "x", "kind": "cron", "rule": "61 * * * *"}
    async with console(busy_engine) as driven:
        await driven.press("slash", *"greet", "enter", "enter", *"Ann")
        screen = driven.app.screen
        assert isinstance(screen, LaunchScreen)
        for given, words in (
            ({"schedule": wrong}, "'61' is no minute"),
            ({"schedule": {**wrong, "rule": "0 9 * * *", "zone": "Berlin"}}, "Europe/Berlin"),
            ({"schedule": {**wrong, "rule": "0 9 * * *"}, "dry_run": True}, "a dry run cannot be scheduled"),
            ({"schedule": {**wrong, "rule": "0 9 * * *"}, "idempotency_key": "k"}, "once only cannot be scheduled"),
        ):
            await screen._set_options(given)
            await driven.press("ctrl+r")
            assert driven.app.screen is screen and words in driven.screen, words
        assert driven.engine.schedules.kept == {} and screen.form.sent == {"name": "Ann"}


async def test_one_is_added_from_the_screen() -> None:
    async with console(empty_engine) as driven:
        await driven.press("at")
        assert "no schedules yet" in driven.screen
        await driven.press("enter")
        assert "there is no schedule" in driven.said
        await driven.press("n", *"wait", "enter", "ctrl+r")
        assert kept(driven, "wait") is not None and "every 1h" in driven.line("wait")


def test_a_secret_is_refused_before_anything_is_kept() -> None:
    from tui.forms.schedule_options import problem_of

    rule = {"name": "x", "kind": "every", "rule": "1h"}
    words, option = problem_of(rule, {"schedule": rule}, {}, {"token": "hunter2"})
    assert "'token' is a secret" in words and option == ""
    assert problem_of(rule, {"schedule": rule}, {}, {"token": "env:TOKEN"}) == ("", "")
    assert LaunchOptions({"schedule": rule}).words == "schedule x: every 1h"
