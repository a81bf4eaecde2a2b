"""One loop of executors in a thread of its own. Jobs and outcomes cross to it and back in batches.

A hop between loops costs more than a no-op task, so one hop carries all that is there.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from engine.fence import fence
from engine.leftovers import make_task, makers
from engine.output import TaskLog
from engine.run import Job, Outcome, execute, raised
from engine.threads import Tracing

MOST_FALLS = 20
"""How often in a row a loop may end within `FALL` seconds; one that an executor broke would do so for ever."""
FALL = 0.001
Crossing = tuple[Job, "asyncio.Future[Outcome]"]


@dataclass(frozen=True, slots=True)
class Block:
    """Something that keeps a loop from going on. `job` is None where no task can be charged with it."""

    job: Job | None
    place: str
    since: float
    """Monotonic."""


class Lane:
    """A daemon thread with a loop: what never ends in it blocks no exit.

    On the home loop, `on_end` is called for each job that ended here, before its outcome is known; `on_free` when the
    loop goes on after it was `blocked`; `on_lost` when an executor made the loop unusable.
    """

    def __init__(
        self,
        number: int,
        on_end: Callable[[Job], None],
        on_free: Callable[[Lane], None],
        on_lost: Callable[[Lane], None],
    ) -> None:
        self.loop = asyncio.new_event_loop()
        fence.keep(*_descriptors(self.loop))
        self.jobs: dict[asyncio.Task[Any], Job] = {}
        self.blocked: Block | None = None
        self.asked: float | None = None
        """Since when (monotonic) it owes an answer to `ask`."""
        self.ended: deque[tuple[Job, float]] = deque(maxlen=16)
        """The last jobs that ended here, and when (monotonic)."""
        self.is_retired = False
        """Takes no new work, and ends when what it has ended."""
        self._home = asyncio.get_running_loop()
        self._on_end = on_end
        self._on_free = on_free
        self._on_lost = on_lost
        self._inbox: deque[Crossing] = deque()
        self._outbox: deque[tuple[Job, asyncio.Future[Outcome], Outcome | None]] = deque()
        self._inbox_told = False
        self._outbox_told = False
        self._futures: dict[Job, asyncio.Future[Outcome]] = {}
        self._closing = False
        self.thread = threading.Thread(target=self._serve, daemon=True, name=f"executors {number}")
        self.thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self._tracing = Tracing()
        falls = 0
        while not self._closing and falls < MOST_FALLS:
            began = time.monotonic()
            try:
                self.loop.run_forever()
            except BaseException:  # a SystemExit in a task that an executor made ends run_forever, not this thread
                falls = falls + 1 if time.monotonic() - began < FALL else 0
        if self._closing:
            self.loop.close()
        else:
            self._say(self._on_lost)

    def _say(self, listener: Callable[[Lane], None]) -> None:
        with suppress(RuntimeError):  # the engine's loop has ended
            self._home.call_soon_threadsafe(listener, self)

    def _set_up(self) -> None:
        """On this loop: as it should be, whatever an executor made of it."""
        self.loop.set_task_factory(make_task)  # type: ignore[arg-type]  # what the stubs demand, no Python does
        self.loop.set_exception_handler(None)
        if self.loop.get_debug():
            self.loop.set_debug(False)
        self._tracing.put_back()

    # ── there and back ───────────────────────────────────────────────────────────────────────────────────────────

    def put(self, crossing: Crossing) -> None:
        """Have the job executed here, and its future resolved; on the home loop."""
        self._inbox.append(crossing)
        if not self._inbox_told:
            self._inbox_told = True
            self._home.call_soon(self._tell_inbox)

    def _tell_inbox(self) -> None:
        try:
            self.loop.call_soon_threadsafe(self._receive)
        except Exception:  # whatever an executor made of it
            self._on_lost(self)

    def _receive(self) -> None:
        """On this loop: start what came. The flag falls first, so that nothing later is overlooked."""
        self._inbox_told = False
        self._set_up()
        while self._inbox:
            try:
                job, future = self._inbox.popleft()
            except IndexError:  # it was taken back this moment
                return
            task = asyncio.Task(self._work(job, future), loop=self.loop)
            job.running = task
            self.jobs[task] = job
            self._futures[job] = future
            task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self.jobs.pop(task, None)
        if self.is_retired and not self.jobs:
            self.close()

    async def _work(self, job: Job, future: asyncio.Future[Outcome]) -> None:
        outcome: Outcome | None = None
        try:
            outcome = await execute(job)
        finally:
            self.ended.append((job, time.monotonic()))
            self._outbox.append((job, future, outcome))
            if not self._outbox_told:
                self._outbox_told = True
                try:
                    self._home.call_soon_threadsafe(self._deliver)
                except RuntimeError:  # the engine's loop has ended
                    pass

    def _deliver(self) -> None:
        """On the home loop: hand the outcomes over."""
        self._outbox_told = False
        while self._outbox:
            job, future, outcome = self._outbox.popleft()
            self._on_end(job)
            self._futures.pop(job, None)
            if future.done():
                continue
            if outcome is None:
                future.cancel()
            else:
                future.set_result(outcome)

    def take_back(self) -> list[Crossing]:
        """What has not begun here; on the home loop."""
        taken = []
        while self._inbox:
            try:
                taken.append(self._inbox.popleft())
            except IndexError:
                break
        return taken

    def lose(self) -> list[Crossing]:
        """What has begun here and will never be told of; on the home loop. Nothing comes here any more."""
        self._deliver()
        self._closing = self.is_retired = True
        lost, self._futures = list(self._futures.items()), {}
        self.jobs.clear()
        return lost

    async def call(self, function: Callable[..., Any], *args: Any, log: TaskLog | None = None) -> Any:
        """Call `function` on this loop and await its result on the home loop; what it does is charged to `log`."""

        async def work() -> Any:
            task = asyncio.current_task()
            if log is not None and task is not None:
                makers[task] = log
            with raised():
                result = function(*args)
                return await result if inspect.isawaitable(result) else result

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), self.loop))

    # ── what the watchdog asks ───────────────────────────────────────────────────────────────────────────────────

    def ask(self) -> None:
        """Any thread: ask the loop for a sign of life."""
        self.asked = time.monotonic()
        try:
            self.loop.call_soon_threadsafe(self._answer)
        except Exception:  # it is closed, by us or by an executor
            if not self._closing:
                self._say(self._on_lost)

    def _answer(self) -> None:
        self.asked = None
        if self.blocked is not None:
            self._say(self._on_free)

    def running(self) -> tuple[asyncio.Task[Any] | None, Job | None]:
        """Any thread: the asyncio task that runs at this moment, and the job that it belongs to."""
        task = asyncio.current_task(self.loop)
        if task is None:
            return None, None
        job = self.jobs.get(task)
        if job is None and (log := makers.get(task)) is not None:
            job = next((each for each in list(self.jobs.values()) if each.log is log), None)
        return task, job

    def retire(self) -> None:
        """Take no more work; end with the last of what is here."""
        self.is_retired = True
        with suppress(Exception):  # it may be lost
            self.loop.call_soon_threadsafe(lambda: None if self.jobs else self.close())

    def close(self) -> None:
        self._closing = True
        with suppress(Exception):  # it is closed already, or lost
            self.loop.call_soon_threadsafe(self.loop.stop)


def _descriptors(loop: asyncio.AbstractEventLoop) -> list[int]:
    """What a loop wakes up by, where it has what asyncio's own have."""
    ends = [getattr(loop, name, None) for name in ("_ssock", "_csock", "_selector")]
    return [end.fileno() for end in ends if end is not None]
