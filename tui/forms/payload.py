"""What leaves the form: the inputs as they are sent, with what the form owes (forms.md 1.3)."""

from __future__ import annotations

from typing import Any

from tui.forms.instance import ABSENT, Path, step
from tui.forms.rows import View

MAX_FILL = 8
"""Levels of absent required objects that are filled: required recursion has no end."""


def as_sent(view: View, schema: Any, value: Any) -> Any:
    """`value` with what a form owes: required objects and lists, required constants; read-only input is left out."""
    return _sent(view, schema, (), value, required=True, absent=0)


def _sent(view: View, schema: Any, path: Path, value: Any, required: bool, absent: int) -> Any:
    node = view.node(schema, path[-1] if path else "", value)
    if node.schema.get("readOnly") is True and path and not required:
        return ABSENT
    if value is ABSENT:
        owed = required and not node.nullable and absent < MAX_FILL and "default" not in node.schema
        if not owed:
            return ABSENT
        if node.kind == "const":
            return node.schema["const"]
        if node.kind in ("array", "choices"):
            return []
        if node.kind not in ("object", "map"):
            return ABSENT
        value, absent = {}, absent + 1
    inner = view.inner(path, node, value)
    if inner.kind in ("object", "map") and isinstance(value, dict):
        made = {}
        for child in view.children(inner, value):
            item = _sent(view, child.schema, (*path, child.key), step(value, child.key), child.required, absent)
            if item is not ABSENT:
                made[child.key] = item
        return {**{key: made[key] for key in value if key in made}, **made}
    if inner.kind in ("array", "tuple") and isinstance(value, list):
        return [
            _sent(view, child.schema, (*path, child.key), value[int(child.key)], True, absent)
            for child in view.children(inner, value)
            if int(child.key) < len(value)
        ]
    return value


def leaves(value: Any, wanted: str) -> list[Path]:
    """The paths at which the text `wanted` stands."""
    found: list[Path] = []
    stack: list[tuple[Path, Any]] = [((), value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, dict):
            stack.extend(((*path, key), child) for key, child in item.items())
        elif isinstance(item, list):
            stack.extend(((*path, at), child) for at, child in enumerate(item))
        elif item == wanted and isinstance(item, str):
            found.append(path)
    return found


def blank(view: View, schema: Any, key: str | int) -> Any:
    """What a new item or entry holds until it is filled: nothing of its own kind, null where that is all it may be."""
    node = view.node(schema, key, ABSENT)
    if node.kind in ("object", "map"):
        return {}
    if node.kind in ("array", "tuple", "choices"):
        return []
    if node.kind == "const":
        return node.schema["const"]
    return ""
