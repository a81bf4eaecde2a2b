"""Questions and schedules in memory, with the surfaces of `engine.answers`, `schedules` and `timekeeper`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from engine import json_data
from engine.answers import Asked, Given
from engine.errors import TaskError
from engine.events import EventKind
from engine.question import Question
from engine.schedule import Schedule
from engine.schedules import Schedules, Time
from engine.task import Task, TaskStatus

if TYPE_CHECKING:
    from tests.tui.fake_engine import FakeEngine


class FakeAnswers:
    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.given: list[tuple[str, bool, dict[str, Any], str]] = []

    def ask(self, task_id: str, *, ago: float = 0.0, **inputs: Any) -> Task:
        """The task waits for an answer since `ago` seconds."""
        task = self.engine.tasks[task_id]
        task.asked = self.engine.now.timestamp() - ago
        task.effective = json_data.encode(inputs)
        self.engine.publish(EventKind.ASKED, task)
        return task

    async def waiting(self, *, limit: int = 500) -> list[Asked]:
        return [await self.question(task.id) for task in self.engine.tasks.values() if task.is_asking]

    async def question(self, task_id: str) -> Asked:
        task = self.engine.tasks[task_id]
        if not task.is_asking or task.asked is None:
            raise TaskError(f"task '{task.name}' asks nothing: it is {task.status}")
        question = Question.of(task.effective_inputs or {})
        return Asked(task, question, datetime.fromtimestamp(task.asked).astimezone(), question.deadline(task.asked))

    async def give(
        self, task_id: str, approve: bool, values: Mapping[str, Any] | None = None, *, reason: str = "", who: str
    ) -> Given:
        asked = await self.question(task_id)
        answer = asked.question.answered(approve, values or {}, reason, who, self.engine.now)
        self.given.append((task_id, approve, answer.values, reason))
        asked.task.asked = None
        self.engine.start(task_id)
        status = TaskStatus.COMPLETED if approve else TaskStatus.FAILED
        self.engine.finish(task_id, status, error=None if approve else f"rejected by {who}: {reason}")
        return Given(answer, True)


async def _permit(*_: Any, **__: Any) -> None:
    """Whoever asks may do it."""


class FakeSchedules(Schedules):
    """The checks are the real ones; what is kept lies in a dict, and it is always `engine.now`."""

    def __init__(self, engine: FakeEngine) -> None:
        audit = lambda what, **detail: None  # noqa: E731
        super().__init__(None, self._found, audit, _permit, "ada")  # type: ignore[arg-type]
        self.engine = engine
        self.kept: dict[str, Schedule] = {}
        self.came: list[Time] = []

    def _found(self, executor_id: str) -> Any:
        catalogue = self.engine.catalogue
        return catalogue.get(executor_id), catalogue.unknown(executor_id)

    def made(self, *given: Any, **fields: Any) -> Schedule:
        schedule = super().made(*given, **fields)
        at = self.engine.now
        return replace(schedule, id=f"schedule-{len(self.kept)}", created_at=at, next_at=schedule.when.after(at))

    def come(
        self, schedule: Schedule, ago: float, outcome: str, status: TaskStatus | None = None, **fields: Any
    ) -> None:
        """One of its times came `ago` seconds before now."""
        at = self.engine.now - timedelta(seconds=ago)
        run_id = fields.get("run_id")
        time = Time(len(self.came), schedule.id, at, at, outcome, False, run_id, fields.get("note", ""), status)
        self.came.append(time)

    async def keeper(self) -> str | None:
        return "own"

    async def latest(self) -> dict[str, Time]:
        return {time.schedule_id: time for time in self.came}

    async def times(self, schedule_id: str | None = None, *, outcome: str = "", limit: int = 100) -> list[Time]:
        return [time for time in reversed(self.came) if schedule_id in (None, time.schedule_id)][:limit]

    async def _read(self, rest: str, *values: Any) -> list[Schedule]:
        found = sorted(self.kept.values(), key=lambda each: each.name)
        return [each for each in found if not values or values[0] in (each.name, each.id)]

    async def add(self, schedule: Schedule) -> Schedule:
        if any(each.name == schedule.name for each in self.kept.values()):
            raise TaskError(f"there is a schedule '{schedule.name}' already")
        self.kept[schedule.id] = schedule
        return schedule

    async def change(self, former: Schedule, new: Schedule) -> Schedule:
        self.kept[former.id] = replace(new, id=former.id)
        return self.kept[former.id]

    async def _set_paused(self, schedule: Schedule, paused: bool, next_at: datetime | None) -> Schedule:
        self.kept[schedule.id] = replace(schedule, paused=paused)
        return self.kept[schedule.id]

    async def remove(self, name: str) -> Schedule:
        return self.kept.pop((await self.one(name)).id)


class FakeTimekeeper:
    keeps = True

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    async def run_now(self, name: str) -> Task:
        schedule = await self.engine.schedules.one(name)
        task = await self.engine.launch(schedule.target, schedule.inputs, label=schedule.name)
        self.engine.schedules.come(schedule, 0, "launched", TaskStatus.IN_PROGRESS, run_id=task.run_id)
        return task
