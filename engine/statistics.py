"""How executors did over a window of time: tasks, failures, and how long they took. One query, no row twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from engine.recent import EXECUTOR
from engine.store import Store


@dataclass(frozen=True, slots=True)
class ExecutorStats:
    """Tasks of one executor that began in the window, by their latest attempts. `p50` and `p95` are seconds over those
    that completed or failed, None without any; `last` is when the latest one began.
    """

    executor_id: str
    tasks: int
    running: int
    completed: int
    failed: int
    cancelled: int
    p50: float | None
    p95: float | None
    last: datetime

    @property
    def failure_rate(self) -> float | None:
        """Failed ones of those that completed or failed, 0..1; None without any."""
        ended = self.completed + self.failed
        return self.failed / ended if ended else None


_TASK = f"{EXECUTOR} AS executor, task.status AS status, task.started_at AS began, task.completed_at AS ended"
_RAN = "task.started_at IS NOT NULL AND task.executor_version IS NOT NULL"  # groups run nothing
_ALL = f"SELECT {_TASK} FROM task WHERE {_RAN} AND task.run_id NOT IN (SELECT id FROM run WHERE deleting = 1)"
_JOIN = "CROSS JOIN task ON task.run_id = run.id WHERE run.deleting = 0"
_SINCE = (
    # what began in the window ended in it or has not ended, and so did its run
    f"SELECT {_TASK} FROM run INDEXED BY run_ended {_JOIN} AND run.ended_at >= :since AND task.started_at >= :since"
    f" AND {_RAN} UNION ALL SELECT {_TASK} FROM run INDEXED BY run_status {_JOIN} AND run.status = 'in_progress'"
    f" AND run.ended_at IS NULL AND task.started_at >= :since AND {_RAN}"
)
_SQL = (
    "WITH taken AS MATERIALIZED ({taken}),"
    " timed AS (SELECT executor, ended - began AS took,"
    " row_number() OVER (PARTITION BY executor ORDER BY ended - began) AS place,"
    " count(*) OVER (PARTITION BY executor) AS many FROM taken WHERE status IN ('completed', 'failed')),"
    " quantile AS (SELECT executor, max(took) FILTER (WHERE place = (many + 1) / 2) AS p50,"
    " max(took) FILTER (WHERE place = (many * 95 + 99) / 100) AS p95 FROM timed GROUP BY executor)"
    " SELECT taken.executor, count(*), count(*) FILTER (WHERE status = 'in_progress'),"
    " count(*) FILTER (WHERE status = 'completed'), count(*) FILTER (WHERE status = 'failed'),"
    " count(*) FILTER (WHERE status = 'cancelled'), p50, p95, max(began)"
    " FROM taken LEFT JOIN quantile ON quantile.executor = taken.executor GROUP BY taken.executor ORDER BY 1"
)


async def statistics(store: Store, since: datetime | None) -> list[ExecutorStats]:
    """Every executor that had tasks begin at or after `since` (None: ever), by id.

    Reads the tasks of that time, on a connection of its own: a second for half a million of them.
    """
    values = {"since": since.timestamp()} if since is not None else {}
    rows = await store.rows_apart(_SQL.format(taken=_SINCE if since is not None else _ALL), values)
    return [
        ExecutorStats(
            executor, tasks, running, completed, failed, cancelled, p50, p95, datetime.fromtimestamp(last, UTC)
        )
        for executor, tasks, running, completed, failed, cancelled, p50, p95, last in rows
    ]
