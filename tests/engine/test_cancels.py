"""The moves that the store allows, and cancel (behaviour.md 2.2, 5.1-5.3)."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from typing import Any

import pytest

from engine import (
    BaseTask,
    Engine,
    Event,
    EventKind,
    Task,
    TaskError,
    TaskStatus,
    TaskTreeNode,
    register_pre_hook,
)
from engine import statements as st
from engine.store import Store
from engine.task import MOVES, now
from tests.engine.support import (
    Gates,
    ended,
    finish,
    kinds,
    rows,
    running,
    started,
    stored_status,
    submit,
    until,
)

pytestmark = pytest.mark.usefixtures("mending")


# ── 2.2: the moves, in the store itself ──────────────────────────────────────────────────────────────────────────────

END = {
    TaskStatus.COMPLETED: lambda i: [st.finish(i, TaskStatus.COMPLETED, None, None, None, 1.0, now())],
    TaskStatus.FAILED: lambda i: [st.finish(i, TaskStatus.FAILED, None, "e", "E", 0.0, now())],
}
BY = {
    TaskStatus.IN_PROGRESS: lambda i: [st.start(i, 1, now(), None, None)],
    TaskStatus.PENDING: lambda i: st.reset(Task(i, "n", i), {}, now()),
    **END,
}


def move(task_id: str, former: TaskStatus, status: TaskStatus) -> list[st.Write]:
    if status is TaskStatus.CANCELLED:
        if former is TaskStatus.IN_PROGRESS:
            return [st.finish(task_id, TaskStatus.CANCELLED, None, "c", "cancelled", 0.0, now())]
        return [st.cancel(task_id, "c", now())]
    return BY[status](task_id)


@pytest.mark.parametrize("former", list(TaskStatus))
@pytest.mark.parametrize("status", list(TaskStatus))
async def test_2_2_the_store_makes_the_allowed_moves_and_refuses_all_others(
    tmp_path, former: TaskStatus, status: TaskStatus
) -> None:
    path = tmp_path / "moves.db"
    store = await Store.open(path)
    try:
        task = Task("t", "n", "t")
        await store.writer.commit([st.insert(task)])
        ways = {
            TaskStatus.PENDING: [],
            TaskStatus.IN_PROGRESS: [TaskStatus.IN_PROGRESS],
            TaskStatus.COMPLETED: [TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED],
            TaskStatus.FAILED: [TaskStatus.IN_PROGRESS, TaskStatus.FAILED],
            TaskStatus.CANCELLED: [TaskStatus.CANCELLED],
        }
        for step in ways[former]:
            await store.writer.commit(BY[step]("t") if step in BY else [st.cancel("t", "c", now())])
        assert stored_status(path, "t") == former
        if status in MOVES[former]:
            await store.writer.commit(move("t", former, status))
            assert stored_status(path, "t") == status
        else:
            before = rows(path, "SELECT * FROM task")
            with pytest.raises(TaskError, match="task 't'"):
                await store.writer.commit(move("t", former, status))
            assert rows(path, "SELECT * FROM task") == before
    finally:
        await store.close()


async def test_2_2_a_refused_move_takes_nothing_else_with_it(tmp_path) -> None:
    path = tmp_path / "moves.db"
    store = await Store.open(path)
    try:
        for name in "abc":
            await store.writer.commit([st.insert(Task(name, name, name))])
        units = [[st.start(n, 1, now(), None, None)] for n in "ab"]
        units.append(END[TaskStatus.COMPLETED]("c"))  # it never began
        told = await asyncio.gather(*(store.writer.commit(unit) for unit in units), return_exceptions=True)
        assert [type(each).__name__ for each in told] == ["NoneType", "NoneType", "TaskError"]
        assert [stored_status(path, n) for n in "abc"] == ["in_progress", "in_progress", "pending"]
    finally:
        await store.close()


async def test_2_2_a_refusal_before_execute_passes_through_in_progress(engine: Engine, events: list[Event]) -> None:
    task = engine.new_task("no such thing")
    await finish(engine, task)
    assert task.started_at is not None and task.completed_at is not None and task.attempt == 1
    assert EventKind.STARTED in kinds(events, task)


# ── 5.1-5.3: cancel ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_5_1_without_a_cancel_of_its_own_there_is_no_grace(settings, gates: Gates) -> None:
    async with running(settings, grace=600.0, cancel_limit=600.0) as engine:
        task = engine.new_task("gate")
        await submit(engine, task)
        await until(lambda: gates.inside)
        async with asyncio.timeout(5):
            assert (await engine.cancel(task.id))["status"] == "cancelled"
        assert task.status == "cancelled"


async def test_5_1_a_cancel_has_happened_on_disk_when_it_is_answered(engine: Engine, gates: Gates, settings) -> None:
    task = engine.new_task("gate")
    await submit(engine, task)
    await until(lambda: gates.inside)
    await engine.cancel(task.id)
    assert (task.status, stored_status(settings.store, task.id)) == ("cancelled", "cancelled")


async def test_5_1_two_cancels_at_once_ask_once_and_both_wait_for_the_end(engine: Engine, register) -> None:
    asked: list[int] = []
    stop = asyncio.Event()

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await stop.wait()
        return {"status": "cancelled", "message": "stopped itself"}

    async def cancel(self: BaseTask) -> Any:
        asked.append(1)
        await asyncio.sleep(0.02)
        stop.set()

    register("polite", execute, cancel=cancel)
    task = engine.new_task("polite")
    await submit(engine, task)
    await started(task)
    await asyncio.sleep(0.01)
    answers = await asyncio.gather(*(engine.cancel(task.id) for _ in range(3)))
    assert [a["status"] for a in answers] == ["cancelled"] * 3
    assert (asked, task.status, task.error) == ([1], "cancelled", "stopped itself")


@pytest.mark.parametrize("kind", ["raises", "hangs"])
async def test_5_1_a_cancel_that_raises_or_hangs_does_not_keep_the_task(engine: Engine, register, kind: str) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(600)

    async def cancel(self: BaseTask) -> Any:
        if kind == "raises":
            raise RuntimeError("no")
        await asyncio.sleep(600)

    register("odd", execute, cancel=cancel)
    task = engine.new_task("odd")
    await submit(engine, task)
    await started(task)
    await asyncio.sleep(0.01)
    await engine.cancel(task.id)
    assert task.status == "cancelled"
    text = "\n".join(line.text for line in await engine.log(task.id))
    assert ("its cancel() failed: RuntimeError: no" if kind == "raises" else "did not return within 0.2 s") in text


async def test_5_1_what_ends_by_itself_in_the_grace_keeps_its_own_end(engine: Engine, register) -> None:
    asked = asyncio.Event()

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await asked.wait()
        return {"last": "words"}

    async def cancel(self: BaseTask) -> Any:
        asked.set()

    register("nearly", execute, cancel=cancel)
    task = engine.new_task("nearly")
    run_id = await submit(engine, task)
    await started(task)
    await asyncio.sleep(0.01)
    answer = await engine.cancel(task.id)
    assert await ended(engine, run_id) == "completed"
    assert answer == {"status": "completed", "message": "it ended by itself before the cancel took effect"}
    assert task.result["last"] == "words"


async def test_5_1_a_plain_execute_that_notices_the_cancel_keeps_what_it_returns(settings, register) -> None:
    def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        for step in range(5000):
            if self.is_cancelled():
                return {"status": "cancelled", "message": "noticed", "step": step}
            threading.Event().wait(0.002)

    register("plain", execute)
    async with running(settings, cancel_limit=5.0) as engine:
        task = engine.new_task("plain")
        await submit(engine, task)
        await started(task)
        await asyncio.sleep(0.01)
        await engine.cancel(task.id)
        assert (task.status, task.error) == ("cancelled", "noticed") and task.result["step"] >= 0


async def test_5_1_a_plain_execute_that_goes_on_is_listed_as_occupying_its_thread(engine: Engine, register) -> None:
    release, inside = threading.Event(), threading.Event()

    def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        inside.set()
        release.wait(10)
        return {"late": True}

    register("deaf", execute)
    task = engine.new_task("deaf")
    await submit(engine, task)
    await until(inside.is_set)
    await engine.cancel(task.id)
    assert task.status == "cancelled" and "abandoned" in str(task.error)
    assert [job.context.task.name for job in engine.dispatcher.abandoned] == ["deaf"]
    release.set()
    await until(lambda: not engine.dispatcher.abandoned)
    await engine.store.writer.flush()
    stored = await engine.store.task(task.id)
    assert stored is not None and (stored.status, stored.result["late"]) == ("cancelled", True)


async def test_5_1_a_thread_that_never_ends_keeps_no_engine_from_ending(settings, register) -> None:
    release, inside = threading.Event(), threading.Event()

    def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        inside.set()
        release.wait(30)

    register("deaf", execute)
    async with asyncio.timeout(5):
        async with running(settings) as engine:
            task = engine.new_task("deaf")
            await submit(engine, task)
            await until(inside.is_set)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for other in others:
        other.cancel()
    _, pending = await asyncio.wait(others, timeout=5) if others else (set(), set())
    release.set()
    assert not pending
    assert rows(settings.store, "SELECT error_type FROM task") == [("interrupted",)]


async def test_5_1_a_pending_row_that_was_cancelled_in_the_store_is_respected(settings, gates: Gates) -> None:
    async with running(settings, slots=1) as mine:
        hold, waiting = mine.new_task("gate"), mine.new_task("noop")
        after = mine.new_task("noop", dependencies=[waiting.id])
        run_id = await submit(mine, hold, waiting, after)
        await started(hold)
        with sqlite3.connect(settings.store) as other:
            other.execute("UPDATE task SET status = 'cancelled' WHERE id = ?", (waiting.id,))
        gates.open("")
        assert await ended(mine, run_id) == "cancelled"
        assert (waiting.status, after.status) == ("cancelled", "pending")


async def test_5_3_a_cancel_during_the_pre_hooks_is_not_lost(engine: Engine, gates: Gates) -> None:
    in_hook, go_on = asyncio.Event(), asyncio.Event()

    async def hook(task: Task) -> None:
        in_hook.set()
        await go_on.wait()

    register_pre_hook(hook)
    task = engine.new_task("gate")
    run_id = await submit(engine, task)
    await in_hook.wait()
    cancel = asyncio.ensure_future(engine.cancel(task.id))
    await asyncio.sleep(0.01)
    go_on.set()
    assert (await cancel)["status"] == "cancelled"
    assert await ended(engine, run_id) == "cancelled" and gates.entered == []


async def test_5_2_what_has_ended_in_a_subtree_stays_as_it_is(engine: Engine, gates: Gates) -> None:
    root, done, open_one = engine.new_task("gate"), engine.new_task("noop"), engine.new_task("gate")
    run_id = await submit(engine, root, done, open_one)
    await until(lambda: done.is_terminal and len(gates.inside) == 2)
    answer = await engine.cancel(root.id)
    assert answer["message"] == "cancelled 2 task(s)"
    assert await ended(engine, run_id) == "cancelled"
    assert [t.status for t in (root, done, open_one)] == ["cancelled", "completed", "cancelled"]


async def test_5_2_a_group_that_waits_ends_cancelled_also_where_its_tasks_need_what_is_cancelled_with_them(
    settings, gates: Gates
) -> None:
    async with running(settings, slots=1) as engine:
        first, group = engine.new_task("gate"), engine.new_task("the whole")
        inside = engine.new_task("gate", dependencies=[first.id])
        root = engine.new_task("gate", priority=0)
        run_id = await engine.submit(
            TaskTreeNode(root, [TaskTreeNode(first), TaskTreeNode(group, [TaskTreeNode(inside)])])
        )
        await started(root)
        await engine.cancel(root.id)
        assert await ended(engine, run_id) == "cancelled"
        assert [task.status for task in (root, first, group, inside)] == ["cancelled"] * 4


async def test_5_1_a_group_without_what_is_in_it_is_nothing_to_cancel(engine: Engine, gates: Gates) -> None:
    group, inside = engine.new_task("the whole"), engine.new_task("gate")
    run_id = await engine.submit(TaskTreeNode(group, [TaskTreeNode(inside)]))
    await started(inside, group)
    answer = await engine.cancel(group.id, only=True)
    assert (answer["status"], answer["current_status"]) == ("failed", "in_progress")
    gates.open("")
    assert await engine.finished(run_id) == "completed"


async def test_5_2_a_cancelled_group_cancels_all_in_it_and_ends_cancelled(engine: Engine, gates: Gates) -> None:
    group = engine.new_task("the whole")
    inside = [engine.new_task("gate"), engine.new_task("noop", params={"not_before": "2099-01-01"})]
    after = engine.new_task("noop", dependencies=[group.id])
    root = TaskTreeNode(engine.new_task("noop"), [TaskTreeNode(group, map(TaskTreeNode, inside)), TaskTreeNode(after)])
    run_id = await engine.submit(root)
    await until(lambda: gates.inside)
    await engine.cancel(group.id)
    assert await ended(engine, run_id) == "cancelled"
    assert [t.status for t in (group, *inside, after)] == ["cancelled"] * 3 + ["pending"]
