"""An engine thread that is imported and made only when it is started, so that the first paint need not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from engine import Engine, EngineThread, Event, Folder, Settings

T = TypeVar("T")


class LateEngine:
    """Stands for an `EngineThread`. `make_folders` is called on the thread that imports the engine."""

    def __init__(self, settings: Settings, make_folders: Callable[[], Sequence[Folder]]) -> None:
        self.settings = settings
        self._make_folders = make_folders
        self._thread: EngineThread | None = None
        self._subscribers: list[Callable[[Event], None]] = []

    @property
    def is_started(self) -> bool:
        """Whether there is an engine to be asked."""
        return self._thread is not None and self._thread.is_started

    @property
    def thread(self) -> EngineThread:
        if self._thread is None:
            raise RuntimeError("the engine was not started")
        return self._thread

    @property
    def engine(self) -> Engine:
        return self.thread.engine

    def subscribe(self, subscriber: Callable[[Event], None]) -> None:
        self._subscribers.append(subscriber)

    async def start(self) -> None:
        """Raises what the engine raises: `StoreError` for a store that cannot be opened."""
        self._thread = await asyncio.to_thread(self._make)
        for subscriber in self._subscribers:
            self._thread.subscribe(subscriber)
        await self._thread.start()

    def _make(self) -> EngineThread:
        from engine import EngineThread

        return EngineThread(self.settings, self._make_folders())

    async def ask(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return await self.thread.ask(coroutine)

    async def stop(self, *, cancel: bool) -> None:
        """Nothing to do for an engine that was not started."""
        if self._thread is not None:
            await self._thread.stop(cancel=cancel)
