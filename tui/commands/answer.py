"""`taskdeck answer`: answer what a task asks of a person, or list what waits."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.commands.desk import SHORT_ID, find_task, open_store
from tui.commands.exits import FINE, REFUSED, WRONG_USE
from tui.commands.given_inputs import read_inputs, with_schema
from tui.commands.streams import Streams
from tui.text import safe_text

if TYPE_CHECKING:
    from engine import Engine, Settings, Task
    from engine.answers import Asked

TITLE = 80
TEXT = 2_000
SEVERAL = 5
"""Tasks that ask which are named where it is not said which one is meant."""


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """0 answered, 2 where it is not said how, 4 refused. Raises `TaskError` for a task that is not there."""
    return asyncio.run(_answer(options, settings, streams))


async def _answer(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    from engine import TaskError

    given = read_inputs(options.inputs_file, streams)
    async with open_store(options, settings) as engine:
        if options.task is None:
            return await _list(options, engine, streams)
        task = await _asking(engine, await find_task(engine, options.task))
        try:
            asked = await engine.answers.question(task.id)
            if not (options.approve or options.reject):
                return _show(options, asked, streams)
            values = with_schema(given, options.inputs, asked.question.schema)
            said = await engine.answers.give(
                task.id, options.approve, values, reason=options.reason, who=engine.settings.user
            )
        except TaskError as refusal:
            if options.json:
                streams.say(json.dumps({"task": task.id, "status": "refused", "message": str(refusal)}))
            streams.note(str(refusal))
            return REFUSED
    rest = "it goes on" if said.is_run else "it goes on when a console opens the store, or `taskdeck schedule run`"
    if options.json:
        streams.say(json.dumps({"task": task.id, "status": "answered", "is_run": said.is_run, **said.answer.as_data()}))
    else:
        streams.say(f"{task.id[:SHORT_ID]}: {said.answer.words()}; {rest}")
    return FINE


async def _asking(engine: Engine, task: Task) -> Task:
    """The task itself, or the one that asks in the run that it is the root of: `latest` names a run, not its step.

    Raises `TaskError` where several of the run ask.
    """
    from engine import TaskError

    if task.is_asking or task.id != task.run_id:
        return task
    waiting = [asked for asked in await engine.answers.waiting() if asked.task.run_id == task.run_id]
    if len(waiting) > 1:
        listed = ", ".join(f"{asked.task.id[:SHORT_ID]} ({asked.task.name})" for asked in waiting[:SEVERAL])
        raise TaskError(f"{len(waiting)} tasks of this run wait for an answer: {listed}", "Name one of them")
    return waiting[0].task if waiting else task


async def _list(options: argparse.Namespace, engine: Engine, streams: Streams) -> int:
    if options.approve or options.reject:
        streams.note("say which task: `taskdeck answer` lists what waits")
        return WRONG_USE
    waiting = await engine.answers.waiting()
    if options.json:
        streams.say(json.dumps([as_data(asked) for asked in waiting]))
        return FINE
    for asked in waiting:
        streams.say(_line(asked))
    if not waiting:
        streams.note("nothing waits for an answer")
    return FINE


def _show(options: argparse.Namespace, asked: Asked, streams: Streams) -> int:
    """What is asked; a person who gave no verdict may not know it."""
    if options.json:
        streams.say(json.dumps(as_data(asked)))
        return FINE
    for line in _lines(asked):
        streams.say(line)
    streams.note(f"answer with {' or '.join(f'--{option}' for option in asked.question.options)}")
    return FINE


def as_data(asked: Asked) -> dict[str, Any]:
    """A question as `--json` prints it."""
    question = asked.question
    return {
        "task": asked.task.id,
        "run": asked.task.run_id,
        "name": asked.task.name,
        "title": question.title,
        "text": question.text,
        "schema": question.schema if question.has_form else None,
        "options": list(question.options),
        "users": list(question.users),
        "asked_at": asked.since.isoformat(),
        "deadline": asked.deadline.isoformat() if asked.deadline is not None else None,
    }


def _line(asked: Asked) -> str:
    who = f"  asks {safe_text(', '.join(asked.question.users), limit=40)}" if asked.question.users else ""
    return (
        f"{asked.task.id[:SHORT_ID]}  {_time(asked.since)}  {safe_text(asked.question.title, limit=TITLE)}"
        f"{who}{_until(asked)}"
    )


def _until(asked: Asked) -> str:
    if asked.deadline is None:
        return ""
    return f"  until {_time(asked.deadline)}, then {asked.question.on_timeout}"


def _time(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def _lines(asked: Asked) -> Iterator[str]:
    yield _line(asked)
    for line in asked.question.text[:TEXT].splitlines():
        yield f"  {safe_text(line)}"
    properties = asked.question.schema.get("properties", {})
    needed = asked.question.schema.get("required", ())
    for name, schema in properties.items() if isinstance(properties, dict) else ():
        about = schema.get("description") or schema.get("title") or "" if isinstance(schema, dict) else ""
        kind = schema.get("type", "") if isinstance(schema, dict) else ""
        star = "*" if name in needed else ""
        yield f"  --input {safe_text(f'{name}=…{star}  {kind}  {about}', limit=TITLE)}".rstrip()
