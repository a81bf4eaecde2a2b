"""What a store needs while an engine is open: its index for searches, backups, and the end of what is too old."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine import retention
from engine.backup import back_up, backups
from engine.errors import TaskdeckError
from engine.search import Indexer
from engine.settings import Settings
from engine.store import Store

logger = logging.getLogger(__name__)
PRUNE_SECONDS = 3600.0
"""How often runs that are too old are looked for."""
BACKUP_REST = 60.0
"""Seconds after the start before a backup that is due is made: whoever opens a console wants to work first."""
BACKUP_AGE = timedelta(days=1)
BACKUP_LOOK = 3600.0
"""Seconds between two looks at the age of the newest backup."""


class Upkeep:
    """Background work on one store. Only an engine that `keeps` prunes, where the settings limit what is kept, and
    backs up: a script ends too soon.
    """

    def __init__(self, store: Store, settings: Settings, is_busy: Callable[[], bool], *, keeps: bool) -> None:
        self.indexer = Indexer(store, is_busy)
        self._store = store
        self._settings = settings
        self._keeps = keeps
        self._works: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.indexer.start()
        loop, settings = asyncio.get_running_loop(), self._settings
        if self._keeps and (settings.keep_days or settings.keep_runs):
            self._works.append(loop.create_task(self._prune(), name="retention"))
        if self._keeps and settings.backups and self._store.path is not None:
            self._works.append(loop.create_task(self._back_up(self._store.path), name="backups"))

    async def stop(self) -> None:
        """End at once; what is half done goes on at the next start, a backup that is being made is made to its end."""
        for work in self._works:
            work.cancel()
        if self._works:
            await asyncio.wait(self._works)
        await self.indexer.stop()

    async def _back_up(self, path: Path) -> None:
        """A backup a day, of a store in which something happened since the last."""
        await asyncio.sleep(BACKUP_REST)
        while True:
            try:
                if await asyncio.to_thread(_is_due, path):
                    await asyncio.to_thread(back_up, path, keep=self._settings.backups)
            except TaskdeckError:
                logger.exception("the store was not backed up; it is tried again in an hour")
            await asyncio.sleep(BACKUP_LOOK)

    async def _prune(self) -> None:
        while True:
            try:
                await retention.prune(
                    self._store, days=self._settings.keep_days or None, runs=self._settings.keep_runs or None
                )
            except (TaskdeckError, sqlite3.Error):
                logger.exception("old runs could not be deleted; it is tried again in an hour")
            await asyncio.sleep(PRUNE_SECONDS)


def _is_due(path: Path) -> bool:
    made = backups(path)
    if not made:
        return True
    changed = max(file.stat().st_mtime for file in (path, Path(f"{path}-wal")) if file.exists())
    return datetime.now(UTC) - made[0].made_at > BACKUP_AGE and changed > made[0].made_at.timestamp()
