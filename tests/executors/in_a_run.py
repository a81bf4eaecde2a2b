"""The context that an executor has while the engine runs it, for tests that call `execute` themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.executor import TaskContext
from engine.task import Task, now


async def _no_children(executor_id: str, inputs: Any, fields: dict[str, Any]) -> Any:
    raise AssertionError(f"{executor_id} was spawned")


def context_of(
    name: str,
    *,
    on_progress: Callable[[float, str], None] = lambda fraction, message: None,
    on_log: Callable[[str], None] = lambda text: None,
) -> TaskContext:
    """A first attempt of a task of executor `name`, with what it reports going to the callbacks."""
    return TaskContext(Task(id="t", name=name, run_id="t"), {}, 1, now(), on_progress, on_log, _no_children)
