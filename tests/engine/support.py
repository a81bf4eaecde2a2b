"""What several tests of the engine do the same way: build trees, wait for a state, look at the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import BaseTask, Engine, Event, EventKind, Settings, Task, TaskStatus, TaskTreeNode
from engine.graph import pending_reason

Make = Callable[..., None]
"""A fixture that registers an executor the way a test wants it."""
GUARD = 10.0
"""Seconds after which a test that waits for something gives up."""


async def until(condition: Callable[[], Any]) -> None:
    """Wait for `condition`, looking often; it fails the test when it never comes."""
    async with asyncio.timeout(GUARD):
        while not condition():
            await asyncio.sleep(0.002)


def unawaited(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Begin `work` and look at its end for nobody, so that asyncio does not complain of an unseen exception."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


async def started(*tasks: Task) -> None:
    await until(lambda: all(task.status is TaskStatus.IN_PROGRESS for task in tasks))


async def submit(engine: Engine, *tasks: Task) -> str:
    """The first task with the others under it."""
    return await engine.submit(TaskTreeNode(tasks[0], [TaskTreeNode(task) for task in tasks[1:]]))


async def finish(engine: Engine, *tasks: Task) -> TaskStatus:
    run_id = await submit(engine, *tasks)
    async with asyncio.timeout(GUARD):
        return await engine.finished(run_id)


async def ended(engine: Engine, run_id: str) -> TaskStatus:
    async with asyncio.timeout(GUARD):
        return await engine.finished(run_id)


@asynccontextmanager
async def running(
    settings: Settings, *, take_over: bool = False, runner: Any = None, **changes: Any
) -> AsyncIterator[Engine]:
    """An engine of its own on the store of `settings`; `changes` are other settings."""
    engine = Engine(replace(settings, **changes), runner=runner, take_over=take_over)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


def rows(store: Path, sql: str, *values: Any) -> list[Any]:
    """What a connection of its own reads from the file."""
    with closing(sqlite3.connect(store)) as db:
        return db.execute(sql, values).fetchall()


def state(store: Any, task_id: str) -> tuple[Any, ...]:
    """status, attempt, skipped, result and error of a task as they are stored."""
    sql = "SELECT status, attempt, skipped, result, error FROM task WHERE id = ?"
    return tuple(rows(store, sql, task_id)[0])


def stored_status(store: Path, task_id: str) -> str:
    return str(rows(store, "SELECT status FROM task WHERE id = ?", task_id)[0][0])


def reason(engine: Engine, task: Task) -> str:
    """What is shown beside a pending task (2.3)."""

    def lookup(task_id: str) -> Task | None:
        node = engine.dispatcher.nodes.get(task_id)
        return node.task if node is not None else None

    return pending_reason(task, lookup)


def kinds(events: list[Event], task: Task, *but: EventKind) -> list[EventKind]:
    return [event.kind for event in events if event.task is task and event.kind not in but]


def listen(engine: Engine) -> list[Event]:
    """All events from now on, as they come."""
    events: list[Event] = []
    engine.bus.subscribe(events.append)
    return events


async def children(engine: Engine, parent: Task) -> list[Task]:
    return [task for task in await engine.tree(parent.run_id) if task.parent_id == parent.id]


class Gates:
    """An executor "gate" whose attempts stay inside until a test lets them out; `inside` are the names that are in.

    The name is the input `n`. One that is not let out can still be cancelled.
    """

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.entered: list[str] = []
        self._open: dict[str, asyncio.Event] = {}

    def open(self, *names: str) -> None:
        for name in names:
            self._open.setdefault(name, asyncio.Event()).set()

    def executor(self) -> Callable[..., Any]:
        """What `register` takes."""

        async def execute(task: BaseTask, inputs: dict[str, Any]) -> Any:
            return await self.execute(task, inputs)

        return execute

    async def execute(self, task: BaseTask, inputs: dict[str, Any]) -> Any:
        name = str(inputs.get("n", ""))
        self.entered.append(name)
        self.inside.append(name)
        try:
            await self._open.setdefault(name, asyncio.Event()).wait()
        finally:
            self.inside.remove(name)
        return {"n": name}
