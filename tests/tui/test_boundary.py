"""A fault in the console is shown and logged, and the console goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, ClassVar

import pytest
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input

from engine.errors import TaskError
from tui.boundary import FaultBoundary, ask


class Fragile(Button):
    """Fails at each press it is told to fail at."""

    presses = 0

    class Poked(Message):
        pass

    def on_button_pressed(self) -> None:
        self.presses += 1
        if self.presses == 1:
            raise ValueError("[/x] first \x1b[2J press")

    def on_fragile_poked(self) -> None:
        raise KeyError("poked")


class BrokenDialog(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "")]

    def compose(self) -> ComposeResult:
        yield Input()
        raise RuntimeError("no form for this")

    def action_leave(self) -> None:
        self.dismiss()


class FragileApp(FaultBoundary):
    BINDINGS: ClassVar[list[BindingType]] = [("f", "fail", ""), ("o", "open", "")]

    def __init__(self, *, fails_at: str = "") -> None:
        super().__init__()
        self.fails_at = fails_at
        self.told: list[BaseException] = []
        self.toasts: list[str] = []

    def compose(self) -> ComposeResult:
        yield Fragile("press")

    def on_mount(self) -> None:
        if self.fails_at == "mount":
            raise OSError("before the first paint")

    def on_unmount(self) -> None:
        if self.fails_at == "unmount":
            raise OSError("on the way out")

    def action_fail(self) -> None:
        raise LookupError("an action")

    def action_open(self) -> None:
        self.push_screen(BrokenDialog())

    def report_fault(self, error: BaseException) -> None:
        self.told.append(error)
        super().report_fault(error)

    def notify(self, message: str, **options: Any) -> None:
        assert options["markup"] is False
        self.toasts.append(message)
        super().notify(message, **options)


def kinds(app: FragileApp) -> list[str]:
    return [type(error).__name__ for error in app.told]


async def test_a_widget_whose_handler_failed_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    app = FragileApp()
    async with app.run_test(notifications=True) as pilot:
        button = app.query_one(Fragile)
        for _ in range(3):
            button.press()
            await pilot.pause()
        assert button.presses == 3
        button.post_message(Fragile.Poked())
        await pilot.pause()
        assert kinds(app) == ["ValueError", "KeyError"]
        assert app.toasts[0] == "ValueError: [/x] first  press"
    assert not app.return_code
    assert "first" in caplog.text and "on_button_pressed" in app.faults[0]


async def test_a_failed_action_does_not_end_the_app() -> None:
    app = FragileApp()
    async with app.run_test() as pilot:
        await pilot.press("f", "f")
        assert kinds(app) == ["LookupError"], "the same fault is told once, not at every key"
        assert len(app.faults) == 2
        await pilot.press("o")
        await pilot.pause()
        assert isinstance(app.screen, BrokenDialog)
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, BrokenDialog), "a dialog that could not be drawn can be left"
        assert kinds(app) == ["LookupError", "RuntimeError"]


async def test_timers_workers_and_callbacks_are_caught_too() -> None:
    app = FragileApp()

    def failing(kind: type[Exception]) -> None:
        raise kind("late")

    async def working() -> None:
        raise BufferError("a worker")

    async with app.run_test() as pilot:
        app.set_timer(0.01, lambda: failing(EOFError))
        app.call_later(failing, ArithmeticError)
        app.run_worker(working())
        await pilot.pause(0.1)
        await app.workers.wait_for_complete([])
        assert sorted(kinds(app)) == ["ArithmeticError", "BufferError", "EOFError"]
        assert app.is_running


async def test_a_repeating_fault_does_not_flood_the_screen() -> None:
    app = FragileApp()

    def tick() -> None:
        raise ValueError("at every tick")

    async with app.run_test() as pilot:
        timer = app.set_interval(0.005, tick)
        for _ in range(100):
            await pilot.pause(0.05)
            if len(app.faults) > 3:
                break
        timer.stop()  # a fault while the app ends is not kept from ending it
        await pilot.pause(0.05)
        assert len(app.faults) > 3 and kinds(app) == ["ValueError"]


async def test_a_report_that_fails_ends_the_app() -> None:
    class Hopeless(FragileApp):
        def report_fault(self, error: BaseException) -> None:
            raise RecursionError("the dialog")

    app = Hopeless()
    with pytest.raises(RecursionError):
        async with app.run_test() as pilot:
            await pilot.press("f")
            await pilot.pause()


@pytest.mark.parametrize("moment", ["mount", "unmount"])
async def test_faults_before_the_first_paint_and_at_the_end_are_not_hidden(moment: str) -> None:
    app = FragileApp(fails_at=moment)
    with pytest.raises(OSError):
        async with app.run_test() as pilot:
            await pilot.pause()
    assert app.told == []


async def test_ask_hands_over_the_result() -> None:
    app = FragileApp()
    got: list[int] = []

    async def answer() -> int:
        return 7

    async def later(number: int) -> None:
        await asyncio.sleep(0)
        got.append(number + 1)

    async with app.run_test():
        await ask(app, answer(), got.append).wait()
        await ask(app, answer, later).wait()
        await ask(app, answer()).wait()
    assert got == [7, 8]


async def test_a_refusal_is_a_toast_with_its_hint() -> None:
    app = FragileApp()

    async def refuse() -> int:
        raise TaskError("the task [b]runs[/b] already", "Cancel it first")

    async with app.run_test():
        await ask(app, refuse, lambda _: pytest.fail("no result was there")).wait()
        assert app.toasts == ["the task [b]runs[/b] already\nCancel it first"]
        assert app.told == []


async def test_any_other_error_of_what_was_asked_is_a_fault() -> None:
    app = FragileApp()

    async def answer() -> int:
        return 7

    def wrong(_: int) -> None:
        raise ZeroDivisionError

    async with app.run_test():
        await ask(app, answer, wrong).wait()
        assert kinds(app) == ["ZeroDivisionError"]


async def test_the_newer_question_of_a_group_ends_the_older_one() -> None:
    app = FragileApp()
    got: list[str] = []

    async def answer(text: str) -> str:
        await asyncio.sleep(0.01)
        return text

    async with app.run_test() as pilot:
        works: list[Awaitable[str]] = [answer("a"), answer("ab"), answer("abc")]
        for work in works:  # the first two are cancelled before they began, and warn of nothing
            ask(app, work, got.append, group="search", exclusive=True)
        await pilot.pause(0.1)
    assert got == ["abc"]
