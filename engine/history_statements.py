"""Write statements of the history: per run, none per task, so that the hot path of `statements.py` stays as it is.

A unit that holds an audit entry names its task or run in another write before it: a refusal names the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from engine import json_data
from engine.statements import Statement, Write
from engine.task import TaskStatus, now

INDEX_SHIFT = 24
"""`search.rowid` is the run's seq shifted by this, plus the task's place in its run."""

BEGIN_RUN = Statement(
    0,
    "INSERT INTO run (id, owner, created_at, label) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
    " owner = excluded.owner, label = coalesce(excluded.label, label), status = 'in_progress', ended_at = NULL,"
    " began_at = ?, indexed = 0, pending = 0, completed = 0, failed = 0, cancelled = 0"
    " WHERE deleting = 0 AND (owner = excluded.owner OR owner IS ?)",
    guarded=True,
)
FACET = Statement(1, "INSERT OR IGNORE INTO facet SELECT ?, ?, seq FROM run WHERE id = ?")
END_RUN = Statement(
    11,
    "UPDATE run SET owner = NULL, status = ?, ended_at = ?, pending = ?, completed = ?, failed = ?, cancelled = ?"
    " WHERE id = ?",
)
_HISTORY = (
    "own.spawned IS NOT NULL AND EXISTS (WITH RECURSIVE up (parent_id, spawned) AS (SELECT own.parent_id, own.spawned"
    " UNION ALL SELECT task.parent_id, task.spawned FROM up JOIN task ON task.id = up.parent_id"
    " WHERE up.spawned IS NOT NULL) SELECT 1 FROM up LEFT JOIN task ON task.id = up.parent_id WHERE up.spawned"
    " IS NOT NULL AND (task.id IS NULL OR task.status = 'pending' OR task.attempt != up.spawned))"
)
"""Whether a former attempt of its parent, or of one above, spawned the row `own`: that counts in no status (8.1)."""
_COUNTED = (
    "UPDATE run SET (status, pending, completed, failed, cancelled) = ("
    "SELECT CASE WHEN failed > 0 THEN 'failed' WHEN cancelled > 0 THEN 'cancelled'"
    " WHEN size > completed THEN 'failed' ELSE 'completed' END,"
    " size - completed - failed - cancelled, completed, failed, cancelled"
    " FROM (SELECT count(*) AS size, count(*) FILTER (WHERE status = 'completed') AS completed,"
    " count(*) FILTER (WHERE status = 'failed') AS failed, count(*) FILTER (WHERE status = 'cancelled') AS cancelled"
    f" FROM task AS own WHERE run_id = run.id AND NOT ({_HISTORY}))), indexed = 0"
)
CLOSE_RUN = Statement(11, f"{_COUNTED}, owner = NULL, ended_at = coalesce(ended_at, ?) WHERE id = ?")
RECOUNT_RUN = Statement(11, f"{_COUNTED} WHERE id = ? AND ended_at IS NOT NULL")
AUDIT = Statement(12, "INSERT INTO audit (at, who, origin, what, run_id, task_id, detail) VALUES (?, ?, ?, ?, ?, ?, ?)")

INDEX_TASK = Statement(
    13,
    "INSERT OR REPLACE INTO search (rowid, text, task) SELECT ?, ?, ?"
    " WHERE EXISTS (SELECT 1 FROM run WHERE seq = ? AND ended_at = ? AND deleting = 0)",
)
INDEX_REST = Statement(14, "DELETE FROM search WHERE rowid >= ? AND rowid < ?")
INDEXED = Statement(15, "UPDATE run SET indexed = 1 WHERE seq = ? AND ended_at = ? AND deleting = 0")

DROP_INDEX = Statement(16, "DROP TABLE IF EXISTS search")
MAKE_INDEX = Statement(
    17,
    "CREATE VIRTUAL TABLE search USING fts5 ("
    'text, task UNINDEXED, tokenize = "unicode61 remove_diacritics 2", columnsize = 0)',
)
FORGET_INDEXED = Statement(18, "UPDATE run SET indexed = 0 WHERE indexed = 1")

MARK_DELETING = Statement(
    20,
    "UPDATE run SET deleting = 1 WHERE seq = ? AND deleting = 0 AND owner IS NULL AND ended_at IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM task AS own CROSS JOIN link ON link.on_id = own.id"
    " CROSS JOIN task AS other ON other.id = link.task_id LEFT JOIN run AS holder ON holder.id = other.run_id"
    " WHERE own.run_id = run.id AND other.run_id != run.id AND coalesce(holder.deleting, 0) = 0)",
)
DELETE_SEARCH = Statement(21, "DELETE FROM search WHERE rowid = ?")
DELETE_LOG = Statement(22, "DELETE FROM log WHERE seq = ?")
DELETE_ATTEMPT = Statement(23, "DELETE FROM attempt WHERE task_id = ? AND number = ?")
DELETE_ANSWER = Statement(24, "DELETE FROM answer WHERE task_id = ? AND asked_at = ?")
DELETE_LINK = Statement(24, "DELETE FROM link WHERE on_id = ? AND task_id = ?")
DELETE_TASK = Statement(25, "DELETE FROM task WHERE seq = ?")
DELETE_FACET = Statement(26, "DELETE FROM facet WHERE kind = ? AND value = ? AND run_seq = ?")
DELETE_RUN = Statement(27, "DELETE FROM run WHERE seq = ? AND deleting = 1")

BRANCH = (
    Statement(1, "DELETE FROM log WHERE task_id = ?"),
    Statement(2, "DELETE FROM attempt WHERE task_id = ?"),
    Statement(3, "DELETE FROM link WHERE task_id = ?"),
    Statement(3, "DELETE FROM answer WHERE task_id = ?"),
    Statement(4, "DELETE FROM task WHERE id = ? AND status != 'in_progress'", guarded=True),
)
"""One task of a run that stays; the run's index is made anew, since it is recounted (`recount_run`)."""


