"""Reads large JSON texts in slices, so that a thread that does it does not hold up the others. No Textual in here.

`json.loads` keeps the interpreter to itself from the first to the last character: a tenth of a second for 10 MB. Here
the outer levels are walked in Python and only what lies below them is read by the C code.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

SMALL = 200_000
"""Characters below which it is read in one go."""
LEVELS = 3
"""Outer levels that are walked."""

_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # the type stubs leave it out


def read_json(packed: str | bytes | None) -> Any:
    """The value that the store keeps as `packed` (see `engine.json_data.pack`), None where it is NULL; for a thread.

    Raises `ValueError` for what is no JSON.
    """
    if packed is None:
        return None
    text = packed if isinstance(packed, str) else zlib.decompress(packed).decode()
    if len(text) < SMALL:
        return json.loads(text)
    try:
        value, end = _value(text, 0, LEVELS)
    except (StopIteration, IndexError):
        end = -1
    return value if end == len(text) else json.loads(text)  # blanks in it, or none at all


def _value(text: str, at: int, levels: int) -> tuple[Any, int]:
    """The value at `at` of compact JSON, and where it ends."""
    if levels and text[at] == "[":
        return _list(text, at, levels - 1)
    if levels and text[at] == "{":
        return _object(text, at, levels - 1)
    value, end = _scan(text, at)
    return value, end


def _list(text: str, at: int, levels: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    at += 1
    if text[at] == "]":
        return items, at + 1
    while True:
        item, at = _value(text, at, levels)
        items.append(item)
        if text[at] != ",":
            break
        at += 1
    if text[at] != "]":
        raise StopIteration
    return items, at + 1


def _object(text: str, at: int, levels: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    at += 1
    if text[at] == "}":
        return members, at + 1
    while True:
        key, at = _scan(text, at)
        if not isinstance(key, str) or text[at] != ":":
            raise StopIteration
        members[key], at = _value(text, at + 1, levels)
        if text[at] != ",":
            break
        at += 1
    if text[at] != "}":
        raise StopIteration
    return members, at + 1
