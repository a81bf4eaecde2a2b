"""Pure rules over a tree of tasks: references, cycles, readiness counters, blocking, tree status (behaviour.md 2.7, 3).

Nothing here does I/O or recursion; a tree may be 100,000 deep.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.circles import circles
from engine.edges import grown, link, set_dependencies
from engine.errors import TaskError
from engine.policy import DEFAULT, Policy
from engine.task import TERMINAL, Task, TaskStatus, now

if TYPE_CHECKING:
    from engine.catalogue import ExecutorSpec

REASON_HOPS = 200
"""How many tasks `pending_reason` looks at before it names the nearest one instead of the cause."""


ASKS = "waits for an answer"
"""What is shown beside a task whose question nobody has answered yet (2.3)."""


@dataclass(slots=True, eq=False)
class Node:
    """One task as the scheduler plans it: ahead of the row, which changes only once the change is on disk.

    `waits` counts dependencies that may still end, `inside` a group's children that may. `stuck_on` is a node whose
    needed end can no longer be had, so that this one never runs (3.2). `group` is the nearest ancestor without executor
    (2.6); `opened` says that a group's in_progress is queued or stored. `held` waits for a person (8.6); `unwanted` was
    cancelled while its attempt was being prepared (5.3). `former` counts the attempts before its last rerun: retries
    begin anew with one (4.7). `spawned` are the
    children that its present attempt made (8.1), `watchers` are called once it has ended on disk.

    Most nodes have no neighbours of most kinds: an empty list for each would double what a node takes.
    """

    task: Task
    tree: Tree
    status: TaskStatus
    is_group: bool = False
    group: Node | None = None
    children: Sequence[Node] = ()
    dependents: Sequence[Node] = ()
    dependencies: tuple[Node, ...] = ()
    optional: frozenset[Node] = frozenset()
    """Those of them whose outcome does not matter (3.2)."""
    waits: int = 0
    inside: int = 0
    stuck_on: Node | None = None
    queued: bool = False
    opened: bool = False
    held: bool = False
    unwanted: bool = False
    former: int = 0
    begun: int = 0
    """The newest attempt of a group that is on disk or on the way there."""
    policy: Policy = DEFAULT
    spec: ExecutorSpec | None = None
    """The version that it was launched with; its attempts run that, whatever is saved meanwhile."""
    packed: str | bytes | None = None
    """Its result, as stored."""
    spawned: Sequence[Node] = ()
    watchers: Sequence[Callable[[], None]] = ()

    @property
    def settled(self) -> bool:
        """True when it is terminal or can never run."""
        return self.stuck_on is not None or self.status in TERMINAL

    @property
    def ready(self) -> bool:
        return (
            self.status is TaskStatus.PENDING
            and not (self.waits or self.is_group or self.queued or self.held)
            and self.stuck_on is None
        )


@dataclass(slots=True, eq=False, weakref_slot=True)
class Tree:
    """The nodes of one run. `live` counts those that run or may still run, `open` attempts not yet ended on disk.

    At 0 and 0 the tree has ended. While `paused`, nodes that come up are `parked` (8.3).
    """

    run_id: str
    nodes: dict[str, Node] = field(default_factory=dict)
    live: int = 0
    open: int = 0
    paused: bool = False
    parked: list[Node] = field(default_factory=list)
    executors: set[str] = field(default_factory=set)
    """Ids of the executors that its run is found by."""
    versions: set[str] = field(default_factory=set)
    """Versions of executors that its nodes were pinned to."""

    @property
    def status(self) -> TaskStatus:
        """The planned status by rule 2.7; what is stuck without a failure in this tree makes it failed too."""
        return combine((node.status for node in self.nodes.values()), ended=self.live == 0)


@dataclass(slots=True)
class Spread:
    """What settled nodes changed: nodes that became ready, groups that ended, nodes that can never run now."""

    ready: list[Node] = field(default_factory=list)
    groups: list[Node] = field(default_factory=list)
    stuck: list[Node] = field(default_factory=list)

    def trees(self) -> set[Tree]:
        """The trees of what ended or got stuck: nothing may be left to run in them."""
        return {node.tree for node in (*self.groups, *self.stuck)}


def group_test(tasks: Sequence[Task], find: Callable[[str], tuple[ExecutorSpec | None, str]]) -> Callable[[Task], bool]:
    """Tells which of `tasks` are groups: they have children, and neither they nor their names say an executor (2.6).

    What has run had an executor, though its file may be gone today.
    """
    parents = {task.parent_id for task in tasks}

    def is_group(task: Task) -> bool:
        if "flow" in task.params:
            return True
        if task.id not in parents or task.executor_version is not None:
            return False
        named = task.params.get("executor_id") or task.schemas.get("method")
        return not named and find(task.name)[0] is None

    return is_group


def plant(
    run_id: str,
    tasks: Sequence[Task],
    is_group: Callable[[Task], bool],
    twice: Callable[[Task], None],
) -> Tree:
    """The nodes of `tasks`, parents first, in their groups, without edges; `twice` hears of an id that is taken."""
    tree = Tree(run_id)
    for task in tasks:
        if task.id in tree.nodes:
            twice(task)
            continue
        node = Node(task, tree, task.status, is_group(task), packed=task.packed)
        tree.nodes[task.id] = node
        parent = tree.nodes.get(task.parent_id or "")
        if parent is not None:
            _place(node, parent)
    return tree


def build_tree(
    run_id: str,
    tasks: Sequence[Task],
    is_group: Callable[[Task], bool],
    outside: Callable[[str], Node | None],
) -> Tree:
    """Nodes and edges from `tasks`, parents first, whose `parent_id` and `dependencies` hold ids; call `recount` next.

    `outside(id)` gives the node of a task of another tree (live, or made of a stored row). Raises `TaskError` for a
    duplicate id, a reference to nowhere and a cycle, naming the path (3.3); no other tree is changed then.
    """

    def twice(task: Task) -> None:
        raise TaskError(f"task id '{task.id}' stands twice in the tree", "Give every task its own id")

    tree = plant(run_id, tasks, is_group, twice)
    for node in tree.nodes.values():
        targets = []
        for dependency in node.task.dependencies:
            target = tree.nodes.get(dependency.id) or outside(dependency.id)
            if target is None:
                raise TaskError(
                    f"task '{node.task.name}' ({node.task.id}) depends on '{dependency.id}', which does not exist",
                    "Create that task first, or remove the dependency",
                )
            targets.append(target)
        set_dependencies(node, targets, node.task.dependencies)
    check_cycles(tree)
    for node in tree.nodes.values():
        link(node)
    return tree


def _place(node: Node, parent: Node) -> None:
    """`node` counts in the nearest group around it, and with the parent whose attempt spawned it."""
    node.group = parent if parent.is_group else parent.group
    if node.group is not None:
        node.group.children = grown(node.group.children, node)
    if node.task.spawned is not None:
        parent.spawned = grown(parent.spawned, node)


def add_spawned(parent: Node, task: Task) -> Node:
    """A node for a task that a running one spawned (8.1); nothing of the tree depends on it."""
    tree = parent.tree
    node = tree.nodes[task.id] = Node(task, tree, task.status)
    _place(node, parent)
    tree.live += 1
    if node.group is not None:
        node.group.inside += 1
    return node


def spawned_by(nodes: Iterable[Node]) -> list[Node]:
    """What the present attempts of `nodes` spawned, and those of that in turn."""
    found: list[Node] = []
    queue = list(nodes)
    while queue:
        node = queue.pop()
        found += node.spawned
        queue += node.spawned
    return found


def detach_spawned(nodes: Sequence[Node]) -> list[Node]:
    """Take out of their tree what `nodes` spawned: their next attempts begin without children (8.1).

    All of it must have ended. The rows stay in the store, as history of the former attempt.
    """
    found = spawned_by(nodes)
    for node in (*nodes, *found):
        node.spawned = ()
    gone = set(found)
    for group in {node.group for node in found if node.group is not None}:
        group.children = [child for child in group.children if child not in gone]
    for node in found:
        node.tree.nodes.pop(node.task.id, None)
    return found


def waits_of(nodes: Sequence[Node]) -> list[list[int]]:
    """For each of `nodes`, the places of those it waits for: dependencies, and a group's children."""
    places = {node: at for at, node in enumerate(nodes)}
    return [[places[n] for n in (*node.dependencies, *node.children) if n in places] for node in nodes]


