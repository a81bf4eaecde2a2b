"""What is submitted runs once: keys, trees that run already, plans before it (behaviour.md 2.9, 7.3, 8.2, 8.5)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from engine import (
    Engine,
    ExecutorError,
    Settings,
    Task,
    TaskError,
    TaskTreeNode,
)
from tests.engine.support import (
    Gates,
    ended,
    finish,
    rows,
    running,
    started,
    submit,
    until,
)

pytestmark = pytest.mark.usefixtures("mending")


# ── 7.3: the same tree twice ─────────────────────────────────────────────────────────────────────────────────────────


async def test_7_3_a_tree_that_another_engine_runs_is_refused(settings, gates: Gates) -> None:
    async with running(settings, slots=1) as mine, running(settings) as other:
        root, waiting = mine.new_task("gate"), mine.new_task("noop")
        run_id = await submit(mine, root, waiting)
        await started(root)
        found = {t.id: t for t in await other.store.tree(run_id, whole=True)}
        with pytest.raises(TaskError, match="is running already"):
            await other.submit(TaskTreeNode(found[root.id], [TaskTreeNode(found[waiting.id])]))
        with pytest.raises(TaskError, match="another running process"):
            await other.submit(TaskTreeNode(found[waiting.id]))  # a part of it
        assert len({row[0] for row in rows(settings.store, "SELECT owner FROM run")}) == 1
        gates.open("")
        assert await ended(mine, run_id) == "completed"
        assert (waiting.status, waiting.attempt) == ("completed", 1)


async def test_7_3_an_ended_tree_may_be_submitted_again_and_only_the_rest_runs(engine: Engine) -> None:
    done = engine.new_task("noop")
    await finish(engine, done)
    more = engine.new_task("noop", dependencies=[done.id])
    assert await finish(engine, done, more) == "completed"
    assert (done.attempt, more.attempt, more.run_id) == (1, 1, done.id)


async def test_7_3_two_submits_at_once_run_it_once(engine: Engine, gates: Gates) -> None:
    task = engine.new_task("gate")
    gates.open("")
    told = await asyncio.gather(*(engine.submit(TaskTreeNode(task)) for _ in range(3)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in told) == ["TaskError", "TaskError", "str"]
    await engine.drain()
    assert gates.entered == [""]


# ── 8.2: idempotency keys ────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_2_the_same_key_returns_the_task_that_has_it_and_runs_nothing(engine: Engine, gates: Gates) -> None:
    first = await engine.launch("gate", {"n": "first"}, idempotency_key="k")
    again = await engine.launch("noop", {"other": 1}, idempotency_key="k")
    assert again is first
    await until(lambda: gates.inside)
    assert (await engine.launch("noop", {}, idempotency_key="k")) is first  # while it runs
    gates.open("first")
    assert await ended(engine, first.run_id) == "completed"
    late = await engine.launch("noop", {}, idempotency_key="k")
    assert (late.id, late.status, late.result["n"]) == (first.id, "completed", "first")
    assert rows(engine.settings.store, "SELECT count(*) FROM task") == [(1,)]
    assert (await engine.launch("noop", {}, idempotency_key="other")).id != first.id


@pytest.mark.parametrize("name", ["fail", "noop"])
async def test_8_2_whatever_its_state(engine: Engine, name: str) -> None:
    task = engine.new_task(name, idempotency_key="k", params={"not_before": "2099-01-01"} if name == "noop" else {})
    run_id = await engine.submit(TaskTreeNode(task))
    if name == "noop":
        assert (await engine.launch("noop", {}, idempotency_key="k")) is task  # it waits for its time
        await engine.cancel(task.id)
    await ended(engine, run_id)
    found = await engine.launch("noop", {}, idempotency_key="k")
    assert (found.id, found.status) == (task.id, "failed" if name == "fail" else "cancelled")
    other = engine.new_task("noop", idempotency_key="k")
    assert await engine.submit(TaskTreeNode(other, [TaskTreeNode(engine.new_task("noop"))])) == run_id
    assert (await engine.create("noop", idempotency_key="k")).id == task.id
    assert rows(engine.settings.store, "SELECT count(*) FROM task") == [(1,)]


async def test_8_2_a_created_task_with_a_key_may_be_submitted(engine: Engine) -> None:
    task = await engine.create("noop", idempotency_key="k")
    assert (await engine.create("noop", idempotency_key="k")).id == task.id
    assert await finish(engine, task) == "completed"


async def test_8_2_a_rerun_keeps_its_key(engine: Engine, broken: list[bool]) -> None:
    task = await engine.launch("mended", {}, idempotency_key="k")
    await ended(engine, task.run_id)
    broken.clear()
    await engine.rerun(task.id)
    assert await ended(engine, task.run_id) == "completed"
    found = await engine.launch("mended", {}, idempotency_key="k")
    assert (found.id, found.attempt) == (task.id, 2)


@pytest.mark.parametrize("key", ["", 3, ["k"]])
async def test_8_2_what_is_no_key_is_refused(engine: Engine, key: Any) -> None:
    with pytest.raises(TaskError, match=r"task 'noop'.*is no idempotency key"):
        await engine.launch("noop", {}, idempotency_key=key)


async def test_8_2_a_key_taken_by_another_task_of_the_tree_is_refused_whole(engine: Engine) -> None:
    await engine.create("noop", idempotency_key="k")
    root, child = engine.new_task("noop"), engine.new_task("noop", idempotency_key="k")
    with pytest.raises(TaskError, match="idempotency key"):
        await submit(engine, root, child)
    assert rows(engine.settings.store, "SELECT count(*) FROM task") == [(1,)]
    assert not engine.dispatcher.trees and not engine.dispatcher.nodes


@pytest.mark.parametrize("how", ["launch", "create"])
async def test_8_2_many_at_once_in_one_engine_and_in_two(settings, gates: Gates, how: str) -> None:
    gates.open("")
    async with running(settings) as one, running(settings) as two:

        async def make(engine: Engine) -> Task:
            if how == "create":
                return await engine.create("gate", idempotency_key="k")
            return await engine.launch("gate", {}, idempotency_key="k")

        made = await asyncio.gather(*(make(engine) for engine in (one, two) * 5))
        assert len({task.id for task in made}) == 1
        for engine in (one, two):
            await engine.drain()
    assert rows(settings.store, "SELECT count(*), count(DISTINCT run_id) FROM task") == [(1, 1)]
    assert len(gates.entered) == (1 if how == "launch" else 0)
    assert rows(settings.store, "SELECT owner FROM run") == ([(None,)] if how == "launch" else [])


RACER = """
import asyncio, sys
from engine import BaseTask, Engine, executor_register
@executor_register()
class Once(BaseTask):
    id = "once"
    async def execute(self, inputs):
        return {"by": inputs["by"]}
