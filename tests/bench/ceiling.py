"""The ceiling of the design: no-op tasks with two durable state changes each, by ordered group commit and nothing else.

No graph, no validation, no log, no events, and nothing of the engine: what the engine reaches beside this is what all
of that costs, and a change of the engine does not move it.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import aiosqlite

from tests.bench.load import CeilingLoad, Measured
from tests.bench.trees import CHAIN

AT_ONCE = 64
TABLE = (
    "CREATE TABLE task (id TEXT PRIMARY KEY, tree TEXT, parent TEXT, name TEXT, status TEXT, priority INT, inputs TEXT,"
    " result TEXT, error TEXT, created REAL, started REAL, finished REAL, version TEXT) WITHOUT ROWID"
)
INSERT = "INSERT INTO task VALUES (?, 'tree', NULL, 'noop', 'pending', 2, '{}', NULL, NULL, ?, NULL, NULL, NULL)"
START = "UPDATE task SET status = 'in_progress', started = ? WHERE id = ?"
FINISH = "UPDATE task SET status = 'completed', finished = ?, result = ? WHERE id = ?"
ORDER = (INSERT, START, FINISH)
encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode

Write = tuple[str, tuple[object, ...]]


class GroupCommit:
    """What came while a commit was under way goes into the next one together: one `executemany` a statement."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._queue: list[Write] = []
        self._committed: asyncio.Future[None] | None = None
        self._wake = asyncio.Event()
        self._work = asyncio.create_task(self._commit())

    def put(self, writes: Sequence[Write]) -> asyncio.Future[None]:
        """Queue `writes`; the future resolves once they are on disk. Many callers share one."""
        self._queue += writes
        if self._committed is None:
            self._committed = asyncio.get_running_loop().create_future()
        self._wake.set()
        return self._committed

    async def _commit(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            writes, self._queue = self._queue, []
            committed, self._committed = self._committed, None
            rows: dict[str, list[tuple[object, ...]]] = {}
            for sql, values in writes:
                rows.setdefault(sql, []).append(values)
            for sql in ORDER:
                if sql in rows:
                    await self._connection.executemany(sql, rows[sql])
            await self._connection.commit()
            if committed is not None:
                committed.set_result(None)

    def close(self) -> None:
        self._work.cancel()


async def measure(load: CeilingLoad) -> Measured:
    """Tasks a second, their rows being on disk already."""
    measured = Measured()
    for _ in range(load.repeat):
        with tempfile.TemporaryDirectory() as folder:
            connection = await aiosqlite.connect(Path(folder, "ceiling.db"), isolation_level="IMMEDIATE")
            await connection.execute("PRAGMA journal_mode = WAL")
            await connection.execute(f"PRAGMA synchronous = {load.synchronous}")
            await connection.execute(TABLE)
            writer = GroupCommit(connection)
            ids = [f"t{number:06d}" for number in range(load.count)]
            await writer.put([(INSERT, (task_id, time.time())) for task_id in ids])
            began = time.perf_counter()
            if load.shape == CHAIN:
                await _chain(writer, ids, load.pipelined)
            else:
                await _fan_out(writer, ids)
            measured.rates.append(load.count / (time.perf_counter() - began))
            writer.close()
            await connection.close()
    return measured


async def _fan_out(writer: GroupCommit, ids: list[str]) -> None:
    """64 at once, each awaiting both of its commits."""
    left = iter(ids)

    async def work() -> None:
        for task_id in left:
            await writer.put([(START, (time.time(), task_id))])
            await writer.put([await asyncio.create_task(_attempt(task_id))])

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def _chain(writer: GroupCommit, ids: list[str], pipelined: bool) -> None:
    """One after the other; an outcome and the next in_progress in one commit, awaited unless `pipelined`."""
    writes: list[Write] = []
    for task_id in ids:
        committed = writer.put([*writes, (START, (time.time(), task_id))])
        if not pipelined:
            await committed
        writes = [await asyncio.create_task(_attempt(task_id))]
    await writer.put(writes)


async def _attempt(task_id: str) -> Write:
    """What no engine can do without: an asyncio task and a time limit around foreign code, its result as JSON."""
    async with asyncio.timeout(60):
        result = await _execute()
    return FINISH, (time.time(), encode(result), task_id)


async def _execute() -> dict[str, object]:
    return {"ok": True}
