"""Where nothing may be changed, or not by this user: every key says so before it asks anything; the screen shows it."""

from __future__ import annotations

import pytest

from screenshots.demo import busy_engine
from tests.tui.console_driver import SIZES, console
from tests.tui.fake_engine import FakeEngine, make_spec
from tui.screens.console import ConsoleScreen

LOOKING = ("?", "escape", "M", "escape", "alt+2", "alt+6", "L", "L", "tab", "slash", "escape")
CHANGING = {
    "r": "rerun", "V": "rerun", "c": "cancel", "C": "cancel", "p": "pause", "P": "pause", "S": "skip", "K": "launch",
    "D": "delete", "e": "edit",
}  # fmt: skip
BARRED = "'wipe' is not among the executors that are allowed here (look)"


def looking_only() -> FakeEngine:
    engine = busy_engine()
    engine.access.read_only = True
    return engine


def limited() -> FakeEngine:
    engine = FakeEngine(make_spec("look", "Look"), make_spec("wipe", "Wipe", barred=BARRED))
    engine.add("wipe", id="old", params={"executor_id": "wipe"})
    engine.start("old")
    engine.finish("old", result={})
    return engine


@SIZES
async def test_the_status_line_says_that_nothing_may_be_changed(size: tuple[int, int]) -> None:
    async with console(looking_only, size) as driven:
        assert driven.last_line.startswith(" read-only │")
        await driven.press(*LOOKING)
        assert not driven.engine.asked and not driven.said


@pytest.mark.parametrize("key", CHANGING)
async def test_a_key_that_would_change_something_says_why_not(key: str) -> None:
    async with console(looking_only) as driven:
        await driven.select("deploy")
        await driven.press(key)
        assert driven.engine.asked == [("refused", CHANGING[key])]
        assert "read-only mode" in driven.said
        assert isinstance(driven.app.screen, ConsoleScreen), "nothing is asked first"


async def test_marked_tasks_are_left_alone_too() -> None:
    async with console(looking_only) as driven:
        await driven.select("deploy")
        await driven.press("space", "D")
        assert driven.engine.asked == [("refused", "delete")]


@pytest.mark.parametrize("line", ["launch greeting_executor", "pause queue", "cancel tree", "runs.delete"])
async def test_a_typed_command_is_refused_the_same_way(line: str) -> None:
    async with console(looking_only) as driven:
        await driven.select("deploy")
        await driven.press("colon", *line, "enter")
        assert [what for what, _ in driven.engine.asked] == ["refused"]
        assert "read-only mode" in driven.said


async def test_no_form_opens() -> None:
    async with console(looking_only) as driven:
        await driven.press("1", "enter")
        assert driven.engine.asked == [("refused", "launch")]
        assert isinstance(driven.app.screen, ConsoleScreen)


@SIZES
async def test_what_this_user_may_not_run_is_listed_with_the_reason(size: tuple[int, int]) -> None:
    async with console(limited, size) as driven:
        await driven.press("1")
        assert "- wipe  not allowed here" in driven.screen
        await driven.press("G")
        assert "not among" in driven.screen
        await driven.press("enter")
        assert driven.engine.asked == [("refused", "launch")] and BARRED in driven.said
        await driven.press("k", "enter")
        assert not isinstance(driven.app.screen, ConsoleScreen), "what is allowed opens its form"


@pytest.mark.parametrize("key", ["r", "K"])
async def test_what_ran_once_is_not_run_again(key: str) -> None:
    async with console(limited) as driven:
        await driven.press("2", key)
        assert [what for what, _ in driven.engine.asked] == ["refused"]
        assert BARRED in driven.said and isinstance(driven.app.screen, ConsoleScreen)
