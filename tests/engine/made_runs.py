"""Runs of a store as the engine would leave them, without an engine: for tests of the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from engine import history_statements, json_data, statements
from engine.statements import Write
from engine.store import Store
from engine.task import Dependency, Task, TaskStatus

START = datetime(2026, 1, 1, tzinfo=UTC)
DONE = {"completed": TaskStatus.COMPLETED, "failed": TaskStatus.FAILED, "cancelled": TaskStatus.CANCELLED}


def hours(count: float) -> datetime:
    """A moment after the first run of a test."""
    return START + timedelta(hours=count)


def run_writes(
    run_id: str,
    statuses: Iterable[str] = ("completed",),
    *,
    executor: str = "ping",
    user: str | None = "ann",
    tags: Iterable[str] = (),
    label: str | None = None,
    hour: float = 0,
    ended: bool = True,
    inputs: dict[str, Any] | None = None,
    result: Any = None,
    error: str = "broken",
    depends_on: str | None = None,
) -> list[Write]:
    """The writes of one run: a root with id `run_id` and children `run_id.1`…, one for each status.

    `depends_on` is a task of another run that the root depends on.
    """
    at = hours(hour)
    edges = (Dependency(depends_on),) if depends_on else ()
    writes = [history_statements.begin_run(run_id, "owner", at, label)]
    writes += history_statements.facets(run_id, [executor], tags, user)
    counts: Counter[TaskStatus] = Counter()
    for place, word in enumerate(statuses):
        task = Task(f"{run_id}.{place}" if place else run_id, executor, run_id, run_id if place else None, user)
        task.created_at, task.inputs, task.dependencies = at, inputs or {}, () if place else edges
        writes.append(statements.insert(task))
        status = TaskStatus(word)
        counts[status] += 1
        if status is not TaskStatus.PENDING:
            writes.append(statements.start(task.id, 1, at, None, "v1"))
        if word in DONE:
            failed = error if word == "failed" else None
            packed = json_data.pack(json_data.encode(result), 1000) if word == "completed" else None
            kind = "ValueError" if failed else None
            writes.append(statements.finish(task.id, status, packed, failed, kind, 1.0, hours(hour + 0.1)))
    if depends_on:
        writes.append(statements.link(run_id, depends_on))
    if ended:
        status = next((DONE[word] for word in ("failed", "cancelled") if DONE[word] in counts), TaskStatus.COMPLETED)
        writes.append(history_statements.end_run(run_id, status, counts, hours(hour + 0.2)))
    return writes


async def add_run(store: Store, run_id: str, *args: Any, **fields: Any) -> None:
    await store.writer.commit(run_writes(run_id, *args, **fields))


async def rows(store: Store, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a plain look into the database says."""
    return [tuple(row) for row in await store.rows(sql, values)]


async def recounted(store: Store) -> list[tuple[Any, ...]]:
    """`total` as counting every row gives it."""
    return await rows(
        store,
        "SELECT status, (SELECT count(*) FROM run WHERE run.status = total.status AND deleting = 0),"
        " (SELECT count(*) FROM task JOIN run ON run.id = task.run_id WHERE task.status = total.status"
        " AND deleting = 0 AND ended_at IS NOT NULL) FROM total ORDER BY status",
    )
