"""A tree, drafted or finished, as the text of a flow file that makes the same tree (docs/flows.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine import templates
from engine.policy import NAMES as POLICY
from engine.references import IN_PARAMS
from engine.schema_nodes import Path
from engine.secrets import MASK, replaced
from engine.task import NORMAL_PRIORITY, Task

_OWN_PARAMS = frozenset({*IN_PARAMS, *POLICY, "executor_id", "flow", "flow_version", "flow_inputs", "dry_run"})
"""What `params` say that stands elsewhere in a flow file, or belongs to one run of it."""
_ESCAPED = f"{templates.OPEN} '{templates.OPEN}' {templates.CLOSE}"


@dataclass(slots=True)
class FlowText:
    """`text` is YAML. `left_out` says in words what of the tree a file cannot hold."""

    text: str
    left_out: list[str] = field(default_factory=list)


def flow_text(tasks: Sequence[Task], *, name: str = "", description: str = "") -> FlowText:
    """The flow file of a tree; `tasks` are all of it, parents first (`tree.tasks()`, or `Engine.tree` of a run).

    Results and states are left out, and what attempts spawned. Secrets are never written: each becomes an input of the
    flow. `name` and `description` are the flow's own; a flow that is written again keeps its form.
    """
    written = FlowText("")
    kept = [task for task in tasks if task.spawned is None]
    root = kept[0] if kept and "flow" in kept[0].params else None
    kept = kept[1:] if root is not None else kept
    ids = dict(zip((task.id for task in kept), _ids(kept), strict=True))
    schema = _schema(root)
    entries = [_entry(task, ids, schema, written) for task in kept]
    head: dict[str, Any] = {"name": name or (root.name if root is not None else kept[0].name if kept else "flow")}
    if description:
        head["description"] = description
    if schema.get("properties"):
        head["inputs_schema"] = schema
    written.text = yaml_of({**head, "tasks": entries})
    return written


def _schema(root: Task | None) -> dict[str, Any]:
    found = root.schemas.get("inputs_schema") if root is not None else None
    if isinstance(found, Mapping):
        return {**found, "properties": dict(found.get("properties", {}))}
    return {"type": "object", "properties": {}}


def _ids(tasks: Sequence[Task]) -> Iterator[str]:
    """An id for each task: the one that it had in its file, else one made of its name; none twice."""
    taken = {str(task.params["flow_id"]) for task in tasks if task.params.get("flow_id")}
    used: set[str] = set()
    for task in tasks:
        own = task.params.get("flow_id")
        if own and own not in used:
            used.add(own)
            yield own
            continue
        base = re.sub(r"\W+", "_", str(own or task.name), flags=re.ASCII).strip("_").lower() or "task"
        made, number = base, 1
        while made in taken or made in used:
            number += 1
            made = f"{base}_{number}"
        used.add(made)
        yield made


def _entry(task: Task, ids: Mapping[str, str], schema: dict[str, Any], written: FlowText) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": ids[task.id]}
    executor = task.params.get("executor_id") or task.schemas.get("method")
    if executor:
        entry["executor"] = executor
    if not executor or task.name not in (executor, ids[task.id]):
        entry["name"] = task.name
    if task.parent_id in ids:
        entry["parent"] = ids[task.parent_id or ""]
    needs: list[Any] = []
    for edge in task.dependencies:
        if edge.id not in ids:
            written.left_out.append(f"task '{task.name}': its dependency on a task outside of the tree")
        elif edge.required and edge.type == "result":
            needs.append(ids[edge.id])
        else:
            needs.append({"id": ids[edge.id], "required": edge.required, "type": edge.type})
    if needs:
        entry["dependencies"] = needs
    if task.priority != NORMAL_PRIORITY:
        entry["priority"] = task.priority
    for key in ("when", *POLICY):
        if task.params.get(key) is not None:
            entry[key] = task.params[key]
    if task.inputs:
        entry["inputs"] = _inputs(task, entry["id"], schema)
    rest = {key: value for key, value in task.params.items() if key not in _OWN_PARAMS}
    if rest:
        entry["params"] = rest
    rest = {key: value for key, value in task.schemas.items() if key not in ("method", "inputs_schema")}
    if rest:
        entry["schemas"] = rest
    return entry


def _inputs(task: Task, entry_id: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The inputs; texts that only look like references are kept as texts, and secrets are asked for."""
    values: dict[Path, Any] = {}
    if "references" not in task.params:
        values = {path: text.replace(templates.OPEN, _ESCAPED) for path, text in templates.texts(task.inputs)}
    for path in _masked(task.inputs):
        name = re.sub(r"\W+", "_", "_".join(map(str, (entry_id, *path))), flags=re.ASCII)
        about = f"The secret {'.'.join(map(str, path))} of task {entry_id}"
        schema["properties"][name] = {"type": "string", "description": about, "writeOnly": True}
        schema["required"] = sorted({*schema.get("required", ()), name})
        values[path] = f"{templates.OPEN} inputs.{name} {templates.CLOSE}"
    made: dict[str, Any] = replaced(task.inputs, values) if values else dict(task.inputs)
    return made


def _masked(value: Any) -> list[Path]:
    found: list[Path] = []
    stack: list[tuple[Path, Any]] = [((), value)]
    while stack:
        path, item = stack.pop()
        if item == MASK:
            found.append(path)
        elif isinstance(item, Mapping):
            stack.extend(((*path, key), inner) for key, inner in item.items())
        elif isinstance(item, (list, tuple)):
            stack.extend(((*path, at), inner) for at, inner in enumerate(item))
    return sorted(found, key=str)


def yaml_of(value: Any) -> str:
    """`value` as YAML that `engine.yaml_text` reads back as the same."""
    import yaml

    from engine.yaml_text import is_text

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

    def text(dumper: Any, data: str) -> Any:
        style = "|" if "\n" in data.strip("\n") else None if is_text(data) else "'"
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, text)
    made: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)
    return made
