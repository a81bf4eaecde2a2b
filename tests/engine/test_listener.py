"""A slow reader of events (behaviour.md 6.2)."""

from __future__ import annotations

import asyncio

import pytest

from engine import Event, EventBus, EventKind, LogLine, Task
from engine.listener import LINES, Listener


async def read(listener: Listener, count: int) -> list[Event]:
    seen = []
    async for event in listener:
        seen.append(event)
        if len(seen) == count:
            break
    return seen


async def test_6_2_a_slow_reader_gets_the_newest_of_each_task_and_every_end_of_a_tree() -> None:
    bus = EventBus()
    listener = Listener(bus)
    tasks = [Task(id=f"t{i}", name="t", run_id="t0") for i in range(2)]
    for kind in (EventKind.CREATED, EventKind.QUEUED, EventKind.STARTED):
        for task in tasks:
            bus.publish(kind, task)
    bus.publish(EventKind.FINISHED, tasks[1])
    bus.publish(EventKind.FINISHED, tasks[0])
    bus.publish(EventKind.TREE_FINISHED, tasks[0], "completed")
    bus.publish(EventKind.TREE_FINISHED, tasks[0], "failed")
    seen = await asyncio.wait_for(read(listener, 4), 5)
    assert [(e.kind, e.task, e.data) for e in seen] == [
        (EventKind.FINISHED, tasks[1], None),
        (EventKind.FINISHED, tasks[0], None),
        (EventKind.TREE_FINISHED, tasks[0], "completed"),
        (EventKind.TREE_FINISHED, tasks[0], "failed"),
    ]


async def test_6_2_logs_that_wait_are_bounded_and_the_newest_stay() -> None:
    bus = EventBus()
    listener = Listener(bus)
    task = Task(id="t", name="t", run_id="t")
    for i in range(LINES + 5):
        bus.publish(EventKind.LOG, task, LogLine(0.0, "stdout", str(i)))
    seen = await asyncio.wait_for(read(listener, LINES), 5)
    assert (seen[0].data.text, seen[-1].data.text) == ("5", str(LINES + 4))


async def test_6_2_a_reader_that_stopped_is_told_nothing_more() -> None:
    bus = EventBus()
    listener = Listener(bus)
    listener.close()
    bus.publish(EventKind.CREATED, Task(id="t", name="t", run_id="t"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read(listener, 1), 0.05)
