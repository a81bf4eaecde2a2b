"""The store's one writer: ordered group commit, with refusals told to exactly those whose writes they concern.

Whatever is written while a commit is under way goes into the next one together: one thread hop a statement kind, not
one a row. limits.md section 1 has the figures.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import aiosqlite

from engine.errors import StoreError, TaskError
from engine.statements import Statement, Write

logger = logging.getLogger(__name__)
RETRY_SECONDS = 0.5
"""How long to wait before a commit that failed for the disk's sake is tried again; nothing is dropped meanwhile."""
SLICE = 20_000
"""Writes in one transaction at most, so that a huge tree does not keep other processes out for seconds."""


GROUP = "one transaction"


class GroupConnection(sqlite3.Connection):
    """A connection that takes a whole transaction in one call, and so in one hop to its thread.

    aiosqlite makes a hop of every call, and a chain of tasks, where each commit is awaited, is made of little else.
    """

    def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        """As ever; with `GROUP`, `rows` are pairs of a `Statement` and its rows, which are run in order and committed.

        Raises `sqlite3.IntegrityError` when a guarded statement changed fewer rows than asked.
        """
        if sql is not GROUP:
            return super().executemany(sql, rows)
        cursor = self.cursor()
        for statement, values in rows:
            cursor.executemany(statement.sql, values if statement.row is None else map(statement.row, values))
            if statement.guarded and cursor.rowcount != len(values):
                raise sqlite3.IntegrityError("the stored state does not allow it")
        self.commit()
        return cursor


Then = Callable[[TaskError | None], None]
"""What is called once a unit is on disk, or with why it was refused."""


class Unit:
    """Writes that stand or fall together; `then` is for those who must hear of it."""

    __slots__ = ("then", "writes")

    def __init__(self, writes: Sequence[Write], then: Then | None) -> None:
        self.writes = writes
        self.then = then

    def resolve(self, error: TaskError | None = None) -> None:
        if self.then is None:
            return
        try:
            self.then(error)
        except Exception:  # theirs: the next units are stored and told all the same
            logger.exception("what follows a commit failed")


