"""Several reruns in one tree, one right after the other: what a person does to all that failed (5.4)."""

from __future__ import annotations

from collections import Counter

import pytest

from engine import Engine, TaskTreeNode

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
