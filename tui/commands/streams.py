"""Output of our own, apart from what the code of executors reads and writes while a command has it loaded."""

from __future__ import annotations

import os
import sys
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Literal, TextIO

from tui.text import safe_text

STANDARD = (0, 1, 2)
NOTES = 50
"""Notes that are remembered, the last ones."""


class Streams:
    """While entered, descriptors 0 to 2 lead nowhere; `say` and `note` write where 1 and 2 led before.

    So neither a print at import nor a child process mixes with the output (which may be JSON), and an `input()` ends
    at once instead of waiting unseen.
    """

    def __init__(self) -> None:
        self.has_said = False
        """Whether there is output."""
        self.notes: deque[str] = deque(maxlen=NOTES)

    def __enter__(self) -> Streams:
        self._files = sys.stdin, sys.stdout, sys.stderr
        _flush()
        self._saved = [_copy(descriptor) for descriptor in STANDARD]
        self._out, self._err = _writer(self._saved[1], sys.stdout), _writer(self._saved[2], sys.stderr)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in STANDARD:
            os.dup2(null, descriptor)
        os.close(null)
        sys.stdin, sys.stdout, sys.stderr = _nothing("r"), _nothing("w"), _nothing("w")  # which may be closed
        self._live = self._err.isatty() and os.environ.get("TERM") != "dumb"
        self._shown = ""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _flush()  # what stays in Python's buffers is not ours and goes nowhere too
        sys.stdin, sys.stdout, sys.stderr = self._files
        for descriptor, saved in zip(STANDARD, self._saved, strict=True):
            os.dup2(saved, descriptor)
        for stream in (self._out, self._err):
            with suppress(OSError):
                stream.close()
        os.close(self._saved[0])

    @property
    def output(self) -> TextIO:
        """Where `say` writes; to be looked at, not written to."""
        return self._out

    def read(self, limit: int) -> bytes:
        """What comes on stdin, to its end or `limit` bytes."""
        with open(os.dup(self._saved[0]), "rb") as given:
            return given.read(limit)

    def ask(self, question: str) -> str | None:
        """The line that a person types; None where stdin or stderr is no terminal."""
        if not (os.isatty(self._saved[0]) and self._err.isatty()):
            return None
        self.passing("")
        _write(self._err, safe_text(question) + " ")
        with open(os.dup(self._saved[0]), encoding="utf-8", errors="replace") as given:
            return given.readline().rstrip("\n")

    def say(self, text: str) -> None:
        """A line of output; `text` is made safe. Raises `SettingsError` where it cannot be written."""
        self.has_said = True
        self.passing("")
        try:
            _write(self._out, safe_text(text) + "\n")
        except BrokenPipeError:
            pass  # `| head` has seen enough
        except OSError as error:
            from engine import SettingsError

            raise SettingsError(f"cannot write the output: {error.strerror}") from error

    def say_raw(self, line: str) -> None:
        """A line of data for programs, as it is: JSON, which holds no control characters."""
        self.has_said = True
        self.passing("")
        try:
            _write(self._out, line + "\n")
        except OSError as error:
            from engine import SettingsError

            raise SettingsError(f"cannot write the output: {error.strerror}") from error

    def note(self, text: str) -> None:
        """A line beside the output, on stderr."""
        self.notes.append(text)
        self.passing("")
        with suppress(OSError):
            _write(self._err, safe_text(text) + "\n")

    def passing(self, text: str) -> None:
        """Show `text` on stderr until the next line comes; only where that is a terminal."""
        if self._live and text != self._shown:
            self._shown = text
            with suppress(OSError):
                _write(self._err, f"\r\x1b[K{safe_text(text, limit=75)}")


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or None
            stream.flush()


def _nothing(mode: Literal["r", "w"]) -> TextIO:
    return open(os.devnull, mode, encoding="utf-8")


def _copy(descriptor: int) -> int:
    try:
        return os.dup(descriptor)
    except OSError:  # it was closed before we began
        return os.open(os.devnull, os.O_RDWR)


def _writer(descriptor: int, like: TextIO | None) -> TextIO:
    encoding = getattr(like, "encoding", None) or "utf-8"
    return open(descriptor, "w", encoding=encoding, errors="backslashreplace")
