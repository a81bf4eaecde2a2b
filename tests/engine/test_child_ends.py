"""How what was spawned ends: with its parent, before it, as history (behaviour.md 8.1, 8.6)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine import BaseTask, Engine, Event, EventKind, TaskError, TaskTreeNode
from engine.graph import tree_progress, tree_status
from engine.runners.loop_thread import LoopThreadRunner
from tests.engine.support import (
    GUARD,
    Gates,
    children,
    ended,
    finish,
    kinds,
    rows,
    running,
    stored_status,
    submit,
    unawaited,
    until,
)

pytestmark = pytest.mark.usefixtures("spawning")


# ── ends: cancel, timeout, retry, rerun ──────────────────────────────────────────────────────────────────────────────


async def test_8_1_a_cancelled_parent_cancels_its_children(engine: Engine, gates: Gates) -> None:
    task = engine.new_task("maps", inputs={"what": "gate", "all": [1, 2, 3], "limit": 2})
    run_id = await submit(engine, task)
    await until(lambda: len(gates.inside) == 2)
    assert (await engine.cancel(task.id))["status"] == "cancelled"
    assert await ended(engine, run_id) == "cancelled"
    assert task.status == "cancelled" and gates.inside == []
    assert [child.status for child in await children(engine, task)] == ["cancelled"] * 2


@pytest.mark.parametrize("only", [True, False])
async def test_8_1_cancelling_only_the_parent_cancels_them_too(engine: Engine, gates: Gates, only: bool) -> None:
    inner = {"what": "spawns", "inputs": {"what": "gate"}}
    task = engine.new_task("spawns", inputs=inner)
    run_id = await submit(engine, task)
    await until(lambda: gates.inside)
    await engine.cancel(task.id, only=only)
    assert await ended(engine, run_id) == "cancelled"
    assert {each.status for each in await engine.tree(run_id)} == {"cancelled"}


async def test_8_1_cancelling_a_child_fails_its_parent(engine: Engine, gates: Gates) -> None:
    task = engine.new_task("spawns", inputs={"what": "gate"})
    run_id = await submit(engine, task)
    await until(lambda: gates.inside)
    (child,) = await children(engine, task)
    await engine.cancel(child.id)
    assert await ended(engine, run_id) == "failed"
    assert (child.status, task.status) == ("cancelled", "failed") and "cancelled" in str(task.error)


async def test_8_1_a_parent_that_fails_meanwhile_leaves_no_child_running(
    engine: Engine, gates: Gates, register
) -> None:
    async def careless(self: BaseTask, inputs: dict[str, Any]) -> Any:
        self.left = unawaited(self.spawn("gate"))  # type: ignore[attr-defined]
        await until(lambda: gates.inside)
        raise ValueError("too early")

    register("careless", careless)
    task = engine.new_task("careless")
    assert await finish(engine, task) == "failed"
    (child,) = await children(engine, task)
    assert (task.error, child.status, gates.inside) == ("too early", "cancelled", [])


async def test_8_1_a_completed_parent_lets_its_children_end(engine: Engine, gates: Gates, register) -> None:
    async def leaves(self: BaseTask, inputs: dict[str, Any]) -> Any:
        self.left = unawaited(self.spawn("gate"))  # type: ignore[attr-defined]
        await until(lambda: gates.inside)
        return {"left": True}

    register("leaves", leaves)
    task = engine.new_task("leaves")
    run_id = await submit(engine, task)
    await until(lambda: task.is_terminal)
    with pytest.raises(TaskError, match="still runs"):
        await engine.rerun(task.id)
    gates.open("")
    assert await ended(engine, run_id) == "completed"
    assert [child.status for child in await children(engine, task)] == ["completed"]


async def test_8_1_the_parents_timeout_ends_its_children(engine: Engine, gates: Gates) -> None:
    task = engine.new_task("spawns", inputs={"what": "gate"}, params={"timeout": 0.1})
    assert await finish(engine, task) == "failed"
    assert task.error_type == "timeout_error" and gates.inside == []
    assert [child.status for child in await children(engine, task)] == ["cancelled"]


async def test_8_1_old_children_of_a_retried_parent_are_history(engine: Engine, register, settings) -> None:
    async def twice(self: BaseTask, inputs: dict[str, Any]) -> Any:
        assert self.task is not None
        if self.task.attempt == 1:
            await self.spawn("double", {"n": 1})
            await self.spawn("fail")
        return await self.spawn("double", {"n": 10})

    register("twice", twice, retries=1, retry_delay=0)
    task = engine.new_task("twice")
    assert await finish(engine, task) == "completed"  # the failed child of the first attempt does not count
    found = await engine.tree(task.run_id)
    assert [(t.name, t.status, t.spawned) for t in found[1:]] == [
        ("double", "completed", 1),
        ("fail", "failed", 1),
        ("double", "completed", 2),
    ]
    assert tree_status(found) == "completed" and tree_progress(found) == 1.0
    assert await engine.finished(task.run_id) == "completed"


async def test_8_1_what_is_history_counts_in_no_run_of_the_list_either(engine: Engine, register) -> None:
    async def twice(self: BaseTask, inputs: dict[str, Any]) -> Any:
        assert self.task is not None
        if self.task.attempt == 1:
            await self.spawn("spawns", {"what": "spawns", "inputs": {"what": "fail"}})
        return await self.spawn("double", {"n": 10})

    register("twice", twice, retries=1, retry_delay=0)
    task, leaf = engine.new_task("twice"), engine.new_task("double", inputs={"n": 1})
    assert await finish(engine, task, leaf) == "completed"
    await engine.store.writer.flush()
    (run,) = await engine.runs()
    assert (run.status, run.counts.completed, run.counts.total) == ("completed", 3, 3)
    await engine.delete(leaf.id)  # the run is counted anew
    await engine.store.writer.flush()
    (run,) = await engine.runs()
    assert (run.status, run.counts.completed, run.counts.total) == ("completed", 2, 2)


async def test_8_1_a_cancel_while_a_failed_parent_waits_for_its_children_to_end_is_not_lost(
    engine: Engine, register
) -> None:
    asked, tries = asyncio.Event(), []

    async def slow_to_end(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(30)

    async def cancel(self: BaseTask) -> Any:
        asked.set()
        await asyncio.sleep(0.05)

    async def careless(self: BaseTask, inputs: dict[str, Any]) -> Any:
        tries.append(1)
        self.left = unawaited(self.spawn("slow_to_end"))  # type: ignore[attr-defined]
        await until(lambda: engine.counts.running == 2 or len(engine.dispatcher.jobs) == 2)
        await asyncio.sleep(0.01)
        raise ValueError("too early")

    register("slow_to_end", slow_to_end, cancel=cancel)
    register("careless", careless, retries=3, retry_delay=0)
    task = engine.new_task("careless")
    run_id = await submit(engine, task)
    await asked.wait()
    await engine.cancel(task.id, only=True)
    assert await ended(engine, run_id) == "failed"
    assert (task.attempt, task.status, tries) == (1, "failed", [1])


async def test_8_1_old_children_of_a_rerun_parent_are_history(engine: Engine, register) -> None:
    broken = [True]

    async def mends(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return await self.spawn("fail" if broken[0] else "double", {"n": 1})

    register("mends", mends)
    task = engine.new_task("mends")
    assert await finish(engine, task) == "failed"
    broken.clear()
    broken.append(False)
    await engine.rerun(task.id)
    assert await ended(engine, task.run_id) == "completed"
    found = await engine.tree(task.run_id)
    assert [(t.name, t.status, t.spawned) for t in found[1:]] == [("fail", "failed", 1), ("double", "completed", 2)]
    with pytest.raises(TaskError, match="former attempt"):
        await engine.rerun(found[1].id)
    with pytest.raises(TaskError, match="former attempt"):
        await engine.skip(found[1].id)


async def test_8_1_a_parent_that_runs_again_in_a_live_tree_begins_without_children(engine, gates: Gates) -> None:
    hold = engine.new_task("gate", inputs={"n": "hold"})
    task = engine.new_task("spawns", inputs={"what": "fail"})
    run_id = await submit(engine, hold, task)
    await until(lambda: task.is_terminal)
    (former,) = await children(engine, task)
    await engine.rerun(task.id)
    assert former.id not in engine.dispatcher.nodes
    await until(lambda: task.is_terminal)
    gates.open("hold")
    assert await ended(engine, run_id) == "failed"
    assert [(c.spawned, c.status) for c in await children(engine, task)] == [(1, "failed"), (2, "failed")]


async def test_8_1_a_child_may_be_rerun_by_itself(engine: Engine, register) -> None:
    broken = [True]

    async def mended(self: BaseTask, inputs: dict[str, Any]) -> Any:
        if broken:
            raise ValueError("broken")

    register("mended", mended)
    task = engine.new_task("spawns", inputs={"what": "mended"})
    await finish(engine, task)
    (child,) = await children(engine, task)
    broken.clear()
    await engine.rerun(child.id)
    await ended(engine, task.run_id)
    (again,) = await children(engine, task)
    assert (again.status, again.attempt, task.status) == ("completed", 2, "failed")


async def test_8_1_children_in_a_group_are_part_of_it(engine: Engine) -> None:
    group, task = engine.new_task("the whole"), engine.new_task("spawns", inputs={"what": "double", "inputs": {"n": 1}})
    after = engine.new_task("double", inputs={"n": 2}, dependencies=[group.id])
    root = TaskTreeNode(engine.new_task("root"), [TaskTreeNode(group, [TaskTreeNode(task)]), TaskTreeNode(after)])
    assert await ended(engine, await engine.submit(root)) == "completed"
    assert group.status == "completed" and after.status == "completed"


async def test_8_1_a_retry_safe_parent_spawns_for_its_present_attempt(engine: Engine, register) -> None:
    async def safe(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return await self.spawn("double", {"n": 3})

    register("safe", safe, retry_safe=True)
    task = engine.new_task("safe")
    assert await finish(engine, task) == "completed"
    (child,) = await children(engine, task)
    assert child.spawned == task.attempt == 1
    assert tree_status(await engine.tree(task.run_id)) == "completed"


# ── giving up on a child ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("in_thread", [False, True])
async def test_8_1_wait_for_around_a_spawn_cancels_the_child_and_goes_on(
    settings, register, gates: Gates, in_thread: bool
) -> None:
    async def patient(self: BaseTask, inputs: dict[str, Any]) -> Any:
        try:
            await asyncio.wait_for(self.spawn("naps", {"n": 1}), 0.05)
        except TimeoutError:
            pass
        return {"then": await self.spawn("double", {"n": 5})}

    async def naps(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(30)

    register("patient", patient)
    register("naps", naps)
    async with running(settings, slots=1, runner=LoopThreadRunner() if in_thread else None) as engine:
        task = engine.new_task("patient")
        assert await finish(engine, task) == "cancelled"  # 2.7: one of its nodes was
        assert task.status == "completed" and task.result["then"]["n"] == 10
        assert [c.status for c in await children(engine, task)] == ["cancelled", "completed"]
        assert engine.counts.running == engine.counts.queued == 0
        assert await finish(engine, engine.new_task("double", inputs={"n": 1})) == "completed"


async def test_8_1_a_spawn_given_up_while_the_parent_waits_for_its_slot(settings, register, gates: Gates) -> None:
    give_up = asyncio.Event()

    async def impatient(self: BaseTask, inputs: dict[str, Any]) -> Any:
        work = asyncio.ensure_future(self.spawn("gate", {"n": "child"}))
        await give_up.wait()
        work.cancel()
        await asyncio.wait({work})
        gates.entered.append("gave up")
        return await self.spawn("double", {"n": 2})

    register("impatient", impatient)
    async with running(settings, slots=1) as engine:
        run_id = await submit(engine, engine.new_task("impatient"))
        await until(lambda: gates.inside == ["child"])
        await submit(engine, engine.new_task("gate", inputs={"n": "hold"}, priority=3))
        gates.open("child")
        await until(lambda: gates.inside == ["hold"])
        await until(lambda: engine.counts.queued == 1)  # the parent, whose child has ended
        give_up.set()
        await until(lambda: "gave up" in gates.entered)
        await until(lambda: engine.counts.queued == 1)  # its second child
        assert engine.counts.running == 1
        gates.open("hold")
        assert await ended(engine, run_id) == "completed"
        assert engine.counts.running == engine.counts.queued == 0
        assert await finish(engine, engine.new_task("double", inputs={"n": 1})) == "completed"


async def test_8_1_spawn_after_the_end_is_refused(engine: Engine, register, settings) -> None:
    kept: list[BaseTask] = []

    async def keeps(self: BaseTask, inputs: dict[str, Any]) -> Any:
        kept.append(self)

    register("keeps", keeps)
    task = engine.new_task("keeps")
    await finish(engine, task)
    with pytest.raises(TaskError, match="has ended and can spawn nothing"):
        await kept[0].spawn("double", {"n": 1})
    assert rows(settings.store, "SELECT count(*) FROM task") == [(1,)]


async def test_8_1_an_unawaited_spawn_never_keeps_the_tree_from_ending(engine: Engine, register, settings) -> None:
    async def forgetful(self: BaseTask, inputs: dict[str, Any]) -> Any:
        self.left = unawaited(self.spawn("double", {"n": 1}))  # type: ignore[attr-defined]
        for _ in range(inputs["turns"]):
            await asyncio.sleep(0)
        return {"left": True}

    register("forgetful", forgetful)
    for turns in range(8):
        task = engine.new_task("forgetful", inputs={"turns": turns})
        assert await finish(engine, task) in ("completed", "cancelled")
        await engine.store.writer.flush()
        open_rows = "SELECT status FROM task WHERE status IN ('pending', 'in_progress')"
        assert rows(settings.store, open_rows) == [], turns


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_6_a_childs_secrets_are_used_and_never_stored(engine: Engine, register, settings) -> None:
    seen: list[str] = []

    async def calls(self: BaseTask, inputs: dict[str, Any]) -> Any:
        seen.append(inputs["token"])
        raise ValueError(f"refused {inputs['token']}")

    schema = {"type": "object", "properties": {"token": {"type": "string"}}}
    register("calls", calls, schema, retries=1, retry_delay=0)

    token = "-".join(("hunter2", "token"))  # not as it stands in tracebacks

    async def parent(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return await self.spawn("calls", {"token": token})

    register("parent", parent)
    task = engine.new_task("parent")
    assert await finish(engine, task) == "failed"
    assert seen == ["hunter2-token"] * 2
    (child,) = await children(engine, task)
    assert child.inputs == {"token": "•••"} and child.error == "refused •••" and "hunter2" not in str(task.error)
    assert engine.dispatcher.inputs == {}
    await engine.stop()
    for file in settings.store.parent.iterdir():
        if file.is_file():
            assert b"hunter2" not in file.read_bytes(), file


async def test_8_1_many_children_are_no_matter(engine: Engine) -> None:
    count = 300
    task = engine.new_task("maps", inputs={"what": "double", "all": list(range(count))})
    async with asyncio.timeout(GUARD):
        assert await finish(engine, task) == "completed"
    assert [each["n"] for each in task.result] == [2 * n for n in range(count)]


async def test_6_2_a_tree_ends_once_after_its_last_child(engine: Engine, events: list[Event]) -> None:
    task = engine.new_task("maps", inputs={"what": "double", "all": [1, 2, 3]})
    await finish(engine, task)
    assert [e.kind for e in events].count(EventKind.TREE_FINISHED) == 1
    assert kinds(events, task)[-1] is EventKind.TREE_FINISHED and events[-1].task is task


async def test_8_1_a_stopped_engine_leaves_parent_and_children_with_true_states(settings, gates: Gates) -> None:
    async with running(settings) as engine:
        task = engine.new_task("spawns", inputs={"what": "gate"})
        await submit(engine, task)
        await until(lambda: gates.inside)
        (child,) = await children(engine, task)
    assert stored_status(settings.store, task.id) == "failed"
    assert stored_status(settings.store, child.id) in ("cancelled", "failed")
    assert rows(settings.store, "SELECT error_type FROM task WHERE id = ?", task.id) == [("interrupted",)]
