"""Trees on the engine: order, dependencies, cancel, rerun, events, durability (behaviour.md 2, 3, 5, 6.2, 7)."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from engine import BaseTask, Engine, Event, EventKind, StoreError, Task, TaskError, TaskStatus, TaskTreeNode
from engine.store import Store


async def ok(self: BaseTask, inputs: dict[str, Any]) -> Any:
    return {"ok": True}


async def fail(self: BaseTask, inputs: dict[str, Any]) -> Any:
    raise ValueError("broken")


async def sleep(self: BaseTask, inputs: dict[str, Any]) -> Any:
    await asyncio.sleep(inputs.get("seconds", 30))
    return {"slept": True}


@pytest.fixture(autouse=True)
def executors(register) -> None:
    register("ok", ok)
    register("fail", fail)
    register("sleep", sleep)


async def finish(engine: Engine, *tasks: Task) -> TaskStatus:
    root = TaskTreeNode(tasks[0], [TaskTreeNode(task) for task in tasks[1:]])
    return await engine.finished(await engine.submit(root))


async def started(task: Task) -> None:
    for _ in range(500):
        if task.status is TaskStatus.IN_PROGRESS:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never started")


async def test_2_1_a_row_holds_what_was_given_and_survives_the_engine(settings) -> None:
    engine = Engine(settings)
    await engine.start()
    task = engine.new_task("ok", user_id="ann", inputs={"a": [1]}, params={"p": 1}, priority=1)
    await finish(engine, task)
    await engine.stop()
    again = Engine(settings)
    await again.start()
    stored = await again.task(task.id)
    await again.stop()
    assert stored is not None
    for name in ("id", "name", "user_id", "inputs", "params", "priority", "status", "result", "run_id", "attempt"):
        assert getattr(stored, name) == getattr(task, name), name
    for moment in (stored.created_at, stored.started_at, stored.completed_at):
        assert moment is not None and moment.tzinfo is not None


async def test_2_4_lower_numbers_start_first_then_the_older(settings, register) -> None:
    order: list[str] = []

    async def note(self: BaseTask, inputs: dict[str, Any]) -> Any:
        order.append(inputs["n"])

    register("note", note)
    from dataclasses import replace

    engine = Engine(replace(settings, slots=1))
    await engine.start()
    tasks = [
        engine.new_task("note", inputs={"n": name}, priority=priority)
        for name, priority in [("low", 3), ("normal", None), ("normal 2", 2), ("urgent", 0), ("high", 1)]
    ]
    await finish(engine, *tasks)
    await engine.stop()
    assert order == ["urgent", "high", "normal", "normal 2", "low"]


async def test_2_5_a_parent_organises_and_does_not_order(engine: Engine) -> None:
    parent, child = engine.new_task("fail"), engine.new_task("ok")
    assert await finish(engine, parent, child) == "failed"
    assert child.status == "completed" and child.parent_id == parent.id and child.run_id == parent.id


async def test_2_6_a_node_without_executor_that_has_children_is_a_group(engine: Engine) -> None:
    group, a, b = engine.new_task("deploy web"), engine.new_task("ok"), engine.new_task("fail")
    assert await finish(engine, group, a, b) == "failed"
    stored = await engine.store.task(group.id)
    assert stored is not None
    assert (group.status, stored.status) == ("failed", "failed") and stored.started_at is not None
    assert "1 of 2" in str(stored.error)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"inputs": {"a": [{1}]}}, r"inputs are not JSON at \$\.a\[0\]: set"),
        ({"inputs": [1]}, "inputs must be an object"),
        ({"priority": 9}, "priority 9"),
        ({"dependencies": [3]}, "3 is no dependency"),
    ],
)
async def test_2_8_bad_fields_raise_at_once(engine: Engine, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(TaskError, match=words):
        await engine.create("ok", **fields)


async def test_2_8_an_id_that_is_stored_raises_and_overwrites_nothing(engine: Engine) -> None:
    await engine.create("ok", id="mine", inputs={"a": 1})
    with pytest.raises(TaskError, match="'mine' is already stored"):
        await engine.create("ok", id="mine", inputs={"a": 2})
    stored = await engine.task("mine")
    assert stored is not None and stored.inputs == {"a": 1}


async def test_3_1_a_dependency_may_be_named_and_is_stored_by_id(engine: Engine) -> None:
    a = engine.new_task("sleep", inputs={"seconds": 0.01})
    b = engine.new_task("ok", dependencies=[{"name": "sleep"}])
    await finish(engine, a, b)
    stored = await engine.store.task(b.id)
    assert stored is not None and [d.id for d in stored.dependencies] == [a.id]


async def test_3_1_an_ambiguous_name_is_refused(engine: Engine) -> None:
    tasks = [engine.new_task("ok"), engine.new_task("ok"), engine.new_task("fail", dependencies=["ok"])]
    with pytest.raises(TaskError, match="2 tasks are named"):
        await finish(engine, *tasks)


async def test_3_3_a_refused_tree_leaves_nothing_behind(engine: Engine) -> None:
    a = engine.new_task("ok", id="a", dependencies=["b"])
    b = engine.new_task("ok", id="b", dependencies=["a"])
    with pytest.raises(TaskError, match="ok → ok → ok"):
        await finish(engine, a, b)
    assert await engine.store.task("a") is None and await engine.runs() == []


async def test_3_2_a_blocked_task_stays_pending_and_the_tree_is_failed(engine: Engine) -> None:
    a = engine.new_task("fail")
    b = engine.new_task("ok", dependencies=[a.id])
    c = engine.new_task("ok", dependencies=[{"id": a.id, "required": False}])
    assert await finish(engine, a, b, c) == "failed"
    assert (b.status, c.status) == ("pending", "completed")


async def test_3_6_nothing_waits_for_a_sibling(engine: Engine) -> None:
    slow = engine.new_task("sleep")
    quick = engine.new_task("ok")
    after = engine.new_task("ok", dependencies=[quick.id])
    await engine.submit(TaskTreeNode(slow, [TaskTreeNode(quick), TaskTreeNode(after)]))
    for _ in range(300):
        if after.status is TaskStatus.COMPLETED:
            break
        await asyncio.sleep(0.01)
    assert after.status == "completed" and slow.status == "in_progress"


async def test_5_1_cancel_calls_cancel_and_keeps_the_partial_result(engine: Engine, register) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        self.stopped = False  # as in the guide: the flag is reset when execute begins
        for i in range(1000):
            if self.stopped:
                return {"status": "cancelled", "message": "stopped", "progress": i}
            await asyncio.sleep(0.01)

    async def cancel(self: BaseTask) -> Any:
        self.stopped = True
        return {"status": "cancelled"}

    register("polite", execute, cancel=cancel)
    task = engine.new_task("polite")
    run_id = await engine.submit(TaskTreeNode(task))
    await started(task)
    await asyncio.sleep(0.05)
    assert (await engine.cancel(task.id))["status"] == "cancelled"
    assert await engine.finished(run_id) == "cancelled"
    assert task.result["progress"] > 0 and task.error == "stopped"


async def test_5_1_code_that_ignores_cancellation_is_abandoned(engine: Engine, register) -> None:
    release = asyncio.Event()

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return {"late": True}

    register("stubborn", execute)
    task = engine.new_task("stubborn")
    await engine.submit(TaskTreeNode(task))
    await started(task)
    await engine.cancel(task.id)
    assert task.status == "cancelled" and "abandoned" in str(task.error)
    assert len(engine.dispatcher.abandoned) == 1
    release.set()
    await asyncio.sleep(0.05)
    await engine.store.writer.flush()
    stored = await engine.store.task(task.id)
    assert stored is not None and (stored.status, stored.result) == ("cancelled", {"late": True, "status": "completed"})
    assert not engine.dispatcher.abandoned


async def test_5_1_terminal_and_unknown_tasks_cannot_be_cancelled(engine: Engine) -> None:
    task = engine.new_task("ok")
    await finish(engine, task)
    answer = await engine.cancel(task.id)
    assert (answer["status"], answer["current_status"]) == ("failed", "completed")
    assert (await engine.cancel("nowhere"))["status"] == "failed"


async def test_5_1_a_pending_row_that_was_never_submitted_is_cancelled(engine: Engine) -> None:
    task = await engine.create("ok")
    assert (await engine.cancel(task.id))["status"] == "cancelled"
    stored = await engine.store.task(task.id)
    assert stored is not None and stored.status == "cancelled"


async def test_5_2_cancelling_a_node_cancels_its_subtree_and_blocks_dependents(engine: Engine) -> None:
    root, child = engine.new_task("sleep"), engine.new_task("sleep")
    waiting = engine.new_task("ok", dependencies=[child.id])
    apart = engine.new_task("sleep", inputs={"seconds": 0.01})
    run_id = await engine.submit(
        TaskTreeNode(apart, [TaskTreeNode(root, [TaskTreeNode(child)]), TaskTreeNode(waiting)])
    )
    await started(child)
    await engine.cancel(root.id)
    assert await engine.finished(run_id) == "cancelled"
    assert [t.status for t in (root, child, waiting, apart)] == ["cancelled", "cancelled", "pending", "completed"]


async def test_5_2_only_leaves_the_children(engine: Engine) -> None:
    root, child = engine.new_task("sleep"), engine.new_task("sleep", inputs={"seconds": 0.3})
    run_id = await engine.submit(TaskTreeNode(root, [TaskTreeNode(child)]))
    await started(child)
    await engine.cancel(root.id, only=True)
    await engine.finished(run_id)
    assert (root.status, child.status) == ("cancelled", "completed")


async def test_5_3_a_cancel_before_execute_began_is_not_lost(engine: Engine, register) -> None:
    ran = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        ran.append(1)
        await asyncio.sleep(0.2)

    register("notes", execute)
    task = engine.new_task("notes")
    run_id = await engine.submit(TaskTreeNode(task))
    await engine.cancel(task.id)
    assert await engine.finished(run_id) == "cancelled" and not ran


async def test_5_4_rerun_runs_the_node_and_its_dependents_once_and_keeps_the_former_attempt(
    engine: Engine, register
) -> None:
    runs: list[str] = []

    async def flaky(self: BaseTask, inputs: dict[str, Any]) -> Any:
        runs.append(inputs["n"])
        if inputs.get("bad"):
            raise ValueError("bad input")
        return {"n": inputs["n"]}

    register("flaky", flaky)
    a = engine.new_task("flaky", inputs={"n": "a"})
    b = engine.new_task("flaky", inputs={"n": "b", "bad": True}, dependencies=[a.id])
    c = engine.new_task("flaky", inputs={"n": "c"}, dependencies=[b.id])
    d = engine.new_task("flaky", inputs={"n": "d"}, dependencies=[a.id])
    assert await finish(engine, a, b, c, d) == "failed"
    again = await engine.rerun(b.id, inputs={"n": "b2"})
    assert await engine.finished(a.run_id) == "completed"
    assert sorted(runs) == ["a", "b", "b2", "c", "d"]
    assert (again.status, again.attempt, again.inputs) == ("completed", 2, {"n": "b2"})
    attempts = await engine.attempts(b.id)
    assert [(x.number, x.status, x.error) for x in attempts] == [
        (1, "failed", "bad input"),
        (2, "completed", None),
    ]
    assert attempts[0].inputs == {"n": "b", "bad": True}
    assert any("bad input" in line.text for line in await engine.log(b.id, attempt=1))


async def test_5_4_rerun_inside_a_tree_that_still_runs(engine: Engine) -> None:
    slow, bad = engine.new_task("sleep", inputs={"seconds": 0.5}), engine.new_task("fail")
    after = engine.new_task("ok", dependencies=[bad.id])
    run_id = await engine.submit(TaskTreeNode(slow, [TaskTreeNode(bad), TaskTreeNode(after)]))
    while not bad.is_terminal:
        await asyncio.sleep(0.01)
    with pytest.raises(TaskError, match="still runs"):
        await engine.rerun(slow.id)
    await engine.rerun(bad.id)
    assert await engine.finished(run_id) == "failed"
    assert (bad.attempt, after.status, slow.status) == (2, "pending", "completed")


async def test_6_2_events_come_in_order_and_the_tree_ends_exactly_once(engine: Engine, events: list[Event]) -> None:
    a = engine.new_task("fail")
    b = engine.new_task("ok", dependencies=[a.id])
    await finish(engine, a, b)
    own = [e.kind for e in events if e.task is a and e.kind not in (EventKind.LOG, EventKind.TREE_FINISHED)]
    assert own == [EventKind.CREATED, EventKind.QUEUED, EventKind.STARTED, EventKind.FINISHED]
    assert [e.data for e in events if e.kind is EventKind.TREE_FINISHED] == ["failed"]


async def test_7_1_the_outcome_is_on_disk_before_anyone_is_told(engine: Engine) -> None:
    path = engine.settings.store
    seen: list[str] = []

    def look(event: Event) -> None:
        if event.kind in (EventKind.STARTED, EventKind.FINISHED) and event.task is not None:
            with sqlite3.connect(path) as other:
                row = other.execute("SELECT status FROM task WHERE id = ?", (event.task.id,)).fetchone()
            seen.append(f"{event.kind} {row[0]}")

    engine.bus.subscribe(look)
    await finish(engine, engine.new_task("ok"))
    assert seen == ["started in_progress", "finished completed"]


async def test_7_1_in_progress_is_on_disk_before_execute_begins(engine: Engine, register) -> None:
    path = engine.settings.store

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        with sqlite3.connect(path) as other:
            return other.execute("SELECT status FROM task WHERE id = ?", (self.task_id,)).fetchone()[0]

    register("looks", execute)
    task = engine.new_task("looks")
    await finish(engine, task)
    assert task.result == "in_progress"


SCRIPT = """
import asyncio, sys
from engine import BaseTask, Engine, Settings, TaskTreeNode, executor_register
@executor_register()
class Hang(BaseTask):
    id = "hang"
    async def execute(self, inputs):
        print("RUNNING", file=sys.__stdout__, flush=True)
        await asyncio.sleep(60)
