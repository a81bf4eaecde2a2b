"""What can be done with one row of the form: the entries of its menu (forms.md 1.3, 1.5). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tui.forms import fields, strict_json
from tui.forms.instance import ABSENT
from tui.forms.readings import reading, readings
from tui.forms.rows import CONTAINERS, Row
from tui.forms.view import PAGE

NO_EMPTY = frozenset({"integer", "number", "boolean", "choice", "const", "raw", "union"})
"""Kinds that have no empty value."""
LISTS = frozenset({"array", "tuple", "map"})


@dataclass(frozen=True, slots=True)
class Act:
    """`key` does it in the menu; `action` is the one of the table that does the same from the form, "" for none."""

    id: str
    key: str
    name: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What a row stands in: the item or entry, what takes more, an object that nothing keeps from taking more, the long
    list; the row itself too. `beside` is such an object around the row, where the row is another one."""

    item: Row | None = None
    taker: Row | None = None
    paged: Row | None = None
    silent: Row | None = None
    beside: Row | None = None


def acts_of(row: Row, around: Around, *, shown: bool) -> list[Act]:
    """What applies to `row`; `shown` says that its value is no secret or is revealed."""
    taker = around.taker
    many = taker is not None and taker.path in (row.path, row.path[:-1]) and taker.kind in ("array", "map")
    return [
        *_state_acts(row),
        *_edit_acts(row, many=many),
        *_copy_acts(row, shown=shown),
        *_item_acts(row, around),
        *_page_acts(around.paged),
    ]


def empty_of(row: Row) -> Any:
    """What "empty" is for the row; ABSENT where it has no such value."""
    if row.kind in NO_EMPTY or (row.kind == "any" and row.types and "string" not in row.types):
        return ABSENT
    if row.kind in ("array", "tuple", "choices"):
        return []
    return {} if row.kind in ("map", "object") else ""


def _state_acts(row: Row) -> Iterator[Act]:
    if row.kind == "const" and row.required and not row.nullable:
        return
    if row.nullable and row.state != "null":
        yield Act("null", "n", "Set null")
    if row.unnamed:
        yield Act("no_name", "k", 'Name it "", without a character')
    if row.state != "absent":
        yield Act("unset", "u", "Empty it, to be filled again" if row.removable else "Unset: send nothing")
    empty = empty_of(row)
    if empty is not ABSENT and row.state != "empty":
        yield Act("empty", "e", f"Send empty: {strict_json.dump(empty, None)}")
    if row.default is not ABSENT and not strict_json.equal(row.default, row.value):
        shown = "•••" if row.is_hidden else fields.brief(row.default, 30)
        yield Act("default", "d", f"Take the default: {shown}")
    if row.suggestion is not ABSENT:
        shown = "•••" if row.is_hidden else fields.brief(row.suggestion, 30)
        yield Act("suggest", "s", f"Take what the former branch held: {shown}", "suggest")


def _edit_acts(row: Row, *, many: bool) -> Iterator[Act]:
    if row.kind != "const" and (row.kind != "secret" or row.types != ("string",)):
        yield Act("json", "j", "Edit as JSON")
    if row.kind in ("text", "path", "any") and not row.long:
        yield Act("lines", "l", "Edit in several lines", "lengthen" if row.kind != "path" else "")
    if many:
        yield Act("paste", "p", "Paste many: lines, K=V, JSON")
    other = readings(row)
    if other:
        yield Act("reading", "t", f"Read it as {reading(other[1])}", "reading")


def _copy_acts(row: Row, *, shown: bool) -> Iterator[Act]:
    yield Act("copy_path", "c", "Copy the path")
    if shown and row.state in ("value", "empty"):
        yield Act("copy", "y", "Copy the value" + (" as JSON" if row.kind in CONTAINERS else ""))


def _item_acts(row: Row, around: Around) -> Iterator[Act]:
    if around.taker is not None:
        what = "an item" if around.taker.kind in ("array", "tuple") else "an entry"
        yield Act("add", "a", f"Add {what}" + (f" to {around.taker.label}" if around.taker is not row else ""), "add")
    if around.silent is not None:
        yield Act("other", "o", f"Add an input that is not declared to {around.silent.label}")
    if around.beside is not None:
        yield Act("beside", "b", f"Add an input that is not declared to {around.beside.label}")
    item = around.item
    if item is None:
        return
    named = "it" if item.path == row.path else f"item {item.label}" if isinstance(item.path[-1], int) else item.label
    yield Act("duplicate", "i", f"Duplicate {named}")
    if isinstance(item.path[-1], int):
        yield Act("up", "[", f"Move {named} up", "up")
        yield Act("down", "]", f"Move {named} down", "down")
    yield Act("remove", "x", f"Remove {named}", "remove")


def _page_acts(row: Row | None) -> Iterator[Act]:
    if row is None or row.page is None:
        return
    first, count = row.page
    if first + PAGE < count:
        yield Act("page", ">", f"The next items, from {first + PAGE + 1:,}", "page")
    if first > 0:
        yield Act("page_back", "<", f"The former items, from {max(first - PAGE, 0) + 1:,}", "page_back")
