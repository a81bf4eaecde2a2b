"""What an open engine changes in its process: where output goes, what is tracked, how often Python collects garbage."""

from __future__ import annotations

import gc
import logging

from engine.errors import ExecutorError
from engine.executor import collecting
from engine.leftovers import tracking
from engine.output import capture
from engine.settings import Settings
from engine.threads import threads

COLLECTING = (20_000, 20, 50)
"""When Python looks for cycles while an engine is open: a tree of 100,000 tasks is a million objects that live long,
and with Python's own (700, 10, 10) looking at them again and again took a quarter of the time."""

CHATTY = ("aiosqlite", "asyncio", "watchfiles")
"""Loggers on whose threads the engine hangs: an executor that sets the root's level to DEBUG, as many do, would have
each statement of the store go through its own handlers, and end the store where one raises."""


class Surroundings:
    """Entered when an engine opens, left when it has closed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._collecting = gc.get_threshold()

    def enter(self) -> None:
        for name in CHATTY:
            if (logger := logging.getLogger(name)).level == logging.NOTSET:
                logger.setLevel(logging.WARNING)
        capture.install()
        tracking.install()
        threads.allow(self._settings.threads)
        self._collecting = gc.get_threshold()
        gc.set_threshold(*COLLECTING)

    def leave(self) -> None:
        capture.remove()
        tracking.remove()
        gc.set_threshold(*self._collecting)


def refuse_imports() -> None:
    """Raises `ExecutorError` for an engine that an executor file starts where it is imported: it would import it."""
    if collecting.get() is not None:
        raise ExecutorError(
            "an executor file must start no engine while it is imported", 'Put that under if __name__ == "__main__":'
        )
