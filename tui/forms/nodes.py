"""One place of the form: what kind of row draws a value of a schema; the first rule that fits wins (forms.md 5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.schema import is_secret
from engine.secrets import may_name
from tui.forms import fields
from tui.forms.conditions import Grown
from tui.forms.merged import Merged, Merger, Schema, types_of
from tui.forms.unions import SCALARS, Alternatives, Branch, alternatives, implied, is_null, scalar_base, value_types

PATH_NAMES = ("_path", "_file", "_dir")
PATHS = frozenset({"cwd", "working_dir", "path"})
PATH_FORMATS = frozenset({"path", "file-path", "directory-path", "file-path-pattern"})
LONG_NAMES = frozenset({"query", "sql", "script", "body", "prompt", "message", "content"})
LONG_FORMATS = frozenset({"textarea", "multiline", "multi-line", "code", "sql", "json", "yaml", "markdown", "html"})
LONG_LENGTH = 200
HIDEABLE = frozenset({"choice", "choices", "integer", "number"})
"""Kinds other than texts whose value a marker, or the name of the field, may make a secret."""
NOT_DRAWN = "has more alternatives than can be told apart"

Option = tuple[str, Any]


@dataclass(slots=True, eq=False)
class Node:
    """One place of the form, never changed once it is made.

    `schema` is merged; `options` of a choice are (label, value), `proposals` are values that may be overtyped;
    `branches` are those of a union; `types` are what an `any` takes; `origin` tells recursion: the identity of its
    definition. `properties` are (name, schema, required) in the order in which they are drawn; `hidden` those of
    conditions that do not hold; `because` says why some are required; `fixed` are the schemas of a tuple's places.
    """

    schema: Schema
    kind: str
    nullable: bool = False
    reason: str = ""
    options: list[Option] = field(default_factory=list)
    option_help: list[str] = field(default_factory=list)
    proposals: list[Any] = field(default_factory=list)
    branches: tuple[Branch, ...] = ()
    types: tuple[str, ...] = ()
    origin: int = 0
    required: frozenset[str] = frozenset()
    properties: tuple[tuple[str, Any, bool], ...] = ()
    hidden: frozenset[str] = frozenset()
    because: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    fixed: tuple[Any, ...] = ()
    is_typed: bool = True
    is_secret: bool = False
    """Whether the value is hidden though it is no text of a kind of its own: a choice, a number."""


def raw(reason: str) -> Node:
    """A place that has no row of its own kind, and why."""
    return Node({}, "raw", reason=reason)


def node_of(merger: Merger, grown: Grown, name: str, origin: int) -> Node:
    """The node of a merged schema under the property `name`; raises `Unresolved`."""
    found = alternatives(merger, grown.merged)
    schema = found.base.schema
    nullable = found.nullable or schema.get("nullable") is True or schema.get("x-nullable") is True
    made = _alternative(found, schema, name) if found.branches or found.too_many else _single(merger, schema, name)
    if made.kind in ("object", "map"):
        made.properties = tuple(_ordered(made.schema, made.required, found.base.sections))
        made.because = grown.because
        made.sections = found.base.sections
    made.is_secret = made.kind in HIDEABLE and _is_secret(name, made.schema)
    made.hidden = grown.hidden
    made.nullable = nullable or made.nullable
    made.origin = origin
    return made


def _alternative(found: Alternatives, schema: Schema, name: str) -> Node:
    """Branches: one choice where all are constants, one text where all are scalars, else a union."""
    if found.too_many:
        return Node(schema, "any", reason=NOT_DRAWN)
    constant = [_constants(branch) for branch in found.branches]
    if all(each is not None for each in constant):
        pairs = [pair for each in constant for pair in each or ()]
        options = [(label, value) for label, value, _ in pairs]
        nullable = any(value is None for _, value in options)
        return Node(schema, "choice", nullable, options=options, option_help=[help_ for _, _, help_ in pairs])
    types = frozenset().union(*(value_types(branch.merged) for branch in found.branches))
    nullable = "null" in types
    types -= {"null"}
    if "number" in types:
        types -= {"integer"}
    if types <= SCALARS:
        base = scalar_base(found.base, found.branches, types)
        proposals = [value for each in constant for _, value, _ in each or ()]
        if len(types) == 1:
            made = _of_type(next(iter(types)), {**base, "type": next(iter(types))}, name)
            made.nullable, made.proposals = nullable, proposals + made.proposals
            return made
        kind = "secret" if "string" in types and _is_secret(name, base) else "any"
        return Node(base, kind, nullable, types=tuple(sorted(types)), proposals=proposals)
    return Node(schema, "union", nullable, branches=found.branches, required=_required(schema))


def _constants(branch: Branch) -> list[tuple[str, Any, str]] | None:
    """(label, value, help) of a branch that is a constant or an enum; None of any other."""
    schema = branch.own.schema
    if isinstance(schema.get("properties"), Mapping) or branch.own.unions:
        return None
    if "const" in schema:
        title = schema.get("title")
        label = title if isinstance(title, str) and title else fields.brief(schema["const"])
        return [(label, schema["const"], _text(schema.get("description")))]
    options = _enum(schema)
    return [(label, value, "") for label, value in options] if options else None


def _single(merger: Merger, schema: Schema, name: str) -> Node:
    """A schema without unions."""
    options = _enum(schema)
    if options:
        nullable = any(value is None for _, value in options)
        if "const" not in schema:
            return Node(schema, "choice", nullable, options=options, option_help=_option_help(schema, len(options)))
    if "const" in schema:
        return Node(schema, "const", schema["const"] is None)
    given = types_of(schema)
    types = tuple(kind for kind in given if kind != "null")
    if given and not types:
        return Node({**schema, "const": None}, "const", nullable=True)
    nullable = "null" in given
    if len(types) > 1 and set(types) != {"integer", "number"}:
        if set(types) <= SCALARS:
            kind = "secret" if "string" in types and _is_secret(name, schema) else "any"
            return Node(schema, kind, nullable, types=types)
        branches = tuple(_type_branch(schema, kind) for kind in types)
        return Node(schema, "union", nullable, branches=branches)
    kind = types[0] if len(types) == 1 else "number" if types else implied(schema)
    if kind == "array" and not schema_fixed(schema) and schema.get("uniqueItems") is True:
        items = node_of(merger, Grown(merger.merged(schema.get("items"))), "", 0)
        if items.kind == "choice":
            listed, help_ = items.options, items.option_help
            return Node(schema, "choices", nullable, options=listed, option_help=help_, is_typed=bool(types))
    made = _of_type(kind, schema, name)
    made.nullable, made.is_typed = nullable, bool(types)
    return made


def _type_branch(schema: Schema, kind: str) -> Branch:
    """The schema as one of its types."""
    own = {**schema, "type": kind}
    own.pop("default", None)
    part = {"type": kind}
    return Branch(fields.NAMES[kind], Merged(own), Merged(part), (part,), {})


def _of_type(kind: str, schema: Schema, name: str) -> Node:
    types = (kind,) if kind else ()
    examples = schema.get("examples")
    proposals = list(examples) if isinstance(examples, list) else []
    if kind == "array":
        fixed = schema_fixed(schema)
        return Node(schema, "tuple" if fixed else "array", types=types, fixed=tuple(fixed))
    if kind == "object":
        properties = schema.get("properties")
        closed = schema.get("additionalProperties") is False and not schema.get("patternProperties")
        required = _required(schema)
        listed = bool(isinstance(properties, Mapping) and properties) or closed
        return Node(schema, "object" if listed else "map", types=types, required=required)
    if kind == "string":
        return Node(schema, string_kind(schema, name), types=types, proposals=proposals)
    if kind in SCALARS:
        return Node(schema, kind, types=types, proposals=proposals)
    secret = _is_secret(name, schema)
    return Node(schema, "secret" if secret else "any", types=types, proposals=proposals, is_typed=False)


_SECRET_MARKS = frozenset({"writeOnly", "x-secret", "x-sensitive", "ui:widget"})


def _is_secret(name: str, schema: Schema) -> bool:
    """`is_secret`, asked only where it may say yes: a form can have thousands of names."""
    asked = not _SECRET_MARKS.isdisjoint(schema) or schema.get("format") == "password"
    return (asked or may_name(name)) and is_secret(name, schema)


def string_kind(schema: Schema, name: str) -> str:
    """Which kind of row edits a text (rules 13 to 19)."""
    if _is_secret(name, schema):
        return "secret"
    form = _text(schema.get("format"))
    widget = _text(schema.get("ui:widget", schema.get("x-widget")))
    if form in ("date", "time"):
        return form
    if form == "date-time":
        return "datetime"
    if form in PATH_FORMATS:
        return "path"
    longest = schema.get("maxLength")
    if (
        form in LONG_FORMATS
        or schema.get("x-multiline") is True
        or schema.get("multiline") is True
        or widget in ("textarea", "multiline")
        or "contentMediaType" in schema
        or "contentEncoding" in schema
        or (isinstance(longest, int) and longest > LONG_LENGTH and not form)
        or name in LONG_NAMES
        or "\n" in _text(schema.get("default"))
    ):
        return "multiline"
    return "path" if name.endswith(PATH_NAMES) or name in PATHS else "text"


def schema_fixed(schema: Schema) -> list[Any]:
    """The schemas of a tuple's own places."""
    for keyword in ("prefixItems", "items"):
        given = schema.get(keyword)
        if isinstance(given, list) and given:
            return given
    return []


