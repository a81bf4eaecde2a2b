"""`taskdeck export`, `import` and `prune`: runs as JSON lines, and the end of old ones."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

from tui.commands.desk import find_task, open_store, store_settings
from tui.commands.exits import FINE, count
from tui.commands.given_inputs import STDIN
from tui.commands.streams import Streams

if TYPE_CHECKING:
    from engine import Settings

LARGEST = 2**34
"""Bytes read of an import on stdin."""


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Raises `StoreError` naming the line of an import that is wrong, and for limits of `prune` that are none."""
    command = {"export": _export, "import": _import, "prune": _prune}[options.command]
    asyncio.run(command(options, settings, streams))
    return FINE


async def _export(options: argparse.Namespace, settings: Settings, streams: Streams) -> None:
    from engine import RunFilter

    async with open_store(options, settings) as engine:
        if options.tasks:
            runs: RunFilter | list[str] = [(await find_task(engine, given)).run_id for given in options.tasks]
        else:
            runs = RunFilter(text=" ".join(options.words or ()))
        async for line in engine.export(runs):
            streams.say_raw(line)


async def _import(options: argparse.Namespace, settings: Settings, streams: Streams) -> None:
    from engine import Engine, SettingsError

    try:
        if options.file == STDIN:
            lines = streams.read(LARGEST).decode("utf-8").splitlines()
        else:
            lines = Path(options.file).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"cannot read {options.file}: {why}") from error
    engine = Engine(store_settings(options, settings), take_over=False)
    await engine.start()
    try:
        done = await engine.import_lines(lines)
    finally:
        await engine.stop()
    if options.json:
        streams.say(json.dumps({"imported": done.runs, "skipped": done.skipped}))
    streams.note(f"{count(done.runs, 'run')} imported, {done.skipped} were here already")


async def _prune(options: argparse.Namespace, settings: Settings, streams: Streams) -> None:
    from engine import SettingsError

    days = options.days if options.days is not None else settings.keep_days or None
    runs = options.runs if options.runs is not None else settings.keep_runs or None
    if days is None and runs is None:
        raise SettingsError("nothing says what to keep", "Give --days or --runs, or set keep_days or keep_runs")
    async with open_store(options, settings) as engine:
        gone = await engine.prune(days=days, runs=runs)
    if options.json:
        streams.say(json.dumps({"runs": gone.runs, "tasks": gone.tasks}))
    else:
        streams.say(f"deleted {count(gone.runs, 'run')} with {count(gone.tasks, 'task')}")
