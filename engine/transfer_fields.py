"""What a line of an export may hold: every column of a run, task, attempt and log line, and how an import checks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine import json_data
from engine.errors import TaskError
from engine.task import Dependency, TaskStatus

RESULT_LIMIT = 8 * 2**20
"""Characters of a result above which it is stored compressed."""
LAST_TIME = 253_402_300_799.0
"""9999-12-31, the last day that Python knows."""

Check = Callable[[Any], Any]
"""Takes a value of a line, gives the column's; raises ValueError saying what it must be."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return json_data.storable(value)


def _id(value: Any) -> str:
    if value == "":
        raise ValueError("must not be empty")
    return _text(value)


def _whole(low: int, high: int) -> Check:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return check


def _real(high: float) -> Check:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
            raise ValueError(f"must be a number from 0 to {high:g}")
        return float(value)

    return check


def _status(value: Any) -> str:
    if value not in TaskStatus.__members__.values():
        raise ValueError(f"must be one of {', '.join(TaskStatus)}")
    return str(value)


def _object(value: Any) -> str:
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    return json_data.encode(value) if value else "{}"


def _dependencies(value: Any) -> str:
    if not isinstance(value, list):
        raise ValueError("must be a list of dependencies")
    try:
        return json_data.encode([Dependency.parse(item).as_dict() for item in value])
    except TaskError as refusal:
        raise ValueError(f"must hold dependencies: {refusal.message}") from None


def _result(value: Any) -> str | bytes:
    return json_data.pack(json_data.encode(value), RESULT_LIMIT)


def _facets(value: Any) -> dict[str, list[str]]:
    if not isinstance(value, dict) or not all(isinstance(v, list) for v in value.values()):
        raise ValueError("must be an object of lists")
    if not set(value) <= {"executor", "tag", "user"}:
        raise ValueError("must have no keys but executor, tag and user")
    return {kind: [_id(item) for item in values] for kind, values in value.items()}


def _optional(check: Check) -> Check:
    def checked(value: Any) -> Any:
        return None if value is None else check(value)

    return checked


_COUNT, _FLAG, _TIME = _whole(0, 2**53), _whole(0, 1), _real(LAST_TIME)
_OUTCOME: dict[str, Check] = {
    "status": _status,
    "inputs": _object,
    "effective_inputs": _optional(_object),
    "result": _result,
    "error": _optional(_text),
    "error_type": _optional(_text),
    "started_at": _optional(_TIME),
    "completed_at": _optional(_TIME),
    "executor_version": _optional(_text),
}
RUN: dict[str, Check] = {
    "id": _id,
    "created_at": _TIME,
    "began_at": _optional(_TIME),
    "status": _status,
    "ended_at": _optional(_TIME),
    "label": _optional(_text),
    "pending": _COUNT,
    "completed": _COUNT,
    "failed": _COUNT,
    "cancelled": _COUNT,
    "tasks": _COUNT,
    "facets": _facets,
}
TASK: dict[str, Check] = {
    "id": _id,
    "run_id": _id,
    "parent_id": _optional(_text),
    "user_id": _optional(_text),
    "name": _text,
    "priority": _whole(0, 3),
    "params": _object,
    "schemas": _object,
    "dependencies": _dependencies,
    **_OUTCOME,
    "progress": _real(1),
    "progress_message": _text,
    "attempt": _COUNT,
    "created_at": _TIME,
    "updated_at": _optional(_TIME),
    "original_task_id": _optional(_text),
    "not_before": _optional(_TIME),
    "resumable": _FLAG,
    "spawned": _optional(_COUNT),
    "skipped": _FLAG,
    "idempotency_key": _optional(_text),
    "asked_at": _optional(_TIME),
}
ATTEMPT: dict[str, Check] = {"task_id": _id, "number": _COUNT, **_OUTCOME}
LOG: dict[str, Check] = {"task_id": _id, "attempt": _COUNT, "at": _TIME, "stream": _text, "text": _text}
DEFAULTS: Mapping[str, Any] = {
    "inputs": {}, "params": {}, "schemas": {}, "dependencies": [], "priority": 2, "progress": 0.0,
    "progress_message": "", "attempt": 0, "resumable": 0, "skipped": 0, "pending": 0, "completed": 0, "failed": 0,
    "cancelled": 0, "tasks": 0, "facets": {},
}  # fmt: skip
JSON = frozenset({"inputs", "params", "schemas", "dependencies", "effective_inputs", "result", "facets"})
"""Columns that hold JSON text (`facets`: what is written in their place)."""
