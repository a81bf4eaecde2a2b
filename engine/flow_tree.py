"""From a flow and its inputs to a tree that can be submitted, and what the executors of the catalogue say to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine import templates
from engine.arrays import Problems, make_nodes
from engine.flow import FlowProblem, FlowSpec, refuse
from engine.flow_inputs import taken
from engine.flow_types import misfits
from engine.making import make_task, object_of
from engine.plan import FindSpec, Plan, plan
from engine.schema_nodes import Path
from engine.schema_words import path_text
from engine.task import NORMAL_PRIORITY, Task, TaskTreeNode

ROOT_PARAMS = frozenset({"tags"})
"""Launch options that belong to the run; the others go to each of its tasks that does not say them itself."""
SHOWN = 20
"""Problems of the tasks of one flow that are told; the rest is counted."""


def flow_tree(
    spec: FlowSpec,
    inputs: dict[str, Any],
    *,
    priority: int = NORMAL_PRIORITY,
    user_id: str | None = None,
    params: Mapping[str, Any] | None = None,
    id: str | None = None,
    idempotency_key: str | None = None,
) -> TaskTreeNode:
    """The tree of one launch of `spec`, not stored yet: a group root that has the flow's inputs, the tasks under it.

    References stay in the tasks' inputs; they are filled in when a task's turn comes. `params` (timeout, retries,
    not_before, ...) are for every task that does not say them itself, tags are the run's. Raises `TaskError` for
    inputs that are no JSON, and for fields of a task that cannot be used, naming the entry.
    """
    problems = Problems()
    node = _made(spec, inputs, problems, priority, user_id, params, id, idempotency_key)
    problems.raise_any()
    return node


def _made(
    spec: FlowSpec,
    inputs: dict[str, Any],
    problems: Problems,
    priority: int = NORMAL_PRIORITY,
    user_id: str | None = None,
    params: Mapping[str, Any] | None = None,
    id: str | None = None,
    idempotency_key: str | None = None,
) -> TaskTreeNode:
    """The root, with what is under it where there are no problems."""
    given = dict(params or {})
    shared = {name: value for name, value in given.items() if name not in ROOT_PARAMS}

    def new_task(name: str, **fields: Any) -> Task:
        own = {**shared, **(fields.pop("params") or {})}
        if templates.texts(fields["inputs"]):
            own["references"] = True
        if fields["priority"] is None:
            fields["priority"] = priority
        fields["user_id"] = fields["user_id"] or user_id
        if own.get("executor_id") == name and "flow_id" in own:
            name = own["flow_id"]  # without a name of its own it is called as the file calls it
        return make_task(name, params=own or None, **fields)

    root = make_task(
        spec.id,
        user_id=user_id,
        priority=priority,
        inputs=inputs,
        params={**given, "flow": spec.id, "flow_version": spec.version},
        schemas={"inputs_schema": dict(spec.schema)},
        id=id,
        idempotency_key=idempotency_key,
    )
    node = TaskTreeNode(root)
    make_nodes(spec.entries, node, new_task, problems)
    return node


def launched_tree(spec: FlowSpec, inputs: dict[str, Any], find: FindSpec, **options: Any) -> TaskTreeNode:
    """`flow_tree` of inputs that the flow's form takes, defaults filled, when nothing is wrong with the flow itself.

    Raises `TaskError` naming all that is.
    """
    refuse(check(spec, find), f"flow '{spec.id}'")
    given = object_of(f"flow '{spec.id}': inputs", inputs)
    filled = taken(given, spec.schema, f"flow '{spec.id}'")
    return flow_tree(spec, filled, **options)


def check(spec: FlowSpec, find: FindSpec) -> list[FlowProblem]:
    """What is wrong with a flow before anyone launches it, each with entry, line and what to do; [] for nothing.

    `find(id)` gives an executor, or the words for its absence. Inputs that break an executor's schema are told as far
    as that is certain whatever the flow's inputs and the results are. Nothing is stored, nothing runs.
    """
    return spec.located(_checked(spec, find))


def _checked(spec: FlowSpec, find: FindSpec) -> Iterator[FlowProblem]:
    problems = Problems()
    root = _made(spec, {}, problems)
    for refused in problems.kept:
        key = ("priority",) if refused.text.startswith("priority") else ()
        yield FlowProblem(refused.text, refused.hint, refused.label, ("tasks", refused.place - 1, *key))
    if len(problems):
        return
    tasks = root.tasks()
    made = dict(zip((node.task.id for node in _in_order(root, spec)), spec.entries, strict=True))
    names = {task.id: task.name for task in tasks}
    found = 0
    for each in _planned(tasks, find).problems:
        entry = made.get(each.task_id or "")
        found += 1
        if entry is None or found > SHOWN:
            if entry is None:
                yield FlowProblem(each.text, each.hint, path=("tasks",))
            continue
        text = each.text.removeprefix(f"task '{names[each.task_id or '']}': ")
        yield FlowProblem(text, each.hint, entry.label, _path(entry.place, entry.given, each.path, text))
    if found > SHOWN:
        yield FlowProblem(f"the tasks have {found - SHOWN} more problems", "Mend the others first", path=("tasks",))
    yield from _types(spec, tasks, find, made)
    yield from _groups(spec, tasks, find, made)
    for at, example in enumerate(spec.examples):
        for wrong in spec.checker.problems(spec.checker.with_defaults(dict(example))):
            yield FlowProblem(f"example {at + 1} does not fit inputs_schema: {wrong}", "Mend it", path=("examples", at))


def _planned(tasks: list[Task], find: FindSpec) -> Plan:
    return plan(tasks, find, lambda task: task.inputs, lambda _: None, is_launch=False)


def _in_order(root: TaskTreeNode, spec: FlowSpec) -> list[TaskTreeNode]:
    """The nodes of the entries, in the order of the file."""
    nodes: list[TaskTreeNode | None] = [None] * len(spec.entries)
    under: dict[int | None, list[int]] = {}
    for at, entry in enumerate(spec.entries):
        under.setdefault(entry.up, []).append(at)
    stack: list[tuple[TaskTreeNode, int | None]] = [(root, None)]
    while stack:
        node, above = stack.pop()
        for child, at in zip(node.children, under.get(above, ()), strict=True):
            nodes[at] = child
            stack.append((child, at))
    return [node for node in nodes if node is not None]


def _path(place_of: int, given: Mapping[str, Any], inputs: Path, text: str) -> Path:
    """Where in the file a problem of a task stands."""
    at: Path = ("tasks", place_of - 1)
    if inputs:
        return (*at, "inputs", *inputs)
    if text.startswith("no executor") or "is a flow" in text:
        return (*at, "executor" if "executor" in given else "name")
    return (*at, "inputs") if "inputs" in given else at


def _types(spec: FlowSpec, tasks: list[Task], find: FindSpec, made: Mapping[str, Any]) -> Iterator[FlowProblem]:
    """Inputs of the flow that an executor can never take where they are referred to."""
    for task in tasks:
        if "references" not in task.params or (executor := find(task.executor_id)[0]) is None:
            continue
        entry = made[task.id]
        for path, text in misfits(task.inputs, spec.schema, executor.schema):
            said = f"{path_text(path)}: {text}"
            yield FlowProblem(said, "Mend one of the two", entry.label, ("tasks", entry.place - 1, "inputs", *path))


def _groups(spec: FlowSpec, tasks: list[Task], find: FindSpec, made: Mapping[str, Any]) -> Iterator[FlowProblem]:
    """Groups run nothing, so they have no condition."""
    parents = {task.parent_id for task in tasks}
    for task in tasks:
        entry = made.get(task.id)
        if entry is None or task.id not in parents or entry.given.get("when") is None:
            continue
        if not (task.params.get("executor_id") or task.schemas.get("method")) and find(task.name)[0] is None:
            path = ("tasks", entry.place - 1, "when")
            yield FlowProblem("a group runs nothing and has no 'when'", "Give it to the tasks in it", entry.label, path)
