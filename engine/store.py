"""The store: one SQLite file, one connection that writes, one that reads (behaviour.md 7)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiosqlite

from engine import json_data
from engine.backup import back_up, backups
from engine.errors import StoreError
from engine.events import LogLine
from engine.health import APPLICATION_ID, owners_of
from engine.lease import Lease
from engine.rights import PRIVATE, rights_of, share
from engine.statements import recovery
from engine.task import AS_GIVEN, Dependency, Task, TaskStatus, executor_id, now
from engine.version_source import VersionSource
from engine.writer import GroupConnection, Writer, is_damaged_index

BUSY_SECONDS = 10.0
LOCKED_TRIES = 50
KEPT = 7
"""Backups that a change of the schema leaves."""
MEMORY = ":memory:"

_TASK = (
    "id, name, run_id, parent_id, user_id, status, priority, inputs, params, schemas, dependencies, {result}, error,"
    " error_type, progress, progress_message, attempt, created_at, started_at, updated_at, completed_at,"
    " original_task_id, executor_version, effective_inputs, not_before, spawned, skipped, idempotency_key,"
    " asked_at"
)
_WHOLE = _TASK.format(result="result")
LIGHT = _TASK.format(result="NULL")
"""The columns that `as_task` reads, without the result."""


@dataclass(frozen=True, slots=True)
class RunState:
    """Which engine runs it (None: none), and whether it is paused (8.3)."""

    owner: str | None
    paused: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a task; the latest is the task's row itself."""

    number: int
    status: TaskStatus
    started_at: datetime | None
    completed_at: datetime | None
    error: str | None
    error_type: str | None
    result: Any
    inputs: dict[str, Any]
    executor_version: str | None