def _ordered(schema: Schema, required: frozenset[str], sections: Mapping[str, str]) -> list[tuple[str, Any, bool]]:
    """The properties, by section; required ones first, then by `order`, then as the schema has them, deprecated last.

    What is required and declared nowhere is drawn too: it has to be filled.
    """
    named = schema.get("properties")
    properties = dict(named) if isinstance(named, Mapping) else {}
    for name in schema.get("required", ()) if isinstance(schema.get("required"), list) else ():
        if isinstance(name, str) and name not in properties:
            properties[name] = undeclared(schema, name)
    order = next((schema[key] for key in ("ui:order", "x-order", "order", "propertyOrder") if key in schema), None)
    listed = [name for name in order if isinstance(name, str)] if isinstance(order, list) else []
    places: dict[str, float] = {name: at for at, name in enumerate(listed)}
    rest = places.get("*", float(len(places)))
    groups = {title: at for at, title in enumerate(dict.fromkeys(sections.values()), 1)}

    def place(pair: tuple[int, tuple[str, Any]]) -> tuple[int, bool, bool, float, int]:
        at, (name, inner) = pair
        own, old = None, False
        if isinstance(inner, Mapping):
            own = next((inner[key] for key in ("propertyOrder", "x-order", "order") if key in inner), None)
            old = fields.is_deprecated(inner)
        number = own if isinstance(own, int | float) and not isinstance(own, bool) else places.get(name, rest)
        return groups.get(sections.get(name, ""), 0), old, name not in required, number, at

    return [(name, inner, name in required) for _, (name, inner) in sorted(enumerate(properties.items()), key=place)]


