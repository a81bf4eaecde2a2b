"""The process that a crash round kills: an engine that takes over what is dead, and runs the trees of its seed.

What its executors do and what the bus tells goes to a journal beside the store: whole lines, appended by single
writes, so that a kill loses none that was written. `python -m tests.crash.child STORE JOURNAL SEED` runs one by hand.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from engine import BaseTask, Engine, Event, EventKind, Settings, executor_register
from engine.errors import ChildFailed, TaskError
from engine.runners.loop_thread import LoopThreadRunner
from tests.crash.forest import POOLS, SLOTS, Grove, Planned, children, node_of, plant, value_of

FIRST_FAULT = 3
"""The exit code of a child in which something other than a kill ended the run."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What one process does. `generation` marks its journal lines; `meddles` seeds its cancels and pauses.

    `leaves` is the seconds after which it ends in good order though its trees have not.
    """

    store: Path
    journal: Path
    generation: int
    grove: Grove
    meddles: int | None = None
    leaves: float | None = None
    threaded: bool = False
    """Executors run on a loop of their own, as in the console."""
    foreign: Grove = field(default_factory=list)
    """Trees of another process: it tries to cancel tasks of them too, which must do nothing while that one lives."""
    last: bool = False
    """The last of its round: it also resumes what was paused, so that all comes to its end."""


class Journal:
    """Lines of words, appended to one file by all processes of a round."""

    def __init__(self, path: Path, generation: int) -> None:
        self._path = path
        self._generation = generation

    def write(self, *words: object) -> None:
        line = " ".join([str(self._generation), *(str(word).replace("\n", " | ") for word in words)])
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(fd, line.encode() + b"\n")  # one that was open before the engine would be the engine's own
        os.close(fd)


class WrongInputs(Exception):
    """A dependency's result is not the one that it returned."""


class Journaled(BaseTask):
    """Writes when an attempt begins and ends; `work` is what it does in between."""

    journal: ClassVar[Journal]

    async def execute(self, inputs: dict[str, Any]) -> Any:
        self.begin(inputs)
        try:
            result = await self.work(inputs)
        except BaseException:
            self.end("raised")
            raise
        self.end("returned")
        return result

    def begin(self, inputs: dict[str, Any]) -> None:
        self.journal.write("begin", self.task_id, self.attempt)
        for task_id, value in inputs.get("expects", {}).items():
            found = inputs.get(task_id)
            if not isinstance(found, dict) or found.get("value") != value:
                raise WrongInputs(f"{task_id} gave {found!r}, not {value}")

    def end(self, how: str) -> None:
        self.journal.write("end", self.task_id, self.attempt, how)

    @property
    def attempt(self) -> int:
        assert self.task is not None
        return self.task.attempt

    async def work(self, inputs: dict[str, Any]) -> Any:
        return {"value": value_of(inputs["tag"])}


MADE: list[type] = []
"""All executors, for who registers them again: a console's folder."""


def kind(name: str, **attributes: Any) -> Callable[[type], type]:
    """Register the class as the executor of a kind of `forest.KINDS`."""

    def register(cls: type) -> type:
        made = type(name, (cls,), {"id": f"crash_{name}", "name": name, "description": "", **attributes})
        MADE.append(made)
        executor_register()(made)
        return cls

    return register


@kind("noop")
@kind("safe_noop", retry_safe=True)
class Noop(Journaled):
    pass


