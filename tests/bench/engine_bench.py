"""The engine as a library and as the console runs it: no-op tasks of one tree a second, durable."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import BaseTask, Engine, Settings, TaskTreeNode, executor_register
from engine.engine_thread import EngineThread
from tests.bench import memory
from tests.bench.load import CONSOLE, Load, Measured
from tests.bench.trees import dependencies
from tui.feed import Feed

WARM_UP = 100
"""Tasks that run before the clock: the schema library is imported, the statements prepared."""
FRAME = 0.1
"""Seconds between two looks of the console at its feed."""


@executor_register()
class Noop(BaseTask):
    id = "bench_noop"

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True}


@executor_register()
class SafeNoop(Noop):
    id = "bench_safe_noop"
    retry_safe = True


async def measure(load: Load) -> Measured:
    """Run the load in an engine of its own over a store in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(Settings(), store=Path(folder, "bench.db"), synchronous=load.synchronous)
        return await (_console(settings, load) if load.mode == CONSOLE else _library(settings, load))


async def _library(settings: Settings, load: Load) -> Measured:
    engine = Engine(settings)
    await engine.start()
    measured = await _trees(engine, load)
    await engine.stop()
    return measured


async def _console(settings: Settings, load: Load) -> Measured:
    thread = EngineThread(settings, ())
    feed = Feed()
    thread.subscribe(feed.push)
    await thread.start()

    async def look() -> None:
        while True:
            await asyncio.sleep(FRAME)
            feed.drain()

    looking = asyncio.create_task(look())
    measured = await thread.ask(_trees(thread.engine, load))
    looking.cancel()
    await thread.stop(cancel=False)
    return measured


async def _trees(engine: Engine, load: Load) -> Measured:
    """On the engine's loop."""
    measured = Measured()
    await _run(engine, replace(load, count=min(WARM_UP, load.count)))
    for turn in range(load.repeat):
        before = memory.resident()
        root, making, running, cpu = await _run(engine, load)
        measured.rates.append(load.count / running)
        measured.whole.append(load.count / (making + running))
        measured.cpu.append(cpu / load.count)
        if load.memory and turn == load.repeat - 1:
            held = memory.resident()
            assert root.task.is_terminal  # the tree is held until here
            del root
            measured.memory = memory.per_task(before, held, memory.resident(), load.count)
    return measured


async def _run(engine: Engine, load: Load) -> tuple[TaskTreeNode, float, float, float]:
    """The finished tree; seconds to make its tasks, from submit to the end on disk, and of the cores in the latter."""
    gc.collect()
    began = time.perf_counter()
    root = _tree(engine, load)
    made, used = time.perf_counter(), time.process_time()
    status = await engine.finished(await engine.submit(root))
    ended = time.perf_counter()
    if status != "completed":
        raise AssertionError(f"the tree ended as {status}")
    return root, made - began, ended - made, time.process_time() - used


def _tree(engine: Engine, load: Load) -> TaskTreeNode:
    executor = SafeNoop.id if load.retry_safe else Noop.id
    ids: list[str] = []
    root: TaskTreeNode | None = None
    for needs in dependencies(load.shape, load.count):
        task = engine.new_task(executor, dependencies=[ids[number] for number in needs])
        ids.append(task.id)
        if root is None:
            root = TaskTreeNode(task)
        else:
            root.add_child(TaskTreeNode(task))
    assert root is not None
    return root
