"""Export and import of runs as JSON lines.

A header line `{"taskdeck": 1, ...}`, then for each run one `{"run": {...}}` line and its `{"task": ...}`,
`{"attempt": ...}` and `{"log": ...}` lines, each with the columns of its table; what is NULL is left out. Secrets are
masked in the rows, so they are in no file either.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from engine import history_statements as statements
from engine import json_data, retention
from engine.errors import StoreError, TaskError
from engine.history import History, RunFilter
from engine.statements import Write, link
from engine.store import Store
from engine.task import TaskStatus, now
from engine.transfer_fields import ATTEMPT, DEFAULTS, JSON, LOG, RUN, TASK, Check

FORMAT = 1
PAGE_BYTES = 4 * 2**20
PAGE_ROWS = 200
"""A page of rows is read whole; it has at most this many, and fewer where rows are large."""
YIELD_LINES = 100
"""Lines between two breaths of the loop."""
INTERRUPTED = "it still ran when it was exported"
_WHOLE = "deleting = 0 AND EXISTS (SELECT 1 FROM task WHERE task.id = run.id AND task.run_id = run.id)"
"""A run that can be imported again: one whose root was taken over by another tree is part of that one."""

_PUT_TASK = statements.row(1, "task", tuple(TASK))
_PUT_ATTEMPT = statements.row(3, "attempt", tuple(ATTEMPT))
_PUT_LOG = statements.row(7, "log", tuple(LOG))
_PUT_RUN = statements.row(0, "run", ("id", "created_at", "began_at", "label"))


# ── export ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def export_lines(store: Store, runs: RunFilter | Iterable[str]) -> AsyncIterator[str]:
    """The lines of these runs without line ends: in the order of the ids given, or the oldest first for a filter.

    Rows are read in pages, so memory does not grow with a run. Raises `StoreError` for an id that no run has.
    """
    await store.writer.flush()
    ids = await (_found(store, runs) if isinstance(runs, RunFilter) else _known(store, runs))
    header = {"taskdeck": FORMAT, "exported_at": now().isoformat(timespec="seconds")}
    yield json_data.encode(header)
    for run_id in ids:
        line = await _run_line(store, run_id)
        if line is None:  # deleted meanwhile
            continue
        yield line
        async for line in _row_lines(store, run_id):
            yield line


async def _known(store: Store, given: Iterable[str]) -> list[str]:
    """The ids as they are; an unknown one is refused before a line is written."""
    ids = [json_data.storable(run_id) for run_id in given]
    known: set[str] = set()
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        sql = f"SELECT id FROM run WHERE id IN ({','.join('?' * len(part))}) AND {_WHOLE}"
        known.update(row[0] for row in await store.rows(sql, part))
    for run_id in ids:
        if run_id not in known:
            raise StoreError(f"there is no run '{run_id}' to export", "It may have been deleted")
    return list(dict.fromkeys(ids))


async def _found(store: Store, filter: RunFilter) -> list[str]:
    """The ids of a filter's runs, oldest first: imported in this order they page in the order they had."""
    history, found, before = History(store), list[str](), None
    while page := await history.ids(filter, before=before):
        found += [run_id for _, run_id in page]
        before = page[-1][0]
    return found[::-1]


async def _run_line(store: Store, run_id: str) -> str | None:
    columns = ", ".join(column for column in RUN if column not in ("tasks", "facets"))
    tasks = "(SELECT count(*) FROM task WHERE task.run_id = run.id)"
    sql = f"SELECT {columns}, {tasks}, seq FROM run WHERE id = ? AND {_WHOLE}"
    rows = list(await store.rows(sql, (run_id,)))
    if not rows:
        return None
    *values, seq = rows[0]
    found: dict[str, list[str]] = {}
    facets = "SELECT kind, value FROM facet WHERE run_seq = ? ORDER BY kind, value"
    for kind, value in await store.rows(facets, (seq,)):
        found.setdefault(kind, []).append(value)
    return _line("run", RUN, (*values, json_data.encode(found)))


