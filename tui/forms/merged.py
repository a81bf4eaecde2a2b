"""All that is said of one value in one piece: `$ref`s and `allOf` merged, unions and conditions set apart.

Merging serves drawing only; what is valid is decided on the whole schema by `engine.schema`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.forms import fields, strict_json
from tui.forms.references import KEYWORDS, References, Unresolved

MAX_REFS = 64
"""Levels of `$ref` (forms.md 2.5)."""
KEPT = 20_000
"""Merged schemas that are remembered."""

Schema = Mapping[str, Any]
_APART = frozenset(
    {
        *(*KEYWORDS, "allOf", "anyOf", "oneOf", "if", "then", "else"),
        *("dependencies", "dependentSchemas", "dependentRequired"),
    }
)
_OF_ONE = frozenset({"title", "description", "$id", "id", "$schema", "$comment", "$defs", "definitions", "$anchor"})
"""What of an allOf part speaks of the part only, where there are several."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What holds only sometimes: `part` while the value fits `when` (or has the property `has`), else `other`."""

    part: Any
    other: Any = None
    when: Any = None
    has: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """One value's schema. `unions` are (keyword, branches); `sections` names the titled allOf part of a property."""

    schema: Schema
    unions: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    rules: tuple[Rule, ...] = ()
    sections: Mapping[str, str] = field(default_factory=dict)


NOTHING = Merged({})


class Endless(Unresolved):
    """The value's schema needs itself to be known."""


@dataclass(slots=True)
class Merger:
    """Merges the nodes of one document, each once; a node that cannot be followed raises `Unresolved`."""

    references: References
    _known: dict[int, tuple[Any, Merged]] = field(default_factory=dict)
    _busy: set[int] = field(default_factory=set)

    def merged(self, schema: Any, depth: int = 0) -> Merged:
        """`schema`, which may be merged already, in one piece."""
        if isinstance(schema, Merged):
            return schema
        if not isinstance(schema, Mapping):
            return NOTHING
        known = self._known.get(id(schema))
        if known is not None:
            return known[1]
        if id(schema) in self._busy:
            raise Endless("the schema refers to itself without end")
        if depth > MAX_REFS:
            raise Endless(f"the schema refers on more than {MAX_REFS} times")
        self._busy.add(id(schema))
        try:
            found = self._made(schema, depth)
        finally:
            self._busy.discard(id(schema))
        if len(self._known) > KEPT:
            self._known.clear()
        self._known[id(schema)] = (schema, found)
        return found

    def _made(self, schema: Schema, depth: int) -> Merged:
        if _APART.isdisjoint(schema):
            return Merged(schema)
        found = _own(schema)
        lost: Unresolved | None = None
        for keyword in KEYWORDS:
            reference = schema.get(keyword)
            if not isinstance(reference, str):
                continue
            try:
                target = self.references.target(reference, schema)
            except Unresolved as problem:  # what stands beside it is still drawn, as the checker takes it too
                lost = problem
                continue
            found = both(found, self.merged(target, depth + 1))
        parts = schema.get("allOf")
        parts = [part for part in parts if isinstance(part, Mapping)] if isinstance(parts, list) else []
        for part in parts:
            try:
                inner = self.merged(part, depth)
            except Endless:
                raise
            except Unresolved as problem:
                lost = problem
                continue
            found = both(found, _part(inner, schema.get("title")) if len(parts) > 1 else inner)
        if lost is not None and not (found.schema.keys() & DRAWN or found.unions):
            raise lost
        return found


DRAWN = frozenset({"type", "properties", "items", "prefixItems", "enum", "const", "additionalProperties"})
"""Keywords that say what to draw."""


def _own(schema: Schema) -> Merged:
    """What the node says itself, its unions and conditions set apart."""
    unions = tuple((key, tuple(schema[key])) for key in ("oneOf", "anyOf") if isinstance(schema.get(key), list))
    rules: list[Rule] = []
    if isinstance(schema.get("if"), Mapping | bool) and ("then" in schema or "else" in schema):
        rules.append(Rule(schema.get("then"), schema.get("else"), when=schema["if"]))
    for keyword in ("dependentSchemas", "dependencies", "dependentRequired"):
        named = schema.get(keyword)
        for name, part in named.items() if isinstance(named, Mapping) else ():
            if isinstance(part, str):
                part = [part]
            rules.append(Rule({"required": part} if isinstance(part, list) else part, has=name))
    plain = {key: value for key, value in schema.items() if key not in _APART}
    return Merged(plain, tuple(union for union in unions if union[1]), tuple(rules))


