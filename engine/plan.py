"""What a tree would do, without doing it: levels, order, inputs as far as known, every problem (behaviour.md 8.5).

Pure: nothing is read or written, and no task that is given is changed. Nothing is recursive.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import json_data
from engine.access import BARRED_HINT
from engine.catalogue import ExecutorSpec
from engine.circles import circles
from engine.edges import link, set_dependencies
from engine.graph import Node, Tree, group_test, plant, recount, waits_of
from engine.references import FlowInputs, flow_inputs, flow_root
from engine.run import Prepared, prepare
from engine.schema import mask, path_text
from engine.schema_nodes import Path
from engine.schema_words import SchemaProblem
from engine.secrets import MASK, may_name, without
from engine.task import Task, TaskStatus
from engine.templates import Place

_MENDED_BY_MORE = frozenset({"anyOf", "dependencies", "dependentRequired", "minProperties", "not", "oneOf", "required"})
"""Violations of the inputs as a whole that a further property may mend."""

_MENDED_BY_NOTHING = frozenset(
    {"additionalProperties", "dependentRequired", "maxItems", "maxProperties", "minItems", "minProperties", "required"}
)
"""Violations of an object or a list that no other value inside it can mend."""

FindSpec = Callable[[str], tuple[ExecutorSpec | None, str]]


@dataclass(frozen=True, slots=True)
class Planned:
    """One task that has not ended, where it stands in the plan.

    `level` is 0 without an unfinished dependency, else 1 + the highest of theirs; a group's is that of its last child.
    `order` counts from 0 how one slot would start them; a group comes right before the first task in it. `waits_for`
    are the ids of what has not ended yet: dependencies, and a group's children. `executor_id` is None for a group,
    `executor_version` also where the executor is not known.

    `inputs` are the effective ones as far as known, secrets masked; `open_inputs` are the properties in them that the
    result of an unfinished dependency may still fill.
    """

    task: Task
    level: int
    order: int
    executor_id: str | None
    executor_version: str | None
    is_group: bool
    waits_for: tuple[str, ...]
    inputs: dict[str, Any]
    open_inputs: tuple[str, ...]
    when: str = ""
    """"" for a task that runs, "open" where its condition is not known yet, else why it is skipped (8.4)."""


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """Why something would not run as it stands: `text` names the task and holds foreign text; `hint` is what to do.

    `path` leads to the input that is wrong, () where it is not one.
    """

    task_id: str | None
    text: str
    hint: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """`levels[n]` are the tasks of level n, in the order of their start; one is empty where all wait for other trees.

    Every unfinished task stands in one level, except the members of a cycle. `problems` has those of the tree's shape
    first, then each task's, in the order of the tasks.
    """

    levels: tuple[tuple[Planned, ...], ...]
    problems: tuple[PlanProblem, ...]


@dataclass(slots=True)
class _Inputs:
    """What is known of a task's executor and inputs."""

    spec: ExecutorSpec | None
    values: dict[str, Any]
    open: tuple[str, ...] = ()
    when: str = ""


def plan(
    tasks: Sequence[Task],
    find: FindSpec,
    real_inputs: Callable[[Task], dict[str, Any]],
    outside: Callable[[str], Task | None],
    *,
    is_launch: bool = True,
) -> Plan:
    """What the tree of `tasks` would do now (8.5). Parents come first; `parent_id` and `dependencies` hold ids.

    `find(executor_id)` gives the executor, or the words for its absence; `real_inputs(task)` the caller's inputs, with
    what is still known of their secrets; `outside(id)` a task of another tree, with its result. Tasks that ended are
    not planned; a completed one satisfies (reruns), and one in progress counts as started first. What can never run
    is planned all the same, with its problem. Without `is_launch` the inputs of a flow are not known yet.
    """
    found: dict[str, tuple[ExecutorSpec | None, str]] = {}

    def known(executor_id: str) -> tuple[ExecutorSpec | None, str]:
        if executor_id not in found:  # the words for an unknown one cost a search for close matches
            found[executor_id] = find(executor_id)
        return found[executor_id]

    problems: list[PlanProblem] = []
    tree, unlinked = _build(tasks, known, outside, problems)
    nodes = list(tree.nodes.values())
    held = _held(nodes, problems)
    recount(tree)
    inputs = {}
    for node in nodes:
        if not node.task.is_terminal:
            flow = _flow_of(node, real_inputs) if is_launch else None
            inputs[node] = _look(node, known, real_inputs(node.task), flow, node in unlinked, problems)
    planned = [node for node in inputs if node not in held]
    levels, orders = _sequence(planned)
    rows: list[list[Planned]] = [[] for _ in range(max(levels.values(), default=-1) + 1)]
    for node in orders:
        rows[levels[node]].append(_planned(node, levels[node], orders[node], inputs[node]))
    return Plan(tuple(map(tuple, rows)), tuple(problems))