class _Pages:
    """Reads rows in pages that get shorter where rows are large."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._limit = 50

    async def read(self, sql: str, values: Iterable[Any]) -> list[Any]:
        rows = list(await self._store.rows(f"{sql} LIMIT {self._limit}", values))
        size = sum(len(value) for row in rows for value in row if isinstance(value, str | bytes))
        if size > PAGE_BYTES:
            self._limit = max(1, self._limit // 4)
        elif size < PAGE_BYTES // 8:
            self._limit = min(PAGE_ROWS, self._limit * 2)
        return rows


async def _row_lines(store: Store, run_id: str) -> AsyncIterator[str]:
    """The task, attempt and log lines of a run, each kind in the order of the tasks."""
    columns = tuple(TASK)
    sql = f"SELECT {', '.join(columns)}, seq FROM task WHERE run_id = ? AND seq > ? ORDER BY seq"
    pages, after = _Pages(store), -1
    while rows := await pages.read(sql, (run_id, after)):
        for row in rows:
            yield _line("task", columns, row)
        after = rows[-1][-1]
    async for line in _part_lines(store, run_id, "attempt", tuple(ATTEMPT), ("number",)):
        yield line
    async for line in _part_lines(store, run_id, "log", tuple(LOG), ("attempt", "seq")):
        yield line


async def _part_lines(
    store: Store, run_id: str, table: str, columns: tuple[str, ...], key: tuple[str, ...]
) -> AsyncIterator[str]:
    """The lines of what belongs to the tasks of a run. `key` orders the rows of one task; an index has it.

    A page may end inside a task; the rest of that one is read by its key, so that nothing is read twice.
    """
    wanted = ", ".join(f"{table}.{column}" for column in (*columns, *key))
    keys = ", ".join(f"{table}.{column}" for column in key)
    first = (
        f"SELECT {wanted}, task.id, task.seq FROM task CROSS JOIN {table} ON {table}.task_id = task.id"
        f" WHERE task.run_id = ? AND task.seq > ? ORDER BY task.seq, {keys}"
    )
    further = (
        f"SELECT {wanted} FROM {table} WHERE task_id = ? AND ({keys}) > ({', '.join('?' * len(key))}) ORDER BY {keys}"
    )
    pages, after = _Pages(store), -1
    while rows := await pages.read(first, (run_id, after)):
        *_, task_id, after = rows[-1]
        while rows:
            for row in rows:
                yield _line(table, columns, row)
            rows = await pages.read(further, (task_id, *rows[-1][len(columns) :][: len(key)]))


def _line(kind: str, columns: Iterable[str], row: Iterable[Any]) -> str:
    """One line; what is JSON text in the store goes in as it stands, so that no value changes on the way."""
    parts = []
    for column, value in zip(columns, row, strict=False):
        if value is None:
            continue
        if column not in JSON:
            value = json_data.encode(value)
        elif isinstance(value, bytes):
            value = zlib.decompress(value).decode()
        parts.append(f'"{column}":{value}')
    return f'{{"{kind}":{{{",".join(parts)}}}}}'


# ── import ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Imported:
    """How many runs were stored, and how many were there already and left as they are."""

    runs: int = 0
    skipped: int = 0


async def import_lines(store: Store, lines: AsyncIterable[str] | Iterable[str]) -> Imported:
    """Store the runs of an export, each whole or not at all; a run whose id is stored already is skipped.

    What was in progress is failed, `interrupted`; no imported run is owned. Raises `StoreError` that names the line
    (the first is 1); the runs before it are stored then, and are skipped when the file is imported again.
    """
    await retention.finish(store)  # a run that is half deleted would stand in the way of its own id
    reader = _Import(store)
    try:
        if isinstance(lines, AsyncIterable):
            async for line in lines:
                await reader.take(line)
        else:
            for line in lines:
                await reader.take(line)
    except UnicodeDecodeError as error:
        reader.number += 1
        reader.refuse(f"not UTF-8 ({error.reason})", "Export it again, or convert it to UTF-8")
    return await reader.end()


@dataclass(slots=True)
class _Run:
    """The run that is being read: its line's number and values, the rows so far, and where each task stands."""

    number: int
    values: dict[str, Any]
    is_known: bool
    writes: list[Write] = field(default_factory=list)
    tasks: dict[str, int] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    attempts: set[tuple[str, int]] = field(default_factory=set)


