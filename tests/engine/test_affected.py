"""What a rerun would run again is told before it does (behaviour.md 5.4)."""

from __future__ import annotations

from typing import Any

import pytest

from engine import BaseTask, Engine, TaskError, TaskTreeNode


async def test_5_4_affected_are_what_a_rerun_runs_again(engine: Engine, register) -> None:
    async def ok(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {}

    register("ok", ok)
    group = engine.new_task("nightly")
    a = engine.new_task("ok")
    b = engine.new_task("ok", dependencies=[a.id])
    c = engine.new_task("ok", dependencies=[b.id])
    d = engine.new_task("ok", dependencies=[a.id])
    run_id = await engine.submit(TaskTreeNode(group, [TaskTreeNode(task) for task in (a, b, c, d)]))
    assert await engine.finished(run_id) == "completed"

    async def ids(task_id: str) -> set[str]:
        return {task.id for task in await engine.affected(task_id)}

    assert await ids(b.id) == {b.id, c.id}
    assert await ids(a.id) == {a.id, b.id, c.id, d.id}
    assert await ids(group.id) == {a.id, b.id, c.id, d.id}, "a group runs nothing itself"
    assert [task.attempt for task in await engine.tree(run_id) if task.id == b.id] == [1], "nothing was touched"
    with pytest.raises(TaskError):
        await engine.affected("nobody")