async def main():
    engine = Engine(store=sys.argv[1])
    await engine.start()
    print("READY", flush=True)
    sys.stdin.readline()
    ids = set()
    for n in range(20):
        task = await engine.launch("once", {"by": sys.argv[2]}, idempotency_key=f"k{n}")
        ids.add(task.id)
    await engine.drain()
    await engine.stop()
    print(*sorted(ids), flush=True)
asyncio.run(main())
"""


async def test_8_2_two_processes_at_once(settings: Settings) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(RACER), str(settings.store), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    try:
        for child in children:
            assert child.stdout is not None and child.stdout.readline() == "READY\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
        said = [child.communicate(timeout=30)[0] for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert said[0] == said[1] and len(said[0].split()) == 20
    assert rows(settings.store, "SELECT count(*), min(attempt), max(attempt) FROM task") == [(20, 1, 1)]
    assert rows(settings.store, "SELECT DISTINCT status FROM task") == [("completed",)]


# ── 2.9, 8.5: arrays and plans, as far as they meet the engine ───────────────────────────────────────────────────────


async def test_2_9_a_tree_from_an_array_runs_and_a_wrong_one_stores_nothing(engine: Engine) -> None:
    root = engine.tree_from_array(
        [
            {"name": "noop", "id": "fetch", "inputs": {"a": 1}},
            {"name": "noop", "id": "use", "dependencies": ["fetch"], "parent_id": "fetch"},
        ]
    )
    assert await ended(engine, await engine.submit(root)) == "completed"
    fetched, used = root.tasks()
    assert used.result["got"][fetched.id]["got"] == {"a": 1} and used.parent_id == fetched.id
    before = rows(engine.settings.store, "SELECT count(*) FROM task")
    with pytest.raises(TaskError, match="nowhere"):
        engine.tree_from_array([{"name": "noop", "dependencies": ["nowhere"]}])
    assert rows(engine.settings.store, "SELECT count(*) FROM task") == before


async def test_8_5_a_plan_writes_and_runs_nothing_and_agrees_with_what_then_happens(settings, gates: Gates) -> None:
    async with running(settings, slots=1) as engine:
        a = engine.new_task("gate", inputs={"n": "a"}, priority=3)
        b = engine.new_task("gate", inputs={"n": "b"}, dependencies=[a.id], priority=0)
        c = engine.new_task("gate", inputs={"n": "c"}, priority=2)
        odd = engine.new_task("gaet", inputs={"n": "odd"}, priority=3)
        root = TaskTreeNode(a, [TaskTreeNode(t) for t in (b, c, odd)])
        planned = await engine.plan(root)
        assert rows(settings.store, "SELECT count(*) FROM task") == [(0,)] and gates.entered == []
        assert all(t.status == "pending" and t.attempt == 0 and not t.stored for t in (a, b, c, odd))
        assert [[p.task.id for p in level] for level in planned.levels] == [[c.id, a.id, odd.id], [b.id]]
        assert any("did you mean gate?" in problem.text for problem in planned.problems)
        order = sorted((p for level in planned.levels for p in level), key=lambda p: p.order)
        gates.open("a", "b", "c")
        await ended(engine, await engine.submit(root))
        assert [p.inputs["n"] for p in order if p.task is not odd and p.task.id != odd.id] == gates.entered


async def test_2_6_launch_of_an_unknown_executor_is_refused_with_close_matches(engine: Engine) -> None:
    with pytest.raises(ExecutorError, match="did you mean noop"):
        await engine.launch("nopo", {})
    assert await engine.runs() == []
