"""Launches what is due. One living engine of a store does, and another goes on within a second when it ends.

Each time is written down before anything is launched for it, and a launch carries its time as an idempotency key (8.2):
whoever dies in between, none is lost and none runs twice.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from engine import schedule_statements
from engine.errors import TaskdeckError, TaskError
from engine.schedule import Schedule
from engine.schedules import TIMEKEEPER, Schedules, Time
from engine.statements import Write
from engine.store import Store
from engine.task import NORMAL_PRIORITY, Task, TaskStatus, now

logger = logging.getLogger(__name__)
TICK = 0.5
"""Seconds between two looks at what is due."""
ON_TIME = 60.0
"""Seconds that a time may be late and still counts as kept: another engine may have had to take over."""
MOST = 100
"""Times that are caught up with, and that wait for a run to end; of more the newest."""

Launch = Callable[[Schedule, datetime], Awaitable[Task]]
"""Launches a schedule for the time that it was due at; the same time again gives the same task."""


class Timekeeper:
    """`is_ready` says whether launches are possible yet; `tell` is called with what went wrong, in a line."""

    def __init__(
        self,
        store: Store,
        schedules: Schedules,
        launch: Launch,
        is_ready: Callable[[], bool],
        tell: Callable[[str], None],
    ) -> None:
        self._store = store
        self._schedules = schedules
        self._launch = launch
        self._is_ready = is_ready
        self._tell = tell
        self._work: asyncio.Task[None] | None = None
        self.keeps = False
        """Whether this engine is the one that launches them."""

    def start(self) -> None:
        self._work = asyncio.get_running_loop().create_task(self._keep(), name="timekeeper")

    async def stop(self) -> None:
        """End at once, and leave the schedules to another engine. Safe to repeat."""
        work, self._work = self._work, None
        if work is not None:
            work.cancel()
            await asyncio.wait({work})
        if self.keeps:
            self.keeps = False
            with suppress(TaskError):
                await self._store.writer.commit([schedule_statements.claim("", self._store.lease.id)])

    async def _keep(self) -> None:
        while True:
            try:
                if self._is_ready() and await self.take():
                    await self.look(now())
            except (TaskdeckError, sqlite3.Error):
                logger.exception("schedules cannot be kept; it is tried again")
                await asyncio.sleep(1.0)
            except Exception:  # one schedule that cannot be kept must not end all others
                logger.exception("a fault in the schedules")
                await asyncio.sleep(1.0)
            await asyncio.sleep(TICK)

    async def take(self) -> bool:
        """Whether the schedules are this engine's; takes them where nobody living has them."""
        lease, owner = self._store.lease, await self._store.meta(TIMEKEEPER)
        if owner != lease.id and (not owner or lease.is_dead(owner)):
            try:
                await self._store.writer.commit([schedule_statements.claim(lease.id, owner)])
                owner = lease.id
            except TaskError:  # another engine was faster
                pass
        self.keeps = owner == lease.id
        return self.keeps

    async def look(self, at: datetime) -> int:
        """Write down all times that have come by `at`, then launch what may be; how many wait for the run before."""
        for schedule in await self._schedules.due(at):
            try:
                await self._note(schedule, at)
            except TaskdeckError as fault:  # its zone may be gone with an update of the system
                await self._set_aside(schedule, at, str(fault))
        queued = await self._schedules.times(outcome="queued", limit=MOST * 100)
        return await self._launch_queued(queued[::-1]) if queued else 0

    async def _note(self, schedule: Schedule, at: datetime) -> None:
        """Which of the times up to `at` are run, by the rule for missed ones; one transaction with the next time."""
        former = schedule.next_at
        assert former is not None
        times = schedule.when.due(former, at, MOST) or [former]
        run, missed = chosen(schedule, times, at)
        writes: list[Write] = [schedule_statements.advance(schedule.id, former, schedule.when.after(at))]
        if missed:
            many = f"{MOST} or more times" if len(times) == MOST else f"{len(missed)} time{'s' * (len(missed) > 1)}"
            note = f"{many} passed while nobody kept the schedules"
            writes += schedule_statements.time(schedule.id, missed[-1], "missed", at, note=note)
        for due in run:
            waits = schedule.overlap == "queue" or len(run) > 1
            writes += schedule_statements.time(schedule.id, due, "queued", at, waits=waits)
        with suppress(TaskError):  # somebody paused, changed or removed it in this moment
            await self._store.writer.commit(writes)

    async def _set_aside(self, schedule: Schedule, at: datetime, why: str) -> None:
        """Pause a schedule whose rule cannot be read any more, so that the others go on."""
        due = schedule.next_at or at
        writes = [schedule_statements.pause(schedule.id, True, schedule.next_at)]
        writes += schedule_statements.time(schedule.id, due, "refused", at, note=why)
        await self._store.writer.commit(writes)
        self._tell(f"schedule '{schedule.name}' is paused: {why}")

    async def _launch_queued(self, queued: list[Time]) -> int:
        schedules = {schedule.id: schedule for schedule in await self._schedules.all()}
        waiting: dict[str, int] = {}
        for time in queued:
            schedule = schedules.get(time.schedule_id)
            if schedule is None or schedule.paused:
                continue
            if await self._former_runs(schedule.id, time):
                if time.waits and waiting.setdefault(schedule.id, 0) < MOST:
                    waiting[schedule.id] += 1
                    continue
                note = f"{MOST} wait already" if time.waits else "the run before it still runs"
                await self._end(time, "skipped", note=note)
            else:
                await self.run(schedule, time)
        return sum(waiting.values())

    async def _former_runs(self, schedule_id: str, time: Time) -> bool:
        """Whether the run that this schedule launched last has not ended."""
        launched = await self._schedules.times(schedule_id, outcome="launched", limit=1)
        return bool(launched) and launched[0].seq != time.seq and launched[0].status is TaskStatus.IN_PROGRESS

    async def run(self, schedule: Schedule, time: Time) -> Task | None:
        """Launch a time that is written down; None where that was refused, which is told and written down too."""
        try:
            task = await self._launch(schedule, time.due_at)
        except TaskdeckError as refusal:
            await self._end(time, "refused", note=str(refusal))
            self._tell(f"schedule '{schedule.name}' launched nothing: {refusal}")
            return None
        await self._end(time, "launched", run_id=task.run_id)
        return task

    async def _end(self, time: Time, outcome: str, *, run_id: str | None = None, note: str = "") -> None:
        write = schedule_statements.outcome(time.seq, time.schedule_id, outcome, now(), run_id=run_id, note=note)
        await self._store.writer.commit([write])

    async def run_now(self, name: str) -> Task:
        """Launch a schedule now, beside its times, whatever runs. Raises `TaskError` saying why it cannot be."""
        schedule, at = await self._schedules.one(name), now()
        await self._schedules.permit("launch", executor_id=schedule.target)
        await self._store.writer.commit(schedule_statements.time(schedule.id, at, "now", at))
        (time,) = await self._schedules.times(schedule.id, outcome="now", limit=1)
        try:
            task = await self._launch(schedule, at)
        except TaskdeckError as refusal:
            await self._end(time, "refused", note=str(refusal))
            raise
        await self._end(time, "launched", run_id=task.run_id)
        return task


def launcher(launch: Callable[..., Awaitable[Task]]) -> Launch:
    """Launches schedules by `Engine.launch`; a time carries its key, so that it runs once (8.2)."""

    async def begin(schedule: Schedule, due: datetime) -> Task:
        options = schedule.options
        params = {name: options[name] for name in ("timeout", "retries") if name in options}
        params["tags"] = [*options.get("tags", ()), f"schedule:{schedule.name}"]
        return await launch(
            schedule.target,
            schedule.inputs,
            priority=options.get("priority", NORMAL_PRIORITY),
            user_id=schedule.who or None,
            params=params,
            idempotency_key=f"schedule {schedule.id} {due.isoformat()}",
            label=options.get("label") or schedule.name,
        )

    return begin


def chosen(schedule: Schedule, times: list[datetime], at: datetime) -> tuple[list[datetime], list[datetime]]:
    """Which of `times` (oldest first, all come by `at`) are run, and which are missed."""
    last = times[-1]
    if schedule.missed == "all":
        return times, []
    if schedule.missed == "once" or at - last <= timedelta(seconds=ON_TIME):
        return [last], times[:-1]
    return [], times
