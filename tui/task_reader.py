"""What the detail pane shows of one task, read from the engine in one go. No Textual in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.task import Task
from tui.feed import Said

if TYPE_CHECKING:
    from engine import Engine
    from engine.store import Attempt

LOGS = 10
"""Of so many attempts, the newest, the logs are read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`task` is whole, None when there is none; `log` holds the lines of the newest attempts, oldest first."""

    task: Task | None
    log: Sequence[Said] = ()
    attempts: Sequence[Attempt] = ()


async def read_task(engine: Engine, task_id: str) -> Reading:
    """Read a task, its attempts and their logs; runs on the engine's loop."""
    task = await engine.task(task_id)
    if task is None:
        return Reading(None)
    attempts = await engine.attempts(task_id)
    numbers = sorted({attempt.number for attempt in attempts} | {task.attempt})
    log = [(number, line) for number in numbers[-LOGS:] for line in await engine.log(task_id, attempt=number)]
    return Reading(task, log, attempts)
