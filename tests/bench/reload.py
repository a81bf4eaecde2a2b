"""From the save to the catalogue, beside raw inotify and watchfiles: python -m tests.bench.reload [EXECUTORS] [SAVES]

Each figure is milliseconds from just before the file is written. `helper` saves a file that 50 executors import.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import watchfiles

from engine.catalogue import Catalogue
from engine.loader import Folder, Loader
from engine.watcher import Watcher, WatchState

DEPENDENTS = 50
CLOSE_WRITE = 0x8
GROWTH_RELOADS = 3_000
GROWTH_LIMIT = 2.0
"""Megabytes."""
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


async def kernel(folder: Path, saves: int, save: Callable[[int], None]) -> list[float]:
    """Raw inotify on the loop: what the kernel alone needs. Linux only."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if watch < 0 or libc.inotify_add_watch(watch, os.fsencode(folder), CLOSE_WRITE) < 0:
        raise OSError(ctypes.get_errno(), "inotify")
    news: asyncio.Queue[float] = asyncio.Queue()

    def seen() -> None:
        os.read(watch, 65536)
        news.put_nowait(time.perf_counter())

    loop = asyncio.get_running_loop()
    loop.add_reader(watch, seen)
    try:
        return await measure(save, news, saves)
    finally:
        loop.remove_reader(watch)
        os.close(watch)


def growth(reloads: int) -> float:
    """Megabytes by which the process grew over that many reloads of one file, after a first thousandth to warm up."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "executor.py")
        loader = Loader([Folder(Path(name), "user")])
        before = 0
        for edit in range(reloads + 200):
            file.write_text(source(DEPENDENTS, edit), encoding="utf-8")
            loader.reconcile()
            if edit == 200:
                gc.collect()
                before = psutil.Process().memory_info().rss
        gc.collect()
        return (psutil.Process().memory_info().rss - before) / 1e6


@dataclass(frozen=True, slots=True)
class Row:
    """Milliseconds of each save; `median_limit` and `p95_limit` are what they must not exceed, None for none."""

    name: str
    times: list[float]
    median_limit: float | None = None
    p95_limit: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        return sorted(self.times)[min(len(self.times) - 1, int(len(self.times) * 0.95))]

    @property
    def met(self) -> bool:
        within = self.median_limit is None or self.median <= self.median_limit
        return within and (self.p95_limit is None or self.p95 <= self.p95_limit)

    def __str__(self) -> str:
        limits = [f"{n:g}" for n in (self.median_limit, self.p95_limit) if n is not None]
        wanted = f"   to reach {' / '.join(limits)}{'' if self.met else '  MISSED'}" if limits else ""
        return f"{self.name:<38} median {self.median:6.1f} ms   p95 {self.p95:6.1f} ms{wanted}"


def rows(executors: int, saves: int) -> Iterator[Row]:
    """Save to catalogue, beside what the kernel and watchfiles alone need, in one folder and one run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(executors):
            (folder / f"executor_{number}.py").write_text(source(number, 0), encoding="utf-8")
        (folder / "_helper.py").write_text("VALUE = 0\n", encoding="utf-8")

        def save_one(edit: int) -> None:
            (folder / f"executor_{executors - 1}.py").write_text(source(executors - 1, edit), encoding="utf-8")

        def save_helper(edit: int) -> None:
            (folder / "_helper.py").write_text(f"VALUE = {edit}\n", encoding="utf-8")

        dependents = min(DEPENDENTS, executors)
        yield Row("raw inotify, save to event", asyncio.run(kernel(folder, saves, save_one)))
        yield Row("raw watchfiles, save to event", asyncio.run(raw(folder, saves, save_one)))
        yield Row(f"save to catalogue, {executors} executors", asyncio.run(ours(folder, saves, save_one)), 25, 60)
        yield Row(f"helper of {dependents} to catalogue", asyncio.run(ours(folder, saves, save_helper)), 70)


def main() -> None:
    executors = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    saves = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    for row in rows(executors, saves):
        print(row, flush=True)
    grown = growth(GROWTH_RELOADS)
    verdict = "" if grown < GROWTH_LIMIT else "  MISSED"
    print(f"{GROWTH_RELOADS:,} reloads: {grown:+.2f} MB   to reach {GROWTH_LIMIT:g}{verdict}")


if __name__ == "__main__":
    main()
