"""Answering what tasks ask, from any process on the store (see `questions` for who carries it out)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine import json_data, question_statements
from engine.errors import TaskError
from engine.making import object_of
from engine.question import Answer, Question
from engine.questions import answers_of
from engine.statements import Write
from engine.store import Store
from engine.task import Task, TaskStatus, now

LIMIT = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """A task that waits, and what it asks. `deadline` is when the default answer is taken, None for never."""

    task: Task
    question: Question
    since: datetime
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that is stored. `is_run` says that a living process has the task and goes on with it at once; else it
    goes on when a console opens the store."""

    answer: Answer
    is_run: bool


class Answers:
    """`audit(what, **detail)` makes the audit's entry, `permit(what)` raises where nothing may be changed; `look` has
    this engine's own tasks go on.
    """

    def __init__(
        self,
        store: Store,
        look: Callable[[], Awaitable[None]],
        audit: Callable[..., Write],
        permit: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._look = look
        self._audit = audit
        self._permit = permit

    async def waiting(self, *, limit: int = LIMIT) -> list[Asked]:
        """What waits for an answer on this store, whoever runs it, the oldest question first."""
        await self._store.writer.flush()
        rows = await self._store.rows(
            "SELECT id FROM task WHERE asked_at IS NOT NULL AND status = 'pending' AND NOT EXISTS"
            " (SELECT 1 FROM answer WHERE task_id = task.id AND asked_at = task.asked_at) AND EXISTS"
            " (SELECT 1 FROM run WHERE run.id = run_id AND ended_at IS NULL AND deleting = 0)"
            " ORDER BY asked_at LIMIT ?",
            (limit,),
        )
        tasks = await self._store.tasks((row[0] for row in rows), whole=False)
        return [asked for row in rows if row[0] in tasks and (asked := _asked(tasks[row[0]])) is not None]

    async def question(self, task_id: str) -> Asked:
        """What a task asks. Raises `TaskError` for one that does not wait for an answer, saying what it does."""
        await self._store.writer.flush()
        task = await self._store.task(task_id)
        if task is None:
            raise TaskError(f"there is no task '{task_id}'", "It may have been deleted")
        asked = _asked(task) if task.is_asking else None
        if asked is not None and await self._has_ended(task.run_id):
            raise TaskError(f"the run of '{task.name}' has ended", "Rerun it, and it asks again")
        if asked is None:
            state = "has not come so far" if task.status is TaskStatus.PENDING else f"is {task.status}"
            raise TaskError(f"task '{task.name}' asks nothing: it {state}", "`taskdeck answer` lists what waits")
        for _, at, answer in await answers_of(self._store, [task_id]):
            if at == task.asked:
                raise _taken(task, answer)
        return asked

    async def _has_ended(self, run_id: str) -> bool:
        return bool(list(await self._store.rows("SELECT 1 FROM run WHERE id = ? AND ended_at IS NOT NULL", (run_id,))))

    async def give(
        self, task_id: str, approve: bool, values: Mapping[str, Any] | None = None, *, reason: str = "", who: str
    ) -> Given:
        """Answer a task; the first answer counts. Raises `TaskError` for one that waits for none, for who may not
        answer, for values that do not fit, and where somebody was faster.
        """
        await self._permit("answer")
        asked = await self.question(task_id)
        task = asked.task
        if approve:
            values = object_of(f"the answer to '{task.name}'", dict(values or {}))
        answer = asked.question.answered(approve, values or {}, json_data.storable(reason), who, now())
        assert task.asked is not None
        writes = question_statements.answer(task.id, task.asked, answer)
        audit = self._audit("answer", task_id=task.id, approved=approve, reason=reason)
        try:
            await asyncio.shield(self._store.writer.commit([*writes, audit]))
        except TaskError:
            await self.question(task_id)  # which says what came between
            raise
        await self._look()
        owner, lease = (await self._store.run_state(task.run_id)).owner, self._store.lease
        return Given(answer, owner is not None and (owner == lease.id or not lease.is_dead(owner)))


def _asked(task: Task) -> Asked | None:
    if task.asked is None:
        return None
    question = Question.of(task.effective_inputs or {})
    return Asked(task, question, datetime.fromtimestamp(task.asked).astimezone(), question.deadline(task.asked))


def _taken(task: Task, answer: Answer) -> TaskError:
    return TaskError(
        f"task '{task.name}' was {answer.words()} at {answer.at.astimezone():%H:%M:%S}", "One answer counts"
    )
