"""What single edits of a form come to: pure helpers of the model, on a view and an instance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tui.forms import instance, payload
from tui.forms.branches import suits
from tui.forms.instance import ABSENT, Path
from tui.forms.marks import Marks, Moved
from tui.forms.merged import Merged, Schema
from tui.forms.nodes import Node, raw
from tui.forms.rows import Child, Looks, Row, make_row
from tui.forms.view import PAGE, View

MAX_DEPTH = 200
"""Levels of loaded data in which what was empty is remembered."""
MAX_WALK = 20_000
"""Places that are looked at for properties which nobody declares."""


def beginning(view: View, schema: Any) -> Any:
    """What a form without data begins with."""
    node = view.node(schema, "", ABSENT)
    if node.kind in ("object", "map"):
        return payload.owed(view, schema, "")
    if node.kind == "union":
        inner = [view.of_branch(branch, (), ABSENT).kind for branch in node.branches]
        return {} if all(kind in ("object", "map") for kind in inner) else ABSENT
    return payload.owed(view, schema, "") if node.kind == "const" else ABSENT


def raw_root(value: Any, reason: str) -> Row:
    """The one row of a form that cannot be drawn."""
    return make_row(Child("", True, required=True), (), value, raw(reason), Looks())


def place(view: View, schema: Any, value: Any, path: Path) -> tuple[Node, Any]:
    """The node at `path` and what stands there, present or not; of a union on the way, its chosen branch."""
    node = view.node(schema, "", value)
    for end, key in enumerate(path):
        schema = view.resolver.child(view.inner(path[:end], node, value), key)
        value = instance.step(value, key)
        node = view.node(schema, key, value)
    return node, value


def schema_at(view: View, schema: Any, value: Any, path: Path) -> tuple[Any, Schema]:
    """(the schema of a place as it stands in the document, that which its node has merged)."""
    node = view.node(schema, "", value)
    for end, key in enumerate(path):
        schema = view.resolver.child(view.inner(path[:end], node, value), key)
        value = instance.step(value, key)
        node = view.node(schema, key, value)
    return (schema.schema if isinstance(schema, Merged) else schema), node.schema


def with_parents(view: View, schema: Any, value: Any, path: Path) -> Any:
    """`value` with the objects on the way to `path`; new ones hold what they owe, so that no constant is forgotten."""
    for end in range(len(path)):
        if instance.get(value, path[:end]) not in (ABSENT, None) or not isinstance(path[end], str):
            continue
        node, here = place(view, schema, value, path[:end])
        begun = payload.owed_of(view, view.inner(path[:end], node, here))
        if isinstance(begun, dict):
            value = instance.put(value, path[:end], begun)
    return value


def blank_at(view: View, schema: Any, value: Any, path: Path) -> tuple[Any, bool]:
    """(what a new item or entry at `path` holds, whether it is to be filled)."""
    node, here = place(view, schema, value, path[:-1])
    return payload.blank(view, view.resolver.child(view.inner(path[:-1], node, here), path[-1]), path[-1])


def place_to_add(view: View, schema: Any, value: Any, path: Path, key: str | None) -> Path | None:
    """Where `add` puts what it adds; None where nothing can be added."""
    node, here = place(view, schema, value, path)
    kind = view.inner(path, node, here).kind
    if isinstance(here, dict) or (here in (ABSENT, None) and (kind in ("map", "object") or key is not None)):
        return (*path, _free_name(view.marks, path, here or {}) if key is None else key)
    if isinstance(here, list) or (here in (ABSENT, None) and kind in ("array", "tuple", "any", "choices", "raw")):
        return (*path, len(here) if isinstance(here, list) else 0)
    return None


def _free_name(marks: Marks, path: Path, here: Any) -> str:
    """Under which name an entry waits for its own: that of one that waits already, else "", else one that is free."""
    waiting = next((each[-1] for each in marks.unnamed if each[:-1] == path and each[-1] in here), None)
    if isinstance(waiting, str):
        return waiting
    name, count = "", 0
    while name in here:
        count += 1
        name = f"new {count}"
    return name


def turn_to(marks: Marks, path: Path, value: Any) -> None:
    """Let the item or entry at `path` of `value` be among those drawn of its list or map."""
    path, at = path[:-1], instance.place_of(value, path)
    first = marks.pages.get(path, 0)
    if not first <= at < first + PAGE:
        marks.pages[path] = max(at - PAGE // 2, 0)


def without(view: View, schema: Any, value: Any, path: Path) -> Any:
    """`value` without `path`, and without optional parents that are empty now and were not loaded so."""
    value = instance.drop(value, path)
    while len(path) > 1:
        path = path[:-1]
        left = instance.get(value, path)
        if left not in ({}, []) or isinstance(path[-1], int) or path in view.marks.kept:
            break
        node, here = place(view, schema, value, path[:-1])
        if path[-1] in view.inner(path[:-1], node, here).required:
            break
        value = instance.drop(value, path)
    return value


def ends_tuple(view: View, schema: Any, value: Any, path: Path) -> bool:
    """Whether the place is one of a tuple's own, and the last that is given."""
    items, at = instance.get(value, path[:-1]), path[-1]
    node, here = place(view, schema, value, path[:-1])
    fixed = view.inner(path[:-1], node, here).fixed
    return isinstance(items, list) and isinstance(at, int) and at == len(items) - 1 < len(fixed)


def mark_gaps(view: View, value: Any, path: Path) -> None:
    """Places of a list that an edit left open before its own are to be filled."""
    if path and isinstance(path[-1], int):
        items = instance.get(value, path[:-1])
        for at in range(len(items) if isinstance(items, list) else 0, path[-1]):
            view.marks.blanks[(*path[:-1], at)] = True


