"""References of a flow's tasks, filled in just before a task is validated (behaviour.md 3.5, 8.6; docs/flows.md).

They stay stored in the task's inputs, marked by `params["references"]`, and are looked up anew at each attempt: in the
inputs of the flow, which are those of the group root that has `params["flow"]`, and in the results of dependencies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import json_data, templates
from engine.expressions import Expression, ExpressionError, Name
from engine.graph import Node
from engine.schema_nodes import Path
from engine.secrets import MASK, at, hidden_texts, mask, replaced, resolve, restore
from engine.task import Task, TaskStatus

IN_PARAMS = ("flow_id", "references", "when")
"""What `params` of a flow's task say that means nothing outside of it."""
SHOWN = 200
"""Characters of a value that the log tells."""


@dataclass(frozen=True, slots=True)
class FlowInputs:
    """The inputs of a task's flow: the real ones, and the same with their secrets masked.

    `missing` says why a secret of them cannot be had; None for all is well.
    """

    real: Mapping[str, Any] = field(default_factory=dict)
    masked: Mapping[str, Any] = field(default_factory=dict)
    missing: str | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that are hidden in what the task writes."""
        return hidden_texts(self.real, self.masked)


@dataclass(slots=True)
class Filled:
    """`inputs` with the references filled in; the caller's own object where there are none.

    `places` are those that were filled in, `open` those that cannot be known yet; `hidden` has what stands instead of
    what came from a secret, by path.
    `wrong` is why one cannot be filled. `skip` says that the task's condition is false, `is_open` that nobody knows.
    """

    inputs: Mapping[str, Any]
    hidden: dict[Path, Any] = field(default_factory=dict)
    open: list[templates.Place] = field(default_factory=list)
    places: list[templates.Place] = field(default_factory=list)
    secrets: tuple[str, ...] = ()
    wrong: str | None = None
    needs: str | None = None
    skip: str = ""
    is_open: bool = False


def flow_root(node: Node) -> Node | None:
    """The node whose inputs are the flow's: the nearest above that is a flow, or was copied out of one."""
    here: Node | None = node
    while here is not None:
        if "flow" in here.task.params or "flow_inputs" in here.task.params:
            return here
        here = node.tree.nodes.get(here.task.parent_id or "")
    return None


def schema_of(task: Task) -> Mapping[str, Any] | None:
    """The schema of a flow's inputs, kept with its root; None for all other tasks."""
    return _schema(task) if "flow" in task.params else None


def _schema(task: Task) -> Mapping[str, Any]:
    found = task.schemas.get("inputs_schema")
    return found if isinstance(found, Mapping) else {}


