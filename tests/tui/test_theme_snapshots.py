"""How the console looks in each theme, with ASCII only and without colour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from screenshots.demo import busy_engine
from tests.tui.fake_engine import NOON, FakeThread
from tui.app import ConsoleApp
from tui.look import Look

RUNNING = ("2", "g", "j", "j")
LAUNCH = ("slash", *"greet", "enter", "enter", *"Alice")
SHOTS: dict[str, tuple[Look, tuple[int, int], tuple[str, ...]]] = {
    "light": (Look("light"), (120, 36), RUNNING),
    "contrast": (Look("contrast"), (120, 36), RUNNING),
    "ansi": (Look("ansi"), (120, 36), RUNNING),
    "plain": (Look("plain"), (120, 36), RUNNING),
    "ascii": (Look("dark", ascii=True), (120, 36), RUNNING),
    "plain-ascii-80x24": (Look("plain", ascii=True), (80, 24), RUNNING),
    "light-launch-80x24": (Look("light"), (80, 24), LAUNCH),
    "contrast-launch-80x24": (Look("contrast"), (80, 24), LAUNCH),
    "ansi-launch-80x24": (Look("ansi"), (80, 24), LAUNCH),
    "plain-launch-80x24": (Look("plain"), (80, 24), LAUNCH),
    "command-line": (Look(), (80, 24), ("2", "colon", *"launch", "space", *"gr")),
    "jump": (Look(), (120, 36), ("2", "g", "ctrl+o")),
}


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A countdown must not depend on when the picture is taken."""
    monkeypatch.setattr("engine.graph.now", lambda: NOON)


@pytest.mark.parametrize("shot", SHOTS)
def test_look(snap_compare: Callable[..., bool], shot: str) -> None:
    look, size, keys = SHOTS[shot]

    async def act(pilot: Pilot[Any]) -> None:
        for press in ((), keys, ()):
            await pilot.press(*press)
            for _ in range(2):
                await pilot.pause()
                await pilot.app.workers.wait_for_complete()
            pilot.app.clear_notifications()
        await pilot.pause()

    app = ConsoleApp(FakeThread(busy_engine()), clock=lambda: NOON, live=False, look=look)  # type: ignore[arg-type]
    assert snap_compare(app, terminal_size=size, run_before=act)
