"""Pause and resume of one tree and of the whole queue (behaviour.md 2.3, 8.3)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine import BaseTask, Engine, TaskError, TaskTreeNode
from tests.engine.support import (
    Gates,
    ended,
    finish,
    reason,
    rows,
    running,
    started,
    stored_status,
    submit,
    until,
)


async def quiet(engine: Engine) -> None:
    """Time enough for what might start."""
    for _ in range(5):
        await asyncio.sleep(0.002)
        await engine.store.writer.flush()


pytestmark = pytest.mark.usefixtures("noop")


# ── one tree ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_3_a_paused_tree_lets_run_what_runs_and_starts_nothing_new(engine: Engine, gates: Gates) -> None:
    first = engine.new_task("gate", inputs={"n": "first"})
    second = engine.new_task("noop", dependencies=[first.id])
    run_id = await submit(engine, first, second)
    await started(first)
    await engine.pause(run_id)
    assert reason(engine, second) == "waiting for gate"
    gates.open("first")
    await until(lambda: first.is_terminal)
    await quiet(engine)
    assert (first.status, second.status, reason(engine, second)) == ("completed", "pending", "paused")
    assert await finish(engine, engine.new_task("noop")) == "completed"  # another tree
    await engine.resume(run_id)
    assert await ended(engine, run_id) == "completed"
    assert second.status == "completed"


async def test_8_3_a_task_that_is_queued_already_is_held_too_and_says_so(settings, gates: Gates) -> None:
    async with running(settings, slots=1) as engine:
        hold = engine.new_task("gate", inputs={"n": "hold"})
        await submit(engine, hold)
        await started(hold)
        task = engine.new_task("noop")
        run_id = await submit(engine, task)
        assert reason(engine, task) == "queued"
        await engine.pause(run_id)
        assert reason(engine, task) == "paused"
        gates.open("hold")
        await until(lambda: hold.is_terminal)
        await quiet(engine)
        assert task.status == "pending" and engine.counts.running == 0
        await engine.resume(run_id)
        assert await ended(engine, run_id) == "completed"


async def test_8_3_pausing_and_resuming_twice_is_no_matter(engine: Engine, gates: Gates) -> None:
    first = engine.new_task("gate", inputs={"n": "first"})
    run_id = await submit(engine, first, *(engine.new_task("noop", dependencies=[first.id]) for _ in range(3)))
    for _ in range(3):
        await engine.pause(run_id)
    gates.open("first")
    await until(lambda: first.is_terminal)
    await engine.resume(run_id)
    await engine.resume(run_id)
    assert await ended(engine, run_id) == "completed"


async def test_8_3_cancel_and_skip_in_a_paused_tree(engine: Engine, gates: Gates) -> None:
    first = engine.new_task("gate", inputs={"n": "first"})
    cancelled, skipped = (engine.new_task("noop", dependencies=[first.id]) for _ in range(2))
    after = engine.new_task("noop", dependencies=[skipped.id])
    run_id = await submit(engine, first, cancelled, skipped, after)
    await engine.pause(run_id)
    await engine.skip(skipped.id)
    gates.open("first")
    await until(lambda: reason(engine, cancelled) == "paused")
    await engine.cancel(cancelled.id)
    await quiet(engine)
    assert [t.status for t in (cancelled, skipped, after)] == ["cancelled", "completed", "pending"]
    assert reason(engine, after) == "paused"
    await engine.resume(run_id)
    assert await ended(engine, run_id) == "cancelled"
    assert after.status == "completed"


async def test_8_3_a_paused_tree_may_be_cancelled_and_ends(engine: Engine) -> None:
    hold = engine.new_task("noop", params={"not_before": "2099-01-01"})
    run_id = await submit(engine, hold, engine.new_task("noop", dependencies=[hold.id]))
    await engine.pause(run_id)
    await engine.cancel(hold.id)
    assert await ended(engine, run_id) == "cancelled"


async def test_8_3_a_retry_of_a_paused_tree_waits(engine: Engine, register) -> None:
    tries: list[int] = []

    async def flaky(self: BaseTask, inputs: dict[str, Any]) -> Any:
        tries.append(1)
        if len(tries) == 1:
            await engine.pause(str(self.task_id))
            raise ValueError("first")

    register("flaky", flaky, retries=1, retry_delay=0)
    task = engine.new_task("flaky")
    run_id = await submit(engine, task)
    await until(lambda: task.attempt and reason(engine, task) == "paused")
    await quiet(engine)
    assert tries == [1]
    await engine.resume(run_id)
    assert await ended(engine, run_id) == "completed"


async def test_8_3_what_does_not_run_cannot_be_paused(engine: Engine) -> None:
    task = engine.new_task("noop")
    await finish(engine, task)
    with pytest.raises(TaskError, match="does not run here"):
        await engine.pause(task.run_id)
    with pytest.raises(TaskError, match="there is no task 'nobody'"):
        await engine.pause("nobody")
    with pytest.raises(TaskError, match="nothing of run 'noop' is left to run"):
        await engine.resume(task.run_id)
    with pytest.raises(TaskError, match="there is no task 'nobody'"):
        await engine.resume("nobody")


async def test_8_3_children_of_a_paused_tree_wait_and_their_parent_with_them(engine: Engine, gates, register) -> None:
    async def parent(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await gates.execute(self, {"n": "parent"})
        return await self.spawn("noop", {"a": 1})

    register("parent", parent)
    task = engine.new_task("parent")
    run_id = await submit(engine, task)
    await until(lambda: gates.inside)
    await engine.pause(run_id)
    gates.open("parent")
    await until(lambda: len(engine.dispatcher.nodes) == 2)
    await quiet(engine)
    child = next(n.task for n in engine.dispatcher.nodes.values() if n.task is not task)
    assert (child.status, reason(engine, child), task.status) == ("pending", "paused", "in_progress")
    await engine.resume(run_id)
    assert await ended(engine, run_id) == "completed"


# ── the whole queue ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_3_a_paused_queue_starts_nothing_at_all(engine: Engine, gates: Gates) -> None:
    first = engine.new_task("gate", inputs={"n": "first"})
    second = engine.new_task("noop", dependencies=[first.id])
    run_id = await submit(engine, first, second)
    await started(first)
    await engine.pause()
    assert engine.paused
    other = engine.new_task("noop")
    other_run = await submit(engine, other)
    gates.open("first")
    await until(lambda: first.is_terminal)
    await quiet(engine)
    assert [second.status, other.status] == ["pending", "pending"]
    assert [reason(engine, t) for t in (second, other)] == ["paused", "paused"]
    await engine.resume()
    assert not engine.paused
    assert await ended(engine, run_id) == await ended(engine, other_run) == "completed"


async def test_8_3_the_most_urgent_starts_first_after_a_pause(settings, gates: Gates) -> None:
    async with running(settings, slots=1) as engine:
        await engine.pause()
        for priority in (3, 2, 0, 1):
            await submit(engine, engine.new_task("gate", inputs={"n": str(priority)}, priority=priority))
        gates.open("0", "1", "2", "3")
        await engine.resume()
        await engine.drain()
    assert gates.entered == ["0", "1", "2", "3"]


async def test_8_3_a_tree_paused_inside_a_paused_queue_needs_both(engine: Engine) -> None:
    await engine.pause()
    task = engine.new_task("noop")
    run_id = await submit(engine, task)
    await engine.pause(run_id)
    await engine.resume()
    await quiet(engine)
    assert (task.status, reason(engine, task)) == ("pending", "paused")
    await engine.pause()
    await engine.resume(run_id)
    await quiet(engine)
    assert (task.status, reason(engine, task)) == ("pending", "paused")
    await engine.resume()
    assert await ended(engine, run_id) == "completed"


async def test_8_3_a_parent_whose_child_ends_in_a_pause_goes_on(settings, gates: Gates, register) -> None:
    async def parent(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await self.spawn("gate", {"n": "child"}, priority=0)
        return await gates.execute(self, {"n": "after"})

    register("parent", parent)
    async with running(settings, slots=1) as engine:
        task, other = engine.new_task("parent"), engine.new_task("noop", priority=0)
        run_id = await submit(engine, task)
        await until(lambda: gates.inside == ["child"])
        await engine.pause()
        await submit(engine, other)
        gates.open("child")
        await until(lambda: gates.inside == ["after"])
        gates.open("after")
        assert await ended(engine, run_id) == "completed"
        assert other.status == "pending" and engine.counts.running == 0
        await engine.resume()
        await until(lambda: other.is_terminal)


async def test_8_3_a_parent_whose_slot_was_taken_goes_on_when_the_queue_is_paused(settings, gates, register) -> None:
    async def parent(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await self.spawn("gate", {"n": "child"}, priority=0)
        return {"done": True}

    register("parent", parent)
    async with running(settings, slots=1) as engine:
        task, other = engine.new_task("parent"), engine.new_task("gate", inputs={"n": "other"}, priority=3)
        await submit(engine, task, other)
        await until(lambda: gates.inside == ["child"])
        gates.open("child")
        await until(lambda: gates.inside == ["other"] and engine.counts.queued == 1)
        assert task.status == "in_progress"
        await engine.pause()  # what runs goes on, also the parent that only lacks its slot
        await until(lambda: task.status == "completed")
        assert gates.inside == ["other"]
        gates.open("other")
        await until(lambda: not engine.dispatcher.trees)
        await engine.resume()
        assert await finish(engine, engine.new_task("noop")) == "completed"


async def test_8_3_cancel_works_in_a_paused_queue(engine: Engine) -> None:
    await engine.pause()
    task = engine.new_task("noop")
    run_id = await submit(engine, task)
    await engine.cancel(task.id)
    assert await ended(engine, run_id) == "cancelled"


# ── after a restart ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_3_the_pause_of_the_queue_survives_a_restart(settings) -> None:
    async with running(settings) as engine:
        await engine.pause()
        task = engine.new_task("noop")
        await submit(engine, task)
    async with running(settings, take_over=True) as engine:
        await quiet(engine)
        assert engine.paused and stored_status(settings.store, task.id) == "pending"
        again = engine.dispatcher.nodes[task.id].task
        assert reason(engine, again) == "paused"
        await engine.resume()
        assert await ended(engine, task.run_id) == "completed"
    async with running(settings) as engine:
        assert not engine.paused


async def test_8_3_the_pause_of_a_tree_survives_a_restart(settings, gates: Gates) -> None:
    async with running(settings) as engine:
        first = engine.new_task("gate", inputs={"n": "first"})
        second = engine.new_task("noop", dependencies=[first.id])
        run_id = await submit(engine, first, second)
        await engine.pause(run_id)
        gates.open("first")
        await until(lambda: first.is_terminal)
    assert rows(settings.store, "SELECT paused FROM run") == [(1,)]
    async with running(settings, take_over=True) as engine:
        await quiet(engine)
        assert stored_status(settings.store, second.id) == "pending"
        assert reason(engine, engine.dispatcher.nodes[second.id].task) == "paused"
        assert await finish(engine, engine.new_task("noop")) == "completed"
        await engine.resume(run_id)
        assert await ended(engine, run_id) == "completed"
    assert rows(settings.store, "SELECT paused, owner FROM run WHERE id = ?", run_id) == [(0, None)]


async def test_8_3_a_script_resumes_a_paused_tree_that_its_process_left(settings, gates: Gates) -> None:
    async with running(settings) as engine:
        first = engine.new_task("gate", inputs={"n": "first"})
        second = engine.new_task("noop", dependencies=[first.id])
        run_id = await submit(engine, first, second)
        await engine.pause(run_id)
        gates.open("first")
        await until(lambda: first.is_terminal)
    async with running(settings) as engine:
        await quiet(engine)
        assert not engine.dispatcher.trees
        await engine.resume(run_id)
        assert await ended(engine, run_id) == "completed"


async def test_8_3_the_queue_is_paused_and_resumed_for_all_who_have_the_store_open(settings, noop: None) -> None:
    """`taskdeck pause` is a process of its own; what it says holds for an open console."""
    async with asyncio.timeout(20):
        here, other = Engine(settings, take_over=False), Engine(settings, take_over=False)
        await here.start()
        await other.start()
        try:
            await other.pause()
            while not here.paused:
                await asyncio.sleep(0.01)
            run_id = await here.submit(TaskTreeNode(here.new_task("noop")))
            assert (await here.task(run_id)).status == "pending"
            await other.resume()
            assert await here.finished(run_id) == "completed"
            assert not here.paused
            for _ in range(5):  # its own pause is never taken back by what the store still says
                await here.pause()
                assert here.paused
                await here.resume()
        finally:
            await other.stop()
            await here.stop()
