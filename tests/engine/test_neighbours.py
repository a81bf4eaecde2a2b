"""Dependencies between trees, and reruns of what another tree waits for or began by (behaviour.md 3.2, 4.7, 5.4)."""

from __future__ import annotations

from typing import Any

import pytest

from engine import BaseTask, Engine, TaskTreeNode
from tests.engine.support import Gates, ended, finish, reason, started, submit, until

pytestmark = pytest.mark.usefixtures("mending")


@pytest.mark.parametrize("ends_before", [False, True])
async def test_5_4_who_waits_for_a_task_of_another_tree_waits_for_its_rerun(
    engine: Engine, gates: Gates, ends_before: bool
) -> None:
    """Whether its tree still ran at the rerun, or was loaded again for it."""
    needed = engine.new_task("gate", inputs={"n": "needed"})
    beside = engine.new_task("noop" if ends_before else "gate", inputs={"n": "beside"})
    other = await submit(engine, needed, beside)
    await started(needed)
    hold = engine.new_task("gate", inputs={"n": "hold"})
    waiting = engine.new_task("noop", dependencies=[needed.id, hold.id])
    run_id = await submit(engine, hold, waiting)
    gates.open("needed")
    await (ended(engine, other) if ends_before else until(lambda: needed.is_terminal))
    again = await engine.rerun(needed.id, inputs={"n": "again"})
    await started(again)
    gates.open("hold")
    await until(lambda: hold.is_terminal)
    assert reason(engine, waiting) == "waiting for gate"
    gates.open("again", "beside")
    assert await ended(engine, run_id) == "completed"
    assert waiting.result["got"][needed.id]["n"] == "again"


async def test_3_2_what_an_ended_run_left_pending_is_not_waited_for(engine: Engine) -> None:
    bad = engine.new_task("fail")
    left = engine.new_task("noop", dependencies=[bad.id])
    assert await finish(engine, bad, left) == "failed"
    root = engine.new_task("noop", dependencies=[{"id": left.id, "required": False}])
    never = engine.new_task("noop", dependencies=[left.id])
    assert await finish(engine, root, never) == "failed"
    assert (root.status, never.status) == ("completed", "pending")


async def test_3_2_what_runs_goes_on_when_what_it_needed_is_rerun_and_fails(
    engine: Engine, gates: Gates, broken: list[bool]
) -> None:
    broken.clear()
    needed = engine.new_task("mended")
    await submit(engine, needed, engine.new_task("gate", inputs={"n": "beside"}))
    runs = engine.new_task("gate", inputs={"n": "runs"}, dependencies=[needed.id])
    after = engine.new_task("noop", dependencies=[runs.id])
    run_id = await submit(engine, runs, after)
    await started(runs)
    broken.append(True)
    await engine.rerun(needed.id)
    await until(lambda: needed.status == "failed")
    gates.open("runs", "beside")
    assert await ended(engine, run_id) == "completed"
    assert (runs.status, after.status) == ("completed", "completed")


async def test_2_6_a_group_that_began_ends_with_its_children_whatever_becomes_of_what_it_needed(
    engine: Engine, gates: Gates, broken: list[bool]
) -> None:
    broken.clear()
    needed = engine.new_task("mended")
    await submit(engine, needed, engine.new_task("gate", inputs={"n": "beside"}))
    await until(lambda: needed.is_terminal)
    group = engine.new_task("the whole", dependencies=[needed.id])
    inside = engine.new_task("gate", inputs={"n": "inside"})
    run_id = await engine.submit(TaskTreeNode(group, [TaskTreeNode(inside)]))
    await started(inside)
    broken.append(True)
    await engine.rerun(needed.id)
    await until(lambda: needed.status == "failed")
    gates.open("inside", "beside")
    assert await ended(engine, run_id) == "completed"
    assert group.status == "completed"


async def test_4_7_a_retry_needs_what_its_task_depends_on_as_the_first_attempt_did(
    engine: Engine, gates: Gates, register, broken: list[bool]
) -> None:
    async def late(task: BaseTask, inputs: dict[str, Any]) -> Any:
        await gates.execute(task, inputs)
        raise ValueError("broken")

    register("late", late, retries=3, retry_delay=0)
    broken.clear()
    needed = engine.new_task("mended")
    await submit(engine, needed, engine.new_task("gate", inputs={"n": "beside"}))
    retried = engine.new_task("late", inputs={"n": "late"}, dependencies=[needed.id])
    run_id = await submit(engine, retried)
    await started(retried)
    broken.append(True)
    await engine.rerun(needed.id)
    await until(lambda: needed.status == "failed")
    gates.open("late")
    assert await ended(engine, run_id) == "failed"
    assert (retried.status, retried.attempt) == ("pending", 1)
    gates.open("beside")


async def test_8_4_a_skip_reaches_what_other_trees_wait_for_through_what_it_had_blocked(
    engine: Engine, gates: Gates
) -> None:
    bad = engine.new_task("fail")
    between = engine.new_task("noop", dependencies=[bad.id])
    await submit(engine, engine.new_task("gate", inputs={"n": "beside"}), bad, between)
    await until(lambda: bad.is_terminal)
    last = engine.new_task("noop", dependencies=[between.id])
    run_id = await submit(engine, engine.new_task("gate", inputs={"n": "other"}), last)
    await engine.skip(bad.id)
    await until(lambda: last.is_terminal)
    gates.open("beside", "other")
    assert await ended(engine, run_id) == "completed"
