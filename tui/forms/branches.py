"""Which branch of a union a value is: told by the data, never by the order of the branches (forms.md 1.4)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from tui.forms import fields, strict_json
from tui.forms.merged import Schema
from tui.forms.nodes import Node
from tui.forms.rows import TEXTS
from tui.forms.unions import Branch

LOOKED_AT = 20
"""Items of a list that are looked at."""
LIKENESS_SECONDS = 0.1
"""The longest that branches are compared; only unions that multiply come near."""

Score = tuple[int, ...]


class Nodes(Protocol):
    """Where the nodes come from."""

    def node(self, schema: Any, key: str | int, value: Any) -> Node: ...

    def test(self, schema: Any, value: Any) -> bool: ...


def best_branch(view: Nodes, node: Node, value: Any) -> int:
    """The branch that `value` fits best: exactly; else by its constants, by required keys, by what it knows."""
    told: list[Score] = []
    for branch in node.branches:
        exact = (
            not branch.reason and not _is_ruled_out(branch, value) and all(view.test(p, value) for p in branch.parts)
        )
        told.append((int(exact), *_told(branch.tells, value)))
    best = max(told)
    tied = [at for at, score in enumerate(told) if score == best]
    return tied[0] if len(tied) == 1 else _likest(view, node, tied, value)


def _likest(view: Nodes, node: Node, tied: Sequence[int], value: Any) -> int:
    """Of branches that are told apart by nothing else the likest; those that are not looked at in time are not it."""
    ends = time.thread_time() + LIKENESS_SECONDS
    best, likest = tied[0], _likeness(view, view.node(node.branches[tied[0]].merged, "", value), value)
    for at in tied[1:]:
        if time.thread_time() > ends:
            break
        likeness = _likeness(view, view.node(node.branches[at].merged, "", value), value)
        if likeness > likest:
            best, likest = at, likeness
    return best


def _is_ruled_out(branch: Branch, value: Any) -> bool:
    """Whether a constant of the branch is another one in the value: far cheaper to see than a check."""
    named = branch.own.schema.get("properties")
    if not isinstance(value, dict) or not isinstance(named, Mapping):
        return False
    return any(
        not strict_json.equal(value[name], schema["const"])
        for name, schema in islice(named.items(), LOOKED_AT)
        if isinstance(schema, Mapping) and "const" in schema and name in value
    )


def _told(tells: Mapping[str, Any], value: Any) -> Score:
    """By the constants that tell the branches apart: how many are so, none that is otherwise."""
    if not isinstance(value, dict):
        return (0, 0)
    given = [strict_json.equal(value[name], constant) for name, constant in tells.items() if name in value]
    return (int(all(given)), sum(given))


def _likeness(view: Nodes, node: Node, value: Any) -> Score:
    """How well a value fits: its type, constants, required keys there, choices met, keys known, types met."""
    if node.schema.get("not") in ({}, True):  # what takes nothing
        return (-1, 0, 0, 0, 0, 0)
    if not isinstance(value, dict):
        fits = suits(node, value)
        items = node.schema.get("items")
        looked_at = value[:LOOKED_AT] if isinstance(value, list) and fits else [None]
        met = all(suits(view.node(items, "", item), item) for item in looked_at)
        return (int(fits or _is_of_type(node, value)), int(fits), int(met), 0, 0, 0)
    if node.kind not in ("object", "map", "any"):
        return (0, 0, 0, 0, 0, 0)
    known = node.schema.get("properties")
    properties: Schema = known if isinstance(known, Mapping) else {}
    inside = [(view.node(properties[key], key, item), item) for key, item in value.items() if key in properties]
    constants = [_has(child, item) for child, item in inside if child.kind == "const" or len(child.options) == 1]
    choices = [_has(child, item) for child, item in inside if child.kind == "choice"]
    present = sum(key in value for key in node.required)
    return (
        1,
        int(all(constants)),
        present - len(node.required),
        int(all(choices)),
        len(inside) - len(value),
        sum(suits(child, item) for child, item in inside),
    )


def _has(node: Node, value: Any) -> bool:
    """Whether a constant or choice takes `value`."""
    if node.kind == "const":
        return strict_json.equal(node.schema.get("const"), value)
    return any(strict_json.equal(option, value) for _, option in node.options)


def _is_of_type(node: Node, value: Any) -> bool:
    """Whether a constant or a choice is of values such as this one."""
    values = [option for _, option in node.options] or [node.schema.get("const")]
    types = set(fields.types_of_value(value))
    return node.kind in ("const", "choice") and any(types & set(fields.types_of_value(each)) for each in values)


def suits(node: Node, value: Any) -> bool:
    """Whether `value` is of the type that `node` draws."""
    types = fields.types_of_value(value)
    if value is None:
        return node.nullable
    if node.kind in ("const", "choice"):
        return _has(node, value)
    if node.kind in ("array", "tuple", "choices"):
        return "array" in types
    if node.kind in ("object", "map"):
        return "object" in types
    if node.kind in TEXTS:
        return "string" in types
    if node.kind == "any":
        return not node.types or bool(types & set(node.types))
    return node.kind in types or node.kind in ("union", "raw")
