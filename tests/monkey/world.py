"""What the monkey plays with: executors that keep tasks running and say awkward things, and a store with many runs.

`python -m tests.monkey.world STORE RUNS` fills a store.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

from engine import Engine, Settings, TaskTreeNode

PROBE = "zz_probe"
"""The executor whose runs show that tasks still end."""
EXECUTORS = '''"""What runs while the monkey plays."""

import asyncio
import random

from aipartnerupflow import BaseTask, executor_register

HOSTILE = [
    "[/nope] [bold", "\\x1b[31mred\\x1b]52;c;aGk=\\x07", "\\u202eright to left\\u202c",
    "zero\\u200b\\u200dwidth\\u2060",
    "\\u4f60\\u597d\\u4e16\\u754c wide", "e\\u0301\\u0301\\u0301\\u0301", "nul\\x00nul",
    "\\U0001f468\\u200d\\U0001f469\\u200d\\U0001f467", "\\x9b2J", "tab\\there\\r\\nline",
]


@executor_register()
class Probe(BaseTask):
    id = "zz_probe"
    name = "Probe"

    async def execute(self, inputs):
        return {"ok": True}


@executor_register()
class Churn(BaseTask):
    """[/markup] in a docstring, \\u202e and more."""

    id = "churn"
    name = "Churn [b]\\u4f60\\u597d[/x]"
    description = "Progress, logs, children, failures \\x1b[2J [/nope]"
    tags = ("slow", "[/tag]", "\\u202etag")
    examples = ({"seconds": 3}, {"seconds": 20, "children": 5})

    def get_input_schema(self):
        return {"type": "object", "properties": {
            "seconds": {"type": "number", "default": 15, "maximum": 30, "minimum": 0},
            "children": {"type": "integer", "default": 3, "minimum": 0, "maximum": 8},
            "note": {"type": "string", "default": "[/x] note"},
            "kind": {"enum": ["a", "[/b]", "\\u4f60"]},
            "list": {"type": "array", "items": {"type": "object", "properties": {"[k]": {"type": "string"}}}},
        }}

    async def execute(self, inputs):
        seconds = inputs.get("seconds", 15)
        leaves = [{"seconds": seconds / 2, "text": text} for text in HOSTILE[: inputs.get("children", 3)]]
        below = [asyncio.create_task(self.spawn("leaf", leaf, name=leaf["text"])) for leaf in leaves]
        steps = max(1, int(seconds * 10))
        for step in range(steps):
            self.report_progress(step / steps, random.choice(HOSTILE))
            if step % 3 == 0:
                print(f"step {step}", random.choice(HOSTILE))
            await asyncio.sleep(0.1)
        if random.random() < 0.2:
            print("x" * 1_000_000)
        await asyncio.gather(*below, return_exceptions=True)
        if random.random() < 0.2:
            raise RuntimeError("\\n".join(HOSTILE))
        return {"rows": [{"text": text, "n": n, "[/x]": None} for n, text in enumerate(HOSTILE)]}


@executor_register()
class Leaf(BaseTask):
    id = "leaf"
    name = "Leaf \\u202e"

    async def execute(self, inputs):
        for step in range(int(inputs.get("seconds", 1) * 5)):
            print(inputs.get("text", ""), step)
            await asyncio.sleep(0.2)
        if random.random() < 0.4:
            raise ValueError(random.choice(HOSTILE) + " [/x]")
        return random.choice(HOSTILE)
'''
NAMES = (
    "deploy web",
    "[/nope] [bold",
    "\u202eright to left",
    "\u4f60\u597d wide",
    "e\u0301\u0301",
    "a" * 300,
    "\x1b[2J",
)

QUICK = {"executor_id": "monkey_quick"}


async def fill(store: Path, runs: int) -> None:
    """`runs` small trees, a fourth of them of more than one level, some of hostile names."""
    from tests.monkey import quick  # noqa: F401  (registers what the runs run)

    engine = Engine(replace(Settings(), store=store))
    await engine.start()
    chance = Random(runs)
    for number in range(runs):
        inputs = {"number": number, "text": chance.choice(NAMES)}
        root = TaskTreeNode(engine.new_task(chance.choice(NAMES), inputs=inputs, params=QUICK))
        for _ in range(chance.choice((0, 0, 0, 3, 12))):
            below = {"fails": chance.random() < 0.1}
            root.add_child(TaskTreeNode(engine.new_task(chance.choice(NAMES), inputs=below, params=QUICK)))
        await engine.submit(root)
    await engine.drain()
    await engine.stop()


if __name__ == "__main__":
    asyncio.run(fill(Path(sys.argv[1]), int(sys.argv[2])))
