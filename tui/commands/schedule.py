"""`taskdeck schedule`: add, list, show, pause, resume and remove schedules, and tell their next times."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.commands.desk import SHORT_ID, Desk, Stopped, open_desk, open_store, store_settings
from tui.commands.exits import CANCELLED, FINE, REFUSED, WRONG_USE, one_or_all
from tui.commands.given_inputs import read_inputs, with_keys
from tui.commands.streams import Streams
from tui.text import safe_text

if TYPE_CHECKING:
    from engine import Engine, Settings
    from engine.schedule import Schedule, When
    from engine.schedules import Time

WIDTH = 24
NOTE = 160


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """0 done, 2 wrong use, 4 refused. Raises `TaskdeckError` for what cannot be done."""
    if options.act == "run":
        from tui.commands import keep_schedules

        return keep_schedules.run(options, settings, streams)
    if options.act == "add":
        given = read_inputs(options.inputs_file, streams)
        try:
            return asyncio.run(_add(options, settings, given, streams))
        except Stopped:
            return CANCELLED
    if options.act == "next" and not options.names:
        return _next_of_rule(options, streams)
    if options.act == "list" and not store_settings(options, settings).store.exists():
        return _list([], {}, None, options, streams)
    return asyncio.run(_act(options, settings, streams))


def rule_of(options: argparse.Namespace) -> When | None:
    """The rule that was given; None without one. Raises `TaskError` for one that is none."""
    from engine.schedule import KINDS, When
    from engine.task import now

    for kind in KINDS:
        if (rule := getattr(options, kind)) is not None:
            return When.read(kind, rule, options.tz, now())
    return None


async def _add(options: argparse.Namespace, settings: Settings, given: dict[str, Any], streams: Streams) -> int:
    when = rule_of(options)
    if when is None:
        streams.note("say when: --every, --cron or --at")
        return WRONG_USE
    async with open_desk(options, settings, streams) as desk:
        spec = desk.catalogue.entry(options.target)
        if spec is not None and spec.is_dangerous and not options.yes:
            streams.note(f"{spec.id} is marked as dangerous: give --yes to schedule it")
            return REFUSED
        schedule = await _kept(desk, options, when, with_keys(given, options.inputs, spec))
        if options.json:
            streams.say(json.dumps(as_data(schedule)))
        else:
            streams.say(f"{schedule.name}: {_when(schedule)}, next {_moment(schedule.next_at)}")
        if await desk.engine.schedules.keeper() is None:
            streams.note("no process keeps the schedules now: open a console, or `taskdeck schedule run`")
    return FINE


async def _kept(desk: Desk, options: argparse.Namespace, when: When, inputs: dict[str, Any]) -> Schedule:
    schedules = desk.engine.schedules
    beside = {name: getattr(options, name) for name in ("priority", "label", "tags", "timeout", "retries")}
    made = schedules.made(
        options.name,
        options.target,
        when,
        inputs,
        options=beside,
        missed=options.missed,
        overlap=options.overlap,
        paused=options.paused,
    )
    former = next((each for each in await schedules.all() if each.name == made.name), None)
    if former is not None and options.replace:
        return await schedules.change(former, made)
    return await schedules.add(made)


def _next_of_rule(options: argparse.Namespace, streams: Streams) -> int:
    when = rule_of(options)
    if when is None:
        streams.note("name a schedule, or give a rule: --every, --cron or --at")
        return WRONG_USE
    _say_next(when, options, streams)
    return FINE


async def _act(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    from engine import TaskdeckError

    code = FINE
    done_all: list[dict[str, str]] = []
    async with open_store(options, settings) as engine:
        schedules = engine.schedules
        if options.act == "list":
            return _list(await schedules.all(), await schedules.latest(), await schedules.keeper(), options, streams)
        if options.act == "next":
            _say_next((await schedules.one(options.names)).when, options, streams)
            return FINE
        for name in options.names:
            try:
                if options.act == "show":
                    await _show(engine, await schedules.one(name), options, streams)
                    continue
                done = await getattr(schedules, options.act)(name)
                said = {"schedule": done.name, "status": DONE[options.act]}
            except TaskdeckError as refusal:
                code, said = REFUSED, {"schedule": name, "status": "refused", "message": str(refusal)}
            done_all.append(said)
            if not options.json:
                streams.say(f"{said['schedule']}: {said.get('message', said['status'])}")
    if options.json and done_all:
        streams.say(json.dumps(one_or_all(done_all)))
    return code


DONE = {"pause": "paused", "resume": "resumed", "remove": "removed"}


def _list(
    schedules: Sequence[Schedule],
    latest: dict[str, Time],
    keeper: str | None,
    options: argparse.Namespace,
    streams: Streams,
) -> int:
    if options.json:
        streams.say(json.dumps([as_data(schedule, latest.get(schedule.id)) for schedule in schedules]))
        return FINE
    for schedule in schedules:
        streams.say(line_of(schedule, latest.get(schedule.id)))
    if not schedules:
        streams.note("there are no schedules: `taskdeck schedule add --help`")
    elif keeper is None:
        streams.note("no process keeps them now: open a console, or `taskdeck schedule run`")
    return FINE


def line_of(schedule: Schedule, last: Time | None) -> str:
    """Name, next time, rule, target and what became of the last time."""
    then = "paused" if schedule.paused else _moment(schedule.next_at) if schedule.next_at else "over"
    ended = f"  last {safe_text(last.words, limit=60)}" if last is not None else ""
    name = safe_text(schedule.name, limit=WIDTH)
    return f"{name:{WIDTH}}  {then:19}  {_when(schedule)}  {safe_text(schedule.target, limit=40)}{ended}"


async def _show(engine: Engine, schedule: Schedule, options: argparse.Namespace, streams: Streams) -> None:
    times = await engine.schedules.times(schedule.id, limit=max(options.limit, 0))
    if options.json:
        streams.say(json.dumps({**as_data(schedule), "times": [_time_data(time) for time in times]}))
        return
    for line in _lines(schedule):
        streams.say(line)
    for time in times:
        run_id = f"  {time.run_id[:SHORT_ID]}" if time.run_id else ""
        streams.say(f"  {_moment(time.due_at)}{run_id}  {safe_text(time.words, limit=NOTE)}")


def _lines(schedule: Schedule) -> Iterator[str]:
    explained = schedule.when.explained()
    yield f"{safe_text(schedule.name)}  {'paused' if schedule.paused else ''}".rstrip()
    yield f"  id        {schedule.id}"
    yield f"  when      {_when(schedule)}{f': {explained}' if explained else ''}"
    yield f"  next      {_moment(schedule.next_at)}"
    yield f"  launches  {safe_text(schedule.target)}"
    yield f"  inputs    {safe_text(json.dumps(schedule.inputs, ensure_ascii=False), limit=NOTE)}"
    for name, value in schedule.options.items():
        yield f"  {name:8}  {safe_text(json.dumps(value, ensure_ascii=False), limit=NOTE)}"
    yield f"  missed    {schedule.missed}"
    yield f"  overlap   {schedule.overlap}"
    yield f"  made by   {safe_text(schedule.who)}, {_moment(schedule.created_at)}"


def _say_next(when: When, options: argparse.Namespace, streams: Streams) -> None:
    from engine.schedule import zone_of
    from engine.task import now

    zone = zone_of(when.zone)
    times = [at.astimezone(zone) for at in when.upcoming(now(), min(max(options.number, 1), 1_000))]
    if options.json:
        streams.say(json.dumps([at.isoformat() for at in times]))
        return
    if explained := when.explained():
        streams.note(f"{explained} ({when.zone})")
    for at in times:
        streams.say(f"{at:%a %Y-%m-%d %H:%M:%S %Z}")


def _when(schedule: Schedule) -> str:
    zone = "" if schedule.when.kind == "every" else f" ({schedule.when.zone})"
    return safe_text(f"{schedule.when.words}{zone}")


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at is not None else "–"


def _stamp(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def as_data(schedule: Schedule, last: Time | None = None) -> dict[str, Any]:
    """A schedule as `--json` prints it."""
    return {
        "id": schedule.id,
        "name": schedule.name,
        "executor": schedule.target,
        "kind": schedule.when.kind,
        "rule": schedule.when.rule,
        "zone": schedule.when.zone,
        "inputs": schedule.inputs,
        **schedule.options,
        "missed": schedule.missed,
        "overlap": schedule.overlap,
        "paused": schedule.paused,
        "user": schedule.who,
        "created_at": _stamp(schedule.created_at),
        "next_at": _stamp(schedule.next_at),
        "last": _time_data(last) if last is not None else None,
    }


def _time_data(time: Time) -> dict[str, Any]:
    return {
        "due_at": _stamp(time.due_at),
        "outcome": time.outcome,
        "run": time.run_id,
        "status": str(time.status) if time.status is not None else None,
        "note": time.note,
    }
