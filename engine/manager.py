"""The guide's API over the same engine: `create_session`, `TaskManager`, `TaskRepository`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from engine.engine import Engine
from engine.errors import TaskError
from engine.task import Task, TaskStatus, TaskTreeNode

_engines: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Shared]] = WeakKeyDictionary()


class _Shared:
    """One engine for all sessions of a loop on one store. A task on that loop closes it when the loop ends.

    The guide's scripts never close anything, and aiosqlite's threads would keep the process from exiting:
    `asyncio.run` cancels the keeper, whose `finally` closes them.
    """

    def __init__(self, path: str | None) -> None:
        self.engine = Engine(store=path)
        self.ready = asyncio.get_running_loop().create_future()
        self.keeper = asyncio.get_running_loop().create_task(self._keep(), name="taskdeck session")

    async def _keep(self) -> None:
        try:
            await self.engine.start()
        except Exception as error:
            self.ready.set_exception(error)
            return
        try:
            self.ready.set_result(None)
            await asyncio.Event().wait()
        finally:
            await self.engine.stop()


class Session:
    """A lazily opened store: at `path`, by default the console's; ":memory:" for none on disk (7.1)."""

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = str(path) if path is not None else None

    async def engine(self) -> Engine:
        """The running engine behind this session, on the current loop. Raises `StoreError`."""
        key = self.path or ""
        shared = _engines.setdefault(asyncio.get_running_loop(), {})
        if key not in shared:
            shared[key] = _Shared(self.path)
        try:
            await asyncio.shield(shared[key].ready)
        except Exception:
            shared.pop(key, None)
            raise
        return shared[key].engine

    async def close(self) -> None:
        """Close the engine that this loop's sessions on the same store share."""
        shared = _engines.get(asyncio.get_running_loop(), {}).pop(self.path or "", None)
        if shared is not None:
            shared.keeper.cancel()
            await asyncio.wait({shared.keeper})

    async def __aenter__(self) -> Session:
        await self.engine()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


def create_session(path: Path | str | None = None) -> Session:
    """A session on the default store (the one the console shows), on another file, or on ":memory:" (7.1)."""
    return Session(path)


class TaskRepository:
    """Makes and reads tasks."""

    def __init__(self, db: Session) -> None:
        self._db = db

    async def create_task(
        self,
        name: str,
        user_id: str | None = None,
        parent_id: str | None = None,
        priority: int | None = 2,
        dependencies: list[Any] | None = None,
        inputs: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        schemas: dict[str, Any] | None = None,
        id: str | None = None,
    ) -> Task:
        """Store one pending task (2.8). Raises `TaskError` for inputs that are no JSON and for an id that is taken."""
        engine = await self._db.engine()
        return await engine.create(
            name,
            user_id=user_id,
            parent_id=parent_id,
            priority=priority,
            dependencies=dependencies,
            inputs=inputs,
            params=params,
            schemas=schemas,
            id=id,
        )

    async def get_task_by_id(self, task_id: str) -> Task | None:
        """The task, whole; None when there is none."""
        return await (await self._db.engine()).task(task_id)

    async def build_task_tree(self, task: Task) -> TaskTreeNode:
        """The stored tree that stands under `task`, by `parent_id` (2.5)."""
        engine = await self._db.engine()
        nodes = {row.id: TaskTreeNode(row) for row in await engine.store.tree(task.run_id, whole=True)}
        root = nodes.setdefault(task.id, TaskTreeNode(task))
        for node in nodes.values():
            above = nodes.get(node.task.parent_id or "")
            if above is not None and node is not root:
                above.add_child(node)
        return root


class TaskManager:
    """Runs task trees. `task_repository` makes and reads the tasks."""

    def __init__(self, db: Session) -> None:
        self.db = db
        self.task_repository = TaskRepository(db)

    async def distribute_task_tree(self, task_tree: TaskTreeNode) -> TaskTreeNode:
        """Run the tree to its end and return it; what is completed already is not run again.

        Raises `TaskError` for dependencies to nowhere, cycles and a tree that runs already (3.3, 7.3).
        """
        engine = await self.db.engine()
        if all(task.is_terminal for task in task_tree.tasks()):
            return task_tree
        await engine.finished(await engine.submit(task_tree))
        return task_tree

    async def cancel_task(self, task_id: str, error_message: str | None = None) -> dict[str, Any]:
        """Cancel a task with its subtree (5.1, 5.2); `error_message` is added to what is returned."""
        answer = await (await self.db.engine()).cancel(task_id)
        return {**answer, "reason": error_message} if error_message else answer

    async def rerun_task(self, task_id: str, inputs: dict[str, Any] | None = None) -> Task:
        """Run a task and what depends on it again, and wait for the end (5.4)."""
        engine = await self.db.engine()
        task = await engine.rerun(task_id, inputs=inputs)
        await engine.finished(task.run_id)
        return task

    async def get_task_status(self, task_id: str) -> TaskStatus:
        """The stored status. Raises `TaskError` when there is no such task."""
        task = await self.task_repository.get_task_by_id(task_id)
        if task is None:
            raise TaskError(f"there is no task '{task_id}'", "It may have been deleted")
        return task.status
