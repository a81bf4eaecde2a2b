"""Which runner a job goes to: its home, or a process of its own where it asks for one or has shown that it needs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from engine.run import Job, Outcome
from engine.runners import JobRunner, Runner
from engine.runners.process import ProcessRunner
from engine.settings import Settings
from engine.trust import Trust, can_move


class Router:
    """`home` is where executors run that are trusted."""

    def __init__(self, home: Runner, settings: Settings, trust: Trust) -> None:
        self._home = home
        self._trust = trust
        self._processes = ProcessRunner()
        self._all_apart = settings.isolation == "process"
        self.attach(settings, trust)

    def attach(self, settings: Settings, trust: Trust) -> None:
        self._home.attach(settings, trust)
        self._processes.attach(settings, trust)

    def run(self, job: Job) -> Awaitable[Outcome]:
        policy = job.policy  # asked directly: this is on the way of every attempt
        if policy.isolation == "process" or policy.memory_limit is not None:
            return self._processes.run(job)
        if self._all_apart and can_move(job.spec):
            return self._processes.run(job)
        if self._trust.reasons and (why := self._trust.why(job.spec)):
            job.log.line("engine", f"in a process of its own: {why}")
            return self._processes.run(job)
        return self._home.run(job)

    def _place_of(self, job: Job) -> JobRunner:
        return self._processes if job in self._processes.attempts else self._home

    def interrupt(self, job: Job) -> None:
        self._place_of(job).interrupt(job)

    async def ask(self, job: Job) -> None:
        await self._place_of(job).ask(job)

    async def kill(self, job: Job) -> bool:
        return await self._place_of(job).kill(job)

    def place(self, job: Job) -> str:
        return self._place_of(job).place(job)

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        return await self._home.call(function, *args)

    async def close(self) -> None:
        await self._processes.close()
        await self._home.close()
