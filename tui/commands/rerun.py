"""`taskdeck rerun`: run a task and what depends on it again, with other inputs where they are given."""

from __future__ import annotations

import argparse
import asyncio
import difflib
from typing import TYPE_CHECKING, Any

from tui.commands.desk import SHORT_ID, Stopped, find_task, open_desk
from tui.commands.exits import CANCELLED, REFUSED, WRONG_USE
from tui.commands.given_inputs import with_keys
from tui.commands.launch import say_outcome
from tui.commands.streams import Streams
from tui.commands.watch import Watch

if TYPE_CHECKING:
    from engine import Engine, Settings, Task


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """The exit codes of `run`. Raises `TaskError` for what cannot be run again."""
    try:
        return asyncio.run(_rerun(options, settings, streams))
    except Stopped:
        return CANCELLED


async def _rerun(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    async with open_desk(options, settings, streams) as desk:
        engine = desk.engine
        named = await find_task(engine, options.task)
        task = await _node(engine, named, options.node) if options.node is not None else named
        spec = desk.catalogue.entry(task.executor_id)
        await engine.permit("rerun", executor_id=task.executor_id, task_id=task.id)
        if spec is not None and spec.is_dangerous and not options.yes:
            streams.note(f"{spec.id} is marked as dangerous: give --yes to run it again")
            return REFUSED
        inputs: dict[str, Any] | None = None
        if options.inputs:
            inputs = with_keys(task.inputs, options.inputs, spec)
            problems = spec.checker.problems(spec.checker.with_defaults(inputs)) if spec is not None else []
            if problems and not (task.dependencies or task.has_references):
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
        return await say_outcome(desk, named, options, streams)


async def _node(engine: Engine, named: Task, given: str) -> Task:
    """The task of that run which `given` names: its id, the beginning of one, its id in the flow, or its name.

    Raises `TaskError` for none, with near ones, and for what several share.
    """
    from engine import TaskError

    tree = await engine.tree(named.run_id)
    for matches in (
        lambda each: given in (each.id, each.params.get("flow_id")),
        lambda each: each.name == given,
        lambda each: given and each.id.startswith(given),
    ):
        found = [each for each in tree if matches(each)]
        if len(found) == 1:
            whole = await engine.task(found[0].id)
            assert whole is not None
            return whole
        if found:
            ids = ", ".join(each.id[:SHORT_ID] for each in found[:4])
            raise TaskError(f"'{given}' names {len(found)} tasks of this run: {ids}", "Give the id of one")
    names = [str(each.params.get("flow_id") or each.name) for each in tree]
    near = difflib.get_close_matches(given, names, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"`taskdeck show {named.run_id[:SHORT_ID]}` lists them"
    raise TaskError(f"there is no task '{given}' in this run", hint)
