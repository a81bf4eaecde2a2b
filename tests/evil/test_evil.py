"""For each of them: a good task beside it finishes, the screen goes on, and its row ends true."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.evil.console import umask
from tests.evil.play import Played, play
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
        played = await play(row, mode, tmp_path / f"{number}.db")
        _judge(row, mode, played)
        worst = played.worst
        if worst < PATIENCE:
            break
    assert worst < PATIENCE
    assert (os.getcwd(), umask(), list(sys.path)) == before


def _judge(row: Row, mode: Mode, played: Played) -> None:
    evil, log = played.evil, played.log
    assert played.beside.status == "completed", played.beside.error
    assert played.after.status == "completed", played.after.error
    assert evil.status == pattern(row.status, mode), (evil.error, log[:2000])
    assert re.search(pattern(row.says, mode), str(evil.error or "")), evil.error
    assert re.search(pattern(row.logs, mode), played.logs), played.logs[:2000]
    assert row.returns.items() <= (evil.result or {}).items(), evil.result
