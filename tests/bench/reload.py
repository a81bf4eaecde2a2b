"""From the save to the catalogue, beside raw inotify and watchfiles: python -m tests.bench.reload [EXECUTORS] [SAVES]

Each figure is milliseconds from just before the file is written, ours until the screen's loop has the catalogue with
that edit. `helper` saves a file that 50 executors import.
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
from typing import Any

import psutil
import watchfiles

from engine import EngineThread, Settings
from engine.catalogue import Catalogue
from engine.loader import Folder, Loader
from engine.watcher import DEBOUNCE, STEP, WatchState
from tui.feed import Feed

Queue = asyncio.Queue[tuple[float, Any]]
Shows = Callable[[Any, int], bool]
"""Whether a catalogue has the edit of that number."""

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


async def measure(save: Callable[[int], None], news: Queue, saves: int, shows: Shows = lambda *_: True) -> list[float]:
    """Milliseconds of each save until news of it came; what came for another reason is passed over."""
    times = []
    for edit in range(1, saves + 1):
        await asyncio.sleep(0.1 + random.random() * 0.2)
        while not news.empty():
            news.get_nowait()
        began = time.perf_counter()
        save(edit)
        async with asyncio.timeout(10):
            came, catalogue = await news.get()
            while not shows(catalogue, edit):
                came, catalogue = await news.get()
        times.append((came - began) * 1000)
    return times


async def ours(folder: Path, saves: int, save: Callable[[int], None], shows: Shows) -> list[float]:
    """As the console has it: the engine on its thread, its events through the feed, which wakes the screen's loop."""
    loop = asyncio.get_running_loop()
    news: Queue = asyncio.Queue()
    watching, loaded = asyncio.Event(), asyncio.Event()

    def drain() -> None:
        delta = feed.drain()
        if delta is not None and delta.catalogue is not None:
            news.put_nowait((time.perf_counter(), delta.catalogue))
            loaded.set()
        if delta is not None and delta.watcher is WatchState.WATCHING:
            watching.set()

    feed = Feed(lambda: loop.call_soon_threadsafe(drain))
    with tempfile.TemporaryDirectory() as store:
        engine = EngineThread(Settings(store=Path(store, "bench.db")), [Folder(folder, "user")])
        engine.subscribe(feed.push)
        await engine.start()
        await watching.wait()
        await loaded.wait()
        times = await measure(save, news, saves, shows)
        await engine.stop(cancel=True)
    return times


async def raw(folder: Path, saves: int, save: Callable[[int], None]) -> list[float]:
    """watchfiles with the parameters that the engine gives it."""
    news: Queue = asyncio.Queue()

    async def watch() -> None:
        async for _ in watchfiles.awatch(folder, step=STEP, debounce=DEBOUNCE, rust_timeout=2000):
            news.put_nowait((time.perf_counter(), None))

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
    news: Queue = asyncio.Queue()

    def seen() -> None:
        os.read(watch, 65536)
        news.put_nowait((time.perf_counter(), None))

    loop = asyncio.get_running_loop()
    loop.add_reader(watch, seen)
    try:
        return await measure(save, news, saves)
    finally:
        loop.remove_reader(watch)
        os.close(watch)


def growth(reloads: int) -> tuple[float, float]:
    """Megabytes by which the process grew over that many reloads of a file after the first 200, and over as many more.

    As the watcher has it: the named file at once, everything now and then. In a process that did nothing else before,
    whose free memory would hide some of it. The first figure has what the allocator takes until it is filled, so the
    second is the one that weeks of editing multiply.
    """
    sizes = []
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "executor.py")
        loader = Loader([Folder(Path(name), "user")])
        for edit in range(2 * reloads + 201):
            file.write_text(source(DEPENDENTS, edit), encoding="utf-8")
            loader.reconcile([str(file)] if edit % 10 else None)
            if edit in (200, 200 + reloads, 200 + 2 * reloads):
                gc.collect()
                sizes.append(psutil.Process().memory_info().rss / 1e6)
    return sizes[1] - sizes[0], sizes[2] - sizes[1]


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

        def shows_one(catalogue: Catalogue, edit: int) -> bool:
            spec = catalogue.get(f"executor_{executors - 1}")
            return spec is not None and spec.description == f"Edit {edit}."

        def shows_helper(catalogue: Catalogue, edit: int) -> bool:
            modules = [sys.modules[catalogue.executors[f"executor_{n}"].factory.__module__] for n in range(dependents)]
            return all(edit == module._helper.VALUE for module in modules)

        dependents = min(DEPENDENTS, executors)
        yield Row("raw inotify, save to event", asyncio.run(kernel(folder, saves, save_one)))
        yield Row("raw watchfiles, save to event", asyncio.run(raw(folder, saves, save_one)))
        yield Row(
            f"save to catalogue, {executors} executors", asyncio.run(ours(folder, saves, save_one, shows_one)), 25, 60
        )
        yield Row(
            f"helper of {dependents} to catalogue", asyncio.run(ours(folder, saves, save_helper, shows_helper)), 70
        )


def main() -> None:
    executors = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    saves = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    grown, grown_then = growth(GROWTH_RELOADS)
    for row in rows(executors, saves):
        print(row, flush=True)
    verdict = "" if grown < GROWTH_LIMIT else "  MISSED"
    print(f"{GROWTH_RELOADS:,} reloads: {grown:+.2f} MB   to reach {GROWTH_LIMIT:g}{verdict}")
    print(f"{GROWTH_RELOADS:,} more: {grown_then:+.2f} MB")


if __name__ == "__main__":
    main()