async def main():
    engine = Engine(store=sys.argv[1])
    await engine.start()
    a = engine.new_task("hang", id="a")
    b = engine.new_task("hang", id="b", dependencies=["a"])
    await engine.finished(await engine.submit(TaskTreeNode(a, [TaskTreeNode(b)])))
asyncio.run(main())
"""


def spawn(store: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(store)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stdout.readline() == "RUNNING\n"
    return child


async def test_7_2_a_dead_owners_task_is_interrupted_and_one_call_reruns_it(settings, register) -> None:
    child = spawn(settings.store)
    child.send_signal(signal.SIGKILL)
    child.wait()
    engine = Engine(settings)
    await engine.start()
    register("hang", ok)
    a, b = await engine.task("a"), await engine.task("b")
    assert a is not None and b is not None
    assert (a.status, a.error_type, a.error) == ("failed", "interrupted", "the console ended while this ran")
    assert a.is_interrupted and b.status == "pending"
    await engine.rerun("a")
    assert await engine.finished("a") == "completed"
    stored = await engine.task("b")
    assert stored is not None and stored.status == "completed"
    await engine.stop()


async def test_7_2_a_living_process_is_never_touched(settings) -> None:
    child = spawn(settings.store)
    try:
        engine = Engine(settings)
        await engine.start()
        a = await engine.task("a")
        await engine.stop()
        assert a is not None and a.status == "in_progress" and child.poll() is None
    finally:
        child.kill()
        child.wait()


async def test_7_2_an_engine_that_stops_says_interrupted_itself(settings) -> None:
    engine = Engine(settings)
    await engine.start()
    task = engine.new_task("sleep")
    await engine.submit(TaskTreeNode(task))
    await started(task)
    await engine.stop()
    store = await Store.open(settings.store)
    stored = await store.task(task.id)
    await store.close()
    assert stored is not None and stored.error_type == "interrupted"


async def test_7_3_the_same_tree_twice_at_once_is_refused(engine: Engine) -> None:
    task = engine.new_task("sleep")
    await engine.submit(TaskTreeNode(task))
    with pytest.raises(TaskError, match="running already"):
        await engine.submit(TaskTreeNode(task))


async def test_a_store_is_its_users_alone(engine: Engine) -> None:
    assert os.stat(engine.settings.store).st_mode & 0o077 == 0


@pytest.mark.parametrize("kind", ["folder", "text", "foreign", "newer"])
async def test_a_store_that_cannot_be_opened_says_why_and_what_to_do(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.db"
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("not a database at all, but long enough to be looked at" * 100)
    else:
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE other (x)")
            if kind == "newer":
                db.execute(f"PRAGMA application_id = {0x7A5DEC}")
                db.execute("PRAGMA user_version = 999")
    words = {"folder": "is a folder", "text": "not a database", "foreign": "another program", "newer": "newer taskdeck"}
    with pytest.raises(StoreError, match=words[kind]) as caught:
        await Store.open(path)
    assert caught.value.hint


async def test_two_engines_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    stores = await asyncio.gather(*(Store.open(tmp_path / "new.db") for _ in range(4)))
    for store in stores:
        await store.close()


async def test_history_pages_newest_first(engine: Engine) -> None:
    tasks = [engine.new_task("ok") for _ in range(5)]
    for task in tasks:
        await finish(engine, task)
    first = await engine.runs(limit=3)
    rest = await engine.runs(before=first[-1].seq, limit=3)
    assert [r.id for r in first + rest] == [t.id for t in reversed(tasks)]
    assert first[0].size == 1
