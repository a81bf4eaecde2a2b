"""The console over a real engine and store, on the test's own loop, with runs as the engine would leave them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from engine import BaseTask, Engine, Folder, Settings, executor_register, history_statements
from engine.events import Subscriber
from engine.executor import DEFAULT_REGISTRY
from engine.search import Indexer
from engine.store import Store
from tests.engine.made_runs import START, run_writes
from tests.tui.console_driver import WIDE, Driven
from tui.app import ConsoleApp
from tui.look import Look
from tui.screens.history import HistoryScreen

T = TypeVar("T")
NOW = START + timedelta(hours=40)
Fill = Callable[[Store], Awaitable[None]]


class RealThread:
    """Stands for `LateEngine`, with an engine on the caller's loop; `fill` puts runs into the store first."""

    def __init__(self, path: Path, fill: Fill, *folders: Folder, **settings: Any) -> None:
        self.settings = replace(Settings(), store=path, user="ann", **settings)
        self.engine = Engine(self.settings, folders, take_over=False)
        self._fill = fill

    def subscribe(self, subscriber: Subscriber) -> None:
        self.engine.bus.subscribe(subscriber)

    async def start(self) -> None:
        store = await Store.open(self.engine.settings.store)
        await self._fill(store)
        await Indexer(store).catch_up()
        await store.close()
        await self.engine.start()

    async def ask(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return await coroutine

    async def stop(self, *, cancel: bool) -> None:
        await self.engine.stop(cancel=cancel)


async def add(store: Store, run_id: str, statuses: tuple[str, ...] = ("completed",), **fields: Any) -> None:
    """A run, with where it was launched from."""
    audit = history_statements.audit(
        "launch", who=fields.get("user", "ann"), origin="pts/3 from 10.0.0.7", at=START, run_id=run_id, task_id=run_id
    )
    await store.writer.commit([*run_writes(run_id, statuses, **fields), audit])


async def some_runs(store: Store) -> None:
    """A dozen runs of three executors."""
    for number in range(9):
        failed = number % 4 == 3
        await add(
            store,
            f"ping-{number}",
            ("failed",) if failed else ("completed",),
            hour=number * 3.0,
            inputs={"url": f"https://host{number}.example/health", "timeout": 3 + number % 2},
            result={"status": 200, "ms": 40 + number},
            error="connection reset by \x1b[31mpeer[/red]",
            label="weekly check" if number % 3 == 0 else None,
            tags=["nightly"] if number == 6 else [],
            user="bob" if number == 5 else "ann",
        )
    await add(store, "deploy-1", ("completed", "completed", "completed"), executor="deploy", hour=30)
    await add(store, "deploy-2", ("failed", "completed", "failed"), executor="deploy", hour=34, user="bob")


class Opened(Driven):
    """With the history on the screen."""

    @property
    def history(self) -> HistoryScreen:
        found = next(screen for screen in self.app.screen_stack if isinstance(screen, HistoryScreen))
        return found

    @property
    def ids(self) -> list[str]:
        """The runs of the list."""
        return [run.id for run in self.history.listed.runs]

    async def until(self, holds: Callable[[], bool]) -> None:
        """The engine writes to a disk: wait for what follows from that."""
        for _ in range(200):
            if holds():
                return
            await asyncio.sleep(0.01)
            await self.settle()
        raise AssertionError(f"it never came to that:\n{self.screen}")

    async def type(self, words: str) -> None:
        """Type into the filter line, in the place of what stands there."""
        await self.press("slash")
        self.history.line.fill("")
        await self.press(*(" " if sign == " " else sign for sign in words))


@asynccontextmanager
async def history(
    path: Path,
    fill: Fill = some_runs,
    size: tuple[int, int] = WIDE,
    clock: Callable[[], datetime] = lambda: NOW,
    look: Look | None = None,
    **settings: Any,
) -> AsyncIterator[Opened]:
    """A console whose history is open."""
    held = DEFAULT_REGISTRY.registrations
    DEFAULT_REGISTRY.registrations = {}
    DEFAULT_REGISTRY.epoch += 1
    register()
    thread = RealThread(path / "taskdeck.db", fill, **settings)
    app = ConsoleApp(thread, clock=clock, live=False, look=look)  # type: ignore[arg-type]
    try:
        async with app.run_test(size=size) as pilot:
            opened = Opened(app, pilot, thread.engine)  # type: ignore[arg-type]
            await opened.settle()
            await opened.press("H")
            yield opened
            assert list(app.faults) == []
    finally:
        await thread.stop(cancel=True)
        DEFAULT_REGISTRY.registrations = held
        DEFAULT_REGISTRY.epoch += 1


def register() -> None:
    """The executors of the runs."""
    schema = {"type": "object", "properties": {"url": {"type": "string"}, "timeout": {"type": "integer"}}}

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"status": 200, "got": inputs}

    for id in ("ping", "deploy"):
        body = {"id": id, "name": id, "description": "", "inputs_schema": schema, "execute": execute}
        executor_register()(type(id, (BaseTask,), body))
