"""One attempt of a shipped executor as the engine makes it: inputs checked and filled by its schema first."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import psutil

from engine import BaseTask
from engine.schema import compile as compile_schema
from tests.executors.in_a_run import context_of

GUARD = 30
"""Seconds; what takes longer hangs."""


class Trial:
    """`lines` and `progress` are what it told so far."""

    def __init__(self, cls: type[BaseTask], checked: bool = True, **inputs: Any) -> None:
        """`checked=False` hands over inputs that its schema refuses, to see that it refuses them itself."""
        self.lines: list[str] = []
        self.progress: list[tuple[float, str]] = []
        self.executor = cls(inputs=inputs)
        self.context = context_of(
            cls.id,
            on_log=lambda text: self.lines.extend(text.split("\n")),
            on_progress=lambda fraction, message: self.progress.append((fraction, message)),
        )
        self.executor._context = self.context
        self.inputs = inputs
        if checked:
            checker = compile_schema(cls.inputs_schema)
            self.inputs = checker.with_defaults(inputs)
            assert checker.problems(self.inputs) == []

    async def result(self) -> dict[str, Any]:
        result: dict[str, Any] = await asyncio.wait_for(self.executor.execute(self.inputs), GUARD)
        json.dumps(result, allow_nan=False)
        return result

    def start(self) -> asyncio.Task[dict[str, Any]]:
        return asyncio.ensure_future(self.result())

    async def cancel(self) -> None:
        """As the engine does: the mark first, then the call."""
        self.context.cancelled = True
        await self.executor.cancel()

    async def until(self, condition: Callable[[], bool]) -> None:
        await until(condition, lambda: self.lines)


async def until(condition: Callable[[], bool], told: Callable[[], object] = lambda: "") -> None:
    deadline = time.monotonic() + GUARD
    while not condition():
        assert time.monotonic() < deadline, told()
        await asyncio.sleep(0.02)


def problems(cls: type[BaseTask], **inputs: Any) -> list[str]:
    """What its schema says against the inputs, as a form would."""
    return [str(problem) for problem in compile_schema(cls.inputs_schema).problems(inputs)]


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
