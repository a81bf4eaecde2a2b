"""How what was typed is read: the type that a value of several types has, and whether a secret is only named. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.schema import MASK, mask
from tui.forms import fields, strict_json
from tui.forms.rows import Row

_WORDS = {"string": "text", "boolean": "yes/no", "array": "list"}


def reading(value: Any) -> str:
    """The type that `value` is read as, in a word: `text`, `integer`, `number`, `yes/no`, `null`, `list`, `object`."""
    found = fields.types_of_value(value)
    name = (
        "integer"
        if "integer" in found and not isinstance(value, float)
        else min(found - {"integer"}, default="integer")
    )
    return _WORDS.get(name, name)


def retyped(text: str, types: Iterable[str]) -> str | None:
    """`text` as it must stand to be read as the other thing that it may be; None where it can be one thing only.

    `123` is a number and `"123"` text, where both are allowed; `types` empty allows all.
    """
    allowed = frozenset(types)
    value = fields.read("any", text, allowed)
    if not isinstance(value, str):
        return strict_json.dump(text, None) if not allowed or "string" in allowed else None
    if value != text and not isinstance(fields.read("any", value, allowed), str):
        return value
    return None


def is_retypable(row: Row, text: str) -> bool:
    """Whether `text` may be read in more than one way."""
    return row.kind == "any" and bool(text) and retyped(text, row.types) is not None


def is_reference(text: str) -> bool:
    """Whether a secret is named by where it is kept, `env:NAME` or `keyring:NAME`, and not written out."""
    return bool(text) and text != MASK and mask({"writeOnly": True}, text) == text
