"""Text and value, per kind of row: what is shown for a value, and what typed text means (forms.md 1.2, 1.3).

Text that cannot be read as the wanted kind stays in the instance as the text it is, so nothing typed is ever lost; the
checker then says what is wrong with it. No pattern here backtracks: pastes are long and hostile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tui.forms import strict_json

NUMBER_CHARACTERS = frozenset("0123456789+-.eE")
LONGEST_NUMBER = 400
"""Characters; longer digit strings stay text."""


_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_WORDS = re.compile(r"[_\-\s]+|(?<=[a-z0-9])(?=[A-Z])")

RETIRED_WORDS = ("deprecationMessage", "x-deprecationMessage", "markdownDeprecationMessage", "x-deprecated")
"""Keywords that say what to use in the place of a deprecated field."""

NAMES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "yes or no",
    "array": "list",
    "object": "object",
    "null": "null",
}


def hides(text: str) -> bool:
    """True where `text` holds characters that only an escaped form can show and edit without loss."""
    return not text.isprintable() and _HIDDEN.search(text) is not None


def read_number(text: str) -> int | float | None:
    """`text` as a number that keeps how it was typed, or None; linear in its length (forms.md 0.1).

    ASCII digits only: `1_000`, `١٢`, `0x1f`, `nan` and `1e400` are no numbers.
    """
    text = text.strip(" ")
    if not text or len(text) > LONGEST_NUMBER or not NUMBER_CHARACTERS.issuperset(text):
        return None
    try:
        digits = text[1:] if text[0] in "+-" else text
        return strict_json.whole(text) if digits.isdigit() else strict_json.real(text)
    except ValueError:
        return None


def read(kind: str, text: str, types: Iterable[str] = ()) -> Any:
    """The value that `text`, typed in a row of `kind`, stands for; `types` are what an `any` row may hold.

    A numeric row's text that is no number, and a JSON row's text that does not parse, come back as the text.
    """
    if kind in ("integer", "number"):
        number = read_number(text)
        return text if number is None else number
    if kind == "any":
        return _read_any(text, frozenset(types))
    return text


def _read_any(text: str, types: frozenset[str]) -> Any:
    """JSON if it parses to an allowed type, else the text (forms.md 1.4: `123` is a number, `"123"` is text)."""
    try:
        value = strict_json.parse(text)
    except strict_json.JsonError:
        return text
    return value if not types or types_of_value(value) & types else text


def types_of_value(value: Any) -> frozenset[str]:
    """The JSON Schema types that `value` has; a whole float is an integer too."""
    if value is None:
        return frozenset({"null"})
    if isinstance(value, bool):
        return frozenset({"boolean"})
    if isinstance(value, int):
        return frozenset({"integer", "number"})
    if isinstance(value, float):
        return frozenset({"integer", "number"} if value.is_integer() else {"number"})
    if isinstance(value, str):
        return frozenset({"string"})
    if isinstance(value, list):
        return frozenset({"array"})
    return frozenset({"object"})


def show(kind: str, value: Any) -> str:
    """The editable text of `value` in a row of `kind`; `read` of it gives `value` back where the row can hold it."""
    if isinstance(value, str):
        if kind in ("integer", "number") and read_number(value) is not None:
            return json.dumps(value)
        if kind == "any" and (hides(value) or _read_any(value, frozenset()) is not value):
            return strict_json.dump(value)
        return strict_json.dump(value) if kind == "raw" else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return strict_json.number_text(value)
    return strict_json.dump(value, 2 if kind == "raw" else None)


def brief(value: Any, limit: int = 60) -> str:
    """`value` on one line for summaries, ghost text and options: text bare, the rest as JSON."""
    text = value if isinstance(value, str) and value else strict_json.dump(value, None)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def is_deprecated(schema: Mapping[str, Any]) -> bool:
    """Whether a field is there for old runs only: by the draft's word, or by one that says what to use instead."""
    return schema.get("deprecated") is True or any(schema.get(word) for word in RETIRED_WORDS)