def undeclared(schema: Schema, name: str) -> Any:
    """The schema of a property that is not declared, where no pattern speaks of it."""
    found = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
    return found if isinstance(found, Mapping) else True


def _required(schema: Schema) -> frozenset[str]:
    given = schema.get("required")
    return frozenset(name for name in given if isinstance(name, str)) if isinstance(given, list) else frozenset()


def _enum(schema: Schema) -> list[Option]:
    enum = schema.get("enum")
    if not isinstance(enum, list) or not enum:
        return []
    labels = _enum_labels(schema, len(enum))
    return [(label or fields.brief(value), value) for label, value in zip(labels, enum, strict=True)]


def _enum_labels(schema: Schema, count: int) -> list[str]:
    options = schema.get("options")
    inner = options.get("enum_titles") if isinstance(options, Mapping) else None
    shown = schema.get("values_display")
    if isinstance(shown, Mapping):  # Airflow: value → label
        return [_text(shown.get(value)) if isinstance(value, str) else "" for value in schema["enum"]]
    for names in (
        *(schema.get(key) for key in ("enumNames", "ui:enumNames", "x-enumNames", "x-enum-varnames", "enumTitles")),
        inner,
    ):
        if isinstance(names, list) and len(names) == count:
            return [_text(name) for name in names]
    return [""] * count


def _option_help(schema: Schema, count: int) -> list[str]:
    for key in ("enumDescriptions", "x-enumDescriptions", "x-enum-descriptions", "markdownEnumDescriptions"):
        given = schema.get(key)
        if isinstance(given, list) and len(given) == count:
            return [_text(each) for each in given]
        if isinstance(given, Mapping):
            return [_text(given.get(value)) if isinstance(value, str) else "" for value in schema["enum"]]
    return []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


__all__ = ["Node", "is_null", "node_of", "raw", "schema_fixed", "string_kind", "undeclared"]
