"""The terminal goes away while tasks run: they go on without it, others see them, and the process ends by itself."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine import Settings
from tests.engine.support import running
from tests.faults.consoles import launch_gated, task_of
from tests.pty_console import Console


def report(home: Path) -> str:
    return (home / "state" / "taskdeck" / "headless.log").read_text()


@pytest.mark.parametrize("loss", ["the pty is closed", "SIGHUP"])
def test_runs_go_on_without_the_terminal_and_the_process_ends_with_them(
    start: Callable[..., Console], own_folders: Path, loss: str
) -> None:
    console = start()
    launch_gated(console)
    if loss == "SIGHUP":
        os.kill(console.pid, signal.SIGHUP)
        time.sleep(0.3)
    console.hang_up()
    time.sleep(1.0)
    assert console.is_alive()
    assert task_of(console) == ("in_progress", None)
    (console.folder / "gate").touch()
    assert console.ended() == 129
    assert task_of(console) == ("completed", None)
    assert "all had ended" in report(own_folders)


def test_without_work_it_ends_at_once(start: Callable[..., Console], own_folders: Path) -> None:
    console = start()
    console.sees("Gated")
    console.hang_up()
    assert console.ended() == 129
    assert "nothing ran" in report(own_folders)


def test_when_the_time_is_over_what_runs_is_interrupted(start: Callable[..., Console], own_folders: Path) -> None:
    console = start(headless="1")
    launch_gated(console)
    console.hang_up()
    assert console.ended() == 129
    assert task_of(console) == ("failed", "interrupted")
    assert "the time was over; what still ran (1) is interrupted" in report(own_folders)


def test_without_a_terminal_sigterm_still_ends_it_in_order(start: Callable[..., Console], own_folders: Path) -> None:
    console = start()
    launch_gated(console)
    console.hang_up()
    time.sleep(1.0)
    os.kill(console.pid, signal.SIGTERM)
    assert console.ended() == 129
    assert task_of(console) == ("failed", "interrupted")
    assert "told to end" in report(own_folders)


async def test_another_console_cancels_what_runs_without_a_terminal(start: Callable[..., Console]) -> None:
    console = start()
    launch_gated(console)
    console.hang_up()
    time.sleep(0.5)
    async with running(replace(Settings(), store=console.store), take_over=True) as engine:
        (run,) = await engine.runs()
        assert run.root.status == "in_progress"
        answer = await engine.cancel(run.root.id)
        assert answer["status"] == "cancelled", answer
    assert console.ended() == 129
    assert task_of(console) == ("cancelled", "cancelled")
