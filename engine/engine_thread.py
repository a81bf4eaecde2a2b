"""An engine on a thread of its own, for the console: its loop goes on however busy or stalled the screen is."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from engine.catalogue import Catalogue
from engine.engine import Engine
from engine.events import Event, EventKind
from engine.loader import Folder
from engine.runners.loop_thread import LoopThreadRunner
from engine.schema import SchemaError
from engine.settings import Settings

logger = logging.getLogger(__name__)
T = TypeVar("T")


class EngineThread:
    """`engine`'s plain properties may be read from any thread; its coroutines go through `ask`."""

    def __init__(self, settings: Settings, folders: Sequence[Folder], *, user: str | None = None) -> None:
        if user is not None:
            settings = replace(settings, user=user)
        self.engine = Engine(settings, folders)
        self._loop = asyncio.new_event_loop()
        self._is_over = False
        self._thread = threading.Thread(target=self._serve, daemon=True, name="engine")

    @property
    def is_started(self) -> bool:
        """Whether the engine can be asked."""
        return self._thread.is_alive()

    def subscribe(self, subscriber: Callable[[Event], None]) -> None:
        """Call `subscriber` on the engine's thread for every event; it must be O(1)."""
        self.engine.bus.subscribe(subscriber)

    async def start(self) -> None:
        """Start thread and engine. Raises what `Engine.start` raises."""
        self._thread.start()
        await self.ask(self._start())

    async def _start(self) -> None:
        self.engine._runner = LoopThreadRunner()
        # logging of executors is wanted in their logs from INFO on; in the console nobody else configures it
        logging.getLogger().setLevel(logging.INFO)
        self.engine.bus.subscribe(_make_ready)
        await self.engine.start()

    async def ask(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run `coroutine` on the engine's loop and await its result here."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self._loop))

    async def stop(self, *, cancel: bool) -> None:
        """Stop the engine (see `Engine.stop`) and its thread."""
        if not self._thread.is_alive():
            return
        await self.ask(self.engine.stop(cancel=cancel))
        self._is_over = True
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        while not self._is_over:
            try:
                self._loop.run_forever()
            except BaseException:  # what foreign code threw at this thread ends no engine
                logger.exception("the engine's loop was interrupted")


def _make_ready(event: Event) -> None:
    """Have the schemas of a new catalogue compiled beside all else, before a form or a launch is in need of one."""
    if event.kind is EventKind.CATALOGUE and event.data is not None:
        threading.Thread(target=_compile, args=(event.data,), daemon=True, name="compile schemas").start()


def _compile(catalogue: Catalogue) -> None:
    for spec in catalogue.entries.values():
        with suppress(SchemaError):  # it was taken when it was loaded; whoever uses it is told
            _ = spec.checker
