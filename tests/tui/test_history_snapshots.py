"""How the history, two runs, the timeline and the statistics look. `pytest --snapshot-update` with this file only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.store import Store
from screenshots.kept import release
from tests.tui.console_driver import SMALL, WIDE
from tests.tui.history_driver import NOW, RealThread, some_runs
from tui.app import ConsoleApp

SIZES = {"120x36": WIDE, "80x24": SMALL}
SCENES: dict[str, tuple[str, ...]] = {
    "history": ("H", "j", "space"),
    "compare": ("H", "slash", *"executor:ping", "enter", "B"),
    "timeline": ("H", "W", "j", "j"),
    "stats": ("H", "E", "l"),
}
SHOTS = [(scene, size) for scene in SCENES for size in SIZES] + [("wrong-word", "80x24"), ("filters", "120x36")]
SCENES["wrong-word"] = ("H", "slash", *"stauts:failed")
SCENES["filters"] = ("H", "slash", *"status:failed", "enter", "F", "ctrl+t", *"bad ones", "enter")


async def fill(store: Store) -> None:
    """Some runs, and the release of the pictures on top."""
    await some_runs(store)
    await release(store)


@pytest.mark.parametrize(("scene", "size"), SHOTS, ids=lambda part: part)
def test_screen(snap_compare: Callable[..., bool], tmp_path: Path, scene: str, size: str) -> None:
    async def settle(pilot: Pilot[Any]) -> None:
        for _ in range(3):
            await pilot.pause(0.02)
            await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    async def act(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        for key in SCENES[scene]:
            await pilot.press(key)
            await settle(pilot)
        pilot.app.clear_notifications()
        await settle(pilot)

    thread = RealThread(tmp_path / "taskdeck.db", fill)
    app = ConsoleApp(thread, clock=lambda: NOW, live=False)  # type: ignore[arg-type]
    assert snap_compare(app, terminal_size=SIZES[size], run_before=act)
