"""The history of runs: pages, filters, counts, and the audit. Every page is a keyset page, newest first.

A filter is answered from whichever of its parts has the fewest runs, in the order of an index; the other parts are
checked run by run. Nothing scans `task`; the rows of runs that are not indexed yet are the one exception (search.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine import json_data
from engine.history_statements import INDEX_SHIFT
from engine.search import Words
from engine.store import Store
from engine.task import Task, TaskStatus

FEW = 5_000
"""Runs of a time range that are sorted for a page; a longer range is walked instead. Also how far parts are counted."""
END = 2**38
"""Above every run's seq; shifted by `INDEX_SHIFT` it still fits an SQLite integer."""

_RUN = (
    "run.seq, run.id, run.status, run.created_at, run.ended_at, run.label,"
    " run.pending, run.completed, run.failed, run.cancelled"
)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs; what is empty or None lets every run through.

    `statuses` are tree statuses (2.7), `executor` one that any of the run's tasks names, `user` the root's. `since`
    (included) and `until` (excluded) are aware datetimes about the run's making. `text`: see `search.Words`.
    """

    statuses: frozenset[str] = frozenset()
    executor: str = ""
    user: str = ""
    tag: str = ""
    label: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""

    @property
    def facets(self) -> list[tuple[str, str]]:
        """(kind, value) of those parts that the table `facet` answers."""
        parts = (("executor", self.executor), ("tag", self.tag), ("user", self.user))
        return [(kind, json_data.storable(value)) for kind, value in parts if value]

    @property
    def is_by_status_only(self) -> bool:
        others = (self.executor, self.user, self.tag, self.label, self.since, self.until, self.text.strip())
        return not any(others)


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

    `status` is the tree's by rule 2.7, in_progress and `ended_at` None while it runs.
    """

    seq: int
    id: str
    root: Task
    status: TaskStatus
    created_at: datetime
    ended_at: datetime | None
    counts: TaskCounts
    label: str = ""

    @property
    def size(self) -> int:
        """How many tasks it has."""
        return self.counts.total


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


@dataclass(frozen=True, slots=True)
class Source:
    """FROM and WHERE of a query over `run` with its values, answered in the order of `order`.

    `repeats` says that a run may come more than once.
    """

    sql: str
    values: tuple[Any, ...]
    order: str = "run.seq"
    repeats: bool = False

    def page(self, columns: str, limit: int) -> tuple[str, tuple[Any, ...]]:
        """The query of a page, newest first."""
        distinct = "DISTINCT " if self.repeats else ""
        return f"SELECT {distinct}{columns} {self.sql} ORDER BY {self.order} DESC LIMIT ?", (*self.values, limit)

    def count(self) -> tuple[str, tuple[Any, ...]]:
        what = "count(DISTINCT run.seq)" if self.repeats else "count(*)"
        return f"SELECT {what} {self.sql}", self.values


@dataclass(frozen=True, slots=True)
class _Option:
    """One way to answer a filter. `size` is an expression with its values: how many runs it would read, counted up to
    a little above `FEW`. `sorts` says that they do not come in the order of seq.
    """

    sources: list[Source]
    size: tuple[str, tuple[Any, ...]]
    sorts: bool = False


