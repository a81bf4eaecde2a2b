"""Write statements of schedules and of what became of their times."""

from __future__ import annotations

from datetime import datetime

from engine import json_data
from engine.schedule import Schedule
from engine.statements import Statement, Write, seconds

KEPT = 500
"""Times that are kept of each schedule; their runs stay in the history by its own rules."""
COLUMNS = (
    "id, name, target, inputs, options, kind, rule, zone, since, missed, overlap, paused, who, created_at, next_at"
)

_ADD = Statement(1, f"INSERT INTO schedule ({COLUMNS}) VALUES ({', '.join('?' * 15)})", guarded=True)
_CHANGE = Statement(
    1,
    "UPDATE schedule SET name = ?, target = ?, inputs = ?, options = ?, kind = ?, rule = ?, zone = ?, since = ?,"
    " missed = ?, overlap = ?, paused = ?, next_at = ? WHERE id = ?",
    guarded=True,
)
_PAUSE = Statement(2, "UPDATE schedule SET paused = ?, next_at = ? WHERE id = ?", guarded=True)
_ADVANCE = Statement(3, "UPDATE schedule SET next_at = ? WHERE id = ? AND next_at = ? AND paused = 0", guarded=True)
_TIME = Statement(
    4,
    "INSERT OR IGNORE INTO schedule_run (schedule_id, due_at, at, outcome, waits, note) VALUES (?, ?, ?, ?, ?, ?)",
)
_OUTCOME = Statement(5, "UPDATE schedule_run SET outcome = ?, at = ?, run_id = ?, note = ? WHERE seq = ?")
_FORGET_OLD = Statement(
    6,
    "DELETE FROM schedule_run WHERE schedule_id = ? AND outcome != 'queued' AND seq <= (SELECT seq FROM schedule_run"
    f" WHERE schedule_id = ? ORDER BY seq DESC LIMIT 1 OFFSET {KEPT})",
)
_REMOVE = (
    Statement(7, "DELETE FROM schedule WHERE id = ?", guarded=True),
    Statement(8, "DELETE FROM schedule_run WHERE schedule_id = ?"),
)
_CLAIM = Statement(
    9,
    "INSERT INTO meta (key, value) VALUES ('timekeeper', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    " WHERE value = ?",
    guarded=True,
)


def _fields(schedule: Schedule) -> tuple[object, ...]:
    when = schedule.when
    return (
        json_data.storable(schedule.name),
        json_data.storable(schedule.target),
        json_data.encode(schedule.inputs),
        json_data.encode(dict(schedule.options)),
        when.kind,
        json_data.storable(when.rule),
        when.zone,
        when.since,
        schedule.missed,
        schedule.overlap,
        schedule.paused,
    )


def add(schedule: Schedule) -> Write:
    """Refused where the name is taken. Raises `json_data.NotJson`."""
    created = seconds(schedule.created_at)
    row = (schedule.id, *_fields(schedule), json_data.storable(schedule.who), created, seconds(schedule.next_at))
    return Write(_ADD, schedule.id, row)


def change(schedule: Schedule) -> Write:
    """Refused where the name is another's, or the schedule is gone."""
    return Write(_CHANGE, schedule.id, (*_fields(schedule), seconds(schedule.next_at), schedule.id))


def pause(id: str, paused: bool, next_at: datetime | None) -> Write:
    return Write(_PAUSE, id, (paused, seconds(next_at), id))


def advance(id: str, former: datetime, next_at: datetime | None) -> Write:
    """From one time to the next; refused where somebody paused or changed it meanwhile."""
    return Write(_ADVANCE, id, (seconds(next_at), id, seconds(former)))


def time(id: str, due: datetime, outcome: str, at: datetime, *, waits: bool = False, note: str = "") -> list[Write]:
    """One time of a schedule and what becomes of it; each is written once."""
    return [
        Write(_TIME, id, (id, due.timestamp(), at.timestamp(), outcome, waits, json_data.storable(note))),
        Write(_FORGET_OLD, id, (id, id)),
    ]


def outcome(seq: int, id: str, outcome: str, at: datetime, *, run_id: str | None = None, note: str = "") -> Write:
    return Write(_OUTCOME, id, (outcome, at.timestamp(), run_id, json_data.storable(note), seq))


def remove(id: str) -> list[Write]:
    return [Write(statement, id, (id,)) for statement in _REMOVE]


def claim(owner: str, former: str) -> Write:
    """Keep the schedules from now on (owner "": nobody does); refused where another engine was faster."""
    return Write(_CLAIM, "timekeeper", (owner, former))
