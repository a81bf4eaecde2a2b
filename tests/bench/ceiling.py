"""The ceiling of the design: no-op tasks with two durable state changes each, by ordered group commit and nothing else.

No graph, no validation, no log, no events: what the engine reaches beside this is what all of that costs.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from engine import statements
from engine.store import Store
from engine.task import Task, TaskStatus, now

AT_ONCE = 64


async def fan_out(count: int) -> float:
    """Tasks per second, 64 at once, each awaiting both of its commits (FULL)."""
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(Path(folder, "ceiling.db"))
        tasks = [Task(id=f"t{i}", name="noop", run_id="t0") for i in range(count)]
        await store.writer.commit([statements.insert(task) for task in tasks])
        left = iter(tasks)

        async def work() -> None:
            for task in left:
                await store.writer.commit([statements.start(task.id, 1, now(), None, None)])
                ended = statements.finish(task.id, TaskStatus.COMPLETED, '{"ok":true}', None, None, 1.0, now())
                await store.writer.commit([ended])

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        rate = count / (time.perf_counter() - began)
        await store.close()
    return rate


async def chain(count: int) -> float:
    """Tasks per second, one after the other, an outcome and the next in_progress in one awaited commit."""
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(Path(folder, "ceiling.db"))
        tasks = [Task(id=f"t{i}", name="noop", run_id="t0") for i in range(count)]
        await store.writer.commit([statements.insert(task) for task in tasks])
        began = time.perf_counter()
        writes = []
        for task in tasks:
            await store.writer.commit([*writes, statements.start(task.id, 1, now(), None, None)])
            writes = [statements.finish(task.id, TaskStatus.COMPLETED, '{"ok":true}', None, None, 1.0, now())]
        await store.writer.commit(writes)
        rate = count / (time.perf_counter() - began)
        await store.close()
    return rate
