"""Process-wide hooks before and after every task (behaviour.md 6.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


def clear_hooks() -> None:
    """Forget all registered hooks."""
    pre_hooks.clear()
    post_hooks.clear()