def begin_run(
    run_id: str, owner: str, created_at: datetime, label: str | None = None, *, former: str | None = None
) -> Write:
    """A new run, or one taken over to run again: its label stays unless another is given.

    Refused for a run that is being deleted, and for one that by now has another owner than `former` (None: nobody).
    """
    text = json_data.storable(label) if label else None
    return Write(BEGIN_RUN, run_id, (run_id, owner, created_at.timestamp(), text, now().timestamp(), former))


def end_run(run_id: str, status: TaskStatus, counts: Mapping[TaskStatus, int], at: datetime) -> Write:
    """The run's end with its status by rule 2.7; `counts` are its tasks by status, what is missing is 0."""
    tasks = [counts.get(s, 0) for s in (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED)]
    pending = sum(counts.values()) - sum(tasks)
    return Write(END_RUN, run_id, (status.value, at.timestamp(), pending, *tasks, run_id))


def recount_run(run_id: str) -> Write:
    """Status and counts of a run that has ended, after single rows of it changed; one that runs is let be."""
    return Write(RECOUNT_RUN, run_id, (run_id,))


def facets(run_id: str, executors: Iterable[str], tags: Iterable[str], user: str | None) -> list[Write]:
    """What the run is found by; values that it has already are let be."""
    found = [("executor", value) for value in dict.fromkeys(executors)]
    found += [("tag", value) for value in dict.fromkeys(tags)]
    if user:
        found.append(("user", user))
    # a key of their own: they may come late (spawned tasks) and must not split a commit of the root's writes
    return [Write(FACET, "facet", (kind, json_data.storable(value), run_id)) for kind, value in found]


def audit(
    what: str,
    *,
    who: str,
    origin: str,
    at: datetime,
    run_id: str | None = None,
    task_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Write:
    """One entry of the audit: `who` did `what`, from the terminal or address `origin`; `detail` is JSON, masked.

    Raises `json_data.NotJson` for a detail that is none.
    """
    texts = [json_data.storable(text) for text in (who, origin, what)]
    encoded = json_data.encode(dict(detail)) if detail else "{}"
    return Write(AUDIT, "audit", (at.timestamp(), *texts, run_id, task_id, encoded))


def index_task(run_seq: int, ended_at: float, place: int, task_seq: int, text: str) -> Write:
    """The searchable text of the task at `place` in its run; nothing where the run was begun again or is deleted."""
    return Write(INDEX_TASK, str(run_seq), ((run_seq << INDEX_SHIFT) + place, text, task_seq, run_seq, ended_at))


def indexed(run_seq: int, ended_at: float, size: int) -> list[Write]:
    """The run's index is whole; rows from `size` on are left from an earlier end."""
    first, end = (run_seq << INDEX_SHIFT) + size, (run_seq + 1) << INDEX_SHIFT
    return [
        Write(INDEX_REST, str(run_seq), (first, end)),
        Write(INDEXED, str(run_seq), (run_seq, ended_at)),
    ]


def new_index() -> list[Write]:
    """An empty search index in the place of a damaged one; all runs are to be indexed again."""
    return [Write(statement, "search", ()) for statement in (DROP_INDEX, MAKE_INDEX, FORGET_INDEXED)]


def delete_task(task_id: str) -> list[Write]:
    """All rows of one task; refused while it is in progress."""
    return [Write(statement, task_id, (task_id,)) for statement in BRANCH]


def row(rank: int, table: str, columns: Sequence[str]) -> Statement:
    """A statement that inserts whole rows, as an import does."""
    return Statement(rank, f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})")
