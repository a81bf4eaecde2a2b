"""The console over an engine of scripted answers, and what drives it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from screenshots.demo import empty_engine
from tests.tui.fake_engine import NOON, FakeEngine, FakeThread
from tui.app import ConsoleApp
from tui.screens.console import ConsoleScreen

WIDE, SMALL, TINY = (120, 36), (80, 24), (20, 5)
SIZES = pytest.mark.parametrize("size", [WIDE, SMALL])


class Driven:
    """A running console with what tests ask of it."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[Any], engine: FakeEngine) -> None:
        self.app, self.pilot, self.engine = app, pilot, engine

    @property
    def console(self) -> ConsoleScreen:
        return self.app.console_screen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(2):
            await self.pilot.pause()
            await self.app.workers.wait_for_complete()
            self.app.pump.flush()
        await self.pilot.pause()

    @property
    def screen(self) -> str:
        """What is on the screen, as text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    @property
    def last_line(self) -> str:
        return self.screen.split("\n")[-1]

    def line(self, text: str) -> str:
        """The first line of the screen that holds `text`; "" when none does."""
        return next((line for line in self.screen.split("\n") if text in line), "")

    @property
    def said(self) -> str:
        """All toasts of the session, a line each."""
        return "\n".join(notice.text for notice in self.app.notices)

    async def select(self, task_id: str) -> None:
        """Go to the runs and put the cursor on a task."""
        await self.press("2")
        assert self.console.runs.rows.select(task_id)
        await self.settle()


@asynccontextmanager
async def console(
    make: Callable[[], FakeEngine] = empty_engine,
    size: tuple[int, int] = WIDE,
    failure: Exception | None = None,
    **options: Any,
) -> AsyncIterator[Driven]:
    engine = make()
    app = ConsoleApp(FakeThread(engine, failure), clock=lambda: NOON, live=False, **options)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        driven = Driven(app, pilot, engine)
        await driven.settle()
        yield driven
        assert list(app.faults) == []