@kind("nap")
@kind("late", timeout=0.012)
@kind("safe", retry_safe=True)
class Nap(Journaled):
    async def work(self, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(inputs["ms"] / 1000)
        self.log("awake")
        self.report_progress(0.9, "nearly")
        return await super().work(inputs)


@kind("thread")
class Thread(Journaled):
    def execute(self, inputs: dict[str, Any]) -> Any:  # type: ignore[override]
        self.begin(inputs)
        time.sleep(inputs["ms"] / 1000)
        self.end("returned")
        return {"value": value_of(inputs["tag"])}


@kind("broken")
@kind("hopeless")
class Broken(Journaled):
    async def work(self, inputs: dict[str, Any]) -> Any:
        raise ValueError("broken as planned")


@kind("says_failed")
class SaysFailed(Journaled):
    async def work(self, inputs: dict[str, Any]) -> Any:
        return {"status": "failed", "error": "as planned"}


@kind("flaky", retries=3, retry_delay=0.002)
@kind("safe_flaky", retry_safe=True)
class Flaky(Journaled):
    async def work(self, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(0)
        if self.attempt < inputs["good"]:
            raise ConnectionError("not yet")
        return await super().work(inputs)


@kind("spawner")
@kind("safe_spawner", retry_safe=True)
class Spawner(Journaled):
    """Spawns its children one by one, all at once, or some at once; a brave one lives with their failure."""

    async def work(self, inputs: dict[str, Any]) -> Any:
        left = iter(inputs["children"])

        async def some() -> None:
            for name, given in left:
                found = await self.spawn(f"crash_{name}", given)
                if found["value"] != value_of(given["tag"]):
                    raise WrongInputs(f"{given['tag']} gave {found!r}")

        workers = inputs["limit"] or len(inputs["children"])
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(some())
        except* ChildFailed:
            if not inputs["brave"]:
                raise ValueError("a child failed") from None
        return await super().work(inputs)


@kind("keyed")
class Keyed(Spawner):
    """Launched by keys in a console, where no inputs are typed: its children follow from its id."""

    async def work(self, inputs: dict[str, Any]) -> Any:
        made = children(Random(self.task_id), f"k-{self.task_id}", 2) * 4
        each = [[name, {**given, "tag": f"{given['tag']}.{at}", "ms": 40}] for at, (name, given) in enumerate(made)]
        return await super().work({"tag": f"k-{self.task_id}", "children": each, "limit": 3, "brave": True})


class FaultHandler(logging.Handler):
    """What the engine logs as an error is a fault of its own, and ends the round."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.WARNING)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        self._journal.write("fault", self.format(record))


def _tell(journal: Journal) -> Callable[[Event], None]:
    def told(event: Event) -> None:
        if event.task is None:
            return
        if event.kind is EventKind.FINISHED:
            journal.write("told", event.task.id, event.task.status)
        elif event.kind is EventKind.TREE_FINISHED:
            journal.write("over", event.task.id, event.data)

    return told


async def live(orders: Orders) -> None:
    """Open the engine, submit what is not there yet, wait for the end of all that runs here."""
    journal = Journaled.journal = Journal(orders.journal, orders.generation)
    logging.getLogger("engine").addHandler(FaultHandler(journal))
    logging.getLogger("asyncio").addHandler(FaultHandler(journal))
    settings = replace(Settings(), slots=SLOTS, pools=POOLS, grace=0.1, cancel_limit=0.05)
    runner = LoopThreadRunner() if orders.threaded else None
    engine = Engine(settings, store=orders.store, take_over=True, runner=runner)
    engine.bus.subscribe(_tell(journal))
    await engine.start()
    journal.write("open")
    if orders.last:
        await _resume_all(engine)
    meddling = None
    if orders.meddles is not None:
        meddling = asyncio.create_task(_meddle(engine, Random(orders.meddles), orders.grove + orders.foreign))
    work = asyncio.create_task(_work(engine, orders.grove, journal))
    await asyncio.wait([work], timeout=orders.leaves)
    for task in (meddling, work):
        if task is not None and not task.cancel():
            task.result()
    await engine.stop()
    journal.write("closed")


async def _work(engine: Engine, grove: Grove, journal: Journal) -> None:
    for tree in grove:
        if await engine.task(tree[0].id) is None:
            try:
                run_id = await engine.submit(node_of(engine, tree))
            except TaskError:
                if await engine.task(tree[0].id) is None:
                    raise
                continue  # another process submitted it at the same moment
            journal.write("accepted", run_id)
    await engine.drain()


async def _resume_all(engine: Engine) -> None:
    await engine.resume()
    for tree in list(engine.dispatcher.trees.values()):
        if tree.paused:
            await engine.resume(tree.run_id)


async def _meddle(engine: Engine, random: Random, grove: Grove) -> None:
    """A person beside it: cancels a few tasks, pauses a tree or the queue and resumes it."""
    tasks: list[Planned] = [planned for tree in grove for planned in tree]
    roots = [tree[0].id for tree in grove]
    for _ in range(random.randint(1, 6)):
        await asyncio.sleep(random.uniform(0.0, 0.08))
        what = random.random()
        if what < 0.6:
            await engine.cancel(random.choice(tasks[1:] or tasks).id, only=random.random() < 0.6)
            continue
        run_id = random.choice(roots) if what < 0.8 else None
        if run_id is not None and run_id not in engine.dispatcher.trees:
            continue
        await engine.pause(run_id)
        await asyncio.sleep(random.uniform(0.0, 0.05))
        if run_id is None or run_id in engine.dispatcher.trees:
            await engine.resume(run_id)


def run(orders: Orders) -> None:
    """The body of the process; ends it with `FIRST_FAULT` when anything but a kill went wrong."""
    try:
        asyncio.run(live(orders))
    except BaseException as error:
        Journal(orders.journal, orders.generation).write("fault", f"{type(error).__name__}: {error}")
        logging.getLogger(__name__).exception("the child failed")
        os._exit(FIRST_FAULT)


def main() -> None:
    store, journal, seed = sys.argv[1:]
    run(Orders(Path(store), Path(journal), 0, plant(int(seed), "a", least=50, most=300)))


if __name__ == "__main__":
    main()
