"""`taskdeck cancel`, `pause` and `resume`: what is done to tasks that other processes run."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import TYPE_CHECKING

from tui.commands.desk import find_task, open_store
from tui.commands.exits import FINE, REFUSED, one_or_all
from tui.commands.streams import Streams

if TYPE_CHECKING:
    from engine import Engine, Settings


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """0 where all was done, 4 where one was refused; each is told in a line."""
    return asyncio.run(_steer(options, settings, streams))


async def _steer(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    from engine import TaskdeckError

    code = FINE
    done: list[dict[str, str]] = []
    async with open_store(options, settings) as engine:
        if not options.tasks:
            await (engine.pause if options.command == "pause" else engine.resume)()
            done.append({"queue": f"{options.command}d", "message": f"the queue is {options.command}d"})
        for given in options.tasks:
            try:
                said = await _act(engine, options, given)
            except TaskdeckError as refusal:
                said = {"status": "refused", "message": str(refusal)}
            if said["status"] in ("failed", "refused"):
                code = REFUSED
            done.append({"task": given, **said})
            if not options.json:
                streams.say(f"{given}: {said['message']}")
    if options.json:
        streams.say(json.dumps(one_or_all(done)))
    elif not options.tasks:
        streams.say(done[0]["message"])
    return code


async def _act(engine: Engine, options: argparse.Namespace, given: str) -> dict[str, str]:
    task = await find_task(engine, given)
    if options.command == "cancel":
        return {name: str(value) for name, value in (await engine.cancel(task.id, only=options.only)).items()}
    await (engine.pause if options.command == "pause" else engine.resume)(task.run_id)
    return {"status": f"{options.command}d", "message": f"its run is {options.command}d"}
