"""The terminal goes away while tasks run: they go on without it, others see them, and the process ends by itself."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import sqlite3
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine import Settings
from tests.engine.support import running
from tests.tui.command_line import ROOT

PATIENCE = 20.0
"""Seconds; a guard, not a measure."""
EXECUTOR = """
import asyncio
from pathlib import Path
from aipartnerupflow import BaseTask, executor_register

HERE = Path(__file__).parent

@executor_register()
class Gated(BaseTask):
    id = "gated"
    name = "Gated"
    description = "Waits for a file"

    async def execute(self, inputs):
        (HERE / "began").touch()
        while not (HERE / "gate").exists():
            await asyncio.sleep(0.02)
        return {"ok": True}
"""


class Console:
    """A console on a pty of its own, without tmux between, so that the loss of the pty is its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.store = folder / "store.db"
        environ = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        environ |= {f"TASKDECK_{name.upper()}": value for name, value in settings.items()}
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            command = [sys.executable, "-m", "tui.cli", "--executors", str(folder), "--store", str(self.store)]
            os.chdir(ROOT)
            os.execve(sys.executable, command, environ)
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
        self.seen = b""
        self.status: int | None = None

    def read(self) -> None:
        if select.select([self.screen], [], [], 0.05)[0]:
            try:
                self.seen += os.read(self.screen, 65_536)
            except OSError:
                pass

    def read_rest(self) -> None:
        """What is left to be read of a console that has ended."""
        before = -1
        while len(self.seen) != before:
            before = len(self.seen)
            self.read()

    def sees(self, text: bytes) -> None:
        self._until(lambda: text in self.seen, lambda: f"never seen: {text!r}")

    def keys(self, *keys: str) -> None:
        for key in keys:
            os.write(self.screen, key.encode())
            until = time.monotonic() + 0.3
            while time.monotonic() < until:
                self.read()

    def has(self, path: Path) -> None:
        self._until(path.exists, lambda: f"{path} never came")

    def is_alive(self) -> bool:
        if self.status is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is None

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        until = time.monotonic() + PATIENCE
        while self.is_alive() and time.monotonic() < until:
            time.sleep(0.05)
        assert self.status is not None, "it did not end"
        return self.status

    def _until(self, condition: Callable[[], object], words: Callable[[], str]) -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < until and self.is_alive(), words()
            self.read()

    def launch_gated(self) -> None:
        self.sees(b"Gated")
        self.keys("/", "gated", "\r", "\r", "\x12")
        self.has(self.folder / "began")

    def task(self) -> tuple[str, str | None]:
        with closing(sqlite3.connect(self.store)) as connection:
            status, kind = connection.execute("SELECT status, error_type FROM task").fetchone()
        return status, kind


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Console]]:
    (tmp_path / "gated.py").write_text(EXECUTOR)
    made: list[Console] = []

    def begin(**settings: str) -> Console:
        made.append(Console(tmp_path, **settings))
        return made[-1]

    yield begin
    for console in made:
        if console.is_alive():
            os.kill(console.pid, signal.SIGKILL)
            console.ended()


def report(home: Path) -> str:
    return (home / "state" / "taskdeck" / "headless.log").read_text()


@pytest.mark.parametrize("loss", ["the pty is closed", "SIGHUP"])
def test_runs_go_on_without_the_terminal_and_the_process_ends_with_them(
    start: Callable[..., Console], own_folders: Path, loss: str
) -> None:
    console = start()
    console.launch_gated()
    if loss == "SIGHUP":
        os.kill(console.pid, signal.SIGHUP)
        time.sleep(0.3)
    os.close(console.screen)
    time.sleep(1.0)
    assert console.is_alive()
    assert console.task() == ("in_progress", None)
    (console.folder / "gate").touch()
    assert console.ended() == 129
    assert console.task() == ("completed", None)
    assert "all had ended" in report(own_folders)


def test_without_work_it_ends_at_once(start: Callable[..., Console], own_folders: Path) -> None:
    console = start()
    console.sees(b"Gated")
    os.close(console.screen)
    assert console.ended() == 129
    assert "nothing ran" in report(own_folders)


def test_when_the_time_is_over_what_runs_is_interrupted(start: Callable[..., Console], own_folders: Path) -> None:
    console = start(headless="1")
    console.launch_gated()
    os.close(console.screen)
    assert console.ended() == 129
    assert console.task() == ("failed", "interrupted")
    assert "the time was over; what still ran (1) is interrupted" in report(own_folders)


def test_without_a_terminal_sigterm_still_ends_it_in_order(start: Callable[..., Console], own_folders: Path) -> None:
    console = start()
    console.launch_gated()
    os.close(console.screen)
    time.sleep(1.0)
    os.kill(console.pid, signal.SIGTERM)
    assert console.ended() == 129
    assert console.task() == ("failed", "interrupted")
    assert "told to end" in report(own_folders)


def test_sigterm_with_the_terminal_ends_it_and_restores_the_screen(start: Callable[..., Console]) -> None:
    console = start()
    console.launch_gated()
    os.kill(console.pid, signal.SIGTERM)
    assert console.ended() == 143
    console.read_rest()
    assert b"\x1b[?1049l" in console.seen and b"\x1b[?25h" in console.seen
    assert console.task() == ("failed", "interrupted")


async def test_another_console_cancels_what_runs_without_a_terminal(start: Callable[..., Console]) -> None:
    console = start()
    console.launch_gated()
    os.close(console.screen)
    time.sleep(0.5)
    async with running(replace(Settings(), store=console.store), take_over=True) as engine:
        (run,) = await engine.runs()
        assert run.root.status == "in_progress"
        assert (await engine.cancel(run.root.id))["status"] == "cancelled"
    assert console.ended() == 129
    assert console.task() == ("cancelled", "cancelled")
