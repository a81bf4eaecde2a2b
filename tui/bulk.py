"""One act on many tasks: what is asked before, how it is done by the engine, and what is said after. No Textual."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.errors import TaskdeckError
from engine.task import TaskStatus
from tui.marks import by_status
from tui.row import Row
from tui.wording import amount, word_of

if TYPE_CHECKING:
    from engine import Engine

AT_ONCE = 64
"""Cancels under way together: each waits until its task has ended."""
NAMED = 2
"""Refusals that are told in full."""


@dataclass(slots=True)
class Outcome:
    """How many were `done`, how many needed nothing, and what the engine said to the others."""

    done: int = 0
    already: int = 0
    refused: list[str] = field(default_factory=list)

    def words(self, did: str, was: str) -> str:
        """`cancelled 12, 3 were already done, 1 refused: ...`; `did` is the past of the act."""
        parts = [f"{did} {self.done:,}"]
        if self.already:
            parts.append(f"{self.already:,} {'was' if self.already == 1 else 'were'} already {was}")
        text = ", ".join(parts)
        if self.refused:
            reasons = list(dict.fromkeys(self.refused))
            more = f" (and {len(reasons) - NAMED:,} other reasons)" if len(reasons) > NAMED else ""
            text += f"; {len(self.refused):,} refused: {'; '.join(reasons[:NAMED])}{more}"
        return text


def told(rows: Iterable[Row]) -> str:
    """`12 tasks (3 failed, 9 running)`."""
    rows = list(rows)
    parts = ", ".join(f"{number:,} {word_of(status)}" for status, number in by_status(rows))
    return f"{amount(len(rows), 'task')} ({parts})"


def size(rows: Sequence[Row]) -> int:
    """How many tasks stand in these subtrees, history too."""
    return sum(1 for row in rows for _ in row.subtree())


async def cancel_all(engine: Engine, ids: Sequence[str]) -> Outcome:
    """Cancel these and all below them; returns when all have ended."""
    outcome, turns = Outcome(), asyncio.Semaphore(AT_ONCE)

    async def cancel(task_id: str) -> None:
        async with turns:
            try:
                answer = await engine.cancel(task_id)
            except TaskdeckError as refusal:
                outcome.refused.append(refusal.message)
                return
        if answer.get("status") == TaskStatus.CANCELLED:
            outcome.done += 1
        elif answer.get("status") == "failed" and answer.get("current_status") is None:
            outcome.refused.append(str(answer.get("message", "")))
        else:
            outcome.already += 1

    await asyncio.gather(*map(cancel, ids))
    return outcome


async def rerun_all(engine: Engine, ids: Sequence[str]) -> Outcome:
    """Rerun these with their inputs, and what depends on them; one that waits again by then needs nothing more."""
    outcome = Outcome()
    for task_id in ids:
        task = await engine.task(task_id)
        if task is not None and not task.is_terminal and outcome.done:
            outcome.already += 1  # it depends on one before it, and runs again with that
        else:
            await _try(outcome, lambda task_id=task_id: engine.rerun(task_id))  # type: ignore[misc]
    return outcome


async def delete_all(engine: Engine, ids: Sequence[str]) -> Outcome:
    """Delete these with all below them; `done` counts all tasks that are gone."""
    outcome = Outcome()
    for task_id in ids:
        gone = await _try(outcome, lambda task_id=task_id: engine.delete(task_id))  # type: ignore[misc]
        if gone is not None:
            outcome.done += gone - 1
    return outcome


async def pause_all(engine: Engine, runs: Sequence[str], *, pause: bool) -> Outcome:
    """Pause these runs, or resume them."""
    outcome = Outcome()
    act = engine.pause if pause else engine.resume
    for run_id in runs:
        if engine.is_paused(run_id) is pause:
            outcome.already += 1
        else:
            await _try(outcome, lambda run_id=run_id: act(run_id))  # type: ignore[misc]
    return outcome


async def _try(outcome: Outcome, act: Callable[[], Awaitable[int | object]]) -> int | None:
    """Do one of them; the number that it answers, else None."""
    try:
        answer = await act()
    except TaskdeckError as refusal:
        outcome.refused.append(refusal.message)
        return None
    outcome.done += 1
    return answer if isinstance(answer, int) else None