def _planned(node: Node, level: int, order: int, inputs: _Inputs) -> Planned:
    waits_for = [n.task.id for n in (*node.dependencies, *node.children) if not n.task.is_terminal]
    return Planned(
        task=node.task,
        level=level,
        order=order,
        executor_id=None if node.is_group else node.task.executor_id,
        executor_version=inputs.spec.version if inputs.spec is not None else None,
        is_group=node.is_group,
        waits_for=tuple(dict.fromkeys(waits_for)),
        inputs=inputs.values,
        open_inputs=inputs.open,
        when=inputs.when,
    )


def _flow_of(node: Node, real_inputs: Callable[[Task], dict[str, Any]]) -> FlowInputs | None:
    if not node.task.has_references:
        return None
    root = flow_root(node)
    return flow_inputs(node, {root.task.id: real_inputs(root.task)} if root is not None else {})


# ── the graph ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _build(
    tasks: Sequence[Task], find: FindSpec, outside: Callable[[str], Task | None], problems: list[PlanProblem]
) -> tuple[Tree, set[Node]]:
    """Nodes and edges of all that can be linked, and the nodes that have references to nowhere."""

    def twice(task: Task) -> None:
        text = f"task id '{task.id}' stands twice in the tree"
        problems.append(PlanProblem(task.id, text, "Give every task its own id"))

    run_id = tasks[0].run_id if tasks else ""
    tree = plant(run_id, tasks, group_test(tasks, find), twice)
    elsewhere: dict[str, Node | None] = {}
    unlinked = set()
    for node in tree.nodes.values():
        targets, edges = [], []
        for dependency in node.task.dependencies:
            target = tree.nodes.get(dependency.id)
            if target is None:
                if dependency.id not in elsewhere:
                    elsewhere[dependency.id] = _stub(outside(dependency.id))
                target = elsewhere[dependency.id]
            if target is None:
                text = f"task '{node.task.name}' depends on '{dependency.id}', which does not exist"
                problems.append(PlanProblem(node.task.id, text, "Create that task first, or remove the dependency"))
                unlinked.add(node)
            else:
                targets.append(target)
                edges.append(dependency)
        set_dependencies(node, targets, edges)
        link(node)
    return tree, unlinked


def _stub(task: Task | None) -> Node | None:
    """A task of another tree, only to be waited for."""
    return Node(task, Tree(task.run_id), task.status, packed=task.packed) if task is not None else None


def _held(nodes: list[Node], problems: list[PlanProblem]) -> set[Node]:
    """The members of cycles; a group waits for its children, so that counts too (3.3)."""
    held: set[Node] = set()
    for circle in circles(waits_of(nodes)):
        held.update(nodes[at] for at in (*circle.path, *circle.others))
        text = f"tasks wait for each other: {circle.words(lambda at: nodes[at].task.name)}"
        problems.append(PlanProblem(nodes[circle.path[0]].task.id, text, "Remove one of these dependencies"))
    return held


def _sequence(planned: list[Node]) -> tuple[dict[Node, int], dict[Node, int]]:
    """The level of each node, and its place in the order of one slot; the heap's key is the scheduler's (2.4).

    What waits for something that is not planned (of another tree, or held in a cycle) comes when nothing else can run:
    nobody knows when that ends.
    """
    inside = set(planned)
    late = {n for n in planned if any(not d.task.is_terminal and d not in inside for d in n.dependencies)}
    levels = {node: int(node in late) for node in planned}
    left = {n: sum(m in inside for m in (*n.dependencies, *n.children)) for n in planned}
    heap: list[tuple[bool, bool, int, float, int, Node]] = []
    ended: list[Node] = []  # groups take no slot
    orders: dict[Node, int] = {}
    came = itertools.count()

    def ready(node: Node) -> None:
        if node.is_group:
            ended.append(node)
            return
        task = node.task
        key = (task.priority, task.created, next(came))
        heapq.heappush(heap, (node in late, task.status is TaskStatus.PENDING, *key, node))

    for node in planned:
        if not left[node]:
            ready(node)
    while ended or heap:
        node = ended.pop() if ended else heapq.heappop(heap)[-1]
        for opened in (*_unopened(node.group, inside, orders), node):
            orders.setdefault(opened, len(orders))
        follow = [(dependent, levels[node] + 1) for dependent in node.dependents]
        if node.group is not None:
            follow.append((node.group, levels[node]))
        for other, level in follow:
            if other in inside:
                levels[other] = max(levels[other], level)
                left[other] -= 1
                if not left[other]:
                    ready(other)
    return levels, orders


def _unopened(group: Node | None, inside: set[Node], orders: Mapping[Node, int]) -> list[Node]:
    """The planned groups that begin with a task in `group`, outermost first."""
    found = []
    while group is not None and group in inside and group not in orders:
        found.append(group)
        group = group.group
    return found[::-1]


