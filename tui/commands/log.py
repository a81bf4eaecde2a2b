"""`taskdeck log`: what a task wrote, and with `-f` what it goes on to write."""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from tui.commands.desk import find_task, open_store
from tui.commands.exits import FINE
from tui.commands.streams import Streams
from tui.commands.trial import on_signals

if TYPE_CHECKING:
    from engine import LogLine, Settings

LOOK_EVERY = 0.2
"""Seconds between two looks at a log that is followed."""


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Raises `TaskError` for a task that is not there. Ctrl+C ends a log that is followed, which is no fault."""
    asyncio.run(_log(options, settings, streams))
    return FINE


async def _log(options: argparse.Namespace, settings: Settings, streams: Streams) -> None:
    async with open_store(options, settings) as engine:
        task = await find_task(engine, options.task)
        stop = asyncio.Event()
        if options.follow:
            on_signals(asyncio.get_running_loop(), stop)
        said, attempt = 0, options.attempt
        while True:
            task = await find_task(engine, task.id)
            if not options.attempt and attempt != task.attempt:
                said, attempt = 0, task.attempt
            has_ended = task.is_terminal
            lines = await engine.log(task.id, attempt=attempt)
            if options.json and not options.follow:
                streams.say(json.dumps([_as_data(line) for line in lines]))
                return
            for line in lines[said:]:
                _say(line, options, streams)
            said = len(lines)
            if not options.follow or has_ended or stop.is_set():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY)


def _say(line: LogLine, options: argparse.Namespace, streams: Streams) -> None:
    if options.json:
        streams.say(json.dumps(_as_data(line)))
    elif options.times:
        streams.say(f"{datetime.fromtimestamp(line.at):%H:%M:%S.%f}"[:-3] + f" {line.text}")
    else:
        streams.say(line.text)


def _as_data(line: LogLine) -> dict[str, str]:
    at = datetime.fromtimestamp(line.at).astimezone().isoformat()
    return {"at": at, "stream": str(line.stream), "text": line.text}
