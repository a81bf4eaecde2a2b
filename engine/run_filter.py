"""Which runs are asked for, and the queries that find them (pages and counts: history.py).

A filter is answered from whichever of its parts has the fewest runs, in the order of an index; the other parts are
checked run by run. Nothing scans `task`; the rows of runs that are not indexed yet are the one exception (search.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine import json_data
from engine.history_statements import INDEX_SHIFT
from engine.search import Words
from engine.task import now

FEW = 5_000
"""Runs of a time range that are sorted for a page; a longer range is walked instead. Also how far parts are counted."""
END = 2**38
"""Above every run's seq; shifted by `INDEX_SHIFT` it still fits an SQLite integer."""
LAST = "\U0010ffff"
"""Behind every text that goes on after a beginning."""

Condition = tuple[str, list[Any]]
"""SQL about one row of `run`, and its values."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs; what is empty or None lets every run through.

    `statuses` are tree statuses (2.7), `executor` one that any of the run's tasks names, `user` the root's. `since`
    (included) and `until` (excluded) are aware datetimes about the run's making. `text`: see `search.Words`; `exact`
    are words or phrases that do not go on, `no_text` those that no task of the run may hold. `label` is the whole
    label, `labels` are parts of it in any case. `facets` are further (kind, value) that it must have, `without` those
    that it must not have (kinds: executor, tag, user; of `without` also label). `id` begins the id of the run or of a
    task in it. `longer` and `shorter` are seconds from its latest begin to its end, or to now. `only` are the ids that
    are looked at at all; a few hundred at most.
    """

    statuses: frozenset[str] = frozenset()
    executor: str = ""
    user: str = ""
    tag: str = ""
    label: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    exact: tuple[str, ...] = ()
    no_text: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    also: tuple[tuple[str, str], ...] = ()
    without: tuple[tuple[str, str], ...] = ()
    id: str = ""
    longer: float | None = None
    shorter: float | None = None
    only: frozenset[str] | None = None

    @property
    def facets(self) -> list[tuple[str, str]]:
        """(kind, value) of those parts that the table `facet` answers."""
        parts = (("executor", self.executor), ("tag", self.tag), ("user", self.user), *self.also)
        return [(kind, json_data.storable(value)) for kind, value in parts if value]

    @property
    def is_by_status_only(self) -> bool:
        given = (self.facets, self.label, self.since, self.until, self.text.strip(), self.exact, self.no_text)
        more = (self.labels, self.without, self.id, self.longer is not None, self.shorter is not None)
        return not any(given) and not any(more) and self.only is None


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
class Option:
    """One way to answer a filter. `size` is an expression with its values: how many runs it would read, counted up to
    a little above `FEW`. `sorts` says that they do not come in the order of seq.
    """

    sources: list[Source]
    size: tuple[str, tuple[Any, ...]]
    sorts: bool = False


def checks(filter: RunFilter) -> tuple[str, list[Any]]:
    """All parts of a filter but its text, as a condition on one row of `run`."""
    found: list[Condition] = [("run.deleting = 0", [])]
    if filter.statuses:
        found.append((f"run.status IN ({marks(filter.statuses)})", sorted(map(str, filter.statuses))))
    if filter.label:
        found.append(("run.label = ?", [json_data.storable(filter.label)]))
    found += [(_LABEL_HAS, [json_data.storable(part)]) for part in filter.labels]
    found += [(condition, [stamp]) for condition, stamp in _times(filter)]
    found += [(_HAS_FACET, [kind, value]) for kind, value in filter.facets]
    for kind, value in filter.without:
        stored = json_data.storable(value)
        if kind == "label":
            found.append((f"NOT coalesce({_LABEL_HAS}, 0)", [stored]))
        else:
            found.append((f"NOT {_HAS_FACET}", [kind, stored]))
    if filter.id:
        found.append((f"run.id IN ({_BY_ID})", _beginning(filter.id)))
    for sign, seconds in ((">=", filter.longer), ("<", filter.shorter)):
        if seconds is not None:
            found.append((f"coalesce(run.ended_at, ?) - {BEGAN} {sign} ?", [now().timestamp(), seconds]))
    for word in filter.no_text:
        if (words := Words.parse("", (word,))) is not None:
            condition, values = holds(words)
            found.append((f"NOT {condition}", values))
    if filter.only is not None:
        found.append((f"run.id IN ({marks(filter.only)})", [json_data.storable(run_id) for run_id in filter.only]))
    return " AND ".join(sql for sql, _ in found), [value for _, values in found for value in values]


BEGAN = "coalesce(run.began_at, run.created_at)"
"""When it was begun the last time."""
_LABEL_HAS = "instr(lower(run.label), lower(?))"
_HAS_FACET = "EXISTS (SELECT 1 FROM facet WHERE kind = ? AND value = ? AND run_seq = run.seq)"
_BY_ID = "SELECT run_id FROM task WHERE id >= ? AND id < ?"


