"""When a run that was launched here has ended, and what the terminal is told then. No Textual in here."""

from __future__ import annotations

from typing import NamedTuple

from engine.task import TaskStatus
from tui.text import safe_name, safe_text

NAME_LIMIT = 60
"""Characters of a run's name in a notification or title."""
KEPT = 1_000
"""Runs that are waited for at most."""
ENDS = {TaskStatus.COMPLETED: "done", TaskStatus.FAILED: "failed"}
"""How a run has to end to be told of: a person who cancels it knows."""


class Ending(NamedTuple):
    """A run that ended; `name` is foreign."""

    name: str
    status: TaskStatus
    seconds: float

    @property
    def text(self) -> str:
        """`deploy web failed after 42 s`, fit for a terminal: one line without control characters."""
        after = f" after {self.seconds:.0f} s" if self.seconds >= 1 else ""
        return f"{safe_name(self.name, limit=NAME_LIMIT)} {ENDS[self.status]}{after}"


class Watched:
    """The runs that were launched or rerun in this console and have not ended yet, and when that was."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def add(self, run_id: str, now: float) -> None:
        """It was launched `now`, on any clock that goes on."""
        self._since.pop(run_id, None)
        self._since[run_id] = now
        while len(self._since) > KEPT:
            del self._since[next(iter(self._since))]

    @property
    def runs(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(self._since)

    def ended(self, run_id: str, name: str, status: TaskStatus, now: float) -> Ending | None:
        """The run ended; None when it is none of ours, or was cancelled."""
        since = self._since.pop(run_id, None)
        return Ending(name, status, now - since) if since is not None and status in ENDS else None


def is_told(notify: str, ending: Ending, *, after: float, focused: bool) -> bool:
    """Whether to tell of it: not of a short run to someone who is looking at it."""
    return notify != "off" and not (focused and ending.seconds < after)


def asking_words(name: str, number: int) -> str:
    """`deploy waits for an answer`, `3 tasks wait for an answer`."""
    one = safe_text(name, limit=NAME_LIMIT)
    return f"{one} waits for an answer" if number == 1 else f"{number} tasks wait for an answer"


def title(running: int, failed: int, asking: int = 0) -> str:
    """`taskdeck · 1 to answer · 3 running · 1 failed`."""
    parts = [
        "taskdeck",
        f"{asking} to answer" if asking else "",
        f"{running} running" if running else "",
        f"{failed} failed" if failed else "",
    ]
    return " · ".join(filter(None, parts))
