"""How the command ends: exit codes, and the one line that says what was wrong."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

FINE = 0
PROBLEMS = 1
"""`check` found problems, or a run or example did not complete."""
WRONG_USE = 2
"""Options, folders or stores that cannot be used, or nothing there to run."""
CANCELLED = 3
"""Ended by Ctrl+C, or the run was cancelled."""
REFUSED = 4
"""The engine, or a person who was asked, refused it."""

STATUSES: Mapping[int, str] = {PROBLEMS: "failed", WRONG_USE: "wrong_use", CANCELLED: "cancelled", REFUSED: "refused"}


def say_ending(code: int, error: str) -> None:
    """The JSON of a command that ended with `code` before it had any output: programs get a document all the same."""
    data = {"status": STATUSES.get(code, "failed"), "exit_code": code, "error": error or None}
    with suppress(OSError, ValueError):  # stdout is closed
        sys.stdout.write(json.dumps(data) + "\n")
        sys.stdout.flush()


def one_or_all(said: Sequence[Mapping[str, object]]) -> object:
    """What `--json` prints of an act on what was named: of one thing that, of several the list."""
    return said[0] if len(said) == 1 else list(said)


def complain(message: str) -> int:
    """Say `message` on stderr, in one line but for what is a list of problems; returns the exit code for wrong use."""
    from tui.text import safe_text

    lines = "\n  ".join(safe_text(line) for line in message.splitlines())
    sys.stderr.write(f"taskdeck: {lines}\n")
    return WRONG_USE


def count(number: int, noun: str) -> str:
    """`1 problem`, `2 problems`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def leave(code: int) -> NoReturn:
    """End the process now, whatever threads and tasks are left behind in it."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or None
            stream.flush()
    os._exit(code)
