"""What leaves the form, and what a value is before it is filled (forms.md 1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.schema import MASK, mask
from tui.forms import instance, strict_json
from tui.forms.instance import ABSENT, Path
from tui.forms.nodes import Node
from tui.forms.rows import CONTAINERS
from tui.forms.unions import Branch
from tui.forms.view import View

MAX_FILL = 8
"""Levels of required objects that are made together: required recursion has no end."""
MAX_DEPTH = 200
"""Levels of a value that are walked; what is deeper is left as it is."""


def as_sent(view: View, schema: Any, value: Any) -> Any:
    """`value` as it is sent: without read-only input and what a condition took away; else the same object.

    Undeclared properties go too where the schema allows none.
    """
    return _sent(view, schema, (), value, "", keep_unknown=False)


def as_checked(view: View, schema: Any, value: Any) -> Any:
    """`value` as it is checked: only what a condition took away is left out, as all else stands in a row."""
    return _sent(view, schema, (), value, "", keep_unknown=True)


def _sent(view: View, schema: Any, path: Path, value: Any, key: str | int, *, keep_unknown: bool) -> Any:
    if not isinstance(value, dict | list) or not value or len(path) > MAX_DEPTH:
        return value
    node = view.node(schema, key, value)
    inner = view.inner(path, node, value)
    if inner.kind in ("object", "map") and isinstance(value, dict):
        return _sent_object(view, inner, path, value, keep_unknown=keep_unknown)
    if inner.kind in ("array", "tuple") and isinstance(value, list):
        made = [
            _sent(view, view.resolver.child(inner, at), (*path, at), item, at, keep_unknown=keep_unknown)
            if isinstance(item, dict | list)
            else item
            for at, item in enumerate(value)
        ]
        return made if any(new is not old for new, old in zip(made, value, strict=True)) else value
    return value


def _sent_object(view: View, node: Node, path: Path, value: dict[str, Any], *, keep_unknown: bool) -> dict[str, Any]:
    named = node.schema.get("properties")
    known = named if isinstance(named, Mapping) else {}
    closed = not keep_unknown and node.schema.get("additionalProperties") is False
    made: dict[str, Any] = {}
    changed = False
    for name, item in value.items():
        if name not in known:
            if view.is_gone(path, node, name) or (closed and not view.resolver.is_named(node, name)):
                changed = True
                continue
        elif not keep_unknown and name not in node.required and is_read_only(view, known[name], name):
            changed = True
            continue
        sent = item
        if isinstance(item, dict | list) and item:
            child = view.resolver.child(node, name)
            sent = _sent(view, child, (*path, name), item, name, keep_unknown=keep_unknown)
        changed = changed or sent is not item
        made[name] = sent
    return made if changed else value


def is_read_only(view: View, schema: Any, name: str) -> bool:
    return isinstance(schema, Mapping) and view.node(schema, name, ABSENT).schema.get("readOnly") is True


def owed(view: View, schema: Any, key: str | int, level: int = 0) -> Any:
    """What a value begins as when the form makes it: required constants, objects and lists inside a new object.

    ABSENT for what a person has to give. Defaults are the engine's to fill and are shown as ghosts.
    """
    return _owed(view, view.node(schema, key, ABSENT), level, required=True)


def owed_of(view: View, node: Node) -> Any:
    """`owed` of a node that is there already."""
    return _owed(view, node, 0, required=True)


def _owed(view: View, node: Node, level: int, *, required: bool) -> Any:
    if node.nullable and node.kind != "const" and level:
        return ABSENT
    if node.kind == "const" or (node.kind == "choice" and len(node.options) == 1 and required):
        return node.schema["const"] if node.kind == "const" else node.options[0][1]
    if level and ("default" in node.schema or level > MAX_FILL):
        return ABSENT
    if node.kind in ("array", "tuple", "choices"):
        return []
    if node.kind not in ("object", "map"):
        return ABSENT
    made: dict[str, Any] = {}
    for name, schema, needed in node.properties:
        if needed:
            inner = owed(view, schema, name, level + 1)
            if inner is not ABSENT:
                made[name] = inner
    return made


def of_branch(view: View, node: Node, branch: Branch, path: Path, old: Any) -> Any:
    """What a branch that was never taken begins as: what stands beside the union stays, its own constants are set."""
    inner = view.of_branch(branch, path, ABSENT)
    if inner.kind not in ("object", "map"):
        return _owed(view, inner, 0, required=True) if inner.kind in (*CONTAINERS, "const") else ABSENT
    made = shared(node, old)
    named = inner.schema.get("properties")
    for name, constant in branch.tells.items():
        if not isinstance(named, Mapping) or name in named:
            made.setdefault(name, constant)
    begun = _owed(view, inner, 0, required=True)
    return {**begun, **made} if isinstance(begun, dict) else made


def shared(node: Node, old: Any) -> dict[str, Any]:
    """The part of a union's value that stands beside the union and stays when its branch changes."""
    named = node.schema.get("properties")
    if not isinstance(old, dict) or not isinstance(named, Mapping):
        return {}
    return {name: item for name, item in old.items() if name in named}


def blank(view: View, schema: Any, key: str | int) -> tuple[Any, bool]:
    """(what a new item or entry holds, whether that is still to be filled)."""
    node = view.node(schema, key, ABSENT)
    if node.kind in ("object", "map", "array", "tuple", "choices", "const"):
        return _owed(view, node, 0, required=True), False
    if node.kind in ("integer", "number", "boolean", "union", "choice", "raw"):
        return None, True
    return "", True


def leaves(value: Any, wanted: str) -> list[Path]:
    """The paths at which the text `wanted` stands."""
    if not isinstance(value, dict | list):
        return [()] if value == wanted else []
    found: list[Path] = []
    stack: list[tuple[Path, Any]] = [((), value)]
    while stack:
        path, item = stack.pop()
        if len(path) > MAX_DEPTH:
            continue
        for key, child in item.items() if isinstance(item, dict) else enumerate(item):
            if isinstance(child, str):
                if child == wanted:
                    found.append((*path, key))
            elif isinstance(child, dict | list):
                stack.append(((*path, key), child))
    return found


def unmasked(schema: Any, now: Any, value: Any, path: Path) -> Any:
    """`value`, to stand at `path` of `now`, with what stands there in the place of the masks of secrets."""
    masked = leaves(value, MASK) if value is not ABSENT else []
    hidden = mask(schema, now) if masked else None
    for inner in masked:
        if instance.get(hidden, (*path, *inner)) == MASK:
            value = instance.put(value, inner, instance.get(now, (*path, *inner)))
    return value


def holds_all(one: Any, two: Any) -> bool:
    """Whether two values are written the same: order and number text count."""
    return strict_json.dump(one, None) == strict_json.dump(two, None)
