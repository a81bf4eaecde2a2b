"""The shape of a JSON Schema: where its sub-schemas stand and what a local `$ref` means. No jsonschema in it.

`properties` is walked as a map, never as a schema: executors have inputs named `items`, `type` and `$ref`
(forms.md 2.5). Every walk keeps its own stack, so depth is no limit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urljoin

Path = tuple[str | int, ...]
Node = dict[str, Any]

_ONE = (
    *("additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not"),
    *("propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
)
"""Keywords whose value is a schema."""
_MANY = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
"""Keywords whose value is a list of schemas."""
_NAMED = ("$defs", "definitions", "dependentSchemas", "dependencies", "patternProperties", "properties")
"""Keywords whose value is a map of names to schemas."""
CONDITIONAL = ("anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "dependencies")
"""Keywords whose sub-schemas speak of the same value, but only sometimes."""


def children(node: Node) -> Iterator[tuple[Path, Any]]:
    """(keywords from `node`, sub-schema) for each direct sub-schema that is an object; junk is passed over."""
    for keyword in _ONE:
        child = node.get(keyword)
        if isinstance(child, dict):
            yield (keyword,), child
    for keyword in _MANY:
        each = node.get(keyword)
        if isinstance(each, list):
            yield from (((keyword, i), child) for i, child in enumerate(each) if isinstance(child, dict))
    for keyword in _NAMED:
        named = node.get(keyword)
        if isinstance(named, dict):
            yield from (((keyword, name), child) for name, child in named.items() if isinstance(child, dict))


def walk(root: Any) -> Iterator[tuple[Path, Node]]:
    """Every sub-schema object of `root` with its place, `root` first. A node met twice is given once."""
    stack: list[tuple[Path, Any]] = [((), root)] if isinstance(root, dict) else []
    seen: set[int] = set()
    while stack:
        path, node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield path, node
        stack.extend(((*path, *step), child) for step, child in children(node))


def levels(root: Any) -> int:
    """How many sub-schemas stand inside each other at most."""
    deepest = 0
    stack: list[tuple[int, Any]] = [(1, root)]
    while stack:
        depth, node = stack.pop()
        deepest = max(deepest, depth)
        if isinstance(node, dict):
            stack.extend((depth + 1, child) for _, child in children(node))
    return deepest


def pointed(root: Any, pointer: str) -> Any:
    """What the JSON pointer of a URI fragment names in `root`; None where there is nothing."""
    found = root
    for step in unquote(pointer).split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


class Local:
    """One schema document and its local references. Holds `root` by reference and never changes it."""

    __slots__ = ("_index", "root")

    def __init__(self, root: Any) -> None:
        self.root = root
        self._index: dict[str, Any] | None = None

    def target(self, ref: Any) -> Any:
        """The node a `$ref` inside this document names: pointers, anchors and embedded `$id`s; else None."""
        if not isinstance(ref, str):
            return None
        if ref == "#":
            return self.root
        if ref.startswith("#/"):
            return pointed(self.root, ref[1:])
        base, _, fragment = ref.partition("#")
        try:
            document = self._names().get(urljoin(self._base(), base)) if base else self.root
        except ValueError:  # no URI at all, e.g. "http://[x"
            return None
        if not fragment or fragment.startswith("/"):
            return pointed(document, fragment)
        return self._names().get(f"#{fragment}")

    def same_value(self, nodes: Iterable[Any], keywords: Collection[str] = ()) -> list[Node]:
        """`nodes` and all that is said of the same value through local `$ref`, allOf and the given `keywords`."""
        found: list[Node] = []
        known: set[int] = set()
        waiting = [node for node in nodes if isinstance(node, dict)]
        for node in waiting:  # grows while it is read
            if id(node) in known:
                continue
            known.add(id(node))
            found.append(node)
            if len(node) == 1 and "type" in node:
                continue
            for keyword in ("$ref", "$dynamicRef"):
                target = self.target(node[keyword]) if keyword in node else None
                if isinstance(target, dict):
                    waiting.append(target)
            for keyword in ("allOf", *keywords):
                inner = node.get(keyword)
                if isinstance(inner, list):
                    waiting.extend(each for each in inner if isinstance(each, dict))
                elif isinstance(inner, dict):
                    named = keyword.startswith("depend")
                    waiting.extend(each for each in (inner.values() if named else (inner,)) if isinstance(each, dict))
        return found

    def _base(self) -> str:
        own = self.root.get("$id", self.root.get("id")) if isinstance(self.root, dict) else None
        return own if isinstance(own, str) else ""

    def _names(self) -> dict[str, Any]:
        """Anchors as "#name" and embedded documents by their whole URI; made when first asked for."""
        if self._index is None:
            self._index = {}
            for _, node in walk(self.root):
                for keyword in ("$anchor", "$dynamicAnchor"):
                    if isinstance(node.get(keyword), str):
                        self._index.setdefault(f"#{node[keyword]}", node)
                for keyword in ("$id", "id"):
                    name = node.get(keyword)
                    if isinstance(name, str):
                        whole = name if name.startswith("#") else urljoin(self._base(), name).rstrip("#")
                        self._index.setdefault(whole, node)
        return self._index


def members(nodes: Sequence[Node], name: str, fits: Callable[[str, str], bool] | None = None) -> tuple[list[Any], bool]:
    """The schemas that `nodes` hold for the property `name`, and whether one of them declares it by this name.

    `fits(pattern, name)` decides about patternProperties; without it each of them counts.
    """
    found: list[Any] = []
    declared = False
    for node in nodes:
        covered = False
        named = node.get("properties")
        if isinstance(named, dict) and name in named:
            found.append(named[name])
            declared = covered = True
        patterns = node.get("patternProperties")
        if isinstance(patterns, dict):
            chosen = [schema for pattern, schema in patterns.items() if fits is None or fits(pattern, name)]
            found.extend(chosen)
            covered = covered or (fits is not None and bool(chosen))
        if not covered:
            found.extend(node[rest] for rest in ("additionalProperties", "unevaluatedProperties") if rest in node)
    return found, declared


def elements(nodes: Sequence[Node], index: int) -> list[Any]:
    """The schemas that `nodes` hold for the element at `index` of a list."""
    found: list[Any] = []
    for node in nodes:
        items, first = node.get("items"), node.get("prefixItems")
        if not isinstance(first, list):
            first = items if isinstance(items, list) else []
        if index < len(first):
            found.append(first[index])
        elif isinstance(items, list):
            found.append(node.get("additionalItems"))
        else:
            found.append(items)
        found.append(node.get("unevaluatedItems"))
    return found
