"""Where `execute` happens: one small protocol, one file a place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from engine.run import Job, Outcome
from engine.settings import Settings
from engine.trust import Trust


class JobRunner(Protocol):
    """Runs attempts. All methods are called on the engine's loop."""

    def attach(self, settings: Settings, trust: Trust) -> None:
        """Called once, before the first job."""

    def run(self, job: Job) -> Awaitable[Outcome]:
        """Execute `job` to its end; never raises for what the executor does."""

    def interrupt(self, job: Job) -> None:
        """Cancel the asyncio task in which `job` executes; it may ignore that."""

    async def ask(self, job: Job) -> None:
        """Call the executor's `cancel()` where `job` runs; what it raises is raised here."""

    async def kill(self, job: Job) -> bool:
        """End by force what ignored an interrupt; False where nothing more can be done."""

    def place(self, job: Job) -> str:
        """Where its code is now, in words for a person; "" where that is not known."""

    async def close(self) -> None:
        """Take no more work and free what is held; running jobs are not waited for."""


class Runner(JobRunner, Protocol):
    """Runs foreign code in the engine's own process as well."""

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call foreign `function`, plain or async, where executors run; its exception is raised here."""
