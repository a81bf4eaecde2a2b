"""A task, its states and the tree that it stands in (behaviour.md 2)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from engine import json_data
from engine.errors import TaskError

AS_GIVEN = ""
"""`Task.effective` where execute received the inputs as given."""
NORMAL_PRIORITY = 2
"""0 urgent, 1 high, 2 normal, 3 low; null means normal (2.4)."""


class TaskStatus(StrEnum):
    """The five stored states (2.2); what is shown beside `pending` is computed (2.3)."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED})

MOVES: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.PENDING: frozenset({TaskStatus.IN_PROGRESS, TaskStatus.CANCELLED}),
    TaskStatus.IN_PROGRESS: frozenset(
        {TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.PENDING}
    ),
    TaskStatus.COMPLETED: frozenset({TaskStatus.PENDING}),
    TaskStatus.FAILED: frozenset({TaskStatus.PENDING}),
    TaskStatus.CANCELLED: frozenset({TaskStatus.PENDING}),
}
"""Allowed moves (2.2). A move back to pending is always a new attempt: retry, resume or explicit rerun."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One edge: the task holding it waits for task `id` (3.1).

    `required` False means: wait until `id` is terminal, whatever its outcome (3.2).
    """

    id: str
    required: bool = True
    type: str = "result"

    @classmethod
    def parse(cls, given: str | Mapping[str, Any] | Dependency) -> Dependency:
        """Read a bare id or `{"id"|"name": ..., "required": bool, "type": str}`; the reference is not resolved here.

        Raises `TaskError` for any other shape.
        """
        if isinstance(given, Dependency):
            return given
        if isinstance(given, str) and given:
            return cls(given)
        if isinstance(given, Mapping):
            reference = given.get("id") or given.get("name")
            required = given.get("required", True)
            if isinstance(reference, str) and reference and isinstance(required, bool):
                return cls(reference, required, str(given.get("type") or "result"))
        raise TaskError(
            f"{given!r} is no dependency",
            'Give an id, or {"id": "...", "required": true}',
        )

    def as_dict(self) -> dict[str, Any]:
        return {"id": self.id, "required": self.required, "type": self.type}


def now() -> datetime:
    """The present moment, UTC; every stored time comes from here."""
    return datetime.now(UTC)