class Store:
    """Open with `Store.open`; every method runs on the loop that opened it."""

    def __init__(
        self, writer: aiosqlite.Connection, reader: aiosqlite.Connection, lease: Lease, path: Path | None = None
    ) -> None:
        """`path` is None for a store in memory."""
        self._write_connection = writer
        self._reader = reader
        self._apart: aiosqlite.Connection | None = None
        self._apart_lock = asyncio.Lock()
        self.lease = lease
        self.writer = Writer(writer)
        self.path = path
        self.suspects: set[tuple[str, str]] = set()
        """(executor id, version) of what ran when its engine died."""
        self._closing = self._disconnected = False
        self._outlasting = asyncio.get_running_loop().create_task(self._outlast(), name="store")

    @classmethod
    async def open(cls, path: Path | str, *, synchronous: str = "FULL", group: str = "") -> Store:
        """Open or make the store at `path` (":memory:" too), migrate it, take the lease and recover dead owners' runs.

        With `group` it is shared with that group of users. Raises `StoreError` saying why it cannot be opened and what
        to do.
        """
        in_memory = str(path) == MEMORY
        where = _prepare(path, group)
        writer = reader = None
        lease = Lease(None if in_memory else owners_of(Path(where)), PRIVATE if in_memory else rights_of(Path(where)))
        try:
            writer = await _connect(where, synchronous)
            await _migrate(writer, where)
            reader = writer if in_memory else await _connect(where, synchronous)
            lease.acquire()
        except (sqlite3.Error, OSError, StoreError) as error:
            for connection in (reader, writer):
                if connection is not None:
                    await connection.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"cannot open the store {where}: {error}", _hint(error)) from error
        store = cls(writer, reader, lease, None if in_memory else Path(where))
        await store.recover()
        return store

    async def close(self) -> None:
        """Write what waits, then close; safe to call twice."""
        self._closing = True
        if not self._disconnected:
            self._outlasting.cancel()
        try:
            await self.writer.close()
        finally:
            await self._disconnect()

    async def _disconnect(self) -> None:
        if self._disconnected:  # the second close of a connection would never return
            await asyncio.wait({self._outlasting})
            return
        self._disconnected = True
        for connection in {self._reader, self._write_connection, self._apart} - {None}:
            assert connection is not None
            with suppress(ValueError):  # aiosqlite's answer when it is closed already
                await connection.close()
        self.lease.release()

    async def _outlast(self) -> None:
        """A script that ends without `close` has all tasks of its loop cancelled, this one too.

        The threads of aiosqlite would go on without it, and the process would never end.
        """
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            if not self._closing:
                await self.writer.ended()
                await self._disconnect()

    async def recover(self) -> None:
        """Give the rows that dead engines left in progress their true state (7.2).

        In progress becomes failed, `interrupted`; what may run twice goes back to pending, but for what was spawned:
        nobody awaits that any more, and where it never began it is cancelled. The runs stay with their dead owners
        until one goes on.
        """
        await self._dead_owners()

    async def _dead_owners(self) -> set[str]:
        """The owners of runs that have ended, the rows that they left in progress being recovered."""
        rows = await self.rows("SELECT DISTINCT owner FROM run WHERE owner IS NOT NULL", ())
        dead = {owner for (owner,) in rows if self.lease.is_dead(owner)}
        for owner in dead:
            self.suspects |= await self._running(owner)
            await asyncio.shield(self.writer.commit(recovery(owner, now())))
        return dead

    async def _running(self, owner: str) -> set[tuple[str, str]]:
        """(executor id, version) of what an owner has in progress."""
        rows = await self.rows(
            "SELECT name, params, schemas, executor_version FROM task WHERE status = 'in_progress'"
            " AND executor_version != '' AND run_id IN (SELECT id FROM run WHERE owner = ?)",
            (owner,),
        )
        return {(executor_id(name, json_data.decode(p), json_data.decode(s)), version) for name, p, s, version in rows}

    async def dead_runs(self, *, only_ended: bool = False) -> list[tuple[str, str]]:
        """(run, owner) of runs that did not end before their engine did, oldest first.

        `only_ended`: those without a task that is pending or in progress.
        """
        dead = await self._dead_owners()
        if not dead:
            return []
        ended = (
            " AND NOT EXISTS (SELECT 1 FROM task WHERE run_id = run.id AND status IN ('pending', 'in_progress'))"
            if only_ended
            else ""
        )
        rows = await self.rows(f"SELECT id, owner FROM run WHERE owner IS NOT NULL{ended} ORDER BY seq", ())
        return [(run_id, owner) for run_id, owner in rows if owner in dead]

    async def run_state(self, run_id: str) -> RunState:
        """Who runs it and whether it is paused; of an unknown run, nobody and not."""
        rows = list(await self.rows("SELECT owner, paused FROM run WHERE id = ?", (run_id,)))
        return RunState(rows[0][0], bool(rows[0][1])) if rows else RunState(None, False)

    async def has_run(self, run_id: str) -> bool:
        """Whether a run of this id was ever submitted; a task that was only created has none."""
        return bool(list(await self.rows("SELECT 1 FROM run WHERE id = ? AND deleting = 0", (run_id,))))

    async def ended_runs(self, ids: Iterable[str]) -> set[str]:
        """Those of `ids` that are runs which nobody runs, or this engine, which knows the ones that it does."""
        found: set[str] = set()
        wanted = list(ids)
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            sql = f"SELECT id FROM run WHERE id IN ({','.join('?' * len(part))}) AND (owner IS NULL OR owner = ?)"
            found.update(row[0] for row in await self.rows(sql, (*part, self.lease.id)))
        return found

    async def meta(self, key: str) -> str:
        """A value kept for the whole store, "" where there is none."""
        rows = list(await self.rows("SELECT value FROM meta WHERE key = ?", (key,)))
        return str(rows[0][0]) if rows else ""

    async def source(self, version: str) -> VersionSource | None:
        """The source of a version that ran; None where it is not kept."""
        rows = list(await self.rows("SELECT files FROM source WHERE version = ?", (version,)))
        return VersionSource.unpack(rows[0][0]) if rows else None

    async def task_by_key(self, key: str) -> Task | None:
        """The task that has an idempotency key (8.2)."""
        rows = list(await self.rows(f"SELECT {_WHOLE} FROM task WHERE idempotency_key = ?", (key,)))
        return as_task(rows[0]) if rows else None

    async def ids_like(self, beginning: str, limit: int = 5) -> list[str]:
        """Ids of tasks that begin so, some of them."""
        end = beginning[:-1] + chr(ord(beginning[-1]) + 1) if beginning else "\U0010ffff"
        sql = "SELECT id FROM task WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
        return [row[0] for row in await self.rows(sql, (beginning, end, limit))]

    async def rows(self, sql: str, values: Iterable[Any]) -> Iterable[Any]:
        """What a query reads, on the connection that only reads."""
        given = tuple(values)
        try:
            return await self._reader.execute_fetchall(sql, given)
        except UnicodeEncodeError:  # an argument that is no UTF-8: nothing stored is like it
            storable = (json_data.storable(each) if isinstance(each, str) else each for each in given)
            return await self._reader.execute_fetchall(sql, tuple(storable))
        except sqlite3.DatabaseError as error:
            self.writer.index_is_damaged |= is_damaged_index(error)
            raise

    async def rows_apart(self, sql: str, values: Iterable[Any] | Mapping[str, Any]) -> Iterable[Any]:
        """Like `rows`, on a connection of its own, for what may take long; one who gives up waiting ends the query.

        `values` may have names.
        """
        given = values if isinstance(values, Mapping) else tuple(values)
        async with self._apart_lock:
            if self._apart is None:  # in memory there is no second look at it
                self._apart = await _connect(str(self.path), "NORMAL") if self.path is not None else self._reader
            connection = self._apart
            try:
                return await connection.execute_fetchall(sql, given)
            except asyncio.CancelledError:
                if connection is not self._reader:
                    await connection.interrupt()
                raise
            except sqlite3.DatabaseError as error:
                self.writer.index_is_damaged |= is_damaged_index(error)
                raise

    async def task(self, task_id: str) -> Task | None:
        """The whole row, None when there is none."""
        rows = list(await self.rows(f"SELECT {_WHOLE} FROM task WHERE id = ?", (task_id,)))
        return as_task(rows[0]) if rows else None

    async def tasks(self, ids: Iterable[str], *, whole: bool = True) -> dict[str, Task]:
        """Rows by id; unknown ids are left out, and without `whole` the results."""
        columns = _WHOLE if whole else LIGHT
        found = {}
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            for row in await self.rows(f"SELECT {columns} FROM task WHERE id IN ({marks})", part):
                found[row[0]] = as_task(row)
        return found

    async def tree(self, run_id: str, *, whole: bool = False) -> list[Task]:
        """All rows of a run, in the order they were made; without `whole`, results are left out."""
        columns = _WHOLE if whole else LIGHT
        rows = await self.rows(f"SELECT {columns} FROM task WHERE run_id = ? ORDER BY seq", (run_id,))
        return [as_task(row) for row in rows]

    async def log(self, task_id: str, attempt: int) -> list[LogLine]:
        rows = await self.rows(
            "SELECT at, stream, text FROM log WHERE task_id = ? AND attempt = ? ORDER BY seq", (task_id, attempt)
        )
        return [LogLine(at, stream, text) for at, stream, text in rows]

    async def attempts(self, task_id: str) -> list[Attempt]:
        """Former attempts and the latest, oldest first."""
        columns = "status, started_at, completed_at, error, error_type, result, inputs, executor_version"
        rows = await self.rows(
            f"SELECT number, {columns} FROM attempt WHERE task_id = ? UNION ALL"
            f" SELECT attempt, {columns} FROM task WHERE id = ? AND started_at IS NOT NULL ORDER BY 1",
            (task_id, task_id),
        )
        return [
            Attempt(
                number, TaskStatus(status), _moment(started), _moment(completed), error, error_type,
                json_data.unpack(result), json_data.decode(inputs), version,
            )
            for number, status, started, completed, error, error_type, result, inputs, version in rows
        ]  # fmt: skip

    async def engine_lines(self, task_id: str, *beginnings: str) -> list[tuple[int, str]]:
        """(attempt, text) of what the engine itself said in a task's log, where it begins so."""
        matches = " OR ".join("substr(text, 1, length(?)) = ?" for _ in beginnings)
        rows = await self.rows(
            f"SELECT attempt, text FROM log WHERE task_id = ? AND stream = 'engine' AND ({matches}) ORDER BY seq",
            (task_id, *(part for text in beginnings for part in (text, text))),
        )
        return [(attempt, text) for attempt, text in rows]


