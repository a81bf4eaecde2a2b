"""Inputs of a flow that an executor can never take where they are referred to: what a schema says of a type is enough.

Only what is certain whatever is launched is told; all else is found by `plan`, or when the task's turn comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine import templates
from engine.schema_nodes import Local, Path, elements, members

_KINDS = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def misfits(inputs: Mapping[str, Any], given: Any, wanted: Any) -> Iterator[tuple[Path, str]]:
    """Path and words for each `{{ inputs.NAME }}` in `inputs` that cannot fit.

    `given` is the schema of the flow's inputs, `wanted` that of the executor's. The texts must be right expressions.
    """
    for path, text in templates.texts(inputs):
        place = templates.Place(path, templates.split(text))
        names = list(place.names)
        if not place.is_alone or len(names) != 1 or names[0][:1] != ("inputs",) or len(names[0]) == 1:
            continue
        if getattr(place.parts[0], "text", "") != ".".join(names[0]):
            continue  # it does something with it
        source, target = _kinds(given, names[0][1:]), _kinds(wanted, path)
        if source and target and "null" not in target and not source & _taken(target):
            is_a, takes = " or ".join(sorted(source)), " or ".join(sorted(target))
            yield path, f"{'.'.join(names[0])} is of type {is_a}, but this input takes {takes}"


def _kinds(schema: Any, path: Sequence[str | int]) -> frozenset[str]:
    """The types that a value at `path` has to have one of; none where nothing is said."""
    local = Local(schema)
    nodes = local.same_value([schema])
    for step in path:
        inner = elements(nodes, step) if isinstance(step, int) else members(nodes, step)[0]
        nodes = local.same_value([each for each in inner if isinstance(each, dict)])
    kinds = _KINDS
    for node in nodes:
        said = node.get("type")
        named = frozenset(said if isinstance(said, list) else [said]) & _KINDS
        if named:
            kinds = _taken(kinds) & _taken(named)
    return kinds if kinds != _KINDS else frozenset()


def _taken(kinds: frozenset[str]) -> frozenset[str]:
    """An integer is a number, and a number may be a whole one."""
    return kinds | {"integer", "number"} if kinds & {"integer", "number"} else kinds
