"""The engine: wires store, catalogue, dispatcher and bus, and is what scripts and the console call (door 2).

It runs on whichever asyncio loop starts it: a script's own, or a thread's of its own beside the console.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from engine import json_data, statements
from engine.catalogue import Catalogue, ExecutorSpec
from engine.dispatcher import Dispatcher
from engine.errors import ExecutorError, TaskError
from engine.events import EventBus, EventKind, LogLine
from engine.executor import DEFAULT_REGISTRY
from engine.graph import Node, Tree, build_tree, recount, reset, tree_status
from engine.loader import Folder, Loader
from engine.output import capture
from engine.runners import Runner
from engine.runners.inline import InlineRunner
from engine.schema import mask
from engine.settings import Settings
from engine.spec import from_registry
from engine.store import Attempt, Run, Store
from engine.task import Dependency, Task, TaskStatus, TaskTreeNode, now
from engine.watcher import Watcher, WatchState

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counts:
    """What the engine holds now: tasks that run, tasks that are ready and wait for a slot."""

    running: int = 0
    queued: int = 0


class Engine:
    """One store, one catalogue, one set of slots. Without `folders` the catalogue is what the process imported (1.4).

    All coroutines run on the loop that awaited `start`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        folders: Sequence[Folder] = (),
        *,
        store: Path | str | None = None,
        runner: Runner | None = None,
    ) -> None:
        self.settings = settings or Settings.load()
        self.bus = EventBus()
        self.watch_state = WatchState.OFF
        self._path = store if store is not None else self.settings.store
        self._loader = Loader(folders, import_limit=self.settings.import_limit) if folders else None
        self._catalogue = Catalogue()
        self._runner = runner
        self._watching: asyncio.Task[None] | None = None
        self._stubs: dict[str, Node] = {}
        self._order = 0
        self._open = False

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Open the store (raises `StoreError`), then load the folders and watch them in the background."""
        self.store = await Store.open(self._path, synchronous=self.settings.synchronous)
        capture.install()
        self._runner = self._runner or InlineRunner()
        self.dispatcher = Dispatcher(self.store, self.bus, self._runner, self.settings, self._find)
        self._open = True
        if self._loader is not None:
            watcher = Watcher(self._loader, self._published, self._watched)
            self._watching = asyncio.create_task(watcher.run(), name="watcher")

    async def stop(self, *, cancel: bool = False) -> None:
        """End: with `cancel` running tasks are cancelled first, else they are stored as interrupted. Safe to repeat."""
        if not self._open:
            return
        self._open = False
        if self._watching is not None:
            self._watching.cancel()
        self.dispatcher.scheduler.close()
        if cancel:
            await self.dispatcher.cancel([n for n in self.dispatcher.nodes.values() if n.task.started_at])
        await self.dispatcher.stop()
        assert self._runner is not None
        await self._runner.close()
        capture.remove()
        await self.store.close()

    async def drain(self) -> None:
        """Wait until every tree that was submitted has ended."""
        while self.dispatcher.endings:
            await asyncio.wait([asyncio.shield(f) for f in self.dispatcher.endings.values()])

    @property
    def catalogue(self) -> Catalogue:
        """The present snapshot; any thread may read it."""
        if self._loader is None and self._catalogue.epoch != DEFAULT_REGISTRY.epoch:
            self._catalogue = from_registry(DEFAULT_REGISTRY)
        return self._catalogue

    @property
    def counts(self) -> Counts:
        if not self._open:
            return Counts()
        scheduler = self.dispatcher.scheduler
        return Counts(len(scheduler.running), scheduler.queued)

    @property
    def store_trouble(self) -> str:
        """ "" while the store takes writes, else what the disk says (writes wait, nothing is lost)."""
        return self.store.writer.trouble if self._open else ""

    def _published(self, catalogue: Catalogue) -> None:
        former, self._catalogue = self._catalogue, catalogue
        self.bus.publish(EventKind.CATALOGUE, data=catalogue)
        for problem in catalogue.problems:
            if problem not in former.problems:
                self.bus.publish(EventKind.PROBLEM, data=problem)

    def _watched(self, state: WatchState) -> None:
        self.watch_state = state
        self.bus.publish(EventKind.WATCHER, data=state)

    def _find(self, executor_id: str) -> tuple[ExecutorSpec | None, str]:
        catalogue = self.catalogue
        spec = catalogue.get(executor_id)
        return spec, "" if spec is not None else catalogue.unknown(executor_id)

    # ── making and launching ─────────────────────────────────────────────────────────────────────────────────────

    def new_task(
        self,
        name: str,
        *,
        user_id: str | None = None,
        parent_id: str | None = None,
        priority: int | None = 2,
        dependencies: Iterable[Any] | None = None,
        inputs: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        schemas: dict[str, Any] | None = None,
        id: str | None = None,
    ) -> Task:
        """A task that is not stored yet (2.8). Raises `TaskError` for inputs that are no JSON, with their path."""
        if not isinstance(name, str) or not name.strip():
            raise TaskError("a task needs a name", "Name the executor that runs it")
        if priority is None:
            priority = 2
        if isinstance(priority, bool) or not isinstance(priority, int) or not 0 <= priority <= 3:
            raise TaskError(f"task '{name}': priority {priority!r} is none", "0 urgent, 1 high, 2 normal, 3 low")
        objects: dict[str, dict[str, Any]] = {}
        for what, value in {"inputs": inputs, "params": params, "schemas": schemas}.items():
            if value is not None and not isinstance(value, dict):
                raise TaskError(f"task '{name}': {what} must be an object, not {type(value).__name__}")
            try:
                objects[what] = json_data.decode(json_data.encode(value)) if value else {}
            except json_data.NotJson as problem:
                raise TaskError(f"task '{name}': {what} are not JSON at {problem}", "Give JSON data") from None
        task_id = str(id) if id is not None else str(uuid4())
        edges = tuple(Dependency.parse(d) for d in dependencies or ())
        task = Task(task_id, name, task_id, parent_id, user_id, TaskStatus.PENDING, priority, dependencies=edges)
        task.inputs, task.params, task.schemas = objects["inputs"], objects["params"], objects["schemas"]
        self._keep_secrets(task, task.inputs)
        return task

    def _keep_secrets(self, task: Task, inputs: dict[str, Any]) -> None:
        """The row gets masked inputs; the real ones stay in memory until the attempt has ended (8.6)."""
        spec, _ = self._find(task.executor_id)
        task.inputs = mask(spec.schema if spec is not None else {}, inputs)
        if task.inputs is not inputs:
            self.dispatcher.inputs[task.id] = inputs

    async def create(self, name: str, **fields: Any) -> Task:
        """Make and store one pending task; fields as in `new_task`. An id that is stored already raises (2.8)."""
        task = self.new_task(name, **fields)
        if task.parent_id is not None:
            parent = await self.store.task(task.parent_id)
            if parent is None:
                raise TaskError(f"task '{name}': its parent '{task.parent_id}' does not exist", "Create it first")
            task.run_id = parent.run_id
        await asyncio.shield(self.store.writer.commit([statements.insert(task)]))
        task.stored = True
        self.bus.publish(EventKind.CREATED, task)
        return task

    async def launch(
        self, executor_id: str, inputs: dict[str, Any], *, priority: int = 2, user_id: str | None = None
    ) -> Task:
        """Make one task of `executor_id` and submit it. Raises `ExecutorError` for an unknown executor."""
        spec, unknown = self._find(executor_id)
        if spec is None:
            raise ExecutorError(unknown, "It may have been renamed or its file removed")
        task = self.new_task(executor_id, inputs=inputs, priority=priority, user_id=user_id or self.settings.user)
        await self.submit(TaskTreeNode(task))
        return task

    async def submit(self, root: TaskTreeNode) -> str:
        """Store what is new of the tree in one transaction, start it, return the run's id.

        Raises `TaskError`, with nothing stored, for references to nowhere, cycles and a tree that runs already (7.3).
        """
        run_id = root.task.id
        moved: list[Task] = []
        tasks: list[Task] = []
        for node, above in root.walk():
            task = node.task
            place = (run_id, above.task.id if above else task.parent_id, task.dependencies)
            tasks.append(task)
            if task.id in self.dispatcher.nodes:
                raise TaskError(f"task '{task.name}' ({task.id}) is running already", "Wait for it, or cancel it")
            task.run_id, task.parent_id = place[0], place[1]
            if task.stored:
                moved.append(task)
        self._resolve_names(tasks)
        tree = await self._build(run_id, tasks)
        writes = [statements.run(run_id, self.store.lease.id, root.task.created_at)]
        writes += [statements.move(task) if task.stored else statements.insert(task) for task in tasks]
        await self._activate(tree, writes)
        return run_id

    async def _activate(self, tree: Tree, writes: list[statements.Write]) -> None:
        """Commit what makes the tree ours, then run it; no half of it can be seen or started."""
        for task_id in tree.nodes:
            if task_id in self.dispatcher.nodes:
                raise TaskError(f"the tree of '{task_id}' is running already", "Wait for it, or cancel it")
        self.dispatcher.nodes.update(tree.nodes)  # from here on a second submit is refused (7.3)
        try:
            await asyncio.shield(self.store.writer.commit(writes))
        except BaseException:
            for task_id in tree.nodes:
                self.dispatcher.nodes.pop(task_id, None)
            raise
        for node in tree.nodes.values():
            if not node.task.stored:
                node.task.stored = True
                self.bus.publish(EventKind.CREATED, node.task)
        self._join_stubs(tree)
        self.dispatcher.activate(tree, recount(tree))

    async def _build(self, run_id: str, tasks: list[Task]) -> Tree:
        inside = {task.id for task in tasks}
        wanted = [
            d.id for t in tasks for d in t.dependencies if d.id not in inside and d.id not in self.dispatcher.nodes
        ]
        stored = await self.store.tasks(wanted) if wanted else {}

        def outside(task_id: str) -> Node | None:
            if (node := self.dispatcher.nodes.get(task_id) or self._stubs.get(task_id)) is not None:
                return node
            task = stored.get(task_id)
            if task is None:
                return None
            stub = Node(task, Tree(task.run_id), 0, task.status, result=task.result)
            if not task.is_terminal:
                self._stubs[task_id] = stub
            return stub

        parents = {task.parent_id for task in tasks}

        def is_group(task: Task) -> bool:
            named = task.params.get("executor_id") or task.schemas.get("method")
            return task.id in parents and not named and self._find(task.name)[0] is None

        tree = build_tree(run_id, tasks, is_group, outside, self._order)
        self._order += len(tasks)
        return tree

    def _join_stubs(self, tree: Tree) -> None:
        """Trees that wait for a task which was only a stored row so far now wait for its node."""
        for task_id in [i for i in self._stubs if i in tree.nodes]:
            stub, node = self._stubs.pop(task_id), tree.nodes[task_id]
            node.dependents += stub.dependents
            for dependent, _ in stub.dependents:
                dependent.dependencies = [node if d is stub else d for d in dependent.dependencies]

    def _resolve_names(self, tasks: list[Task]) -> None:
        """Dependencies that name a task of the tree get its id; an ambiguous name is refused (3.1)."""
        ids = {task.id for task in tasks}
        names: dict[str, list[str]] = {}
        for task in tasks:
            names.setdefault(task.name, []).append(task.id)
        for task in tasks:
            if all(d.id in ids for d in task.dependencies):
                continue
            resolved = []
            for dependency in task.dependencies:
                found = names.get(dependency.id, []) if dependency.id not in ids else []
                if len(found) > 1:
                    raise TaskError(
                        f"task '{task.name}' depends on '{dependency.id}', which {len(found)} tasks are named",
                        "Name it by its id",
                    )
                known = Dependency(found[0], dependency.required, dependency.type) if found else dependency
                resolved.append(known)
            task.dependencies = tuple(resolved)

    async def finished(self, run_id: str) -> TaskStatus:
        """Wait for the end of a run; its status by rule 2.7."""
        ending = self.dispatcher.endings.get(run_id)
        if ending is not None:
            return await asyncio.shield(ending)
        return tree_status(await self.store.tree(run_id))

    # ── acting on what runs or ran ───────────────────────────────────────────────────────────────────────────────

    async def cancel(self, task_id: str, *, only: bool = False) -> dict[str, Any]:
        """Cancel a task and, unless `only`, all that stands under it (5.1, 5.2); returns when it has ended."""
        node = self.dispatcher.nodes.get(task_id)
        if node is None:
            return await self._cancel_stored(task_id)
        if node.task.is_terminal and only:
            return _refused(node.task)
        nodes = [node] if only else _subtree(node)
        open_nodes = [n for n in nodes if n.status in (TaskStatus.PENDING, TaskStatus.IN_PROGRESS)]
        if not open_nodes:
            return _refused(node.task)
        await self.dispatcher.cancel(open_nodes)
        if node.task.is_terminal and node.task.status is not TaskStatus.CANCELLED and node in open_nodes:
            return {"status": str(node.task.status), "message": "it ended by itself before the cancel took effect"}
        return {"status": "cancelled", "message": f"cancelled {len(open_nodes)} task(s)", "task_id": task_id}

    async def _cancel_stored(self, task_id: str) -> dict[str, Any]:
        """A task of no live tree: a pending row is cancelled, anything else is told."""
        task = await self.store.task(task_id)
        if task is None:
            return {"status": "failed", "message": f"there is no task '{task_id}'", "current_status": None}
        if task.status is not TaskStatus.PENDING:
            return _refused(task)
        try:
            await self.store.writer.commit([statements.cancel(task_id, "cancelled before it began", now())])
        except TaskError as refusal:
            return {"status": "failed", "message": str(refusal), "current_status": str(task.status)}
        self.bus.publish(EventKind.FINISHED, await self.store.task(task_id))
        return {"status": "cancelled", "message": "cancelled before it began", "task_id": task_id}

    async def rerun(self, task_id: str, *, inputs: dict[str, Any] | None = None) -> Task:
        """Put a task and its transitive dependents back to pending and run them again (5.4).

        `inputs` replace the task's own. The former attempt stays in history. Raises `TaskError` when the task is
        unknown, waits already, or something that would be run again still runs.
        """
        node = self.dispatcher.nodes.get(task_id)
        if node is None:
            stored = await self.store.task(task_id)
            if stored is None:
                raise TaskError(f"there is no task '{task_id}'", "It may have been deleted")
            tree = await self._build(stored.run_id, await self.store.tree(stored.run_id, whole=True))
            node = tree.nodes[task_id]
        tree = node.tree
        live = self.dispatcher.trees.get(tree.run_id) is tree
        if live and node.status is TaskStatus.PENDING and node.stuck_on is None:
            raise TaskError(f"task '{node.task.name}' has not run yet", "It starts by itself when its turn comes")
        for other in [node, *_dependents(node)]:
            if other.status is TaskStatus.IN_PROGRESS and not other.is_group:
                raise TaskError(f"task '{other.task.name}' still runs", "Cancel it first")
        given = self._checked_inputs(node.task, inputs)
        again = reset(tree, node)
        at = now()
        writes = [statements.run(tree.run_id, self.store.lease.id, node.task.created_at)]
        for other in again:
            stored_inputs = given if other is node and given is not None else other.task.inputs
            if other.task.status is not TaskStatus.PENDING:
                writes += statements.reset(other.task, stored_inputs, at)
        if given is not None and node.task.status is TaskStatus.PENDING:
            writes.append(statements.inputs(node.task.id, given))
        await asyncio.shield(self.store.writer.commit(writes))
        for other in again:
            self._blank(other.task, given if other is node else None, at)
        if live:
            self.dispatcher.follow(tree, recount(tree))
        else:
            await self._activate(tree, [])
        return node.task

    def _checked_inputs(self, task: Task, inputs: dict[str, Any] | None) -> dict[str, Any] | None:
        """Edited inputs, masked for the row; the real ones are kept for the attempt."""
        if inputs is None:
            return None
        view = copy(task)
        try:
            self._keep_secrets(view, json_data.decode(json_data.encode(inputs)))
        except json_data.NotJson as problem:
            raise TaskError(f"task '{task.name}': inputs are not JSON at {problem}", "Give JSON data") from None
        return view.inputs

    def _blank(self, task: Task, inputs: dict[str, Any] | None, at: Any) -> None:
        if inputs is not None:
            task.inputs = inputs
        if task.status is not TaskStatus.PENDING:
            task.result = task.error = task.error_type = task.effective_inputs = None
            task.progress, task.progress_message = 0.0, ""
            task.started_at = task.completed_at = None
            task.updated_at = at
            task.status = TaskStatus.PENDING
        self.bus.publish(EventKind.RESET, task)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def runs(self, *, before: int | None = None, limit: int = 100) -> list[Run]:
        """A page of the history, newest first; `before` is the `seq` of the last run seen."""
        found = await self.store.runs(before=before, limit=limit)
        return [Run(r.seq, r.id, self._live(r.root), r.size) for r in found]

    async def tree(self, run_id: str) -> list[Task]:
        """The tasks of a run, parents first; results are left out for those that are not live."""
        return [self._live(task) for task in await self.store.tree(run_id)]

    async def task(self, task_id: str) -> Task | None:
        """One task, whole; None when there is none."""
        node = self.dispatcher.nodes.get(task_id)
        return node.task if node is not None else await self.store.task(task_id)

    def _live(self, stored: Task) -> Task:
        node = self.dispatcher.nodes.get(stored.id)
        return node.task if node is not None else stored

    async def log(self, task_id: str, *, attempt: int | None = None) -> list[LogLine]:
        """The log of an attempt, by default the latest."""
        await self.store.writer.flush()
        if attempt is None:
            task = await self.task(task_id)
            attempt = task.attempt if task is not None else 0
        return await self.store.log(task_id, attempt)

    async def attempts(self, task_id: str) -> list[Attempt]:
        """All attempts, oldest first; the latest is the task itself."""
        return await self.store.attempts(task_id)


def _refused(task: Task) -> dict[str, Any]:
    """Rule 5.1's answer for what cannot be cancelled."""
    return {
        "status": "failed",
        "message": f"task '{task.name}' is {task.status} and cannot be cancelled",
        "current_status": str(task.status),
    }


def _subtree(start: Node) -> list[Node]:
    """`start` and all that stands under it by `parent_id`."""
    children: dict[str | None, list[Node]] = {}
    for node in start.tree.nodes.values():
        children.setdefault(node.task.parent_id, []).append(node)
    found = [start]
    for node in found:  # grows while it is walked
        found.extend(children.get(node.task.id, ()))
    return found


def _dependents(start: Node) -> list[Node]:
    """All that depends on `start` in its own tree, directly or not."""
    found: dict[Node, None] = {}
    queue = [start]
    while queue:
        for dependent, _ in queue.pop().dependents:
            if dependent not in found and dependent.tree is start.tree:
                found[dependent] = None
                queue.append(dependent)
    return list(found)