def _prepare(path: Path | str, group: str) -> str:
    """The file's path as text, its folder and the file itself made: for its user only, or for `group` too."""
    if str(path) == MEMORY:
        return MEMORY
    file = Path(path).expanduser().absolute()
    try:
        if group:
            share(file, group)
        PRIVATE.make_folder(file.parent)
        if file.is_dir():
            raise StoreError(f"cannot open the store {file}: it is a folder", "Name a file, e.g. with --store FILE")
        if not file.exists():
            file.touch(mode=PRIVATE.file)
        elif file.stat().st_size == 0 and (kept := backups(file)):
            raise StoreError(
                f"the store {file} is empty, and was not when it was backed up at {kept[0].made_at:%Y-%m-%d %H:%M} UTC",
                f"`taskdeck restore` brings it back; to begin anew remove {file}",
            )
    except OSError as error:
        raise StoreError(f"cannot open the store {file}: {error.strerror or error}", _hint(error)) from error
    return str(file)


async def _connect(where: str, synchronous: str) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(
        where, timeout=BUSY_SECONDS, isolation_level="IMMEDIATE", factory=GroupConnection
    )
    try:
        for attempt in range(LOCKED_TRIES):
            try:
                await connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:  # the switch to WAL does not wait for others by itself
                if "locked" not in str(error) or attempt == LOCKED_TRIES - 1:
                    raise
                await asyncio.sleep(0.1)
        await connection.execute(f"PRAGMA synchronous = {synchronous}")
    except BaseException:
        await connection.close()
        raise
    return connection


