"""Worker processes kept for the next attempt: started when they are wanted, ended when they idle."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from engine.runners.worker_process import WorkerProcess

logger = logging.getLogger(__name__)
MOST_IDLE = 2
IDLE_SECONDS = 60.0


class Pool:
    """At most `most` workers, busy or not. One that was used is warm: it begins in a thirtieth of the time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: list[tuple[WorkerProcess, asyncio.TimerHandle]] = []
        self._count = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._workers: set[WorkerProcess] = set()
        self._taken = 0
        self._starting = False
        self._loop = asyncio.get_running_loop()
        self.is_closed = False

    async def take(self, on_wait: Callable[[str], None]) -> WorkerProcess:
        """A worker that does nothing; `on_wait` is told when none can be had yet. Raises OSError."""
        while True:
            while self._idle:
                worker, timer = self._idle.pop()
                timer.cancel()
                if worker.is_alive:
                    self._use()
                    return worker
                self.give_back(worker, is_clean=False)
            if self._count < self._most:
                self._use()
                return await self._start()
            on_wait(f"waits for a process: all {self._most} are taken")
            turn: asyncio.Future[None] = self._loop.create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._next()
                raise

    def _use(self) -> None:
        """From the second on, the next attempt shall find one ready."""
        self._taken += 1
        if self._taken > 1 and not self._idle and not self._starting and self._count + 1 < self._most:
            self._starting = True
            self._spawn()

    async def _start(self) -> WorkerProcess:
        self._count += 1
        try:
            worker = await WorkerProcess.start()
        except BaseException:
            self._count -= 1
            self._next()
            raise
        self._workers.add(worker)
        return worker

    def _spawn(self) -> None:
        task = self._loop.create_task(self._prepare())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _prepare(self) -> None:
        try:
            self.give_back(await self._start())
        except Exception as error:  # who wants one hears of it
            logger.warning("%s", error)
        finally:
            self._starting = False

    def give_back(self, worker: WorkerProcess, *, is_clean: bool = True) -> None:
        """Keep it for the next, or end it where something of its attempt may be left in it."""
        worker.log = None
        if is_clean and worker.is_alive and len(self._idle) < MOST_IDLE and not self.is_closed:
            self._idle.append((worker, self._loop.call_later(IDLE_SECONDS, self._expire, worker)))
            self._next()
        else:
            task = self._loop.create_task(self._end(worker))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _expire(self, worker: WorkerProcess) -> None:
        self._idle = [(each, timer) for each, timer in self._idle if each is not worker]
        self.give_back(worker, is_clean=False)

    async def _end(self, worker: WorkerProcess) -> None:
        await worker.end()
        self._workers.discard(worker)
        self._count -= 1
        self._next()

    def _next(self) -> None:
        """There may be one for whoever has waited longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    async def close(self) -> None:
        """End all of them, and wait until they are gone."""
        self.is_closed = True
        for _, timer in self._idle:
            timer.cancel()
        self._idle.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*(worker.end() for worker in self._workers), return_exceptions=True)
