"""Tasks that a running task spawns: they stand under it, and it waits without holding a slot (behaviour.md 8.1)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from engine import statements
from engine.edges import grown
from engine.errors import ChildFailed, TaskError
from engine.events import EventKind
from engine.graph import Node, Spread, Tree, add_spawned, spawned_by
from engine.history_statements import facets
from engine.making import make_task
from engine.run import Job
from engine.task import Task, TaskStatus, now

if TYPE_CHECKING:
    from engine.dispatcher import Dispatcher


class Children:
    """Makes and awaits the children of one dispatcher's attempts. But for `spawn`, all runs on the engine's loop."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._loop = asyncio.get_running_loop()

    async def spawn(self, parent: Node, attempt: int, executor_id: str, inputs: Any, fields: dict[str, Any]) -> Any:
        """Run `executor_id` as a child of `parent` and return its result.

        `attempt` is the one of `parent` that asks; it may do so from any loop. Raises `ChildFailed` when the
        child did not complete, `TaskError` when the parent's attempt is over already.
        """
        work = self._spawn(parent, attempt, executor_id, inputs, fields)
        if asyncio.get_running_loop() is self._loop:
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _spawn(self, parent: Node, attempt: int, executor_id: str, inputs: Any, fields: dict[str, Any]) -> Any:
        job = self._dispatcher.jobs.get(parent)
        if job is None or job.attempt != attempt:
            raise _ended(parent)
        node = await self._make(parent, job, executor_id, inputs, fields)
        ended = asyncio.Event()
        node.watchers = grown(node.watchers, ended.set)
        try:
            self._dispatcher.enqueue([node])
            self._lend(parent, job)
            self._dispatcher.scheduler.pump()
            await ended.wait()
        except asyncio.CancelledError:  # the parent no longer wants it, and must not wait for a slot to say so
            self._dispatcher.spawn(self._dispatcher.cancel([node]))
            if self._was_last(parent, job):
                self._dispatcher.scheduler.seize(parent)
            raise
        if self._was_last(parent, job):
            await self._take_back(parent, job)
        task = node.task
        if task.status is not TaskStatus.COMPLETED:
            raise ChildFailed(task.id, task.name, str(task.status), task.error, task.error_type, task.result)
        return task.result

    async def _make(self, parent: Node, job: Job, executor_id: str, inputs: Any, fields: dict[str, Any]) -> Node:
        dispatcher = self._dispatcher
        above = parent.task
        fields.setdefault("priority", above.priority)
        name = fields.pop("name", None) or executor_id
        if name != executor_id:
            fields["params"] = {**(fields.get("params") or {}), "executor_id": executor_id}
        task = make_task(name, inputs=inputs, user_id=above.user_id, parent_id=above.id, **fields)
        task.run_id, task.spawned = parent.tree.run_id, job.attempt
        self._refuse_ended(parent, job)
        dispatcher.keep_secrets(task, task.inputs)
        parent.tree.open += 1  # keeps the tree while the row is not there yet, or not right
        try:
            writes = [statements.insert(task)]
            if task.executor_id not in parent.tree.executors:
                parent.tree.executors.add(task.executor_id)
                writes += facets(task.run_id, [task.executor_id], (), None)
            await asyncio.shield(dispatcher.commit(writes))
            self._refuse_ended(parent, job)
        except BaseException:
            dispatcher.spawn(self._drop(parent.tree, task))
            raise
        parent.tree.open -= 1
        node = add_spawned(parent, task)
        dispatcher.nodes[task.id] = node
        task.stored = True
        dispatcher.bus.publish(EventKind.CREATED, task)
        return node

    def _refuse_ended(self, parent: Node, job: Job) -> None:
        if self._dispatcher.jobs.get(parent) is not job or job.context.cancelled:
            raise _ended(parent)

    async def _drop(self, tree: Tree, task: Task) -> None:
        """Nobody waits any more for a child that was just stored: its row must not stay pending."""
        self._dispatcher.inputs.pop(task.id, None)
        try:
            await self._dispatcher.commit([statements.cancel(task.id, "its parent does not wait for it", now())])
        except TaskError:  # the row itself was refused
            pass
        tree.open -= 1
        self._dispatcher.follow(tree, Spread())

    def _lend(self, parent: Node, job: Job) -> None:
        """The first wait of an attempt gives its slot back, so that full slots never deadlock."""
        job.waits += 1
        if job.waits == 1:
            if job.slot is not None:  # it was on its way back from the wait before
                job.slot.cancel()
                job.slot = None
            self._dispatcher.scheduler.release(parent)

    def _was_last(self, parent: Node, job: Job) -> bool:
        """Count one wait less; True when the attempt goes on with it and needs its slot again."""
        job.waits -= 1
        return not (job.waits or job.context.cancelled) and self._dispatcher.jobs.get(parent) is job

    async def _take_back(self, parent: Node, job: Job) -> None:
        job.slot = self._loop.create_future()
        self._dispatcher.scheduler.push([parent])
        self._dispatcher.scheduler.pump()
        await asyncio.wait({job.slot})

    def open_of(self, node: Node) -> list[Node]:
        """What `node` spawned and has not ended yet, at any depth."""
        return [child for child in spawned_by([node]) if not child.settled]


def _ended(parent: Node) -> TaskError:
    return TaskError(f"task '{parent.task.name}' has ended and can spawn nothing", "Await what a task spawns in it")
