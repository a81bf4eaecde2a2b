"""What the flow's own check and plan say of a draft: problems by task, and the levels in which it would run. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.catalogue import Catalogue, ExecutorSpec
from engine.errors import TaskdeckError
from engine.flow import FlowProblem, FlowSpec, flow_of
from engine.flow_tree import check, flow_tree
from engine.plan import Planned, plan
from tui.draft import Draft

ID = "draft"
"""What a flow is called that says no id and has no file yet."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A task where it stands in the plan; see `Planned`."""

    key: int
    order: int
    is_group: bool
    waits_for: tuple[int, ...]
    priority: int
    when: str


@dataclass(frozen=True, slots=True)
class Findings:
    """`problems` are by the key of their task, None for the flow's own; `count` has all. `levels` are in order.

    `no_levels` says why there are none. `spec` is the flow, None while it cannot be read as one.
    """

    problems: Mapping[int | None, tuple[FlowProblem, ...]] = field(default_factory=dict)
    count: int = 0
    levels: tuple[tuple[Slot, ...], ...] = ()
    no_levels: str = ""
    spec: FlowSpec | None = None


def examine(draft: Draft, catalogue: Catalogue, flow_id: str = ID) -> Findings:
    """All that can be said without running it. Takes milliseconds for tens of tasks, a second for thousands."""
    if not draft.items:
        return Findings(no_levels="there is no task yet")

    def find(executor_id: str) -> tuple[ExecutorSpec | None, str]:
        spec = catalogue.get(executor_id)
        return spec, "" if spec is not None else catalogue.unknown(executor_id)

    spec, problems = flow_of(draft.data(), flow_id)
    problems = check(spec, find) if spec is not None else [*problems, *_unknown(draft, catalogue)]
    found: dict[int | None, list[FlowProblem]] = {}
    for problem in problems:
        found.setdefault(_key(draft, problem), []).append(problem)
    levels, why = _levels(draft, spec, find)
    return Findings({key: tuple(each) for key, each in found.items()}, len(problems), levels, why, spec)


def _key(draft: Draft, problem: FlowProblem) -> int | None:
    path = problem.path
    if len(path) > 1 and path[0] == "tasks" and isinstance(path[1], int) and path[1] < len(draft.items):
        return draft.items[path[1]].key
    return None


def _unknown(draft: Draft, catalogue: Catalogue) -> Iterator[FlowProblem]:
    """Executors that are not there: the check gets to them only once the flow can be read."""
    parents = {item.up for item in draft.items}
    for at, item in enumerate(draft.items):
        is_group = item.key in parents and not item.executor
        if item.runs and not is_group and catalogue.get(item.runs) is None:
            text, hint = catalogue.unknown(item.runs), "Name an executor of the catalogue, or bring its file back"
            yield FlowProblem(text, hint, path=("tasks", at, "executor"))


def _levels(draft: Draft, spec: FlowSpec | None, find: Any) -> tuple[tuple[tuple[Slot, ...], ...], str]:
    """The plan; where the flow has problems, that of its bare tree."""
    if spec is None:
        spec, wrong = flow_of(_bare(draft))
        if spec is None:
            return (), str(wrong[0]) if wrong else ""
    try:
        root = flow_tree(spec, {})
    except TaskdeckError as error:  # fields that no task can have
        return (), str(error)
    tasks = root.tasks()
    keys = {task.id: item.key for task, item in zip(tasks[1:], draft.items, strict=True)}
    found = plan(tasks, find, lambda task: task.inputs, lambda _: None, is_launch=False)
    rows = (tuple(_slot(each, keys) for each in row if each.task.id in keys) for row in found.levels)
    levels = tuple(row for row in rows if row)
    lost = len(draft.items) - sum(map(len, levels))
    return levels, f"{lost} wait for each other and never run" if lost else ""


def _bare(draft: Draft) -> list[dict[str, Any]]:
    """The entries with what makes the tree and its order, and nothing else, nor what leads nowhere."""
    items = (
        replace(item, needs=tuple(need for need in item.needs if need.to is not None), lost_parent=None)
        for item in draft.items
    )
    data = replace(draft, items=tuple(items)).data()
    entries = data if isinstance(data, list) else data["tasks"]
    kept = ("id", "name", "executor", "schemas", "params", "parent", "parent_id", "dependencies", "priority")
    return [{key: each[key] for key in kept if key in each} for each in entries]


def _slot(planned: Planned, keys: Mapping[str, int]) -> Slot:
    waits = tuple(keys[each] for each in planned.waits_for if each in keys)
    priority = planned.task.priority
    when = planned.task.params.get("when")
    return Slot(
        keys[planned.task.id], planned.order, planned.is_group, waits, priority, "" if when is None else str(when)
    )
