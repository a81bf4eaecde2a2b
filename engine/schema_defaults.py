"""What the schema says an absent input is: filled in before a run (behaviour.md 4.1). No jsonschema in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from typing import Any

from engine.schema_nodes import Local, Node, elements, members

MAX_FILLED = 10_000
"""Inputs that one call fills, the outermost first: schemas whose defaults hold each other would never end."""


def with_defaults(
    local: Local,
    instance: Any,
    fits: Callable[[str, str], bool],
    skip: Collection[int] = frozenset(),
    used: list[int] | None = None,
    schemas: list[Any] | None = None,
    most: int = MAX_FILLED,
) -> Any:
    """A copy of `instance` in which absent properties that have a `default` hold it.

    Objects that are there, or came as a default, are filled too, through local `$ref`, allOf and "X or null"; so are
    the elements of lists. `fits(pattern, name)` decides about patternProperties. `skip` are the ids of nodes whose
    default is not filled; those filled are added to `used`. `schemas` are what is said of `instance`, by default the
    whole document. Own queue, so depth is no limit; after `most` inputs no more is filled.
    """
    holder = [instance]
    # the copy around, the key in it, the schemas of that value, defaults it came from, the containers around it
    waiting: deque[tuple[Any, Any, list[Any], frozenset[int], frozenset[int]]]
    waiting = deque([(holder, 0, [local.root] if schemas is None else schemas, frozenset(), frozenset())])
    left = most
    while waiting:
        outer, key, spoken, sources, around = waiting.popleft()
        item = outer[key]
        if not isinstance(item, (dict, list, tuple)) or id(item) in around:
            continue
        inside = around | {id(item)}
        nodes = _spoken(local, spoken)
        if isinstance(item, dict):
            fresh: Any = dict(item)
            came = _fill(local, nodes, fresh, sources, skip) if nodes and left > 0 else {}
            left -= len(came)
            if used is not None and came:
                used.extend(came_from for name in came for came_from in came[name] - sources)
            for name, inner in fresh.items():
                if isinstance(inner, (dict, list, tuple)):
                    found = members(nodes, name, fits)[0] if nodes else []
                    waiting.append((fresh, name, found, came.get(name, sources), inside))
        else:
            fresh = list(item)
            for i, inner in enumerate(fresh):
                if isinstance(inner, (dict, list, tuple)):
                    waiting.append((fresh, i, elements(nodes, i), sources, inside))
        outer[key] = fresh
    return holder[0]


def _fill(
    local: Local, nodes: list[Node], target: Node, sources: frozenset[int], skip: Collection[int]
) -> dict[str, frozenset[int]]:
    """Set the defaults that `target` lacks; for each name set, the schemas whose defaults it stands in.

    A default inside itself (`next: {$ref: "#", default: {}}`) would never end and is not set a second time.
    """
    came: dict[str, frozenset[int]] = {}
    for node in nodes:
        properties = node.get("properties")
        for name in properties if isinstance(properties, dict) else ():
            if name in target:
                continue
            for source in local.same_value(members(nodes, name)[0]):
                if "default" in source:
                    if id(source) not in sources and id(source) not in skip:
                        target[name] = source["default"]
                        came[name] = sources | {id(source)}
                    break
    return came


def _spoken(local: Local, schemas: list[Any]) -> list[Node]:
    """All that is said of a value that is there; "X or null" is X."""
    nodes = local.same_value(schemas)
    for node in nodes:  # grows while it is read
        for keyword in ("anyOf", "oneOf"):
            branches = node.get(keyword)
            if isinstance(branches, list) and len(branches) > 1:
                others = [each for each in branches if not (isinstance(each, dict) and each.get("type") == "null")]
                if len(others) == 1:
                    known = {id(each) for each in nodes}
                    nodes.extend(each for each in local.same_value(others) if id(each) not in known)
    return nodes
