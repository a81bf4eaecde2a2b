"""`taskdeck log`: what a task and those below it wrote, and with `-f` what they go on to write."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from tui.commands.desk import find_task, open_store
from tui.commands.exits import FINE
from tui.commands.streams import Streams
from tui.commands.trial import on_signals
from tui.text import safe_text

if TYPE_CHECKING:
    from engine import Engine, LogLine, Settings, Task

LOOK_EVERY = 0.2
"""Seconds between two looks at a log that is followed."""
NAME = 40


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
        reader = Reader(engine, task, options.attempt)
        while True:
            ended = (await find_task(engine, task.id)).is_terminal  # looked at first: what it wrote last is read too
            found = await reader.news()
            if options.json and not options.follow:
                streams.say(json.dumps([_as_data(by, line) for by, line in found]))
            else:
                for by, line in found:
                    streams.say(json.dumps(_as_data(by, line)) if options.json else _words(by, line, options, task))
            if not options.follow or ended or stop.is_set():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY)


class Reader:
    """Gives what a task and all below it wrote, each line once, in the order of time; a former attempt's alone."""

    def __init__(self, engine: Engine, top: Task, attempt: int | None) -> None:
        self._engine = engine
        self._top = top
        self._attempt = attempt
        self._said: dict[tuple[str, int], int] = {}
        self._over: set[tuple[str, int]] = set()
        """Attempts that have ended and were read to the end."""

    async def news(self) -> list[tuple[Task, LogLine]]:
        """The lines since the last call, with the task that wrote each."""
        found: list[tuple[Task, LogLine]] = []
        tree = await self._engine.tree(self._top.run_id)
        for task in [self._top] if self._attempt else list(_below(tree, self._top.id)):
            key = task.id, self._attempt or task.attempt
            if key in self._over or not key[1]:
                continue
            lines = await self._engine.log(task.id, attempt=key[1])
            found += [(task, line) for line in lines[self._said.get(key, 0) :]]
            self._said[key] = len(lines)
            if task.is_terminal:
                self._over.add(key)
        return sorted(found, key=lambda each: each[1].at)


def _below(tree: list[Task], top_id: str) -> Iterator[Task]:
    """A task and all that stand under it, parents first."""
    children: dict[str | None, list[Task]] = {}
    for task in tree:
        children.setdefault(task.parent_id, []).append(task)
    todo = [task for task in tree if task.id == top_id]
    while todo:
        task = todo.pop()
        yield task
        todo += reversed(children.get(task.id, []))


def _words(by: Task, line: LogLine, options: argparse.Namespace, top: Task) -> str:
    """The line; those of the tasks below with their names, as `run` tells them."""
    name = "" if by.id == top.id else f"{safe_text(by.name, limit=NAME)} | "
    at = f"{datetime.fromtimestamp(line.at):%H:%M:%S.%f}"[:-3] + " " if options.times else ""
    return f"{at}{name}{line.text}"


def _as_data(by: Task, line: LogLine) -> dict[str, str]:
    at = datetime.fromtimestamp(line.at).astimezone().isoformat()
    return {"at": at, "task": by.id, "name": by.name, "stream": str(line.stream), "text": line.text}
