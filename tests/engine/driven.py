"""An engine on a loop of its own, whose attempts end when and how a test says, for the state machine."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from engine import BaseTask, Engine, Event, EventKind, Settings, executor_register
from engine.task import Task

T = TypeVar("T")
LIMIT = 30.0
"""Seconds after which an act counts as hanging; each takes milliseconds."""
TURNS = 20
"""Turns of the loop without a write after which nothing more can follow: whatever follows writes, within a few."""


class Controlled(BaseTask):
    """Each attempt waits until the test says how it ends; `given` is what it was given, with its version."""

    attempts: ClassVar[dict[str, asyncio.Future[Any]]] = {}
    given: ClassVar[dict[str, tuple[dict[str, Any], int]]] = {}
    version = 0

    async def execute(self, inputs: dict[str, Any]) -> Any:
        assert self.task_id is not None
        future = self.attempts[self.task_id] = asyncio.get_running_loop().create_future()
        self.given[self.task_id] = inputs, self.version
        try:
            ending = await future
        finally:
            del self.attempts[self.task_id]
        if isinstance(ending, Exception):
            raise ending
        return ending


class Polite(Controlled):
    """Ends by itself, and well, when it is asked to stop."""

    async def cancel(self) -> dict[str, Any]:
        assert self.task_id is not None
        self.attempts[self.task_id].set_result({})
        return {}


def register(version: int) -> None:
    """The executors of all kinds, at a version; those of a former one are replaced."""
    for name, base in (("plain", Controlled), ("safe", Controlled), ("polite", Polite), ("strict", Controlled)):
        schema = {"type": "object", "required": ["never given"]} if name == "strict" else None
        body = {"id": name, "name": name, "description": "", "version": version, "inputs_schema": schema}
        executor_register(override=True)(type(name, (base,), {**body, "retry_safe": name == "safe"}))


class _Faults(logging.Handler):
    """What the engine logs as a fault of its own."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.words.append(self.format(record))


class Driven:
    """One store, and an engine on it that can be ended and started again. Always `close` it."""

    def __init__(self, path: Path, slots: int) -> None:
        self.events: Counter[tuple[str, str]] = Counter()
        self.ends: dict[str, list[str]] = {}
        self._settings = Settings(store=path, slots=slots, grace=LIMIT, cancel_limit=LIMIT, synchronous="NORMAL")
        self._faults = _Faults()
        self._loop = asyncio.new_event_loop()
        self._reader: sqlite3.Connection | None = None
        logging.getLogger("engine").addHandler(self._faults)
        Controlled.attempts.clear()
        Controlled.given.clear()
        self.engine = self._new()

    def _new(self) -> Engine:
        engine = Engine(self._settings, take_over=True)
        engine.bus.subscribe(self._hear)
        return engine

    def _hear(self, event: Event) -> None:
        if event.task is None:
            return
        self.events[event.kind, event.task.id] += 1
        if event.kind is EventKind.TREE_FINISHED:
            self.ends.setdefault(event.task.id, []).append(str(event.data))

    @property
    def faults(self) -> list[str]:
        return self._faults.words

    def start(self) -> None:
        self.do(self.engine.start())
        if self._reader is None:
            self._reader = sqlite3.connect(self._settings.store, isolation_level=None)

    def restart(self) -> None:
        """End in good order; another engine goes on with the store."""
        self._run(self.engine.stop())
        self.engine = self._new()
        self.start()

    def do(self, act: Coroutine[Any, Any, T]) -> T:
        """Await `act`, then until nothing more follows by itself."""

        async def both() -> T:
            try:
                return await act
            finally:
                await self._quiet()

        return self._run(both())

    def _run(self, act: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(asyncio.wait_for(act, LIMIT))

    async def _quiet(self) -> None:
        writer = self.engine.store.writer
        turns = 0
        while turns < TURNS:
            if writer.backlog:
                await writer.flush()
                turns = 0
            await asyncio.sleep(0)
            turns += 1

    def tasks(self) -> dict[str, Task]:
        """All tasks as the engine tells them."""

        async def read() -> dict[str, Task]:
            runs = [run_id for (run_id,) in self.rows("SELECT DISTINCT run_id FROM task")]
            return {task.id: task for run_id in runs for task in await self.engine.tree(run_id)}

        return self._run(read())

    def finished(self, run_id: str) -> str:
        return str(self._run(self.engine.finished(run_id)))

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """What is on disk."""
        assert self._reader is not None
        return self._reader.execute(sql, values).fetchall()

    def close(self) -> None:
        """End the engine and all that it held, also where it hangs or is half started."""
        try:
            self._run(self.engine.stop())
        finally:
            self._loop.run_until_complete(self._cancel_rest())
            logging.getLogger("engine").removeHandler(self._faults)
            if self._reader is not None:
                self._reader.close()
            self._loop.close()

    async def _cancel_rest(self) -> None:
        """Nothing is left where `stop` went well; else no connection's thread may keep the process."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=LIMIT)
        with suppress(Exception, asyncio.CancelledError):
            await self.engine.store.close()
