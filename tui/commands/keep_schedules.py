"""`taskdeck schedule run`: a process without a screen that launches what is due."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import TYPE_CHECKING

from tui.commands.desk import SHORT_ID, store_settings
from tui.commands.exits import FINE, PROBLEMS, leave
from tui.commands.folders import folders_of, require
from tui.commands.streams import Streams
from tui.commands.trial import first, log_to, on_signals
from tui.text import safe_text

if TYPE_CHECKING:
    from engine import Engine, Event, Settings

LOOK = 0.1
"""Seconds between two looks at what of `--once` is left."""
NAME = 60


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """0 once it was told to end, or after `--once` where all completed; 1 where a run of `--once` did not."""
    code, is_abandoned = asyncio.run(_run(options, store_settings(options, settings), streams))
    if is_abandoned:
        leave(code)
    return code


async def _run(options: argparse.Namespace, settings: Settings, streams: Streams) -> tuple[int, bool]:
    from engine import Engine
    from engine.runners.loop_thread import LoopThreadRunner

    require(options.executors)
    stop = asyncio.Event()
    on_signals(asyncio.get_running_loop(), stop)
    engine = Engine(
        settings,
        folders_of(options.executors, settings),
        runner=LoopThreadRunner(),
        take_over=not options.once,
        keep_schedules=not options.once,
    )
    told = Told(streams, as_json=options.json, as_list=options.once)
    engine.bus.subscribe(told.hear)
    with log_to(streams):
        await engine.start()
        try:
            work = _once(engine, streams) if options.once else _for_ever(engine, streams)
            if not await first(work, stop):
                streams.note("ending: nothing new is begun; a second signal ends at once")
                await engine.wind_down(max(options.wait, 0.0))
        finally:
            await engine.stop()
    told.end()
    return (PROBLEMS if options.once and told.failed else FINE), bool(engine.dispatcher.abandoned)


async def _for_ever(engine: Engine, streams: Streams) -> None:
    """Say who keeps the schedules whenever that changes; ends never."""
    said = None
    while True:
        keeper = await engine.schedules.keeper()
        if keeper is not None and keeper != said:
            said = keeper
            own = f"this process keeps the schedules: {len(await engine.schedules.all())} of them"
            other = "another process keeps the schedules; this one goes on when that ends"
            streams.note(own if keeper == engine.store.lease.id else other)
        await asyncio.sleep(0.5)


async def _once(engine: Engine, streams: Streams) -> None:
    """Launch what is due, and wait until all of it has ended."""
    from engine.task import now

    while not engine.is_loaded:  # noqa: ASYNC110 - the catalogue wakes nobody here
        await asyncio.sleep(LOOK)
    if not await engine.timekeeper.take():
        streams.note("another process keeps the schedules: nothing was done")
        return
    while await engine.timekeeper.look(now()) or engine.dispatcher.trees:
        await asyncio.sleep(LOOK)
        await engine.store.writer.flush()


class Told:
    """A line for each run of a schedule that begins and ends; `failed` says whether one did not complete.

    As JSON an object a line, or with `as_list` one list at the end.
    """

    def __init__(self, streams: Streams, *, as_json: bool, as_list: bool) -> None:
        self._streams = streams
        self._as_json = as_json
        self._list: list[dict[str, str]] | None = [] if as_json and as_list else None
        self.failed = False

    def end(self) -> None:
        if self._list is not None:
            self._streams.say(json.dumps(self._list))

    def hear(self, event: Event) -> None:
        task = event.task
        if event.kind == "notice":
            self.failed = True
            self._streams.note(safe_text(str(event.data)))
        if task is None or task.id != task.run_id or event.kind not in ("created", "tree_finished"):
            return
        tags = task.params.get("tags") or []
        schedule = next((tag.partition(":")[2] for tag in tags if str(tag).startswith("schedule:")), None)
        if schedule is None:
            return
        status = "launched" if event.kind == "created" else str(event.data)
        self.failed = self.failed or status not in ("launched", "completed")
        data = {"schedule": schedule, "run": task.run_id, "status": status}
        if self._list is not None:
            self._list.append(data)
        elif self._as_json:
            self._streams.say(json.dumps(data))
        else:
            name = safe_text(schedule, limit=NAME)
            self._streams.say(f"{name}: {task.run_id[:SHORT_ID]} {safe_text(task.name, limit=NAME)} {status}")