def _beginning(text: str) -> list[str]:
    """The bounds of what begins with `text`."""
    stored = json_data.storable(text)
    return [stored, stored + LAST]


def holds(words: Words) -> Condition:
    """Whether a task of the run holds all words: by the index where the run is in it, else by its rows."""
    matches, match_values = words.indexed("other")
    rows, row_values = words.rows()
    first, end = f"run.seq << {INDEX_SHIFT}", f"(run.seq + 1) << {INDEX_SHIFT}"
    sql = (
        "CASE run.indexed WHEN 1 THEN EXISTS (SELECT 1 FROM search AS other"
        f" WHERE {matches} AND other.rowid >= {first} AND other.rowid < {end})"
        f" ELSE EXISTS (SELECT 1 FROM task WHERE task.run_id = run.id AND {rows}) END"
    )
    return f"({sql})", [*match_values, *row_values]


def options(filter: RunFilter, end: int, checked: str, values: list[Any]) -> list[Option]:
    """The ways to answer a filter without text by one of its parts."""
    found = []
    for facet in filter.facets:
        where = "FROM facet{} WHERE facet.kind = ? AND facet.value = ?"
        joined = where.format(" CROSS JOIN run ON run.seq = facet.run_seq")
        sql = f"{joined} AND facet.run_seq < ? AND {checked}"
        found.append(Option([Source(sql, (*facet, end, *values), "facet.run_seq")], _size(where.format(""), facet)))
    if filter.label:
        where = "FROM run INDEXED BY run_label WHERE run.label = ?"
        label = (json_data.storable(filter.label),)
        found.append(
            Option([Source(f"{where} AND run.seq < ? AND {checked}", (*label, end, *values))], _size(where, label))
        )
    if filter.statuses:
        where = f"FROM run INDEXED BY run_status WHERE run.status = ? AND run.seq < ? AND {checked}"
        statuses = tuple(sorted(map(str, filter.statuses)))
        counted = f"(SELECT min(coalesce(sum(runs), 0), {FEW + 1}) FROM total WHERE status IN ({marks(statuses)}))"
        sources = [Source(where, (status, end, *values)) for status in statuses]
        found.append(Option(sources, (counted, statuses)))
    ranges: list[tuple[str, tuple[Any, ...]]] = []
    if filter.id:
        ranges.append((f"FROM run WHERE run.id IN ({_BY_ID})", tuple(_beginning(filter.id))))
    if filter.labels:
        ranges.append(("FROM run INDEXED BY run_label WHERE run.label IS NOT NULL", ()))
    if times := _times(filter):
        where = f"FROM run INDEXED BY run_created WHERE {' AND '.join(condition for condition, _ in times)}"
        ranges.append((where, tuple(value for _, value in times)))
    for where, bounds in ranges:
        sources = [Source(f"{where} AND run.seq < ? AND {checked}", (*bounds, end, *values))]
        found.append(Option(sources, _size(where, bounds), sorts=True))
    return found


def by_text(words: Words, end: int, checked: str, values: list[Any]) -> list[Source]:
    """Runs that are indexed by their matches, the others by their rows."""
    matches, match_values = words.indexed()
    found = (
        f"FROM search CROSS JOIN run ON run.seq = search.rowid >> {INDEX_SHIFT} WHERE {matches} AND search.rowid < ?"
        f" AND run.indexed = 1 AND {checked}"
    )
    rows, row_values = words.rows()
    fresh = (
        f"FROM run INDEXED BY run_unindexed WHERE run.indexed = 0 AND run.seq < ? AND {checked}"
        f" AND EXISTS (SELECT 1 FROM task WHERE task.run_id = run.id AND {rows})"
    )
    return [
        Source(found, (*match_values, end << INDEX_SHIFT, *values), "search.rowid", repeats=True),
        Source(fresh, (end, *values, *row_values)),
    ]


def by_ids(words: Words | None, end: int, checked: str, values: list[Any]) -> list[Source]:
    """Where the runs are named, so that each is looked at by itself; the names are among what is checked."""
    condition, held = holds(words) if words is not None else ("1", [])
    return [Source(f"FROM run WHERE {checked} AND run.seq < ? AND {condition}", (*values, end, *held))]


def walk(end: int, checked: str, values: list[Any]) -> list[Source]:
    """All runs, one by one."""
    return [Source(f"FROM run NOT INDEXED WHERE run.seq < ? AND {checked}", (end, *values))]


def _size(where: str, values: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    return f"(SELECT count(*) FROM (SELECT 1 {where} LIMIT {FEW + 1}))", values


def _times(filter: RunFilter) -> list[tuple[str, float]]:
    bounds = (("run.created_at >= ?", filter.since), ("run.created_at < ?", filter.until))
    return [(condition, moment.timestamp()) for condition, moment in bounds if moment is not None]


def marks(values: Iterable[Any]) -> str:
    """As many `?` as there are values."""
    return ",".join("?" for _ in values)
