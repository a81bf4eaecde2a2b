"""Several reruns in one tree, one right after the other: what a person does to all that failed (5.4)."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from engine import BaseTask, Engine, TaskError, TaskTreeNode, statements
from engine.statements import Write
from tests.engine.conftest import Register

pytestmark = pytest.mark.usefixtures("mending")


@pytest.mark.parametrize("groups", [1, 4])
async def test_5_4_all_that_failed_is_rerun_without_a_wait_between(
    engine: Engine, broken: list[bool], groups: int
) -> None:
    """A group that has begun but is not on disk yet is put back there as well, else it could not begin again."""
    root = TaskTreeNode(engine.new_task("root"))
    for group in range(groups):
        node = root.add_child(TaskTreeNode(engine.new_task(f"group {group}")))
        for _ in range(8 // groups):
            node.add_child(TaskTreeNode(engine.new_task("mended")))
    run_id = await engine.submit(root)
    assert await engine.finished(run_id) == "failed"
    broken.clear()
    for group in root.children:
        for part in group.children:
            await engine.rerun(part.task.id)
    assert await engine.finished(run_id) == "completed"
    stored = await engine.store.tree(run_id, whole=True)
    assert Counter(str(task.status) for task in stored) == {"completed": 9 + groups}
    assert not engine.dispatcher.trees


@pytest.mark.parametrize("seed", range(4))
async def test_5_4_what_depends_on_a_rerun_begins_while_the_next_is_rerun(
    engine: Engine, register: Register, seed: int
) -> None:
    """Their group may begin and end again before the time before is on disk; each is an attempt of its own."""
    chance, broken = random.Random(seed), [True]

    async def work(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(chance.random() * 0.004)
        if broken and self.id == "fails":
            raise ValueError("broken")
        return {}

    register("fails", work)
    register("works", work)
    root = TaskTreeNode(engine.new_task("group"))
    bad = [root.add_child(TaskTreeNode(engine.new_task("fails"))) for _ in range(30)]
    for each in bad:
        root.add_child(TaskTreeNode(engine.new_task("works", dependencies=[each.task.id])))
    run_id = await engine.submit(root)
    assert await engine.finished(run_id) == "failed"
    broken.clear()
    for each in bad:
        await asyncio.sleep(chance.random() * 0.004)
        await engine.rerun(each.task.id)
    assert await asyncio.wait_for(engine.finished(run_id), 20) == "completed"
    stored = {task.id: task for task in await engine.store.tree(run_id, whole=True)}
    assert Counter(str(task.status) for task in stored.values()) == {"completed": 61}
    attempts = await engine.attempts(root.task.id)
    assert [each.number for each in attempts] == [*range(1, stored[run_id].attempt + 1)]


async def test_5_4_what_the_store_refuses_to_put_back_stays_as_it_was(
    engine: Engine, broken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = TaskTreeNode(engine.new_task("root"))
    bad = [root.add_child(TaskTreeNode(engine.new_task("mended"))) for _ in range(2)]
    after = root.add_child(TaskTreeNode(engine.new_task("noop", dependencies=[bad[0].task.id])))
    run_id = await engine.submit(root)
    assert await engine.finished(run_id) == "failed"
    broken.clear()
    with monkeypatch.context() as patched:
        refused = Write(statements.RESET, bad[0].task.id, ("{}", None, 0.0, "nobody"))
        patched.setattr(statements, "reset", lambda *_: [refused])
        with pytest.raises(TaskError, match="does not allow"):
            await engine.rerun(bad[0].task.id)
    for each in bad:
        await engine.rerun(each.task.id)
    assert await asyncio.wait_for(engine.finished(run_id), 20) == "completed"
    assert (await engine.task(after.task.id)).status == "completed"
