"""A pager has the terminal for itself, whatever the tasks print meanwhile."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.whole.tmux import Terminal

pytestmark = [pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux"), pytest.mark.timeout(120)]
PRINTING = """
import asyncio
from aipartnerupflow import BaseTask, executor_register

@executor_register()
class Printing(BaseTask):
    id = "printing"

    async def execute(self, inputs):
        for number in range(600):
            print("printed", number, "\\x1b[2J")
            await asyncio.sleep(0.1)
"""


def test_what_tasks_print_goes_to_their_log_and_not_over_the_pager(tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho PAGER IS HERE\nsleep 3\n")
    pager.chmod(0o700)
    terminal = Terminal(tmp_path, 80, 24)
    terminal.pager = str(pager)
    terminal.executors.mkdir()
    (terminal.executors / "printing.py").write_text(PRINTING)
    try:
        terminal.start()
        terminal.sees("printing")
        terminal.launch("printing")
        terminal.sees("running")
        terminal.keys("3", "o")
        terminal.sees("PAGER IS HERE")
        time.sleep(1.5)
        assert "printed" not in terminal.screen()
        terminal.sees("1 running")  # the console is back
    finally:
        terminal.end()
