"""From tasks to a running tree: names, neighbours, everything stored in one transaction (3.1, 3.3, 7.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from engine import statements
from engine.access import BARRED_HINT
from engine.dispatcher import Dispatcher
from engine.errors import AccessError, TaskError
from engine.events import EventBus, EventKind
from engine.graph import Node, Tree, build_tree, current, group_test, recount
from engine.history_statements import begin_run, facets
from engine.pins import FindSpec
from engine.policy import problem_of_params
from engine.references import lost_input
from engine.run import lost_secret
from engine.statements import Write
from engine.store import Store
from engine.task import Dependency, Task, TaskStatus, TaskTreeNode


class Submission:
    """Builds trees for one dispatcher. A refused tree leaves nothing behind, in memory or on disk."""

    def __init__(self, store: Store, dispatcher: Dispatcher, bus: EventBus, find: FindSpec) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._bus = bus
        self._find = find
        self._coming: dict[Tree, asyncio.Event] = {}

    async def submit(self, root: TaskTreeNode, label: str | None, extra: Iterable[Write] = ()) -> Task:
        """Store what is new of the tree in one transaction, together with `extra`, and start it.

        Returns its root, or the task that holds the root's idempotency key already (8.2); nothing runs then. Raises
        `TaskError`, with nothing stored, for references to nowhere, cycles, lost secrets and a tree that runs (7.3),
        `AccessError` for what may not run here.
        """
        if (holder := await self.holder(root.task)) is not None:
            return holder
        tasks = root.tasks()
        refuse_ambiguous(tasks)
        for run_id in {task.run_id for task in tasks if task.stored} - {root.task.id}:
            await self.former_owner(run_id, root.task.name)
        place(root, tasks)
        for task in tasks:
            if task.id in self._dispatcher.nodes or task.status is TaskStatus.IN_PROGRESS:
                raise TaskError(f"task '{task.name}' ({task.id}) is running already", "Wait for it, or cancel it")
            if not task.is_terminal:
                self.refuse_lost_secrets(task)
        tree = await self.build(root.task.id, tasks)
        self.refuse_barred(n.task for n in tree.nodes.values() if n.spec is not None and n.spec.barred)
        writes = [await self.own(tree.run_id, root.task, label), *extra]
        writes += [statements.move(task) if task.stored else statements.insert(task) for task in tasks]
        writes += [*links(tree), *self._facets(root.task, tree)]
        try:
            await self.activate(tree, writes)
        except TaskError:
            # another process may have stored the key between the look and the commit
            if root.task.idempotency_key is None or (holder := await self.holder(root.task)) is None:
                raise
            return holder
        return root.task

    async def own(self, run_id: str, root: Task, label: str | None = None) -> Write:
        """The write that makes a run ours. Raises `TaskError` while a living process runs it (7.2, 7.3)."""
        former = await self.former_owner(run_id, root.name) if root.stored else None
        return begin_run(run_id, self._store.lease.id, root.created_at, label, former=former)

    async def former_owner(self, run_id: str, name: str) -> str | None:
        """Who ran it last, None for nobody. Raises `TaskError` while a living process runs it (7.2)."""
        owner, lease = (await self._store.run_state(run_id)).owner, self._store.lease
        if owner == lease.id:  # its end may be on the way to the disk
            await self._store.writer.flush()
            owner = (await self._store.run_state(run_id)).owner
        if owner is not None and owner != lease.id and not lease.is_dead(owner):
            raise TaskError(f"the run of '{name}' belongs to another running process", "Act on it there")
        return owner

    def _facets(self, root: Task, tree: Tree) -> list[Write]:
        """What the run is found by: its executors, its tasks' own tags, those of the root's executor, its user."""
        nodes = tree.nodes.values()
        executors = [n.task.executor_id for n in nodes if not n.is_group or "flow" in n.task.params]
        tree.executors.update(executors)
        spec, _ = self._find(root.executor_id)
        tags = [*tags_of(root), *(spec.tags if spec is not None else ())]
        for node in nodes:
            if node.task.params:
                tags += tags_of(node.task)
        return facets(tree.run_id, executors, tags, root.user_id)

    async def holder(self, task: Task) -> Task | None:
        """The other task that has this one's idempotency key (8.2); None when it has none or it is free."""
        if task.idempotency_key is None or task.stored:
            return None
        found = await self._store.task_by_key(task.idempotency_key)
        if found is None or found.id == task.id:
            return None
        live = self._dispatcher.nodes.get(found.id)
        return live.task if live is not None else found

    def refuse_barred(self, tasks: Iterable[Task]) -> None:
        """Raises `AccessError` for the first of `tasks` whose executor the user of this process may not run."""
        for task in tasks:
            spec, _ = self._find(task.executor_id)
            if spec is not None and spec.barred:
                raise AccessError(f"task '{task.name}' ({task.id}): {spec.barred}", BARRED_HINT)

    def refuse_lost_secrets(self, task: Task) -> None:
        """Raises `TaskError` when a secret of `task` is not in memory any more (8.6)."""
        if lost := lost_secret(self._dispatcher.inputs.get(task.id, task.inputs)):
            raise TaskError(
                f"task '{task.name}' ({task.id}) needs its secrets: '{lost}' is never stored", "Give its inputs again"
            )

    async def build(self, run_id: str, tasks: list[Task]) -> Tree:
        """The nodes of `tasks`, parents first, with their neighbours in other trees.

        Raises `TaskError` for params that cannot be used (4.7), references to nowhere and cycles (3.3).
        """
        tasks = current(tasks)
        for task in tasks:
            if task.params and (problem := problem_of_params(task.params)) is not None:
                raise TaskError(f"task '{task.name}' ({task.id}): {problem}", "Mend or remove it")
        live = self._dispatcher.nodes
        around = await self.neighbours(tasks)
        ended = await self._store.ended_runs({task.run_id for task in around.values() if not task.is_terminal})

        def outside(task_id: str) -> Node | None:
            if (node := live.get(task_id)) is not None:
                return node
            task = around.get(task_id)
            if task is None:
                return None
            stub = Node(task, Tree(task.run_id), task.status, packed=task.packed)
            if task.run_id in ended and task.run_id not in self._dispatcher.trees and not task.is_terminal:
                stub.stuck_on = stub  # what its run has left pending can never run
            return stub

        tree = build_tree(run_id, tasks, group_test(tasks, self._find), outside)
        for node in tree.nodes.values():
            if not (node.is_group or node.task.is_terminal):
                self._dispatcher.pins.pin(node)
        return tree

    def lacks(self, node: Node) -> str | None:
        """The secret that `node` needs and that was lost with its process: its own, or one of its flow (8.6)."""
        real = self._dispatcher.inputs
        return lost_secret(real.get(node.task.id, node.task.inputs)) or lost_input(node, real)

    async def neighbours(self, tasks: list[Task]) -> dict[str, Task]:
        """The tasks of other trees, live or stored, that `tasks` depend on; unknown ids are left out."""
        inside = {task.id for task in tasks}
        wanted = {d.id for t in tasks for d in t.dependencies if d.id not in inside}
        if not wanted:
            return {}
        live = {i: node.task for i in wanted if (node := self._dispatcher.nodes.get(i)) is not None}
        return live | await self._store.tasks(wanted - live.keys())

    async def activate(self, tree: Tree, writes: list[Write]) -> None:
        """Commit what makes the tree ours, then run it; no half of it can be seen or started."""
        nodes = self._dispatcher.nodes
        for task_id in tree.nodes:
            if task_id in nodes:
                raise TaskError(f"the tree of '{task_id}' is running already", "Wait for it, or cancel it")
        nodes.update(tree.nodes)  # from here on a second submit is refused (7.3)
        arrived = self._coming[tree] = asyncio.Event()
        try:
            await asyncio.shield(self._store.writer.commit(writes))
        except BaseException:
            for task_id in tree.nodes:
                nodes.pop(task_id, None)
            raise
        finally:
            del self._coming[tree]
            arrived.set()
        for node in tree.nodes.values():
            if not node.task.stored:
                node.task.stored = True
                self._bus.publish(EventKind.CREATED, node.task)
        others = self._dispatcher.neighbours.join(tree)
        self._dispatcher.activate(tree, recount(tree))
        for other in others:
            self._dispatcher.neighbours.look_again(other)

    async def live(self, task_id: str) -> Node | None:
        """The node of a task of a live tree; of one that is being stored, once it is counted and runs."""
        node = self._dispatcher.nodes.get(task_id)
        if node is not None and (arrived := self._coming.get(node.tree)) is not None:
            await arrived.wait()
            return self._dispatcher.nodes.get(task_id)
        return node


