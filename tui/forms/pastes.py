"""A paste of many lines into a list or a map: many items, many entries, one step of undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui.forms import fields
from tui.forms.instance import get
from tui.forms.model import Form, Row


def paste_items(form: Form, row: Row, texts: Sequence[str]) -> str:
    """Put `texts` in the place of the item `row`; returns what to say."""
    parent, at = row.path[:-1], int(row.path[-1])
    items = list(get(form.instance, parent) or [])
    items[at : at + 1] = [fields.read(row.kind, text, row.types) for text in texts]
    form.set(parent, items)
    return f"{len(texts)} items pasted"


def paste_pairs(form: Form, row: Row, pairs: Sequence[tuple[str, Any]]) -> str:
    """Add the entries to the map that `row` is an entry of; a blank row gives way. Returns what to say."""
    parent = row.path[:-1]
    entries = dict(get(form.instance, parent) or {})
    if not row.name and not row.text:
        entries.pop(row.name, None)
    replaced = sum(name in entries for name, _ in pairs)
    for name, value in pairs:
        entries[name] = fields.read(row.kind, value, row.types) if isinstance(value, str) else value
    form.set(parent, entries)
    said = f"{len(pairs)} entries pasted"
    return f"{said}, {replaced} of them replaced what was there" if replaced else said
