"""For each of them: a good task beside it finishes, the screen goes on, and its row ends true."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.evil.console import Beat, console, umask
from tests.evil.rows import CASES, Mode, Row, pattern

PATIENCE = 0.25
"""Seconds in which the screen answers."""
TRIES = 3
"""This machine may be busy with something else at the very moment: then once more."""

pytestmark = [
    pytest.mark.timeout(60),
    # what an executor never awaited, or raised where nobody hears it, is no fault of the test
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::RuntimeWarning"),
]


@pytest.mark.parametrize(("row", "mode"), CASES, ids=[f"{row.name} {row.end} {mode}".strip() for row, mode in CASES])
async def test_it_harms_nobody_and_its_row_ends_true(row: Row, mode: Mode, tmp_path: Path) -> None:
    before = (os.getcwd(), umask(), list(sys.path))
    worst = 0.0
    for number in range(TRIES):
        worst = await _play(row, mode, tmp_path / f"{number}.db")
        if worst < PATIENCE:
            break
    assert worst < PATIENCE
    assert (os.getcwd(), umask(), list(sys.path)) == before


async def _play(row: Row, mode: Mode, store: Path) -> float:
    """One time; how long the screen stood still at worst."""
    params: dict[str, Any] = {**row.params, "isolation": mode}
    if row.end == "timeout":
        params["timeout"] = 0.6
    async with console(store) as here:
        await here.run("good", params={"isolation": mode})  # what is imported only once is no part of it
        beat = Beat()
        evil = await here.launch(row.executor, row.inputs, params=params)
        await here.until("in_progress", "completed", "failed", task=evil)
        beside = await here.run("good")
        assert beside.status == "completed", beside.error
        if row.end == "cancel":
            await here.cancel(evil)
        await here.ended(evil)
        after = await here.run("good")
        worst = beat.stop()
        log = await here.log(evil)
    assert after.status == "completed", after.error
    assert evil.status == pattern(row.status, mode), (evil.error, log[:2000])
    assert re.search(pattern(row.says, mode), str(evil.error or "")), evil.error
    assert re.search(pattern(row.logs, mode), log), log[:2000]
    assert row.returns.items() <= (evil.result or {}).items(), evil.result
    return worst
