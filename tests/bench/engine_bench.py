"""The engine in library mode and with its executors on the loop thread: no-op tasks of one tree per second, durable."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import BaseTask, Engine, Settings, TaskTreeNode, executor_register
from engine.runners.loop_thread import LoopThreadRunner


@executor_register()
class Noop(BaseTask):
    id = "bench_noop"

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True}


async def rate(shape: str, count: int, *, thread: bool = False, synchronous: str = "FULL") -> float:
    """Tasks per second from the submit of a tree ("fan-out" or "chain") to its end on disk."""
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(Settings(), store=Path(folder, "bench.db"), synchronous=synchronous)
        engine = Engine(settings, runner=LoopThreadRunner() if thread else None)
        await engine.start()
        tasks = [engine.new_task("bench_noop")]
        for _ in range(count - 1):
            needs = [tasks[-1].id] if shape == "chain" else None
            tasks.append(engine.new_task("bench_noop", dependencies=needs))
        tree = TaskTreeNode(tasks[0], [TaskTreeNode(task) for task in tasks[1:]])
        began = time.perf_counter()
        status = await engine.finished(await engine.submit(tree))
        took = time.perf_counter() - began
        assert status == "completed", status
        await engine.stop()
    return count / took
