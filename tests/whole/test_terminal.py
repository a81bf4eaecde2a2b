"""The whole story in a real terminal: tmux, real keys, real files, a real kill."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = [
    pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux (Debian: apt install tmux)"),
    pytest.mark.timeout(180),
]
GREETING = """
from aipartnerupflow import BaseTask, executor_register

@executor_register()
class GreetingExecutor(BaseTask):
    id = "greeting_executor"
    name = "Greeting Executor"
    description = "Creates personalized greeting messages"

    async def execute(self, inputs):
        return {"greeting": f"Hello, {inputs['name']}!"}

    def get_input_schema(self):
        return {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
"""
PATIENCE = 20.0
"""Seconds until something that should be seen counts as never seen; a guard, not a measure."""


class Terminal:
    """A console in a tmux session of its own server."""

    def __init__(self, folder: Path, columns: int, lines: int) -> None:
        self.folder = folder
        self.executors = folder / "executors"
        self._size = (str(columns), str(lines))
        self._starts = 0

    def tmux(self, *args: str) -> str:
        return subprocess.run(
            ["tmux", "-L", f"taskdeck-{os.getpid()}-{self._size[0]}-{self._starts}", "-f", "/dev/null", *args],
            capture_output=True,
            text=True,
            check=False,
            env=dict(os.environ),  # not the COLUMNS and LINES that a library set behind Python's back
        ).stdout

    def start(self) -> None:
        self._starts += 1  # a server that was just told to end would refuse a new session
        columns, lines = self._size
        command = f"{sys.executable} -m tui.cli --executors {self.executors} --store {self.folder}/store.db"
        home = {"HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}
        variables = [part for name, value in home.items() for part in ("-e", f"{name}={value}")]
        self.tmux(
            "new-session", "-d", "-s", "t", "-x", columns, "-y", lines, *variables, f"{command}; echo EXIT $?; cat"
        )

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.tmux("send-keys", "-t", "t", key)
            time.sleep(0.15)

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-t", "t", "-l", text)
        time.sleep(0.3)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "t")

    def sees(self, wanted: str | Callable[[str], bool]) -> str:
        """Wait until the screen matches; returns it."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            screen = self.screen()
            if wanted(screen) if callable(wanted) else re.search(wanted, screen):
                return screen
            time.sleep(0.1)
        raise AssertionError(f"never seen: {wanted}\n{self.screen()}")

    def process(self) -> psutil.Process:
        pid = int(self.tmux("list-panes", "-t", "t", "-F", "#{pane_pid}"))
        below = psutil.Process(pid).children(recursive=True)
        return next(p for p in below if "tui.cli" in " ".join(p.cmdline()))

    def end(self) -> None:
        self.tmux("kill-server")

    def launch(self, executor: str, *fields: str) -> None:
        self.keys("1", "/", "C-u")
        self.type(executor)
        self.keys("Enter", "Enter")
        self.sees("ctrl\\+r launch")
        for field in fields:
            self.type(field)
        self.keys("C-r")


@pytest.fixture(params=[(120, 36), (80, 24)], ids=["120x36", "80x24"])
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path, *request.param)
    made.executors.mkdir()
    (made.executors / "greeting_executor.py").write_text(GREETING)
    made.start()
    try:
        made.sees("greeting_executor")
        yield made
    finally:
        made.end()


def test_a_task_is_launched_by_keys_and_its_file_is_live(terminal: Terminal) -> None:
    terminal.launch("greet", "Alice")
    terminal.sees("Hello, Alice!")
    file = terminal.executors / "greeting_executor.py"
    file.write_text(GREETING.replace("Greeting Executor", "Renamed Greeter"))
    terminal.sees("greeting_executor changed")
    file.write_text(GREETING + "\ndef broken(:\n")
    terminal.sees("SyntaxError")
    terminal.keys("1")
    terminal.sees("1 problem")
    terminal.launch("greet", "Bob")  # the last good version goes on working
    terminal.sees("Hello, Bob!")
    terminal.keys("q")
    terminal.sees("EXIT 0")


def test_a_command_shows_lines_as_they_come_and_c_ends_it(terminal: Terminal) -> None:
    terminal.launch("command", "for i in 1 2 3; do echo line $i; sleep 20; done")
    terminal.sees("line 1")
    process = terminal.process()
    assert any("sleep" in " ".join(p.cmdline()) for p in process.children(recursive=True))
    terminal.keys("c")
    terminal.sees("cancelled")
    assert not [p for p in process.children(recursive=True) if "sleep 20" in " ".join(p.cmdline())]


def test_after_kill_9_the_history_is_there_and_the_task_is_interrupted(terminal: Terminal) -> None:
    terminal.launch("greet", "Alice")
    terminal.sees("Hello, Alice!")
    terminal.launch("wait", "60")
    terminal.sees("running")
    terminal.process().send_signal(signal.SIGKILL)
    terminal.sees("EXIT 137")
    terminal.end()
    terminal.start()
    terminal.sees("greeting_executor")
    terminal.keys("2")
    terminal.sees("interrupted")
    screen = terminal.screen()
    assert "wait" in screen and "greeting_executor" in screen
