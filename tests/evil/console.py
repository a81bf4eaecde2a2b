"""The engine as the console has it: on a thread of its own, with a loop beside it that stands for the screen."""

from __future__ import annotations

import asyncio
import functools
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import Settings, Task, TaskTreeNode
from engine.engine_thread import EngineThread
from engine.loader import Folder

EXECUTORS = Path(__file__).parent / "executors"
GUARD = 30.0
"""Seconds after which a wait gives up."""
BEAT = 0.01


class Beat:
    """How long the screen's loop was kept from going on, at worst, in seconds."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._task = asyncio.create_task(self._go())

    async def _go(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(BEAT)
            self.worst = max(self.worst, time.monotonic() - before - BEAT)

    def stop(self) -> float:
        self._task.cancel()
        return self.worst


class Console:
    """Launch, cancel and read tasks as the screen does."""

    def __init__(self, thread: EngineThread) -> None:
        self.thread = thread
        self.engine = thread.engine

    async def launch(self, executor: str, inputs: dict[str, Any] | None = None, **fields: Any) -> Task:
        async def submit() -> Task:
            task = self.engine.new_task(executor, inputs=inputs, **fields)
            await self.engine.submit(TaskTreeNode(task))
            return task

        return await self.thread.ask(submit())

    async def until(self, *statuses: str, task: Task) -> Task:
        async with asyncio.timeout(GUARD):
            while task.status not in statuses:
                await asyncio.sleep(0.005)
        return task

    async def ended(self, task: Task) -> Task:
        return await self.until("completed", "failed", "cancelled", task=task)

    async def run(self, executor: str, inputs: dict[str, Any] | None = None, **fields: Any) -> Task:
        return await self.ended(await self.launch(executor, inputs, **fields))

    async def cancel(self, task: Task) -> None:
        async with asyncio.timeout(GUARD):
            await self.thread.ask(self.engine.cancel(task.id))

    async def log(self, task: Task) -> str:
        lines = await self.thread.ask(self.engine.log(task.id))
        return "\n".join(f"{line.stream}: {line.text}" for line in lines)


@asynccontextmanager
async def console(store: Path, folder: Path = EXECUTORS, **changes: Any) -> AsyncIterator[Console]:
    """One on the store, with all executors of the folder loaded."""
    changes = {"grace": 0.4, "cancel_limit": 0.3, "block_limit": 0.3, **changes}
    thread = EngineThread(replace(Settings(), store=store, **changes), [Folder(folder, "given")])
    await thread.start()
    try:
        async with asyncio.timeout(GUARD):
            while not thread.engine.catalogue.epoch or thread.engine.catalogue.is_loading:
                await asyncio.sleep(0.01)
        yield Console(thread)
    finally:
        await thread.stop(cancel=False)


def dying(store: Path, folder: Path, executor: str, files: int = 1024) -> subprocess.Popen[str]:
    """A console in a process of its own that runs one task, with so many descriptors at most."""
    words = [sys.executable, "-m", "tests.evil.dying_console", str(store), str(folder), executor]
    limit = functools.partial(resource.setrlimit, resource.RLIMIT_NOFILE, (files, files))
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], preexec_fn=limit)


def umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
