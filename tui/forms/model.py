"""The form without a terminal: a schema and an instance in, rows, problems and the payload out (forms.md 1.3, 5.1).

One model: the instance. The form and the JSON tab are views of it; each edit is one step that can be undone. Nothing
here raises for any schema or instance; what cannot be drawn is a row of JSON text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.schema import MASK, Checker, SchemaError, SchemaProblem, mask
from engine.schema import compile as compile_schema
from tui.forms import fields, instance, payload, strict_json
from tui.forms.instance import ABSENT, Path
from tui.forms.resolve import Node, Resolver, defined
from tui.forms.rows import CONTAINERS, Row, View

__all__ = ["ABSENT", "CONTAINERS", "Form", "Path", "Problem", "Row"]

MAX_ROWS = 5_000
MAX_UNDO = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, at the place to mend it; `text` is one line and may quote foreign text.

    `kind` is the checker's ("required", "type", ...); "required" is what is still to fill.
    """

    path: Path
    text: str
    kind: str = ""


class Form:
    """The launch form of one schema. `instance` is never changed in place; every method is cheap enough for a key."""

    def __init__(self, schema: Any, instance: Any = ABSENT) -> None:
        self.schema = schema
        self.schema_problem: str | None = None
        self.text_problem: str | None = None
        self.unread_text: str | None = None
        self._view = View(Resolver(schema))
        self._checker: Checker | None = None
        self._drafts: dict[tuple[Path, int], Any] = {}
        self._kept: set[Path] = set()
        self._unnamed: set[Path] = set()
        self._undo: list[Any] = []
        self._redo: list[Any] = []
        self._last: tuple[str, Path] | None = None
        self._rows: list[Row] | None = None
        self._problems: list[Problem] | None = None
        is_object = self._view.node(schema, "", ABSENT).kind in ("object", "map")
        self._instance = {} if instance is ABSENT and is_object else instance
        self._keep_empty(self._instance)

    @classmethod
    def from_text(cls, schema: Any, text: str) -> Form:
        """A form of JSON text, number text kept; what does not parse stays as `unread_text`, with `text_problem`."""
        form = cls(schema)
        form.load_text(text)
        form._undo.clear()
        return form

    # what is seen

    @property
    def instance(self) -> Any:
        """The present value; ABSENT where nothing is given to a schema of no object."""
        return self._instance

    @property
    def sent(self) -> Any:
        """What a launch hands to the engine, which fills the defaults itself (behaviour.md 4.1); builtin numbers."""
        return strict_json.plain(payload.as_sent(self._view, self.schema, self._instance))

    @property
    def payload(self) -> Any:
        """What execute will get: `sent` with the schema's defaults filled."""
        sent = self.sent
        checker = self.prepare()
        return checker.with_defaults(sent) if checker and sent is not ABSENT else sent

    @property
    def problems(self) -> list[Problem]:
        """Everything that stands against a launch, in the order of the rows."""
        if self._problems is None:
            self._problems = self._find_problems()
        return self._problems

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    def rows(self) -> list[Row]:
        """The rows that stand open, top to bottom."""
        if self._rows is None:
            self._rows = []
            for row in self._view.rows(self.schema, self._instance):
                self._rows.append(row)
                if len(self._rows) >= MAX_ROWS:
                    break
        return self._rows

    def row(self, path: Path) -> Row | None:
        """The open row at `path`, else that of its nearest open parent."""
        found: dict[Path, Row] = {}
        for row in self.rows():
            found.setdefault(row.path, row)
        for end in range(len(path), -1, -1):
            if path[:end] in found:
                return found[path[:end]]
        return None

    def prepare(self) -> Checker | None:
        """Compile the schema, once; may be called from a worker for large ones. None sets `schema_problem`."""
        if self._checker is None and self.schema_problem is None:
            try:
                self._checker = compile_schema(self.schema)
            except SchemaError as error:
                self.schema_problem = str(error)
        return self._checker

    def text(self) -> str:
        """The instance as JSON text, secrets as `•••` (forms.md 1.6)."""
        if self.unread_text is not None:
            return self.unread_text
        shown = mask(self.schema, self._instance)
        return "" if shown is ABSENT else strict_json.dump(shown)

    # edits

    def load_text(self, text: str) -> str | None:
        """Take JSON text as the new instance; where it does not parse, keep the text and the last good instance.

        Returns what is wrong with the text. `•••` at a secret keeps the secret that stood there.
        """
        try:
            value = strict_json.parse(text) if text.strip() else ABSENT
        except strict_json.JsonError as error:
            self.text_problem, self.unread_text = str(error), text
            self._changed()
            return self.text_problem
        self.drop_text()
        hidden = mask(self.schema, self._instance)
        for path in payload.leaves(value, MASK):
            if instance.get(hidden, path) == MASK:
                value = instance.put(value, path, instance.get(self._instance, path))
        value = {} if value is ABSENT and isinstance(self._instance, dict) else value
        if strict_json.dump(value) != strict_json.dump(self._instance) or value != self._instance:
            self._step(("load", ()))
            self._view.chosen.clear()
            self._view.texts.clear()
            self._view.names.clear()
            self._set_instance(value)
            self._keep_empty(value)
        return None

    def enter(self, path: Path, text: str) -> None:
        """Take what was typed in the row at `path`: cleared text makes it absent, never `""` or 0 (forms.md 1.3)."""
        row = next((row for row in self.rows() if row.path == path and row.kind != "union"), None)
        kind = row.kind if row else "text"
        self._view.texts.pop(path, None)
        if not text:
            self._clear(path)
        elif kind == "raw":
            try:
                self.set(path, strict_json.parse(text))
            except strict_json.JsonError:
                self._view.texts[path] = text
                self._changed()
        else:
            if "\n" in text and kind == "text":
                self._view.long.add(path)
            self.set(path, fields.read(kind, text, row.types if row else ()))

    def set(self, path: Path, value: Any) -> None:
        """Put `value` at `path`; a run of edits of one row is one step of undo."""
        self._step(("set", path))
        self._view.texts.pop(path, None)
        if isinstance(value, dict | list) and not value:
            self._kept.add(path)
        self._set_instance(instance.put(self._instance, path, value))

    def set_null(self, path: Path) -> None:
        self.set(path, None)

    def unset(self, path: Path) -> None:
        """Make the row absent; an optional parent left empty is absent too, unless it was so in the loaded data."""
        self._step(("unset", path))
        self._view.texts.pop(path, None)
        self._kept.discard(path)
        value = instance.drop(self._instance, path)
        while len(path) > 1 and isinstance(path[-1], str):
            path = path[:-1]
            if isinstance(path[-1], int) or path in self._kept or instance.get(value, path) != {}:
                break
            value = instance.drop(value, path)
        self._set_instance({} if value is ABSENT and isinstance(self._instance, dict) else value)

    def add(self, path: Path, key: str | None = None) -> Path:
        """Add a blank item to the list, or an entry `key` to the map, at `path`; returns where it stands.

        A key that is there already is not overwritten.
        """
        value = instance.get(self._instance, path)
        row = self.row(path)
        if row is not None and row.path == path and row.kind in ("map", "object"):
            value = value if isinstance(value, dict) else {}
            made: Path = (*path, key or "")
            if made[-1] in value:
                return made
            if not key:
                self._unnamed.add(made)
        else:
            made = (*path, len(value) if isinstance(value, list) else 0)
        self._step(("add", made))
        self._view.opened[path] = self._view.opened[made] = True
        self._set_instance(instance.put(self._instance, made, self._blank(made)))
        return made

    def rename(self, path: Path, key: str) -> Path:
        """Give the entry at `path` another key, in its place; a taken key is a problem there, nothing more (3.8)."""
        parent = instance.get(self._instance, path[:-1])
        if not isinstance(parent, dict) or path[-1] not in parent:
            return path
        self._view.names.pop(path, None)
        if key in parent:
            if key != path[-1]:
                self._view.names[path] = key
            self._changed()
            return path
        self._step(("rename", path))
        self._unnamed.discard(path)
        self._set_instance(instance.rename(self._instance, path, key))
        return (*path[:-1], key)

    def remove(self, path: Path) -> None:
        """Take away an item or entry; the last one takes its optional parent with it."""
        self._step(("remove", path))
        self._unnamed.discard(path)
        self._view.names.pop(path, None)
        self._view.texts.pop(path, None)
        parent = path[:-1]
        value = instance.drop(self._instance, path)
        self._forget(parent)
        left = instance.get(value, parent)
        if parent and isinstance(parent[-1], str) and left in ([], {}) and parent not in self._kept:
            value = instance.drop(value, parent)
        self._set_instance(value)

    def move(self, path: Path, offset: int) -> Path:
        """Move an item up or down in its list, as far as it goes; returns its new path."""
        items, at = instance.get(self._instance, path[:-1]), path[-1] if path else None
        if not isinstance(items, list) or not isinstance(at, int) or not 0 <= at < len(items):
            return path
        to = min(max(at + offset, 0), len(items) - 1)
        if to == at:
            return path
        self._step(("move", path))
        self._forget(path[:-1])
        self._set_instance(instance.move(self._instance, path, to))
        return (*path[:-1], to)

    def choose(self, path: Path, branch: int) -> None:
        """Take another branch of a union; the old one's value is kept and comes back with it (forms.md 1.4)."""
        row = next((row for row in self.rows() if row.path == path and row.kind == "union"), None)
        if row is None or not 0 <= branch < len(row.branches) or row.chosen == branch:
            return
        node = self._node(path)
        self._step(("choose", path))
        if row.chosen is not None:
            self._drafts[(path, row.chosen)] = row.value
        self._view.chosen[path], self._view.opened[path] = branch, True
        value = self._drafts.get((path, branch), ABSENT)
        inner = self._view.node(node.branches[branch][1], "", ABSENT)
        if value is ABSENT and inner.kind in ("object", "map"):
            value = {
                name: schema["const"]
                for name, schema in defined(inner)
                if isinstance(schema, Mapping) and "const" in schema
            }
            self._kept.add(path)
        if value is not ABSENT:
            self._set_instance(instance.put(self._instance, path, value))
        elif path and isinstance(path[-1], int):
            self._set_instance(instance.put(self._instance, path, self._blank(path)))
        else:
            self._set_instance(instance.drop(self._instance, path))

    def open(self, path: Path) -> None:
        self._view.opened[path] = True
        self._changed(structure_only=True)

    def close(self, path: Path) -> None:
        self._view.opened[path] = False
        self._changed(structure_only=True)

    def lengthen(self, path: Path) -> None:
        """Edit the text at `path` in several lines from now on."""
        self._view.long.add(path)
        self._changed(structure_only=True)

    def drop_text(self) -> None:
        """Give up JSON text that does not parse; the last good instance stays."""
        self.text_problem = self.unread_text = None
        self._changed()

    def undo(self) -> None:
        self._back(self._undo, self._redo)

    def redo(self) -> None:
        self._back(self._redo, self._undo)

    def with_schema(self, schema: Any) -> Form:
        """The same input in the form of another schema; what that does not know stands as a further input."""
        other = Form(schema, self._instance)
        other._view.opened.update(self._view.opened)
        other._view.texts.update(self._view.texts)
        other._kept.update(self._kept)
        other._view.long.update(self._view.long)
        other.text_problem, other.unread_text = self.text_problem, self.unread_text
        return other

    def strangers(self) -> list[Path]:
        """Given properties that the schema does not declare and that stand in no map, in the order of the data."""
        found: list[Path] = []
        todo: list[Path] = [()]
        for path in todo:
            value = instance.get(self._instance, path)
            if not isinstance(value, dict | list) or len(todo) > MAX_ROWS:
                continue
            node = self._view.inner(path, self._node(path), value)
            keys = value if isinstance(value, dict) else range(len(value))
            known = {name for name, _ in defined(node)} if node.kind == "object" else keys
            found += [(*path, key) for key in keys if key not in known]
            todo += [(*path, key) for key in keys if key in known]
        return found

    # inside

    def _node(self, path: Path) -> Node:
        """The node at `path`, present or not; of a union on the way, its chosen branch."""
        view, schema, value = self._view, self.schema, self._instance
        node = view.node(schema, "", value)
        for end, key in enumerate(path):
            schema = view.resolver.child(view.inner(path[:end], node, value), key)
            value = instance.step(value, key)
            node = view.node(schema, key, value)
        return node

    def _blank(self, path: Path) -> Any:
        parent = self._view.inner(path[:-1], self._node(path[:-1]), instance.get(self._instance, path[:-1]))
        return payload.blank(self._view, self._view.resolver.child(parent, path[-1]), path[-1])

    def _clear(self, path: Path) -> None:
        """Cleared text: the key goes; an item stays in its list, blank."""
        if path and (isinstance(path[-1], int) or self._is_entry(path)):
            self.set(path, "")
        else:
            self.unset(path)

    def _is_entry(self, path: Path) -> bool:
        row = self.row(path)
        return row is not None and row.path == path and row.keyed

    def _find_problems(self) -> list[Problem]:
        found = [Problem(path, _unread(text)) for path, text in self._view.texts.items()]
        if self.text_problem is not None and self.unread_text is not None:
            found.append(Problem((), self.text_problem))
        checker = self.prepare()
        if checker is None:
            return [*found, Problem((), self.schema_problem or "the schema cannot be used")]
        given = self.payload
        gone = [path for path in payload.leaves(self._instance, MASK) if self._is_secret(path)]
        found += [Problem(path, "is not kept; type it again") for path in gone]
        if given is ABSENT:
            found.append(Problem((), "is required", "required"))
        else:
            found += [self._worded(problem) for problem in checker.problems(given)]
        rows = self.rows()
        found += [
            Problem(row.path, "needs a name", "required")
            for row in rows
            if row.path in self._unnamed - self._view.names.keys()
        ]
        found += [Problem(path, f"the name {key!r} is taken") for path, key in self._view.names.items()]
        places = {row.path: at for at, row in enumerate(rows)}
        first: dict[Path, Problem] = {}
        for problem in found:
            first.setdefault(problem.path, problem)
        return sorted(first.values(), key=lambda problem: _place(problem.path, places))

    def _is_secret(self, path: Path) -> bool:
        return bool(instance.get(mask(self.schema, instance.put(self._instance, path, "?" * 8)), path) == MASK)

    def _worded(self, problem: SchemaProblem) -> Problem:
        """A problem of the checker; a blank row that takes no text is unfilled rather than wrong."""
        path = problem.path
        if instance.get(self._instance, path) == "" and self._node(path).kind in (
            "integer",
            "number",
            "boolean",
            "choice",
        ):
            return Problem(path, "is required", "required")
        return Problem(path, problem.text, problem.kind)

    def _keep_empty(self, value: Any, path: Path = ()) -> None:
        """Remember the empty objects and lists of loaded data: they stay when they are emptied again."""
        stack = [(path, value)]
        while stack:
            path, value = stack.pop()
            if isinstance(value, dict | list):
                if not value:
                    self._kept.add(path)
                pairs = value.items() if isinstance(value, dict) else enumerate(value)
                stack.extend(((*path, key), item) for key, item in pairs)

    def _forget(self, parent: Path) -> None:
        """Drop what was remembered by path below `parent`, whose items change places."""
        view = self._view
        for known in (view.opened, view.chosen, view.texts, view.names):
            for path in [path for path in known if len(path) > len(parent) and path[: len(parent)] == parent]:
                del known[path]

    def _step(self, edit: tuple[str, Path]) -> None:
        if edit[0] not in ("set", "load") or edit != self._last:
            self._undo.append(self._instance)
            del self._undo[:-MAX_UNDO]
        self._redo.clear()
        self._last = edit

    def _back(self, source: list[Any], target: list[Any]) -> None:
        if source:
            target.append(self._instance)
            self._last = None
            self._view.chosen.clear()
            self._view.texts.clear()
            self._view.names.clear()
            self._set_instance(source.pop())

    def _set_instance(self, value: Any) -> None:
        self._instance = value
        self._changed()

    def _changed(self, *, structure_only: bool = False) -> None:
        self._rows = None
        if not structure_only:
            self._problems = None


def _unread(text: str) -> str:
    try:
        strict_json.parse(text)
    except strict_json.JsonError as error:
        return str(error)
    return "is not taken yet"


def _place(path: Path, places: Mapping[Path, int]) -> float:
    """Where a problem stands among the rows: at its row, else at the nearest parent's."""
    for end in range(len(path), -1, -1):
        if path[:end] in places:
            return places[path[:end]] + (len(path) - end) / 1000
    return -1