def check_cycles(tree: Tree) -> None:
    """Raise `TaskError` naming a cycle as "a → b → a" (3.3); a group waits for its children, so that counts too."""
    nodes = list(tree.nodes.values())
    for circle in circles(waits_of(nodes)):
        words = circle.words(lambda at: nodes[at].task.name)
        raise TaskError(f"tasks wait for each other: {words}", "Remove one of these dependencies")


def recount(tree: Tree) -> Spread:
    """Set every counter of `tree` anew from its nodes' states: after building it and after a rerun reset some.

    The result holds all nodes that are ready now and the groups that ended by it.
    """
    tree.live = 0
    for node in tree.nodes.values():
        node.stuck_on = None
        node.waits, node.inside = len(node.dependencies), len(node.children)
        tree.live += node.status not in TERMINAL
    found = Spread()
    outside = {d: None for node in tree.nodes.values() for d in node.dependencies if d.tree is not tree}
    ended = [n for n in (*outside, *tree.nodes.values()) if n.status in TERMINAL or (n.tree is not tree and n.settled)]
    for node in ended:  # listed first: groups that end on the way are spread there
        _spread([node], found, tree)
    for node in tree.nodes.values():
        _end_group(node, found, tree)
    found.ready = [node for node in tree.nodes.values() if node.ready]
    return found


