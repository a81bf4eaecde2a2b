"""What the detail pane shows of one task, read from the engine in one go. No Textual in here."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.task import Task
from tui.log_lines import Entry

if TYPE_CHECKING:
    from engine import Engine
    from engine.history import AuditEntry
    from engine.store import Attempt
    from engine.trace import Trace

TAIL = 2_000
"""Of a log so many lines, the newest, are read at first."""
ACTS = 20
"""What was done to a task: so many of the last acts are read."""


@dataclass(frozen=True, slots=True)
class LogReading:
    """`numbers` are those of all stored lines, oldest first; `tail` are the last of them.

    `names` are of the tasks whose lines are mixed, empty where it is one task's log.
    """

    numbers: array[int] = field(default_factory=lambda: array("q"))
    tail: Sequence[Entry] = ()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """`task` is whole, None when there is none; `acts` say who did what to it or its run, the last first.

    `traces` tell how each attempt ran and what it left running.
    """

    task: Task | None
    log: LogReading = field(default_factory=LogReading)
    attempts: Sequence[Attempt] = ()
    acts: Sequence[AuditEntry] = ()
    label: str = ""
    """Of the run."""
    tags: Sequence[str] = ()
    """Of all tasks of the run."""
    traces: Sequence[Trace] = ()


async def read_task(engine: Engine, task_id: str) -> Reading:
    """Read a task, its attempts and the end of its log; runs on the engine's loop."""
    task = await engine.task(task_id)
    if task is None:
        return Reading(None)
    attempts = await engine.attempts(task_id)
    acts = {
        act.seq: act
        for act in (
            *await engine.history.audit(run_id=task.run_id, limit=ACTS),
            *await engine.history.audit(task_id=task_id, limit=ACTS),
        )
    }
    last_first = [acts[seq] for seq in sorted(acts, reverse=True)]
    log, names = await read_log(engine, task), await engine.history.names(task.run_id)
    return Reading(task, log, attempts, last_first, *names, await engine.traces(task_id))


async def read_log(engine: Engine, task: Task, *, below: bool = False, attempt: int | None = None) -> LogReading:
    """The end of a task's log: of one attempt where it is named, `below` of all tasks below it as well."""
    names: dict[str, str] = {}
    if below:
        for other in await engine.tree(task.run_id):  # parents come first
            if other.id == task.id or other.parent_id in names:
                names[other.id] = other.name
    numbers = await engine.log_numbers(list(names) or [task.id], attempt=None if names else attempt)
    return LogReading(numbers, await engine.log_page(numbers[-TAIL:]), names)


def as_tried(task: Task, attempt: Attempt) -> Task:
    """The task as a former attempt left it; its result stands in `attempt`."""
    return replace(
        task,
        status=attempt.status, attempt=attempt.number, inputs=attempt.inputs, error=attempt.error,
        error_type=attempt.error_type, executor_version=attempt.executor_version, effective=None, packed=None,
        started=attempt.started_at.timestamp() if attempt.started_at else None,
        completed=attempt.completed_at.timestamp() if attempt.completed_at else None,
        progress=0.0, progress_message="", skipped=False, not_before=None,
    )  # fmt: skip
