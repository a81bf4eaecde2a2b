"""A running watcher over real folders, and an executor to save in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.catalogue import Catalogue
from engine.loader import Folder, Loader
from engine.watcher import Watcher, WatchState

GUARD = 15.0
"""Seconds after which a test gives up: far more than anything here takes."""


def executor(value: int) -> str:
    return (
        "from aipartnerupflow import BaseTask, executor_register\n@executor_register()\nclass Hello(BaseTask):\n"
        f"    id = 'hello'\n    def execute(self, inputs):\n        return {{'value': {value}}}\n"
    )


class Watched:
    """A running watcher and what it told."""

    def __init__(self, *folders: Path) -> None:
        self.loader = Loader([Folder(folder, "user") for folder in folders])
        self.states: list[WatchState] = []
        self.news: list[Catalogue] = []
        self.task: asyncio.Task[None]

    async def until(self, holds: Callable[[Catalogue], bool]) -> None:
        async with asyncio.timeout(GUARD):
            while not holds(self.loader.catalogue):
                assert not self.task.done()
                await asyncio.sleep(0.005)

    async def state(self, state: WatchState) -> None:
        async with asyncio.timeout(GUARD):
            while not self.states or self.states[-1] is not state:
                await asyncio.sleep(0.005)

    async def shows(self, value: int | None) -> None:
        await self.until(lambda catalogue: value_of(catalogue) == value)


def value_of(catalogue: Catalogue) -> Any:
    spec = catalogue.get("hello")
    return None if spec is None else spec.create({}).execute({})["value"]


@asynccontextmanager
async def watching(*folders: Path) -> AsyncIterator[Watched]:
    watched = Watched(*folders)
    watcher = Watcher(watched.loader, watched.news.append, watched.states.append)
    watched.task = asyncio.create_task(watcher.run())
    try:
        yield watched
    finally:
        watched.task.cancel()
        await asyncio.gather(watched.task, return_exceptions=True)
