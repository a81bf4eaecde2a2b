"""The history of runs: pages, counts, what runs are found by, and the audit. Every page is a keyset page, newest first.

How a filter is answered: run_filter.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine import json_data, retention
from engine.history_statements import INDEX_SHIFT
from engine.recent import EXECUTOR
from engine.run_filter import BEGAN, END, FEW, Option, RunFilter, Source, by_ids, by_text, checks, marks, options, walk
from engine.search import Words
from engine.statistics import ExecutorStats, statistics
from engine.store import Store
from engine.task import Task, TaskStatus

__all__ = ["FEW", "AuditEntry", "History", "Run", "RunFilter", "Source", "Span", "TaskCounts", "Totals"]

FORMER_WALK = 20_000
"""Runs looked at for the former one of a group, which no index knows."""

_RUN = (
    "run.seq, run.id, run.status, run.created_at, run.ended_at, run.label,"
    f" run.pending, run.completed, run.failed, run.cancelled, {BEGAN}"
)


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Tasks of a run by status."""

    pending: int = 0
    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        return self.pending + self.in_progress + self.completed + self.failed + self.cancelled


@dataclass(frozen=True, slots=True)
class Run:
    """One tree in the history: `seq` pages, `root` is its root's row without result.

    `status` is the tree's by rule 2.7, in_progress and `ended_at` None while it runs. `began_at` is its making, or its
    latest rerun; `origin` the terminal or address that it was launched from, "" where that is not known.
    """

    seq: int
    id: str
    root: Task
    status: TaskStatus
    created_at: datetime
    ended_at: datetime | None
    counts: TaskCounts
    label: str = ""
    began_at: datetime | None = None
    origin: str = ""

    @property
    def size(self) -> int:
        """How many tasks it has."""
        return self.counts.total


@dataclass(frozen=True, slots=True)
class Span:
    """When a former attempt of a task ran, and how it ended."""

    task_id: str
    number: int
    status: TaskStatus
    began: float | None
    ended: float | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Runs by status, and the tasks of ended runs by status; what runs now, the engine counts."""

    runs: Mapping[TaskStatus, int]
    tasks: Mapping[TaskStatus, int]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, from which terminal or address, when; `seq` pages."""

    seq: int
    at: datetime
    who: str
    origin: str
    what: str
    run_id: str | None
    task_id: str | None
    detail: dict[str, Any]