class _Import:
    """Takes lines one by one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._at = now()
        self._run: _Run | None = None
        self._header = False
        self._runs = self._skipped = 0
        self.number = 0

    def refuse(self, what: str, hint: str, number: int | None = None) -> NoReturn:
        done = f"; {self._runs} run{'s' * (self._runs > 1)} before it stored" if self._runs else ""
        raise StoreError(f"line {number or self.number}: {what}{done}", hint) from None

    async def take(self, line: str) -> None:
        self.number += 1
        if self.number % YIELD_LINES == 0:
            await asyncio.sleep(0)
        if not line.strip():
            return
        record = self._parse(line)
        if not self._header:
            self._check_header(record)
            return
        if len(record) != 1 or not isinstance(value := next(iter(record.values())), dict):
            self.refuse("it is no record of an export", 'Each line is {"run"|"task"|"attempt"|"log": {...}}')
        kind = next(iter(record))
        if kind == "run":
            await self._store_run()
            await self._begin(value)
        elif self._run is None:
            self.refuse(f"a {kind} stands before any run", "A run's line comes before its tasks'")
        elif kind == "task":
            self._task(self._run, value)
        elif kind in ("attempt", "log"):
            self._part(self._run, kind, value)
        else:
            self.refuse(f"'{json_data.storable(kind)}' is no kind of record", "It may be of a newer taskdeck: update")

    async def end(self) -> Imported:
        if not self._header:
            self.refuse("the file is empty", "Choose a file that taskdeck exported", 1)
        await self._store_run()
        return Imported(self._runs, self._skipped)

    # ── one line ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _parse(self, line: str) -> dict[str, Any]:
        try:
            record = json.loads(line, parse_constant=_no_constant)
        except RecursionError:
            self.refuse("it is nested too deep", "Remove that line")
        except ValueError as error:
            self.refuse(f"it is no JSON ({error})", "The file may be cut off or edited: export it again")
        if not isinstance(record, dict):
            self.refuse("it is no JSON object", "Choose a file that taskdeck exported")
        return record

    def _check_header(self, record: dict[str, Any]) -> None:
        version = record.get("taskdeck")
        if isinstance(version, bool) or not isinstance(version, int):
            self.refuse("it is no header of an export", 'A taskdeck export begins with {"taskdeck": 1}')
        if version != FORMAT:
            self.refuse(
                f"the file has format {version}, this taskdeck knows {FORMAT}", "Update taskdeck, or export it again"
            )
        self._header = True

    def _values(self, kind: str, given: dict[str, Any], checks: Mapping[str, Check]) -> dict[str, Any]:
        """The columns' values, checked; missing ones get their defaults."""
        for name in given:
            if name not in checks:
                self.refuse(
                    f"a {kind} has no '{json_data.storable(name)}'",
                    "It may be of a newer taskdeck: update, or remove it",
                )
        values: dict[str, Any] = {}
        for name, check in checks.items():
            if name == "result" and name not in given:
                values[name] = None  # no result, which is not the result null
                continue
            value = given.get(name)
            if value is None and name in DEFAULTS:
                value = DEFAULTS[name]
            try:
                values[name] = check(value)
            except (ValueError, RecursionError) as problem:
                what = "is missing" if name not in given else str(problem)
                self.refuse(f"'{name}' of the {kind} {what}", "Correct that value, or export it again")
        return values

    async def _begin(self, given: dict[str, Any]) -> None:
        values = self._values("run", given, RUN)
        known = list(await self._store.rows("SELECT 1 FROM run WHERE id = ?", (values["id"],)))
        self._run = _Run(self.number, values, bool(known))

    def _task(self, run: _Run, given: dict[str, Any]) -> None:
        values = self._values("task", given, TASK)
        task_id = values["id"]
        if values["run_id"] != run.values["id"]:
            self.refuse(
                f"task '{task_id}' is of run '{values['run_id']}', not '{run.values['id']}'",
                "A run's tasks follow its line",
            )
        if task_id in run.tasks:
            self.refuse(f"task '{task_id}' stands twice in the run", "Remove one of the two")
        run.tasks[task_id] = self.number
        key = values["idempotency_key"]
        if key is not None and run.keys.setdefault(key, self.number) != self.number:
            self.refuse(f"the idempotency key '{key}' stands twice in the run", "Remove one of the two")
        self._interrupt(values)
        run.links += [(task_id, json_data.storable(d["id"])) for d in json_data.decode(values["dependencies"])]
        if not run.is_known:
            run.writes.append(Write(_PUT_TASK, task_id, tuple(values.values())))

    def _part(self, run: _Run, kind: str, given: dict[str, Any]) -> None:
        checks, statement = (ATTEMPT, _PUT_ATTEMPT) if kind == "attempt" else (LOG, _PUT_LOG)
        values = self._values(kind, given, checks)
        task_id = values["task_id"]
        if task_id not in run.tasks:
            self.refuse(f"the {kind} is of task '{task_id}', which the run has not", "A task's line comes before these")
        if kind == "attempt":
            if (place := (task_id, values["number"])) in run.attempts:
                self.refuse(f"attempt {place[1]} of task '{task_id}' stands twice", "Remove one of the two")
            run.attempts.add(place)
            self._interrupt(values)
        if not run.is_known:
            run.writes.append(Write(statement, task_id, tuple(values.values())))

    def _interrupt(self, values: dict[str, Any]) -> None:
        """What ran when it was exported has nobody who would end it (7.2)."""
        if values["status"] == TaskStatus.IN_PROGRESS:
            values["status"], values["error"], values["error_type"] = "failed", INTERRUPTED, "interrupted"
            values["completed_at"] = self._at.timestamp()
            if "resumable" in values:
                values["resumable"], values["updated_at"] = 0, values["completed_at"]

    # ── one run ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _store_run(self) -> None:
        """Commit the run that has been read, if there is one."""
        run, self._run = self._run, None
        if run is None:
            return
        run_id = run.values["id"]
        if run_id not in run.tasks:
            self.refuse(f"run '{run_id}' has no root: no task has its id", "Export it again", run.number)
        if len(run.tasks) < run.values["tasks"]:
            self.refuse(
                f"run '{run_id}' has only {len(run.tasks)} of its {run.values['tasks']} tasks",
                "The file is cut off: export it again",
                run.number,
            )
        if run.is_known:
            self._skipped += 1
            return
        await self._check_new(run)
        values = run.values
        own = (run_id, values["created_at"], values["began_at"], values["label"])
        writes = [Write(_PUT_RUN, run_id, own), *run.writes]
        writes += [link(task_id, on_id) for task_id, on_id in run.links if on_id not in run.tasks]
        facets = [(kind, value) for kind, found in values["facets"].items() for value in found]
        writes += [Write(statements.FACET, "facet", (kind, value, run_id)) for kind, value in facets]
        ended = values["ended_at"] if values["ended_at"] is not None else self._at.timestamp()
        writes.append(Write(statements.CLOSE_RUN, run_id, (ended, run_id)))
        try:
            await self._store.writer.commit(writes)
        except TaskError as refusal:
            self.refuse(f"run '{run_id}' cannot be stored: {refusal.message}", "Import it again", run.number)
        self._runs += 1

    async def _check_new(self, run: _Run) -> None:
        """Ids and idempotency keys that other tasks have would make the whole run fail; say which line it is."""
        for column, lines in (("id", run.tasks), ("idempotency_key", run.keys)):
            names = list(lines)
            for start in range(0, len(names), 500):
                part = names[start : start + 500]
                sql = f"SELECT {column}, run_id FROM task WHERE {column} IN ({','.join('?' * len(part))}) LIMIT 1"
                for name, other in await self._store.rows(sql, part):
                    what = "task id" if column == "id" else "idempotency key"
                    self.refuse(
                        f"the {what} '{name}' is taken by a task of run '{other}'",
                        "Delete that run first, or remove this one from the file",
                        lines[name],
                    )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
