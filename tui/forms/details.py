"""All that the schema says of a field, and what stands there, as lines to read (F1). Pure; secrets stay hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from engine.schema import MASK, is_secret, mask, path_text
from tui.forms import fields, strict_json
from tui.forms.instance import ABSENT, get
from tui.forms.model import Form
from tui.forms.rows import HELP_WORDS, Row

Line = tuple[str, str]
"""Text and role."""

MOST_LINES = 2_000
MOST_OPTIONS = 500
LABEL = 12
DEEPEST = 100
"""Levels of a schema that are looked into."""
LONGEST = 2_000
"""Characters of one value that are shown."""
SHOWN = frozenset({
    "$schema", "$id", "$comment", "$defs", "definitions", "$ref", "$anchor", "type", "title", "description",
    "default", "examples", "format", "pattern", "enum", "const", "properties", "required", "items", "prefixItems",
    "additionalItems", "additionalProperties", "patternProperties", "propertyNames", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems",
    "uniqueItems", "contains", "minContains", "maxContains", "minProperties", "maxProperties", "oneOf", "anyOf",
    "allOf", "not", "if", "then", "else", "dependencies", "dependentRequired", "dependentSchemas",
    "unevaluatedProperties", "unevaluatedItems", "readOnly", "writeOnly", "deprecated", "contentMediaType",
    "contentEncoding", "contentSchema",
})  # fmt: skip
"""Keywords of the drafts; others are listed as they are."""
_VALUES = ("default", "const", "examples", "enum")


def detail_lines(form: Form, row: Row, error: str = "") -> list[Line]:
    """The help in full, path, type, limits, options, the value, unknown keywords, and the schema itself."""
    given, merged = form.schema_at(row.path)
    hidden = row.is_hidden
    lines: list[Line] = [(row.label, "head")]
    for text in _explained(row, merged):
        lines += [(line, "") for line in text.split("\n")]
        lines.append(("", ""))
    if error:
        lines.append((f"✗ {error}", "bad"))
    lines += _facts(row, merged, hidden=hidden)
    lines += _present(form, row, hidden=hidden)
    lines += _options(row, hidden=hidden)
    if row.branches:
        lines += [("", ""), ("forms", "head")]
        lines += [(f"{'●' if at == row.chosen else '○'} {label}", "") for at, label in enumerate(row.branches)]
    known = {*SHOWN, *HELP_WORDS, *fields.RETIRED_WORDS}
    others = {name: value for name, value in merged.items() if name not in known}
    if others:
        lines += [("", ""), ("further keywords", "head")]
        lines += [(f"{name}: {fields.brief(_hidden(value), LONGEST)}", "") for name, value in others.items()]
    lines += [("", ""), ("schema", "head"), *_schema(given, hidden=hidden)]
    if given != merged and isinstance(given, Mapping) and ("$ref" in given or "allOf" in given):
        lines += [("", ""), ("with its references and parts in one", "head"), *_schema(dict(merged), hidden=hidden)]
    return lines


def _explained(row: Row, merged: Mapping[str, Any]) -> list[str]:
    """All that the schema says in sentences, each once: the line under the field, then what is longer."""
    said = [merged.get(word) for word in HELP_WORDS]
    found = [*(text for text in said if isinstance(text, str) and text.strip())]
    return list(dict.fromkeys(found)) or [""]


def _facts(row: Row, merged: Mapping[str, Any], *, hidden: bool) -> Iterator[Line]:
    yield _fact("path", path_text(row.path) or "the whole")
    yield _fact("takes", " ".join(filter(None, [row.constraint or row.kind, "or null" if row.nullable else ""])))
    if row.required:
        yield _fact("required", row.because or "yes")
    for label, given in (("read only", row.read_only), ("deprecated", row.deprecated)):
        if given:
            yield _fact(label, "yes")
    for word in (*fields.RETIRED_WORDS, "$comment"):
        if isinstance(merged.get(word), str):
            yield _fact("comment" if word == "$comment" else "instead", merged[word])
    if row.section:
        yield _fact("section", row.section)
    if row.default is not ABSENT:
        yield _fact("default", MASK if hidden else fields.brief(_hidden(row.default), LONGEST))
    if row.note:
        yield row.note, "warn"
    if row.reason:
        yield _fact("as JSON", row.reason)
    for name in ("format", "pattern", "contentMediaType", "contentEncoding", "multipleOf", "minLength", "maxLength"):
        if name in merged:
            yield _fact(name, fields.brief(merged[name], LONGEST))
    examples = merged.get("examples", merged.get("example", ABSENT))
    if examples is not ABSENT and not hidden:
        for at, example in enumerate(examples if isinstance(examples, list) else [examples]):
            yield _fact("examples" if not at else "", fields.brief(example, LONGEST))


def _present(form: Form, row: Row, *, hidden: bool) -> Iterator[Line]:
    states = {"absent": "unset: nothing is sent", "null": "null", "empty": "empty"}
    if row.state != "value":
        yield _fact("now", states[row.state])
    else:
        value = MASK if hidden else get(mask(form.schema, form.instance), row.path)
        yield _fact("now", fields.brief(value, LONGEST))
    if row.suggestion is not ABSENT:
        yield _fact("suggested", MASK if hidden else fields.brief(row.suggestion, LONGEST))


def _options(row: Row, *, hidden: bool) -> Iterator[Line]:
    if not row.options or hidden:
        return
    yield "", ""
    yield "options", "head"
    for at, (label, value) in enumerate(row.options[:MOST_OPTIONS]):
        raw = fields.brief(value)
        yield (f"{label}  {raw}" if raw != label else label), ""
        if at < len(row.option_help) and row.option_help[at]:
            yield f"    {row.option_help[at]}", "dim"
    if len(row.options) > MOST_OPTIONS:
        yield f"… and {len(row.options) - MOST_OPTIONS:,} more", "dim"


def _schema(schema: Any, *, hidden: bool) -> list[Line]:
    text = strict_json.dump(_hidden(schema, itself=hidden))
    lines = [(line, "json") for line in islice(text.split("\n"), MOST_LINES)]
    return [*lines, ("… and more lines", "dim")] if len(lines) == MOST_LINES else lines


def _hidden(schema: Any, *, itself: bool = False, depth: int = 0) -> Any:
    """A copy in which the default and the examples of every secret are masked."""
    if depth > DEEPEST or not isinstance(schema, Mapping | list):
        return schema
    if isinstance(schema, list):
        return [_hidden(item, depth=depth + 1) for item in schema]
    made: dict[str, Any] = {}
    for name, inner in schema.items():
        if name in ("properties", "patternProperties") and isinstance(inner, Mapping):
            made[name] = {
                key: _hidden(child, itself=is_secret(str(key), child), depth=depth + 1) for key, child in inner.items()
            }
        elif itself and name in _VALUES:
            made[name] = MASK
        else:
            made[name] = _hidden(inner, depth=depth + 1)
    return made


def _fact(label: str, value: str) -> Line:
    return f"{label:<{LABEL}}{value}", ""


def text_of(lines: Sequence[Line]) -> str:
    """The lines to copy."""
    return "\n".join(text for text, _ in lines)