async def _migrate(connection: aiosqlite.Connection, where: str) -> None:
    """Bring the file to the newest version, each step in a transaction of its own; refuse what is not ours."""
    folder = files("engine").joinpath("migrations")
    steps = sorted(((int(f.name[:4]), f) for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda s: s[0])
    await connection.execute("BEGIN")  # one snapshot: another process may be making the file at this moment
    tables = await _number(connection, "SELECT count(*) FROM sqlite_master")
    mark = await _number(connection, "PRAGMA application_id")
    version = await _number(connection, "PRAGMA user_version")
    await connection.commit()
    if mark != APPLICATION_ID and tables:
        raise StoreError(f"{where} is a database of another program", "Name another file with --store FILE")
    if version > steps[-1][0]:
        raise StoreError(
            f"{where} was written by a newer taskdeck (schema {version}, this one knows {steps[-1][0]})",
            "Update taskdeck, or name another file with --store FILE",
        )
    if tables and version < steps[-1][0] and where != MEMORY:
        await asyncio.to_thread(back_up, Path(where), keep=KEPT, reason=f"before-schema-{steps[-1][0]}")
    for number, item in steps:
        if number > version:
            await _step(connection, number, item.read_text(encoding="utf-8"))


async def _step(connection: aiosqlite.Connection, number: int, script: str) -> None:
    """One migration in one transaction; another process may have made it while this one waited for the lock."""
    await connection.execute("BEGIN IMMEDIATE")
    if await _number(connection, "PRAGMA user_version") < number:
        for statement in _statements(script):
            await connection.execute(statement)
        await connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        await connection.execute(f"PRAGMA user_version = {number}")
    await connection.commit()


def _statements(script: str) -> Iterable[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


async def _number(connection: aiosqlite.Connection, sql: str) -> int:
    return int(next(iter(await connection.execute_fetchall(sql)))[0])


def _hint(error: Exception) -> str:
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return (
            "The file is no SQLite database or is damaged: `taskdeck restore` puts a backup in its place and the"
            " damaged one aside; or name another with --store FILE"
        )
    if "locked" in text:
        return "Another program holds it: end that one, or name another file with --store FILE"
    return "Check that the folder exists and is yours to write, or name another file with --store FILE"


def _moment(stamp: float | None) -> datetime | None:
    return datetime.fromtimestamp(stamp, UTC) if stamp is not None else None


def as_task(row: Any) -> Task:
    """A `Task` from a row in the order of `_TASK`."""
    fields = list(row)
    fields[5] = TaskStatus(row[5])
    for index in (7, 8, 9):
        fields[index] = json_data.decode(row[index]) if row[index] != "{}" else {}
    fields[10] = tuple(Dependency.parse(d) for d in json_data.decode(row[10])) if row[10] != "[]" else ()
    attempted = row[16] > 0 and row[18] is not None
    fields[23] = row[23] if row[23] is not None else (AS_GIVEN if attempted else None)
    fields[24] = _moment(row[24])
    fields[26] = bool(row[26])
    task = Task(*fields)
    task.stored = True
    return task
