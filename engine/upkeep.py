"""What a store needs while an engine is open: its index for searches, and the end of what is too old to keep."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable

from engine import retention
from engine.errors import TaskdeckError
from engine.search import Indexer
from engine.settings import Settings
from engine.store import Store

logger = logging.getLogger(__name__)
PRUNE_SECONDS = 3600.0
"""How often runs that are too old are looked for."""


class Upkeep:
    """Background work on one store; `prunes` only where the settings limit what is kept."""

    def __init__(self, store: Store, settings: Settings, is_busy: Callable[[], bool], *, prunes: bool) -> None:
        self.indexer = Indexer(store, is_busy)
        self._store = store
        self._settings = settings
        self._prunes = prunes and bool(settings.keep_days or settings.keep_runs)
        self._pruning: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.indexer.start()
        if self._prunes:
            self._pruning = asyncio.get_running_loop().create_task(self._prune(), name="retention")

    async def stop(self) -> None:
        """End at once; what is half done goes on at the next start."""
        if self._pruning is not None:
            self._pruning.cancel()
            await asyncio.wait({self._pruning})
        await self.indexer.stop()

    async def _prune(self) -> None:
        while True:
            try:
                await retention.prune(
                    self._store, days=self._settings.keep_days or None, runs=self._settings.keep_runs or None
                )
            except (TaskdeckError, sqlite3.Error):
                logger.exception("old runs could not be deleted; it is tried again in an hour")
            await asyncio.sleep(PRUNE_SECONDS)
