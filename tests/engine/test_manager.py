"""The guide's API (behaviour.md 1.1, 7.1) beside the console's."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from engine import TaskError, TaskManager, TaskTreeNode, create_session


async def test_7_1_sessions_on_memory_and_on_files(noop, tmp_path: Path) -> None:
    for where in (":memory:", tmp_path / "own.db"):
        async with create_session(where) as db:
            manager = TaskManager(db)
            task = await manager.task_repository.create_task(name="noop", inputs={"a": 1})
            await manager.distribute_task_tree(TaskTreeNode(task))
            found = await manager.task_repository.get_task_by_id(task.id)
            assert found is not None and found.status == "completed"


async def test_a_stored_tree_is_built_by_its_parents(noop) -> None:
    async with create_session(":memory:") as db:
        manager = TaskManager(db)
        repository = manager.task_repository
        root = await repository.create_task(name="noop")
        child = await repository.create_task(name="noop", parent_id=root.id)
        grandchild = await repository.create_task(name="noop", parent_id=child.id, dependencies=[child.id])
        tree = await repository.build_task_tree(root)
        await manager.distribute_task_tree(tree)
        assert [t.id for t in tree.tasks()] == [root.id, child.id, grandchild.id]
        assert tree.calculate_status() == "completed" and tree.calculate_progress() == 1.0


async def test_a_parent_that_does_not_exist_is_refused(noop) -> None:
    async with create_session(":memory:") as db:
        with pytest.raises(TaskError, match="its parent 'nobody' does not exist"):
            await TaskManager(db).task_repository.create_task(name="noop", parent_id="nobody")


def test_a_script_that_closes_nothing_ends(tmp_path: Path) -> None:
    script = """
        import asyncio, sys
        from engine import BaseTask, TaskManager, TaskTreeNode, create_session, executor_register
        @executor_register()
        class Noop(BaseTask):
            id = "noop"
            async def execute(self, inputs): return None
        async def main():
            manager = TaskManager(create_session(sys.argv[1]))
            task = await manager.task_repository.create_task(name="noop")
            await manager.distribute_task_tree(TaskTreeNode(task))
        asyncio.run(main())
        asyncio.run(main())
        print("ENDED")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "s.db")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "ENDED\n"), done.stderr
