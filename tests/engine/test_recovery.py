"""Runs of processes that ended: their true state, and who takes them over (behaviour.md 7.2).

The dead are real processes, killed with SIGKILL. Rows that are seldom left come from runs that are given a dead owner.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest

from engine import BaseTask, Engine, EventKind, Folder, Task, TaskError, TaskTreeNode
from engine.store import Store
from tests.engine.dead_process import Owner, abandon, owners
from tests.engine.support import (
    GUARD,
    Gates,
    ended,
    finish,
    listen,
    reason,
    rows,
    running,
    stored_status,
    submit,
    until,
)

pytestmark = pytest.mark.usefixtures("survivors")


# ── the true state ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_7_2_a_console_goes_on_with_what_never_began_and_tells_what_was_interrupted(
    settings, owner: Owner, ran
) -> None:
    child = owner(
        [
            {"id": "a", "name": "hang"},
            {"id": "after", "name": "noop", "parent": "a", "dependencies": ["a"]},
            {"id": "queued", "name": "noop", "parent": "a"},
        ],
        slots=1,
    )
    await child.says("IN a")
    child.kill()
    before = time.time()
    engine = Engine(settings, take_over=True)
    events = listen(engine)
    await engine.start()
    assert await ended(engine, "a") == "failed"
    await engine.store.writer.flush()
    assert ran == [("queued", 1)]
    row = rows(settings.store, "SELECT status, error, error_type, attempt, completed_at FROM task WHERE id = 'a'")[0]
    assert row[:4] == ("failed", "the console ended while this ran", "interrupted", 1)
    assert before - 1 <= row[4] <= time.time()
    assert stored_status(settings.store, "after") == "pending"
    assert [e.data for e in events if e.kind is EventKind.TREE_FINISHED] == ["failed"]
    assert owners(settings.store) == [None]
    await engine.rerun("a")
    assert await ended(engine, "a") == "completed"
    assert ran[1:] == [("a", 2), ("after", 1)]
    await engine.stop()
    assert os.listdir(f"{settings.store}-owners") == []


async def test_7_2_what_may_run_twice_is_queued_again_by_itself(settings, owner: Owner, ran) -> None:
    child = owner([{"id": "s", "name": "safe"}, {"id": "after", "name": "noop", "parent": "s", "dependencies": ["s"]}])
    await child.says("IN s")
    await child.has("SELECT 1 FROM task WHERE id = 's' AND status = 'in_progress'")
    child.kill()
    async with running(settings, take_over=True) as engine:
        assert await ended(engine, "s") == "completed"
        assert ran == [("s", 2), ("after", 1)]
        attempts = await engine.attempts("s")
    assert [(a.number, a.status, a.error_type) for a in attempts] == [
        (1, "failed", "interrupted"),
        (2, "completed", None),
    ]
    assert attempts[0].completed_at is not None


async def test_7_2_a_group_goes_on_with_what_is_left_of_it(settings, owner: Owner, ran) -> None:
    child = owner(
        [
            {"id": "root", "name": "noop"},
            {"id": "g", "name": "the whole", "parent": "root"},
            {"id": "s", "name": "safe", "parent": "g"},
            {"id": "n", "name": "noop", "parent": "g"},
            {"id": "after", "name": "noop", "parent": "root", "dependencies": ["g"]},
        ]
    )
    await child.says("IN s")
    await child.has("SELECT 1 FROM task WHERE id = 'n' AND status = 'completed'")
    child.kill()
    async with running(settings, take_over=True) as engine:
        assert await ended(engine, "root") == "completed"
    found = rows(settings.store, "SELECT id, status, attempt FROM task ORDER BY seq")
    assert found == [
        ("root", "completed", 1),
        ("g", "completed", 2),
        ("s", "completed", 2),
        ("n", "completed", 1),
        ("after", "completed", 1),
    ]


async def test_7_2_a_group_whose_end_was_not_written_ends_now(settings, ran) -> None:
    async with running(settings) as engine:
        group = engine.new_task("the whole", id="g")
        await finish(engine, group, engine.new_task("noop"), engine.new_task("noop"))
    abandon(settings.store, "UPDATE task SET status = 'in_progress', resumable = 1, completed_at = NULL WHERE id = 'g'")
    ran.clear()
    async with running(settings, take_over=True) as engine:
        assert await ended(engine, "g") == "completed"
        await engine.store.writer.flush()
    assert ran == [] and stored_status(settings.store, "g") == "completed" and owners(settings.store) == [None]


async def test_7_2_a_task_between_two_attempts_keeps_its_time(settings, owner: Owner, ran) -> None:
    child = owner([{"id": "f", "name": "flaky"}])
    await child.has("SELECT 1 FROM task WHERE not_before IS NOT NULL AND status = 'pending'")
    child.kill()
    async with running(settings, take_over=True) as engine:
        task = engine.dispatcher.nodes["f"].task
        assert reason(engine, task).startswith("retry in ") and task.attempt == 1
    abandon(settings.store, "UPDATE task SET not_before = 1")
    async with running(settings, take_over=True) as engine:
        assert await ended(engine, "f") == "completed"
    assert ran == [("f", 2)]


async def test_7_2_a_scheduled_task_keeps_its_time(settings) -> None:
    async with running(settings) as engine:
        task = engine.new_task("noop", params={"not_before": "2099-01-02T03:04:05+00:00"})
        await submit(engine, task)
    async with running(settings, take_over=True) as engine:
        assert reason(engine, engine.dispatcher.nodes[task.id].task) == "scheduled at 2099-01-02 03:04:05"


async def test_7_2_a_paused_run_is_taken_over_paused(settings, owner: Owner, ran) -> None:
    child = owner([{"id": "s", "name": "safe"}, {"id": "n", "name": "noop", "parent": "s"}], "pause", slots=1)
    await child.says("IN s", "PAUSED")
    await child.has("SELECT 1 FROM task WHERE id = 's' AND status = 'in_progress'")
    child.kill()
    async with running(settings, take_over=True) as engine:
        task = engine.dispatcher.nodes["s"].task
        assert (task.status, reason(engine, task)) == ("pending", "paused")
        await asyncio.sleep(0.02)
        assert ("s", 2) not in ran
        await engine.resume("s")
        assert await ended(engine, "s") == "completed"


async def test_7_2_an_engine_that_stops_leaves_what_may_run_twice_to_the_next(settings, register, ran) -> None:
    gates = Gates()
    register("slow", gates.executor(), retry_safe=True)
    async with running(settings) as engine:
        task = engine.new_task("slow")
        await submit(engine, task, engine.new_task("noop", dependencies=[task.id]))
        await until(lambda: gates.inside and task.status == "in_progress")
    assert stored_status(settings.store, task.id) == "pending"
    gates.open("")
    async with running(settings, take_over=True) as engine:
        assert await ended(engine, task.run_id) == "completed"
        assert [a.error_type for a in await engine.attempts(task.id)] == ["interrupted", None]


# ── who goes on, and when ────────────────────────────────────────────────────────────────────────────────────────────


async def test_7_2_a_script_goes_on_with_nothing_by_itself_and_resumes_on_demand(settings, owner: Owner, ran) -> None:
    child = owner([{"id": "s", "name": "safe"}])
    await child.says("IN s")
    await child.has("SELECT 1 FROM task WHERE status = 'in_progress'")
    child.kill()
    async with running(settings) as engine:
        await asyncio.sleep(0.02)
        assert (ran, stored_status(settings.store, "s"), len(engine.dispatcher.trees)) == ([], "pending", 0)
        await engine.resume("s")
        assert await ended(engine, "s") == "completed"
    assert ran == [("s", 2)]


async def test_7_2_a_script_closes_what_has_nothing_left_to_run(settings, owner: Owner, ran) -> None:
    child = owner([{"id": "a", "name": "hang"}])
    await child.says("IN a")
    child.kill()
    engine = Engine(settings)
    events = listen(engine)
    await engine.start()
    await engine.store.writer.flush()
    assert [(e.kind, e.data) for e in events if e.kind is EventKind.TREE_FINISHED] == [
        (EventKind.TREE_FINISHED, "failed")
    ]
    assert owners(settings.store) == [None] and ran == []
    await engine.stop()


async def test_7_2_an_engine_that_lived_before_the_other_died_can_act_on_its_runs(settings, owner: Owner, ran) -> None:
    async with running(settings) as engine:
        child = owner([{"id": "a", "name": "hang"}, {"id": "b", "name": "hang", "parent": "a"}])
        await child.says("IN a", "IN b")
        with pytest.raises(TaskError, match="still runs"):
            await engine.rerun("a")
        child.kill()
        assert (await engine.cancel("b"))["current_status"] == "failed"
        await engine.rerun("a")
        assert await ended(engine, "a") == "failed"
        await engine.skip("b")
        assert await ended(engine, "a") == "completed"
    assert ran == [("a", 2)]
    assert rows(settings.store, "SELECT id, attempt, skipped FROM task ORDER BY seq") == [("a", 2, 0), ("b", 1, 1)]


async def test_7_2_resume_of_a_run_whose_process_died_meanwhile(settings, owner: Owner, ran) -> None:
    async with running(settings) as engine:
        child = owner([{"id": "s", "name": "safe"}, {"id": "a", "name": "hang", "parent": "s"}])
        await child.says("IN s", "IN a")
        await child.has("SELECT 1 FROM task WHERE id = 's' AND status = 'in_progress'")
        await engine.resume("s")  # the living process is asked, and its run was not paused
        assert owners(settings.store) != [engine.store.lease.id] and ran == []
        child.kill()
        await engine.resume("s")
        assert await ended(engine, "s") == "failed"
    assert ran == [("s", 2)]
    assert rows(settings.store, "SELECT error_type FROM task WHERE id = 'a'") == [("interrupted",)]


async def test_7_2_a_process_that_dies_while_the_console_loads_its_executors_is_taken_over_rightly(
    settings, owner: Owner, tmp_path: Path
) -> None:
    """The console looked at the owners once, before its catalogue was there; this one died after that."""
    folder = tmp_path / "executors"
    folder.mkdir()
    loaded = tmp_path / "loaded"
    code = "import os, time\nfrom engine import BaseTask, executor_register\n"
    code += f"while not os.path.exists({str(loaded)!r}):\n    time.sleep(0.005)\n"
    for name in ("hang", "noop"):
        code += f"@executor_register()\nclass {name.title()}(BaseTask):\n    id = '{name}'\n"
        code += "    async def execute(self, inputs):\n        return None\n"
    (folder / "slow.py").write_text(code)
    child = owner([{"id": "a", "name": "hang"}, {"id": "n", "name": "noop", "parent": "a"}], slots=1)
    await child.says("IN a")
    engine = Engine(settings, [Folder(folder, "user")])
    events = listen(engine)
    await engine.start()
    assert stored_status(settings.store, "a") == "in_progress"
    child.kill()
    loaded.touch()
    await until(lambda: [e for e in events if e.kind is EventKind.TREE_FINISHED])
    assert stored_status(settings.store, "a") == "failed" and stored_status(settings.store, "n") == "completed"
    await engine.stop()


async def test_7_2_of_two_consoles_that_start_at_once_one_takes_it_over(settings, owner: Owner, ran) -> None:
    entries = [{"id": "s", "name": "safe"}, *({"id": f"n{i}", "name": "noop", "parent": "s"} for i in range(6))]
    child = owner(entries, slots=1)
    await child.says("IN s")
    await child.has("SELECT 1 FROM task WHERE id = 's' AND status = 'in_progress'")
    child.kill()
    consoles = [Engine(settings, take_over=True) for _ in range(3)]
    told = [listen(console) for console in consoles]
    await asyncio.gather(*(console.start() for console in consoles))
    for console in consoles:
        async with asyncio.timeout(GUARD):
            await console.drain()
    assert sorted(ran) == sorted([("s", 2), *((f"n{i}", 1) for i in range(6))])
    ends = [event for events in told for event in events if event.kind is EventKind.TREE_FINISHED]
    assert [event.data for event in ends] == ["completed"]
    for console in consoles:
        await console.stop()
    assert owners(settings.store) == [None]


async def test_7_2_of_two_scripts_that_resume_at_once_one_is_refused(settings, ran) -> None:
    async with running(settings) as engine:
        await engine.pause()
        task = engine.new_task("noop")
        await submit(engine, task)
        await engine.resume()
        await ended(engine, task.run_id)
    abandon(settings.store, "UPDATE task SET status = 'pending', started_at = NULL, attempt = 0")
    ran.clear()
    async with running(settings) as one, running(settings) as two:
        told = await asyncio.gather(one.resume(task.id), two.resume(task.id), return_exceptions=True)
        assert sorted(type(each).__name__ for each in told) == ["NoneType", "TaskError"]
        for engine in (one, two):
            await engine.drain()
    assert ran == [(task.id, 1)]


async def test_7_2_a_run_that_cannot_be_loaded_keeps_no_other_from_going_on(settings, ran, caplog) -> None:
    async with running(settings) as engine:
        broken, good = engine.new_task("noop"), engine.new_task("noop")
        for task in (broken, good):
            await finish(engine, task)
    abandon(
        settings.store,
        "UPDATE task SET status = 'pending', started_at = NULL, attempt = 0",
        f"""UPDATE task SET dependencies = '["nowhere"]' WHERE id = '{broken.id}'""",
    )
    ran.clear()
    async with running(settings, take_over=True) as engine:
        assert await ended(engine, good.id) == "completed"
    assert ran == [(good.id, 1)] and owners(settings.store) == ["1-gone", None]
    assert broken.id in caplog.text


async def test_7_2_runs_that_wait_for_each_other_go_on_together(settings, ran) -> None:
    async with running(settings) as engine:
        await engine.pause()
        first, second = engine.new_task("noop"), engine.new_task("noop")
        second.dependencies = engine.new_task("noop", dependencies=[first.id]).dependencies
        await submit(engine, first)
        await submit(engine, second)
    async with running(settings, take_over=True) as engine:
        await engine.resume()
        assert await ended(engine, second.id) == "completed"
    assert ran == [(first.id, 1), (second.id, 1)]


# ── locks ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_7_2_the_lock_of_a_living_engine_is_not_free_and_that_of_a_dead_one_is(settings, owner: Owner) -> None:
    child = owner([{"id": "a", "name": "hang"}])
    await child.says("IN a")
    store = await Store.open(settings.store)
    name = owners(settings.store)[0]
    assert not store.lease.is_dead(name) and not store.lease.is_dead(store.lease.id)
    child.kill()
    assert store.lease.is_dead(name) and store.lease.is_dead("1-never")
    await store.close()


async def test_7_2_what_a_living_engine_runs_is_not_touched_by_one_that_starts(settings, register, ran) -> None:
    gates = Gates()
    register("slow", gates.executor(), retry_safe=True)
    async with running(settings) as mine:
        task = mine.new_task("slow")
        run_id = await submit(mine, task, mine.new_task("noop", dependencies=[task.id]))
        await until(lambda: gates.inside and task.status == "in_progress")
        async with running(settings, take_over=True) as other:
            assert not other.dispatcher.trees
            assert stored_status(settings.store, task.id) == "in_progress"
        gates.open("")
        assert await ended(mine, run_id) == "completed"
    assert task.attempt == 1


async def test_7_2_a_resubmitted_tree_of_a_dead_process_belongs_to_who_submits_it(settings, ran) -> None:
    async with running(settings) as engine:
        done = engine.new_task("noop", id="done")
        await finish(engine, done)
    abandon(settings.store)
    ran.clear()
    async with running(settings) as engine:
        stored = await engine.task("done")
        assert stored is not None
        more: Task = engine.new_task("noop", dependencies=["done"])
        run_id = await engine.submit(TaskTreeNode(stored, [TaskTreeNode(more)]))
        assert await ended(engine, run_id) == "completed"
    assert ran == [(more.id, 1)] and owners(settings.store) == [None]


async def test_7_1_an_engine_that_stops_while_a_task_ends_writes_that_end_whole(settings, register) -> None:
    for turns in range(8):
        stopping: list[asyncio.Task[None]] = []
        engine = Engine(settings)

        async def stop(engine: Engine = engine, turns: int = turns) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            await engine.stop()

        async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
            stopping.append(asyncio.ensure_future(stop()))  # noqa: B023
            return {"ok": True}

        register(f"last_{turns}", execute)
        await engine.start()
        task = engine.new_task(f"last_{turns}")
        await engine.submit(TaskTreeNode(task))
        await until(lambda: stopping)  # noqa: B023
        await stopping[0]
        assert stored_status(settings.store, task.id) == "completed", turns
        assert rows(settings.store, "SELECT owner FROM run WHERE id = ?", task.id) == [(None,)], turns