def settle(node: Node, status: TaskStatus, packed: str | bytes | None = None) -> Spread:
    """Plan `node`'s end and tell what follows from it."""
    found = Spread()
    was_stuck = node.stuck_on is not None
    node.status = status
    node.packed = packed
    if not was_stuck:  # what is stuck was counted when it became so
        node.tree.live -= 1
        _spread([node], found, None)
    return found


def _spread(queue: list[Node], found: Spread, only: Tree | None) -> None:
    """Count settled nodes at their dependents and groups, and follow what that settles in turn.

    An optional dependent also goes on when its dependency can never run: nothing would ever end that one (3.2).
    `only` limits the effect to one tree, while that tree is being counted.
    """
    while queue:
        settled = queue.pop()
        completed = settled.status is TaskStatus.COMPLETED
        for dependent in settled.dependents:
            if only is not None and dependent.tree is not only:
                continue
            dependent.waits -= 1
            if dependent.status is not TaskStatus.PENDING or dependent.stuck_on is not None:
                continue  # what has begun goes on, also where what it depends on is run again and ends otherwise
            if not completed and settled not in dependent.optional:
                dependent.stuck_on = settled
                dependent.tree.live -= 1
                found.stuck.append(dependent)
                queue.append(dependent)
            elif dependent.ready:
                found.ready.append(dependent)
            else:
                _end_group(dependent, found, only, queue)
        if settled.group is not None and only in (None, settled.tree):
            settled.group.inside -= 1
            _end_group(settled.group, found, only, queue)


def _end_group(node: Node, found: Spread, only: Tree | None, queue: list[Node] | None = None) -> None:
    """A group whose children and dependencies have all settled ends with their common status (2.6)."""
    if not node.is_group or node.inside or node.settled or (node.waits and node.status is TaskStatus.PENDING):
        return
    node.status = combine((child.status for child in node.children), ended=True)
    node.tree.live -= 1
    found.groups.append(node)
    if queue is None:
        _spread([node], found, only)
    else:
        queue.append(node)


def reset(tree: Tree, start: Node) -> list[Node]:
    """Put `start` and its transitive dependents in this tree back to pending (5.4), with the groups they stand in.

    Call `recount` next.
    """
    found = affected(tree, start)
    for node in found:
        node.status = TaskStatus.PENDING
        node.opened = node.held = False
        node.former = node.task.attempt
        node.packed = node.spec = None
    return found


def affected(tree: Tree, start: Node) -> list[Node]:
    """What `reset` would put back to pending.

    A group goes with its children, but for what its members spawned: that is detached. Completed siblings keep their
    results.
    """
    found: dict[Node, None] = {}
    queue = [start]
    for node in queue:  # grows while it is walked: all that stands under a group
        queue.extend(child for child in node.children if child.task.spawned is None)
    while queue:
        node = queue.pop()
        if node in found or node.tree is not tree:
            continue
        found[node] = None
        queue.extend(node.dependents)
        _add_groups(node.group, found, queue)
    return list(found)


def _add_groups(group: Node | None, found: dict[Node, None], queue: list[Node]) -> None:
    """The groups around a reset node are open again, and what depended on their end with them."""
    while group is not None and group not in found:
        found[group] = None
        queue.extend(group.dependents)
        group = group.group


