"""What a person does to tasks that run or ran: cancel, rerun, skip, pause, resume, copy, delete (behaviour.md 5, 8)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from copy import copy as shallow
from datetime import datetime
from typing import Any
from uuid import uuid4

from engine import json_data, question_statements, retention, statements
from engine.catalogue import ExecutorSpec
from engine.dispatcher import Dispatcher
from engine.errors import TaskError
from engine.events import EventBus, EventKind
from engine.flow_inputs import taken
from engine.graph import Node, Tree, affected, detach_spawned, reopen, reset, settle, spawned_by, subtree
from engine.history_statements import recount_run
from engine.making import moment_of, object_of
from engine.references import keep_flow_inputs, schema_of
from engine.statements import Write
from engine.stopper import CANCELLED_WORDS, can_cancel
from engine.store import Store
from engine.submission import Submission, is_open
from engine.task import Dependency, Task, TaskStatus, TaskTreeNode, now


class Operations:
    """Acts on the trees of one dispatcher, and on stored ones by loading them first."""

    def __init__(self, store: Store, dispatcher: Dispatcher, submission: Submission, bus: EventBus) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._submission = submission
        self._bus = bus
        self._turn = asyncio.Lock()  # two acts on one stored tree must not both load it
        self._pausing = False

    async def load(self, task_id: str) -> Node:
        """The node of a task: the live one, or that of its stored tree. Raises `TaskError` when there is none."""
        node = await self._submission.live(task_id)
        if node is not None:
            return node
        await self._store.recover()  # its process may have ended after this one began
        stored = await self._stored(task_id)
        rows = await self._store.tree(stored.run_id, whole=True)
        if stored.run_id in self._dispatcher.trees:
            raise TaskError(f"task '{stored.name}' is of a former attempt of its parent", "Act on its parent instead")
        tree = await self._submission.build(stored.run_id, rows)
        tree.paused = (await self._store.run_state(stored.run_id)).paused
        if task_id not in tree.nodes:
            raise TaskError(f"task '{stored.name}' is of a former attempt of its parent", "Act on its parent instead")
        return tree.nodes[task_id]

    async def _stored(self, task_id: str) -> Task:
        stored = await self._store.task(task_id)
        if stored is None:
            raise TaskError(f"there is no task '{task_id}'", "It may have been deleted")
        return stored

    def _is_live(self, node: Node) -> bool:
        return self._dispatcher.nodes.get(node.task.id) is node

    async def _own(self, node: Node) -> Write:
        """The write that makes the node's run ours. Raises `TaskError` while a living process runs it (7.2)."""
        root = node.tree.nodes.get(node.tree.run_id, node)
        return await self._submission.own(node.tree.run_id, root.task)

    # ── cancel ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def cancel(self, task_id: str, *, only: bool) -> dict[str, Any]:
        """Rules 5.1 and 5.2; returns when all has ended."""
        node = await self._submission.live(task_id)
        if node is None:
            return await self._cancel_stored(task_id, only)
        if node.task.is_terminal and only:
            return _refused(node.task)
        was_open = is_open(node.status)
        chosen = can_cancel([node] if only else subtree(node))
        if not chosen:
            return _refused(node.task)
        await self._dispatcher.cancel(chosen)
        if node.task.is_terminal and node.task.status is not TaskStatus.CANCELLED and was_open:
            return {"status": str(node.task.status), "message": "it ended by itself before the cancel took effect"}
        return {"status": "cancelled", "message": f"cancelled {len(chosen)} task(s)", "task_id": task_id}

    async def _cancel_stored(self, task_id: str, only: bool) -> dict[str, Any]:
        """A task of no live tree: what is pending of it and under it is cancelled, anything else is told."""
        await self._store.recover()
        task = await self._store.task(task_id)
        if task is None:
            return {"status": "failed", "message": f"there is no task '{task_id}'", "current_status": None}
        try:
            node = await self.load(task_id)
            ids = [n.task.id for n in ([node] if only else subtree(node)) if n.status is TaskStatus.PENDING]
            if not ids:
                return _refused(task)
            owner, at = await self._submission.former_owner(task.run_id, task.name), now()
            writes = [statements.cancel_stored(each, CANCELLED_WORDS, at, owner) for each in ids]
            await asyncio.shield(self._store.writer.commit([*writes, recount_run(task.run_id)]))
        except TaskError as refusal:
            return {"status": "failed", "message": str(refusal), "current_status": str(task.status)}
        for cancelled in (await self._store.tasks(ids)).values():
            self._bus.publish(EventKind.FINISHED, cancelled)
        return {"status": "cancelled", "message": f"cancelled {len(ids)} task(s)", "task_id": task_id}

    # ── rerun and skip ───────────────────────────────────────────────────────────────────────────────────────────

    async def rerun(
        self, task_id: str, inputs: dict[str, Any] | None, extra: list[Write], spec: ExecutorSpec | None = None
    ) -> Task:
        """Rule 5.4; `spec` is the version that the task itself runs, None for the present one.

        Raises `TaskError` when the task waits already, still runs, or lacks its secrets.
        """
        async with self._turn:
            return await self._rerun(task_id, inputs, extra, spec)

    async def _rerun(
        self, task_id: str, inputs: dict[str, Any] | None, extra: list[Write], spec: ExecutorSpec | None
    ) -> Task:
        node = await self.load(task_id)
        live = self._is_live(node)
        if node.held:
            return await self._release(node, inputs, extra)
        if live and node.status is TaskStatus.PENDING and node.stuck_on is None:
            raise TaskError(f"task '{node.task.name}' has not run yet", "It starts by itself when its turn comes")
        touched = affected(node.tree, node)
        running = [n for n in touched if n.status is TaskStatus.IN_PROGRESS and not n.is_group]
        running += [n for n in spawned_by(touched) if not n.settled]
        if running:
            raise TaskError(f"task '{running[0].task.name}' still runs", "Cancel it first")
        owned = [] if live else [await self._own(node)]
        given = self._given(node.task, inputs)
        if given is None and (lost := self._lacks(node)) is not None:
            raise TaskError(f"task '{node.task.name}' needs the secret '{lost}'", "Rerun its flow and give it again")
        begun = {n for n in touched if n.opened or n.status is not TaskStatus.PENDING}  # on disk, or on the way there
        before = [(n, (n.status, n.opened, n.held, n.former, n.packed, n.spec)) for n in touched]
        again = reset(node.tree, node)
        for other in again:
            other.held = True  # none begins before it is pending on disk
        node.spec = spec
        if spec is not None:
            self._dispatcher.pins.hold(node.tree, spec.version)
        self._dispatcher.forget(detach_spawned(again))
        self._dispatcher.questions.drop(again)
        at = now()
        writes = [*owned, *extra, *_reset_writes(node, given, again, begun, at)]
        node.tree.open += 1  # it must not end meanwhile
        stored = asyncio.get_running_loop().create_future()

        def then(refusal: TaskError | None) -> None:
            if refusal is None:  # at once: what begins next may be told in the same turn
                self._put_back(again, begun, at, node if given is not None else None)
                stored.set_result(None)
            else:
                stored.set_exception(refusal)

        self._store.writer.write(writes, then)
        if live:  # what ends from here on must find them counted
            self._dispatcher.neighbours.look_again(node.tree, again)
        try:
            await asyncio.shield(stored)
        except TaskError:
            self._as_before(before, live)
            raise
        finally:
            node.tree.open -= 1
        if given is not None:
            node.task.inputs = given
        for other in again:
            other.held = (other is not node or given is None) and self._lacks(other) is not None
        await self._go_on(again, live)
        return node.task

    def _as_before(self, before: Sequence[tuple[Node, tuple[Any, ...]]], live: bool) -> None:
        """The store refused to put these back to pending: they are what they were, and nothing waits for them."""
        for n, state in before:
            n.status, n.opened, n.held, n.former, n.packed, n.spec = state
        if live:
            self._dispatcher.neighbours.look_again(before[0][0].tree, [n for n, _ in before])

    def _put_back(self, again: Sequence[Node], begun: set[Node], at: datetime, given: Node | None) -> None:
        """The tasks are pending on disk; what lacks secrets and is not `given` new inputs waits for them (8.6)."""
        for other in again:
            if other is not given and (lost := self._lacks(other)):
                other.task.hold = f"needs its secrets: {lost}"
            if other in begun:
                other.task.blank(at)
            other.task.asked = other.task.effective = None
            self._bus.publish(EventKind.RESET, other.task)

    def _lacks(self, node: Node) -> str | None:
        return self._submission.lacks(node)

    async def _release(self, node: Node, inputs: dict[str, Any] | None, extra: list[Write]) -> Task:
        """A task that waited for its secrets gets its inputs and goes on (8.6)."""
        given = self._given(node.task, inputs)
        writes = [*extra] if given is None else [statements.inputs(node.task.id, given), *extra]
        await asyncio.shield(self._store.writer.commit(writes))
        if given is not None:
            node.task.inputs = given
        node.held, node.task.hold = False, ""
        self._bus.publish(EventKind.RESET, node.task)
        if node.ready:
            self._dispatcher.enqueue([node])
            self._dispatcher.scheduler.pump()
        return node.task

    async def _go_on(self, changed: Sequence[Node], live: bool) -> None:
        tree = changed[0].tree
        if live:
            self._dispatcher.neighbours.look_again(tree, changed)
        else:
            await self._submission.activate(tree, [])

    def _given(self, task: Task, inputs: dict[str, Any] | None) -> dict[str, Any] | None:
        """Edited inputs, masked for the row; the real ones are kept for the attempt."""
        if inputs is None:
            self._submission.refuse_lost_secrets(task)
            return None
        view, given = shallow(task), object_of(f"task '{task.name}': inputs", inputs)
        if (schema := schema_of(task)) is not None:
            given = taken(given, schema, f"flow '{task.name}'")
        self._dispatcher.keep_secrets(view, given)
        return view.inputs

    async def affected(self, task_id: str) -> list[Task]:
        """What `rerun` would run again: the task and its transitive dependents, groups left out."""
        async with self._turn:
            node = await self.load(task_id)
            return [other.task for other in affected(node.tree, node) if not other.is_group]

    async def skip(self, task_id: str, extra: list[Write]) -> Task:
        """Rule 8.4. Raises `TaskError` for a group and for a task that is neither pending nor failed."""
        async with self._turn:
            return await self._skip(task_id, extra)

    async def _skip(self, task_id: str, extra: list[Write]) -> Task:
        node = await self.load(task_id)
        task, live = node.task, self._is_live(node)
        if node.is_group:
            raise TaskError(f"'{task.name}' is a group", "Skip the tasks in it")
        if node.status not in (TaskStatus.PENDING, TaskStatus.FAILED) or task.status is not node.status:
            raise TaskError(f"task '{task.name}' is {node.status} and cannot be skipped", "Only pending and failed can")
        owned = [] if live else [await self._own(node)]
        self._dispatcher.scheduler.withdraw(node)
        waiting = node.status is TaskStatus.PENDING and node.stuck_on is None and live
        spread = settle(node, TaskStatus.COMPLETED) if waiting else None
        node.status, node.packed, node.held = TaskStatus.COMPLETED, None, False
        node.tree.open += 1
        at, around = now(), [] if waiting else reopen(node)
        writes = [*owned, *statements.skip(task_id, at), *extra]
        writes += [write for group in around for write in statements.reset(group.task, group.task.inputs, at)]
        try:
            await asyncio.shield(self._store.writer.commit(writes))
        except TaskError as refusal:
            for group in around:
                group.status, group.opened = group.task.status, True
            if live:
                await self._dispatcher.lost(node, refusal)
                self._dispatcher.neighbours.look_again(node.tree, [node, *around])
            raise
        task.blank(at)
        task.status, task.skipped, task.progress, task.completed_at = TaskStatus.COMPLETED, True, 1.0, at
        node.tree.open -= 1
        self._dispatcher.told(node)
        for group in around:
            group.task.blank(at)
            self._bus.publish(EventKind.RESET, group.task)
        if spread is not None:
            self._dispatcher.follow(node.tree, spread)
        else:
            await self._go_on([node, *around], live)
        return task

    # ── pause ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def pause(self, run_id: str | None, extra: list[Write]) -> None:
        """Nothing new starts of this run, or of any with None (8.3). Raises `TaskError` for a run that has ended."""
        scheduler = self._dispatcher.scheduler
        if run_id is None:
            scheduler.pause()
            self._pausing = True  # the store says otherwise until it is there
            try:
                await asyncio.shield(self._store.writer.commit([statements.meta("paused", "1"), *extra]))
            finally:
                self._pausing = False
            return
        tree = self._dispatcher.trees.get(run_id)
        if tree is None:
            await self._stored(run_id)
            raise TaskError(f"run '{run_id}' does not run here", "Only what runs can be paused")
        scheduler.pause_tree(tree)
        await asyncio.shield(self._store.writer.commit([statements.pause(run_id, True), *extra]))
        self._tell_of(tree.nodes.get(run_id))

    async def resume(self, run_id: str | None, extra: list[Write]) -> None:
        """Go on with a paused run, with the whole queue (None), or with one whose process ended before it (7.2).

        Raises `TaskError` when a living process runs it elsewhere, or nothing of it is left to run.
        """
        scheduler = self._dispatcher.scheduler
        if run_id is None:
            await asyncio.shield(self._store.writer.commit([statements.meta("paused", ""), *extra]))
            scheduler.resume()
            return
        tree = self._dispatcher.trees.get(run_id)
        if tree is None:
            async with self._turn:
                await self._take_up(run_id, extra)
            return
        await asyncio.shield(self._store.writer.commit([statements.pause(run_id, False), *extra]))
        scheduler.resume_tree(tree)
        scheduler.pump()
        self._tell_of(tree.nodes.get(run_id))

    async def follow_queue(self) -> None:
        """What another process did to the whole queue is so here, too (8.3)."""
        paused, scheduler = bool(await self._store.meta("paused")), self._dispatcher.scheduler
        if paused != scheduler.paused and not self._pausing:
            (scheduler.pause if paused else scheduler.resume)()

    async def _take_up(self, run_id: str, extra: list[Write]) -> None:
        node = await self.load(run_id)
        waiting = [other for other in node.tree.nodes.values() if other.status is TaskStatus.PENDING]
        if not waiting:
            raise TaskError(f"nothing of run '{node.task.name}' is left to run", "Rerun one of its tasks instead")
        self._submission.refuse_barred(other.task for other in waiting if not other.is_group)
        for other in waiting:
            self._submission.refuse_lost_secrets(other.task)
        owned = await self._own(node)
        node.tree.paused = False
        await self._submission.activate(node.tree, [owned, statements.pause(run_id, False), *extra])

    def _tell_of(self, node: Node | None) -> None:
        if node is not None:
            self._bus.publish(EventKind.PROGRESS, node.task)

    async def delete(self, task_id: str, extra: list[Write]) -> int:
        """Rule 5.6; how many tasks are gone. Raises `TaskError` for what has not ended or is depended on outside."""
        task = await self._stored(task_id)
        if task.run_id in self._dispatcher.trees:
            raise TaskError(f"the run of '{task.name}' has not ended", "Cancel it first, or wait for its end")
        if task.id == task.run_id and await self._store.has_run(task.run_id):
            gone = await retention.delete_run(self._store, task.run_id)
            self._store.writer.write(extra)
            self._bus.publish(EventKind.DELETED, None, task.run_id)
            return gone.tasks
        rows = await self._store.tree(task.run_id)
        under = {task_id}
        branch = []
        for row in rows:  # parents first
            if row.id in under or row.parent_id in under:
                under.add(row.id)
                branch.append(row)
        if await self._store.has_run(task.run_id):
            await self._own(Node(task, Tree(task.run_id), task.status))
        await retention.delete_branch(self._store, task.run_id, branch, extra)
        for row in branch:
            self._dispatcher.inputs.pop(row.id, None)
            self._bus.publish(EventKind.DELETED, row)
        return len(branch)

    # ── copy ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def copy(self, task_id: str) -> TaskTreeNode:
        """Rule 5.5: a draft of the task and all under it, not stored; edit it, then submit it.

        What is depended on inside the copy is the copy; outside of it, the original. What was spawned at run time is
        left out: the copy spawns its own.
        """
        original = await self._stored(task_id)
        live = self._dispatcher.trees.get(original.run_id)
        rows = (
            [node.task for node in live.nodes.values()]
            if live is not None
            else await self._store.tree(original.run_id, whole=True)
        )
        kept: dict[str, TaskTreeNode] = {}
        ids: dict[str, str] = {}
        for row in rows:
            above = kept.get(row.parent_id or "")
            if (row.id != task_id and above is None) or (row.spawned is not None and row.id != task_id):
                continue
            node = kept[row.id] = TaskTreeNode(self._copied(row, above.task.id if above else None))
            ids[row.id] = node.task.id
            if above is not None:
                above.add_child(node)
        if task_id not in kept:
            raise TaskError(f"task '{original.name}' is of a former attempt of its parent", "Copy its parent instead")
        for node in kept.values():
            node.task.dependencies = tuple(
                Dependency(ids.get(d.id, d.id), d.required, d.type) for d in node.task.dependencies
            )
        if any(node.task.has_references for node in kept.values()):
            keep_flow_inputs(kept[task_id].task, {row.id: row for row in rows})
        return kept[task_id]

    def _copied(self, row: Task, parent_id: str | None) -> Task:
        new_id = str(uuid4())
        made = Task(new_id, row.name, new_id, parent_id, row.user_id, priority=row.priority)
        made.inputs, made.params, made.schemas = (
            json_data.decode(json_data.encode(each)) for each in (row.inputs, row.params, row.schemas)
        )
        made.dependencies, made.original_task_id, made.not_before = row.dependencies, row.id, moment_of(row)
        real = self._dispatcher.inputs.get(row.id)
        if real is not None:
            self._dispatcher.inputs[new_id] = real
        return made


def _refused(task: Task) -> dict[str, Any]:
    """Rule 5.1's answer for what cannot be cancelled."""
    return {
        "status": "failed",
        "message": f"task '{task.name}' is {task.status} and cannot be cancelled",
        "current_status": str(task.status),
    }


def _reset_writes(
    start: Node, given: dict[str, Any] | None, again: Sequence[Node], begun: set[Node], at: datetime
) -> list[Write]:
    """`start`, with the inputs `given`, and all that runs `again` with it are pending; `begun` are not yet."""
    writes: list[Write] = []
    for other in again:
        inputs = given if other is start and given is not None else other.task.inputs
        if other in begun:
            writes += statements.reset(other.task, inputs, at)
        elif other.task.effective is not None:
            writes.append(question_statements.withdraw(other.task.id))
    if given is not None and start.task.status is TaskStatus.PENDING:
        writes.append(statements.inputs(start.task.id, given))
    return writes
