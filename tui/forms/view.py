"""One walk over schema and instance together: it serves the rows, the payload and the problems."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from engine.json_data import NotJson, encode
from engine.schema import MASK, Checker, SchemaError, is_secret
from engine.schema import compile as compile_schema
from tui.forms import fields, strict_json
from tui.forms.branches import best_branch
from tui.forms.instance import ABSENT, Path, step
from tui.forms.marks import UNMARKED, Marks
from tui.forms.nodes import HIDEABLE, Node, raw
from tui.forms.resolve import Resolver
from tui.forms.rows import CONTAINERS, TEXTS, Child, Looks, Row, make_row
from tui.forms.unions import Branch

OPEN_DEPTH = 5
"""Levels below which nothing opens by itself, so that required recursion ends."""
OPEN_ITEMS = 50
"""Longer lists start closed."""
PAGE = 200
"""Items of a list, or entries of a map, that are drawn at once (forms.md 2.5)."""
MAX_DEPTH = 64
"""Levels of rows inside each other; what is deeper is edited as JSON."""
COVERED = frozenset({*TEXTS, *HIDEABLE, "any"})
PAGED = frozenset({"array", "map"})
GHOSTS = 20
"""Items that `minItems` asks for and that are drawn before they are there."""
KEPT = 20_000
TEST_SECONDS = 0.1
"""The longest that one condition, or one branch of a union, is tried; less for each that was too slow."""
ALONE = 2_000
"""Characters of a condition that is tried by itself while the whole schema is not compiled."""
MOST_ALONE = 40
"""Conditions that are tried so; with more of them the whole is compiled after all."""
UNFIT = "the default does not fit its own schema: not filled"
FIRST_TOLD, FIRST_SEEN, FIRST_LENGTH = 3, 20, 20
"""Scalars that tell what a closed container holds, how many are looked at for them, characters of each."""

_HIDDEN = ("x-hidden", "ui:hidden")


@dataclass(slots=True)
class View:
    """What is drawn of a form.

    `checker` gives the compiled schema, or None where it has a fault; `ready` does not compile it for that.
    """

    resolver: Resolver
    checker: Callable[[], Checker | None]
    ready: Callable[[], Checker | None]
    marks: Marks = field(default_factory=Marks)
    _tests: dict[tuple[int, int], tuple[Any, Any, bool]] = field(default_factory=dict)
    _lone: set[int] = field(default_factory=set)
    _slow: dict[int, Any] = field(default_factory=dict)
    _last_plain: tuple[Any, Any] | None = None
    _notes: dict[int, tuple[Any, str]] = field(default_factory=dict)
    _rows: dict[tuple[Path, bool], tuple[Child, Node, Any, tuple[Any, ...], bool, Row]] = field(default_factory=dict)
    _children: dict[tuple[int, str], tuple[Node, list[Child]]] = field(default_factory=dict)
    _marked: set[Path] = field(default_factory=set)
    """Where there are marks in this walk."""

    def restyled(self) -> None:
        """The schema is compiled: rows may have more to say."""
        self._rows.clear()

    def test(self, schema: Any, value: Any) -> bool:
        """Whether `value` satisfies a part of this document's schema; False where that cannot be told."""
        key = (id(schema), id(value))
        known = self._tests.get(key)
        if known is None:
            fits = self._fits(schema, self._plain(value))
            if len(self._tests) > KEPT:
                self._tests.clear()
            known = self._tests[key] = (schema, value, fits)
        return known[2]

    def _fits(self, part: Any, value: Any) -> bool:
        """A part that takes too long is not tried again: it does not hold, and the check of the whole says why."""
        if id(part) in self._slow:
            return False
        ready = self.ready()
        alone = self._alone(part) if ready is None and len(self._lone) < MOST_ALONE else None
        checker = ready or alone or self.checker()
        if checker is None:
            return False
        seconds = TEST_SECONDS / (len(self._slow) + 1)
        began = time.thread_time()
        if checker is alone:
            fits = checker.is_valid(value, seconds=seconds)
        else:
            fits = checker.part_fits(part, value, seconds=seconds)
        if not fits and time.thread_time() - began > seconds:
            self._slow[id(part)] = part
        return fits

    def _plain(self, value: Any) -> Any:
        """`value` with builtin numbers; the branches of a union are tried on one value after the other."""
        if self._last_plain is None or self._last_plain[0] is not value:
            self._last_plain = (value, strict_json.plain(value))
        return self._last_plain[1]

    def _alone(self, part: Any) -> Checker | None:
        """The checker of a small part without references: a large schema need not be compiled to draw its rows."""
        try:
            text = encode(part)
            if len(text) > ALONE or '"$ref"' in text or '"$dynamicRef"' in text or not isinstance(part, Mapping | bool):
                return None
            root = self.resolver.root
            given = root.get("$schema") if isinstance(root, Mapping) else None
            self._lone.add(id(part))
            return compile_schema({"$schema": given, **part} if given and isinstance(part, Mapping) else part)
        except (NotJson, SchemaError, RecursionError):
            return None

    def node(self, schema: Any, key: str | int, value: Any) -> Node:
        """The node of a place; `key` is its name there, "" for an item."""
        return self.resolver.node(schema, key if isinstance(key, str) else "", value, self.test)

    def inner(self, path: Path, node: Node, value: Any) -> Node:
        """The node itself, or that of a union's chosen branch."""
        if node.kind != "union":
            return node
        at = self.branch(path, node, value)
        if at is None:
            return node
        branch = node.branches[at]
        if branch.reason:
            return raw(branch.reason)
        return self.of_branch(branch, path, value)

    def _spread(self, node: Node) -> Node:
        """Alternatives that only show inside a chosen branch: all that they may hold, the checker tells what fits."""
        known = self._children.get((id(node), "spread"))
        if known is None:
            flats = [branch.merged.schema for branch in node.branches]
            if not all(isinstance(flat.get("properties"), Mapping) for flat in flats):
                return Node(node.schema, "any", reason="alternatives within alternatives", origin=node.origin)
            named = {name: inner for flat in reversed(flats) for name, inner in flat["properties"].items()}
            schema = {**node.schema, "type": "object", "properties": {**named, **(node.schema.get("properties") or {})}}
            made = self.node(schema, "", ABSENT)
            known = self._children[(id(node), "spread")] = (made, [])
            self._children[(id(made), "of")] = (node, [])  # keeps the identity taken
        return known[0]

    def of_branch(self, branch: Branch, path: Path, value: Any) -> Node:
        found = self.node(branch.merged, path[-1] if path else "", value)
        return self._spread(found) if found.kind == "union" else found

    def branch(self, path: Path, node: Node, value: Any) -> int | None:
        """The user's choice, which stays, else the branch that the data fits best; None without data (forms.md 1.4)."""
        chosen = self.marks.chosen.get(path)
        if chosen is None and value is not ABSENT and value is not None and path not in self.marks.blanks:
            chosen = self.marks.guessed.get(path)
            if chosen is None or chosen >= len(node.branches):
                chosen = self.marks.guessed[path] = best_branch(self, node, value)
        return chosen if chosen is not None and chosen < len(node.branches) else None

    # inside containers

    def children(
        self, path: Path, node: Node, value: Any, cover: str = "", page: tuple[int, int] | None = None
    ) -> Iterator[Child]:
        """What stands inside an object, map, list or tuple, drawn or not: properties, then further entries.

        Of a list or map only the items of `page`, where that is given.
        """
        if node.kind in ("array", "tuple"):
            yield from self._items(node, value, cover, page)
            return
        yield from self._declared(node)
        named = node.schema.get("properties")
        known = named if isinstance(named, Mapping) else {}
        names = value if isinstance(value, dict) else {}
        for name in islice(names, *page) if page is not None and node.kind == "map" else names:
            if name in known or name in node.required or self.is_gone(path, node, name):
                continue
            yield Child(name, self.resolver.child(node, name), False, True, True, cover)

    def is_gone(self, path: Path, node: Node, name: str) -> bool:
        """Whether a property is kept in memory only: a condition that does not hold any more declares it."""
        return name in node.hidden and (*path, name) not in self.marks.others

    def _declared(self, node: Node) -> list[Child]:
        known = self._children.get((id(node), ""))
        if known is None:
            made = []
            for name, schema, required in node.properties:
                because = node.because.get(name, "") if required else ""
                if schema is True:
                    schema = self.resolver.child(node, name)
                made.append(
                    Child(name, schema, required, section=node.sections.get(name, _section(schema)), because=because)
                )
            if len(self._children) > KEPT:
                self._children.clear()
            known = self._children[(id(node), "")] = (node, made)
        return known[1]

    def _items(self, node: Node, value: Any, cover: str, page: tuple[int, int] | None) -> Iterator[Child]:
        items = value if isinstance(value, list) else []
        fixed = len(node.fixed)
        least = node.schema.get("minItems")
        ghosts = min(least, GHOSTS) if isinstance(least, int) and not isinstance(least, bool) and least > 0 else 0
        count = max(len(items), fixed, ghosts)
        first, last = page or (0, count)
        for at in range(first, min(last, count)):
            yield self._item(node, at, at >= fixed and at < len(items), cover)

    def _item(self, node: Node, at: int, removable: bool, cover: str) -> Child:
        key = (id(node), f"{at}{'-' if removable else '+'}{cover}")
        known = self._children.get(key)
        if known is None:
            if len(self._children) > KEPT:
                self._children.clear()
            made = [Child(at, self.resolver.child(node, at), True, removable=removable, cover=cover)]
            known = self._children[key] = (node, made)
        return known[1][0]

    # rows

    def rows(self, schema: Any, value: Any) -> Iterator[Row]:
        """The open rows of the whole form, the root first."""
        self._marked = self.marks.places()
        yield from self._walk(Child("", schema, required=True), (), value, 0, frozenset())

    def _walk(self, child: Child, path: Path, value: Any, depth: int, above: frozenset[int]) -> Iterator[Row]:
        node = self.node(child.schema, child.key, value)
        if value is ABSENT and path and _hidden(child.schema, node):
            return
        if child.cover and node.kind in COVERED and is_secret(child.cover, node.schema):
            node = self._covered(node)
        if len(path) >= MAX_DEPTH:
            node = raw(f"stands more than {MAX_DEPTH} levels deep")
        row = self._row(child, path, value, node, depth, recursive=node.origin in above)
        yield row
        if not row.is_open:
            return
        above = above | {node.origin} if node.origin else above
        inner = self.inner(path, node, value)
        below = depth + 1 if path or node.kind != "object" else depth
        if node.kind == "union":
            if inner is node:
                return
            if inner.kind != "object":
                of_branch = replace(child, schema=inner.schema)
                branch_row = self._row(of_branch, path, value, inner, below, in_union=True)
                yield branch_row
                if not branch_row.is_open:
                    return
                below += 1
        if inner.kind in CONTAINERS - {"union"} and row.kind in CONTAINERS:
            cover = child.cover if isinstance(child.key, int) else str(child.key)
            page = self._page(path, value) if inner.kind in PAGED else None
            for item in self.children(path, inner, value, cover, page):
                place, held = (*path, item.key), step(value, item.key)
                same = self._same_leaf(item, place, held, below)
                rows = self._walk(item, place, held, below, above) if same is None else (same,)
                yield from map(_fixed, rows) if row.read_only else rows

    def _same_leaf(self, child: Child, path: Path, value: Any, depth: int) -> Row | None:
        """The row as it was, where it holds nothing and none of what it is made of changed: nearly all, at each key."""
        known = self._rows.get((path, False))
        if known is None or known[0] is not child or known[2] is not value:
            return None
        row = known[5]
        if row.kind in CONTAINERS or row.depth != depth:
            return None
        return row if known[3] == (self.marks.of(path) if path in self._marked else UNMARKED) else None

    def _covered(self, node: Node) -> Node:
        known = self._children.get((id(node), "secret"))
        if known is None:
            kind = node.kind if node.kind in HIDEABLE else "secret"
            known = self._children[(id(node), "secret")] = (replace(node, kind=kind, is_secret=True), [])
            self._children[(id(known[0]), "of")] = (node, [])  # keeps the identity taken
        return known[0]

    def _page(self, path: Path, value: Any) -> tuple[int, int]:
        """The items drawn of a list or map."""
        if not isinstance(value, list | dict) or len(value) <= PAGE:
            return 0, PAGE
        first = min(self.marks.pages.get(path, 0), max(len(value) - 1, 0))
        return first, first + PAGE

    def _row(
        self,
        child: Child,
        path: Path,
        value: Any,
        node: Node,
        depth: int,
        *,
        recursive: bool = False,
        in_union: bool = False,
    ) -> Row:
        """The row, the same object as before where nothing about it changed: a key redraws one row, not all."""
        key, marks = (path, in_union), self.marks
        marked = marks.of(path)
        known = self._rows.get(key)
        if (
            known is not None
            and known[1] is node
            and known[2] is value
            and known[3] == marked
            and known[4] is recursive
        ):
            same = known[0] is child or known[0] == child
            if same and known[5].depth == depth:
                return known[5]
        opens = node.kind in CONTAINERS and self._is_open(path, node.kind, value, child.required, recursive)
        is_long = node.kind in PAGED and isinstance(value, list | dict) and len(value) > PAGE
        grows = None if node.schema.get("readOnly") is True else self._grown(path, node, value)
        looks = Looks(
            depth=depth,
            is_open=opens or (in_union and node.kind in CONTAINERS),
            chosen=self.branch(path, node, value) if node.kind == "union" else None,
            blank=path in marks.blanks,
            text=marks.texts.get(path),
            typed_name=marks.names.get(path),
            long=path in marks.long,
            suggestion=marks.suggestions.get(path, ABSENT) if value is ABSENT else ABSENT,
            note=self._note(child.schema, node),
            growable=grows is not None and self.resolver.takes_more(grows),
            silent=grows is not None and self.resolver.is_silent(grows),
            unnamed=path in marks.unnamed,
            page=(self._page(path, value)[0], len(value)) if is_long else None,
            first=self._first(child, path, node, value) if node.kind in CONTAINERS and value else (),
        )
        row = make_row(child, path, value, node, looks)
        marked = marks.of(path) if node.kind == "union" else marked  # a branch may have been told by now
        if len(self._rows) > KEPT:
            self._rows.clear()
        self._rows[key] = (child, node, value, marked, recursive, row)
        return row

    def _grown(self, path: Path, node: Node, value: Any) -> Node | None:
        """What the row adds entries or items to; a branch that has a row of its own adds there."""
        inner = self.inner(path, node, value)
        return inner if inner.kind in CONTAINERS and (inner is node or inner.kind == "object") else None

    def _first(self, child: Child, path: Path, node: Node, value: Any) -> tuple[str, ...]:
        """The first scalars inside a container, which say what it is; a secret is never told."""
        inner = self.inner(path, node, value)
        if inner.kind not in CONTAINERS - {"union"}:
            return (fields.brief(value, FIRST_LENGTH),) if not isinstance(value, dict | list) else ()
        found: list[str] = []
        cover = child.cover if isinstance(child.key, int) else str(child.key)
        for item in islice(self.children(path, inner, value, cover), FIRST_SEEN):
            held = step(value, item.key)
            if held is ABSENT or held is None or isinstance(held, dict | list):
                continue
            own = self.node(item.schema, item.key, held)
            hidden = own.kind == "secret" or own.is_secret or (item.cover and is_secret(item.cover, own.schema))
            text = MASK if hidden else fields.brief(held, FIRST_LENGTH)
            found.append(f"{item.key}={text}" if inner.kind == "map" and item.keyed else text)
            if len(found) == FIRST_TOLD:
                break
        return tuple(found)

    def _note(self, schema: Any, node: Node) -> str:
        """What is wrong with the schema's default, which then is not filled (behaviour.md 4.1)."""
        if "default" not in node.schema:
            return ""
        known = self._notes.get(id(node))
        if known is None:
            checker = self.ready()
            source = schema if isinstance(schema, dict) and "default" in schema else dict(node.schema)
            if checker is None:
                return ""
            fits = checker.default_fits(source)
            if len(self._notes) > KEPT:
                self._notes.clear()
            known = self._notes[id(node)] = (node, "" if fits else UNFIT)
        return known[1]

    def _is_open(self, path: Path, kind: str, value: Any, required: bool, recursive: bool) -> bool:
        opened = self.marks.opened.get(path)
        if not path and kind in ("object", "union"):
            return True
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


def _section(schema: Any) -> str:
    """The group that a property names itself."""
    for key in ("x-group", "section", "x-section"):
        given = schema.get(key) if isinstance(schema, Mapping) else None
        if isinstance(given, str):
            return given
    return ""


def _fixed(row: Row) -> Row:
    """The row inside something that is read only: so is all that is in it."""
    return replace(row, read_only=True, growable=False, removable=False)


def _hidden(given: Any, node: Node) -> bool:
    schema = node.schema
    return given is False or any(schema.get(key) is True for key in _HIDDEN) or schema.get("ui:widget") == "hidden"
