"""A process of its own that runs a tree on a store: `python -m tests.faults.owner FOLDER [SHAPE]`.

The tasks write what they do into `FOLDER/ran`, one line each, and go on when `FOLDER/gate` is there.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import BaseTask, Engine, Settings, TaskTreeNode, executor_register

FOLDER = Path(sys.argv[1] if __name__ == "__main__" else ".")


def register(folder: Path) -> None:
    """The executors, in whichever process asks; `folder` is where they write."""

    class Gated(BaseTask):
        id = "gated"

        async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
            with (folder / "ran").open("a") as file:
                file.write(f"{inputs.get('name', self.task_id)}\n")
            self.log(f"begun {inputs.get('name')}")
            self.report_progress(0.5, "half way")
            while not (folder / "gate").exists():
                await asyncio.sleep(0.01)
            return {"ok": True}

    class Quick(BaseTask):
        id = "quick"

        async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
            with (folder / "ran").open("a") as file:
                file.write(f"{inputs.get('name', self.task_id)}\n")
            return {"ok": True}

    for cls in (Gated, Quick):
        executor_register()(cls)


async def main() -> None:
    register(FOLDER)
    engine = Engine(replace(Settings(), store=FOLDER / "own.db", slots=2, grace=0.3, cancel_limit=0.3))
    await engine.start()
    root = TaskTreeNode(engine.new_task("quick", inputs={"name": "root"}, id="root"))
    first = engine.new_task("gated", inputs={"name": "one"}, id="one")
    second = engine.new_task("gated", inputs={"name": "two"}, id="two")
    last = engine.new_task("quick", inputs={"name": "last"}, id="last", dependencies=["one"])
    for task in (first, second, last):
        root.add_child(TaskTreeNode(task))
    run_id = await engine.submit(root, label="of another process")
    print("submitted", flush=True)
    print(await engine.finished(run_id), flush=True)
    await engine.stop()


if __name__ == "__main__":
    asyncio.run(main())