def place(root: TaskTreeNode, tasks: list[Task] | None = None) -> list[Task]:
    """The tree's tasks (or copies of them, in the order of `root.tasks()`), `run_id`, `parent_id` and names resolved.

    A dependency that names one task of the tree gets its id; what names several is left, for `refuse_ambiguous`.
    """
    above = {node.task.id: parent.task.id for node, parent in root.walk() if parent is not None}
    tasks = root.tasks() if tasks is None else tasks
    for task in tasks:
        task.run_id, task.parent_id = root.task.id, above.get(task.id, task.parent_id)
    for task, ids, names in names_as_dependencies(tasks):
        task.dependencies = tuple(
            Dependency(named[0], d.required, d.type)
            if d.id not in ids and len(named := names.get(d.id, [])) == 1
            else d
            for d in task.dependencies
        )
    return tasks


def names_as_dependencies(tasks: list[Task]) -> Iterator[tuple[Task, set[str], dict[str, list[str]]]]:
    """The tasks with a dependency that is the id of none of them; all ids, and the ids of the tasks by name."""
    ids = {task.id for task in tasks}
    names: dict[str, list[str]] = {}
    for task in tasks:
        if task.dependencies and not all(d.id in ids for d in task.dependencies):
            if not names:
                for other in tasks:
                    names.setdefault(other.name, []).append(other.id)
            yield task, ids, names


def refuse_ambiguous(tasks: list[Task]) -> None:
    """Raises `TaskError` for a dependency that is no id and names several tasks of the tree (3.1)."""
    for task, ids, names in names_as_dependencies(tasks):
        for dependency in task.dependencies:
            found = names.get(dependency.id, ())
            if dependency.id not in ids and len(found) > 1:
                raise TaskError(
                    f"task '{task.name}' depends on '{dependency.id}', which {len(found)} tasks are named",
                    "Name it by its id",
                )


def tags_of(task: Task) -> list[str]:
    """`params["tags"]`, a text or a list of texts."""
    given = task.params.get("tags")
    return [given] if isinstance(given, str) else [str(tag) for tag in given] if isinstance(given, list) else []


def links(tree: Tree) -> list[Write]:
    """The rows that keep tasks of other runs from being deleted while this tree depends on them (5.6)."""
    return [
        statements.link(node.task.id, dependency.task.id)
        for node in tree.nodes.values()
        for dependency in node.dependencies
        if dependency.tree is not tree
    ]


def is_open(status: TaskStatus) -> bool:
    return status in (TaskStatus.PENDING, TaskStatus.IN_PROGRESS)
