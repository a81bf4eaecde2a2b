"""In which shape a result is shown: a tree, a table where it is a list of objects, a text. No Textual in here."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

Kind = Literal["text", "json", "table", "log", "timeline"]
JSON = "json"
"""The role of a line of JSON, which the view colours."""
MOST_LINES = 200_000
"""Lines of a text that are laid out; the pager shows all."""


class Page(NamedTuple):
    """What a tab shows: lines for "text", a `JsonTree`, a `Table`; "log" and "timeline" have views of their own."""

    kind: Kind
    content: Any = None


def shapes_of(value: Any) -> tuple[Kind, ...]:
    """The shapes that make sense for `value`, the natural one first."""
    from tui.table import is_table

    if isinstance(value, str):
        return ("text", "json")
    if is_table(value):
        return ("table", "json", "text")
    return ("json", "text") if isinstance(value, dict | list) else ("text", "json")


def page_of(value: Any, kind: Kind) -> Page:
    """`value` laid out; megabytes want a thread."""
    from tui.json_tree import JsonTree
    from tui.table import Table

    if kind == "json":
        return Page("json", JsonTree(value))
    if kind == "table":
        return Page("table", Table.of(value))
    return Page("text", _cut(text_lines(value)))


def default_shape(given: Any, packed: bool) -> tuple[Any, Page]:
    """The value that the store keeps (with `packed`) or that is given, and its page in its natural shape."""
    from tui.json_slices import read_json

    value = read_json(given) if packed else given
    return value, page_of(value, shapes_of(value)[0])


def text_lines(value: Any) -> list[tuple[str, str]]:
    """`value` as lines: a text as it is, its headings standing out where it has some; all else as JSON."""
    if isinstance(value, str):
        return [(line, "head" if line.startswith(("# ", "## ", "### ")) else "") for line in value.split("\n")]
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return [(line, JSON) for line in text.split("\n")]


def _cut(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    more = len(lines) - MOST_LINES
    return lines if more <= 0 else [*lines[:MOST_LINES], (f"… {more:,} lines more, the pager shows them", "dim")]
