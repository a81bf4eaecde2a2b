"""The alternatives of a value: oneOf and anyOf as branches to choose from, as one choice, or as nothing to draw.

Unions inside unions are one list of branches; of two unions beside each other every pair is a branch. "X or null" is X
(forms.md 1.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tui.forms import fields
from tui.forms.merged import NOTHING, Merged, Merger, Schema, both, merge, types_of
from tui.forms.references import Unresolved

MAX_BRANCHES = 200
"""Branches that are told apart; a product of unions can have more, and is then one value edited as JSON."""
MAX_NESTED = 6
MAX_TRIED = 1_000
"""Branches that are looked into for one value: unions inside unions multiply."""
SCALARS = frozenset({"string", "integer", "number", "boolean"})
_SHAPE = frozenset({"type", "properties", "items", "prefixItems", "enum", "const", "additionalProperties", "format"})
_LABELS = frozenset({"title", "description"})


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One alternative. `merged` includes what is said beside the union, `own` does not; `parts` are its schemas as they
    stand in the document, which all hold for a value of this branch; `tells` are constants that tell it apart."""

    label: str
    merged: Merged
    own: Merged
    parts: tuple[Any, ...]
    tells: Mapping[str, Any]
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Alternatives:
    """What the unions of one value come to: `base` is what is left beside them."""

    base: Merged
    nullable: bool = False
    branches: tuple[Branch, ...] = ()
    too_many: bool = False


class _TooMany(Exception):
    """More branches than are looked into."""


def alternatives(merger: Merger, merged: Merged) -> Alternatives:
    """The unions of `merged`, one after the other, as one list of branches."""
    try:
        return _alternatives(merger, merged, 0, iter(range(MAX_TRIED)))
    except _TooMany:
        return Alternatives(merged, too_many=True)


def _alternatives(merger: Merger, merged: Merged, depth: int, left: Iterator[int]) -> Alternatives:
    """`left` gives one a branch that may still be looked into."""
    for at, (_, branches) in enumerate(merged.unions):
        if len(branches) > MAX_BRANCHES:
            return Alternatives(merged, too_many=True)
        flats = [_flat(merger, branch) for branch in branches]
        rest = replace(merged, unions=merged.unions[:at] + merged.unions[at + 1 :])
        if not _draws(merged, [flat for flat, _ in flats]):
            continue
        nullable = any(is_null(flat.schema) for flat, _ in flats)
        real = [(b, *flat) for b, flat in zip(branches, flats, strict=True) if not is_null(flat[0].schema)]
        if len(real) == 1 and depth < MAX_NESTED:
            if real[0][2]:
                raise Unresolved(real[0][2])
            inner = _alternatives(merger, both(rest, real[0][1]), depth + 1, left)
            return replace(inner, nullable=nullable or inner.nullable)
        if not real:
            return Alternatives(replace(rest, schema={**rest.schema, "const": None}))
        found = _expanded(merger, rest, real, depth, left)
        nullable = nullable or any(each.nullable for each in found)
        listed = tuple(branch for each in found for branch in each.branches)
        if len(listed) > MAX_BRANCHES:
            return Alternatives(rest, nullable, too_many=True)
        return Alternatives(rest, nullable, _distinct(listed))
    return Alternatives(replace(merged, unions=()) if merged.unions else merged)


def _flat(merger: Merger, branch: Any) -> tuple[Merged, str]:
    """The branch in one piece, or why it cannot be drawn."""
    if branch is False:
        return NOTHING, "no value is allowed here"
    try:
        return merger.merged(branch), ""
    except Unresolved as problem:
        return NOTHING, str(problem)


def _draws(merged: Merged, flats: list[Merged]) -> bool:
    """Whether the branches are forms of their own; those that only demand (`required`, `not`, bounds) are not."""
    known = merged.schema.get("properties")
    declared = known if isinstance(known, Mapping) else {}
    typed = bool(types_of(merged.schema)) or bool(declared)
    shaped = [flat for flat in flats if flat.schema.keys() & _SHAPE or flat.unions]
    if not shaped:
        return False
    if not typed:
        return True
    if declared:  # an object: only what it does not declare itself is worth a choice
        return any(
            set(named) - declared.keys()
            for flat in shaped
            if isinstance(named := flat.schema.get("properties"), Mapping)
        ) or any(flat.schema.keys() & {"enum", "const", "items"} or flat.unions for flat in shaped)
    return len(shaped) == len(flats) or any(
        flat.schema.keys() & {"properties", "items", "enum", "const"} for flat in shaped
    )


def _expanded(
    merger: Merger, rest: Merged, real: list[tuple[Any, Merged, str]], depth: int, left: Iterator[int]
) -> list[Alternatives]:
    """For each branch its own alternatives, at least itself."""
    found: list[Alternatives] = []
    tells = _tells([flat for _, flat, _ in real], rest.schema, [raw for raw, _, _ in real])
    for at, (raw, flat, reason) in enumerate(real):
        if depth and next(left, None) is None:
            raise _TooMany
        label = branch_label(raw, flat.schema, at)
        whole = both(flat, rest)  # the branch's own words win, as they are the narrower ones
        goes_in = depth < MAX_NESTED and not reason
        if whole.unions and not reason and not goes_in:
            raise _TooMany
        inner = _alternatives(merger, whole, depth + 1, left) if goes_in else Alternatives(whole)
        if len(inner.branches) > 1:
            titled = isinstance(flat.schema.get("title"), str)
            nested = tuple(
                replace(
                    each,
                    label=f"{label}: {each.label}" if titled else each.label,
                    parts=(raw, *each.parts),
                    own=both(each.own, flat),
                    tells={**tells[at], **each.tells},
                )
                for each in inner.branches
            )
            found.append(Alternatives(rest, inner.nullable, nested))
        else:
            one = Branch(label, inner.base, flat, (raw,), tells[at], reason)
            found.append(Alternatives(rest, inner.nullable, (one,)))
    return found


