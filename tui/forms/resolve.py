"""From a schema node to what is drawn: `$ref` and `allOf` merged on the way down, then the first kind that fits.

Nothing is built ahead: a node is resolved when its row is (forms.md 2.5), so recursion costs nothing until then; what
was resolved is kept, since every key asks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import regex

from tui.forms.conditions import Conditions, Test
from tui.forms.merged import MAX_REFS, Merged, Merger
from tui.forms.nodes import Node, node_of, raw, undeclared
from tui.forms.references import References, Unresolved

KEPT = 20_000
PATTERN_SECONDS = 0.05
_SPEAKING = frozenset({"additionalProperties", "patternProperties", "unevaluatedProperties"})
SLOW_PATTERNS = 2
"""So many patterns may be too slow in one form; after that none that is new is tried."""


class Resolver:
    """Resolves the nodes of one schema document, of which any part may be nonsense."""

    __slots__ = ("_conditions", "_nodes", "_patterns", "_slow", "merger", "references", "root")

    def __init__(self, root: Any) -> None:
        self.root = root
        self.references = References(root)
        self.merger = Merger(self.references)
        self._conditions = Conditions(self.merger)
        self._nodes: dict[tuple[int, str], tuple[Any, Node]] = {}
        self._patterns: dict[tuple[str, str], bool] = {}
        self._slow: set[str] = set()

    def node(self, schema: Any, name: str, value: Any, test: Test) -> Node:
        """The node for `schema` (merged or not) under the property `name`, given the value there. Never raises."""
        if schema is False:
            return raw("no value is allowed here")
        try:
            merged = self.merger.merged(schema)
            grown = self._conditions.grown(merged, value, test)
            known = self._nodes.get((id(grown), name))
            if known is None:
                if len(self._nodes) > KEPT:
                    self._nodes.clear()
                made = node_of(self.merger, grown, name, self._origin(schema))
                known = self._nodes[(id(grown), name)] = (grown, made)
            return known[1]
        except Unresolved as problem:
            return raw(str(problem))
        except RecursionError:
            return raw("the schema refers to itself without end")

    def child(self, node: Node, key: Any) -> Any:
        """The schema of a property or item of a container node; True where nothing is said of it."""
        schema = node.schema
        if isinstance(key, int):
            if 0 <= key < len(node.fixed):
                return node.fixed[key]
            items = schema.get("items", True)
            found = schema.get("additionalItems", True) if isinstance(items, list) else items
            if found is True and "unevaluatedItems" in schema:
                found = schema["unevaluatedItems"]
            return True if found is False else found
        properties = schema.get("properties")
        if isinstance(properties, Mapping) and key in properties:
            return properties[key]
        found = self._by_pattern(schema.get("patternProperties"), str(key))
        return undeclared(schema, key) if found is None else True if found is False else found

    def is_named(self, node: Node, name: str) -> bool:
        """Whether a pattern of the node speaks of a property that it does not declare."""
        return self._by_pattern(node.schema.get("patternProperties"), name) is not None

    def takes_more(self, node: Node) -> bool:
        """Whether an object or map takes entries beside its properties, a list items beside its fixed ones."""
        schema = node.schema
        if node.kind in ("array", "tuple"):
            items = schema.get("items")
            rest = schema.get("additionalItems", True) if isinstance(items, list) else items
            return rest is not False
        if node.kind not in ("object", "map"):
            return False
        if schema.get("patternProperties"):
            return True
        if "additionalProperties" in schema:
            return schema["additionalProperties"] is not False
        return schema.get("unevaluatedProperties") is not False

    @staticmethod
    def is_silent(node: Node) -> bool:
        """Whether an object takes entries only because its schema says nothing about them."""
        return node.kind == "object" and node.schema.keys().isdisjoint(_SPEAKING)

    def _by_pattern(self, rules: Any, key: str) -> Any:
        for pattern, schema in rules.items() if isinstance(rules, Mapping) else ():
            if self._matches(pattern, key):
                return schema
        return None

    def _matches(self, pattern: str, key: str) -> bool:
        known = self._patterns.get((pattern, key))
        if known is None:
            if pattern in self._slow or len(self._slow) >= SLOW_PATTERNS:
                return False
            try:
                known = regex.search(pattern, key, timeout=PATTERN_SECONDS) is not None
            except TimeoutError:
                self._slow.add(pattern)
                known = False
            except regex.error:
                known = False
            if len(self._patterns) > KEPT:
                self._patterns.clear()
            self._patterns[(pattern, key)] = known
        return known

    def _origin(self, schema: Any) -> int:
        """What tells that a node stands inside itself: the identity of the definition it refers to, 0 without one."""
        found, here = 0, schema
        for _ in range(MAX_REFS):
            reference = here.get("$ref") if isinstance(here, Mapping) else None
            if not isinstance(reference, str):
                break
            try:
                here = self.references.target(reference, here)
            except Unresolved:
                break
            found = id(here)
        return id(schema) if schema is self.root else found


__all__ = ["Merged", "Resolver", "Test"]
