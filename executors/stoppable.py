"""Executors that end at once when they are cancelled, whatever they are waiting for."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from engine import BaseTask

T = TypeVar("T")

LOOK = 1.0
"""A cancel that only marks the task (no call of `cancel`) is noticed within this many seconds."""


class Stopped(Exception):
    """A cancel came while something was waited for."""


class Stoppable(BaseTask):
    """Waits that a cancel ends. `cancel` may be called from any thread, and before execute began (5.3)."""

    cancelable = True

    def __init__(self, inputs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(inputs, **kwargs)
        self._cancel_asked = False
        self._wakes: list[Callable[[], object]] = []

    @property
    def is_stopped(self) -> bool:
        return self._cancel_asked or self.is_cancelled()

    async def cancel(self) -> dict[str, Any]:
        """Ends what is waited for; asked before it began, it will not begin (5.3)."""
        self._cancel_asked = True
        for wake in list(self._wakes):
            wake()
        return {"status": "cancelled", "message": "it is being ended"}

    async def pause(self, seconds: float) -> None:
        """Wait so long. Raises `Stopped` as soon as a cancel comes."""
        await self.unless_stopped(asyncio.sleep(seconds))

    async def unless_stopped(self, work: Awaitable[T]) -> T:
        """The outcome of `work`; on a cancel it is interrupted, waited for, and `Stopped` is raised instead.

        What had ended well by then is still its outcome.
        """
        loop = asyncio.get_running_loop()
        running = asyncio.ensure_future(work)
        stopped = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(stopped.set)

        waker = asyncio.ensure_future(stopped.wait())
        self._wakes.append(wake)
        try:
            while not running.done():
                if self.is_stopped:
                    raise Stopped
                await asyncio.wait({running, waker}, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
            if self.is_stopped and (error := running.exception()) is not None:  # the cancel may have made it fail
                raise Stopped from error
            return running.result()
        finally:
            self._wakes.remove(wake)
            waker.cancel()
            if not running.done():
                running.cancel()
            await asyncio.gather(running, waker, return_exceptions=True)


async def in_own_thread(name: str, work: Callable[[], T], stop: Callable[[], object] | None = None) -> T:
    """`work` in a thread of its own, in the caller's context, so that what it prints goes to the task's log.

    Interrupted, it calls `stop`, which should make `work` return, and goes on without waiting for it: the shared pool
    of threads is never held up by work that does not end.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = context.run(work)
        except StopIteration as stray:  # no future takes it
            error = RuntimeError(f"StopIteration: {stray}")
        except BaseException as raised:
            error = raised
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:  # the loop was closed first
            pass

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        return await done
    except asyncio.CancelledError:
        if stop is not None:
            stop()
        raise
