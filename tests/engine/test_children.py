"""What a running task spawns: results, failures, slots, order (behaviour.md 8.1)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine import BaseTask, Engine, Event, EventKind
from engine.errors import ChildFailed
from engine.graph import tree_progress
from engine.runners.loop_thread import LoopThreadRunner
from tests.engine.support import (
    Gates,
    children,
    ended,
    finish,
    rows,
    running,
    submit,
    until,
)

pytestmark = pytest.mark.usefixtures("spawning")


# ── what it is ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_1_a_child_is_a_task_under_its_parent_and_its_result_comes_back(engine: Engine, settings) -> None:
    task = engine.new_task("spawns", inputs={"what": "double", "inputs": {"n": 4}}, user_id="ann", priority=1)
    assert await finish(engine, task) == "completed"
    assert task.result["child"] == {"n": 8, "status": "completed"}
    (child,) = await children(engine, task)
    assert (child.name, child.run_id, child.user_id, child.priority) == ("double", task.run_id, "ann", 1)
    assert (child.status, child.attempt, child.spawned, child.inputs) == ("completed", 1, 1, {"n": 4})
    await engine.store.writer.flush()
    assert rows(settings.store, "SELECT owner FROM run") == [(None,)]


async def test_8_1_name_priority_and_params_of_a_child_may_be_given(engine: Engine) -> None:
    fields = {"name": "second half", "priority": 3, "params": {"timeout": 7}}
    task = engine.new_task("spawns", inputs={"what": "double", "inputs": {"n": 1}, "fields": fields})
    await finish(engine, task)
    (child,) = await children(engine, task)
    assert (child.name, child.executor_id, child.priority) == ("second half", "double", 3)
    assert child.params == {"timeout": 7, "executor_id": "double"}


async def test_8_1_a_childs_events_come_in_order(engine: Engine, events: list[Event]) -> None:
    task = engine.new_task("spawns", inputs={"what": "double", "inputs": {"n": 1}})
    await finish(engine, task)
    seen = [(event.kind, event.task.name) for event in events if event.task and event.kind is not EventKind.LOG]
    assert seen == [
        (EventKind.CREATED, "spawns"),
        (EventKind.QUEUED, "spawns"),
        (EventKind.STARTED, "spawns"),
        (EventKind.CREATED, "double"),
        (EventKind.QUEUED, "double"),
        (EventKind.STARTED, "double"),
        (EventKind.FINISHED, "double"),
        (EventKind.FINISHED, "spawns"),
        (EventKind.TREE_FINISHED, "spawns"),
    ]


async def test_8_1_a_child_is_on_disk_before_it_runs(engine: Engine, register, settings) -> None:
    async def looks(self: BaseTask, inputs: dict[str, Any]) -> Any:
        sql = "SELECT status, parent_id FROM task WHERE id = ?"
        return [list(row) for row in rows(settings.store, sql, self.task_id)]

    register("looks", looks)
    task = engine.new_task("spawns", inputs={"what": "looks"})
    await finish(engine, task)
    assert task.result["child"] == [["in_progress", task.id]]


async def test_8_1_children_count_in_status_and_progress_of_the_tree(engine: Engine, register) -> None:
    async def forgives(self: BaseTask, inputs: dict[str, Any]) -> Any:
        try:
            await self.spawn("fail")
        except ChildFailed:
            return {"forgiven": True}

    register("forgives", forgives)
    task = engine.new_task("forgives")
    assert await finish(engine, task) == "failed"  # 2.7: one of its nodes failed
    assert task.status == "completed"
    assert tree_progress(await engine.tree(task.run_id)) == 0.5


async def test_8_1_outside_of_a_run_there_is_nothing_to_spawn_from(register) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return None

    made = register("alone", execute)()
    with pytest.raises(RuntimeError, match="only while the engine runs"):
        await made.spawn("double")


# ── failures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_1_a_failed_child_raises_what_is_known_of_it(engine: Engine, register) -> None:
    caught: list[ChildFailed] = []

    async def catches(self: BaseTask, inputs: dict[str, Any]) -> Any:
        try:
            await self.spawn("fail", name="the broken one")
        except ChildFailed as failure:
            caught.append(failure)

    register("catches", catches)
    task = engine.new_task("catches")
    await finish(engine, task)
    (child,) = await children(engine, task)
    (failure,) = caught
    assert (failure.task_id, failure.status, failure.error, failure.error_type) == (child.id, "failed", "broken", "odd")
    assert failure.result == {"status": "failed", "error": "broken", "error_type": "odd", "kept": 1}
    assert str(failure) == f"child 'the broken one' ({child.id[:8]}) failed: broken"


async def test_8_1_a_failure_that_is_not_caught_fails_the_parent(engine: Engine) -> None:
    task = engine.new_task("spawns", inputs={"what": "fail"})
    assert await finish(engine, task) == "failed"
    assert task.error_type == "ChildFailed" and task.error is not None and task.error.endswith("failed: broken")


async def test_8_1_an_unknown_executor_and_bad_inputs_fail_the_child(engine: Engine, register) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return None

    register("strict", execute, {"type": "object", "required": ["a"]})
    for what, kind, words in (
        ("doubel", "unknown_executor", "did you mean double?"),
        ("strict", "validation_error", "a: "),
    ):
        task = engine.new_task("spawns", inputs={"what": what})
        await finish(engine, task)
        (child,) = await children(engine, task)
        assert (task.status, child.status, child.error_type) == ("failed", "failed", kind)
        assert words in str(child.error) and words in str(task.error)


async def test_8_1_what_cannot_be_a_task_raises_in_the_parent_and_stores_nothing(engine: Engine) -> None:
    for fields in ({"params": {"retries": "many"}}, {"priority": 9}):
        task = engine.new_task("spawns", inputs={"what": "double", "fields": fields})
        assert await finish(engine, task) == "failed"
        assert task.error_type == "TaskError" and await children(engine, task) == []


async def test_8_1_a_childs_own_retries_are_waited_for(engine: Engine, register) -> None:
    tries: list[int] = []

    async def flaky(self: BaseTask, inputs: dict[str, Any]) -> Any:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("not yet")
        return {"tries": len(tries)}

    register("flaky", flaky, retries=2, retry_delay=0)
    task = engine.new_task("spawns", inputs={"what": "flaky"})
    assert await finish(engine, task) == "completed"
    assert task.result["child"]["tries"] == 3
    (child,) = await children(engine, task)
    assert (child.attempt, child.spawned) == (3, 1)


# ── slots ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("depth", [1, 12])
async def test_8_1_one_slot_is_enough_however_deep(settings, register, depth: int) -> None:
    async def nests(self: BaseTask, inputs: dict[str, Any]) -> Any:
        if not inputs["left"]:
            return {"deepest": True}
        return {"inner": await self.spawn("nests", {"left": inputs["left"] - 1})}

    register("nests", nests)
    async with running(settings, slots=1) as engine:
        task = engine.new_task("nests", inputs={"left": depth})
        assert await finish(engine, task) == "completed"
        assert len(await engine.tree(task.run_id)) == depth + 1
        assert engine.counts.running == engine.counts.queued == 0


async def test_8_1_one_place_of_an_executor_or_a_pool_is_enough(settings, register) -> None:
    async def nests(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return await self.spawn("nests", {"left": inputs["left"] - 1}) if inputs["left"] else {"deepest": True}

    register("nests", nests, max_concurrent=1, pool="gpu")
    async with running(settings, pools={"gpu": 1}) as engine:
        tasks = [engine.new_task("nests", inputs={"left": 3}) for _ in range(3)]
        assert await finish(engine, *tasks) == "completed"


async def test_8_1_a_waiting_parent_holds_no_slot_and_waits_for_it_behind_what_took_it(
    settings, gates: Gates, register
) -> None:
    async def parent(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await self.spawn("gate", {"n": "child"})
        return await gates.execute(self, {"n": "after"})

    register("parent", parent)
    async with running(settings, slots=1) as engine:
        task, other = engine.new_task("parent"), engine.new_task("gate", inputs={"n": "other"}, priority=3)
        run_id = await submit(engine, task, other)
        await until(lambda: gates.inside == ["child"])  # before the other, which is less urgent
        assert (engine.counts.running, engine.counts.queued) == (1, 1)
        gates.open("child")
        await until(lambda: gates.inside == ["other"])
        await until(lambda: engine.counts.queued == 1)  # the parent
        assert engine.counts.running == 1
        gates.open("other")
        await until(lambda: gates.inside == ["after"])
        assert (engine.counts.running, engine.counts.queued) == (1, 0)
        gates.open("after")
        assert await ended(engine, run_id) == "completed"


async def test_8_1_several_children_at_once_count_as_one_wait(settings, register) -> None:
    async def several(self: BaseTask, inputs: dict[str, Any]) -> Any:
        pairs = await asyncio.gather(*(self.spawn("double", {"n": n}) for n in range(5)))
        return [pair["n"] for pair in pairs]

    register("several", several)
    async with running(settings, slots=1) as engine:
        task = engine.new_task("several")
        assert await finish(engine, task) == "completed"
        assert task.result == [0, 2, 4, 6, 8]
        assert engine.counts.running == 0
        assert await finish(engine, engine.new_task("double", inputs={"n": 1})) == "completed"


# ── map ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_1_map_keeps_the_order_and_the_limit(engine: Engine, register) -> None:
    inside: list[int] = []
    most: list[int] = []

    async def slow(self: BaseTask, inputs: dict[str, Any]) -> Any:
        inside.append(1)
        most.append(len(inside))
        await asyncio.sleep(0.001 * ((7 - inputs["n"]) % 3))
        inside.pop()
        return inputs["n"]

    register("slow", slow)
    task = engine.new_task("maps", inputs={"what": "slow", "all": list(range(8)), "limit": 3})
    await finish(engine, task)
    assert task.result == list(range(8)) and max(most) == 3
    assert len(await children(engine, task)) == 8


@pytest.mark.parametrize(("entries", "limit"), [([], None), ([], 2), ([5], 10), ([1, 2], 1)])
async def test_8_1_map_of_few_and_of_none(engine: Engine, entries: list[int], limit: int | None) -> None:
    task = engine.new_task("maps", inputs={"what": "double", "all": entries, "limit": limit})
    assert await finish(engine, task) == "completed"
    assert [each["n"] for each in task.result] == [2 * n for n in entries]


async def test_8_1_a_limit_below_one_is_refused(engine: Engine) -> None:
    task = engine.new_task("maps", inputs={"what": "double", "all": [1], "limit": 0})
    assert await finish(engine, task) == "failed"
    assert "limit must be 1 or more" in str(task.error)


async def test_8_1_a_failing_child_cancels_the_rest_of_a_map(engine: Engine, gates: Gates, register) -> None:
    async def mixed(self: BaseTask, inputs: dict[str, Any]) -> Any:
        if inputs["n"] == 1:
            await until(lambda: len(gates.inside) == 2)
            raise ValueError("one of them")
        return await gates.execute(self, {"n": str(inputs["n"])})

    register("mixed", mixed)
    task = engine.new_task("maps", inputs={"what": "mixed", "all": [0, 1, 2, 3, 4], "limit": 3})
    assert await finish(engine, task) == "failed"
    assert "one of them" in str(task.error)
    statuses = [child.status for child in await children(engine, task)]
    assert sorted(statuses) == ["cancelled", "cancelled", "failed"]  # what was not begun is not made
    assert gates.inside == []


async def test_8_1_a_parent_that_goes_on_after_a_failed_map_finds_no_child_left(engine, gates: Gates, register) -> None:
    left: list[Any] = []

    async def mixed(self: BaseTask, inputs: dict[str, Any]) -> Any:
        if inputs["n"] == 0:
            raise ValueError("first")
        return await gates.execute(self, {"n": "x"})

    async def goes_on(self: BaseTask, inputs: dict[str, Any]) -> Any:
        try:
            await self.map("mixed", [{"n": 0}, {"n": 1}, {"n": 2}])
        except ChildFailed:
            left.append(await self.spawn("double", {"n": 21}))
        return {"ok": True}

    register("mixed", mixed)
    register("goes_on", goes_on)
    task = engine.new_task("goes_on")
    await finish(engine, task)
    assert task.status == "completed" and left[0]["n"] == 42
    assert all(child.is_terminal for child in await children(engine, task))


async def test_8_1_a_spawn_that_is_given_up_while_its_row_is_written_leaves_no_pending_row(
    engine: Engine, register, settings
) -> None:
    async def hasty(self: BaseTask, inputs: dict[str, Any]) -> Any:
        work = asyncio.ensure_future(self.spawn("double", {"n": 1}))
        for _ in range(inputs["turns"]):
            await asyncio.sleep(0)
        work.cancel()
        await asyncio.wait({work})
        return {"cancelled": work.cancelled()}

    register("hasty", hasty)
    for turns in range(1, 12):
        task = engine.new_task("hasty", inputs={"turns": turns})
        assert await finish(engine, task) in ("completed", "cancelled")
        assert task.status == "completed"
        await until(lambda: not engine.dispatcher.trees)
        await engine.store.writer.flush()
        open_rows = "SELECT status FROM task WHERE status IN ('pending', 'in_progress')"
        assert rows(settings.store, open_rows) == [], turns
        assert not engine.dispatcher.nodes, turns


# ── where it runs ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_1_spawn_and_map_from_the_executors_loop_thread(settings) -> None:
    async with running(settings, slots=1, runner=LoopThreadRunner()) as engine:
        spawned = engine.new_task("spawns", inputs={"what": "double", "inputs": {"n": 1}})
        mapped = engine.new_task("maps", inputs={"what": "double", "all": [1, 2, 3], "limit": 2})
        broken = engine.new_task("maps", inputs={"what": "fail", "all": [1, 2]})
        assert await finish(engine, spawned, mapped, broken) == "failed"
        assert spawned.result["child"]["n"] == 2
        assert [each["n"] for each in mapped.result] == [2, 4, 6]
        assert broken.error_type == "ChildFailed"
        assert engine.counts.running == engine.counts.queued == 0


async def test_8_1_cancel_reaches_children_on_the_loop_thread(settings, register) -> None:
    async def naps(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(30)

    register("naps", naps)
    async with running(settings, runner=LoopThreadRunner()) as engine:
        task = engine.new_task("maps", inputs={"what": "naps", "all": [1, 2]})
        run_id = await submit(engine, task)
        await until(lambda: engine.counts.running == 2)
        await engine.cancel(task.id)
        assert await ended(engine, run_id) == "cancelled"
        assert {t.status for t in await engine.tree(run_id)} == {"cancelled"}


async def test_8_1_a_plain_execute_may_spawn_from_its_thread(engine: Engine, register) -> None:
    def plain(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return asyncio.run(self.spawn("double", {"n": 8}))

    register("plain", plain)
    task = engine.new_task("plain")
    assert await finish(engine, task) == "completed"
    assert task.result["n"] == 16


async def test_8_1_the_queue_orders_children_by_their_priority(settings, gates: Gates, register) -> None:
    async def orders(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await asyncio.gather(*(self.spawn("gate", {"n": str(p)}, priority=p) for p in (3, 1, 2, 0)))

    register("orders", orders)
    async with running(settings, slots=1) as engine:
        task = engine.new_task("orders", priority=0)
        hold = engine.new_task("gate", inputs={"n": "hold"}, priority=0)
        run_id = await submit(engine, task, hold)
        await until(lambda: gates.inside and len(engine.dispatcher.nodes) == 6)
        gates.open(*"0123", "hold")
        assert await ended(engine, run_id) == "completed"
    assert gates.entered == ["hold", "0", "1", "2", "3"]
