"""From a schema node to what is drawn: `$ref` and `allOf` merged on the way down, then the first kind that fits.

Nothing is built ahead: a node is resolved when its row is (forms.md 2.5), so recursion costs nothing until then.
Merging serves drawing only; what is valid is decided on the whole schema by `engine.schema`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import regex

from engine.schema import is_secret
from tui.forms import fields, strict_json

Schema = Mapping[str, Any]
Test = Callable[[Schema, Any], bool]
"""Whether a value satisfies a sub-schema of this document; used for `if`."""

MAX_REFS = 64
MAX_WALK = 5_000
PATTERN_SECONDS = 0.05
SCALARS = frozenset({"string", "integer", "number", "boolean"})
PATH_NAMES = ("_path", "_file", "_dir")
LONG_NAMES = frozenset({"query", "sql", "script", "body", "prompt", "message", "content"})
LONG_FORMATS = frozenset({"textarea", "multiline", "code", "sql", "json", "yaml"})
_SHAPE = frozenset({"type", "properties", "items", "prefixItems", "enum", "const", "$ref", "oneOf", "anyOf", "allOf"})


class Unresolved(ValueError):
    """A node that cannot be drawn; the message says why."""


@dataclass(frozen=True, slots=True)
class Node:
    """One place of the form. `schema` is merged; `options` of a choice are (label, value), `branches` of a union
    (label, schema); `types` are what an `any` takes; `origin` tells recursion: the identity of its definition.
    """

    schema: Schema
    kind: str
    nullable: bool = False
    reason: str = ""
    options: tuple[tuple[str, Any], ...] = ()
    branches: tuple[tuple[str, Schema], ...] = ()
    types: tuple[str, ...] = ()
    origin: int = 0
    required: frozenset[str] = frozenset()


@dataclass(slots=True)
class Resolver:
    """Resolves the nodes of one schema document, of which any part may be nonsense."""

    root: Any
    _flat: dict[int, tuple[Any, Schema]] = field(default_factory=dict)
    _anchors: dict[str, Any] | None = None

    def node(self, schema: Any, name: str, value: Any, test: Test) -> Node:
        """The node for `schema` under the property `name`, given the present value there. Never raises."""
        if schema is False:
            return Node({}, "raw", reason="no value is allowed here")
        try:
            origin = self._origin(schema)
            merged = self.flat(schema)
            for _ in range(8):  # a condition's branch may bring conditions of its own
                grown = self._conditions(merged, value, test)
                if grown is merged:
                    break
                merged = grown
            return self._classify(merged, name, value, origin)
        except Unresolved as problem:
            return Node({}, "raw", reason=str(problem))
        except RecursionError:
            return Node({}, "raw", reason="the schema refers to itself without end")

    def flat(self, schema: Any, depth: int = 0) -> Schema:
        """`schema` with its `$ref` chain and `allOf` merged in; raises `Unresolved`."""
        if not isinstance(schema, Mapping):
            return {}
        known = self._flat.get(id(schema))
        if known is not None:
            return known[1]
        if depth > MAX_REFS:
            raise Unresolved("the schema refers to itself without end")
        merged: Schema = schema
        reference = schema.get("$ref")
        if isinstance(reference, str):
            own = {key: value for key, value in schema.items() if key != "$ref"}
            merged = merge(own, self.flat(self.lookup(reference), depth + 1))
        parts = merged.get("allOf")
        if isinstance(parts, list):
            merged = {key: value for key, value in merged.items() if key != "allOf"}
            for part in parts:
                merged = merge(merged, self.flat(part, depth + 1))
        if merged is not schema:
            if len(self._flat) > MAX_WALK:
                self._flat.clear()
            self._flat[id(schema)] = (schema, merged)
        return merged

    def lookup(self, reference: str) -> Any:
        """What a local `$ref` names; remote ones are never fetched (forms.md 0.4). Raises `Unresolved`."""
        if not reference.startswith("#"):
            found = self._names().get(reference)
            if found is None:
                raise Unresolved(f"$ref {reference} is not part of this schema")
            return found
        found = self.root
        if reference in ("#", "#/"):
            return found
        if not reference.startswith("#/"):
            found = self._names().get(reference[1:])
            if found is None:
                raise Unresolved(f"$ref {reference} names nothing")
            return found
        for part in unquote(reference[2:]).split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                raise Unresolved(f"$ref {reference} names nothing")
        return found

    def child(self, node: Node, key: Any) -> Any:
        """The schema of a property or item of a container node; True where nothing is said of it."""
        schema = node.schema
        if isinstance(key, int):
            fixed = _fixed(schema)
            if key < len(fixed):
                return fixed[key]
            items = schema.get("items", True)
            return schema.get("additionalItems", True) if isinstance(items, list) else items
        properties = schema.get("properties")
        if isinstance(properties, Mapping) and key in properties:
            return properties[key]
        found = _pattern(schema.get("patternProperties"), key)
        if found is None:
            found = schema.get("additionalProperties", True)
        return True if found is False else found

    def _origin(self, schema: Any) -> int:
        """What tells that a node stands inside itself: the identity of the definition it refers to, 0 without one."""
        found = 0
        for _ in range(MAX_REFS):
            reference = schema.get("$ref") if isinstance(schema, Mapping) else None
            if not isinstance(reference, str):
                break
            schema = self.lookup(reference)
            found = id(schema)
        return id(schema) if schema is self.root else found

    def _names(self) -> dict[str, Any]:
        if self._anchors is None:
            self._anchors = {}
            stack, left = [self.root], MAX_WALK
            while stack and left:
                left -= 1
                item = stack.pop()
                if isinstance(item, Mapping):
                    for key in ("$anchor", "$dynamicAnchor", "$id", "id"):
                        name = item.get(key)
                        if isinstance(name, str):
                            self._anchors.setdefault(name.removeprefix("#"), item)
                    stack.extend(item.values())
                elif isinstance(item, list):
                    stack.extend(item)
        return self._anchors

    def _conditions(self, schema: Schema, value: Any, test: Test) -> Schema:
        """`schema` with the branches merged in that hold for `value`; the same object where none does."""
        grown: list[Any] = []
        if isinstance(schema.get("if"), Mapping | bool):
            branch = schema.get("then" if test(schema["if"], {} if value is None else value) else "else")
            grown.append(branch)
        present = value if isinstance(value, dict) else {}
        for keyword in ("dependentSchemas", "dependencies"):
            rules = schema.get(keyword)
            for key, rule in rules.items() if isinstance(rules, Mapping) else ():
                if key in present:
                    grown.append({"required": rule} if isinstance(rule, list) else rule)
        rules = schema.get("dependentRequired")
        for key, names in rules.items() if isinstance(rules, Mapping) else ():
            if key in present and isinstance(names, list):
                grown.append({"required": names})
        grown = [branch for branch in grown if isinstance(branch, Mapping)]
        if not grown:
            return schema
        gone = ("if", "then", "else", "dependentSchemas", "dependencies", "dependentRequired")
        merged: Schema = {key: item for key, item in schema.items() if key not in gone}
        for branch in grown:
            merged = merge(merged, self.flat(branch))
        return merged

    def _classify(self, schema: Schema, name: str, value: Any, origin: int) -> Node:
        schema, nullable, branches = self._union(schema)
        options = self._options(schema)
        required = frozenset(item for item in _list(schema.get("required")) if isinstance(item, str))
        if options is not None:
            nullable = nullable or any(item is None for _, item in options)
            return Node(schema, "choice", nullable, options=options, origin=origin)
        if "const" in schema:
            return Node(schema, "const", nullable, origin=origin)
        types = tuple(kind for kind in _types(schema) if kind != "null")
        nullable = nullable or "null" in _types(schema)
        if branches:
            flats = [self.flat(branch) for branch in branches]
            found = {kind for flat in flats for kind in (_types(flat) or ("object", "array"))}
            if found - {"null"} <= SCALARS:
                return Node(schema, "any", nullable, types=tuple(sorted(found - {"null"})), origin=origin)
            labelled = tuple((_branch_label(flat, at), merge(flat, schema)) for at, flat in enumerate(flats))
            return Node(schema, "union", nullable, branches=labelled, origin=origin)
        if len(types) > 1 and set(types) != {"integer", "number"}:
            if set(types) <= SCALARS:
                return Node(schema, "any", nullable, types=types, origin=origin)
            labelled = tuple((fields.NAMES.get(kind, kind), {**schema, "type": kind}) for kind in types)
            return Node(schema, "union", nullable, branches=labelled, origin=origin)
        kind = types[0] if len(types) == 1 else "number" if types else _implied(schema)
        kind, options = self._of_type(kind, schema, name, value)
        return Node(schema, kind, nullable, options=options or (), types=types, origin=origin, required=required)

    def _of_type(
        self, kind: str, schema: Schema, name: str, value: Any
    ) -> tuple[str, tuple[tuple[str, Any], ...] | None]:
        if kind == "array":
            if _fixed(schema):
                return "tuple", None
            if schema.get("uniqueItems") is True:
                options = self._options(self.flat(schema.get("items")))
                if options is not None:
                    return "choices", options
            return "array", None
        if kind == "object":
            properties = schema.get("properties")
            return ("object" if isinstance(properties, Mapping) and properties else "map"), None
        if kind == "any":
            secret = is_secret(name, schema) and not isinstance(value, dict | list)
            return ("secret" if secret else "any"), None
        if kind == "string":
            return _string_kind(schema, name, value), None
        return (kind if kind in SCALARS else "any"), None

    def _union(self, schema: Schema) -> tuple[Schema, bool, list[Any]]:
        """(schema without its unions, may it be null, the branches): `anyOf [X, null]` is X (forms.md 1.4)."""
        nullable = schema.get("nullable") is True or schema.get("x-nullable") is True
        for keyword in ("oneOf", "anyOf"):
            branches = schema.get(keyword)
            if not isinstance(branches, list) or not branches or self._options(schema) is not None:
                continue
            flats = [self.flat(branch) for branch in branches]
            if not all(_SHAPE & flat.keys() for flat in flats):
                continue  # such branches only demand (`required`, `not`): nothing to draw
            rest = {key: item for key, item in schema.items() if key != keyword}
            real = [branch for branch, flat in zip(branches, flats, strict=True) if not _is_null(flat)]
            nullable = nullable or len(real) < len(branches)
            if len(real) == 1:
                inner, more, found = self._union(merge(rest, self.flat(real[0])))
                return inner, nullable or more, found
            return rest, nullable, real
        return schema, nullable, []

    def _options(self, schema: Schema) -> tuple[tuple[str, Any], ...] | None:
        """The choices of an enum, or of a oneOf/anyOf whose branches are all constants; else None."""
        enum = schema.get("enum")
        if isinstance(enum, list) and enum:
            labels = _enum_labels(schema, len(enum))
            return tuple((label or fields.brief(value), value) for label, value in zip(labels, enum, strict=True))
        for keyword in ("oneOf", "anyOf"):
            branches = schema.get(keyword)
            if not isinstance(branches, list) or not branches:
                continue
            found: list[tuple[str, Any]] = []
            for branch in branches:
                flat = self.flat(branch)
                if "const" in flat:
                    found.append((_text(flat.get("title")) or fields.brief(flat["const"]), flat["const"]))
                elif _is_null(flat):
                    found.append(("null", None))
                elif isinstance(flat.get("enum"), list) and flat.get("enum"):
                    found.extend((fields.brief(value), value) for value in flat["enum"])
                else:
                    break
            else:
                if any(value is not None for _, value in found):
                    return tuple(found)
        return None


def merge(own: Schema, other: Schema) -> Schema:
    """Both schemas in one, for drawing: `own` wins where only one can; properties and `required` are joined."""
    if not other:
        return own
    merged = dict(own)
    for key, value in other.items():
        mine = merged.get(key)
        if key not in merged:
            merged[key] = value
        elif key == "properties" and isinstance(mine, Mapping) and isinstance(value, Mapping):
            joined = dict(mine)
            for name, schema in value.items():
                joined[name] = {"allOf": [joined[name], schema]} if name in joined else schema
            merged[key] = joined
        elif key == "required" and isinstance(mine, list) and isinstance(value, list):
            merged[key] = [*mine, *(name for name in value if name not in mine)]
        elif key == "type":
            merged[key] = _meet(mine, value)
        elif key in ("minimum", "minLength", "minItems") and _both_numbers(mine, value):
            merged[key] = max(mine, value)
        elif key in ("maximum", "maxLength", "maxItems") and _both_numbers(mine, value):
            merged[key] = min(mine, value)
        elif key == "enum" and isinstance(mine, list) and isinstance(value, list):
            merged[key] = [item for item in mine if any(strict_json.equal(item, other) for other in value)] or mine
    return merged


def _meet(mine: Any, other: Any) -> Any:
    one, two = _types({"type": mine}), _types({"type": other})
    both = [kind for kind in one if kind in two or (kind == "integer" and "number" in two)]
    both += [kind for kind in two if kind == "integer" and "number" in one and kind not in both]
    return both or mine


def _both_numbers(one: Any, two: Any) -> bool:
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in (one, two))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _types(schema: Schema) -> tuple[str, ...]:
    given = schema.get("type")
    if isinstance(given, str):
        return (given,) if given in fields.NAMES else ()
    return tuple(dict.fromkeys(kind for kind in _list(given) if isinstance(kind, str) and kind in fields.NAMES))


def _fixed(schema: Schema) -> list[Any]:
    return _list(schema.get("prefixItems")) or _list(schema.get("items"))


def _is_null(schema: Schema) -> bool:
    return (
        _types(schema) == ("null",) or ("const" in schema and schema["const"] is None) or schema.get("enum") == [None]
    )


def _implied(schema: Schema) -> str:
    """What a schema without a type is about, by its keywords."""
    if (
        isinstance(schema.get("properties"), Mapping)
        or "additionalProperties" in schema
        or "patternProperties" in schema
    ):
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return "any"


def _pattern(rules: Any, key: str) -> Any:
    for pattern, schema in rules.items() if isinstance(rules, Mapping) else ():
        try:
            if regex.search(pattern, key, timeout=PATTERN_SECONDS):
                return schema
        except (regex.error, TimeoutError):
            continue
    return None


def _string_kind(schema: Schema, name: str, value: Any) -> str:
    if is_secret(name, schema):
        return "secret"
    form = _text(schema.get("format"))
    if form in ("date", "time"):
        return form
    if form == "date-time":
        return "datetime"
    if (
        form in ("path", "file-path", "directory-path")
        or name.endswith(PATH_NAMES)
        or name in ("cwd", "working_dir", "path")
    ):
        return "path"
    longest = schema.get("maxLength")
    if (
        form in LONG_FORMATS
        or "contentMediaType" in schema
        or (isinstance(longest, int) and longest > 200)
        or name in LONG_NAMES
        or any(isinstance(text, str) and "\n" in text for text in (schema.get("default"), value))
    ):
        return "multiline"
    return "text"


def _enum_labels(schema: Schema, count: int) -> list[str]:
    for key in ("enumNames", "x-enumNames", "x-enum-varnames"):
        names = schema.get(key)
        if isinstance(names, list) and len(names) == count:
            return [_text(name) for name in names]
    options = schema.get("options")
    titles = options.get("enum_titles") if isinstance(options, Mapping) else None
    if isinstance(titles, list) and len(titles) == count:
        return [_text(title) for title in titles]
    return [""] * count


def _branch_label(schema: Schema, at: int) -> str:
    """title, else the const of a discriminator, else the first three property names (forms.md 1.4)."""
    if _text(schema.get("title")):
        return _text(schema["title"])
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and properties:
        for item in properties.values():
            if isinstance(item, Mapping) and "const" in item:
                return fields.brief(item["const"])
        return ", ".join(list(properties)[:3])
    kinds = _types(schema)
    return " or ".join(fields.NAMES[kind] for kind in kinds) if kinds else f"form {at + 1}"


def defined(node: Node) -> Iterator[tuple[str, Any]]:
    """The properties of an object node, required ones first, then by `order`, then as the schema has them."""
    properties = node.schema.get("properties")
    if not isinstance(properties, Mapping):
        return
    order = node.schema.get("ui:order", node.schema.get("order"))
    places = {name: at for at, name in enumerate(_list(order)) if isinstance(name, str)}

    def place(pair: tuple[int, tuple[str, Any]]) -> tuple[bool, float, int]:
        at, (name, schema) = pair
        own = schema.get("propertyOrder", schema.get("order")) if isinstance(schema, Mapping) else None
        number = own if isinstance(own, int | float) and not isinstance(own, bool) else places.get(name, 1e9)
        return name not in node.required, number, at

    for _, (name, schema) in sorted(enumerate(properties.items()), key=place):
        yield name, schema
