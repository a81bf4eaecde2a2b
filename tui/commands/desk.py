"""An engine on the person's own store, for the commands: with executors where something is to run, else without."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.commands.folders import folders_of, require
from tui.commands.streams import Streams
from tui.commands.trial import first, log_to, on_signals

if TYPE_CHECKING:
    from engine import Catalogue, Engine, Settings, Task, TaskStatus

LATEST = "latest"
LOOK_EVERY = 0.1
"""Seconds between two looks at a run that another process runs."""
SHORT_ID = 8
"""Characters of an id that are shown; as many are enough to name it again."""


class Stopped(Exception):
    """Ctrl+C or SIGTERM came."""


def store_settings(options: argparse.Namespace, settings: Settings) -> Settings:
    """The settings with the store that `--store` names."""
    return replace(settings, store=options.store_file) if options.store_file else settings


@asynccontextmanager
async def open_store(options: argparse.Namespace, settings: Settings) -> AsyncIterator[Engine]:
    """The engine without executors: enough to read, and to ask the processes that run something.

    Raises `StoreError` for a store that is not there: reading one must not make it.
    """
    from engine import Engine, StoreError

    settings = store_settings(options, settings)
    if not settings.store.exists():
        raise StoreError(f"there is no store {settings.store}", "Nothing was run yet; --store FILE names another")
    engine = Engine(settings, take_over=False)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


class Desk:
    """An engine with its catalogue; `stop` is set by Ctrl+C and SIGTERM."""

    def __init__(self, engine: Engine, catalogue: Catalogue, stop: asyncio.Event) -> None:
        self.engine = engine
        self.catalogue = catalogue
        self.stop = stop

    async def finished(self, run_id: str) -> bool:
        """Wait for the end of a run, whoever runs it; False where a signal came first."""
        return await first(self.status(run_id), self.stop)

    async def status(self, run_id: str) -> TaskStatus:
        """How a run ended, once it has."""
        engine = self.engine
        while not await self._is_ours_or_over(run_id):  # noqa: ASYNC110 - the end of another's run wakes nobody here
            await asyncio.sleep(LOOK_EVERY)
        return await engine.finished(run_id)

    async def _is_ours_or_over(self, run_id: str) -> bool:
        engine = self.engine
        return run_id in engine.dispatcher.endings or (await engine.store.run_state(run_id)).owner is None


@asynccontextmanager
async def open_desk(options: argparse.Namespace, settings: Settings, streams: Streams) -> AsyncIterator[Desk]:
    """Load the executors, ready to run them. What still runs at the end is cancelled.

    Raises `Stopped` for a signal that comes while files are loaded.
    """
    from engine import Engine, EventKind
    from engine.runners.loop_thread import LoopThreadRunner

    require(options.executors)
    settings = store_settings(options, settings)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    on_signals(loop, stop)
    engine = Engine(settings, folders_of(options.executors, settings), runner=LoopThreadRunner(), take_over=False)
    loaded: asyncio.Future[Catalogue] = loop.create_future()

    def hear(event: object) -> None:
        kind, data = getattr(event, "kind", None), getattr(event, "data", None)
        if kind is EventKind.CATALOGUE and data is not None and not (data.is_loading or loaded.done()):
            loaded.set_result(data)

    engine.bus.subscribe(hear)
    with log_to(streams):
        await engine.start()
        try:
            if not await first(loaded, stop):
                raise Stopped
            yield Desk(engine, loaded.result(), stop)
        finally:
            await engine.stop(cancel=True)


async def find_task(engine: Engine, given: str) -> Task:
    """The task that an id, the beginning of one, or `latest` names.

    Raises `TaskError` for none, and for a beginning that several share.
    """
    from engine import TaskError

    if given == LATEST:
        runs = await engine.runs(limit=1)
        if not runs:
            raise TaskError("there is no run", "Launch one with `taskdeck run`")
        given = runs[0].root.id
    task = await engine.task(given)
    if task is not None:
        return task
    ids = await engine.store.ids_like(given)
    if not ids:
        raise TaskError(f"there is no task '{given}'", "`taskdeck history` lists the runs")
    if len(ids) > 1:
        raise TaskError(f"'{given}' begins several ids: {', '.join(each[:13] for each in ids[:4])}", "Give more of it")
    found = await engine.task(ids[0])
    assert found is not None
    return found
