"""Deleting runs: what is too old or too many, and single ones (behaviour.md 5.6).

A run is marked first and vanishes from all lists, counts and searches with that; its rows follow in small transactions.
What a kill leaves marked is finished by the next call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine import history_statements as statements
from engine import json_data
from engine.errors import StoreError, TaskError
from engine.history_statements import INDEX_SHIFT
from engine.statements import Statement, Write
from engine.store import Store
from engine.task import Task, TaskStatus, now

SLICE = 1_000
"""Rows deleted in one transaction at most."""
TEXTS = 200
"""Rows deleted from the index in one transaction at most: each costs more than a plain row."""
RUNS = 100
"""Runs whose rows are deleted together."""
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many runs, and tasks in them, are gone."""

    runs: int = 0
    tasks: int = 0


async def prune(store: Store, *, days: float | None, runs: int | None, at: datetime | None = None) -> Pruned:
    """Delete ended runs that ended more than `days` before `at` (now), and those beyond the newest `runs` of each
    root's executor; None keeps all. Runs that are owned or have not ended stay, and so does what the task of a run
    that stays depends on. Raises `StoreError` for limits that are none.
    """
    if days is not None and (isinstance(days, bool) or not isinstance(days, int | float) or not 0 <= days < 1e6):
        raise StoreError(f"{days!r} is no number of days to keep", "Give 0 or more, or none to keep all")
    if runs is not None and (isinstance(runs, bool) or not isinstance(runs, int) or runs < 0):
        raise StoreError(f"{runs!r} is no number of runs to keep", "Give 0 or more, or none to keep all")
    gone = await finish(store)
    waiting: list[int] = []
    if days is not None:
        async for seqs in _old(store, (at or now()).timestamp() - days * DAY):
            waiting += await _mark(store, seqs)
    if runs is not None:
        async for seqs in _surplus(store, runs):
            waiting += await _mark(store, seqs)
    waiting = list(dict.fromkeys(waiting))
    while waiting:  # what only runs depended on that are marked by now
        left = [seq for start in range(0, len(waiting), SLICE) for seq in await _mark(store, waiting[start:][:SLICE])]
        if len(left) == len(waiting):
            break
        waiting = left
    rest = await finish(store)
    return Pruned(gone.runs + rest.runs, gone.tasks + rest.tasks)


@dataclass(frozen=True, slots=True)
class Next:
    """The run that has ended for longest: `name` is its root's, `ended_at` when it ended."""

    run_id: str
    name: str
    ended_at: datetime


async def next_to_go(store: Store) -> Next | None:
    """What a limit of days deletes next; None while nothing has ended. One look into an index."""
    rows = await store.rows(
        "SELECT run.id, coalesce(task.name, run.id), run.ended_at FROM run INDEXED BY run_ended LEFT JOIN task"
        " ON task.id = run.id WHERE run.ended_at IS NOT NULL AND run.deleting = 0 ORDER BY run.ended_at LIMIT 1",
        (),
    )
    return next((Next(run_id, name, datetime.fromtimestamp(at, UTC)) for run_id, name, at in rows), None)


async def delete_run(store: Store, run_id: str) -> Pruned:
    """Delete one run with all its rows (5.6).

    Raises `TaskError` when there is none, when it has not ended, and when a task of another run depends on it.
    """
    await store.writer.flush()
    rows = list(
        await store.rows(
            "SELECT run.seq, run.owner IS NULL AND run.ended_at IS NOT NULL, coalesce(task.name, run.id)"
            " FROM run LEFT JOIN task ON task.id = run.id WHERE run.id = ? AND run.deleting = 0",
            (json_data.storable(run_id),),
        )
    )
    if not rows:
        raise TaskError(f"there is no run '{run_id}'", "It may have been deleted")
    seq, has_ended, name = rows[0]
    if not has_ended:
        raise TaskError(f"run '{name}' ({run_id}) has not ended", "Cancel it first, or wait for its end")
    dependents = list(
        await store.rows(
            "SELECT other.name, other.run_id FROM task AS own CROSS JOIN link ON link.on_id = own.id"
            " CROSS JOIN task AS other ON other.id = link.task_id LEFT JOIN run AS holder ON holder.id = other.run_id"
            " WHERE own.run_id = ? AND other.run_id != own.run_id AND coalesce(holder.deleting, 0) = 0 LIMIT 1",
            (run_id,),
        )
    )
    if dependents:
        other, other_run = dependents[0]
        raise TaskError(
            f"task '{other}' of run '{other_run}' depends on run '{name}' ({run_id})", "Delete that run first"
        )
    if await _mark(store, [seq]):
        raise TaskError(f"run '{name}' ({run_id}) was started again or depended on just now", "Look at it again")
    return await finish(store)


async def delete_branch(store: Store, run_id: str, branch: Sequence[Task], extra: Iterable[Write]) -> None:
    """Delete some tasks of a run that has ended, in one transaction together with `extra` (5.6).

    Raises `TaskError` when a task outside of `branch` depends on one in it.
    """
    await store.writer.flush()
    ids = {task.id for task in branch}
    for other in await store.tree(run_id):
        needed = next((d.id for d in other.dependencies if d.id in ids), None) if other.id not in ids else None
        if needed is not None:
            raise TaskError(f"task '{other.name}' ({other.id}) depends on '{needed}'", "Delete that task first")
    for task in branch:
        rows = list(
            await store.rows("SELECT task_id FROM link JOIN task ON id = task_id WHERE on_id = ? LIMIT 1", (task.id,))
        )
        if rows and rows[0][0] not in ids:
            raise TaskError(f"task '{rows[0][0]}' of another run depends on '{task.id}'", "Delete that task first")
    writes = [write for task in branch for write in statements.delete_task(task.id)]
    await store.writer.commit([*writes, statements.recount_run(run_id), *extra])


