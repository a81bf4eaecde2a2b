"""The threads in which plain `execute` methods run (behaviour.md 1.7): daemons, reused, bounded in number.

A thread cannot be ended from outside. What an attempt leaves running keeps its thread until it ends by itself; a spin
in Python code can be broken (see `break_in`).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

from engine.leftovers import tracking

IDLE_SECONDS = 10.0
"""How long a thread without work waits for some before it ends."""
LOOK = 0.05
"""Seconds for which a thread is watched before it is taken for spinning."""
LOOKS = 3
"""How often at most, on a machine with much else to do."""
BUSY = 0.3
"""The part of that time for which a spinning thread had a core, where there are cores for all."""


class Stopped(BaseException):
    """Raised inside code that is ended by force; no `Exception`, so that it is not caught by the way."""


class Tracing:
    """What traces the present thread, to go back to: what stays slows down all who come next."""

    __slots__ = ("_profile", "_trace")

    def __init__(self) -> None:
        self._trace, self._profile = sys.gettrace(), sys.getprofile()

    def put_back(self) -> None:
        if sys.gettrace() is not self._trace:
            sys.settrace(self._trace)
        if sys.getprofile() is not self._profile:
            sys.setprofile(self._profile)


class Work:
    """One call. `thread` is the one it runs in, while it does, and `ran_in` also afterwards.

    `is_given_up` says that nobody waits for its end.
    """

    __slots__ = ("call", "finish", "is_given_up", "name", "ran_in", "thread")

    def __init__(self, name: str, call: Callable[[], Any], finish: Callable[[Any, BaseException | None], None]) -> None:
        self.name = name
        self.call = call
        self.finish = finish
        self.thread: threading.Thread | None = None
        self.ran_in: threading.Thread | None = None
        self.is_given_up = False

    def run(self, thread: threading.Thread) -> None:
        """In `thread`; never raises."""
        result, error = None, None
        thread.name, self.thread, self.ran_in = self.name, thread, thread
        tracing = Tracing()
        try:
            result = self.call()
        except BaseException as caught:  # SystemExit too: it is the task's fault, not the program's end
            error = caught
        self.thread = None
        tracing.put_back()
        self.call = _nothing  # what it held ends here, too
        if tracking.is_fork:  # a child that the code made by forking went on to here: it is no engine
            os._exit(0)
        self.finish(result, error)


def _nothing() -> None:
    """What is left of a call that was made."""


class Threads:
    """At most `most` threads; calls beyond that wait for one. Any thread may call its methods."""

    def __init__(self, most: int = 1) -> None:
        self.most = most
        self._waiting: deque[Work] = deque()
        self._due = threading.Condition()
        self._count = 0
        self._idle = 0
        self._present: dict[threading.Thread, Work | None] = {}

    def allow(self, most: int) -> None:
        """Let there be at least as many as `most`: several engines of one process share them."""
        self.most = max(self.most, most)

    @property
    def is_full(self) -> bool:
        """Whether another call would have to wait."""
        return self._idle <= len(self._waiting) and self._count >= self.most

    def is_idle(self, thread: threading.Thread) -> bool:
        """Whether it is one of these and has nothing to do."""
        if thread not in self._present:
            return False
        work = self._present[thread]
        return work is None or work.thread is not thread

    def put(self, work: Work) -> None:
        with self._due:
            self._waiting.append(work)
            if self._idle >= len(self._waiting):
                self._due.notify()
            elif self._count < self.most:
                self._count += 1
                thread = threading.Thread(target=self._serve, daemon=True, name=work.name)
                Context().run(thread.start)  # it belongs to no task

    def _serve(self) -> None:
        me = threading.current_thread()
        work: Work | None = None
        while True:
            try:
                work = None
                work = self._present[me] = self._take()
                if work is None:
                    del self._present[me]
                    return
                work.run(me)
            except BaseException as late:  # a `Stopped` that came when its code had just ended
                if work is not None:
                    work.finish(None, late)

    def _take(self) -> Work | None:
        with self._due:
            until = time.monotonic() + IDLE_SECONDS
            while True:
                while self._waiting:
                    work = self._waiting.popleft()
                    if not work.is_given_up:
                        return work
                self._idle += 1
                try:
                    self._due.wait(until - time.monotonic())
                finally:
                    self._idle -= 1
                if not self._waiting and time.monotonic() >= until:
                    self._count -= 1
                    return None


threads = Threads()


async def in_thread(name: str, function: Callable[..., Any], *args: Any, begun: Callable[[Work], None]) -> Any:
    """Call blocking foreign code in a thread, in the present context, and await what it returns or raises.

    `begun` gets the work at once, to find its thread by. Cancelled, it goes on there with nobody to wait for it.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = copy_context()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        elif isinstance(error, StopIteration):  # asyncio refuses to carry it
            future.set_exception(RuntimeError(f"StopIteration: {error}"))
        else:
            future.set_exception(error)

    def finish(result: Any, error: BaseException | None) -> None:
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:  # the loop ended before this thread did
            pass

    work = Work(name, lambda: context.run(function, *args), finish)
    begun(work)
    threads.put(work)
    try:
        return await future
    except asyncio.CancelledError:
        work.is_given_up = True
        raise


def cpu_seconds(thread: threading.Thread) -> float | None:
    """For how long a thread had a core; None where the system does not tell, or the thread ended."""
    if sys.platform != "linux" or thread.native_id is None:
        return None
    try:
        return time.clock_gettime((~thread.native_id << 3) | 6)  # what pthread_getcpuclockid gives for a living thread
    except OSError:
        return None


async def break_in(thread: threading.Thread, is_meant: Callable[[], bool]) -> bool:
    """Raise `Stopped` in a thread that spins in Python code; False where it waits for something, or cannot be told.

    A thread that waits is let be: it would be hit when it wakes up, perhaps to return a result after all. `is_meant`
    says whether it still runs what is to be ended.
    """
    for _ in range(LOOKS):
        before, began = cpu_seconds(thread), time.monotonic()
        await asyncio.sleep(LOOK)
        after, passed = cpu_seconds(thread), time.monotonic() - began
        if before is None or after is None or thread.ident is None or not is_meant():
            return False
        if after - before >= _busy() * passed:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Stopped))
            return True
    return False


def _busy() -> float:
    """The part of the time for which a spinning thread has a core, with all the others that want one now."""
    return BUSY * min(1.0, (os.cpu_count() or 1) / max(os.getloadavg()[0], 1.0))
