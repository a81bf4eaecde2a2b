"""Carries the engine's news to the screen: at once after a pause, then in a steady beat while they keep coming."""

from __future__ import annotations

import os
from asyncio import AbstractEventLoop
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from textual.timer import Timer

from engine.events import Event
from tui.driver import is_lagging
from tui.feed import Delta, Feed

if TYPE_CHECKING:
    from textual.app import App

BEAT = 0.1
"""Seconds between two repaints while news come."""
BEAT_SSH = 0.2
BEAT_BLURRED = 1.0
BEAT_HURRIED = 0.02
"""After the person's own launch, so that its outcome is not held back by the beat."""
HURRY = 0.5
"""Seconds that the hurried beat lasts."""
PART = 2_000
"""Tasks taken at once, 5 to 10 ms of work; the rest of a flood follows in the hurried beat, keys between the parts."""


class Pump:
    """Owns the feed. There is one timer at most, and none while nothing happens."""

    def __init__(self, app: App[None], apply: Callable[[Delta], None]) -> None:
        self.feed = Feed(self._wake)
        self._app = app
        self._apply = apply
        self._loop: AbstractEventLoop | None = None
        self._timer: Timer | None = None
        self._hurried_until = 0.0
        self._beat = BEAT_SSH if "SSH_CONNECTION" in os.environ else BEAT

    def attach(self, loop: AbstractEventLoop) -> None:
        """From now on news wake `loop`."""
        self._loop = loop
        loop.call_soon(self._awake)

    def push(self, event: Event) -> None:
        """The engine's subscriber; any thread."""
        self.feed.push(event)

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(self._awake)
            except RuntimeError:  # closed just now: the console is ending
                pass

    def _awake(self) -> None:
        if self._timer is None and self._app.is_running and self.take():
            self._schedule()

    def hurry(self) -> None:
        """The person waits for an outcome: the next beats are short."""
        self._hurried_until = monotonic() + HURRY
        if self._timer is not None:
            self._timer.stop()
            self._schedule()

    def flush(self) -> None:
        """Apply everything that has come, now."""
        while (delta := self.feed.drain()) is not None:
            self._apply(delta)

    def take(self) -> bool:
        """Apply what has come, or a part of a flood; True while more may come soon.

        While the terminal lags nothing is taken: the feed keeps only the newest of each task.
        """
        if is_lagging(self._app):
            return True
        delta = self.feed.drain(PART)
        if delta is None:
            return False
        self._apply(delta)
        return True

    def _schedule(self) -> None:
        if monotonic() < self._hurried_until or self._is_flooded:
            beat = BEAT_HURRIED
        else:
            beat = self._beat if self._app.app_focus else BEAT_BLURRED
        self._timer = self._app.set_timer(beat, self._tick, name="pump")

    def _tick(self) -> None:
        self._timer = None
        if self.take() or monotonic() < self._hurried_until:
            self._schedule()

    @property
    def _is_flooded(self) -> bool:
        """Whether more tasks wait than were taken at once."""
        return self.feed.waiting >= PART and not is_lagging(self._app)
