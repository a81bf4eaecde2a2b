"""Other launch options for a task that ran, before it is run again: its priority and params (2.4, 4.7)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from engine import json_data
from engine.dispatcher import Dispatcher
from engine.errors import TaskError
from engine.history_statements import facets
from engine.making import make_task
from engine.statements import Statement, Write
from engine.store import Store
from engine.submission import Submission, tags_of
from engine.task import Task, TaskStatus

_ADJUST = Statement(
    4, "UPDATE task SET priority = ?, params = ? WHERE id = ? AND status != 'in_progress'", guarded=True
)


async def adjust(
    store: Store,
    dispatcher: Dispatcher,
    submission: Submission,
    task_id: str,
    priority: int,
    params: Mapping[str, Any],
) -> None:
    """Give a task that has ended, or that waits for its secrets, another priority and other params.

    Raises `TaskError` for values that are none, an unknown task, one that waits for its turn or runs, and for a run of
    another living process.
    """
    node = dispatcher.nodes.get(task_id)
    task = node.task if node is not None else await store.task(task_id)
    if task is None:
        raise TaskError(f"there is no task '{task_id}'", "It may have been deleted")
    waits = task.status is TaskStatus.PENDING and node is not None and not node.held
    if waits or task.status is TaskStatus.IN_PROGRESS:
        raise TaskError(f"task '{task.name}' has not ended", "Cancel it first, or wait for it")
    made = make_task(task.name, priority=priority, params=dict(params))
    if node is None:
        await submission.former_owner(task.run_id, task.name)
    encoded = json_data.encode(made.params) if made.params else "{}"
    write = Write(_ADJUST, task_id, (made.priority, encoded, task_id))
    await asyncio.shield(store.writer.commit([write, *facets(task.run_id, (), tags_of(made), None)]))
    if node is not None:
        _take(node.task, made)


def _take(task: Task, made: Task) -> None:
    task.priority, task.params = made.priority, made.params
