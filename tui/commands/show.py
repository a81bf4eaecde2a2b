"""`taskdeck show`: a task with its tree, its inputs and its outcome."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tui.commands.desk import SHORT_ID, find_task, open_store
from tui.commands.exits import FINE
from tui.commands.streams import Streams
from tui.commands.watch import as_data
from tui.text import safe_text

if TYPE_CHECKING:
    from engine import Settings, Task

SIGNS = {"completed": "✔", "failed": "✗", "cancelled": "⊘", "in_progress": "◐", "pending": "○"}
NAME = 60
VALUE = 2_000


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Raises `TaskError` for a task that is not there."""
    asyncio.run(_show(options, settings, streams))
    return FINE


async def _show(options: argparse.Namespace, settings: Settings, streams: Streams) -> None:
    async with open_store(options, settings) as engine:
        task = await find_task(engine, options.task)
        tree = await engine.tree(task.run_id)
        if options.json:
            below = {row.parent_id for row in tree}
            data = as_data(task)
            if task.id in below:
                data["tree"] = [as_data(row) for row in tree if row.id != task.id]
            streams.say(json.dumps(data))
            return
        for line in (*head(task), *branch(tree, task)):
            streams.say(line)


def head(task: Task) -> Iterator[str]:
    """What is known of one task, a line each."""
    yield f"{SIGNS[task.status]} {safe_text(task.name, limit=NAME)}  {task.status}"
    yield f"  id        {task.id}"
    if task.run_id != task.id:
        yield f"  run       {task.run_id}"
    for name, moment in (("made", task.created_at), ("began", task.started_at), ("ended", task.completed_at)):
        if moment is not None:
            yield f"  {name:8}  {moment.astimezone():%Y-%m-%d %H:%M:%S}"
    if task.attempt > 1:
        yield f"  attempt   {task.attempt}"
    if task.user_id:
        yield f"  user      {safe_text(task.user_id)}"
    yield f"  inputs    {_brief(task.effective_inputs or task.inputs)}"
    if task.is_asking:
        title = (task.effective_inputs or {}).get("title", "")
        yield f"  asks      {safe_text(title, limit=NAME)}: taskdeck answer {task.id[:SHORT_ID]}"
    if task.error:
        yield f"  error     {safe_text(task.error, limit=VALUE)}"
    if task.result is not None:
        yield f"  result    {_brief(task.result)}"


def branch(tree: Sequence[Task], top: Task) -> Iterator[str]:
    """What stands below `top`, indented, in the order in which it was made."""
    children: dict[str | None, list[Task]] = {}
    for row in tree:
        children.setdefault(row.parent_id, []).append(row)
    waiting = [(child, 1) for child in reversed(children.get(top.id, []))]
    while waiting:
        row, depth = waiting.pop()
        told = f"skipped: {row.progress_message}" if row.skipped else row.error
        why = f"  {safe_text(told, limit=120)}" if told else ""
        yield f"{'  ' * depth}{SIGNS[row.status]} {row.id[:SHORT_ID]}  {safe_text(row.name, limit=NAME)}{why}"
        waiting += [(child, depth + 1) for child in reversed(children.get(row.id, []))]


def _brief(value: Any) -> str:
    return safe_text(json.dumps(value, ensure_ascii=False), limit=VALUE)
