"""Events for a coroutine that may be slow: nothing it needs is lost, what waits is bounded (behaviour.md 6.2).

The bus itself calls back at once; this is for scripts that would rather write `async for event in engine.listen()`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from engine.events import Event, EventBus, EventKind

LINES = 10_000
"""Log lines that wait at most; then the oldest give way."""
_LATEST = frozenset({EventKind.CATALOGUE, EventKind.WATCHER})
_ALL = frozenset({EventKind.TREE_FINISHED, EventKind.DELETED, EventKind.PROBLEM})


class Listener:
    """One reader's queue. While the reader is busy, a task's events are merged: only the newest of it waits.

    Trees that ended, deletions and problems are told one by one; of the catalogue and the watcher only the newest; of
    log lines the last `LINES`. A task's events keep their order, and so do the ends of trees behind their tasks'.
    """

    def __init__(self, bus: EventBus) -> None:
        self._waiting: dict[Any, Event] = {}
        self._lines: deque[Event] = deque(maxlen=LINES)
        self._number = 0
        self._wake = asyncio.Event()
        self._end = bus.subscribe(self._push)

    def _push(self, event: Event) -> None:
        if event.kind is EventKind.LOG:
            self._lines.append(event)
        elif event.kind in _LATEST:
            self._waiting[event.kind] = event
        elif event.kind in _ALL or event.task is None:
            self._number += 1
            self._waiting[self._number] = event
        else:
            self._waiting.pop(event.task.id, None)  # behind what came in between
            self._waiting[event.task.id] = event
        self._wake.set()

    def close(self) -> None:
        """Hear nothing more."""
        self._end()

    async def __aiter__(self) -> AsyncIterator[Event]:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                waiting, self._waiting = self._waiting, {}
                lines, self._lines = self._lines, deque(maxlen=LINES)
                for event in (*lines, *waiting.values()):
                    yield event
        finally:
            self.close()