class Writer:
    """Takes units in order and commits them in groups on one aiosqlite connection.

    `trouble` is "" while commits succeed, else what the disk says; units stay queued and are tried again.
    `index_is_damaged` is set by what could not be written for the search index's sake.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._queue: list[Unit] = []
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._work(), name="store writer")
        self._closing = False
        self._taken = 0
        self.trouble = ""
        self.on_trouble: Callable[[str], None] = lambda said: None
        """Called with a sentence when the disk begins to refuse; no other news of the engine would tell of it."""
        self.index_is_damaged = False

    @property
    def backlog(self) -> int:
        """How many units are not on disk yet."""
        return self._taken + len(self._queue)

    def write(self, writes: Sequence[Write], then: Then | None = None) -> None:
        """Queue one unit, to be changed no more; `then` is called on the loop once it is on disk, or refused.

        A future for each of a thousand attempts would cost each of them two turns of the loop.
        """
        self._queue.append(Unit(writes, then))
        self._wake.set()

    def commit(self, writes: Iterable[Write]) -> asyncio.Future[None]:
        """Queue one unit; the future resolves once it is on disk, or raises `TaskError` where it was refused."""
        done: asyncio.Future[None] = self._loop.create_future()

        def tell(refusal: TaskError | None) -> None:
            if done.done():
                return
            if refusal is None:
                done.set_result(None)
            else:
                done.set_exception(refusal)

        self.write(tuple(writes), tell)
        return done

    async def flush(self) -> None:
        """Return once all that was written before is on disk, or the writer has ended."""
        await asyncio.wait({asyncio.ensure_future(self.commit(())), self._task}, return_when=asyncio.FIRST_COMPLETED)

    async def ended(self) -> None:
        """Return once it has ended, for whatever reason."""
        await asyncio.wait({self._task})

    async def close(self) -> None:
        """Commit what waits and end; what the disk refuses even now is given up with a `StoreError`."""
        self._closing = True
        self._wake.set()
        await self._task
        if self._queue:
            raise StoreError(f"{len(self._queue)} writes could not be stored: {self.trouble}", "Free space and restart")

    async def _work(self) -> None:
        try:
            await self._serve()
        except asyncio.CancelledError:  # the loop ends, by `asyncio.run` in a script; what is under way is committed
            if self._queue:
                await self._transact(self._take())
            raise

    async def _serve(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                units = self._take()
                self._taken = len(units)
                try:
                    await self._transact(units)
                except Exception as error:
                    self._taken = 0
                    await self._connection.rollback()
                    if not _is_trouble(error):
                        await self._one_by_one(units)
                    elif await self._hold(units, error):
                        return
                else:
                    self.trouble = ""
                    self._taken = 0
                    for unit in units:
                        unit.resolve()
                    await asyncio.sleep(0)  # who was just told of a commit may have something for the next
            if self._closing:
                await asyncio.sleep(0)
                if not self._queue:
                    return

    def _take(self) -> list[Unit]:
        """The next units, up to `SLICE` writes."""
        total = 0
        for index, unit in enumerate(self._queue):
            total += len(unit.writes)
            if total >= SLICE:
                taken, self._queue = self._queue[: index + 1], self._queue[index + 1 :]
                return taken
        taken, self._queue = self._queue, []
        return taken

    async def _hold(self, units: list[Unit], error: Exception) -> bool:
        """Put the units back and wait before the next try; True when there is none, since the writer closes."""
        before, self.trouble = self.trouble, str(error)
        if self.trouble != before:
            self.on_trouble(f"the store cannot be written: {error}; it is tried again, nothing is lost")
        self._queue[:0] = units
        if not self._closing:
            await asyncio.sleep(RETRY_SECONDS)
        return self._closing

    async def _one_by_one(self, units: list[Unit]) -> None:
        """Find the refused among units that failed together; the others are committed as if it had not been there."""
        for index, unit in enumerate(units):
            try:
                await self._transact([unit])
            except Exception as error:
                await self._connection.rollback()
                if _is_trouble(error):
                    self._queue[:0] = units[index:]
                    return
                self.index_is_damaged |= is_damaged_index(error)
                unit.resolve(TaskError(_refusal_words(unit, error)))
            else:
                unit.resolve()

    async def _transact(self, units: list[Unit]) -> None:
        """One transaction; raises `sqlite3.IntegrityError` when a guarded statement changed fewer rows than asked."""
        segments = list(_segments(units))
        if not segments:
            return
        ordered = [
            (s, segment[s]) for segment in segments for s in sorted(segment, key=lambda statement: statement.rank)
        ]
        await self._connection.executemany(GROUP, ordered)


def _segments(units: list[Unit]) -> Iterable[dict[Statement, list[Any]]]:
    """Group rows by statement; a new group begins where one task's writes would otherwise change their order."""
    segment: dict[Statement, list[Any]] = {}
    ranks: dict[str, int] = {}
    for unit in units:
        for statement, key, values in unit.writes:
            if ranks.get(key, -1) > statement.rank:
                yield segment
                segment, ranks = {}, {}
            ranks[key] = statement.rank
            rows = segment.get(statement)
            if rows is None:
                segment[statement] = [values]
            else:
                rows.append(values)
    if segment:
        yield segment


def is_damaged_index(error: Exception) -> bool:
    """Whether the search index is broken, which no other table knows of: `Indexer` makes it anew."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_CORRUPT_VTAB


def _is_trouble(error: Exception) -> bool:
    """True for what the disk or another process causes and time or space may cure; else the write itself is wrong."""
    if is_damaged_index(error):
        return False
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def _refusal_words(unit: Unit, refusal: Exception) -> str:
    if is_damaged_index(refusal):
        return "the search index is damaged"
    first = unit.writes[0].key if unit.writes else "?"
    if "task.idempotency_key" in str(refusal):
        return f"an idempotency key of '{first}' is taken by another task; nothing was changed"
    if "UNIQUE" in str(refusal) and "task.id" in str(refusal):
        return f"a task with id '{first}' is already stored; nothing was changed"
    return f"task '{first}': {refusal}; another process may have changed it"
