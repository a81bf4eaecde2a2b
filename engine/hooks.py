"""Process-wide hooks before and after every task (behaviour.md 6.1)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from copy import copy
from typing import Any

from engine.task import Task, TaskStatus

logger = logging.getLogger(__name__)
Ending = tuple[TaskStatus, str | bytes | None, str | None]
"""Status, packed result and error of an attempt that ended."""
Call = Callable[..., Awaitable[Any]]
"""Calls foreign code where executors run."""

pre_hooks: list[Callable[..., Any]] = []
post_hooks: list[Callable[..., Any]] = []


def register_pre_hook(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Call `hook(task)`, sync or async, before each execute; it may edit `task.inputs`, which are validated again."""
    pre_hooks.append(hook)
    return hook


def register_post_hook(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Call `hook(task, inputs, result)`, sync or async, once after each task, before its dependents start."""
    post_hooks.append(hook)
    return hook


async def before(call: Call, task: Task, inputs: dict[str, Any]) -> dict[str, Any]:
    """Pre hooks see a copy of the task with the effective inputs, and may change those: the inputs as they left them.

    `inputs` must be nobody else's. A hook that fails changes nothing of the attempt.
    """
    view = _view(task, inputs)
    for hook in tuple(pre_hooks):
        try:
            await call(hook, view)
        except Exception:
            logger.exception("pre hook %r failed for task %s", hook, task.id)
    return view.inputs


async def after(call: Call, task: Task, inputs: dict[str, Any], ending: Ending) -> None:
    """Post hooks see a copy of the task as it ended."""
    view = _view(task, inputs)
    view.status, view.packed, view.error = ending
    result = view.result
    for hook in tuple(post_hooks):
        try:
            await call(hook, view, inputs, result)
        except Exception:
            logger.exception("post hook %r failed for task %s", hook, task.id)


def _view(task: Task, inputs: dict[str, Any]) -> Task:
    """A copy for foreign code: what it changes there changes nothing of ours."""
    view = copy(task)
    view.inputs = inputs
    return view


def clear_hooks() -> None:
    """Forget all registered hooks."""
    pre_hooks.clear()
    post_hooks.clear()
