"""How every kind of row looks in each of its states, at both sizes; the scenes are in `form_scenes`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.form_scenes import SCENES
from tests.tui.launch_driver import SIZES, Host, spec
from tui.screens.launch import LaunchScreen


async def settle(pilot: Pilot[Any]) -> None:
    for _ in range(4):
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    await pilot.pause(0.1)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the picker of paths sees, in a folder of so long a name that nothing before it is shown."""
    here = tmp_path / "/".join(["a folder with a name of so many words that it fills a line"] * 2)
    (here / "notes" / "deep").mkdir(parents=True)
    for name in ("notes/one.txt", "notes/other [x].md", "numbers.csv"):
        (here / name).write_text("text")
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("size", SIZES, ids=["120x36", "80x24"])
@pytest.mark.parametrize("name", SCENES)
def test_form(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    scene = SCENES[name]

    async def act(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press(*scene.keys)
        await settle(pilot)

    app = Host(LaunchScreen(spec(scene.schema, **scene.given), scene.inputs))
    assert snap_compare(app, terminal_size=size, run_before=act)