async def finish(store: Store) -> Pruned:
    """Delete the rows of all marked runs, also those that another process marked."""
    count = tasks = 0
    while True:
        runs = list(await store.rows(f"SELECT seq, id FROM run WHERE deleting = 1 ORDER BY seq LIMIT {RUNS}", ()))
        if not runs:
            return Pruned(count, tasks)
        tasks += await _remove(store, [seq for seq, _ in runs], [run_id for _, run_id in runs])
        count += len(runs)


async def _old(store: Store, limit: float) -> AsyncIterator[list[int]]:
    """Ended runs that ended before `limit` (epoch seconds), the latest first."""
    after = (limit, -1)
    while True:
        rows = list(
            await store.rows(
                "SELECT seq, ended_at FROM run INDEXED BY run_ended WHERE ended_at IS NOT NULL"
                f" AND (ended_at, seq) < (?, ?) AND deleting = 0 ORDER BY ended_at DESC, seq DESC LIMIT {SLICE}",
                after,
            )
        )
        if not rows:
            return
        after = (rows[-1][1], rows[-1][0])
        yield [seq for seq, _ in rows]


async def _surplus(store: Store, keep: int) -> AsyncIterator[list[int]]:
    """Ended runs beyond the newest `keep` of their root's executor, the newest first."""
    seen: dict[str, int] = {}
    before = 2**62
    while True:
        rows = list(
            await store.rows(
                "SELECT run.seq, run.status, task.name, task.params, task.schemas FROM run CROSS JOIN task"
                f" ON task.id = run.id WHERE run.seq < ? AND run.deleting = 0 ORDER BY run.seq DESC LIMIT {SLICE}",
                (before,),
            )
        )
        if not rows:
            return
        found = []
        for seq, status, name, params, schemas in rows:
            executor = _executor(name, params, schemas)
            seen[executor] = seen.get(executor, 0) + 1
            if seen[executor] > keep and status != TaskStatus.IN_PROGRESS:
                found.append(seq)
        before = rows[-1][0]
        yield found


def _executor(name: str, params: str, schemas: str) -> str:
    if params == schemas == "{}":
        return name
    return Task("", name, "", params=json_data.decode(params), schemas=json_data.decode(schemas)).executor_id


async def _mark(store: Store, seqs: Sequence[int]) -> list[int]:
    """Mark runs; those that may not be deleted, or not yet, are returned."""
    await store.writer.commit([Write(statements.MARK_DELETING, str(seq), (seq,)) for seq in seqs])
    refused: set[int] = set()
    for start in range(0, len(seqs), 500):
        part = seqs[start : start + 500]
        rows = await store.rows(f"SELECT seq FROM run WHERE deleting = 0 AND seq IN ({_marks(part)})", part)
        refused.update(row[0] for row in rows)
    return [seq for seq in seqs if seq in refused]


async def _remove(store: Store, seqs: list[int], ids: list[str]) -> int:
    """Delete all rows of marked runs, the runs last: a kill in between leaves them marked. How many tasks it was."""
    await _drain(
        store,
        statements.DELETE_SEARCH,
        f"SELECT search.rowid FROM run CROSS JOIN search ON search.rowid >= run.seq << {INDEX_SHIFT}"
        f" AND search.rowid < (run.seq + 1) << {INDEX_SHIFT} WHERE run.seq IN ({_marks(seqs)}) LIMIT {TEXTS}",
        seqs,
    )
    count = 0
    while True:
        tasks = list(
            await store.rows(f"SELECT seq, id FROM task WHERE run_id IN ({_marks(ids)}) LIMIT {SLICE // 2}", ids)
        )
        if not tasks:
            break
        task_ids = [task_id for _, task_id in tasks]
        among = f"task_id IN ({_marks(task_ids)}) LIMIT {SLICE}"
        await _drain(store, statements.DELETE_LOG, f"SELECT seq FROM log WHERE {among}", task_ids)
        await _drain(store, statements.DELETE_ATTEMPT, f"SELECT task_id, number FROM attempt WHERE {among}", task_ids)
        await _drain(store, statements.DELETE_ANSWER, f"SELECT task_id, asked_at FROM answer WHERE {among}", task_ids)
        await _drain(store, statements.DELETE_LINK, f"SELECT on_id, task_id FROM link WHERE {among}", task_ids)
        await _delete(store, statements.DELETE_TASK, [(seq,) for seq, _ in tasks])
        count += len(tasks)
    facets = f"SELECT kind, value, run_seq FROM facet WHERE run_seq IN ({_marks(seqs)}) LIMIT {SLICE}"
    await _drain(store, statements.DELETE_FACET, facets, seqs)
    await _delete(store, statements.DELETE_RUN, [(seq,) for seq in seqs])
    return count


async def _drain(store: Store, statement: Statement, select: str, values: Sequence[Any]) -> None:
    """Delete what `select`, which is limited to a slice, finds, until it finds nothing."""
    while rows := list(await store.rows(select, values)):
        await _delete(store, statement, [tuple(row) for row in rows])


async def _delete(store: Store, statement: Statement, rows: list[tuple[Any, ...]]) -> None:
    await store.writer.commit([Write(statement, "retention", row) for row in rows])


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))
