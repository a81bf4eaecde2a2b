"""The event bus: what happened, in order, told by plain calls on the engine's thread (behaviour.md 6.2)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.task import Task

logger = logging.getLogger(__name__)


class EventKind(StrEnum):
    CREATED = "created"
    QUEUED = "queued"
    STARTED = "started"
    PROGRESS = "progress"
    LOG = "log"
    RETRYING = "retrying"
    FINISHED = "finished"
    ASKED = "asked"
    """It waits for a person's answer from now on."""
    RESET = "reset"
    """Back to pending by a rerun; the row's earlier result is history now."""
    TREE_FINISHED = "tree_finished"
    DELETED = "deleted"
    CATALOGUE = "catalogue"
    """`data` is the new `Catalogue`."""
    PROBLEM = "problem"
    """An executor's problem appeared; `data` is the `Problem`."""
    WATCHER = "watcher"
    """The watcher's light changed; `data` is a `WatchState`."""

    NOTICE = "notice"
    """Something that a person should hear of went wrong beside any task; `data` is one line, foreign text."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a task's log. `at` is epoch seconds; `stream` is stdout, stderr, log or engine; `text` is foreign."""

    at: float
    stream: str
    text: str

    @property
    def is_passing(self) -> bool:
        """Whether the next text of its stream is written over it; such a line is told of and never stored (4.9)."""
        return self.text.endswith("\r")


@dataclass(slots=True)
class Event:
    """`task` is the live record (do not change it); None where the event is about no task.

    `data`: LOG a `LogLine`, TREE_FINISHED the tree's `TaskStatus`, DELETED the run's id, else as said at the kind.
    """

    kind: EventKind
    task: Task | None = None
    data: Any = None


Subscriber = Callable[[Event], None]


class EventBus:
    """Ordered delivery to plain callables, on the engine's loop; a subscriber must be O(1) and must not block."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` for every event from now on; the returned call ends it."""
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe

    def publish(self, kind: EventKind, task: Task | None = None, data: Any = None) -> None:
        if not self._subscribers:
            return
        event = Event(kind, task, data)
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(event)
            except Exception:  # one subscriber's fault must not stop the engine or the others
                logger.exception("event subscriber failed on %s", kind)
