"""The rows of a form: one walk over schema and instance together, which also serves the payload and the secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from engine.schema import Checker, SchemaError, is_secret
from engine.schema import compile as compile_schema
from tui.forms import fields, strict_json
from tui.forms.instance import ABSENT, Path, state, step
from tui.forms.resolve import Node, Resolver, Schema, defined

OPEN_DEPTH = 5
"""Levels below which nothing opens by itself, so that required recursion ends."""

OPEN_ITEMS = 50
"""Longer lists start closed."""

CONTAINERS = frozenset({"object", "map", "array", "tuple", "union"})
TEXTS = frozenset({"text", "multiline", "secret", "path", "date", "time", "datetime"})
State = Literal["absent", "null", "empty", "value"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the form. `value` is ABSENT where nothing is sent; `default` is the schema's, or ABSENT.

    `name` is the raw key, `label` what is shown; `keyed` means that the key is the user's to choose, `removable` that
    the row is an item or entry; `chosen` is the branch of a union; `text` is what stands in the row's editor; `reason`
    says why a row is raw; `long` asks for an editor of several lines; `typed_name` is a key that could not be taken;
    `step` is what a number grows by, `most` how many items fit. All text is foreign.
    """

    path: Path
    kind: str
    label: str
    name: str
    help: str
    constraint: str
    state: State
    required: bool
    value: Any
    text: str
    default: Any = ABSENT
    constant: Any = ABSENT
    depth: int = 0
    options: tuple[tuple[str, Any], ...] = ()
    branches: tuple[str, ...] = ()
    chosen: int | None = None
    types: tuple[str, ...] = ()
    is_open: bool = False
    nullable: bool = False
    removable: bool = False
    keyed: bool = False
    read_only: bool = False
    long: bool = False
    typed_name: str = ""
    step: float = 1
    most: int | None = None
    reason: str = ""

    @property
    def is_container(self) -> bool:
        return self.kind in CONTAINERS

    @property
    def key(self) -> tuple[Path, bool]:
        """What tells rows apart: a union and its scalar branch share a path."""
        return self.path, self.kind == "union"


@dataclass(frozen=True, slots=True)
class Child:
    """One place inside a container, with the schema that holds there."""

    key: str | int
    schema: Any
    required: bool = False
    keyed: bool = False
    removable: bool = False
    cover: str = ""
    """The name that says what an item or free entry is: that of the list or map it stands in."""