def executor_id(name: str, params: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """Rule 2.6 for a task's row."""
    return str(params.get("executor_id") or schemas.get("method") or name)


class Moment:
    """A time of a `Task`, an aware datetime in UTC or None; kept as epoch seconds, in half the memory."""

    def __init__(self, field: str) -> None:
        self._field = field

    def __get__(self, task: Task, owner: type[Task]) -> datetime | None:
        stamp = getattr(task, self._field)
        return datetime.fromtimestamp(stamp, UTC) if stamp is not None else None

    def __set__(self, task: Task, value: datetime | None) -> None:
        setattr(task, self._field, value.timestamp() if value is not None else None)


@dataclass(slots=True, eq=False)
class Task:
    """One row of work (2.1). Read it freely; only the engine changes it, after the change is on disk.

    `created_at` and the like are aware datetimes in UTC, kept as epoch seconds in `created`. `progress` is 0..1.
    `inputs` are the caller's as given. `packed` and `effective` are `result` and `effective_inputs` as they are stored:
    a hundred thousand of them as Python's objects would take twice the memory. `not_before` is the moment of a retry or
    of a scheduled start; `spawned` the attempt of its parent that made it (8.1); `skipped` says that a person had it
    count as completed (8.4).
    """

    id: str
    name: str
    run_id: str
    parent_id: str | None = None
    user_id: str | None = None
    status: TaskStatus = TaskStatus.PENDING
    priority: int = NORMAL_PRIORITY
    inputs: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)
    dependencies: tuple[Dependency, ...] = ()
    packed: str | bytes | None = None
    error: str | None = None
    error_type: str | None = None
    progress: float = 0.0
    progress_message: str = ""
    attempt: int = 0
    created: float = field(default_factory=time.time)
    started: float | None = None
    updated: float | None = None
    completed: float | None = None
    original_task_id: str | None = None
    executor_version: str | None = None
    effective: str | None = None
    not_before: datetime | None = None
    spawned: int | None = None
    skipped: bool = False
    idempotency_key: str | None = None
    asked: float | None = None
    """Since when (epoch seconds) a question of it stands; while it is pending it waits for the answer."""
    hold: str = field(default="", repr=False)
    """Why a task that could run is not started, in words: "paused", "queued (pool gpu)" (2.3); never stored."""
    stored: bool = field(default=False, repr=False)
    """True once the row is on disk."""

    started_at = Moment("started")
    updated_at = Moment("updated")
    completed_at = Moment("completed")

    @property
    def created_at(self) -> datetime:
        return datetime.fromtimestamp(self.created, UTC)

    @created_at.setter
    def created_at(self, value: datetime) -> None:
        self.created = value.timestamp()

    @property
    def result(self) -> Any:
        """What execute returned, made anew for each who asks: what is done to it changes nothing here (4.8)."""
        return json_data.unpack(self.packed)

    @result.setter
    def result(self, value: Any) -> None:
        self.packed = None if value is None else json_data.encode(value)

    @property
    def effective_inputs(self) -> dict[str, Any] | None:
        """What execute received (merged, defaults filled), None until an attempt began."""
        if self.effective is None:
            return None
        return json_data.decode(self.effective) if self.effective != AS_GIVEN else self.inputs

    @effective_inputs.setter
    def effective_inputs(self, value: dict[str, Any] | None) -> None:
        self.effective = None if value is None else json_data.encode(value)

    @property
    def executor_id(self) -> str:
        """Which executor runs it: `params["executor_id"]`, else `schemas["method"]`, else `name` (2.6)."""
        return executor_id(self.name, self.params, self.schemas)

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def is_interrupted(self) -> bool:
        """True when the process that ran it ended first (7.2)."""
        return self.status is TaskStatus.FAILED and self.error_type == "interrupted"

    @property
    def has_references(self) -> bool:
        """Whether its inputs or its condition are to be filled in: only tasks of flows have such."""
        return bool(self.params) and ("references" in self.params or self.params.get("when") is not None)

    @property
    def is_asking(self) -> bool:
        """True while it waits for a person's answer."""
        return self.asked is not None and self.status is TaskStatus.PENDING

    @property
    def seconds(self) -> float | None:
        """How long the latest attempt ran or has been running; None before it started."""
        if self.started is None:
            return None
        return (now().timestamp() if self.completed is None else self.completed) - self.started

    def blank(self, at: datetime) -> None:
        """Back to pending: what it was is history now."""
        self.packed = self.error = self.error_type = self.effective = self.not_before = self.asked = None
        self.progress, self.progress_message = 0.0, ""
        self.started = self.completed = None
        self.updated_at = at
        self.skipped = False
        self.status = TaskStatus.PENDING


class TaskTreeNode:
    """A task with its children; membership of a tree is what these nodes say (2.5)."""

    __slots__ = ("_children", "task")

    def __init__(self, task: Task, children: Iterable[TaskTreeNode] = ()) -> None:
        self.task = task
        self._children: list[TaskTreeNode] | None = list(children) or None  # most have none, and a list takes 56 bytes

    @property
    def children(self) -> list[TaskTreeNode]:
        """In order; append to it, or use `add_child`."""
        if self._children is None:
            self._children = []
        return self._children

    def add_child(self, child: TaskTreeNode) -> TaskTreeNode:
        """Append `child` and return it."""
        self.children.append(child)
        return child

    def walk(self) -> Iterator[tuple[TaskTreeNode, TaskTreeNode | None]]:
        """Yield (node, parent), parents first, siblings in order; iterative, so depth is no limit."""
        stack: list[tuple[TaskTreeNode, TaskTreeNode | None]] = [(self, None)]
        while stack:
            node, parent = stack.pop()
            yield node, parent
            if node._children:
                stack.extend((child, node) for child in reversed(node._children))

    def tasks(self) -> list[Task]:
        """Every task of the tree, parents first."""
        return [node.task for node, _ in self.walk()]

    def calculate_status(self) -> TaskStatus:
        """The tree's status by rule 2.7."""
        from engine.graph import tree_status

        return tree_status(self.tasks())

    def calculate_progress(self) -> float:
        """Mean progress over all nodes, 0..1 (2.7)."""
        from engine.graph import tree_progress

        return tree_progress(self.tasks())
