"""A task from what a caller gives: every field checked at once, nothing stored yet (behaviour.md 2.4, 2.8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from engine import json_data
from engine.errors import TaskError
from engine.policy import problem_of_params
from engine.task import NORMAL_PRIORITY, Dependency, Task, TaskStatus


class _Nothing(dict[str, Any]):
    """The one empty object of all tasks without params or schemas: a hundred thousand of them need no dict each."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("params and schemas of a task are not changed in place: assign a new dict")

    __setitem__ = setdefault = update = __ior__ = _refuse


NOTHING = _Nothing()


def make_task(
    name: str,
    *,
    user_id: str | None = None,
    parent_id: str | None = None,
    priority: int | None = NORMAL_PRIORITY,
    dependencies: Iterable[Any] | None = None,
    inputs: dict[str, Any] | None = None,
    params: dict[str, Any] | None = None,
    schemas: dict[str, Any] | None = None,
    id: str | None = None,
    idempotency_key: str | None = None,
) -> Task:
    """A pending task with copies of what was given. Raises `TaskError` naming the task and the field that is wrong."""
    if not isinstance(name, str) or not name.strip():
        raise TaskError("a task needs a name", "Name the executor that runs it")
    if priority is None:
        priority = NORMAL_PRIORITY
    if isinstance(priority, bool) or not isinstance(priority, int) or not 0 <= priority <= 3:
        raise TaskError(f"task '{name}': priority {priority!r} is none", "0 urgent, 1 high, 2 normal, 3 low")
    if idempotency_key is not None and not (isinstance(idempotency_key, str) and idempotency_key):
        raise TaskError(f"task '{name}': {idempotency_key!r} is no idempotency key", "Give a text that is not empty")
    task_id = str(id) if id is not None else str(uuid4())
    edges = tuple(Dependency.parse(d) for d in dependencies or ())
    task = Task(task_id, name, task_id, parent_id, user_id, TaskStatus.PENDING, priority, dependencies=edges)
    task.inputs = object_of(f"task '{name}': inputs", inputs)
    task.params = object_of(f"task '{name}': params", params) or NOTHING
    task.schemas = object_of(f"task '{name}': schemas", schemas) or NOTHING
    task.idempotency_key = json_data.storable(idempotency_key) if idempotency_key is not None else None
    if task.params:
        if (problem := problem_of_params(task.params)) is not None:
            raise TaskError(f"task '{name}': {problem}", "Mend or remove it")
        task.not_before = moment_of(task)
    return task


def object_of(what: str, value: Any) -> dict[str, Any]:
    """A deep copy of a JSON object, {} for None. Raises `TaskError` beginning with `what` for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TaskError(f"{what} must be an object, not {type(value).__name__}", 'Give a dict, e.g. {"name": "Ann"}')
    try:
        copied: dict[str, Any] = json_data.decode(json_data.encode(value)) if value else {}
    except json_data.NotJson as problem:
        raise TaskError(f"{what} are not JSON at {problem}", "Give JSON data") from None
    return copied


def moment_of(task: Task) -> datetime | None:
    """`params["not_before"]`, epoch seconds or ISO 8601 (local time where it has no offset): the earliest start."""
    given = task.params.get("not_before")
    if given is None:
        return None
    try:
        if isinstance(given, int | float) and not isinstance(given, bool):
            return datetime.fromtimestamp(given, UTC)
        return datetime.fromisoformat(given).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise TaskError(
            f"task '{task.name}': params.not_before {given!r} is no time", 'Give e.g. "2026-01-31T08:00:00+01:00"'
        ) from None
