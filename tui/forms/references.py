"""What a `$ref` of one schema document names: pointers, anchors and embedded `$id`s; nothing is ever fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from engine.schema_nodes import children, pointed

KEYWORDS = ("$ref", "$dynamicRef", "$recursiveRef")
META_SCHEMAS = ("http://json-schema.org/", "https://json-schema.org/")
"""The drafts' own schemas: a value that is a schema is edited as any JSON."""

_NAMING = ("$id", "id", "$anchor", "$dynamicAnchor")
_HOLDING = frozenset({dict, list})


class Unresolved(ValueError):
    """A node that cannot be drawn; the message says why."""


class References:
    """The targets of one document. Holds `root` by reference; the index of names is made when first asked for."""

    __slots__ = ("_bases", "_names", "root")

    def __init__(self, root: Any) -> None:
        self.root = root
        self._names: dict[str, Any] | None = None
        self._bases: dict[int, tuple[str, Any]] = {}
        """Nodes of embedded documents, by identity: the URI of theirs, and its root."""

    def target(self, reference: str, node: Any) -> Any:
        """The schema that `reference`, standing in `node`, names; raises `Unresolved`."""
        if reference.startswith(META_SCHEMAS):
            return True
        if reference in ("#", "#/") and self._names is None and not self._has_names():
            return self.root
        names = self._index()
        base, document = self._bases.get(id(node), ("", self.root))
        found: Any
        if reference.startswith("#/"):
            found = pointed(document, reference[1:])
        elif reference in ("#", "#/"):
            found = document
        else:
            found = self._named(names, base or self._own(), reference)
        if not isinstance(found, Mapping | bool):
            words = "names nothing" if reference.startswith("#") else "is not part of this schema, and never fetched"
            raise Unresolved(f"$ref {reference} {words}")
        return found

    def _named(self, names: dict[str, Any], base: str, reference: str) -> Any:
        try:
            whole = urljoin(base, reference)
        except ValueError:  # no URI at all, e.g. "http://[x"
            whole = reference
        address, _, fragment = whole.partition("#")
        for document in (address, reference.partition("#")[0]):
            at = names.get(document, self.root if document in ("", self._own().rstrip("#")) else None)
            if at is None:
                continue
            if not fragment or fragment.startswith("/"):
                return pointed(at, fragment)
            for anchor in (f"{document}#{fragment}", f"#{fragment}"):
                if anchor in names:
                    return names[anchor]
        return None

    def _own(self) -> str:
        own = self.root.get("$id", self.root.get("id")) if isinstance(self.root, Mapping) else None
        return own if isinstance(own, str) else ""

    def _has_names(self) -> bool:
        """Whether anything but the root has an id or an anchor; a quick look at all of the text."""
        root, stack, seen = self.root, [self.root], set[int]()
        while stack:
            item = stack.pop()
            if id(item) in seen:
                continue
            seen.add(id(item))
            if isinstance(item, dict):
                if item is not root:
                    for key in _NAMING:
                        if key in item and isinstance(item[key], str):
                            return True
                stack += [child for child in item.values() if type(child) in _HOLDING]
            elif isinstance(item, list):
                stack += [child for child in item if type(child) in _HOLDING]
        self._names = {}
        return False

    def _index(self) -> dict[str, Any]:
        if self._names is None and self._has_names():
            self._names = {}
            own = self._own().rstrip("#")
            stack: list[tuple[Any, str, Any]] = [(self.root, own, self.root)]
            seen: set[int] = set()
            while stack:
                node, base, document = stack.pop()
                if id(node) in seen or not isinstance(node, dict):
                    continue
                seen.add(id(node))
                base, document = self._note(node, base, document)
                if document is not self.root:
                    self._bases[id(node)] = (base, document)
                stack.extend((child, base, document) for _, child in children(node))
                for named in ("$defs", "definitions"):  # a definition may be no schema by position, e.g. of 2 levels
                    inner = node.get(named)
                    if isinstance(inner, dict):
                        stack.extend((child, base, document) for child in inner.values())
            if own:
                self._names.setdefault(own, self.root)
        return self._names or {}

    def _note(self, node: Any, base: str, document: Any) -> tuple[str, Any]:
        """Enter the names that `node` gives itself; its base and document."""
        names = self._names
        assert names is not None
        for key in ("$id", "id"):
            name = node.get(key)
            if not isinstance(name, str) or node is self.root:
                continue
            if name.startswith("#"):
                names.setdefault(f"{base}{name}", node)
                names.setdefault(name, node)
                continue
            try:
                base = urljoin(base, name).rstrip("#")
            except ValueError:
                base = name
            names.setdefault(base, node)
            names.setdefault(name, node)
            document = node
        for key in ("$anchor", "$dynamicAnchor"):
            name = node.get(key)
            if isinstance(name, str):
                names.setdefault(f"{base}#{name}", node)
                names.setdefault(f"#{name}", node)
        return base, document
