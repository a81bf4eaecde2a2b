"""From the save to the new catalogue, beside raw watchfiles: python tests/bench/reload.py [EXECUTORS] [SAVES]

Each figure is milliseconds from just before the file is written. `helper` saves a file that 50 executors import.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import watchfiles

from engine.catalogue import Catalogue
from engine.loader import Folder, Loader
from engine.watcher import Watcher, WatchState

DEPENDENTS = 50
PADDING = "\n".join(f"    def step_{number}(self, value):\n        return value + {number}" for number in range(25))


def source(number: int, edit: int) -> str:
    imports = "import _helper\n" if number < DEPENDENTS else ""
    return f"""from aipartnerupflow import BaseTask, executor_register
{imports}
@executor_register()
class Executor(BaseTask):
    \"\"\"Edit {edit}.\"\"\"
    id = "executor_{number}"
    inputs_schema = {{"type": "object", "properties": {{"n": {{"type": "integer", "default": {edit}}}}}}}

    async def execute(self, inputs):
        return {{"n": inputs["n"]}}

{PADDING}
"""


async def measure(save: Callable[[int], None], news: asyncio.Queue[float], saves: int) -> list[float]:
    times = []
    for edit in range(1, saves + 1):
        await asyncio.sleep(0.1 + random.random() * 0.2)
        while not news.empty():
            news.get_nowait()
        began = time.perf_counter()
        save(edit)
        async with asyncio.timeout(10):
            times.append((await news.get() - began) * 1000)
    return times


async def ours(folder: Path, saves: int, save: Callable[[int], None]) -> list[float]:
    news: asyncio.Queue[float] = asyncio.Queue()
    watching = asyncio.Event()

    def on_catalogue(catalogue: Catalogue) -> None:
        news.put_nowait(time.perf_counter())

    def on_state(state: WatchState) -> None:
        if state is WatchState.WATCHING:
            watching.set()

    task = asyncio.create_task(Watcher(Loader([Folder(folder, "user")]), on_catalogue, on_state).run())
    await watching.wait()
    await news.get()
    times = await measure(save, news, saves)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return times


async def raw(folder: Path, saves: int, save: Callable[[int], None]) -> list[float]:
    news: asyncio.Queue[float] = asyncio.Queue()

    async def watch() -> None:
        async for _ in watchfiles.awatch(folder, step=10, debounce=200, rust_timeout=2000):
            news.put_nowait(time.perf_counter())

    task = asyncio.create_task(watch())
    await asyncio.sleep(0.5)
    times = await measure(save, news, saves)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return times


def show(name: str, times: list[float]) -> None:
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{name:<38} median {statistics.median(ordered):6.1f} ms   p95 {p95:6.1f} ms   n={len(ordered)}", flush=True)


def main() -> None:
    executors = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    saves = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(executors):
            (folder / f"executor_{number}.py").write_text(source(number, 0), encoding="utf-8")
        (folder / "_helper.py").write_text("VALUE = 0\n", encoding="utf-8")

        def save_one(edit: int) -> None:
            number = executors - 1
            (folder / f"executor_{number}.py").write_text(source(number, edit), encoding="utf-8")

        def save_helper(edit: int) -> None:
            (folder / "_helper.py").write_text(f"VALUE = {edit}\n", encoding="utf-8")

        began = time.perf_counter()
        Loader([Folder(folder, "user")]).reconcile()
        print(f"first load of {executors} executors: {(time.perf_counter() - began) * 1000:.0f} ms")
        rows: list[tuple[str, Callable[..., Awaitable[list[float]]], Callable[[int], None]]] = [
            ("raw watchfiles, save to event", raw, save_one),
            (f"save to catalogue, {executors} executors", ours, save_one),
            (f"helper of {min(DEPENDENTS, executors)} to catalogue", ours, save_helper),
        ]
        for label, way, save in rows:
            show(label, asyncio.run(way(folder, saves, save)))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
