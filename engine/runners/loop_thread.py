"""Executors on asyncio loops in threads of their own, so that a blocking one never holds up the engine.

All share one loop until an attempt blocks it: then what comes gets a fresh one. Attempts that wait on the blocked loop
cannot be moved, for asyncio binds them to it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from engine.fence import fence
from engine.leftovers import place_of_task
from engine.repair import Guard, Snapshot
from engine.run import Job, Outcome, ask, failed
from engine.runners import plain
from engine.runners.lane import Block, Crossing, Lane
from engine.runners.watchdog import Watchdog
from engine.settings import Settings
from engine.threads import break_in
from engine.trust import Trust

logger = logging.getLogger(__name__)
MOST_BLOCKED = 8
"""Blocked loops at most; while there are as many, what comes waits."""


class LoopThreadRunner:
    """The runner of the console: its process is the engine's own, so that what attempts change in it is put back."""

    def __init__(self) -> None:
        self._home = asyncio.get_running_loop()
        self._numbers = itertools.count(1)
        self._lanes: tuple[Lane, ...] = ()
        self._lane: Lane | None = self._open()
        self._waiting: deque[Crossing] = deque()
        self._jobs: set[Job] = set()
        self._limit = 0.0
        self._trust = Trust()
        self._guard: Guard | None = None
        self._watchdog: Watchdog | None = None

    def attach(self, settings: Settings, trust: Trust) -> None:
        self._limit, self._trust = settings.block_limit, trust
        fence.install()
        self._guard = Guard(Snapshot())
        self._watchdog = Watchdog(
            self._limit, lambda: self._lanes, lambda: tuple(self._jobs), self._blocked, self._held
        )

    def _open(self) -> Lane:
        lane = Lane(next(self._numbers), self._ended, self._freed, self._lost)
        self._lanes = (*(each for each in self._lanes if each.thread.is_alive()), lane)
        return lane

    # ── jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def run(self, job: Job) -> Awaitable[Outcome]:
        future: asyncio.Future[Outcome] = self._home.create_future()
        self._jobs.add(job)
        if self._watchdog is not None and not self._watchdog.is_awake:
            self._watchdog.rouse()
        if self._lane is not None:
            self._lane.put((job, future))
        else:
            self._waiting.append((job, future))
            job.log.line("engine", f"waits for a loop: {MOST_BLOCKED} are blocked, by {self._blockers()}")
        return future

    def _ended(self, job: Job) -> None:
        self._jobs.discard(job)
        for lane in self._lanes:
            if (block := lane.blocked) is not None and block.job is job:
                job.log.line("engine", f"it blocked its loop for {time.monotonic() - block.since:.1f} s")
        if self._guard is not None:
            self._guard.ended(job, (job.spec.id, job.spec.version), self._jobs)

    def interrupt(self, job: Job) -> None:
        if job.running is not None:
            job.running.get_loop().call_soon_threadsafe(job.running.cancel)
        else:
            self._withdraw(job)

    def _withdraw(self, job: Job) -> None:
        """One that has not begun: it ends at once where it waits for a loop, and is cancelled as it begins else."""
        for crossing in self._waiting:
            if crossing[0] is job:
                self._waiting.remove(crossing)
                self._jobs.discard(job)
                crossing[1].set_result(job.stopped(" before it began"))
                return

    async def ask(self, job: Job) -> None:
        lane = self._lane_of(job) or self._lane
        if lane is not None:
            await lane.call(ask, job, log=job.log)

    async def kill(self, job: Job) -> bool:
        if job.work is not None:
            return await plain.kill(job)
        lane, task = self._lane_of(job), job.running
        if lane is None or task is None:
            return False

        def is_meant() -> bool:
            return lane.running()[1] is job

        return is_meant() and await break_in(lane.thread, is_meant)

    def place(self, job: Job) -> str:
        if words := plain.place(job):
            return words
        lane = self._lane_of(job)
        block = lane.blocked if lane is not None else None
        if block is not None and block.job is not job:
            return f"its loop is blocked by {_name(block)}"
        if block is not None:
            return block.place
        return place_of_task(job.running) if job.running is not None else ""

    def _lane_of(self, job: Job) -> Lane | None:
        loop = job.running.get_loop() if job.running is not None else None
        return next((lane for lane in self._lanes if lane.loop is loop), None)

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        return await (self._lane or self._lanes[-1]).call(function, *args)

    async def close(self) -> None:
        if self._watchdog is not None:
            self._watchdog.close()
        for lane in self._lanes:
            lane.close()
        if self._guard is not None:
            self._guard.close()
            fence.remove()

    # ── blocked loops ────────────────────────────────────────────────────────────────────────────────────────────

    def _blocked(self, lane: Lane, block: Block) -> None:
        """What the watchdog saw: say it where it matters, and give what comes another loop."""
        if lane.blocked is not None or lane.asked is None:  # known, or it goes on already
            return
        lane.blocked = block
        others = [job for job in lane.jobs.values() if job is not block.job]
        self._tell(block, len(others))
        for job in others:
            job.log.line("engine", f"waits: its loop is blocked by {_name(block)}")
        if lane is self._lane:
            lane.retire()
            waiting = lane.take_back()
            full = sum(each.blocked is not None for each in self._lanes) >= MOST_BLOCKED
            self._lane = None if full else self._open()
            for crossing in waiting:
                if self._lane is not None:
                    self._lane.put(crossing)
                else:
                    self._waiting.append(crossing)

    def _tell(self, block: Block, others: int) -> None:
        words = f"blocks its loop at {block.place}"
        if block.job is None:
            logger.warning("something %s", words)
            return
        took = time.monotonic() - block.since
        held = f"; {others} other attempts on it wait until it ends" if others else ""
        block.job.log.line("engine", f"{words} for {took:.1f} s now{held}; what comes gets another loop")
        block.job.context.on_progress(
            block.job.context.task.progress, f"blocks its loop at {os.path.basename(block.place)}"
        )

    def _freed(self, lane: Lane) -> None:
        """A blocked loop goes on. It takes nothing new; what waited for want of a loop gets one."""
        block, lane.blocked = lane.blocked, None
        if block is not None and block.job is not None and block.job in self._jobs:
            took = time.monotonic() - block.since
            block.job.log.line("engine", f"its loop goes on; it blocked it for {took:.1f} s")
            block.job.context.on_progress(block.job.context.task.progress, "")
        if self._lane is None:
            self._lane = self._open()
            while self._waiting:
                self._lane.put(self._waiting.popleft())

    def _lost(self, lane: Lane) -> None:
        """What ran on a loop that an executor made unusable cannot go on; what comes gets another."""
        if lane not in self._lanes:
            return
        self._lanes = tuple(each for each in self._lanes if each is not lane)
        waiting, lost = lane.take_back(), lane.lose()
        names = ", ".join(sorted({f"'{job.context.task.name}'" for job, _ in lost})[:3])
        logger.warning("a loop of executors was made unusable, by one of %s", names or "those that ended on it")
        for job, future in lost:
            self._jobs.discard(job)
            if not future.done():
                alone = "it" if len(lost) == 1 else f"it, or what ran beside it ({names}),"
                future.set_result(failed(f"{alone} made the asyncio loop unusable that it ran on", "loop_lost"))
        if lane is self._lane:
            self._lane = self._open()
        for crossing in waiting:
            if self._lane is not None:
                self._lane.put(crossing)
            else:
                self._waiting.append(crossing)

    def _blockers(self) -> str:
        names = {_name(lane.blocked) for lane in self._lanes if lane.blocked is not None}
        return ", ".join(sorted(names)[:3])

    def _held(self, job: Job | None, place: str, seconds: float) -> None:
        """One thread kept all others from running, the screen's too."""
        if job is None:
            logger.warning("all threads stood still for %.1f s, at %s", seconds, place)
            return
        why = f"it held up the whole process for {seconds:.1f} s at {place}"
        logger.warning("executor '%s': %s", job.spec.id, why)
        can_move = self._trust.lose(job.spec, why)
        then = (
            "its next attempts run in processes of their own"
            if can_move
            else "it is a script's own, so it stays where it is"
        )
        if job in self._jobs:
            job.log.line("engine", f"{why}; {then}")


def _name(block: Block) -> str:
    return f"'{block.job.context.task.name}' at {block.place}" if block.job is not None else block.place
