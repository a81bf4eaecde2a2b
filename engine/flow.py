"""Flows: a tree of tasks as a file describes it, with a form of its own (docs/flows.md).

A file is read and checked for all that can be said without knowing the executors; `engine.flow_check` says the rest.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from engine import flow_file, templates
from engine.arrays import Entry as ArrayEntry
from engine.arrays import Problems, close_words, read_array, shown_value
from engine.catalogue import Launchable, Origin, Problem
from engine.errors import TaskError
from engine.expressions import Expression, ExpressionError, Name
from engine.schema_nodes import Local, Path, members
from engine.version_source import VersionSource

NO_INPUTS: Mapping[str, Any] = MappingProxyType({"type": "object", "properties": {}, "additionalProperties": False})
"""The schema of a flow that declares no inputs."""
TASK_PARTS = ("result", "status")
"""What an expression can ask of a task."""
LONGEST_ID = 100
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")


@dataclass(frozen=True, slots=True)
class FlowProblem:
    """What is wrong in a flow: `entry` is the task's place and name ("entry 2 ('fetch')"), None for the flow's own.

    `path` leads to the wrong part in the file's data, `line` (1-based) is where it stands, None where there is no file.
    `hint` is what to do. All of it holds foreign text.
    """

    text: str
    hint: str = ""
    entry: str | None = None
    path: Path = ()
    line: int | None = None

    def __str__(self) -> str:
        said = f"{self.entry}: {self.text}" if self.entry else self.text
        return f"{said}. {self.hint}" if self.hint else said


@dataclass(frozen=True)
class FlowSpec(Launchable):
    """One flow as the catalogue knows it. `version` is the SHA-256 of its file, hex; `schema` that of its form.

    `entries` are its tasks as `engine.arrays` reads them, `content` is the file; both are for the engine's own use.
    """

    id: str
    name: str
    description: str
    schema: Mapping[str, Any]
    entries: tuple[ArrayEntry, ...] = field(compare=False, repr=False)
    tags: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    version: str = ""
    file: str | None = None
    origin: Origin = "given"
    replaces: Origin | None = None
    confirm: bool = False
    schema_problem: str | None = None
    line: int | None = 1
    barred: str = ""
    content: bytes = field(default=b"", compare=False, repr=False)
    source: Callable[[], VersionSource | None] = field(default=lambda: None, compare=False, repr=False)
    is_array: bool = False
    """Whether the file is but a list of tasks."""

    @property
    def executors(self) -> list[str]:
        """The ids of the executors that its tasks name, and the names of its groups."""
        named = (each.params.get("executor_id") or each.given.get("schemas", {}).get("method") for each in self.entries)
        return list(dict.fromkeys(str(name or each.name) for name, each in zip(named, self.entries, strict=True)))

    def located(self, problems: Iterable[FlowProblem]) -> list[FlowProblem]:
        """The same problems with their lines."""
        return located(problems, self.content, self.file or "", is_array=self.is_array)


def located(problems: Iterable[FlowProblem], content: bytes, name: str, *, is_array: bool = False) -> list[FlowProblem]:
    """`problems` with the lines of the nearest parts of the file that are there; by line."""
    found = list(problems)
    if not content or not found:
        return found
    lines = flow_file.line_of(content, name)

    def line(path: Path) -> int:
        while path:
            there = path[1:] if is_array and path[0] == "tasks" else path
            if there in lines:
                return lines[there]
            path = path[:-1]
        return 1

    placed = [each if each.line else replace(each, line=line(each.path)) for each in found]
    return sorted(placed, key=lambda each: each.line or 0)


def as_problem(problem: FlowProblem, file: str, flow_id: str | None) -> Problem:
    """The same as the catalogue tells it."""
    return Problem(file, problem.line, str(problem), executor_id=flow_id)


def read_flow(
    content: bytes, path: str, *, origin: Origin = "given", root: str = ""
) -> tuple[FlowSpec | None, list[FlowProblem]]:
    """The flow that a file says, and all that is wrong with it; None where something is. Never raises.

    `path` is the file's; `root` the folder that it lies in, where it is one of the catalogue's.
    """
    name = os.path.basename(path)
    try:
        data = flow_file.read(content, name)
    except flow_file.FlowFileError as error:
        return None, [FlowProblem(error.reason, error.hint, None, (), error.line)]
    is_array = isinstance(data, list)
    spec, problems = flow_of(data, flow_file.id_of(name))
    problems = [
        each if each.line else replace(each, line=1) for each in located(problems, content, name, is_array=is_array)
    ]
    if spec is None:
        return None, problems
    root = root or os.path.dirname(path)
    rel = os.path.relpath(path, root).replace(os.sep, "/") if path.startswith(root) else name
    spec = replace(
        spec,
        version=hashlib.sha256(content).hexdigest(),
        file=path,
        origin=origin,
        content=content,
        source=partial(VersionSource, root, {rel: content}),
        is_array=is_array,
    )
    return spec, problems


def flow_of(data: Any, otherwise: str = "flow") -> tuple[FlowSpec | None, list[FlowProblem]]:
    """The flow that `data`, an object or a list of tasks, says; its id is `otherwise` where it says none.

    With it come all problems that can be found without the executors; where there is one there is no flow.
    """
    if isinstance(data, list):
        data = {"tasks": data}
    if not isinstance(data, Mapping):
        hint = "Begin it with `tasks:` and a list of tasks under it"
        return None, [FlowProblem(f"a flow is an object or a list of tasks, not {shown_value(data)}", hint)]
    found = list(_head(data))
    flow_id = data.get("id") or otherwise
    if "id" not in data and not (isinstance(otherwise, str) and _ID.match(otherwise)):
        found.append(FlowProblem(f"the file's name gives no id: '{otherwise}'", "Give the flow an `id:` of its own"))
    schema = data.get("inputs_schema")
    schema = dict(schema) if isinstance(schema, Mapping) else dict(NO_INPUTS)
    entries: list[ArrayEntry] = []
    tasks = data.get("tasks")
    if isinstance(tasks, list) and tasks:
        problems = Problems()
        entries = read_array(tasks, problems)
        found += [
            FlowProblem(each.text, each.hint, each.label, ("tasks", each.place - 1, *each.path))
            for each in problems.kept
        ]
        if (more := len(problems) - len(problems.kept)) > 0:
            found.append(FlowProblem(f"the tasks have {more} more problems", "Mend the others first", path=("tasks",)))
        found += _expressions(entries, schema, declares="inputs_schema" in data)
    if found:
        return None, found
    return FlowSpec(
        id=flow_id,
        name=str(data.get("name") or flow_id),
        description=str(data.get("description") or ""),
        schema=schema,
        entries=tuple(entries),
        tags=tuple(data.get("tags") or ()),
        examples=tuple(data.get("examples") or ()),
        confirm=data.get("confirm") is True,
    ), []


# ── the flow's own keys ──────────────────────────────────────────────────────────────────────────────────────────────


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and each for each in value)


def _is_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, Mapping) for each in value)


_HEAD: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "id": (
        lambda value: isinstance(value, str) and len(value) <= LONGEST_ID and bool(_ID.match(value)),
        "letters, digits, _ - and .",
    ),
    "name": (lambda value: isinstance(value, str), "text"),
    "description": (lambda value: isinstance(value, str), "text"),
    "tags": (_is_texts, "a list of texts"),
    "examples": (_is_objects, "a list of objects, each inputs of the flow"),
    "confirm": (lambda value: isinstance(value, bool), "true or false"),
    "inputs_schema": (lambda value: isinstance(value, Mapping), "an object, the JSON Schema of its inputs"),
    "tasks": (lambda value: isinstance(value, list), "a list of tasks"),
    "$schema": (lambda value: isinstance(value, str), "text"),
}
HEAD_KEYS = tuple(_HEAD)


def _head(data: Mapping[Any, Any]) -> Iterator[FlowProblem]:
    for key, value in data.items():
        known = _HEAD.get(key) if isinstance(key, str) else None
        if known is None:
            close = close_words(str(key), HEAD_KEYS)
            yield FlowProblem(f"unknown key '{str(key)[:60]}'{close}", "Rename or remove it", path=(str(key),))
        elif value is not None and not known[0](value):
            yield FlowProblem(f"'{key}' must be {known[1]}, not {shown_value(value)}", "Mend that value", path=(key,))
    if data.get("tasks") is None:
        yield FlowProblem("it has no tasks", "List them under `tasks:`, each with a name or an executor")
    elif data["tasks"] == []:
        hint = "Give at least one, e.g. `- executor: hello`"
        yield FlowProblem("its list of tasks is empty", hint, path=("tasks",))
    if isinstance(schema := data.get("inputs_schema"), Mapping):
        yield from _schema(schema)


def _schema(schema: Mapping[str, Any]) -> Iterator[FlowProblem]:
    from engine.schema import SchemaError, accepted

    kind = schema.get("type", "object")
    if kind != "object":
        text = f"'inputs_schema' must describe an object, not {shown_value(kind)}"
        yield FlowProblem(
            text, "Write `type: object` and the inputs under `properties`", path=("inputs_schema", "type")
        )
        return
    try:
        accepted(schema)
    except SchemaError as error:
        yield FlowProblem(error.message, "Mend the schema", path=("inputs_schema", *error.path))


# ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _expressions(entries: Sequence[ArrayEntry], schema: Mapping[str, Any], *, declares: bool) -> Iterator[FlowProblem]:
    """What is wrong with `when` and with the expressions in inputs."""
    scope = _Scope(entries, schema, declares)
    for entry in entries:
        at: Path = ("tasks", entry.place - 1)
        if (given := entry.given.get("when")) is not None:
            try:
                found = templates.condition(given)
                names = found.names if isinstance(found, Expression) else ()
                yield from scope.problems(entry, names, (*at, "when"))
            except ExpressionError as error:
                yield FlowProblem(error.reason, error.hint, entry.label, (*at, "when"))
        for path, text in templates.texts(entry.given.get("inputs")):
            try:
                place = templates.Place(path, templates.split(text))
                yield from scope.problems(entry, place.names, (*at, "inputs", *path))
            except ExpressionError as error:
                yield FlowProblem(error.reason, error.hint, entry.label, (*at, "inputs", *path))


class _Scope:
    """What the expressions of a task may read: the flow's inputs, and the tasks that it depends on."""

    def __init__(self, entries: Sequence[ArrayEntry], schema: Mapping[str, Any], declares: bool) -> None:
        self._entries = entries
        self._nodes = Local(schema).same_value([schema], ("anyOf", "oneOf", "if", "then", "else", "allOf"))
        self._declares = declares
        self._open = schema.get("additionalProperties") not in (False, None) or "patternProperties" in schema
        self._inputs = [name for node in self._nodes for name in _properties(node)]
        self._all = {key for entry in entries for key in (entry.id, entry.called) if key}

    def problems(self, entry: ArrayEntry, names: Iterable[Name], path: Path) -> Iterator[FlowProblem]:
        for name in names:
            if (wrong := self._wrong(entry, name)) is not None:
                yield FlowProblem(*wrong, entry.label, path)

    def _wrong(self, entry: ArrayEntry, name: Name) -> tuple[str, str] | None:
        kind, *rest = name or ("@",)
        if kind == "inputs":
            return self._wrong_input(rest[0]) if rest else None
        if kind == "tasks":
            return self._wrong_task(entry, rest) if rest else None
        first = self._all & {kind}
        meant = f"tasks.{kind}.result" if first else f"inputs.{kind}" if kind in self._inputs else ""
        hint = f"Write {meant}" if meant else "Write inputs.NAME, or tasks.ID.result for a task that it depends on"
        return f"an expression knows `inputs` and `tasks`, not '{kind}'", hint

    def _wrong_input(self, name: str) -> tuple[str, str] | None:
        if self._declares and (self._open or members(self._nodes, name)[1]):
            return None
        if not self._declares:
            return f"the flow has no input '{name}'", "Declare it under `inputs_schema: properties:`"
        hint = "Declare it in inputs_schema, or mend the name"
        return f"the flow has no input '{name}'{close_words(name, self._inputs)}", hint

    def _wrong_task(self, entry: ArrayEntry, rest: Sequence[str]) -> tuple[str, str] | None:
        key = rest[0]
        needs = [self._entries[at] for at, _, _ in entry.edges]
        found = [each for each in needs if each.id == key] or [each for each in needs if each.called == key]
        if len(found) > 1:
            return f"tasks.{key} may be any of {len(found)} tasks", "Give each an id, and refer to that"
        if not found and key in self._all:
            return f"'{key}' is no dependency of it, so its result is not known", f"Add '{key}' to its dependencies"
        if not found:
            known = [each.id or each.name for each in needs]
            return f"there is no task '{key}'{close_words(key, known or self._all)}", "Mend the id"
        if len(rest) > 1 and rest[1] not in TASK_PARTS:
            close, further = close_words(rest[1], TASK_PARTS), ".".join(rest[1:])
            hint = "Mend the name" if close else f"Write tasks.{key}.result.{further}"
            return f"a task has {' and '.join(TASK_PARTS)}, no '{rest[1]}'{close}", hint
        return None


def _properties(node: Any) -> Iterable[str]:
    found = node.get("properties") if isinstance(node, Mapping) else None
    return found if isinstance(found, Mapping) else ()


def refuse(problems: Sequence[FlowProblem], what: str) -> None:
    """Raises `TaskError` with all `problems`; nothing for none."""
    if not problems:
        return
    lines = [f"{f'line {each.line}: ' if each.line else ''}{each}" for each in problems]
    if len(lines) == 1:
        raise TaskError(f"{what} cannot be launched: {lines[0]}")
    listed = "\n  ".join(lines)
    raise TaskError(f"{what} cannot be launched, it has {len(lines)} problems:\n  {listed}", "Mend the flow first")
