"""How what was typed is read: the type that a value of several types has, and whether a secret is only named. Pure."""

from __future__ import annotations

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


def readings(row: Row) -> list[Any]:
    """The values that the text of a union of scalars may be read as, the present one first; [] for other rows.

    A secret is text, whatever it looks like, until it is asked to be read otherwise.
    """
    value = row.value
    if row.kind not in ("any", "secret") or row.types == ("string",) or not isinstance(value, str | int | float | bool):
        return []
    text = value if isinstance(value, str) else strict_json.dump(value, None)
    found = [value]
    for other in (text, fields.read("any", text, row.types)):
        fits = not row.types or fields.types_of_value(other) & set(row.types)
        if fits and not isinstance(other, dict | list) and not any(type(other) is type(known) for known in found):
            found.append(other)
    return found if len(found) > 1 else []


def is_reference(text: str) -> bool:
    """Whether a secret is named by where it is kept, `env:NAME` or `keyring:NAME`, and not written out."""
    return bool(text) and text != MASK and mask({"writeOnly": True}, text) == text
