"""How each screen looks, at both sizes. `pytest --snapshot-update` after looking at the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from screenshots.demo import (
    asking_engine,
    broken_engine,
    busy_engine,
    empty_engine,
    scheduled_engine,
    steered_engine,
)
from tests.tui.fake_engine import NOON, FakeEngine, FakeThread
from tui.app import ConsoleApp

WIDE, SMALL = (120, 36), (80, 24)

SCENES: dict[str, tuple[Callable[[], FakeEngine], tuple[str, ...]]] = {
    "first-start": (empty_engine, ()),
    "running": (busy_engine, ("2", "g", "j", "j")),
    "failed": (busy_engine, ("2", "G", "k")),
    "problem": (broken_engine, ("1",)),
    "filter": (busy_engine, ("slash", *"greet")),
    "launch": (busy_engine, ("slash", *"greet", "enter", "enter", *"Alice")),
    "launch-json": (busy_engine, ("slash", *"greet", "enter", "enter", *"Alice", "f2")),
    "help": (busy_engine, ("2", "question_mark")),
    "quit": (busy_engine, ("q",)),
    "messages": (broken_engine, ("M",)),
    "steered": (steered_engine, ("2", "g", "j", "j")),
    "queue-paused": (broken_engine, ("2", "P")),
    "attempts": (steered_engine, ("2", "g", "j", "j", "f9", "3", "plus")),
    "delete": (busy_engine, ("2", "G", "D")),
    "asking": (asking_engine, ("2", "g", "j", "j")),
    "answer": (asking_engine, ("2", "g", "j", "j", "enter")),
    "schedules": (scheduled_engine, ("at",)),
    "no-schedules": (empty_engine, ("at",)),
    "schedule-form": (scheduled_engine, ("at", "enter", "f10")),
}


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A countdown must not depend on when the picture is taken."""
    monkeypatch.setattr("engine.graph.now", lambda: NOON)


async def settle(pilot: Pilot[Any]) -> None:
    for _ in range(2):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["120x36", "80x24"])
@pytest.mark.parametrize("scene", SCENES)
def test_screen(snap_compare: Callable[..., bool], scene: str, size: tuple[int, int]) -> None:
    make, keys = SCENES[scene]

    async def act(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        pilot.app.clear_notifications()
        await pilot.press(*keys)
        await settle(pilot)
        pilot.app.clear_notifications()  # they go by themselves, sooner or later than the picture is taken
        await settle(pilot)

    app = ConsoleApp(FakeThread(make()), clock=lambda: NOON, live=False)  # type: ignore[arg-type]
    assert snap_compare(app, terminal_size=size, run_before=act)
