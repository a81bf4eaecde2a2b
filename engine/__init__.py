"""The engine's public names; everything a script, an executor file or the console needs comes from here.

Only what executor files need is imported at once; the rest is loaded when it is first asked for, so that importing an
executor, or asking the command for `--help`, does not wait for SQLite, asyncio and the watcher.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from engine.executor import BaseTask, ExecutableTask, executor_register

if TYPE_CHECKING:
    from engine.answers import Asked, Given
    from engine.arrays import tree_from_array
    from engine.catalogue import Catalogue, ExecutorSpec, Problem
    from engine.counts import Counts
    from engine.engine import Engine
    from engine.engine_thread import EngineThread
    from engine.errors import (
        AccessError,
        ChildFailed,
        ExecutorError,
        SettingsError,
        StoreError,
        TaskdeckError,
        TaskError,
    )
    from engine.events import Event, EventBus, EventKind, LogLine
    from engine.flow import FlowProblem, FlowSpec, flow_of, read_flow
    from engine.flow_text import FlowText
    from engine.function_executor import function_executor
    from engine.history import AuditEntry, History, Run, RunFilter, Span, TaskCounts, Totals
    from engine.hooks import clear_hooks, register_post_hook, register_pre_hook
    from engine.listener import Listener
    from engine.loader import Folder, Loader
    from engine.manager import Session, TaskManager, TaskRepository, create_session
    from engine.plan import Plan, Planned, PlanProblem
    from engine.policy import Policy
    from engine.question import Answer, Question
    from engine.schedule import Schedule, When
    from engine.settings import Settings
    from engine.store import Attempt
    from engine.task import Dependency, Task, TaskStatus, TaskTreeNode
    from engine.version_source import VersionSource
    from engine.watcher import WatchState

_HOMES = {
    "answers": ("Asked", "Given"),
    "arrays": ("tree_from_array",),
    "catalogue": ("Catalogue", "ExecutorSpec", "Problem"),
    "counts": ("Counts",),
    "engine": ("Engine",),
    "engine_thread": ("EngineThread",),
    "errors": (
        "AccessError",
        "ChildFailed",
        "ExecutorError",
        "SettingsError",
        "StoreError",
        "TaskError",
        "TaskdeckError",
    ),
    "events": ("Event", "EventBus", "EventKind", "LogLine"),
    "flow": ("FlowProblem", "FlowSpec", "flow_of", "read_flow"),
    "flow_text": ("FlowText",),
    "function_executor": ("function_executor",),
    "hooks": ("clear_hooks", "register_post_hook", "register_pre_hook"),
    "listener": ("Listener",),
    "loader": ("Folder", "Loader"),
    "manager": ("Session", "TaskManager", "TaskRepository", "create_session"),
    "plan": ("Plan", "Planned", "PlanProblem"),
    "policy": ("Policy",),
    "question": ("Answer", "Question"),
    "schedule": ("Schedule", "When"),
    "settings": ("Settings",),
    "history": ("AuditEntry", "History", "Run", "RunFilter", "Span", "TaskCounts", "Totals"),
    "store": ("Attempt",),
    "task": ("Dependency", "Task", "TaskStatus", "TaskTreeNode"),
    "version_source": ("VersionSource",),
    "watcher": ("WatchState",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AccessError",
    "Answer",
    "Asked",
    "Attempt",
    "AuditEntry",
    "BaseTask",
    "Catalogue",
    "ChildFailed",
    "Counts",
    "Dependency",
    "Engine",
    "EngineThread",
    "Event",
    "EventBus",
    "EventKind",
    "ExecutableTask",
    "ExecutorError",
    "ExecutorSpec",
    "FlowProblem",
    "FlowSpec",
    "FlowText",
    "Folder",
    "Given",
    "History",
    "Listener",
    "Loader",
    "LogLine",
    "Plan",
    "PlanProblem",
    "Planned",
    "Policy",
    "Problem",
    "Question",
    "Run",
    "RunFilter",
    "Schedule",
    "Session",
    "Settings",
    "SettingsError",
    "Span",
    "StoreError",
    "Task",
    "TaskCounts",
    "TaskError",
    "TaskManager",
    "TaskRepository",
    "TaskStatus",
    "TaskTreeNode",
    "TaskdeckError",
    "Totals",
    "VersionSource",
    "WatchState",
    "When",
    "clear_hooks",
    "create_session",
    "executor_register",
    "flow_of",
    "function_executor",
    "read_flow",
    "register_post_hook",
    "register_pre_hook",
    "tree_from_array",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    found = getattr(import_module(f"engine.{home}"), name)
    globals()[name] = found
    return found
