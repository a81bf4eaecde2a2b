"""Keeps the screen ours: what executors, C libraries or child processes write to fd 1 and 2 lands in a list instead.

Textual's driver gets terminal files of its own; the pipes that take the places of fd 1 and 2 are read by a thread, and
nothing is to be read from fd 0: what a child process reads there were keys that are meant for the screen.
Executors' prints never come here (they go to their task's log); this is for what passes Python by.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType

KEPT_LINES = 500
"""How many lines of stray output are kept; the newest stay."""
LINE_LIMIT = 2_000
"""Characters kept of one line."""


class StrayOutput:
    """Lines that nobody can be charged with; `total` counts all that ever came."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.total = 0
        self.on_line: Callable[[], None] | None = None
        """Called from the reading thread when lines came."""

    def add(self, line: str) -> None:
        self.lines.append(line[:LINE_LIMIT])
        self.total += 1
        if self.on_line:
            self.on_line()


class OwnTerminal:
    """While entered, fd 1 and 2 lead into `StrayOutput` where they were the terminal, fd 0 nowhere.

    Textual has the terminal by `sys.__stdin__`, `sys.__stdout__` and `sys.__stderr__`.

    With `always` also where they were none: a browser's screen comes through a pipe.
    """

    def __init__(self, *, always: bool = False) -> None:
        self._always = always
        self.stray = StrayOutput()
        self._saved: dict[int, int] = {}
        self._files = (sys.__stdin__, sys.__stdout__, sys.__stderr__)

    def __enter__(self) -> StrayOutput:
        if os.name != "posix":
            return self.stray
        screen = os.dup(1)
        terminal = open(screen, "w", encoding="utf-8", errors="replace")
        reader, writer = os.pipe()
        for descriptor in (1, 2):
            if self._always or os.isatty(descriptor):
                self._saved[descriptor] = os.dup(descriptor)
                os.dup2(writer, descriptor)
        os.close(writer)
        if self._always or os.isatty(0):
            self._saved[0] = os.dup(0)
            sys.__stdin__ = open(self._saved[0], encoding="utf-8", errors="replace", closefd=False)  # type: ignore[misc]
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            os.close(nothing)
        sys.__stdout__ = sys.__stderr__ = terminal  # type: ignore[misc]  # Textual's driver writes there
        threading.Thread(target=self._read, args=(reader,), name="stray-output", daemon=True).start()
        return self.stray

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (sys.stdout, sys.stderr):
            try:
                file.flush()  # what stayed in Python's buffers is stray output too
            except (OSError, ValueError):
                pass
        for descriptor, saved in self._saved.items():
            os.dup2(saved, descriptor)
            os.close(saved)
        self._saved.clear()
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = self._files  # type: ignore[misc]

    def _read(self, reader: int) -> None:
        with open(reader, "rb", buffering=0) as pipe:
            rest = b""
            while chunk := pipe.read(65_536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self.stray.add(line.decode("utf-8", "replace"))
                if len(rest) > LINE_LIMIT:
                    self.stray.add(rest.decode("utf-8", "replace"))
                    rest = b""
            if rest:
                self.stray.add(rest.decode("utf-8", "replace"))
