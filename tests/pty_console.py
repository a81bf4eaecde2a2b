"""A whole console on a pty of its own, as sshd or a terminal would start it, and its screen as a person sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import sqlite3
import struct
import sys
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyte

ROOT = Path(__file__).parents[1]
PATIENCE = 20.0
"""Seconds until something that should be seen counts as never seen; a guard, not a measure."""
MODES = {"alternate screen": 1049, "paste marks": 2004, "focus": 1004, "clicks": 1000, "drags": 1003, "places": 1006}
"""What a console switches on, and must have switched off when it has ended."""
_SWITCHED = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_KEYBOARD = re.compile(rb"\x1b\[[<>=]\d*u")
"""The keyboard protocol, which pyte does not know and would show."""


class Console:
    """It is read only when something is waited for. `settings` are environment settings of the console.

    With `command` something else runs on the pty: a shell, or an ssh client.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        store: Path | None = None,
        size: tuple[int, int] = (120, 36),
        command: Sequence[str] = (),
        **settings: str,
    ) -> None:
        self.folder = folder
        self.store = store or folder / "store.db"
        environ = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
        for name in ("COLUMNS", "LINES", "TMUX"):
            environ.pop(name, None)
        environ |= {f"TASKDECK_{name.upper()}": value for name, value in settings.items()}
        command = command or [sys.executable, *self.words(), *options]
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execvpe(command[0], command, environ)
        columns, lines = size
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.seen = b""
        self.status: int | None = None
        self._drawn = 0
        self._terminal = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._terminal)

    def words(self) -> list[str]:
        """What opens a console on the same executors and store, after the interpreter's name."""
        return ["-m", "tui.cli", "--executors", str(self.folder), "--store", str(self.store)]

    # ── what a person sees ───────────────────────────────────────────────────────────────────────────────────────────

    def read(self, seconds: float = 0.05) -> bool:
        """Read what comes first within `seconds`; whether something did."""
        if not select.select([self.screen], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.screen, 65_536)
        except OSError:  # it has ended
            return False
        self.seen += data
        return bool(data)

    def read_rest(self) -> None:
        """Read all that is there to be read."""
        while self.read():
            pass

    @property
    def text(self) -> str:
        """The screen, of what was read."""
        fresh = self.seen[self._drawn :]
        cut = fresh.rfind(b"\x1b")  # a sequence may not be whole yet
        if cut >= 0 and len(fresh) - cut < 32 and self.status is None:
            fresh = fresh[:cut]
        self._drawn += len(fresh)
        self._stream.feed(_KEYBOARD.sub(b"", fresh))
        return "\n".join(self._terminal.display)

    def sees(self, text: str, patience: float = PATIENCE) -> str:
        """Wait until the screen holds `text`; returns the screen."""
        self.until(lambda: text in self.text, f"never seen: {text!r}", patience)
        return self.text

    def until(self, condition: Callable[[], object], words: str, patience: float = PATIENCE) -> None:
        """Read until `condition`."""
        until = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < until, f"{words}\n{self.text}"
            assert self.is_alive(), f"{words}: it ended with {self.status}\n{self.text}"
            self.read()

    def keys(self, *keys: str) -> None:
        """Press keys, one after the other, as fast as a person."""
        for key in keys:
            os.write(self.screen, key.encode())
            until = time.monotonic() + 0.3
            while time.monotonic() < until:
                self.read()

    # ── its life ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def is_alive(self) -> bool:
        if self.status is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is None

    def ended(self, patience: float = PATIENCE) -> int:
        """Its exit code, once it has ended."""
        until = time.monotonic() + patience
        while self.is_alive() and time.monotonic() < until:
            if self.screen < 0 or not self.read(0.02):  # what is not read holds the last bytes back
                time.sleep(0.02)
        assert self.status is not None, "it did not end"
        return self.status

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Close the terminal, as a dropped connection does."""
        os.close(self.screen)
        self.screen = -1

    def close(self) -> None:
        if self.is_alive():
            os.kill(self.pid, signal.SIGKILL)
            self.ended()
        if self.screen >= 0:
            self.hang_up()

    # ── the terminal that it leaves ──────────────────────────────────────────────────────────────────────────────────

    def left_over(self) -> list[str]:
        """What of the terminal is not as it was before: [] when all is."""
        on: dict[int, bool] = {}
        for numbers, switch in _SWITCHED.findall(self.seen):
            on |= {int(number): switch == b"h" for number in numbers.split(b";")}
        found = [name for name, number in MODES.items() if on.get(number)]
        if not on.get(25, True):
            found.append("no cursor")
        flags = termios.tcgetattr(self.screen)[3]
        cooked = ("ECHO", "ICANON", "ISIG")
        return found + [f"no {name}" for name in cooked if not flags & getattr(termios, name)]

    # ── what it ran ──────────────────────────────────────────────────────────────────────────────────────────────────

    def rows(self, sql: str, *values: object) -> list[Any]:
        """What the store says, read by a connection of our own."""
        with closing(sqlite3.connect(self.store, timeout=10)) as connection:
            return connection.execute(sql, values).fetchall()

    def has(self, path: Path) -> None:
        """Wait for a file that an executor makes."""
        self.until(path.exists, f"{path} never came")

    def launch(self, executor: str, *fields: str) -> None:
        """By keys, from the catalogue; a field each, in the form's order."""
        self.keys("1", "/", "\x15", executor, "\r", "\r")
        self.sees("ctrl+r launch")
        until = time.monotonic() + 0.4
        while time.monotonic() < until:  # a person looks first
            self.read()
        for at, text in enumerate(fields):
            self.keys(*(["\t"] if at else []), text)
        self.keys("\x12")