class History:
    """Reads runs and the audit of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def runs(
        self, filter: RunFilter | None = None, *, before: int | None = None, limit: int = 100, counted: bool = True
    ) -> list[Run]:
        """Runs newest first, `before` being the `seq` of the last one seen.

        Without `counted` those that have not ended have no counts; `live_counts` gives them, at a row a task.
        """
        rows = await self._page(filter or RunFilter(), before, limit, _RUN)
        ids = [row[1] for row in rows]
        roots = await self._store.tasks(ids, whole=False)
        origins = await self._origins(ids)
        counts = await self.live_counts(row[1] for row in rows if row[2] == TaskStatus.IN_PROGRESS) if counted else {}
        return [
            _run(row, roots[row[1]], counts.get(row[1]), origins.get(row[1], "")) for row in rows if row[1] in roots
        ]

    async def former(self, run: Run) -> Run | None:
        """The run before `run` whose root had the same executor, or for a group the same name; None without one.

        For a group only the last `FORMER_WALK` runs are looked at.
        """
        wanted = json_data.storable(run.root.executor_id)
        root = f"CROSS JOIN task ON task.id = run.id WHERE run.deleting = 0 AND {EXECUTOR} = ?"
        found = list(
            await self._rows(
                f"SELECT run.id FROM facet CROSS JOIN run ON run.seq = facet.run_seq {root} AND facet.kind = 'executor'"
                " AND facet.value = ? AND facet.run_seq < ? ORDER BY facet.run_seq DESC LIMIT 1",
                (wanted, wanted, run.seq),
            )
        ) or list(
            await self._rows(
                f"SELECT run.id FROM run NOT INDEXED {root} AND run.seq < ? AND run.seq >= ?"
                " ORDER BY run.seq DESC LIMIT 1",
                (wanted, run.seq, run.seq - FORMER_WALK),
            )
        )
        runs = await self.runs(RunFilter(only=frozenset(row[0] for row in found)), limit=1) if found else []
        return runs[0] if runs else None

    async def names(self, run_id: str) -> tuple[str, list[str]]:
        """The label of a run, "" where it has none, and its tags."""
        sql = (
            "SELECT run.label, facet.value FROM run LEFT JOIN facet ON facet.run_seq = run.seq AND facet.kind = 'tag'"
            " WHERE run.id = ? ORDER BY facet.value"
        )
        rows = list(await self._store.rows(sql, (json_data.storable(run_id),)))
        return (rows[0][0] or "" if rows else "", [tag for _, tag in rows if tag is not None])

    async def values(self, kind: str, *, limit: int = 1000) -> list[str]:
        """What runs are found by, in order: every executor, tag, user or label of the history; by hops in an index."""
        if kind == "label":
            table, condition, values = "run INDEXED BY run_label", "label IS NOT NULL", []
            column = "label"
        else:
            table, condition, values, column = "facet", "kind = ?", [kind], "value"
        least = f"SELECT min({column}) FROM {table} WHERE {condition}"
        sql = (
            f"WITH RECURSIVE hop (value) AS ({least} UNION ALL"
            f" SELECT ({least} AND {column} > hop.value) FROM hop WHERE hop.value IS NOT NULL)"
            " SELECT value FROM hop WHERE value IS NOT NULL LIMIT ?"
        )
        return [row[0] for row in await self._rows(sql, (*values, *values, limit))]

    async def spans(self, run_id: str) -> list[Span]:
        """The former attempts of all tasks of a run, each task's oldest first."""
        sql = (
            "SELECT attempt.task_id, attempt.number, attempt.status, attempt.started_at, attempt.completed_at"
            " FROM task CROSS JOIN attempt ON attempt.task_id = task.id WHERE task.run_id = ?"
            " ORDER BY task.seq, attempt.number"
        )
        rows = await self._rows(sql, (json_data.storable(run_id),))
        return [Span(task_id, number, TaskStatus(status), *times) for task_id, number, status, *times in rows]

    async def rerun_at(self, run_id: str) -> float | None:
        """When an ended run was begun again the last time, in epoch seconds; None where it never was."""
        rows = await self._store.rows("SELECT began_at FROM run WHERE id = ?", (json_data.storable(run_id),))
        return next((at for (at,) in rows), None)

    async def statistics(self, since: datetime | None = None) -> list[ExecutorStats]:
        """How each executor did since then, or ever."""
        return await statistics(self._store, since)

    async def next_to_go(self) -> retention.Next | None:
        """The run that a limit of days deletes next."""
        return await retention.next_to_go(self._store)

    async def version(self) -> int:
        """Another number than before when somebody else, or another process, has written to the store."""
        return int(next(iter(await self._rows("PRAGMA data_version", ())))[0])

    async def ids(
        self, filter: RunFilter | None = None, *, before: int | None = None, limit: int = 1000
    ) -> list[tuple[int, str]]:
        """(seq, id) of a page of runs, where no more of them is needed."""
        rows = await self._page(filter or RunFilter(), before, limit, "run.seq, run.id")
        return [(row[0], row[1]) for row in rows]

    async def count(self, filter: RunFilter | None = None) -> int:
        """How many runs a filter lets through, exactly; from the totals where it asks for statuses only."""
        wanted = filter or RunFilter()
        if wanted.is_by_status_only:
            totals = await self.totals()
            return sum(n for status, n in totals.runs.items() if not wanted.statuses or status in wanted.statuses)
        found = 0
        for source in await self.sources(wanted):
            found += next(iter(await self._rows(*source.count())))[0]
        return found

    async def totals(self) -> Totals:
        """Runs and tasks by status, from counters."""
        rows = list(await self._store.rows("SELECT status, runs, tasks FROM total", ()))
        return Totals({TaskStatus(r[0]): r[1] for r in rows}, {TaskStatus(r[0]): r[2] for r in rows})

    async def tasks_matching(self, run_id: str, text: str) -> frozenset[str]:
        """The ids of those tasks of a run that `text` is found in; none for a blank text."""
        words, run_id = Words.parse(text), json_data.storable(run_id)
        rows = list(await self._store.rows("SELECT seq, indexed FROM run WHERE id = ?", (run_id,)))
        if words is None or not rows:
            return frozenset()
        seq, is_indexed = rows[0]
        if is_indexed:
            condition, values = words.indexed()
            sql = (
                "SELECT task.id FROM search CROSS JOIN task ON task.seq = search.task"
                f" WHERE {condition} AND search.rowid >= ? AND search.rowid < ? AND task.run_id = ?"
            )
            values = [*values, seq << INDEX_SHIFT, (seq + 1) << INDEX_SHIFT, run_id]
        else:
            condition, values = words.rows()
            sql, values = f"SELECT task.id FROM task WHERE task.run_id = ? AND {condition}", [run_id, *values]
        return frozenset(row[0] for row in await self._store.rows(sql, values))

    async def audit(
        self, *, before: int | None = None, limit: int = 100, run_id: str | None = None, task_id: str | None = None
    ) -> list[AuditEntry]:
        """Entries newest first, of one run or task where it is named; `before` is the `seq` of the last one seen."""
        conditions = ["seq < ?"]
        values: list[Any] = [before if before is not None else 2**62]
        for column, value in (("run_id", run_id), ("task_id", task_id)):
            if value is not None:
                conditions.append(f"{column} = ?")
                values.append(json_data.storable(value))
        rows = await self._store.rows(
            "SELECT seq, at, who, origin, what, run_id, task_id, detail FROM audit"
            f" WHERE {' AND '.join(conditions)} ORDER BY seq DESC LIMIT ?",
            (*values, max(limit, 0)),
        )
        return [
            AuditEntry(seq, _moment(at), who, origin, what, run, task, json_data.decode(detail))
            for seq, at, who, origin, what, run, task, detail in rows
        ]

    # ── how a filter is answered ─────────────────────────────────────────────────────────────────────────────────

    async def sources(self, filter: RunFilter, before: int | None = None) -> list[Source]:
        """Queries whose results, which have no run in common, are all runs of `filter` with a seq below `before`."""
        end = END if before is None else min(before, END)
        checked, values = checks(filter)
        words = Words.parse(filter.text, filter.exact)
        if filter.only is not None:
            return by_ids(words, end, checked, values)
        if words is not None:
            return by_text(words, end, checked, values)
        ways = options(filter, end, checked, values)
        if not ways:
            return walk(end, checked, values)
        if len(ways) == 1 and not ways[0].sorts:
            return ways[0].sources
        sizes = await self._sizes(ways)
        best = min(range(len(ways)), key=lambda index: sizes[index])  # the first of equals: it need not sort
        return walk(end, checked, values) if ways[best].sorts and sizes[best] > FEW else ways[best].sources

    async def _sizes(self, ways: list[Option]) -> list[int]:
        expressions = ", ".join(way.size[0] for way in ways)
        values = [value for way in ways for value in way.size[1]]
        return list(next(iter(await self._rows(f"SELECT {expressions}", values))))

    async def _rows(self, sql: str, values: Sequence[Any]) -> Iterable[Any]:
        """Apart from what the engine itself reads: a filter may have to look at a million runs."""
        return await self._store.rows_apart(sql, values)

    async def _page(self, filter: RunFilter, before: int | None, limit: int, columns: str) -> list[Any]:
        if limit <= 0:
            return []
        rows: list[Any] = []
        for source in await self.sources(filter, before):
            rows += await self._rows(*source.page(columns, limit))
        return sorted(rows, key=lambda row: row[0], reverse=True)[:limit]

    async def _origins(self, ids: list[str]) -> dict[str, str]:
        """Where runs were launched from."""
        if not ids:
            return {}
        sql = f"SELECT run_id, origin FROM audit WHERE run_id IN ({marks(ids)}) AND what = 'launch'"
        return dict(await self._rows(sql, ids))

    async def live_counts(self, run_ids: Iterable[str]) -> dict[str, TaskCounts]:
        """The tasks of runs that have not ended, counted in their rows."""
        ids = [json_data.storable(run_id) for run_id in run_ids]
        sql = f"SELECT run_id, status, count(*) FROM task WHERE run_id IN ({marks(ids)}) GROUP BY run_id, status"
        found: dict[str, dict[str, int]] = {}
        for run_id, status, count in await self._rows(sql, ids) if ids else ():
            found.setdefault(run_id, {})[status] = count
        return {run_id: TaskCounts(**counts) for run_id, counts in found.items()}


def _moment(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


def _run(row: Any, root: Task, live: TaskCounts | None, origin: str) -> Run:
    """A `Run` from a row in the order of `_RUN`; `live` are its counts while it runs."""
    seq, run_id, status, created_at, ended_at, label, pending, completed, failed, cancelled, began_at = row
    counts = live or TaskCounts(pending, 0, completed, failed, cancelled)
    made, began, ended = _moment(created_at), _moment(began_at), _moment(ended_at) if ended_at is not None else None
    return Run(seq, run_id, root, TaskStatus(status), made, ended, counts, label or "", began, origin)
