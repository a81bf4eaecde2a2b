"""What a crash round left behind: the store's rows, read without the engine, and the journal's lines."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TERMINAL = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of `task`; `needs` are (id, required). Times are epoch seconds."""

    id: str
    run_id: str
    parent_id: str | None
    kind: str
    status: str
    error: str | None
    error_type: str | None
    attempt: int
    started_at: float | None
    completed_at: float | None
    spawned: int | None
    resumable: bool
    result: str | None
    needs: tuple[tuple[str, bool], ...]

    @property
    def outcome(self) -> tuple[object, ...]:
        """What must never change once it is terminal (a cancelled one may still get a partial result, 5.1)."""
        kept = self.result if self.status != "cancelled" else None
        return self.status, self.error_type, self.error, self.attempt, self.started_at, self.completed_at, kept


@dataclass(frozen=True, slots=True)
class Rows:
    """The whole store at one moment: tasks and former attempts by id, owners of runs, SQLite's own word on the file."""

    tasks: dict[str, Row]
    attempts: dict[str, list[tuple[int, str, str | None, float | None, float | None]]]
    owners: dict[str, str | None]
    integrity: str
    stray: int
    """Log lines of no task, attempts of no task."""


def read_store(path: Path) -> Rows:
    """Everything that the checks need. A file that no engine has made tables in yet gives no rows."""
    with closing(sqlite3.connect(path, timeout=10)) as store:
        integrity = str(store.execute("PRAGMA integrity_check").fetchone()[0])
        if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            return Rows({}, {}, {}, integrity, 0)
        store.execute("BEGIN")  # one snapshot
        tasks = {row[0]: _row(row) for row in store.execute(_TASKS)}
        attempts: dict[str, list[tuple[int, str, str | None, float | None, float | None]]] = {}
        for task_id, *rest in store.execute(_ATTEMPTS):
            attempts.setdefault(task_id, []).append(tuple(rest))
        owners = dict(store.execute("SELECT id, owner FROM run").fetchall())
        stray = store.execute(_STRAY).fetchone()[0]
    return Rows(tasks, attempts, owners, integrity, stray)


_TASKS = (
    "SELECT id, run_id, parent_id, name, status, error, error_type, attempt, started_at, completed_at, spawned,"
    " resumable, result, dependencies FROM task ORDER BY seq"
)
_ATTEMPTS = "SELECT task_id, number, status, error_type, started_at, completed_at FROM attempt ORDER BY number"
_STRAY = (
    "SELECT (SELECT count(*) FROM log WHERE task_id NOT IN (SELECT id FROM task))"
    " + (SELECT count(*) FROM attempt WHERE task_id NOT IN (SELECT id FROM task))"
)


def _row(found: Any) -> Row:
    fields = list(found)
    fields[3] = fields[3].removeprefix("crash_")
    fields[11] = bool(fields[11])
    fields[13] = tuple((d["id"], d["required"]) for d in json.loads(fields[13]))
    return Row(*fields)


@dataclass(frozen=True, slots=True)
class Line:
    """One journal line: the process's number, the word, the rest of the words."""

    generation: int
    word: str
    rest: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.rest[0]

    @property
    def number(self) -> int:
        return int(self.rest[1])


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The store after process `generation` was killed at `at`; `lines` is how many the journal had by then.

    `shared`: other processes had it open. Then a commit that the kill caught between its write and its publication is
    not seen yet; it is there once the last of them has gone, unless another commit took its place before.
    """

    generation: int
    pid: int
    at: float
    lines: int
    shared: bool
    rows: Rows

    def owned(self, row: Row) -> bool:
        """Whether the ended process ran it; another one may live on beside it."""
        return (self.rows.owners.get(row.run_id) or "").startswith(f"{self.pid}-")


@dataclass(slots=True)
class History:
    """The journal, and the snapshots that were taken after kills, both in order; `final` is the store at the end."""

    lines: list[Line] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    final: Rows = field(default_factory=lambda: Rows({}, {}, {}, "", 0))

    def of(self, *words: str, generation: int | None = None) -> Iterator[Line]:
        for line in self.lines:
            if line.word in words and generation in (None, line.generation):
                yield line


def read_journal(path: Path) -> list[Line]:
    """Whole lines only: there are no others, since each was one write."""
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        generation, word, *rest = text.split(" ")
        lines.append(Line(int(generation), word, tuple(rest)))
    return lines
