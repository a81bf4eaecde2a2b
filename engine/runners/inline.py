"""Executors on the engine's own loop: the way of a script, where both are the caller's."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from engine.leftovers import place_of_task
from engine.run import Job, Outcome, ask, execute, raised
from engine.runners import plain
from engine.settings import Settings
from engine.trust import Trust


class InlineRunner:
    """Runs each job inside the attempt's own asyncio task: a task of its own would cost as much as a no-op."""

    def attach(self, settings: Settings, trust: Trust) -> None:
        """Nothing to know."""

    async def run(self, job: Job) -> Outcome:
        job.running = job.host
        try:
            return await execute(job)
        finally:
            job.running = None

    def interrupt(self, job: Job) -> None:
        if job.running is not None:
            job.running.cancel()

    async def ask(self, job: Job) -> None:
        with raised():
            await ask(job)

    async def kill(self, job: Job) -> bool:
        return await plain.kill(job)

    def place(self, job: Job) -> str:
        return plain.place(job) or (place_of_task(job.running) if job.running is not None else "")

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        with raised():
            result = function(*args)
            return await result if inspect.isawaitable(result) else result

    async def close(self) -> None:
        """Nothing is held."""
