"""The order of the runs that a person chose stands at the next start too."""

from __future__ import annotations

from pathlib import Path

import pytest

from screenshots.demo import busy_engine
from tests.tui.console_driver import console
from tui.state_file import Kept


async def test_the_order_of_the_runs_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    async with console(busy_engine, kept=Kept.load(path)) as driven:
        await driven.press("2", "s")
        assert "by name" in driven.screen
        driven.app.kept.save()
    async with console(busy_engine, kept=Kept.load(path)) as driven:
        assert "by name" in driven.screen


@pytest.mark.parametrize("value", ["nonsense", 7, None, ["name"]])
async def test_an_unknown_order_is_passed_over(value: object) -> None:
    kept = Kept()
    kept.put("runs.sort", value)
    async with console(busy_engine, kept=kept) as driven:
        assert "2 Runs" in driven.screen and " by " not in driven.screen.split("\n")[0]
