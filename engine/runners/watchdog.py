"""Sees to it that loops of executors go on, and tells who keeps them or the whole process from it.

A thread of its own, since it must notice what holds up any loop; it sleeps while nothing runs.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from engine.leftovers import place_of
from engine.run import Job
from engine.runners.lane import Block, Lane
from engine.threads import cpu_seconds

logger = logging.getLogger(__name__)
LOOKS = 4
"""How often it looks within the time that a block may take."""
HELD = 0.4
"""The part of a pause of all threads for which one had a core, so that it is the one that held up the others.

Else the machine slept, or gave this process no time.
"""

JUST = 0.2
"""Seconds for which the end of a job is taken for the end of what held up all others."""

OnBlocked = Callable[[Lane, Block], None]
OnHeld = Callable[["Job | None", str, float], None]


class Watchdog:
    """Looks at `lanes()` while `is_busy()`; both are called from its thread.

    On the loop that made it: `on_blocked(lane, block)` for a loop that gave no answer for `limit` seconds, and
    `on_held(job, place, seconds)` for a pause of the whole process.
    """

    def __init__(
        self,
        limit: float,
        lanes: Callable[[], tuple[Lane, ...]],
        jobs: Callable[[], tuple[Job, ...]],
        on_blocked: OnBlocked,
        on_held: OnHeld,
    ) -> None:
        self.is_awake = False
        self._limit = limit
        self._lanes = lanes
        self._jobs = jobs
        self._on_blocked = on_blocked
        self._on_held = on_held
        self._home = asyncio.get_running_loop()
        self._seen: dict[Lane, asyncio.Task[Any] | None] = {}
        self._used: dict[threading.Thread, float] = {}
        self._event = threading.Event()
        self._closing = False
        threading.Thread(target=self._serve, daemon=True, name="watchdog").start()

    def rouse(self) -> None:
        """Something runs."""
        self.is_awake = True
        self._event.set()

    def close(self) -> None:
        self._closing = True
        self._event.set()

    def _serve(self) -> None:
        while not self._closing:
            try:
                self._watch()
            except RuntimeError:  # the engine's loop has ended
                return
            except Exception:  # ours; without it the executors would still run
                logger.exception("the watchdog failed")

    def _watch(self) -> None:
        if not self._jobs():
            self.is_awake = False
            if not self._jobs():  # else something came in between
                self._event.wait()
            self._event.clear()
            self.is_awake = True
        pause = self._limit / LOOKS
        self._used = _cpu_seconds()
        before = time.monotonic()
        time.sleep(pause)
        late = time.monotonic() - before - pause
        if late >= self._limit:
            self._look_for_holder(late)
        for lane in self._lanes():
            if late >= self._limit:
                lane.asked = None  # no loop could have answered
            self._look(lane)

    def _look(self, lane: Lane) -> None:
        task, job = lane.running()
        seen, self._seen[lane] = self._seen.get(lane), task
        since = lane.asked
        if since is None:
            lane.ask()
        elif lane.blocked is None and task is seen and time.monotonic() - since >= self._limit:
            frame = sys._current_frames().get(lane.thread.ident or 0)
            self._home.call_soon_threadsafe(self._on_blocked, lane, Block(job, place_of(frame), since))
        for gone in self._seen.keys() - set(self._lanes()):
            del self._seen[gone]

    def _look_for_holder(self, late: float) -> None:
        """Nobody ran for `late` seconds but one thread, if any: the one that had a core all the time."""
        thread = max(now := _cpu_seconds(), key=lambda each: now[each] - self._used.get(each, 0.0), default=None)
        if thread is None or now[thread] - self._used.get(thread, 0.0) < HELD * late:
            return
        job = self._job_in(thread)
        if job is not None:
            place = place_of(sys._current_frames().get(thread.ident or 0))
        elif (job := self._ended_in(thread, late)) is not None:
            place = f"{job.spec.file}:{job.spec.line}"
        else:
            place = f"a place in thread '{thread.name}'"
        self._home.call_soon_threadsafe(self._on_held, job, place, late)

    def _job_in(self, thread: threading.Thread) -> Job | None:
        """The job that runs in a thread now."""
        for lane in self._lanes():
            if lane.thread is thread:
                return lane.running()[1]
        for job in self._jobs():
            if (job.work is not None and job.work.thread is thread) or thread in job.log.started:
                return job
        return None

    def _ended_in(self, thread: threading.Thread, late: float) -> Job | None:
        """The job that ended there in the moment before this thread came to run again, and ran while it did not."""
        now = time.monotonic()
        recent = [
            job
            for lane in self._lanes()
            for job, at in list(lane.ended)
            if now - at < JUST and (lane.thread is thread or (job.work is not None and job.work.ran_in is thread))
        ]
        since = time.time() - late / 2
        return next((job for job in recent if job.context.started_at.timestamp() < since), None)


def _cpu_seconds() -> dict[threading.Thread, float]:
    used = {thread: cpu_seconds(thread) for thread in threading.enumerate()}
    return {thread: seconds for thread, seconds in used.items() if seconds is not None}
