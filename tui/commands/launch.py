"""`taskdeck run`: launch an executor or a flow, tell what happens while it runs, and print its result."""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from engine.catalogue import ExecutorSpec, Launchable
from tui.commands.desk import SHORT_ID, Desk, Stopped, open_desk
from tui.commands.entries import checked, dangers_in, find_entry, is_file_name, problems_of
from tui.commands.exits import CANCELLED, FINE, REFUSED, WRONG_USE, leave
from tui.commands.given_inputs import read_inputs, with_keys
from tui.commands.streams import Streams
from tui.commands.watch import Watch, say_result
from tui.text import safe_text

if TYPE_CHECKING:
    from engine import FlowSpec, Settings, Task


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Exit code 0, 1, 2, 3 or 4 as the help says."""
    given = read_inputs(options.inputs_file, streams)
    if options.detach:
        return _detach(options, given, streams)
    try:
        code, is_abandoned = asyncio.run(_run(options, settings, given, streams))
    except Stopped:
        streams.note("cancelled before it began")
        return CANCELLED
    if is_abandoned:
        leave(code)
    return code


async def _run(
    options: argparse.Namespace, settings: Settings, given: dict[str, Any], streams: Streams
) -> tuple[int, bool]:
    """The exit code, and whether code was left behind that does not stop."""
    async with open_desk(options, settings, streams) as desk:
        spec = find_entry(desk.catalogue, options.id)
        await desk.engine.permit("launch", executor_id=spec.id)
        inputs = with_keys(given, options.inputs, spec)
        if wrong := problems_of(desk.catalogue, spec):
            streams.note(f"{spec.id} cannot be launched: {wrong[0]}")
            for each in wrong[1:]:
                streams.note(each)
            return REFUSED, False
        if problems := checked(spec, inputs):
            for problem in problems:
                streams.note(f"{spec.id}: {problem}")
            streams.note("inputs are set by --input KEY=VALUE, or --inputs FILE")
            return WRONG_USE, False
        dangers = dangers_in(desk.catalogue, spec)
        if dangers and not options.yes and not _is_sure(spec, dangers, inputs, streams):
            return REFUSED, False
        code = await _launch(desk, options, spec, inputs, streams)
        return code, bool(desk.engine.dispatcher.abandoned)


def _is_sure(spec: Launchable, dangers: list[str], inputs: dict[str, Any], streams: Streams) -> bool:
    """Have its id typed, as the console does; without a terminal only `--yes` will do."""
    from engine.secrets import mask

    said = json.dumps(mask(spec.schema, inputs), ensure_ascii=False)
    if spec.id not in dangers:
        streams.note(f"{spec.id} runs what is marked as dangerous: {', '.join(dangers)}; it gets {said}")
    else:
        streams.note(f"{spec.id} is marked as dangerous; it gets {said}")
    typed = streams.ask(f"type {spec.id} to run it:")
    if typed is None:
        streams.note("not run: nobody can be asked here, and --yes was not given")
    elif typed != spec.id:
        streams.note("not run")
    return typed == spec.id


async def _launch(
    desk: Desk, options: argparse.Namespace, spec: ExecutorSpec | FlowSpec, inputs: dict[str, Any], streams: Streams
) -> int:
    engine = desk.engine
    watch = Watch(streams, quiet=options.quiet)
    unsubscribe = engine.bus.subscribe(watch.hear)
    try:
        task = await engine.launch(
            spec if is_file_name(options.id) and not isinstance(spec, ExecutorSpec) else spec.id,
            inputs,
            priority=options.priority,
            params=_params(options),
            idempotency_key=options.key,
            label=options.label,
            dry_run=options.dry_run,
        )
        watch.follow(task.run_id)
        if options.announce:
            streams.say(task.run_id)
        if not await desk.finished(task.run_id):
            streams.note("cancelling; Ctrl+C again ends at once")
            await engine.cancel(task.id)
    finally:
        unsubscribe()
    return await say_outcome(desk, task, options, streams)


async def say_outcome(desk: Desk, task: Task, options: argparse.Namespace, streams: Streams) -> int:
    """Print how the run of `task` ended, with the task's own result, or those of its flow; returns the exit code."""
    await desk.engine.store.writer.flush()
    whole = await desk.engine.task(task.id) or task
    status = await desk.status(task.run_id)
    tasks = [each for each in await desk.engine.tree(task.run_id) if "flow" in whole.params and each.id != task.id]
    parts = [await desk.engine.task(each.id) or each for each in tasks]
    code = say_result(whole, status, streams, as_json=options.json, parts=parts)
    failed = next((part for part in parts if part.status == "failed"), None)
    if failed is not None and not (options.json or options.quiet):
        node = safe_text(str(failed.params.get("flow_id") or failed.id[:SHORT_ID]))
        streams.note(f"to go on where it failed: taskdeck rerun {task.run_id[:SHORT_ID]} --from {node}")
    return code


def _params(options: argparse.Namespace) -> dict[str, Any] | None:
    given = {"tags": options.tags or None, "timeout": options.timeout, "retries": options.retries}
    return {name: value for name, value in given.items() if value is not None} or None


def _detach(options: argparse.Namespace, given: dict[str, Any], streams: Streams) -> int:
    """Have a process of its own do it, and print the id by which `show`, `log` and `cancel` find it.

    It is printed once the task is stored; where it was refused, what that process said is told, and its exit code is
    ours. The inputs go through a pipe: a command line can be read by everybody.
    """
    command = [sys.executable, "-m", "tui"]
    command += ["--read-only"] if options.read_only else []
    command += ["--group", options.group] if options.group is not None else []
    for folder in options.executors:
        command += ["--executors", folder]
    command += ["run", options.id, "--inputs", "-", "--quiet", "--announce"]
    if options.store_file:
        command += ["--store", str(options.store_file)]
    for name in ("label", "key", "priority", "timeout", "retries"):
        if (value := getattr(options, name)) is not None:
            command += [f"--{name}", str(value)]
    for tag in options.tags:
        command += ["--tag", tag]
    command += [f"--{name.replace('_', '-')}" for name in ("dry_run", "yes") if getattr(options, name)]
    for key, text in options.inputs:
        command += ["--input", f"{key}={text}"]
    pipe = subprocess.PIPE
    own = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
    assert own.stdin is not None and own.stdout is not None and own.stderr is not None
    with suppress(BrokenPipeError):  # it refused before it read them, and says so below
        own.stdin.write(json.dumps(given).encode())
        own.stdin.close()
    if task_id := own.stdout.readline().decode().strip():
        streams.say(json.dumps({"id": task_id, "run_id": task_id, "detached": True}) if options.json else task_id)
        return FINE
    for line in own.stderr.read().decode("utf-8", "replace").splitlines():
        streams.note(line)
    return own.wait()