def reopen(node: Node) -> list[Node]:
    """Put the groups around `node` that have ended back to pending: it ends anew, and they with it (2.6, 8.4).

    What depended on their end and ran by it is let be. Call `recount` next.
    """
    found = []
    group = node.group
    while group is not None and group.status in TERMINAL:
        group.status, group.opened = TaskStatus.PENDING, False
        found.append(group)
        group = group.group
    return found


def subtree(start: Node) -> list[Node]:
    """`start` and all that stands under it by `parent_id`."""
    children: dict[str | None, list[Node]] = {}
    for node in start.tree.nodes.values():
        children.setdefault(node.task.parent_id, []).append(node)
    found = [start]
    for node in found:  # grows while it is walked
        found.extend(children.get(node.task.id, ()))
    return found


def may_go_ahead(node: Node) -> bool:
    """Whether execute may begin before its in_progress is on disk (4.7).

    Running it twice does no harm; but what it depends on must be known to have ended: on disk, or itself of that kind,
    so that after a crash they run again together.
    """
    if not node.policy.retry_safe:
        return False
    return all(d.task.is_terminal or d.policy.retry_safe for d in node.dependencies)


def combine(statuses: Iterable[TaskStatus], *, ended: bool = False) -> TaskStatus:
    """One status for many (2.7); `ended` says that what is still pending can never run."""
    seen = set(statuses)
    if TaskStatus.FAILED in seen:
        return TaskStatus.FAILED
    if TaskStatus.CANCELLED in seen:
        return TaskStatus.CANCELLED
    if seen <= {TaskStatus.COMPLETED}:
        return TaskStatus.COMPLETED
    return TaskStatus.FAILED if ended else TaskStatus.IN_PROGRESS


def current(tasks: Iterable[Task]) -> list[Task]:
    """`tasks`, parents first, without what a former attempt of its parent spawned: that is history (8.1)."""
    kept: dict[str, Task] = {}
    for task in tasks:
        if task.spawned is not None:
            parent = kept.get(task.parent_id or "")
            if parent is None or parent.status is TaskStatus.PENDING or parent.attempt != task.spawned:
                continue
        kept[task.id] = task
    return list(kept.values())


def tree_status(tasks: Iterable[Task], *, ended: bool = False) -> TaskStatus:
    """The status of a tree as its rows stand, parents first (2.7); `ended` says that nothing of it can run any more."""
    return combine((task.status for task in current(tasks)), ended=ended)


def tree_progress(tasks: Iterable[Task]) -> float:
    """Mean progress over all nodes, 0..1; a completed one counts as 1 (2.7)."""
    total = count = 0.0
    for task in current(tasks):
        count += 1
        total += 1.0 if task.status is TaskStatus.COMPLETED else task.progress
    return total / count if count else 0.0


def pending_reason(task: Task, lookup: Callable[[str], Task | None]) -> str:
    """What is shown beside `pending` (2.3): "queued", "waiting for X", "blocked by X (failed)"; "" for other states.

    `lookup` finds a task by id, None when it is not known here.
    """
    if task.status is not TaskStatus.PENDING:
        return ""
    cause = _blocking(task, lookup)
    if cause is not None:
        return f"blocked by {cause.name} ({cause.status})"
    waiting = []
    for dependency in task.dependencies:
        target = lookup(dependency.id)
        if target is None:
            waiting.append(dependency.id[:8])
        elif not target.is_terminal:
            waiting.append(target.name)
    if not waiting:
        return task.hold or (ASKS if task.asked is not None else _not_yet(task)) or "queued"
    more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
    return f"waiting for {waiting[0]}{more}"


def _not_yet(task: Task) -> str:
    if task.not_before is None or (left := (task.not_before - now()).total_seconds()) <= 0:
        return ""
    if task.attempt:
        return f"retry in {math.ceil(left)} s"
    return f"scheduled at {task.not_before.astimezone():%Y-%m-%d %H:%M:%S}"


def _blocking(task: Task, lookup: Callable[[str], Task | None]) -> Task | None:
    """The failed or cancelled task that keeps `task` from ever running, through pending ones in between."""
    seen = {task.id}
    queue = [task]
    for current in queue:
        for dependency in current.dependencies:
            target = lookup(dependency.id) if dependency.required else None
            if target is None or target.id in seen:
                continue
            seen.add(target.id)
            if target.is_terminal and target.status is not TaskStatus.COMPLETED:
                return target
            if target.status is TaskStatus.PENDING and len(queue) < REASON_HOPS:
                queue.append(target)
    return None
