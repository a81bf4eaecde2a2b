"""Executors on an asyncio loop in a thread of their own, so that a blocking one never holds up the engine.

Jobs and outcomes cross between the two loops in batches: a hop costs more than a no-op task, so one hop carries all
that is there.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from engine.run import Job, Outcome, execute


class LoopThreadRunner:
    """One daemon thread with a loop; what never ends in it blocks no exit."""

    def __init__(self) -> None:
        self._home = asyncio.get_running_loop()
        self._loop = asyncio.new_event_loop()
        self._inbox: deque[tuple[Job, asyncio.Future[Outcome]]] = deque()
        self._outbox: deque[tuple[asyncio.Future[Outcome], Outcome | None]] = deque()
        self._inbox_told = False
        self._outbox_told = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        threading.Thread(target=self._serve, daemon=True, name="executors").start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        while not self._closing:
            try:
                self._loop.run_forever()
            except BaseException:  # a SystemExit in a task that an executor made ends run_forever, not this thread
                continue
        self._loop.close()

    async def run(self, job: Job) -> Outcome:
        future: asyncio.Future[Outcome] = self._home.create_future()
        self._inbox.append((job, future))
        if not self._inbox_told:
            self._inbox_told = True
            self._home.call_soon(self._tell_inbox)
        return await future

    def _tell_inbox(self) -> None:
        self._loop.call_soon_threadsafe(self._receive)

    def _receive(self) -> None:
        """On the executors' loop: start what came. The flag falls first, so that nothing later is overlooked."""
        self._inbox_told = False
        while self._inbox:
            job, future = self._inbox.popleft()
            task = self._loop.create_task(self._work(job, future))
            job.running = task
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, job: Job, future: asyncio.Future[Outcome]) -> None:
        outcome: Outcome | None = None
        try:
            outcome = await execute(job)
        finally:
            self._outbox.append((future, outcome))
            if not self._outbox_told:
                self._outbox_told = True
                try:
                    self._home.call_soon_threadsafe(self._deliver)
                except RuntimeError:  # the engine's loop has ended
                    pass

    def _deliver(self) -> None:
        """On the engine's loop: hand the outcomes over."""
        self._outbox_told = False
        while self._outbox:
            future, outcome = self._outbox.popleft()
            if future.done():
                continue
            if outcome is None:
                future.cancel()
            else:
                future.set_result(outcome)

    def interrupt(self, job: Job) -> None:
        if job.running is not None:
            self._loop.call_soon_threadsafe(job.running.cancel)

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        async def work() -> Any:
            result = function(*args)
            return await result if inspect.isawaitable(result) else result

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), self._loop))

    async def close(self) -> None:
        self._closing = True
        self._loop.call_soon_threadsafe(self._loop.stop)
