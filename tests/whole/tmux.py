"""A console in a tmux session of its own server: real keys, real screens, a home of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PATIENCE = 20.0
"""Seconds until something that should be seen counts as never seen; a guard, not a measure."""
ROOT = Path(__file__).parents[2]


class Terminal:
    """`folder` holds its executors, its store and its home."""

    def __init__(self, folder: Path, columns: int, lines: int) -> None:
        self.folder = folder
        self.executors = folder / "executors"
        self._size = (str(columns), str(lines))
        self.pager = "cat"
        self._starts = 0

    def tmux(self, *args: str) -> str:
        environment = dict(os.environ)  # not the COLUMNS and LINES that a library set behind Python's back
        environment["PYTHONPATH"] = str(ROOT)
        return subprocess.run(
            ["tmux", "-L", f"taskdeck-{os.getpid()}-{self._size[0]}-{self._starts}", "-f", "/dev/null", *args],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=environment,
            cwd=self.folder,
        ).stdout

    def start(self) -> None:
        self._starts += 1  # a server that was just told to end would refuse a new session
        columns, lines = self._size
        command = f"{sys.executable} -m tui.cli --executors {self.executors} --store {self.folder}/store.db"
        home = {"HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}
        home |= {"PAGER": self.pager, "EDITOR": "true", "VISUAL": "true"}  # nothing that waits for keys of its own
        variables = [part for name, value in home.items() for part in ("-e", f"{name}={value}")]
        self.tmux(
            "new-session", "-d", "-s", "t", "-x", columns, "-y", lines, *variables, f"{command}; echo EXIT $?; cat"
        )

    def press(self, *keys: str) -> None:
        """Send keys at once, by tmux's names."""
        self.tmux("send-keys", "-t", "t", *keys)

    def keys(self, *keys: str) -> None:
        """Send keys as a person would, one by one."""
        for key in keys:
            self.press(key)
            time.sleep(0.15)

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-t", "t", "-l", text)
        time.sleep(0.3)

    def paste(self, text: str) -> None:
        """Paste in brackets, as a terminal does."""
        self.tmux("set-buffer", "-b", "p", "--", text)
        self.tmux("paste-buffer", "-p", "-b", "p", "-t", "t")

    def resize(self, columns: int, lines: int) -> None:
        self.tmux("resize-window", "-t", "t", "-x", str(columns), "-y", str(lines))

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", "t")

    def sees(self, wanted: str | Callable[[str], bool], patience: float = PATIENCE) -> str:
        """Wait until the screen matches; returns it."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            screen = self.screen()
            if wanted(screen) if callable(wanted) else re.search(wanted, screen):
                return screen
            time.sleep(0.1)
        raise AssertionError(f"never seen: {wanted}\n{self.screen()}")

    def process(self) -> psutil.Process:
        """The console's; raises StopIteration where it is not there."""
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