# ── one task ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _look(
    node: Node,
    find: FindSpec,
    given: dict[str, Any],
    flow: FlowInputs | None,
    unlinked: bool,
    problems: list[PlanProblem],
) -> _Inputs:
    """The inputs of one unfinished task as far as known; its problems are added."""
    task = node.task

    def tell(text: str, hint: str, path: Path = ()) -> None:
        problems.append(PlanProblem(task.id, f"task '{task.name}': {text}", hint, path))

    if node.stuck_on is not None:
        tell(*_blocked(node.stuck_on))
    if node.is_group:
        return _Inputs(None, task.inputs)
    spec, unknown = find(task.executor_id)
    if task.status is not TaskStatus.PENDING:  # it had its inputs checked when it began
        return _Inputs(spec, task.inputs if task.effective_inputs is None else task.effective_inputs)
    prepared = prepare(given, node, spec, unknown, flow)
    if prepared.skip:
        return _Inputs(spec, task.inputs, when=prepared.skip)
    lost = _lost_secrets(given)
    for path in lost:
        tell(f"the secret '{path_text(path)}' is not known any more: it is never stored", "Give it again", path)
    open_inputs = _open_inputs(given, node, spec, unlinked)
    _tell_refusal(prepared, unknown, open_inputs, lost, tell)
    # objects of its own: what a caller does to a plan changes nothing of ours
    shown = json_data.decode(json_data.encode(prepared.shown) if prepared.hidden else prepared.text)
    if may_name(prepared.text) or (spec is not None and spec.marks_secrets):
        shown = mask(spec.schema if spec is not None else {}, shown)
    when = "open" if prepared.filled is not None and prepared.filled.is_open else ""
    return _Inputs(spec, shown, open_inputs, when)


def _tell_refusal(
    prepared: Prepared,
    unknown: str,
    open_inputs: tuple[str, ...],
    lost: Sequence[Path],
    tell: Callable[..., None],
) -> None:
    """Say why it would fail before it begins, as far as that is certain."""
    if prepared.refusal is None:
        return
    kind, error = prepared.refusal.error_type, str(prepared.refusal.error)
    if kind == "unknown_executor":
        tell(unknown, "Name an executor of the catalogue, or bring its file back")
    elif kind == "not_allowed":
        tell(error, BARRED_HINT)
    elif kind == "schema_error":
        tell(error, "Mend the executor's input schema")
    elif kind == "reference_error":
        tell(error, "Mend the expression")
    elif kind == "needs_secrets":
        if not lost:
            tell(error, "Set it before the launch, or give the value itself")
    else:
        places = prepared.filled.open if prepared.filled is not None else []
        for problem in _certain(prepared, open_inputs, lost, places):
            tell(without(str(problem), prepared.secrets), "Edit its inputs", problem.path)


def _blocked(cause: Node) -> tuple[str, str]:
    """Why a task that needs `cause` can never run (3.2), and what to do."""
    name, status = cause.task.name, cause.task.status
    if cause.task.is_terminal:
        ended = "was cancelled" if status is TaskStatus.CANCELLED else status
        return f"can never run: it needs '{name}', which {ended}", f"Rerun '{name}', or make the dependency optional"
    return f"can never run: it needs '{name}', which can never complete", f"Mend what holds '{name}'"


def _open_inputs(given: Mapping[str, Any], node: Node, spec: ExecutorSpec | None, unlinked: bool) -> tuple[str, ...]:
    """The properties that the result of an unfinished dependency may fill (3.5).

    A group has no result. A reference to nowhere may be a misspelt one: what its task would fill is not missed either.
    """
    if not unlinked and all(d.task.is_terminal or d.is_group for d in node.dependencies):
        return ()
    properties = spec.schema.get("properties") if spec is not None and isinstance(spec.schema, Mapping) else None
    if not isinstance(properties, Mapping):
        return ()
    return tuple(name for name in properties if given.get(name) in (None, "", [], {}))


def _certain(
    prepared: Prepared,
    open_inputs: tuple[str, ...],
    lost: Iterable[Path],
    places: Sequence[Place] = (),
) -> list[SchemaProblem]:
    """The violations that no result of a dependency can mend, and that do not come from a masked secret.

    `places` are the references that are not filled in yet: what stands there now is not what will.
    """
    masked = tuple(lost)
    found = []
    for problem in prepared.problems:
        if problem.path:
            may_go = problem.path[0] in open_inputs
        else:
            may_go = bool(open_inputs) and problem.kind in _MENDED_BY_MORE
        if not (may_go or problem.path in masked or any(_may_mend(place, problem) for place in places)):
            found.append(problem)
    return found


def _may_mend(place: Place, problem: SchemaProblem) -> bool:
    """Whether filling in `place` may take the violation away; text with something around it stays text."""
    size = len(problem.path)
    if problem.path[: len(place.path)] == place.path:
        return place.is_alone or problem.kind != "type" or size > len(place.path)
    return place.path[:size] == problem.path and problem.kind not in _MENDED_BY_NOTHING


def _lost_secrets(given: Mapping[str, Any]) -> list[Path]:
    """The paths of all values of which only the mask is left (8.6)."""
    found: list[Path] = []
    stack: list[tuple[Path, Any]] = [((), given)]
    while stack:
        path, value = stack.pop()
        if value == MASK:
            found.append(path)
        elif isinstance(value, Mapping):
            stack.extend(((*path, key), inner) for key, inner in reversed(list(value.items())))
        elif isinstance(value, (list, tuple)):
            stack.extend(((*path, at), value[at]) for at in range(len(value) - 1, -1, -1))
    return found
