"""From a launch dialog's answer to a task; all of it runs on the engine's loop, and a refusal loses nothing typed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import TaskdeckError
from engine.references import IN_PARAMS
from engine.task import Task, TaskTreeNode, now

if TYPE_CHECKING:
    from engine import Engine
    from engine.flow import FlowSpec
    from engine.schedule import Schedule
    from tui.screens.launch_request import LaunchRequest

SCHEDULED = ("priority", "label", "tags", "timeout", "retries")
"""The launch options that a schedule keeps."""


class Started(NamedTuple):
    """The task, and whether it was there before: its idempotency key had it already (8.2)."""

    task: Task
    is_old: bool = False


@asynccontextmanager
async def keeping(engine: Engine, request: LaunchRequest) -> AsyncIterator[None]:
    """What was typed becomes the draft where the engine refuses it, and is no draft any more where it does not."""
    try:
        yield
    except TaskdeckError:
        await engine.presets.keep_draft(
            request.executor_id, request.inputs, request.options.given, schema=request.schema
        )
        raise
    if request.drafted:
        await engine.presets.drop_draft(request.executor_id)


async def launch(engine: Engine, request: LaunchRequest, flow: FlowSpec | None = None) -> Started:
    """A new task of one executor, or run of a flow of the catalogue; or of `flow`, which need not be in there."""
    options, began = request.options, now()
    async with keeping(engine, request):
        task = await engine.launch(
            flow or request.executor_id,
            request.inputs,
            priority=options.priority,
            params=options.params() or None,
            idempotency_key=options.idempotency_key,
            label=options.label,
            dry_run=options.dry_run,
        )
    return Started(task, options.idempotency_key is not None and task.created_at < began)


async def rerun(engine: Engine, task: Task, request: LaunchRequest, shown: Mapping[str, Any] | None = None) -> Started:
    """The task again, with the request's inputs and options.

    `shown` is what the form began with where that were not the task's own inputs: what was not changed of it stays as
    the task has it, a reference too.
    """
    inputs = request.inputs if shown is None else _changed(task.inputs, shown, request.inputs)
    params = request.options.params(task.params)
    async with keeping(engine, request):
        if (request.options.priority, params) != (task.priority, dict(task.params)):
            await engine.adjust(task.id, priority=request.options.priority, params=params)
        return Started(await engine.rerun(task.id, inputs=inputs))


def _changed(own: Mapping[str, Any], shown: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The task's own inputs with what was changed of `shown`; None for nothing."""
    if given == shown:
        return None
    kept = {name: value for name, value in own.items() if name in given and given[name] == shown.get(name)}
    return kept | {name: value for name, value in given.items() if name not in shown or value != shown[name]}


async def clone(engine: Engine, original: Task, request: LaunchRequest) -> Started:
    """A new task like `original`, with the request's inputs and options."""
    options, began = request.options, now()
    async with keeping(engine, request):
        task = engine.new_task(
            original.name,
            inputs=request.inputs,
            priority=options.priority,
            params=options.params({key: original.params[key] for key in original.params if key not in IN_PARAMS}),
            schemas=original.schemas,
            user_id=engine.settings.user,
            idempotency_key=options.idempotency_key,
        )
        task.original_task_id = original.id
        run_id = await engine.submit(TaskTreeNode(task), label=options.label, dry_run=options.dry_run)
        found = task if run_id == task.id else await engine.task(run_id)
    return Started(found or task, found is not None and found is not task and found.created_at < began)


async def clone_tree(engine: Engine, task_id: str) -> Started:
    """A copy of a task and all under it."""
    tree = await engine.copy(task_id)
    await engine.submit(tree)
    return Started(tree.task)


async def keep_schedule(engine: Engine, request: LaunchRequest, former: Schedule | None) -> Schedule:
    """The schedule that the request's options say, in the place of `former` where that is given.

    Raises `TaskError` for one that cannot be; the draft is kept then.
    """
    from tui.forms.schedule_options import rule_of

    given = request.options.schedule or {}
    beside = {name: value for name, value in request.options.given.items() if name in SCHEDULED}
    async with keeping(engine, request):
        made = engine.schedules.made(
            str(given["name"]),
            request.executor_id,
            rule_of(given),
            request.inputs,
            options=beside,
            missed=given.get("missed", "once"),
            overlap=given.get("overlap", "skip"),
            paused=former is not None and former.paused,
        )
        return await (engine.schedules.change(former, made) if former else engine.schedules.add(made))
