"""An engine in a process of its own, to be killed: what it leaves is what recovery is about (behaviour.md 7.2)."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.engine.support import rows, until

SCRIPT = """
import asyncio, json, sys
from dataclasses import replace
from engine import BaseTask, Engine, Settings, executor_register

def say(*words):
    print(*words, file=sys.__stdout__, flush=True)

class Hangs(BaseTask):
    async def execute(self, inputs):
        say("IN", self.task_id)
        await asyncio.sleep(60)

class Spawns(BaseTask):
    async def execute(self, inputs):
        return await self.spawn(inputs["what"])

@executor_register()
class Hang(Hangs):
    id = "hang"

@executor_register()
class Safe(Hangs):
    id = "safe"
    retry_safe = True

@executor_register()
class Noop(BaseTask):
    id = "noop"
    async def execute(self, inputs):
        return None

@executor_register()
class Flaky(BaseTask):
    id = "flaky"
    retries = 3
    retry_delay = 100
    async def execute(self, inputs):
        raise ValueError("broken")

@executor_register()
class Parent(Spawns):
    id = "parent"

@executor_register()
class SafeParent(Spawns):
    id = "safe_parent"
    retry_safe = True

@executor_register()
class Secret(Hangs):
    id = "secret"
    inputs_schema = {"type": "object", "properties": {"token": {"type": "string"}}}

async def main():
    engine = Engine(replace(Settings(), store=sys.argv[1], slots=int(sys.argv[3])))
    await engine.start()
    run_id = await engine.submit(engine.tree_from_array(json.loads(sys.argv[2]), keep_ids=True))
    say("RUN", run_id)
    if "pause" in sys.argv:
        await engine.pause(run_id)
        say("PAUSED")
    await engine.finished(run_id)

asyncio.run(main())
"""


class Process:
    """An engine in a process of its own that runs one tree; killed at the latest when its test ends."""

    def __init__(self, store: Path, entries: list[dict[str, Any]], slots: int, *words: str) -> None:
        code = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(store), json.dumps(entries), str(slots), *words]
        self.process = subprocess.Popen(code, stdout=subprocess.PIPE, text=True)
        self.store = store
        self.lines: list[str] = []

    async def says(self, *lines: str) -> None:
        """Wait until it has said these lines, or that its run is stored where none is given."""
        assert self.process.stdout is not None
        while not (set(lines) <= set(self.lines) if lines else any(line.startswith("RUN ") for line in self.lines)):
            line = await asyncio.to_thread(self.process.stdout.readline)
            assert line, f"it ended and said only {self.lines}"
            self.lines.append(line.rstrip("\n"))

    async def has(self, sql: str) -> None:
        """Wait until the store answers with a row."""
        await self.says()
        await until(lambda: rows(self.store, sql))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


Owner = Callable[..., Process]
"""Starts one: `owner(entries, *words, slots=64)`."""


def abandon(store: Path, *sql: str) -> None:
    """Give all runs to an owner that is dead, then change rows as `sql` says."""
    with closing(sqlite3.connect(store)) as db:
        db.execute("UPDATE run SET owner = '1-gone'")
        for each in sql:
            db.execute(each)
        db.commit()


def owners(store: Path) -> list[Any]:
    """Who has each run, by the order in which they were made."""
    return [row[0] for row in rows(store, "SELECT owner FROM run ORDER BY seq")]
