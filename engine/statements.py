"""The store's write statements and the row each takes; with `store.py` and the migrations the only place with SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from engine import json_data
from engine.events import LogLine
from engine.task import Task, TaskStatus


@dataclass(frozen=True, slots=True)
class Statement:
    """`rank` is the order inside one transaction for one task; a `guarded` one must change exactly one row each.

    `row` makes the row to bind of what the write holds, where that is no row yet.
    """

    rank: int
    sql: str
    guarded: bool = False
    row: Callable[[Any], tuple[Any, ...]] | None = None


class Write(NamedTuple):
    """One row of one statement, or what that makes it of; `key` (the task's id) keeps writes to one task in order."""

    statement: Statement
    key: str
    values: Any


def seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment is not None else None


def _object(value: dict[str, Any]) -> str:
    return json_data.encode(value) if value else "{}"


def _dependencies(task: Task) -> str:
    return json_data.encode([d.as_dict() for d in task.dependencies]) if task.dependencies else "[]"


def _row(task: Task) -> tuple[Any, ...]:
    return (
        task.id,
        task.run_id,
        task.parent_id,
        task.user_id,
        json_data.storable(task.name),
        task.priority,
        _object(task.inputs),
        _object(task.params),
        _object(task.schemas),
        _dependencies(task),
        task.created,
        task.original_task_id,
        seconds(task.not_before),
        task.spawned,
        task.idempotency_key,
    )


INSERT = Statement(
    1,
    "INSERT INTO task (id, run_id, parent_id, user_id, name, priority, inputs, params, schemas, dependencies,"
    " created_at, original_task_id, not_before, spawned, idempotency_key)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    row=_row,
)
MOVE = Statement(2, "UPDATE task SET run_id = ?, parent_id = ?, dependencies = ? WHERE id = ?", guarded=True)
ARCHIVE = Statement(
    3,
    "INSERT INTO attempt SELECT id, attempt, status, inputs, effective_inputs, result, error, error_type, started_at,"
    " completed_at, executor_version FROM task WHERE id = ? AND started_at IS NOT NULL",
)
RESET = Statement(
    4,
    "UPDATE task SET status = 'pending', inputs = ?, effective_inputs = NULL, result = NULL, error = NULL,"
    " error_type = NULL, progress = 0, progress_message = '', started_at = NULL, completed_at = NULL, skipped = 0,"
    " resumable = 0, not_before = ?, asked_at = NULL, updated_at = ? WHERE id = ? AND status != 'pending'",
    guarded=True,
)
INPUTS = Statement(4, "UPDATE task SET inputs = ? WHERE id = ? AND status = 'pending'", guarded=True)
START = Statement(
    5,
    "UPDATE task SET status = 'in_progress', attempt = ?, started_at = ?, updated_at = ?, effective_inputs = ?,"
    " executor_version = ?, resumable = ?, not_before = NULL WHERE id = ? AND status = 'pending'",
    guarded=True,
)
PROGRESS = Statement(
    6, "UPDATE task SET progress = ?, progress_message = ?, updated_at = ? WHERE id = ? AND status = 'in_progress'"
)
LOG = Statement(7, "INSERT INTO log (task_id, attempt, at, stream, text) VALUES (?, ?, ?, ?, ?)")
FINISH = Statement(
    8,
    "UPDATE task SET status = ?, result = ?, error = ?, error_type = ?, progress = ?, completed_at = ?, updated_at = ?"
    " WHERE id = ? AND status = 'in_progress'",
    guarded=True,
)
CANCEL = Statement(
    9,
    "UPDATE task SET status = 'cancelled', error = ?, error_type = ?, completed_at = ?, updated_at = ?"
    " WHERE id = ? AND status = 'pending'",
    guarded=True,
)
SKIP = Statement(
    9,
    "UPDATE task SET status = 'completed', skipped = 1, result = NULL, error = NULL, error_type = NULL, progress = 1,"
    " progress_message = ?, not_before = NULL, started_at = NULL, completed_at = ?, updated_at = ?"
    " WHERE id = ? AND status IN ('pending', 'failed')",
    guarded=True,
)
CANCEL_STORED = Statement(
    9,
    "UPDATE task SET status = 'cancelled', error = ?, error_type = 'cancelled', completed_at = ?, updated_at = ?"
    " WHERE id = ? AND status = 'pending' AND NOT EXISTS (SELECT 1 FROM run WHERE id = run_id AND owner IS NOT ?)",
    guarded=True,
)
PAUSE = Statement(9, "UPDATE run SET paused = ? WHERE id = ?", guarded=True)
META = Statement(
    9, "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
LINK = Statement(2, "INSERT OR IGNORE INTO link (task_id, on_id) VALUES (?, ?)")
SOURCE = Statement(2, "INSERT OR IGNORE INTO source (version, at, files) VALUES (?, ?, ?)")
PARTIAL = Statement(10, "UPDATE task SET result = ? WHERE id = ? AND attempt = ? AND status = 'cancelled'")

CLAIM = Statement(0, "UPDATE run SET owner = ? WHERE id = ? AND owner = ?", guarded=True)

_DEAD = "run_id IN (SELECT id FROM run WHERE owner = ?)"
DIED = "the console ended while this ran"
MOST_DEATHS = 3
"""How often what may run twice is resumed after a death: perhaps it is what ends the process."""
_INTERRUPTED = f"resumable = 1 AND error_type = 'interrupted' AND spawned IS NULL AND {_DEAD}"
_DEATHS = f"(SELECT count(*) FROM attempt WHERE task_id = task.id AND number < task.attempt AND error = '{DIED}')"
_RESUMABLE = f"{_INTERRUPTED} AND (executor_version IS NULL OR {_DEATHS} < {MOST_DEATHS - 1})"
INTERRUPT = Statement(
    12,
    f"UPDATE task SET status = 'failed', error = '{DIED}', error_type = 'interrupted',"
    f" completed_at = ?, updated_at = ? WHERE status = 'in_progress' AND {_DEAD}",
)
ORPHAN = Statement(
    13,
    "UPDATE task SET status = 'cancelled', error = 'its parent ended first', error_type = 'cancelled',"
    f" completed_at = ?, updated_at = ? WHERE status = 'pending' AND spawned IS NOT NULL AND {_DEAD}",
)
ARCHIVE_RESUMABLE = Statement(
    14,
    "INSERT OR IGNORE INTO attempt SELECT id, attempt, status, inputs, effective_inputs, result, error, error_type,"
    f" started_at, completed_at, executor_version FROM task WHERE {_RESUMABLE}",
)
RESUME = Statement(
    15,
    "UPDATE task SET status = 'pending', effective_inputs = NULL, result = NULL, error = NULL, error_type = NULL,"
    " progress = 0, progress_message = '', started_at = NULL, completed_at = NULL, resumable = 0"
    f" WHERE {_RESUMABLE}",
)
GIVE_UP = Statement(
    16,
    f"UPDATE task SET error = '{DIED}, {MOST_DEATHS} times by now: it is not run again by itself'"
    f" WHERE {_INTERRUPTED} AND status = 'failed' AND executor_version IS NOT NULL AND {_DEATHS} >= {MOST_DEATHS - 1}",
)


REQUEST = Statement(40, "INSERT INTO request (id, at, owner, what, detail) VALUES (?, ?, ?, ?, ?)")
ANSWER = Statement(41, "UPDATE request SET answer = ? WHERE id = ?")
FORGET_REQUEST = Statement(42, "DELETE FROM request WHERE id = ?")
FORGET_REQUESTS = Statement(43, "DELETE FROM request WHERE at < ?")


def insert(task: Task) -> Write:
    """The row is made of the task as it is when it is stored: a hundred thousand rows at once need much memory."""
    return Write(INSERT, task.id, task)


def move(task: Task) -> Write:
    return Write(MOVE, task.id, (task.run_id, task.parent_id, _dependencies(task), task.id))


def start(
    task_id: str, attempt: int, at: datetime, effective: str | None, version: str | None, resumable: bool = False
) -> Write:
    stamp = at.timestamp()
    return Write(START, task_id, (attempt, stamp, stamp, effective, version, resumable, task_id))


def finish(
    task_id: str,
    status: TaskStatus,
    result: str | bytes | None,
    error: str | None,
    error_type: str | None,
    progress: float,
    at: datetime,
) -> Write:
    stamp = at.timestamp()
    return Write(FINISH, task_id, (status.value, result, error, error_type, progress, stamp, stamp, task_id))


def cancel(task_id: str, error: str, at: datetime) -> Write:
    stamp = at.timestamp()
    return Write(CANCEL, task_id, (error, "cancelled", stamp, stamp, task_id))


def cancel_stored(task_id: str, error: str, at: datetime, owner: str | None) -> Write:
    """Cancel a task of a run that still has the dead `owner`, or none; refused where another engine was faster."""
    stamp = at.timestamp()
    return Write(CANCEL_STORED, task_id, (error, stamp, stamp, task_id, owner))


def reset(task: Task, inputs: dict[str, Any], at: datetime, not_before: datetime | None = None) -> list[Write]:
    """The former attempt goes to history, the row back to pending: a rerun (5.4), or a retry at `not_before` (4.7)."""
    return [
        Write(ARCHIVE, task.id, (task.id,)),
        Write(RESET, task.id, (_object(inputs), seconds(not_before), at.timestamp(), task.id)),
    ]


def skip(task_id: str, at: datetime, why: str = "") -> list[Write]:
    """Completed because a person says so, or its condition does (8.4): `why`; what it did before is history."""
    stamp = at.timestamp()
    return [
        Write(ARCHIVE, task_id, (task_id,)),
        Write(SKIP, task_id, (json_data.storable(why), stamp, stamp, task_id)),
    ]


def pause(run_id: str, paused: bool) -> Write:
    return Write(PAUSE, run_id, (paused, run_id))


def claim(run_id: str, owner: str, former: str) -> Write:
    """Take a run over from a dead owner; refused where another engine was faster."""
    return Write(CLAIM, run_id, (owner, run_id, former))


def source(version: str, files: bytes, at: datetime) -> Write:
    """The packed source of a version that runs; kept once."""
    return Write(SOURCE, version, (version, at.timestamp(), files))


def recovery(owner: str, at: datetime) -> list[Write]:
    """The true state of what a dead owner left (7.2)."""
    stamp = at.timestamp()
    return [
        Write(INTERRUPT, owner, (stamp, stamp, owner)),
        Write(ORPHAN, owner, (stamp, stamp, owner)),
        Write(ARCHIVE_RESUMABLE, owner, (owner,)),
        Write(RESUME, owner, (owner,)),
        Write(GIVE_UP, owner, (owner,)),
    ]


def meta(key: str, value: str) -> Write:
    return Write(META, key, (key, value))


def link(task_id: str, on_id: str) -> Write:
    """A dependency on a task of another run (5.6)."""
    return Write(LINK, task_id, (task_id, on_id))


def progress(task: Task, at: datetime) -> Write:
    return Write(PROGRESS, task.id, (task.progress, task.progress_message, at.timestamp(), task.id))


def partial(task_id: str, attempt: int, result: str | bytes) -> Write:
    """What an abandoned attempt returned after all (5.1)."""
    return Write(PARTIAL, task_id, (result, task_id, attempt))


def inputs(task_id: str, value: dict[str, Any]) -> Write:
    """Edited inputs of a task that has not run."""
    return Write(INPUTS, task_id, (_object(value), task_id))


def log(task_id: str, attempt: int, line: LogLine) -> Write:
    return Write(LOG, task_id, (task_id, attempt, line.at, line.stream, json_data.storable(line.text)))


def request(id: str, owner: str, what: str, detail: dict[str, Any], at: datetime) -> Write:
    """Ask the engine `owner` to do something. Raises `json_data.NotJson` for a detail that is none."""
    return Write(REQUEST, id, (id, at.timestamp(), owner, what, json_data.encode(detail)))


def answer(id: str, text: str) -> Write:
    return Write(ANSWER, id, (text, id))


def forget_request(id: str) -> Write:
    return Write(FORGET_REQUEST, id, (id,))


def forget_requests(before: float) -> Write:
    """Those that are older than `before`, epoch seconds."""
    return Write(FORGET_REQUESTS, "request", (before,))
