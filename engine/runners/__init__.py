"""Where `execute` happens: one small protocol, one file a place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from engine.run import Job, Outcome


class Runner(Protocol):
    """Runs foreign code. All methods are called on the engine's loop."""

    async def run(self, job: Job) -> Outcome:
        """Execute `job` to its end; never raises for what the executor does."""

    def interrupt(self, job: Job) -> None:
        """Cancel the asyncio task in which `job` executes; it may ignore that."""

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call foreign `function`, plain or async, where executors run; its exception is raised here."""

    async def close(self) -> None:
        """Take no more work and free what is held; running jobs are not waited for."""