def given_inputs(task: Task, real: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The inputs of the flow whose root is `task`; `real` has those of which the stored ones are masked."""
    found: Any
    if "flow" in task.params:
        return real.get(task.id, task.inputs)
    found = task.params.get("flow_inputs")
    return found if isinstance(found, Mapping) else {}


def flow_inputs(node: Node, real: Mapping[str, Mapping[str, Any]]) -> FlowInputs:
    """What `inputs` means in the expressions of a task; empty outside of a flow."""
    root = flow_root(node)
    if root is None:
        return FlowInputs()
    given, schema = given_inputs(root.task, real), _schema(root.task)
    try:
        values, _ = resolve(schema, given)
    except LookupError as missing:
        return FlowInputs(given, given, str(missing.args[0]))
    return FlowInputs(values, mask(schema, values))


def lost_input(node: Node, real: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The flow's input that the task reads and of which only the mask is left (8.6)."""
    if not node.task.has_references or (root := flow_root(node)) is None:
        return None
    given = given_inputs(root.task, real)
    try:
        wanted = _wanted(node.task)
    except ExpressionError:  # told when its turn comes
        return None
    for name in wanted:
        if name[:1] == ("inputs",):
            value: Any = given
            for step in name[1:]:
                value = value.get(step) if isinstance(value, Mapping) else None
            if _holds_mask(value):
                return ".".join(name)
    return None


def _wanted(task: Task) -> set[Name]:
    """All that its expressions read."""
    found = templates.condition(task.params["when"]) if task.params.get("when") is not None else True
    names = set(found.names if isinstance(found, Expression) else ())
    for place in templates.places(task.inputs) if "references" in task.params else ():
        names.update(place.names)
    return names


def _holds_mask(value: Any) -> bool:
    stack = [value]
    while stack:
        item = stack.pop()
        if item == MASK:
            return True
        if isinstance(item, Mapping):
            stack.extend(item.values())
        elif isinstance(item, (list, tuple)):
            stack.extend(item)
    return False


def keep_flow_inputs(task: Task, rows: Mapping[str, Task]) -> None:
    """Give a draft that was copied out of a flow what it needs of it: the flow's inputs, as they are stored (5.5).

    `rows` are the tasks of the original's run by id; `task.original_task_id` is one of them.
    """
    here = rows.get(task.original_task_id or "")
    while here is not None:
        if "flow" in here.params or "flow_inputs" in here.params:
            break
        here = rows.get(here.parent_id or "")
    if here is not None and here.id != task.original_task_id:
        task.params = {**task.params, "flow_inputs": dict(given_inputs(here, {}))}
        task.schemas = {**task.schemas, "inputs_schema": dict(_schema(here))}


def keep_references(task: Task, given: Mapping[str, Any], masked: dict[str, Any]) -> dict[str, Any]:
    """`masked` with the texts that hold references as they were: they are no secrets, they lead to some (8.6)."""
    if masked is given or "references" not in task.params:
        return masked
    kept: dict[str, Any] = restore(masked, templates.texts(given))
    return kept


def fill(given: Mapping[str, Any], node: Node, flow: FlowInputs | None) -> Filled:
    """Look at the condition, then fill in the references of `given`; `flow` None says that its inputs are not known.

    What reads a dependency that has not ended, or inputs that are not known, is left as it stands and listed as open.
    """
    task, filled = node.task, Filled(given)
    try:
        condition = templates.condition(task.params["when"]) if task.params.get("when") is not None else True
        places = templates.places(given) if "references" in task.params else []
        scope = _Scope(node, flow, [condition, *places])
        filled.secrets = flow.secrets if flow is not None else ()
        _judge(condition, scope, filled)
        if filled.skip or filled.needs:
            return filled
        values: dict[Path, Any] = {}
        for place in places:
            _fill(place, scope, filled, values)
        if values:
            filled.inputs = replaced(given, values)
    except ExpressionError as error:
        filled.wrong = f"{error.reason}. {error.hint}" if error.hint else error.reason
    return filled


def notes_of(filled: Filled | None, public: Mapping[str, Any]) -> list[str]:
    """What the log tells of the references; `public` are the inputs with all secrets masked (8.6)."""
    notes = []
    for place in filled.places if filled is not None else ():
        text = json_data.encode(at(public, place.path))
        if len(text) > SHOWN:
            text = text[: SHOWN - 1] + "…"
        said = ", ".join(part.text for part in place.parts if isinstance(part, Expression))
        notes.append(f"input '{_at(place.path)}' filled in from {said}: {text}")
    return notes


class _Scope:
    """The data of a task's expressions; what a place reads of it may not be known."""

    def __init__(self, node: Node, flow: FlowInputs | None, readers: Iterable[Any]) -> None:
        self.flow = flow
        names = {name for reader in readers if not isinstance(reader, bool) for name in reader.names}
        wanted = {name[1] for name in names if name[:1] == ("tasks",) and len(name) > 1}
        every = any(name in ((), ("tasks",)) for name in names)
        self._open: set[str] = set()
        self._tasks: dict[str, Any] = {}
        self._lacking = dict.fromkeys(wanted)
        for dependency in node.dependencies:
            name = dependency.task.name
            main = str(dependency.task.params.get("flow_id") or name)
            for key in dict.fromkeys((main, name)):
                if not (key in wanted or (every and key == main)):
                    continue
                if key in self._tasks and key != main:
                    continue  # the name of this one is the id of another
                self._lacking.pop(key, None)
                self._tasks[key] = {"result": json_data.unpack(dependency.packed), "status": _status(dependency)}
                if not dependency.settled:
                    self._open.add(key)

    def is_open(self, names: Iterable[Name]) -> bool:
        """Whether some of `names` is not known. Raises `ExpressionError` for a task that is no dependency."""
        found = False
        for name in names:
            if name[:1] == ("inputs",):
                found |= self.flow is None
            elif name in ((), ("tasks",)):
                found |= bool(self._open) or (not name and self.flow is None)
            elif name[0] == "tasks" and name[1] in self._lacking:
                raise ExpressionError(f"'{name[1]}' is no dependency of it", "It may have been taken out of its flow")
            elif name[0] == "tasks":
                found |= name[1] in self._open
        return found

    def missing(self, names: Iterable[Name]) -> str | None:
        """Why a secret that is read cannot be had."""
        if self.flow is None or self.flow.missing is None:
            return None
        return self.flow.missing if any(name[:1] in ((), ("inputs",)) for name in names) else None

    def data(self, *, is_masked: bool = False) -> dict[str, Any]:
        flow = self.flow or FlowInputs()
        return {"inputs": flow.masked if is_masked else flow.real, "tasks": self._tasks}

    @property
    def has_secrets(self) -> bool:
        return self.flow is not None and self.flow.real is not self.flow.masked


def _status(dependency: Node) -> str:
    return "blocked" if dependency.status is TaskStatus.PENDING and dependency.settled else str(dependency.status)


def _judge(condition: Expression | bool, scope: _Scope, filled: Filled) -> None:
    """Set `skip` where the condition is false: false, null, 0, and what is empty are."""
    if isinstance(condition, bool):
        filled.skip = "" if condition else "its condition `when` is false"
    elif scope.is_open(condition.names):
        filled.is_open = True
    elif (missing := scope.missing(condition.names)) is not None:
        filled.needs = missing
    elif not condition.evaluate(scope.data()):
        filled.skip = f"its condition is false: {condition.text}"


def _fill(place: templates.Place, scope: _Scope, filled: Filled, values: dict[Path, Any]) -> None:
    names = list(place.names)
    where = _at(place.path)
    try:
        if scope.is_open(names):
            filled.open.append(place)
            return
        if (missing := scope.missing(names)) is not None:
            filled.needs = missing
            return
        value = shown = place.fill(scope.data())
        if scope.has_secrets:
            shown = _masked(place, scope)
            if shown != value:
                filled.hidden[place.path] = shown
    except ExpressionError as error:
        raise ExpressionError(f"input '{where}': {error.reason}", error.hint) from None
    if _holds_mask(value):
        filled.needs = f"'inputs.{where}' reads one that is never stored; rerun the flow and give it again"
    values[place.path] = value
    filled.places.append(place)


def _masked(place: templates.Place, scope: _Scope) -> Any:
    """What stands for a value wherever others see it: the same, worked out of masked inputs."""
    try:
        return place.fill(scope.data(is_masked=True))
    except ExpressionError:
        return MASK


def _at(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
