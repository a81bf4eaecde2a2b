"""However the console ends: in time, with an exit code that tells why, and a terminal as it was before."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.consoles import launch_gated, task_of
from tests.pty_console import Console

IN_TIME = 20.0
"""Seconds in which every end must come: 5 for the screen, 10 for the engine, and the start of a busy machine."""
SIGNALS = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGQUIT: 131, signal.SIGTERM: 143}

Start = Callable[..., Console]


def end(console: Console) -> int:
    """Its exit code; what is wrong with the terminal that it leaves fails the test."""
    code = console.ended(IN_TIME)
    console.read_rest()
    assert console.left_over() == []
    return code


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: signal.Signals(number).name)
def test_a_signal_ends_it_with_the_terminal_restored(start: Start, number: signal.Signals) -> None:
    console = start(headless="0")
    launch_gated(console)
    assert console.left_over(), "while it is open the terminal is its own"
    console.signal(number)
    assert end(console) == SIGNALS[number]
    assert task_of(console) == ("failed", "interrupted")


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: signal.Signals(number).name)
def test_a_signal_while_it_starts_is_not_lost(start: Start, number: signal.Signals) -> None:
    console = start()
    console.until(lambda: b"\x1b[?1049h" in console.seen, "the screen was never begun")
    console.signal(number)
    assert end(console) == SIGNALS[number]


@pytest.mark.parametrize("executor", ["stubborn", "frozen"])
@pytest.mark.parametrize("how", ["q", "SIGTERM", "SIGHUP"])
def test_it_ends_in_time_though_an_executor_ignores_it(start: Start, executor: str, how: str) -> None:
    console = start(headless="1")
    console.sees("stubborn")
    console.launch(executor)
    console.has(console.folder / "began")
    began = time.monotonic()
    if how == "q":
        console.keys("q", "l", "\r")
        assert end(console) == 0
        assert task_of(console)[0] == "cancelled"
    else:
        console.signal(getattr(signal, how))
        assert end(console) == SIGNALS[getattr(signal, how)]
        assert task_of(console) == ("failed", "interrupted")
    assert time.monotonic() - began < IN_TIME


def test_it_ends_in_time_though_something_of_its_own_hangs(start: Start, own_folders: Path) -> None:
    """A thread of the screen's waits for a disk that is dead: here for keys in a pipe that nobody writes."""
    keys = own_folders / "config" / "taskdeck" / "keymap.toml"
    keys.parent.mkdir(parents=True)
    os.mkfifo(keys)
    console = start()
    console.sees("gated")
    console.keys("q")
    assert end(console) == 0


def test_ctrl_c_ends_nothing_and_says_what_does(start: Start) -> None:
    console = start()
    console.sees("gated")
    console.keys("\x03")
    console.sees("q quits")
    console.keys("q")
    assert end(console) == 0


def test_quitting_while_it_runs_cancels_what_runs(start: Start) -> None:
    console = start()
    launch_gated(console)
    console.keys("q")
    console.sees("1 task runs")
    console.keys("l", "\r")
    assert end(console) == 0
    assert task_of(console)[0] == "cancelled"


def test_what_is_left_running_goes_on_and_the_console_after_it_shows_it(start: Start, own_folders: Path) -> None:
    console = start()
    launch_gated(console)
    console.keys("q")
    console.sees("Leave running")
    console.keys("l", "l", "\r")
    console.sees("goes on without a screen (1 running, 0 waiting)")
    assert console.left_over() == []
    second = start()
    second.keys("2")
    second.sees("running")
    console.hang_up()
    time.sleep(0.5)
    assert console.is_alive() and task_of(console) == ("in_progress", None)
    (console.folder / "gate").touch()
    second.sees("done")
    assert console.ended() == 0
    report = (own_folders / "state" / "taskdeck" / "headless.log").read_text()
    assert "was left to run: its runs went on, and all had ended" in report


def test_a_shell_has_its_prompt_again_when_what_runs_is_left(tmp_path: Path, shell: Console) -> None:
    """The console is a job of an interactive shell; it goes on as `ctrl+z` and `bg` would have it."""
    shell.keys(" ".join([sys.executable, *shell.words()]) + "\r")
    launch_gated(shell)
    shell.keys("q")
    shell.sees("Leave running")
    shell.keys("l", "l", "\r")
    shell.sees("goes on without a screen")
    shell.keys("echo PROMPT $((6*7))\r")
    shell.sees("PROMPT 42")
    time.sleep(1.0)
    shell.keys("jobs\r")
    shell.sees("Running")
    (tmp_path / "gate").touch()
    shell.until(lambda: task_of(shell) == ("completed", None), "it did not go on")
    shell.until(lambda: shell.keys("\r") or "Done" in shell.text, "the shell never heard of its end")


@pytest.mark.parametrize("how", ["ctrl+z", "SIGTSTP"])
def test_it_is_suspended_and_resumed_by_the_shell(tmp_path: Path, shell: Console, how: str) -> None:
    shell.keys(" ".join([sys.executable, *shell.words()]) + "\r")
    launch_gated(shell)
    if how == "ctrl+z":
        shell.keys("\x1a")
    else:
        job = int(shell.rows("SELECT owner FROM run")[0][0].partition("-")[0])
        os.kill(job, signal.SIGTSTP)
    shell.sees("Stopped")
    assert [each for each in shell.left_over() if each not in ("paste marks", "no ECHO", "no ICANON")] == [], (
        "bash's own"
    )
    shell.keys("clear; echo BETWEEN\r")
    shell.sees("BETWEEN")
    shell.keys("fg\r")
    shell.sees("2 Runs")
    (tmp_path / "gate").touch()
    shell.sees("done")
    shell.keys("q")
    shell.keys("clear; echo AFTER $((6*7))\r")
    shell.sees("AFTER 42")
