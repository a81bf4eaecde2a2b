"""What the consoles on ptys run, and what is asked of them more than once."""

from __future__ import annotations

from pathlib import Path

from tests.pty_console import Console

HEAD = """
import asyncio, time
from pathlib import Path
from aipartnerupflow import BaseTask, executor_register

HERE = Path(__file__).parent

def note(word):
    with (HERE / "ran").open("a") as file:
        file.write(word + "\\n")
"""
EXECUTOR = """
@executor_register()
class {name}(BaseTask):
    id = "{id}"
    name = "{name}"
    description = "{description}"

    {kind} execute(self, inputs):
{body}
"""
GATED = """
note(f"gated {self.task_id} {self.task.attempt}")
(HERE / "began").touch()
while not (HERE / "gate").exists():
    await asyncio.sleep(0.02)
return {"ok": True}
"""
STUBBORN = """
(HERE / "began").touch()
while True:
    try:
        await asyncio.sleep(0.05)
    except BaseException:
        pass
"""
FROZEN = """
(HERE / "began").touch()
while True:
    time.sleep(1)
"""
TICKING = """
(HERE / "began").touch()
count = 0
while not (HERE / "gate").exists():
    self.log(f"line {count} " + "x" * 80)
    self.report_progress(count % 100 / 100, f"at {count}")
    await self.spawn("tick", {"number": count})
    count += 1
return {"ticks": count}
"""
TICK = """
await asyncio.sleep(0.02)
return {"number": inputs["number"]}
"""
MANY = """
(HERE / "began").touch()
found = await self.map("filler", [{"number": n} for n in range(999)], 50)
return {"all": len(found)}
"""
FILLER = """
note(f"filler {inputs['number']}")
await asyncio.sleep(0.01)
return {"filling": "x" * 500}
"""
THREE = """
parts = (self.spawn("gated", {"n": n}, name=f"part-{n}") for n in range(3))
return await asyncio.gather(*parts, return_exceptions=True) and {"ok": True}
"""


def executor(name: str, description: str, body: str, kind: str = "async def") -> str:
    code = "\n".join(f"        {line}" for line in body.strip("\n").split("\n"))
    return EXECUTOR.format(name=name, id=name.lower(), description=description, kind=kind, body=code)


EXECUTORS = HEAD + "".join(
    [
        executor("Gated", "Waits for a file", GATED),
        executor("Stubborn", "Ignores every wish that it ends", STUBBORN),
        executor("Frozen", "Keeps its thread for itself", FROZEN, "def"),
        executor("Ticking", "Has a tree of tasks that keep the screen busy", TICKING),
        executor("Tick", "Comes at once to its end", TICK),
        executor("Many", "Runs a thousand tasks", MANY),
        executor("Filler", "Returns half a kilobyte", FILLER),
        executor("Three", "Three tasks that wait for the gate", THREE),
    ]
)


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