def _part(inner: Merged, around: Any) -> Merged:
    """One of several allOf parts: its title, where it is another than `around`, is that of a section."""
    title = inner.schema.get("title")
    named = inner.schema.get("properties")
    sections = dict(inner.sections)
    if isinstance(title, str) and title and title != around and isinstance(named, Mapping):
        sections = {**dict.fromkeys(named, title), **sections}
    plain = {key: value for key, value in inner.schema.items() if key not in _OF_ONE}
    return Merged(plain, inner.unions, inner.rules, sections)


def both(own: Merged, other: Merged) -> Merged:
    """Both in one; `own` wins where only one can."""
    if other is NOTHING:
        return own
    sections = {**own.sections, **other.sections, **own.sections} if other.sections else own.sections  # own ones first
    return Merged(merge(own.schema, other.schema), own.unions + other.unions, own.rules + other.rules, sections)


_LEAST = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_MOST = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_EITHER = frozenset({"uniqueItems", "readOnly", "writeOnly", "deprecated", "x-secret", "x-sensitive"})
_SCHEMAS = frozenset({"items", "additionalProperties", "propertyNames", "contains"})


def merge(own: Schema, other: Schema) -> Schema:
    """Both schemas in one, for drawing: `own` wins where only one can; properties and `required` are joined."""
    if not other or own is other:
        return own
    if not own:
        return other
    merged = dict(own)
    for key, value in other.items():
        mine = merged.get(key)
        if key not in merged:
            merged[key] = value
        elif key in ("properties", "patternProperties") and isinstance(mine, Mapping) and isinstance(value, Mapping):
            merged[key] = _joined(mine, value)
        elif key == "required" and isinstance(mine, list) and isinstance(value, list):
            merged[key] = [*mine, *(name for name in value if name not in mine)]
        elif key == "type":
            merged[key] = _meet(mine, value)
        elif key in _MOST and _both_numbers(mine, value):
            merged[key] = max(mine, value)
        elif key in _LEAST and _both_numbers(mine, value):
            merged[key] = min(mine, value)
        elif key in _EITHER:
            merged[key] = mine is True or value is True
        elif key == "enum" and isinstance(mine, list) and isinstance(value, list):
            merged[key] = [item for item in mine if any(strict_json.equal(item, each) for each in value)] or mine
        elif key in _SCHEMAS and mine is not value:
            merged[key] = _narrowed(mine, value)
    return merged


def _joined(mine: Schema, other: Schema) -> Schema:
    joined = dict(mine)
    for name, schema in other.items():
        joined[name] = _narrowed(joined[name], schema) if name in joined else schema
    return joined


def _narrowed(mine: Any, other: Any) -> Any:
    """Two sub-schemas of one place in one."""
    if mine is False or other is False:
        return False
    if not isinstance(mine, Mapping):
        return other if not isinstance(mine, list) else mine
    if not isinstance(other, Mapping) or mine is other or not other:
        return mine
    titled = {key: mine.get(key, other.get(key)) for key in ("title", "description") if key in mine or key in other}
    return {"allOf": [mine, other], **titled}


def _meet(mine: Any, other: Any) -> Any:
    one, two = types_of({"type": mine}), types_of({"type": other})
    found = [kind for kind in one if kind in two or (kind == "integer" and "number" in two)]
    found += [kind for kind in two if kind == "integer" and "number" in one and kind not in found]
    return found or mine


def types_of(schema: Schema) -> tuple[str, ...]:
    """The types that a schema names; junk is passed over."""
    given = schema.get("type")
    if isinstance(given, str):
        return (given,) if given in fields.NAMES else ()
    each = given if isinstance(given, list) else []
    return tuple(dict.fromkeys(kind for kind in each if isinstance(kind, str) and kind in fields.NAMES))


def _both_numbers(one: Any, two: Any) -> bool:
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in (one, two))
