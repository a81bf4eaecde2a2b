"""The schedules of a store: kept, changed and read by any process; who runs them is `timekeeper`'s business."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from engine import json_data, schedule_statements
from engine.catalogue import Launchable
from engine.errors import TaskError
from engine.making import object_of
from engine.policy import problem_of_params
from engine.run import lost_secret
from engine.schedule import MISSED, OVERLAP, Missed, Overlap, Schedule, When
from engine.secrets import mask
from engine.statements import Write
from engine.store import Store
from engine.task import NORMAL_PRIORITY, TaskStatus, now

LONGEST_NAME = 80
OPTIONS = ("priority", "label", "tags", "timeout", "retries")
"""What stands beside the inputs of a launch."""
TIMEKEEPER = "timekeeper"
"""The key of `meta` under which the engine stands that keeps the schedules."""


@dataclass(frozen=True, slots=True)
class Time:
    """One time of a schedule. `outcome`: queued, launched, skipped, missed, refused; `status` is that of its run, None
    where it has none or that was deleted."""

    seq: int
    schedule_id: str
    due_at: datetime
    at: datetime
    outcome: str
    waits: bool
    run_id: str | None
    note: str
    status: TaskStatus | None

    @property
    def words(self) -> str:
        """`completed`, `running`, `skipped: the run before it still runs`."""
        if self.outcome == "launched" and self.status is not None:
            return "running" if self.status is TaskStatus.IN_PROGRESS else str(self.status)
        return f"{self.outcome}: {self.note}" if self.note else self.outcome


class Schedules:
    """All coroutines run on the engine's loop. `audit(what, **detail)` makes the audit's entry, `permit` raises where
    something may not be changed, or an executor not be run.
    """

    def __init__(
        self,
        store: Store,
        find: Callable[[str], tuple[Launchable | None, str]],
        audit: Callable[..., Write],
        permit: Callable[..., Awaitable[None]],
        user: str,
    ) -> None:
        self._store = store
        self._find = find
        self._audit = audit
        self.permit = permit
        self._user = user

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def all(self) -> list[Schedule]:
        """By name."""
        return await self._read("ORDER BY name")

    async def one(self, name: str) -> Schedule:
        """By name, id or the beginning of an id. Raises `TaskError` with close names."""
        found = await self._read("WHERE name = ? OR id = ?", name, name)
        if not found and len(name) >= 4:
            found = await self._read("WHERE substr(id, 1, ?) = ?", len(name), name)
        if len(found) == 1:
            return found[0]
        names = [each.name for each in await self.all()]
        close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(close)}?" if close else "`taskdeck schedule list` shows all"
        raise TaskError(f"there is no schedule '{name}'", hint)

    async def due(self, at: datetime) -> list[Schedule]:
        """Those that have a time up to `at`."""
        return await self._read("WHERE paused = 0 AND next_at <= ? ORDER BY next_at", at.timestamp())

    async def times(self, schedule_id: str | None = None, *, outcome: str = "", limit: int = 100) -> list[Time]:
        """What became of the times of one schedule, or of all, newest first; of one `outcome`, or of any."""
        conditions = [
            (condition, value)
            for condition, value in (("schedule_id = ?", schedule_id), ("outcome = ?", outcome))
            if value
        ]
        where = f"WHERE {' AND '.join(c for c, _ in conditions)}" if conditions else ""
        rows = await self._store.rows(
            "SELECT t.seq, schedule_id, due_at, at, outcome, waits, run_id, note, run.status FROM schedule_run AS t"
            f" LEFT JOIN run ON run.id = run_id AND run.deleting = 0 {where} ORDER BY t.seq DESC LIMIT ?",
            (*(value for _, value in conditions), limit),
        )
        return [_time(row) for row in rows]

    async def latest(self) -> dict[str, Time]:
        """The newest time of each schedule."""
        rows = await self._store.rows(
            "SELECT t.seq, schedule_id, due_at, at, outcome, waits, run_id, note, run.status FROM schedule_run AS t"
            " LEFT JOIN run ON run.id = run_id AND run.deleting = 0"
            " WHERE t.seq IN (SELECT max(seq) FROM schedule_run GROUP BY schedule_id)",
            (),
        )
        return {row[1]: _time(row) for row in rows}

    async def keeper(self) -> str | None:
        """The living engine that keeps the schedules; None while nobody does, and none of them runs."""
        owner = await self._store.meta(TIMEKEEPER)
        return owner if owner and not self._store.lease.is_dead(owner) else None

    async def _read(self, rest: str, *values: Any) -> list[Schedule]:
        await self._store.writer.flush()
        rows = await self._store.rows(f"SELECT {schedule_statements.COLUMNS} FROM schedule {rest}", values)
        return [_schedule(row) for row in rows]

    # ── changing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def made(
        self,
        name: str,
        target: str,
        when: When,
        inputs: Mapping[str, Any] | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        missed: str = "once",
        overlap: str = "skip",
        paused: bool = False,
    ) -> Schedule:
        """A schedule, checked and not kept yet. Raises `TaskError`: for a name that is none, an unknown target, inputs
        that do not fit it or hold a secret, and options that are none.
        """
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME:
            raise TaskError(f"a schedule's name has 1 to {LONGEST_NAME} characters", "Give it another name")
        spec, unknown = self._find(target)
        if spec is None:
            raise TaskError(unknown, "`taskdeck list` shows all")
        given = object_of(f"schedule '{name}': inputs", dict(inputs or {}))
        _refuse_secrets(name, spec, given)
        if spec.schema_problem:
            raise TaskError(f"the input schema of '{spec.id}' cannot be used: {spec.schema_problem}", "Mend it first")
        if problems := spec.checker.problems(spec.checker.with_defaults(given)):
            raise TaskError(f"the inputs do not fit '{spec.id}': {'; '.join(map(str, problems))}", "Mend them")
        for word, value, known in (("missed", missed, MISSED), ("overlap", overlap, OVERLAP)):
            if value not in known:
                raise TaskError(f"'{value}' is no way to treat {word} times", f"There are {', '.join(known)}")
        at = now()
        return Schedule(
            id=str(uuid4()),
            name=name,
            target=target,
            when=when,
            inputs=given,
            options=_options(name, options),
            missed=cast(Missed, missed),
            overlap=cast(Overlap, overlap),
            paused=paused,
            who=self._user,
            created_at=at,
            next_at=when.after(at),
        )

    async def add(self, schedule: Schedule) -> Schedule:
        """Keep what `made` gave. Raises `TaskError` where the name is taken."""
        return await self._keep(schedule_statements.add(schedule), schedule, "schedule")

    async def change(self, former: Schedule, new: Schedule) -> Schedule:
        """Put what `made` gave in the place of `former`: it keeps its id and its history."""
        kept = replace(new, id=former.id, who=former.who, created_at=former.created_at)
        return await self._keep(schedule_statements.change(kept), kept, "change schedule")

    async def _keep(self, write: Write, schedule: Schedule, what: str) -> Schedule:
        await self.permit(what, executor_id=schedule.target)
        try:
            await self._commit(write, self._audit(what, **_said(schedule)))
        except TaskError:
            if any(each.name == schedule.name and each.id != schedule.id for each in await self.all()):
                raise TaskError(f"there is a schedule '{schedule.name}' already", "Give it another name") from None
            raise TaskError(f"the schedule '{schedule.name}' is gone", "Somebody removed it: add it anew") from None
        return schedule

    async def pause(self, name: str) -> Schedule:
        """None of its times count until it is resumed. Raises `TaskError` for one that is paused."""
        schedule = await self.one(name)
        if schedule.paused:
            raise TaskError(f"the schedule '{schedule.name}' is paused already")
        return await self._set_paused(schedule, True, schedule.next_at)

    async def resume(self, name: str) -> Schedule:
        """Go on with its next time: those that passed while it was paused were not missed."""
        schedule = await self.one(name)
        if not schedule.paused:
            raise TaskError(f"the schedule '{schedule.name}' is not paused")
        return await self._set_paused(schedule, False, schedule.when.after(now()))

    async def _set_paused(self, schedule: Schedule, paused: bool, next_at: datetime | None) -> Schedule:
        what = "pause schedule" if paused else "resume schedule"
        await self.permit(what)
        audit = self._audit(what, name=schedule.name)
        await self._commit(schedule_statements.pause(schedule.id, paused, next_at), audit)
        return replace(schedule, paused=paused, next_at=next_at)

    async def remove(self, name: str) -> Schedule:
        """Take it away with the list of its times; runs that it launched stay in the history."""
        schedule = await self.one(name)
        await self.permit("remove schedule")
        await self._commit(*schedule_statements.remove(schedule.id), self._audit("remove schedule", name=schedule.name))
        return schedule

    async def _commit(self, *writes: Write) -> None:
        await asyncio.shield(self._store.writer.commit(writes))


def _refuse_secrets(name: str, spec: Launchable, inputs: dict[str, Any]) -> None:
    """A schedule is stored, and a secret never is (8.6)."""
    masked = mask(spec.schema, inputs)
    if (lost := lost_secret(masked)) is not None:
        raise TaskError(
            f"schedule '{name}': '{lost}' is a secret, and schedules are stored",
            "Give a reference that is looked up for each run: env:NAME or keyring:NAME",
        )


def _options(name: str, given: Mapping[str, Any] | None) -> dict[str, Any]:
    found = {key: value for key, value in (given or {}).items() if value not in (None, [], "")}
    if unknown := next((key for key in found if key not in OPTIONS), None):
        raise TaskError(f"schedule '{name}': '{unknown}' is no option of it", f"There are {', '.join(OPTIONS)}")
    if (problem := problem_of_params(found)) is not None:
        raise TaskError(f"schedule '{name}': {problem.removeprefix('params.')}", "Mend or leave it out")
    priority = found.get("priority", NORMAL_PRIORITY)
    if isinstance(priority, bool) or priority not in range(4):
        raise TaskError(f"schedule '{name}': priority {priority!r} is none", "0 urgent, 1 high, 2 normal, 3 low")
    return found


def _said(schedule: Schedule) -> dict[str, Any]:
    return {"name": schedule.name, "target": schedule.target, "when": schedule.when.words, "zone": schedule.when.zone}


def _moment(stamp: float | None) -> datetime | None:
    return datetime.fromtimestamp(stamp, UTC) if stamp is not None else None


def _schedule(row: Any) -> Schedule:
    return Schedule(
        row[0], row[1], row[2], When(row[5], row[6], row[7], row[8]), json_data.decode(row[3]),
        json_data.decode(row[4]), row[9], row[10], bool(row[11]), row[12], _moment(row[13]), _moment(row[14]),
    )  # fmt: skip


def _time(row: Any) -> Time:
    due, at = datetime.fromtimestamp(row[2], UTC), datetime.fromtimestamp(row[3], UTC)
    status = TaskStatus(row[8]) if row[8] is not None else None
    return Time(row[0], row[1], due, at, row[4], bool(row[5]), row[6], row[7], status)