class History:
    """Reads runs and the audit of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def runs(self, filter: RunFilter | None = None, *, before: int | None = None, limit: int = 100) -> list[Run]:
        """Runs newest first, `before` being the `seq` of the last one seen."""
        rows = await self._page(filter or RunFilter(), before, limit, _RUN)
        live = [row[1] for row in rows if row[2] == TaskStatus.IN_PROGRESS]
        roots = await self._store.tasks([row[1] for row in rows], whole=False)
        counts = await self._live_counts(live)
        return [_run(row, roots[row[1]], counts.get(row[1])) for row in rows if row[1] in roots]

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
            found += next(iter(await self._store.rows(*source.count())))[0]
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
        checks, values = _checks(filter)
        words = Words.parse(filter.text)
        if words is not None:
            return _by_text(words, end, checks, values)
        walk = [Source(f"FROM run NOT INDEXED WHERE run.seq < ? AND {checks}", (end, *values))]
        options = _options(filter, end, checks, values)
        if not options:
            return walk
        if len(options) == 1 and not options[0].sorts:
            return options[0].sources
        sizes = await self._sizes(options)
        best = min(range(len(options)), key=lambda index: sizes[index])  # the first of equals: it need not sort
        return walk if options[best].sorts and sizes[best] > FEW else options[best].sources

    async def _sizes(self, options: list[_Option]) -> list[int]:
        expressions = ", ".join(option.size[0] for option in options)
        values = [value for option in options for value in option.size[1]]
        return list(next(iter(await self._store.rows(f"SELECT {expressions}", values))))

    async def _page(self, filter: RunFilter, before: int | None, limit: int, columns: str) -> list[Any]:
        if limit <= 0:
            return []
        rows: list[Any] = []
        for source in await self.sources(filter, before):
            rows += await self._store.rows(*source.page(columns, limit))
        return sorted(rows, key=lambda row: row[0], reverse=True)[:limit]

    async def _live_counts(self, ids: list[str]) -> dict[str, TaskCounts]:
        """The tasks of runs that have not ended, counted in their rows."""
        sql = f"SELECT run_id, status, count(*) FROM task WHERE run_id IN ({_marks(ids)}) GROUP BY run_id, status"
        found: dict[str, dict[str, int]] = {}
        for run_id, status, count in await self._store.rows(sql, ids) if ids else ():
            found.setdefault(run_id, {})[status] = count
        return {run_id: TaskCounts(**counts) for run_id, counts in found.items()}


def _checks(filter: RunFilter) -> tuple[str, list[Any]]:
    """All parts of a filter but its text, as a condition on one row of `run`."""
    conditions, values = ["run.deleting = 0"], list[Any]()
    if filter.statuses:
        conditions.append(f"run.status IN ({_marks(filter.statuses)})")
        values += sorted(map(str, filter.statuses))
    if filter.label:
        conditions.append("run.label = ?")
        values.append(json_data.storable(filter.label))
    for condition, stamp in _times(filter):
        conditions.append(condition)
        values.append(stamp)
    for kind, value in filter.facets:
        conditions.append(f"EXISTS (SELECT 1 FROM facet WHERE kind = '{kind}' AND value = ? AND run_seq = run.seq)")
        values.append(value)
    return " AND ".join(conditions), values


def _options(filter: RunFilter, end: int, checks: str, values: list[Any]) -> list[_Option]:
    """The ways to answer a filter without text by one of its parts."""
    options = []
    for facet in filter.facets:
        where = "FROM facet{} WHERE facet.kind = ? AND facet.value = ?"
        joined = where.format(" CROSS JOIN run ON run.seq = facet.run_seq")
        sql = f"{joined} AND facet.run_seq < ? AND {checks}"
        options.append(_Option([Source(sql, (*facet, end, *values), "facet.run_seq")], _size(where.format(""), facet)))
    if filter.label:
        where = "FROM run INDEXED BY run_label WHERE run.label = ?"
        label = (json_data.storable(filter.label),)
        options.append(
            _Option([Source(f"{where} AND run.seq < ? AND {checks}", (*label, end, *values))], _size(where, label))
        )
    if filter.statuses:
        where = f"FROM run INDEXED BY run_status WHERE run.status = ? AND run.seq < ? AND {checks}"
        statuses = tuple(sorted(map(str, filter.statuses)))
        counted = f"(SELECT min(coalesce(sum(runs), 0), {FEW + 1}) FROM total WHERE status IN ({_marks(statuses)}))"
        sources = [Source(where, (status, end, *values)) for status in statuses]
        options.append(_Option(sources, (counted, statuses)))
    if times := _times(filter):
        where = f"FROM run INDEXED BY run_created WHERE {' AND '.join(condition for condition, _ in times)}"
        bounds = tuple(value for _, value in times)
        sources = [Source(f"{where} AND run.seq < ? AND {checks}", (*bounds, end, *values))]
        options.append(_Option(sources, _size(where, bounds), sorts=True))
    return options


def _by_text(words: Words, end: int, checks: str, values: list[Any]) -> list[Source]:
    """Runs that are indexed by their matches, the others by their rows."""
    matches, match_values = words.indexed()
    found = (
        f"FROM search CROSS JOIN run ON run.seq = search.rowid >> {INDEX_SHIFT} WHERE {matches} AND search.rowid < ?"
        f" AND run.indexed = 1 AND {checks}"
    )
    rows, row_values = words.rows()
    fresh = (
        f"FROM run INDEXED BY run_unindexed WHERE run.indexed = 0 AND run.seq < ? AND {checks}"
        f" AND EXISTS (SELECT 1 FROM task WHERE task.run_id = run.id AND {rows})"
    )
    return [
        Source(found, (*match_values, end << INDEX_SHIFT, *values), "search.rowid", repeats=True),
        Source(fresh, (end, *values, *row_values)),
    ]


def _size(where: str, values: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    return f"(SELECT count(*) FROM (SELECT 1 {where} LIMIT {FEW + 1}))", values


def _times(filter: RunFilter) -> list[tuple[str, float]]:
    bounds = (("run.created_at >= ?", filter.since), ("run.created_at < ?", filter.until))
    return [(condition, moment.timestamp()) for condition, moment in bounds if moment is not None]


def _marks(values: Iterable[Any]) -> str:
    return ",".join("?" for _ in values)


def _moment(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


def _run(row: Any, root: Task, live: TaskCounts | None) -> Run:
    """A `Run` from a row in the order of `_RUN`; `live` are its counts while it runs."""
    seq, run_id, status, created_at, ended_at, label, pending, completed, failed, cancelled = row
    counts = live or TaskCounts(pending, 0, completed, failed, cancelled)
    ended = _moment(ended_at) if ended_at is not None else None
    return Run(seq, run_id, root, TaskStatus(status), _moment(created_at), ended, counts, label or "")