def shifted(at: int, to: int) -> Moved:
    """Where the places of a list go when the item at `at` moves to `to`."""

    def moved(place: str | int) -> str | int:
        if not isinstance(place, int):
            return place
        if place == at:
            return to
        if at < place <= to:
            return place - 1
        return place + 1 if to <= place < at else place

    return moved


# -- branches --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """What taking a branch does: the value that stands then, the old branch's draft, what the old one suggests."""

    value: Any
    to_fill: bool
    draft: dict[int, Any] = field(default_factory=dict)
    suggestions: dict[Path, Any] = field(default_factory=dict)


def chosen(view: View, schema: Any, value: Any, path: Path, branch: int) -> Choice | None:
    """What it means to take `branch` of the union at `path`; None where there is none, or it is taken already."""
    node, old = place(view, schema, value, path)
    if node.kind != "union" or not 0 <= branch < len(node.branches):
        return None
    if view.marks.chosen.get(path) == branch and old is not None:
        return None
    before = view.branch(path, node, old)
    if before == branch and old is not None:  # so far only the data said so
        return Choice(old, path in view.marks.blanks)
    blank = path in view.marks.blanks
    draft = {before: old} if before is not None and not blank and old is not ABSENT and old is not None else {}
    taken = view.marks.drafts.get(path, {}).get(branch, ABSENT)
    if taken is ABSENT:
        taken = payload.of_branch(view, node, node.branches[branch], path, old)
    elif isinstance(taken, dict):
        beside = payload.shared(node, old)
        named = node.schema.get("properties") or {}
        taken = {**{name: item for name, item in taken.items() if name not in named}, **beside}
    found = _suggestions(view, node, branch, path, old, taken)
    if taken is ABSENT and is_entry(view, schema, value, path):
        return Choice(None, True, draft, found)
    return Choice(taken, False, draft, found)


def is_entry(view: View, schema: Any, value: Any, path: Path) -> bool:
    """Whether the place is an item of a list or an entry that the schema does not declare: such a place stays."""
    if not path or isinstance(path[-1], int):
        return bool(path)
    node, here = place(view, schema, value, path[:-1])
    inner = view.inner(path[:-1], node, here)
    return isinstance(here, dict) and all(name != path[-1] for name, _, _ in inner.properties)


def _suggestions(view: View, node: Node, branch: int, path: Path, old: Any, new: Any) -> dict[Path, Any]:
    """Same-named, same-typed values of the old branch: for a key press, never taken by themselves (forms.md 1.4)."""
    if not isinstance(old, dict):
        return {}
    inner = view.of_branch(node.branches[branch], path, ABSENT)
    present = new if isinstance(new, dict) else {}
    return {
        (*path, name): old[name]
        for name, schema, _ in inner.properties
        if name in old and name not in present and suits(view.node(schema, name, old[name]), old[name])
    }


# -- what data came with ---------------------------------------------------------------------------------------------


def note_loaded(view: View, schema: Any, value: Any, path: Path = ()) -> None:
    """Remember what loaded data has and edits must not lose: empty containers, properties that no condition shows."""
    marks = view.marks
    stack = [(path, instance.get(value, path))]
    while stack:
        here, item = stack.pop()
        if isinstance(item, dict | list) and len(here) <= MAX_DEPTH:
            if not item:
                marks.kept[here] = True
            pairs = item.items() if isinstance(item, dict) else enumerate(item)
            stack.extend(((*here, key), inner) for key, inner in pairs if isinstance(inner, dict | list))
    for here, name in _conditional(view, schema, value):
        if here[: len(path)] == path:
            marks.others[(*here, name)] = True


def gone(view: View, schema: Any, value: Any) -> list[Path]:
    """The properties that are kept in memory only."""
    return [(*path, name) for path, name in _conditional(view, schema, value) if (*path, name) not in view.marks.others]


def _conditional(view: View, schema: Any, value: Any) -> list[tuple[Path, str]]:
    """The given properties that a condition declares which does not hold."""
    found = []
    for path, node, here in _objects(view, schema, value):
        if node.hidden and isinstance(here, dict):
            found += [(path, name) for name in here if name in node.hidden]
    return found


def strangers(view: View, schema: Any, value: Any) -> list[Path]:
    """Given properties that the schema does not declare and that stand in no map, in the order of the data."""
    found: list[Path] = []
    for path, node, here in _objects(view, schema, value):
        if node.kind == "object" and isinstance(here, dict):
            known = {name for name, _, _ in node.properties}
            found += [(*path, name) for name in here if name not in known and not view.is_gone(path, node, name)]
    return found


def _objects(view: View, schema: Any, value: Any) -> list[tuple[Path, Node, Any]]:
    """The containers of the data with their nodes, the outer ones first."""
    found: list[tuple[Path, Node, Any]] = []
    todo: list[tuple[Path, Any, Any]] = [((), schema, value)]
    for path, inner, here in todo:  # grows while it is read
        if not isinstance(here, dict | list) or len(path) > MAX_DEPTH or len(todo) > MAX_WALK:
            continue
        node = view.inner(path, view.node(inner, path[-1] if path else "", here), here)
        found.append((path, node, here))
        pairs = here.items() if isinstance(here, dict) else enumerate(here)
        todo += [
            ((*path, key), view.resolver.child(node, key), item)
            for key, item in pairs
            if isinstance(item, dict | list) and item
        ]
    return found
