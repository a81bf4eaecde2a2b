"""A paste of many lines into a list or a map: many items, many entries, one step of undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui.forms import clip_curl, clip_lines, fields
from tui.forms.instance import get
from tui.forms.model import Form, Row

ONE_LINE = frozenset({"text", "secret", "path", "integer", "number", "any", "date", "time", "datetime"})
"""Rows whose editor has one line: what is pasted there in several is rarely meant for them alone."""
LOOKED_AT = 2_000
"""Characters that show what a paste is."""


def may_be_all(row: Row, text: str) -> bool:
    """Whether a paste into `row` may be meant for the whole form: a curl command, an object, lines of names and values.

    Rows of lists and maps take such text themselves.
    """
    if row.kind not in ONE_LINE or row.removable or row.keyed:
        return False
    if clip_curl.is_curl(text):
        return True
    begin = text.lstrip()[:LOOKED_AT]
    if begin.startswith("{"):
        return True
    lines = [line for line in begin.split("\n") if line.strip() and not line.lstrip().startswith("#")][:3]
    return len(lines) > 1 and all(clip_lines.is_named(line) for line in lines[:2])


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
    if row.unnamed and not row.text:
        entries.pop(row.name, None)
    replaced = sum(name in entries for name, _ in pairs)
    for name, value in pairs:
        entries[name] = fields.read(row.kind, value, row.types) if isinstance(value, str) else value
    form.set(parent, entries)
    said = f"{len(pairs)} entries pasted"
    return f"{said}, {replaced} of them replaced what was there" if replaced else said
