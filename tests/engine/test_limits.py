"""Timeouts, limits, pools, priorities, and what may run twice (behaviour.md 2.3, 2.4, 4.7, 8.7)."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from typing import Any

import pytest

from engine import (
    BaseTask,
    Engine,
    Event,
    EventKind,
    Task,
    TaskTreeNode,
)
from engine.runners.loop_thread import LoopThreadRunner
from tests.engine.support import (
    Gates,
    Make,
    ended,
    finish,
    kinds,
    reason,
    running,
    started,
    stored_status,
    submit,
    until,
)

# ── timeouts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_4_7_a_timeout_is_retried_and_its_attempts_say_so(register, run, engine: Engine) -> None:
    tries: list[int] = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        tries.append(1)
        if len(tries) < 3:
            await asyncio.sleep(30)
        return None

    register("slow", execute, timeout=0.03, retries=2, retry_delay=0)
    task = await run("slow")
    assert (task.status, task.attempt) == ("completed", 3)
    attempts = await engine.attempts(task.id)
    assert [a.error_type for a in attempts] == ["timeout_error", "timeout_error", None]


async def test_4_7_retry_on_may_name_the_timeout_or_leave_it_out(register, run) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(30)

    register("slow", execute, timeout=0.02, retries=1, retry_delay=0)
    assert (await run("slow", params={"retry_on": ["timeout_error"]})).attempt == 2
    assert (await run("slow", params={"retry_on": ["OSError"]})).attempt == 1


async def test_4_7_a_timeout_outweighs_what_the_code_returns_when_it_is_stopped(register, run) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            return {"partial": 1}

    register("polite", execute, timeout=0.02)
    task = await run("polite")
    assert (task.status, task.error_type) == ("failed", "timeout_error")
    assert task.result["partial"] == 1


async def test_4_7_code_that_ignores_its_timeout_is_abandoned_and_not_run_beside_itself(
    register, run, engine: Engine
) -> None:
    release = asyncio.Event()
    tries: list[int] = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        tries.append(1)
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    register("stubborn", execute, timeout=0.02, retries=3, retry_delay=0)
    task = await run("stubborn")
    assert (task.status, task.error_type, tries) == ("failed", "timeout_error", [1])
    assert len(engine.dispatcher.abandoned) == 1
    release.set()
    await until(lambda: not engine.dispatcher.abandoned)


async def test_4_7_params_go_before_the_executors_attributes(flaky: Make, run, tries: list[int]) -> None:
    flaky(9, retries=1, retry_delay=100)
    task = await run("flaky", params={"retries": 3, "retry_delay": 0})
    assert task.attempt == 4
    tries.clear()
    assert (await run("flaky", params={"retries": 0})).attempt == 1


async def test_4_7_a_timeout_in_the_params_of_a_sync_executor(register, run) -> None:
    release = threading.Event()

    def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        release.wait(5)

    register("sync", execute)
    task = await run("sync", params={"timeout": 0.02})
    release.set()
    assert (task.status, task.error_type) == ("failed", "timeout_error")


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_4_7_max_concurrent_of_an_executor_over_several_trees(register, gates: Gates, noop, engine) -> None:
    register("few", gates.executor(), max_concurrent=2)
    tasks = [engine.new_task("few", inputs={"n": str(i)}) for i in range(4)]
    for task in tasks:
        await submit(engine, task)
    await until(lambda: len(gates.inside) == 2)
    assert await finish(engine, engine.new_task("noop")) == "completed"
    assert gates.inside == ["0", "1"]
    assert reason(engine, tasks[2]) == "queued (2 at once)"
    gates.open("1")
    await until(lambda: gates.inside == ["0", "2"])
    gates.open("0", "2", "3")
    await engine.drain()
    assert [t.status for t in tasks] == ["completed"] * 4


async def test_8_7_a_full_pool_leaves_the_others_alone(gates: Gates, noop, settings) -> None:
    async with running(settings, slots=1, pools={"gpu": 1}) as engine:
        tasks = [engine.new_task("gate", inputs={"n": n}, params={"pool": "gpu"}) for n in "ab"]
        run_id = await submit(engine, *tasks)
        await until(lambda: gates.inside == ["a"])
        assert reason(engine, tasks[1]) == "queued (pool gpu)"
        assert await finish(engine, engine.new_task("noop")) == "completed"
        assert engine.counts.queued == 1
        gates.open("a", "b")
        assert await ended(engine, run_id) == "completed"


async def test_8_7_the_pool_of_an_executor_has_the_size_of_the_settings(register, gates: Gates, settings) -> None:
    register("render", gates.executor(), pool="gpu")
    async with running(settings, slots=1, pools={"gpu": 2}) as engine:
        await submit(engine, *(engine.new_task("render", inputs={"n": n}) for n in "abc"))
        await until(lambda: len(gates.inside) == 2)
        await asyncio.sleep(0.02)
        assert gates.inside == ["a", "b"]


async def test_2_3_a_ready_task_without_a_slot_is_queued(gates: Gates, settings) -> None:
    async with running(settings, slots=1) as engine:
        first, second = (engine.new_task("gate", inputs={"n": n}) for n in "ab")
        third = engine.new_task("gate", dependencies=[first.id, second.id])
        await submit(engine, first, second, third)
        await started(first)
        assert [reason(engine, t) for t in (first, second, third)] == ["", "queued", "waiting for gate and 1 more"]


async def test_2_4_priorities_hold_over_several_trees_and_dependencies_beat_them(gates: Gates, settings) -> None:
    async with running(settings, slots=1) as engine:
        hold = engine.new_task("gate", inputs={"n": "hold"})
        await submit(engine, hold)
        await started(hold)
        made = [("low", 3), ("normal 1", 2), ("urgent", 0), ("null", None), ("high", 1)]
        tasks = {name: engine.new_task("gate", inputs={"n": name}, priority=p) for name, p in made}
        behind = engine.new_task("gate", inputs={"n": "behind"}, priority=0, dependencies=[tasks["low"].id])
        for task in reversed(tasks.values()):
            if task.inputs["n"] != "low":
                await submit(engine, task)
        await submit(engine, tasks["low"], behind)
        gates.open("hold", "behind", *tasks)
        await engine.drain()
    assert gates.entered == ["hold", "urgent", "high", "normal 1", "null", "low", "behind"]


# ── what may run twice ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_4_7_what_may_run_twice_goes_only_so_far_ahead_of_the_disk(
    register, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another connection holds the store's write lock, so that nothing of what runs meanwhile can be on disk."""
    monkeypatch.setattr("engine.dispatcher.AHEAD", 10)
    ran: list[str] = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> None:
        ran.append(str(self.task_id))

    register("safe", execute, retry_safe=True)
    async with running(settings, slots=1) as engine:
        tasks = [engine.new_task("safe") for _ in range(40)]
        with closing(sqlite3.connect(settings.store, isolation_level=None)) as lock:
            engine.bus.subscribe(lambda event: event.kind is EventKind.CREATED and lock_once(lock))
            run_id = await submit(engine, *tasks)
            await until(lambda: len(ran) >= 4)
            await asyncio.sleep(0.1)
            assert len(ran) <= 10
            lock.execute("COMMIT")
        assert await ended(engine, run_id) == "completed"
    assert len(ran) == 40


