"""A process of its own that keeps the schedules of a store: `python -m tests.faults.keeper FOLDER [ask]`.

With `ask` it launches a task "question" that waits for an answer, and one that depends on it.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from engine import Engine, EventKind, Settings, TaskTreeNode
from tests.faults import owner

FOLDER = Path(sys.argv[1] if __name__ == "__main__" else ".")


async def main() -> None:
    import executors.approve  # noqa: F401 - it registers itself

    owner.register(FOLDER)
    engine = Engine(replace(Settings(), store=FOLDER / "own.db"), take_over=True)
    asked = asyncio.Event()
    engine.bus.subscribe(lambda event: asked.set() if event.kind is EventKind.ASKED else None)
    await engine.start()
    while not engine.timekeeper.keeps:
        await asyncio.sleep(0.01)
    if "ask" in sys.argv:
        schema = {"properties": {"name": {"type": "string"}}, "required": ["name"]}
        question = engine.new_task("approve", inputs={"title": "Go on?", "schema": schema}, id="question")
        after = engine.new_task("quick", id="after", dependencies=["question"])
        await engine.submit(TaskTreeNode(question, [TaskTreeNode(after)]))
        await asked.wait()
    print("submitted", flush=True)
    await engine.finished("question")
    print("ended", flush=True)
    await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main())