def humanise(name: str) -> str:
    """`max_tokens` and `maxTokens` as `Max tokens`; names with other signs in them stay as they are."""
    if not name.replace("_", "").replace("-", "").isalnum():
        return name
    words = [word for word in _WORDS.split(name) if word]
    if not words:
        return name
    rest = [word if word.isupper() else word[:1].lower() + word[1:] for word in words[1:]]
    return " ".join([words[0][:1].upper() + words[0][1:], *rest])


def constraint(schema: Mapping[str, Any], kind: str, types: Iterable[str] = ()) -> str:
    """What a row takes, in a few words for its right edge: `integer 1…300`, `text ≤20`, `>0 ×0.5`."""
    if kind in ("integer", "number"):
        return " ".join(filter(None, [kind, _bounds(schema), _step(schema)]))
    if kind in ("array", "tuple", "choices"):
        return _span(schema, "minItems", "maxItems", "items")
    if kind in ("map", "object"):
        return _span(schema, "minProperties", "maxProperties", "entries")
    if kind == "boolean":
        return "yes/no"
    if kind == "any":
        names = [NAMES.get(name, name) for name in types if name != "null"]
        return " or ".join(names) if names else "text or JSON"
    if kind in ("raw", "union"):
        return "JSON" if kind == "raw" else ""
    if kind in ("text", "multiline", "secret", "date", "time", "datetime", "path"):
        named = schema.get("format")
        plain = "text" if kind in ("path", "multiline") else kind
        name = named if isinstance(named, str) and kind != "secret" else plain
        return " ".join(filter(None, [name, _span(schema, "minLength", "maxLength", "")]))
    return ""


def _number(schema: Mapping[str, Any], key: str) -> str:
    given = schema.get(key)
    return strict_json.number_text(given) if isinstance(given, int | float) and not isinstance(given, bool) else ""


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = _number(schema, "minimum"), _number(schema, "maximum")
    above, below = _number(schema, "exclusiveMinimum"), _number(schema, "exclusiveMaximum")
    if schema.get("exclusiveMinimum") is True:
        low, above = "", low
    if schema.get("exclusiveMaximum") is True:
        high, below = "", high
    if low and high:
        return f"{low}…{high}"
    parts = [
        f"≥{low}" if low else "",
        f">{above}" if above else "",
        f"≤{high}" if high else "",
        f"<{below}" if below else "",
    ]
    return " ".join(filter(None, parts))


def _step(schema: Mapping[str, Any]) -> str:
    step = _number(schema, "multipleOf")
    return f"×{step}" if step and step != "1" else ""


def _span(schema: Mapping[str, Any], least: str, most: str, unit: str) -> str:
    low, high = _number(schema, least), _number(schema, most)
    if low == "0":
        low = ""
    span = (
        low
        if low and low == high
        else f"{low}…{high}"
        if low and high
        else f"≥{low}"
        if low
        else f"≤{high}"
        if high
        else ""
    )
    return f"{span} {unit}".strip() if span else ""


def split_many(text: str) -> list[str]:
    """A paste of many items: a JSON array of scalars, else one item a line, else separated by commas."""
    try:
        value = strict_json.parse(text)
    except strict_json.JsonError:
        value = None
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return [item if isinstance(item, str) else strict_json.dump(item, None) for item in value]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        lines = [part.strip() for part in lines[0].split(",") if part.strip()]
    return lines


def split_pairs(text: str) -> list[tuple[str, Any]] | None:
    """A paste of many entries: a JSON object, or lines of `K=V`, `K: V`, `export K=V`, `-H 'K: V'`; else None."""
    try:
        value = strict_json.parse(text)
    except strict_json.JsonError:
        value = None
    if isinstance(value, dict):
        return list(value.items())
    pairs: list[tuple[str, Any]] = []
    for line in text.splitlines():
        line = line.strip().removesuffix("\\").strip()
        if not line or line.startswith("#"):
            continue
        pair = _pair(line)
        if pair is None:
            return None
        pairs.append(pair)
    return pairs or None


def _pair(line: str) -> tuple[str, str] | None:
    for lead in ("export ", "--header ", "-H "):
        line = line.removeprefix(lead).strip()
    line = _unquoted(line)
    places = [(at, sign) for sign in ("=", ":") if (at := line.find(sign)) > 0]
    if not places:
        return None
    at = min(places)[0]
    return line[:at].strip(), _unquoted(line[at + 1 :].strip())


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
