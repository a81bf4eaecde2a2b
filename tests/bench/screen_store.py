"""A store with one tree that waits behind a paused queue: `python -m tests.bench.screen_store FILE TASKS`

The console that opens it shows the tree, and runs it when the queue is resumed.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from engine import Engine, Settings, TaskTreeNode

EXECUTORS = '''"""What the measured trees run."""

import asyncio

from aipartnerupflow import BaseTask, executor_register


@executor_register()
class Noop(BaseTask):
    id = "bench_noop"

    async def execute(self, inputs):
        return {"ok": True}


@executor_register()
class Busy(BaseTask):
    id = "bench_busy"

    async def execute(self, inputs):
        for step in range(600):
            self.report_progress(step / 600, f"step {step}")
            await asyncio.sleep(0.1)
'''


def groups(tasks: int) -> int:
    """How many groups a tree of `tasks` has."""
    return 40 if tasks >= 1_000 else 4


def name(number: int) -> str:
    return f"part {number:06}"


async def make(store: Path, tasks: int) -> None:
    """`tasks` no-ops, dealt out to the groups in turn so that all groups change while the tree runs."""
    engine = Engine(replace(Settings(), store=store))
    await engine.start()
    await engine.pause()
    root = TaskTreeNode(engine.new_task("tree"))
    nodes = [root.add_child(TaskTreeNode(engine.new_task(f"group {g:02}"))) for g in range(groups(tasks))]
    for number in range(tasks):
        task = engine.new_task(name(number), params={"executor_id": "bench_noop"})
        nodes[number % len(nodes)].add_child(TaskTreeNode(task))
    await engine.submit(root)
    await engine.stop()


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1]), int(sys.argv[2])))
