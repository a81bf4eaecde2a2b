"""What a person does to tasks: rerun, copy, skip (behaviour.md 5.4, 5.5, 8.4)."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest

from engine import (
    BaseTask,
    Engine,
    Event,
    EventKind,
    Task,
    TaskError,
    TaskTreeNode,
)
from engine.task import now
from tests.engine.support import (
    Gates,
    ended,
    finish,
    kinds,
    reason,
    rows,
    running,
    started,
    state,
    submit,
    until,
)

pytestmark = pytest.mark.usefixtures("mending")


# ── 5.4: rerun ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_5_4_completed_tasks_may_be_rerun_with_all_that_depends_on_them(engine: Engine) -> None:
    a = engine.new_task("noop", inputs={"v": 1})
    b = engine.new_task("noop", dependencies=[a.id])
    c = engine.new_task("noop", dependencies=[{"id": b.id, "required": False}])
    d = engine.new_task("noop")
    await finish(engine, a, b, c, d)
    await engine.rerun(a.id, inputs={"v": 2})
    assert await ended(engine, a.run_id) == "completed"
    found = {t.id: t for t in await engine.store.tree(a.run_id, whole=True)}
    assert [found[t.id].attempt for t in (a, b, c, d)] == [2, 2, 2, 1]
    assert found[b.id].result["got"][a.id]["got"] == {"v": 2}


async def test_5_4_what_cannot_be_rerun_says_why(engine: Engine, gates: Gates) -> None:
    hold = engine.new_task("gate")
    waiting = engine.new_task("noop", dependencies=[hold.id])
    await submit(engine, hold, waiting)
    await started(hold)
    with pytest.raises(TaskError, match="'gate' still runs"):
        await engine.rerun(hold.id)
    with pytest.raises(TaskError, match="'noop' has not run yet"):
        await engine.rerun(waiting.id)
    with pytest.raises(TaskError, match="there is no task 'nobody'"):
        await engine.rerun("nobody")


async def test_5_4_edited_inputs_that_are_none_change_nothing(engine: Engine, settings) -> None:
    task = engine.new_task("fail", inputs={"a": 1})
    await finish(engine, task)
    before = rows(settings.store, "SELECT * FROM task")
    with pytest.raises(TaskError, match=r"task 'fail': inputs are not JSON at \$\.a: set"):
        await engine.rerun(task.id, inputs={"a": {1}})
    with pytest.raises(TaskError, match="inputs must be an object"):
        await engine.rerun(task.id, inputs=[1])  # type: ignore[arg-type]
    assert rows(settings.store, "SELECT * FROM task") == before


async def test_5_4_a_task_that_still_runs_is_not_rerun_through_its_group(engine: Engine, gates: Gates) -> None:
    group, bad, slow = engine.new_task("the whole"), engine.new_task("fail"), engine.new_task("gate")
    root = TaskTreeNode(engine.new_task("noop"), [TaskTreeNode(group, [TaskTreeNode(bad), TaskTreeNode(slow)])])
    run_id = await engine.submit(root)
    await until(lambda: bad.is_terminal and gates.inside)
    with pytest.raises(TaskError, match="'gate' still runs"):
        await engine.rerun(group.id)
    gates.open("")
    assert await ended(engine, run_id) == "failed"
    assert (slow.status, slow.attempt, bad.attempt) == ("completed", 1, 1)


async def test_5_4_a_task_that_runs_because_a_group_ended_is_not_reset_under_its_feet(engine, gates: Gates) -> None:
    group, bad = engine.new_task("the whole"), engine.new_task("fail")
    after = engine.new_task("gate", dependencies=[{"id": group.id, "required": False}])
    root = TaskTreeNode(engine.new_task("noop"), [TaskTreeNode(group, [TaskTreeNode(bad)]), TaskTreeNode(after)])
    run_id = await engine.submit(root)
    await until(lambda: gates.inside)
    with pytest.raises(TaskError, match="'gate' still runs"):
        await engine.rerun(bad.id)
    gates.open("")
    await ended(engine, run_id)
    assert (after.status, after.attempt) == ("completed", 1)


async def test_5_4_a_group_is_rerun_with_all_in_it(engine: Engine, broken: list[bool]) -> None:
    group, bad, good = engine.new_task("the whole"), engine.new_task("mended"), engine.new_task("noop")
    after = engine.new_task("noop", dependencies=[group.id])
    root = TaskTreeNode(
        engine.new_task("noop"),
        [TaskTreeNode(group, [TaskTreeNode(bad), TaskTreeNode(good)]), TaskTreeNode(after)],
    )
    run_id = await engine.submit(root)
    assert await ended(engine, run_id) == "failed"
    broken.clear()
    await engine.rerun(group.id)
    assert await ended(engine, run_id) == "completed"
    found = {t.id: t for t in await engine.store.tree(run_id)}
    assert [found[t.id].attempt for t in (group, bad, good, after)] == [2, 2, 2, 1]
    assert found[group.id].status == "completed"


async def test_5_4_a_blocked_task_that_is_rerun_stays_blocked(engine: Engine) -> None:
    bad = engine.new_task("fail")
    blocked = engine.new_task("noop", dependencies=[bad.id])
    await finish(engine, bad, blocked)
    await engine.rerun(blocked.id)
    assert await ended(engine, bad.run_id) == "failed"
    assert state(engine.settings.store, blocked.id)[:2] == ("pending", 0)


async def test_5_4_two_tasks_of_an_ended_tree_may_be_rerun_at_once(engine: Engine, broken: list[bool]) -> None:
    tasks = [engine.new_task("mended") for _ in range(4)]
    assert await finish(engine, *tasks) == "failed"
    broken.clear()
    await asyncio.gather(*(engine.rerun(task.id) for task in tasks))
    assert await ended(engine, tasks[0].run_id) == "completed"
    await until(lambda: not engine.dispatcher.trees)
    assert [state(engine.settings.store, t.id)[:2] for t in tasks] == [("completed", 2)] * 4


async def test_5_4_a_rerun_while_the_tree_ends_is_part_of_it(engine: Engine, gates: Gates, broken: list[bool]) -> None:
    """The commit of the rerun is under way when the last task of the tree ends."""
    slow, bad = engine.new_task("gate"), engine.new_task("mended")
    run_id = await submit(engine, slow, bad)
    await until(lambda: bad.is_terminal and gates.inside)
    broken.clear()
    gates.open("")
    await asyncio.sleep(0)
    await engine.rerun(bad.id)
    assert await ended(engine, run_id) == "completed"
    await until(lambda: not engine.dispatcher.trees)
    await engine.store.writer.flush()
    assert state(engine.settings.store, bad.id)[:2] == ("completed", 2)
    assert rows(engine.settings.store, "SELECT owner FROM run") == [(None,)]


async def test_5_4_a_rerun_tells_what_it_put_back(engine: Engine, events: list[Event]) -> None:
    a = engine.new_task("noop")
    b = engine.new_task("noop", dependencies=[a.id])
    await finish(engine, a, b)
    events.clear()
    await engine.rerun(a.id)
    await ended(engine, a.run_id)
    told = [(e.kind, e.task.id) for e in events if e.task is not None]
    assert told[:3] == [(EventKind.RESET, a.id), (EventKind.RESET, b.id), (EventKind.QUEUED, a.id)]
    assert told[-1] == (EventKind.TREE_FINISHED, a.id)


async def test_5_4_what_another_living_engine_runs_is_rerun_by_that_one(settings, gates: Gates) -> None:
    async with running(settings) as mine, running(settings) as other:
        bad, hold = mine.new_task("fail"), mine.new_task("gate")
        run_id = await submit(mine, hold, bad, mine.new_task("noop", dependencies=[hold.id]))
        await until(lambda: bad.is_terminal and gates.inside)
        assert (await other.rerun(bad.id)).id == bad.id
        await until(lambda: bad.attempt == 2 and bad.is_terminal)
        assert run_id not in other.dispatcher.trees
        assert (await other.skip(bad.id)).id == bad.id
        assert bad.status == "completed"
        gates.open("")
        assert await ended(mine, run_id) == "completed" and bad.attempt == 2


async def test_5_4_two_engines_never_run_one_ended_tree_at_once(settings, gates: Gates) -> None:
    async with running(settings) as one, running(settings) as two:
        tasks = [one.new_task("gate", inputs={"n": n}) for n in "ab"]
        gates.open("a", "b")
        await finish(one, *tasks)
        await one.store.writer.flush()
        told = await asyncio.gather(one.rerun(tasks[0].id), two.rerun(tasks[1].id), return_exceptions=True)
        refused = [each for each in told if isinstance(each, TaskError)]
        for engine in (one, two):
            await ended(engine, tasks[0].run_id)
        assert len(refused) <= 1
        attempts = [row[0] for row in rows(settings.store, "SELECT attempt FROM task ORDER BY seq")]
        assert sum(attempts) == 4 - len(refused)


# ── 5.5: copy ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_5_5_a_copy_is_new_pending_and_linked_and_the_original_untouched(engine: Engine, settings) -> None:
    outside = engine.new_task("noop")
    await finish(engine, outside)
    root = engine.new_task("noop", inputs={"deep": {"x": [1]}}, params={"retries": 1}, priority=1, user_id="ann")
    a = engine.new_task("fail", schemas={"input": 1}, dependencies=[outside.id])
    b = engine.new_task("noop", dependencies=[{"id": a.id, "required": False, "type": "result"}])
    await finish(engine, root, a, b)
    before = rows(settings.store, "SELECT * FROM task ORDER BY seq")
    draft = await engine.copy(root.id)
    assert rows(settings.store, "SELECT * FROM task ORDER BY seq") == before  # nothing is stored yet
    copies = draft.tasks()
    assert [c.original_task_id for c in copies] == [root.id, a.id, b.id]
    assert not {c.id for c in copies} & {root.id, a.id, b.id} and len({c.id for c in copies}) == 3
    assert all((c.status, c.result, c.attempt, c.stored) == ("pending", None, 0, False) for c in copies)
    assert [c.name for c in copies] == ["noop", "fail", "noop"] and copies[1].parent_id == copies[0].id
    assert (copies[0].params, copies[0].priority, copies[0].user_id) == ({"retries": 1}, 1, "ann")
    assert [d.id for d in copies[1].dependencies] == [outside.id]  # what lies outside stays
    assert [(d.id, d.required) for d in copies[2].dependencies] == [
        (copies[1].id, False)
    ]  # what lies inside is remapped
    copies[0].inputs["deep"]["x"].append(2)
    assert root.inputs == {"deep": {"x": [1]}}
    assert await ended(engine, await engine.submit(draft)) == "failed"
    stored = await engine.task(copies[0].id)
    assert stored is not None and (stored.original_task_id, stored.status) == (root.id, "completed")
    assert [tuple(r) for r in rows(settings.store, "SELECT * FROM task ORDER BY seq")][: len(before)] == before


async def test_5_5_a_part_of_a_tree_that_still_runs_may_be_copied(engine: Engine, gates: Gates) -> None:
    top, middle, leaf = engine.new_task("gate"), engine.new_task("noop"), engine.new_task("noop", inputs={"a": 1})
    await engine.submit(TaskTreeNode(top, [TaskTreeNode(middle, [TaskTreeNode(leaf)])]))
    await until(lambda: leaf.is_terminal)
    draft = await engine.copy(middle.id)
    assert [t.original_task_id for t in draft.tasks()] == [middle.id, leaf.id]
    assert draft.task.parent_id is None
    assert await ended(engine, await engine.submit(draft)) == "completed"
    assert draft.children[0].task.result["got"] == {"a": 1}


async def test_5_5_what_was_spawned_is_left_out_of_a_copy(engine: Engine, register) -> None:
    async def parent(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return await self.spawn("noop", {"a": 1})

    register("parent", parent)
    task = engine.new_task("parent")
    await finish(engine, task)
    draft = await engine.copy(task.id)
    assert len(draft.tasks()) == 1
    assert await ended(engine, await engine.submit(draft)) == "completed"
    assert len(await engine.tree(draft.task.id)) == 2


async def test_5_5_a_copy_keeps_its_time_and_not_its_key(engine: Engine) -> None:
    task = await engine.launch("noop", {}, params={"not_before": "2099-01-02T03:04:05+00:00"}, idempotency_key="once")
    draft = (await engine.copy(task.id)).task
    assert (draft.not_before, draft.idempotency_key) == (task.not_before, None)
    run_id = await engine.submit(TaskTreeNode(draft))
    assert reason(engine, draft) == "scheduled at 2099-01-02 03:04:05"
    await engine.cancel(draft.id)
    assert await ended(engine, run_id) == "cancelled"


async def test_5_5_a_copy_of_a_live_task_has_its_secrets_and_one_of_an_ended_says_what_it_needs(
    engine: Engine, gates: Gates, register
) -> None:
    seen: list[str] = []

    async def calls(self: BaseTask, inputs: dict[str, Any]) -> Any:
        seen.append(inputs["token"])
        if len(seen) == 1:
            await gates.execute(self, {})

    register("calls", calls, {"type": "object", "properties": {"token": {"type": "string"}}})
    task = engine.new_task("calls", inputs={"token": "hunter2"})
    run_id = await submit(engine, task)
    await until(lambda: gates.inside)
    draft = await engine.copy(task.id)
    assert draft.task.inputs == {"token": "•••"}
    gates.open("")
    await ended(engine, run_id)
    assert await ended(engine, await engine.submit(draft)) == "completed"
    assert seen == ["hunter2"] * 2
    late = await engine.copy(task.id)
    with pytest.raises(TaskError, match="needs its secrets: 'token'"):
        await engine.submit(late)


async def test_5_5_there_is_no_copy_of_what_is_not(engine: Engine) -> None:
    with pytest.raises(TaskError, match="there is no task 'nobody'"):
        await engine.copy("nobody")


async def test_5_5_a_deep_tree_is_copied_without_recursion(engine: Engine) -> None:
    root = node = TaskTreeNode(engine.new_task("noop"))
    for _ in range(1500):
        node = node.add_child(TaskTreeNode(engine.new_task("noop")))
    await ended(engine, await engine.submit(root))
    assert len((await engine.copy(root.task.id)).tasks()) == 1501


# ── 8.4: skip ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_8_4_a_skipped_pending_task_counts_as_completed_with_result_null(engine: Engine, gates, events) -> None:
    hold = engine.new_task("gate")
    skipped = engine.new_task("gate", dependencies=[hold.id])
    after = engine.new_task("noop", dependencies=[skipped.id])
    run_id = await submit(engine, hold, skipped, after)
    await started(hold)
    assert (await engine.skip(skipped.id)) is skipped
    assert await until_terminal(after) == "completed"
    assert hold.status == "in_progress"
    assert after.result["got"] == {skipped.id: None}
    assert (skipped.status, skipped.skipped, skipped.result, skipped.progress) == ("completed", True, None, 1.0)
    gates.open("")
    assert await ended(engine, run_id) == "completed"
    assert gates.entered == [""]
    assert state(engine.settings.store, skipped.id) == ("completed", 0, 1, None, None)
    stored = await engine.task(skipped.id)
    assert stored is not None and stored.skipped and stored.completed_at is not None
    assert kinds(events, skipped) == [EventKind.CREATED, EventKind.FINISHED]


async def until_terminal(task: Task) -> str:
    await until(lambda: task.is_terminal)
    return str(task.status)


@pytest.mark.parametrize("live", [True, False])
async def test_8_4_a_skipped_failed_task_lets_its_dependents_run(engine: Engine, gates: Gates, live: bool) -> None:
    hold = engine.new_task("gate")
    bad = engine.new_task("fail")
    after = engine.new_task("noop", dependencies=[bad.id])
    behind = engine.new_task("noop", dependencies=[after.id])
    run_id = await submit(engine, hold, bad, after, behind)
    await until(lambda: bad.is_terminal)
    if not live:
        gates.open("")
        assert await ended(engine, run_id) == "failed"
    await engine.skip(bad.id)
    gates.open("")
    assert await ended(engine, run_id) == "completed"
    assert [state(engine.settings.store, t.id)[0] for t in (bad, after, behind)] == ["completed"] * 3
    attempts = await engine.attempts(bad.id)
    assert [(a.number, a.status, a.error) for a in attempts] == [(1, "failed", "broken")]
    assert state(engine.settings.store, bad.id) == ("completed", 1, 1, None, None)


async def test_8_4_a_blocked_task_may_be_skipped(engine: Engine) -> None:
    bad = engine.new_task("fail")
    blocked = engine.new_task("noop", dependencies=[bad.id])
    after = engine.new_task("noop", dependencies=[blocked.id])
    run_id = await submit(engine, bad, blocked, after)
    await ended(engine, run_id)
    await engine.skip(blocked.id)
    assert await ended(engine, run_id) == "failed"
    found = {t.id: t for t in await engine.store.tree(run_id)}
    assert (found[blocked.id].skipped, found[after.id].status) == (True, "completed")


async def test_8_4_a_queued_task_that_is_skipped_takes_no_slot(settings, gates: Gates) -> None:
    async with running(settings, slots=1) as engine:
        hold, queued, last = (engine.new_task("gate", inputs={"n": n}) for n in ("hold", "queued", "last"))
        run_id = await submit(engine, hold, queued, last)
        await started(hold)
        await engine.skip(queued.id)
        gates.open("hold", "last")
        assert await ended(engine, run_id) == "completed"
        assert gates.entered == ["hold", "last"] and engine.counts.queued == 0


async def test_8_4_a_scheduled_task_that_is_skipped_does_not_start_later(engine: Engine, gates: Gates) -> None:
    from datetime import timedelta

    task = engine.new_task("gate", params={"not_before": (now() + timedelta(seconds=0.05)).isoformat()})
    run_id = await submit(engine, task)
    await engine.skip(task.id)
    assert await ended(engine, run_id) == "completed"
    await asyncio.sleep(0.08)
    assert gates.entered == []


async def test_8_4_only_pending_and_failed_tasks_can_be_skipped(engine: Engine, gates: Gates) -> None:
    group, running_one, done = engine.new_task("the whole"), engine.new_task("gate"), engine.new_task("noop")
    run_id = await submit(engine, group, running_one, done)
    await until(lambda: done.is_terminal and gates.inside)
    for task, words in ((group, "is a group"), (running_one, "is in_progress and"), (done, "is completed and")):
        with pytest.raises(TaskError, match=words) as caught:
            await engine.skip(task.id)
        assert caught.value.hint
    with pytest.raises(TaskError, match="there is no task"):
        await engine.skip("nobody")
    await engine.cancel(running_one.id)
    await ended(engine, run_id)
    with pytest.raises(TaskError, match="is cancelled and cannot be skipped"):
        await engine.skip(running_one.id)
    assert not done.skipped


async def test_8_4_a_group_ends_when_its_last_task_is_skipped(engine: Engine) -> None:
    group, a = engine.new_task("the whole"), engine.new_task("noop", params={"not_before": "2099-01-01"})
    after = engine.new_task("noop", dependencies=[group.id])
    root = TaskTreeNode(engine.new_task("noop"), [TaskTreeNode(group, [TaskTreeNode(a)]), TaskTreeNode(after)])
    run_id = await engine.submit(root)
    await engine.skip(a.id)
    assert await ended(engine, run_id) == "completed"
    assert (group.status, after.status) == ("completed", "completed")


async def test_8_4_a_group_that_failed_ends_anew_when_what_failed_in_it_is_skipped(engine: Engine) -> None:
    group, bad, good = engine.new_task("the whole"), engine.new_task("fail"), engine.new_task("noop")
    after = engine.new_task("noop", dependencies=[group.id])
    root = TaskTreeNode(group, [TaskTreeNode(bad), TaskTreeNode(good)])
    tree = TaskTreeNode(engine.new_task("noop"), [root, TaskTreeNode(after)])
    run_id = await engine.submit(tree)
    assert await ended(engine, run_id) == "failed"
    await engine.skip(bad.id)
    assert await ended(engine, run_id) == "completed"
    found = {t.id: t for t in await engine.store.tree(run_id)}
    assert [found[t.id].status for t in (group, bad, good, after)] == ["completed"] * 4
    assert [found[t.id].attempt for t in (group, good, after)] == [2, 1, 1]


async def test_8_4_a_rerun_takes_the_flag_away(engine: Engine, broken: list[bool]) -> None:
    task = engine.new_task("mended")
    await finish(engine, task)
    await engine.skip(task.id)
    await ended(engine, task.run_id)
    broken.clear()
    await engine.rerun(task.id)
    assert await ended(engine, task.run_id) == "completed"
    assert state(engine.settings.store, task.id)[:3] == ("completed", 2, 0)


async def test_8_4_a_created_task_that_was_never_submitted_may_be_skipped(engine: Engine) -> None:
    task = await engine.create("noop")
    await engine.skip(task.id)
    await until(lambda: not engine.dispatcher.trees)
    assert state(engine.settings.store, task.id)[:3] == ("completed", 0, 1)


async def test_8_4_a_skip_that_another_engine_forestalls_leaves_the_tree_whole(settings, gates: Gates) -> None:
    async with running(settings, slots=1) as mine:
        hold, waiting = mine.new_task("gate"), mine.new_task("noop")
        after = mine.new_task("noop", dependencies=[{"id": waiting.id, "required": False}])
        run_id = await submit(mine, hold, waiting, after)
        await started(hold)
        with sqlite3.connect(settings.store) as other:
            other.execute("UPDATE task SET status = 'cancelled' WHERE id = ?", (waiting.id,))
        with pytest.raises(TaskError):
            await mine.skip(waiting.id)
        assert (waiting.status, waiting.skipped) == ("cancelled", False)
        gates.open("")
        assert await ended(mine, run_id) == "cancelled"
        assert after.status == "completed"
