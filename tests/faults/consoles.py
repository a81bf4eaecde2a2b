"""What the consoles on ptys run, and what is asked of them more than once."""

from __future__ import annotations

from pathlib import Path

from tests.pty_console import Console

EXECUTORS = """
import asyncio, threading, time
from pathlib import Path
from aipartnerupflow import BaseTask, executor_register

HERE = Path(__file__).parent

def note(word):
    with (HERE / "ran").open("a") as file:
        file.write(word + "\\n")

@executor_register()
class Gated(BaseTask):
    id = "gated"
    name = "Gated"
    description = "Waits for a file"

    async def execute(self, inputs):
        note(f"gated {self.task_id} {self.task.attempt}")
        (HERE / "began").touch()
        while not (HERE / "gate").exists():
            await asyncio.sleep(0.02)
        return {"ok": True}

@executor_register()
class Stubborn(BaseTask):
    id = "stubborn"
    name = "Stubborn"
    description = "Ignores every wish that it ends"

    async def execute(self, inputs):
        (HERE / "began").touch()
        while True:
            try:
                await asyncio.sleep(0.05)
            except BaseException:
                pass

@executor_register()
class Frozen(BaseTask):
    id = "frozen"
    name = "Frozen"
    description = "Keeps its thread for itself"

    def execute(self, inputs):
        (HERE / "began").touch()
        while True:
            time.sleep(1)

@executor_register()
class Ticking(BaseTask):
    id = "ticking"
    name = "Ticking"
    description = "Has a tree of tasks that keep the screen busy"

    async def execute(self, inputs):
        (HERE / "began").touch()
        count = 0
        while not (HERE / "gate").exists():
            self.log(f"line {count} " + "x" * 80)
            self.report_progress(count % 100 / 100, f"at {count}")
            await self.spawn("tick", {"number": count})
            count += 1
        return {"ticks": count}

@executor_register()
class Tick(BaseTask):
    id = "tick"
    name = "Tick"
    description = "Comes at once to its end"

    async def execute(self, inputs):
        await asyncio.sleep(0.02)
        return {"number": inputs["number"]}

@executor_register()
class Many(BaseTask):
    id = "many"
    name = "Many"
    description = "Runs a thousand tasks"

    async def execute(self, inputs):
        (HERE / "began").touch()
        found = await self.map("filler", [{"number": n} for n in range(999)], 50)
        return {"all": len(found)}

@executor_register()
class Filler(BaseTask):
    id = "filler"
    name = "Filler"
    description = "Returns half a kilobyte"

    async def execute(self, inputs):
        note(f"filler {inputs['number']}")
        await asyncio.sleep(0.01)
        return {"filling": "x" * 500}
"""


def write_executors(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "faulty.py").write_text(EXECUTORS)


def launch_gated(console: Console) -> None:
    """Launch by keys what waits for the file `gate`, and wait until it runs."""
    console.sees("gated")
    console.launch("gated")
    console.has(console.folder / "began")


def task_of(console: Console) -> tuple[str, str | None]:
    """Status and kind of error of the one task that it ran."""
    ((status, kind),) = console.rows("SELECT status, error_type FROM task")
    return status, kind
