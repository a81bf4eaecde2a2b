"""`taskdeck rerun`: run a task and what depends on it again, with other inputs where they are given."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING, Any

from engine.references import has_references
from tui.commands.desk import Stopped, find_task, open_desk
from tui.commands.exits import CANCELLED, REFUSED, WRONG_USE
from tui.commands.given_inputs import with_keys
from tui.commands.streams import Streams
from tui.commands.watch import Watch, say_result

if TYPE_CHECKING:
    from engine import Settings


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """The exit codes of `run`. Raises `TaskError` for what cannot be run again."""
    try:
        return asyncio.run(_rerun(options, settings, streams))
    except Stopped:
        return CANCELLED


async def _rerun(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    async with open_desk(options, settings, streams) as desk:
        engine = desk.engine
        task = await find_task(engine, options.task)
        spec = desk.catalogue.entry(task.executor_id)
        await engine.permit("rerun", executor_id=task.executor_id, task_id=task.id)
        if spec is not None and spec.is_dangerous and not options.yes:
            streams.note(f"{spec.id} is marked as dangerous: give --yes to run it again")
            return REFUSED
        inputs: dict[str, Any] | None = None
        if options.inputs:
            inputs = with_keys(task.inputs, options.inputs, spec)
            problems = spec.checker.problems(spec.checker.with_defaults(inputs)) if spec is not None else []
            if problems and not (task.dependencies or has_references(task)):
                for problem in problems:
                    streams.note(f"{task.executor_id}: {problem}")
                return WRONG_USE
        watch = Watch(streams, quiet=options.quiet)
        watch.follow(task.run_id)
        unsubscribe = engine.bus.subscribe(watch.hear)
        try:
            await engine.rerun(task.id, inputs=inputs)
            if not await desk.finished(task.run_id):
                await engine.cancel(task.run_id)
        finally:
            unsubscribe()
        await engine.store.writer.flush()
        status = await desk.status(task.run_id)
        return say_result(await find_task(engine, task.id), status, streams, as_json=options.json)