def _distinct(branches: tuple[Branch, ...]) -> tuple[Branch, ...]:
    """The branches with labels of which no two are the same."""
    seen: dict[str, int] = {}
    made = []
    for branch in branches:
        count = seen[branch.label] = seen.get(branch.label, 0) + 1
        made.append(branch if count == 1 else replace(branch, label=f"{branch.label} ({count})"))
    return tuple(made)


def _tells(flats: list[Merged], base: Schema, raws: list[Any]) -> list[Mapping[str, Any]]:
    """For each branch the constants under a name that all branches of objects give (forms.md 1.4)."""
    single: list[dict[str, Any]] = []
    for flat in flats:
        named = flat.schema.get("properties")
        consts = {}
        for name, schema in named.items() if isinstance(named, Mapping) else ():
            if isinstance(schema, Mapping) and "const" in schema:
                consts[name] = schema["const"]
            elif isinstance(schema, Mapping) and isinstance(schema.get("enum"), list) and len(schema["enum"]) == 1:
                consts[name] = schema["enum"][0]
        single.append(consts)
    objects = [consts for consts, flat in zip(single, flats, strict=True) if "properties" in flat.schema]
    shared = set.intersection(*map(set, objects)) if len(objects) > 1 else set()
    found: list[Mapping[str, Any]] = [{n: v for n, v in consts.items() if n in shared} for consts in single]
    told = base.get("discriminator")
    name = told.get("propertyName") if isinstance(told, Mapping) else None
    if isinstance(name, str) and name not in shared:
        mapping = told.get("mapping") if isinstance(told, Mapping) else None
        by_ref = {ref: value for value, ref in mapping.items()} if isinstance(mapping, Mapping) else {}
        for at, raw in enumerate(raws):
            reference = raw.get("$ref") if isinstance(raw, Mapping) else None
            value = by_ref.get(reference, reference.rpartition("/")[2] if isinstance(reference, str) else None)
            if value is not None:
                found[at] = {**found[at], name: value}
    return found


def is_null(schema: Schema) -> bool:
    """Whether only null fits."""
    return (
        types_of(schema) == ("null",) or ("const" in schema and schema["const"] is None) or schema.get("enum") == [None]
    )


def branch_label(raw: Any, schema: Schema, at: int) -> str:
    """title, else the const of a property, else the first three property names (forms.md 1.4)."""
    title = schema.get("title")
    if isinstance(title, str) and title:
        return title
    if "const" in schema:
        return fields.brief(schema["const"])
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and properties:
        for item in properties.values():
            if isinstance(item, Mapping) and "const" in item:
                return fields.brief(item["const"])
            if isinstance(item, Mapping) and isinstance(item.get("enum"), list) and len(item["enum"]) == 1:
                return fields.brief(item["enum"][0])
        return ", ".join(list(map(str, properties))[:3])
    reference = raw.get("$ref") if isinstance(raw, Mapping) else None
    if isinstance(reference, str) and reference.strip("#/"):
        return fields.humanise(reference.rpartition("/")[2])
    kinds = types_of(schema) or ((kind,) if (kind := implied(schema)) else ())
    if "enum" in schema and isinstance(schema["enum"], list):
        return ", ".join(fields.brief(value, 20) for value in schema["enum"][:3])
    words = " or ".join(fields.NAMES[kind] for kind in kinds) if kinds else f"form {at + 1}"
    items = schema.get("items")
    if kinds == ("array",) and isinstance(items, Mapping) and types_of(items):
        words = f"list of {' or '.join(fields.NAMES[kind] for kind in types_of(items))}"
    return f"{words} ({schema['format']})" if isinstance(schema.get("format"), str) else words


def value_types(merged: Merged) -> frozenset[str]:
    """The types that a value of this schema may have; all that are not scalars where it does not say."""
    schema = merged.schema
    given = types_of(schema)
    if given:
        return frozenset(given)
    if "const" in schema:
        return _one_type(schema["const"])
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return frozenset().union(*map(_one_type, schema["enum"]))
    kind = implied(schema)
    return frozenset({kind} if kind else {"object", "array"})


def _one_type(value: Any) -> frozenset[str]:
    found = fields.types_of_value(value)
    return frozenset({"integer"}) if "integer" in found else found


def implied(schema: Schema) -> str:
    """What a schema without a type is about, by its keywords; "" where they do not say."""
    if isinstance(schema.get("properties"), Mapping) or "patternProperties" in schema:
        return "object"
    if "additionalProperties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return ""


def scalar_base(base: Merged, branches: tuple[Branch, ...], types: frozenset[str]) -> Schema:
    """One schema for branches that are all scalars: that of the only free one, else what is said of all."""
    free = [each for each in branches if not each.own.schema.keys() & {"enum", "const"}]
    if len(free) == 1 and len(types) == 1:
        return merge({key: value for key, value in base.schema.items() if key in _LABELS}, free[0].merged.schema)
    return {**base.schema, "type": sorted(types)}