def lock_once(lock: sqlite3.Connection) -> None:
    if not lock.in_transaction:
        lock.execute("BEGIN IMMEDIATE")


@pytest.mark.parametrize("kind", ["completes", "fails", "retries"])
async def test_4_7_a_retry_safe_task_runs_ahead_of_its_row_and_never_tells_before(
    register, gates: Gates, settings, kind: str
) -> None:
    """Another connection holds the store's write lock while it begins, so that nothing of it can be on disk."""
    ahead: list[str] = []
    told: list[tuple[str, str]] = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        ahead.append(stored_status(settings.store, str(self.task_id)))
        print("a line at once")
        self.report_progress(0.5, "half")
        if kind == "fails" or (kind == "retries" and len(ahead) == 1):
            raise ValueError("broken")
        return {"ok": True}

    register("safe", execute, retry_safe=True, retries=1 if kind == "retries" else 0, retry_delay=0)
    async with running(settings, slots=1) as engine:
        hold, task = engine.new_task("gate"), engine.new_task("safe")

        def look(event: Event) -> None:
            if event.task is task and event.kind not in (EventKind.CREATED, EventKind.QUEUED):
                told.append((str(event.kind), stored_status(settings.store, task.id)))

        run_id = await submit(engine, hold, task)
        await started(hold)
        await engine.store.writer.flush()
        engine.bus.subscribe(look)
        with closing(sqlite3.connect(settings.store, isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            gates.open("")
            await until(lambda: ahead)
            await asyncio.sleep(0.02)
            assert (ahead, told, task.status) == (["pending"], [], "pending")
        await ended(engine, run_id)
        texts = [line.text for line in await engine.log(task.id)]
    assert texts[0] == "a line at once"
    steps = [word for word, _ in told if word in ("started", "retrying", "finished")]
    assert steps == (["started", "retrying"] if kind == "retries" else []) + ["started", "finished"]
    assert told[0][0] == "started"
    if kind != "retries":  # that one's row may be back to pending by then
        assert told[0][1] != "pending"
    assert ("finished", "failed" if kind == "fails" else "completed") in told
    assert "log" in [word for word, _ in told]


async def test_4_7_what_a_retry_safe_task_says_ahead_of_its_row_is_told_once_that_is_there(
    register, gates: Gates, engine: Engine, events: list[Event]
) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        self.report_progress(0.5, "half")
        self.log("here")
        return await gates.execute(self, inputs)

    register("safe", execute, retry_safe=True)
    task = engine.new_task("safe")
    await submit(engine, task)
    await until(lambda: task.progress)
    assert (task.status, task.progress, task.progress_message) == ("in_progress", 0.5, "half")
    told = kinds(events, task)
    assert told.index(EventKind.STARTED) < min(told.index(EventKind.LOG), told.index(EventKind.PROGRESS))
    assert told.count(EventKind.LOG) == told.count(EventKind.PROGRESS) == 1


async def test_4_7_a_retry_safe_dependent_of_a_task_that_is_not_waits_for_its_outcome_on_disk(
    register, engine: Engine, settings
) -> None:
    seen: list[str] = []

    async def plain(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return None

    async def safe(self: BaseTask, inputs: dict[str, Any]) -> Any:
        seen.append(stored_status(settings.store, inputs["after"]))

    register("plain", plain)
    register("safe", safe, retry_safe=True)
    first = engine.new_task("plain")
    second = engine.new_task("safe", inputs={"after": first.id}, dependencies=[first.id])
    await finish(engine, first, second)
    assert seen == ["completed"]


async def test_4_7_a_dependent_of_a_retry_safe_task_begins_after_both_are_on_disk(
    register, engine: Engine, settings
) -> None:
    seen: list[Any] = []

    async def safe(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return None

    async def plain(self: BaseTask, inputs: dict[str, Any]) -> Any:
        seen.append((stored_status(settings.store, inputs["after"]), stored_status(settings.store, str(self.task_id))))

    register("safe", safe, retry_safe=True)
    register("plain", plain)
    first = engine.new_task("safe")
    second = engine.new_task("plain", inputs={"after": first.id}, dependencies=[first.id])
    await finish(engine, first, second)
    assert seen == [("completed", "in_progress")]


async def test_4_7_a_chain_of_retry_safe_tasks_passes_results_on_and_ends(register, engine: Engine) -> None:
    async def add(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"total": inputs.get("total", 0) + 1}

    register("add", add, {"type": "object", "properties": {"total": {"type": "integer"}}}, retry_safe=True)
    tasks: list[Task] = []
    for _ in range(50):
        tasks.append(engine.new_task("add", dependencies=[tasks[-1].id] if tasks else []))
    assert await finish(engine, *tasks) == "completed"
    assert tasks[-1].result["total"] == 50


async def test_4_7_retries_on_the_loop_thread(flaky: Make, settings, tries: list[int]) -> None:
    flaky(2)
    async with running(settings, runner=LoopThreadRunner()) as engine:
        task = engine.new_task("flaky")
        assert await finish(engine, task) == "completed"
        assert (task.attempt, tries) == (3, [1, 2, 3])


async def test_4_7_a_retried_task_in_a_group_keeps_the_group_open(flaky: Make, noop, engine: Engine) -> None:
    flaky(2)
    group, task = engine.new_task("all of it"), engine.new_task("flaky")
    after = engine.new_task("noop", dependencies=[group.id])
    root = TaskTreeNode(engine.new_task("whole"), [TaskTreeNode(group, [TaskTreeNode(task)]), TaskTreeNode(after)])
    assert await ended(engine, await engine.submit(root)) == "completed"
    assert (group.status, group.attempt, task.attempt, after.status) == ("completed", 1, 3, "completed")
