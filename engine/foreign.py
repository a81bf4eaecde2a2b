"""What the store says of the runs of other processes, and of what these ask for (behaviour.md 7.2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from engine import json_data
from engine.events import LogLine
from engine.store import LIGHT, Store, as_task
from engine.task import Task, TaskStatus

LOG_PAGE = 2_000
"""Lines that are read at once."""
PART = 500
"""Values bound in one query."""


@dataclass(frozen=True, slots=True)
class ForeignRun:
    """A run that another engine runs: `owner`, living or dead."""

    id: str
    owner: str
    paused: bool


async def data_version(store: Store) -> int:
    """Another number whenever another connection, of this process or not, changed the store."""
    return int(next(iter(await store.rows("PRAGMA data_version", ())))[0])


async def foreign_runs(store: Store) -> list[ForeignRun]:
    rows = await store.rows(
        "SELECT id, owner, paused FROM run WHERE owner IS NOT NULL AND owner != ? AND deleting = 0", (store.lease.id,)
    )
    return [ForeignRun(run_id, owner, bool(paused)) for run_id, owner, paused in rows]


async def owner_of(store: Store, task_id: str) -> str | None:
    """The engine that runs the task's run, None where nobody does or there is no such task."""
    sql = "SELECT run.owner FROM task JOIN run ON run.id = task.run_id WHERE task.id = ?"
    rows = list(await store.rows(sql, (task_id,)))
    return rows[0][0] if rows else None


async def end_of(store: Store, run_id: str) -> tuple[str | None, TaskStatus] | None:
    """Owner and status of a run, None where it is gone."""
    rows = list(await store.rows("SELECT owner, status FROM run WHERE id = ? AND deleting = 0", (run_id,)))
    return (rows[0][0], TaskStatus(rows[0][1])) if rows else None


async def changes(store: Store, run_id: str, since: float, after: int) -> list[tuple[int, Task]]:
    """(seq, task) of those that are newer than `after` or changed since then (epoch seconds), results left out."""
    rows = await store.rows(
        f"SELECT {LIGHT}, seq FROM task WHERE run_id = ? AND (seq > ? OR updated_at >= ?) ORDER BY seq",
        (run_id, after, since),
    )
    return [(row[-1], as_task(row[:-1])) for row in rows]


async def last_log(store: Store) -> int:
    rows = list(await store.rows("SELECT max(seq) FROM log", ()))
    return int(rows[0][0] or 0)


async def log_after(store: Store, seq: int, runs: Collection[str]) -> tuple[int, list[tuple[Task, LogLine]]]:
    """Lines after `seq` of tasks of these runs, oldest first, and the seq that was come to; a page at most."""
    lines = list(
        await store.rows(
            f"SELECT log.seq, task_id, at, stream, text, task.run_id FROM log JOIN task ON task.id = task_id"
            f" WHERE log.seq > ? ORDER BY log.seq LIMIT {LOG_PAGE}",
            (seq,),
        )
    )
    wanted = [line for line in lines if line[5] in runs]
    tasks = await store.tasks((line[1] for line in wanted), whole=False)
    said = [(tasks[line[1]], LogLine(*line[2:5])) for line in wanted if line[1] in tasks]
    return (lines[-1][0] if lines else seq), said


async def requests(store: Store) -> list[tuple[str, str, dict[str, Any]]]:
    """(id, what, detail) of what others ask of this engine."""
    sql = "SELECT id, what, detail FROM request WHERE owner = ? AND answer IS NULL ORDER BY at"
    return [(each, what, json_data.decode(detail)) for each, what, detail in await store.rows(sql, (store.lease.id,))]


async def answers(store: Store, ids: Iterable[str]) -> list[tuple[str, dict[str, Any]]]:
    """The answers that have come to these requests."""
    wanted = list(ids)[:PART]
    sql = f"SELECT id, answer FROM request WHERE id IN ({','.join('?' * len(wanted))}) AND answer IS NOT NULL"
    return [(each, json_data.decode(answer)) for each, answer in await store.rows(sql, wanted)]