@dataclass(slots=True)
class View:
    """What a person opened, chose and half typed in a form, beside the instance."""

    resolver: Resolver
    opened: dict[Path, bool] = field(default_factory=dict)
    chosen: dict[Path, int] = field(default_factory=dict)
    texts: dict[Path, str] = field(default_factory=dict)
    names: dict[Path, str] = field(default_factory=dict)
    long: set[Path] = field(default_factory=set)
    _tests: dict[int, tuple[Any, Checker | None]] = field(default_factory=dict)

    def test(self, schema: Any, value: Any) -> bool:
        """Whether `value` satisfies a part of this document's schema; False where the part is no schema."""
        known = self._tests.get(id(schema))
        if known is None:
            root = self.resolver.root if isinstance(self.resolver.root, Mapping) else {}
            shared = {key: root[key] for key in ("$schema", "$defs", "definitions") if key in root}
            try:
                checker = compile_schema({**shared, **schema} if isinstance(schema, Mapping) else schema)
            except SchemaError:
                checker = None
            known = self._tests[id(schema)] = (schema, checker)
        return known[1] is not None and known[1].is_valid(strict_json.plain(value))

    def node(self, schema: Any, key: str | int, value: Any) -> Node:
        return self.resolver.node(schema, str(key), None if value is ABSENT else value, self.test)

    def inner(self, path: Path, node: Node, value: Any) -> Node:
        """The node itself, or that of a union's chosen branch; a union of unions is edited as JSON."""
        if node.kind != "union":
            return node
        branch = self.branch(path, node, value)
        if branch is None:
            return node
        found = self.node(node.branches[branch][1], path[-1] if path else "", value)
        return Node(found.schema, "raw", reason="alternatives within alternatives") if found.kind == "union" else found

    def branch(self, path: Path, node: Node, value: Any) -> int | None:
        """The user's choice, which stays, else the branch that the data fits best; None without data (forms.md 1.4)."""
        chosen = self.chosen.get(path)
        if chosen is None and value is not ABSENT and value is not None:
            scores = [self._fit(self.node(schema, "", value), value) for _, schema in node.branches]
            chosen = self.chosen[path] = max(range(len(scores)), key=scores.__getitem__)
        return chosen if chosen is not None and chosen < len(node.branches) else None

    def _fit(self, node: Node, value: Any) -> tuple[int, ...]:
        """How well `value` fits: its type, constants that tell, required keys there, keys known, types met."""
        if not isinstance(value, dict):
            suits = _suits(node, value)
            items = node.schema.get("items")
            fits = (
                isinstance(value, list)
                and suits
                and all(_suits(self.node(items, 0, item), item) for item in value[:20])
            )
            return (int(suits), int(suits), int(fits), 0, 0)
        if node.kind not in ("object", "map", "any"):
            return (0, 0, 0, 0, 0)
        known = node.schema.get("properties")
        properties = known if isinstance(known, Mapping) else {}
        inside = [(self.node(properties[key], key, item), item) for key, item in value.items() if key in properties]
        told = [_has(child, item) for child, item in inside if child.kind in ("const", "choice")]
        present = sum(key in value for key in node.required)
        unknown = len(value) - len(inside) if node.schema.get("additionalProperties") is not True else 0
        met = sum(_suits(child, item) for child, item in inside)
        return (1, int(all(told)), present - len(node.required), -unknown, met)

    def children(self, node: Node, value: Any, cover: str = "") -> Iterator[Child]:
        """What stands inside an object, map, array or tuple, present or not: properties, then further entries."""
        if node.kind in ("array", "tuple"):
            items = value if isinstance(value, list) else []
            fixed = 0
            if node.kind == "tuple":
                fixed = len(node.schema.get("prefixItems") or node.schema["items"])
            for at in range(max(len(items), fixed)):
                yield Child(at, self.resolver.child(node, at), removable=at >= fixed, required=True, cover=cover)
            return
        seen = set()
        for name, schema in defined(node):
            seen.add(name)
            yield Child(name, schema, required=name in node.required)
        for name in value if isinstance(value, dict) else ():
            if isinstance(name, str) and name not in seen:
                yield Child(name, self.resolver.child(node, name), name in node.required, True, True, cover)

    def rows(self, schema: Any, value: Any) -> Iterator[Row]:
        """The open rows of the whole form; an object at the root has no row of its own."""
        yield from self._walk(Child("", schema, required=True), (), value, 0, frozenset())

    def _walk(self, child: Child, path: Path, value: Any, depth: int, above: frozenset[int]) -> Iterator[Row]:
        node = self.node(child.schema, child.key, value)
        if child.cover and node.kind in (*TEXTS, "any") and is_secret(child.cover, node.schema):
            node = replace(node, kind="secret")
        if value is ABSENT and _hidden(child.schema, node.schema):
            return
        at_root = not path and node.kind == "object" and (value is ABSENT or isinstance(value, dict))
        row = self._row(child, path, value, node, depth, recursive=node.origin in above)
        if not at_root:
            yield row
            if not row.is_open:
                return
        above = above | {node.origin} if node.origin else above
        inner = self.inner(path, node, value)
        below = depth if at_root else depth + 1
        if node.kind == "union" and inner.kind != "object" and inner is not node:
            yield self._row(Child(child.key, inner.schema, child.required), path, value, inner, below)
            below += inner.kind in CONTAINERS
        if inner.kind in CONTAINERS - {"union"}:
            cover = child.cover if isinstance(child.key, int) else str(child.key)
            for item in self.children(inner, value, cover):
                yield from self._walk(item, (*path, item.key), step(value, item.key), below, above)

    def _row(self, child: Child, path: Path, value: Any, node: Node, depth: int, *, recursive: bool = False) -> Row:
        schema, kind, reason = node.schema, node.kind, node.reason
        if kind in CONTAINERS and not _holds(kind, value):
            kind, reason = "raw", f"this is no {fields.NAMES['array' if kind in ('array', 'tuple') else 'object']}"
        if kind in TEXTS and isinstance(value, str) and kind != "secret":
            if fields.hides(value):
                kind, reason = "raw", "holds characters that do not show; edit it as JSON text"
            elif kind == "text" and (path in self.long or "\n" in value):
                kind = "multiline"
        default = schema.get("default", ABSENT)
        title = schema.get("title")
        name = str(child.key)
        label = title if isinstance(title, str) and title else fields.humanise(name)
        if isinstance(child.key, int):
            label = label if isinstance(title, str) and title and not child.removable else str(child.key + 1)
        elif child.keyed:
            label = name
        described = schema.get("description")
        shown = "" if value is ABSENT or value is None or kind in CONTAINERS else fields.show(kind, value)
        text = self.texts.get(path, shown)
        step, most = schema.get("multipleOf"), schema.get("maxItems")
        return Row(
            path=path,
            kind=kind,
            label=label if path else "Inputs",
            name=name,
            help=described if isinstance(described, str) else "",
            constraint=self._constraint(schema, kind, node),
            state=state(value),
            required=child.required,
            value=value,
            text=text,
            default=default,
            constant=schema.get("const", ABSENT),
            depth=depth,
            options=node.options,
            branches=tuple(label for label, _ in node.branches),
            chosen=self.branch(path, node, value) if kind == "union" else None,
            types=node.types,
            is_open=kind in CONTAINERS and self._is_open(path, kind, value, child.required, recursive),
            nullable=node.nullable,
            removable=child.removable,
            keyed=child.keyed,
            read_only=schema.get("readOnly") is True,
            long=kind in ("multiline", "raw") or path in self.long or "\n" in text,
            typed_name=self.names.get(path, name),
            step=step if isinstance(step, int | float) and step > 0 else 1,
            most=most if isinstance(most, int) else None,
            reason=reason,
        )

    def _constraint(self, schema: Schema, kind: str, node: Node) -> str:
        words = fields.constraint(schema, kind, node.types)
        if schema.get("deprecated") is True:
            words = f"{words} deprecated".strip()
        return f"{words} read only".strip() if schema.get("readOnly") is True else words

    def _is_open(self, path: Path, kind: str, value: Any, required: bool, recursive: bool) -> bool:
        opened = self.opened.get(path)
        if opened is not None:
            return opened
        if len(path) > OPEN_DEPTH or recursive:
            return False
        if kind == "union":
            return True
        if kind in ("array", "map"):
            return isinstance(value, list | dict) and len(value) <= OPEN_ITEMS
        if path and isinstance(path[-1], int):
            return kind != "object" and required
        return required


def _holds(kind: str, value: Any) -> bool:
    if value is ABSENT or value is None or kind == "union":
        return True
    return isinstance(value, list if kind in ("array", "tuple") else dict)


def _hidden(given: Any, schema: Schema) -> bool:
    return given is False or schema.get("x-hidden") is True or schema.get("ui:widget") == "hidden"


def _has(node: Node, value: Any) -> bool:
    """Whether a constant or choice takes `value`."""
    if node.kind == "const":
        return strict_json.equal(node.schema["const"], value)
    return any(strict_json.equal(option, value) for _, option in node.options)


def _suits(node: Node, value: Any) -> bool:
    """Whether `value` is of the type that `node` draws."""
    types = fields.types_of_value(value)
    if value is None:
        return node.nullable
    if node.kind in ("const", "choice"):
        return _has(node, value)
    if node.kind in ("array", "tuple", "choices"):
        return "array" in types
    if node.kind in ("object", "map"):
        return "object" in types
    if node.kind in TEXTS:
        return "string" in types
    if node.kind == "any":
        return not node.types or bool(types & set(node.types))
    return node.kind in types or node.kind in ("union", "raw")
