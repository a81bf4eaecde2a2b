"""The form without a terminal: a schema and an instance in, rows, problems and the payload out (forms.md 1.3, 5.1).

One model: the instance. The form and the JSON tab are views of it; each edit is one step that can be undone. Nothing
here raises for any schema or instance; what cannot be drawn is a row of JSON text.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any

from engine.schema import Checker, mask
from tui.forms import edits, fields, instance, payload, problems, raw_text, strict_json
from tui.forms.all_rows import every_row
from tui.forms.findings import Findings
from tui.forms.instance import ABSENT, Path
from tui.forms.judge import Judge
from tui.forms.problems import Problem
from tui.forms.raw_text import Language
from tui.forms.resolve import Resolver
from tui.forms.rows import CONTAINERS, Row
from tui.forms.steps import State, Steps
from tui.forms.view import View

__all__ = ["ABSENT", "CONTAINERS", "Form", "Path", "Problem", "Row"]

MAX_ROWS = 5_000
"""Rows that are drawn; the rest stands in the JSON (forms.md 2.5)."""


class Form:
    """The launch form of one schema. `instance` is never changed in place; every method is cheap enough for a key.

    Without an instance the form begins with what it owes: required constants, objects and lists. `problems` then treats
    a required field with a default as filled, for its ghost shows what will be sent; in a form of given data what is
    missing is missing (see `tui.forms.problems`).
    """

    def __init__(self, schema: Any, instance: Any = ABSENT) -> None:
        self.schema = schema
        self.text_problem: str | None = None
        self.unread_text: str | None = None
        self._judge = Judge(schema)
        self._view = View(Resolver(schema), self.prepare, self._prepared)
        self._steps = Steps()
        self._rows: list[Row] | None = None
        self._by_path: dict[Path, Row] = {}
        self._findings = Findings()
        self._edits = 0
        self.began_empty = instance is ABSENT
        """Whether the form was opened without data: then it shows defaults in the place of required fields."""
        self.is_cut = False
        """Whether there are more rows than are drawn."""
        self._instance = edits.beginning(self._view, schema) if instance is ABSENT else instance
        edits.note_loaded(self._view, schema, self._instance)

    @classmethod
    def from_text(cls, schema: Any, text: str) -> Form:
        """A form of JSON text, number text kept; what does not parse stays as `unread_text`, with `text_problem`."""
        try:
            value = strict_json.parse(text) if text.strip() else ABSENT
        except strict_json.JsonError:
            form = cls(schema)
            form.load_text(text)
            form._steps = Steps()
            return form
        return cls(schema, value)

    # what is seen

    @property
    def instance(self) -> Any:
        """The present value; ABSENT where nothing is given to a schema of no object."""
        return self._instance

    @property
    def sent(self) -> Any:
        """What a launch hands to the engine, which fills the defaults itself (behaviour.md 4.1); builtin numbers.

        Without read-only input, and without what a condition took away: that is kept in `instance` only.
        """
        try:
            return strict_json.plain(payload.as_sent(self._view, self.schema, self._instance))
        except RecursionError:
            return strict_json.plain(self._instance)

    @property
    def payload(self) -> Any:
        """What execute will get: `sent` with the schema's defaults filled."""
        sent = self.sent
        checker = self.prepare()
        return checker.with_defaults(sent) if checker and sent is not ABSENT else sent

    @property
    def problems(self) -> list[Problem]:
        """Everything that stands against a launch, in the order of the rows; one a path.

        A check that is not done in CHECK_SECONDS is one too: `check_in_full` then knows, and may take its time.
        """
        if self._findings.now is None:
            self._findings.look(lambda: self._found(problems.CHECK_SECONDS))
        return self._findings.now or []

    @property
    def is_unchecked(self) -> bool:
        """Whether the check was not done in the time between two keys."""
        return bool(self.problems) and not self._findings.are_whole

    @property
    def check_seconds(self) -> float:
        """How long the processor takes for a check."""
        return self._findings.seconds

    def put_off_check(self, *, keep: bool = False) -> None:
        """Say that the check is under way, until `take_check` has what it found.

        `keep` lets what was found before stand until then: for edits by which no place goes away or moves.
        """
        self._findings.put_off(keep=keep)

    def check_in_full(self) -> None:
        """Find the problems however long it takes: for a `snapshot`, beside the loop."""
        self._findings.look(lambda: self._found(None))

    def _found(self, seconds: float | None) -> list[Problem]:
        found = []
        if self.text_problem is not None and self.unread_text is not None:
            found.append(Problem((), self.text_problem))
        checker = self.prepare()
        if checker is None:
            return [*found, Problem((), self.schema_problem or "the schema cannot be used")]
        found += problems.of_instance(
            self._view, self.schema, self._instance, checker, began_empty=self.began_empty, seconds=seconds
        )
        return problems.in_order(found, self.rows())

    def snapshot(self) -> Form:
        """A copy to be checked beside the loop; `take_check` takes over what it found."""
        other = copy(self)
        other._view = replace(self._view, marks=self._view.marks.copied(), _rows={}, _tests={}, _notes={}, _children={})
        other._rows, other._findings = None, self._findings.copied()
        return other

    def take_check(self, other: Form) -> None:
        """Take the problems of a `snapshot`, unless something was edited since."""
        if other._edits == self._edits:
            self._findings = other._findings

    @property
    def notes(self) -> list[str]:
        """What the head of the form should say: the draft that the schema is read as, lost references, limits."""
        checker = self._prepared()
        said = [checker.note] if checker is not None and checker.note else []
        return [*said, f"only the first {MAX_ROWS:,} rows are drawn; the rest is in the JSON"] if self.is_cut else said

    @property
    def gone(self) -> list[Path]:
        """What a condition took away: kept in memory, not sent, to be named in the preview."""
        return edits.gone(self._view, self.schema, self._instance)

    @property
    def can_undo(self) -> bool:
        return bool(self._steps.done)

    @property
    def can_redo(self) -> bool:
        return bool(self._steps.undone)

    def rows(self) -> list[Row]:
        """The rows that stand open, top to bottom, the root first."""
        if self._rows is None:
            made: list[Row] = []
            refusal = self._judge.too_large
            self.is_cut = False
            for row in () if refusal else self._view.rows(self.schema, self._instance):
                if len(made) >= MAX_ROWS:
                    self.is_cut = True
                    break
                made.append(row)
            self._rows = made or [edits.raw_root(self._instance, refusal)]
            self._by_path = {}
            for row in made:
                self._by_path.setdefault(row.path, row)
        return self._rows

    def drawn(self) -> list[Row]:
        """`rows` without the line of an object at the root, which has no use on a screen."""
        rows = self.rows()
        return rows[1:] if rows and rows[0].kind == "object" else rows

    def every_row(self) -> list[Row]:
        """The rows as if everything stood open, to search them; the first `MAX_ROWS`."""
        refusal = self._judge.too_large
        return [] if refusal else every_row(self._view, self.schema, self._instance, MAX_ROWS)

    def schema_at(self, path: Path) -> tuple[Any, Mapping[str, Any]]:
        """(the schema of a place as it stands in the document, all that is said of it in one)."""
        return edits.schema_at(self._view, self.schema, self._instance, path)

    def row(self, path: Path) -> Row | None:
        """The drawn row at `path`, else that of its nearest open parent."""
        rows = self.rows()
        for end in range(len(path), -1, -1):
            found = self._by_path.get(path[:end])
            if found is not None:
                return None if found is rows[0] and found.kind == "object" else found
        return None

    def prepare(self) -> Checker | None:
        """Compile the schema, once; may be called from a worker for large ones. None sets `schema_problem`."""
        if self._judge.prepare():
            self._view.restyled()
            self._rows = None
        return self._judge.checker

    @property
    def schema_problem(self) -> str | None:
        """Why the schema cannot be used, once it was tried."""
        return self._judge.problem

    def text(self, language: Language = "json") -> str:
        """The instance as JSON or YAML text, secrets as `•••` (forms.md 1.6); text that cannot be read as it is."""
        if self.unread_text is not None:
            return self.unread_text
        return raw_text.write(mask(self.schema, self._instance), language)

    def strangers(self) -> list[Path]:
        """Given properties that the schema does not declare and that stand in no map, in the order of the data."""
        return edits.strangers(self._view, self.schema, self._instance)

    # edits

    def load_text(self, text: str) -> str | None:
        """Take JSON text as the new instance; where it does not parse, keep the text and the last good instance.

        Returns what is wrong with the text. `•••` at a secret keeps the secret that stood there.
        """
        try:
            value = strict_json.parse(text) if text.strip() else ABSENT
        except strict_json.JsonError as error:
            self.keep_text(text, str(error))
            return self.text_problem
        self.load_value(value)
        return None

    def keep_text(self, text: str, problem: str) -> None:
        """Keep text that cannot be read, and why; the instance stays, and nothing is launched."""
        self.text_problem, self.unread_text = problem, text
        self._changed()

    def load_value(self, value: Any) -> None:
        """Take what a text says as the new instance; a run of such edits is one step of undo."""
        self.drop_text()
        value = self.unmasked(value)
        value = {} if value is ABSENT and isinstance(self._instance, dict) else value
        if not payload.holds_all(value, self._instance) or value != self._instance:
            self._step(("load", ()))
            self._view.marks.forget(())
            edits.note_loaded(self._view, self.schema, value)
            self._set_instance(value)

    def unmasked(self, value: Any, path: Path = ()) -> Any:
        """`value`, read from a text that showed what stands at `path`, with the secrets in the place of their masks."""
        return payload.unmasked(self.schema, self._instance, value, path)

    def enter(self, path: Path, text: str) -> None:
        """Take what was typed in the row at `path`: cleared text makes it absent, never `""` or 0 (forms.md 1.3)."""
        row = next((row for row in self.rows() if row.path == path and row.kind != "union"), None)
        kind = row.kind if row else "text"
        self._view.marks.texts.pop(path, None)
        if not text:
            self._clear(path)
        elif kind == "raw":
            try:
                self.set(path, strict_json.parse(text))
            except strict_json.JsonError:
                self._view.marks.texts[path] = text
                self._changed()
        else:
            if "\n" in text and kind == "text":
                self._view.marks.long[path] = True
            self.set(path, fields.read(kind, text, row.types if row else ()))

    def set(self, path: Path, value: Any) -> None:
        """Put `value` at `path`; a run of edits of one row is one step of undo. New parents get what they owe."""
        before = edits.with_parents(self._view, self.schema, self._instance, path)
        after = instance.put(before, path, value)
        if after is before:  # a path that leads into a scalar, or far behind the end of a list
            return
        self._step(("set", path))
        marks = self._view.marks
        if value != instance.get(self._instance, path):
            marks.forget(path, itself=False)
        for known in (marks.texts, marks.blanks, marks.guessed, marks.suggestions):
            known.pop(path, None)
        if isinstance(value, dict | list) and not value:
            marks.kept[path] = True
        edits.mark_gaps(self._view, self._instance, path)
        if isinstance(value, dict | list):
            edits.note_loaded(self._view, self.schema, after, path)
        self._set_instance(after)

    def set_null(self, path: Path) -> None:
        self.set(path, None)

    def unset(self, path: Path) -> None:
        """Make the row absent; an optional parent left empty is absent too, unless it was so in the loaded data.

        An item cannot be absent from its list: it is to be filled again; only the end of a tuple can go.
        """
        if instance.get(self._instance, path) is ABSENT:
            self._view.marks.texts.pop(path, None)
            self._changed()
            return
        if path and isinstance(path[-1], int) and not edits.ends_tuple(self._view, self.schema, self._instance, path):
            self.set(path, edits.blank_at(self._view, self.schema, self._instance, path)[0])
            self._view.marks.blanks[path] = True
            self._changed()
            return
        self._step(("unset", path))
        self._view.marks.forget(path)
        self._view.marks.kept.pop(path, None)
        self._set_instance(edits.without(self._view, self.schema, self._instance, path))

    def add(self, path: Path, key: str | None = None) -> Path:
        """Add a blank item to the list, or an entry `key` to the map, at `path`; returns where it stands.

        A key that is there already is not overwritten; where nothing can be added, `path` comes back.
        """
        made = edits.place_to_add(self._view, self.schema, self._instance, path, key)
        if made is None or instance.get(self._instance, made) is not ABSENT:
            return made or path
        before = edits.with_parents(self._view, self.schema, self._instance, made)
        value, to_fill = edits.blank_at(self._view, self.schema, before, made)
        after = instance.put(before, made, value)
        if after is before:
            return path
        self._step(("add", made))
        marks = self._view.marks
        marks.opened[path] = marks.opened[made] = True
        if to_fill:
            marks.blanks[made] = True
        edits.turn_to(marks, made, after)
        if isinstance(made[-1], str):
            (marks.unnamed if key is None else marks.others)[made] = True
        self._set_instance(after)
        return made

    def rename(self, path: Path, key: str, *, is_meant: bool = False) -> Path:
        """Give the entry at `path` another key, in its place; a taken key is a problem there, nothing more (3.8).

        An entry with the key "" waits for its name, unless that `is_meant`.
        """
        parent = instance.get(self._instance, path[:-1]) if path else ABSENT
        if not isinstance(parent, dict) or path[-1] not in parent:
            return path
        marks, old = self._view.marks, path[-1]
        marks.names.pop(path, None)
        if key in parent:
            if key != old:
                marks.names[path] = key
            elif key or is_meant:
                marks.unnamed.pop(path, None)
            self._changed()
            return path
        self._step(("rename", path))
        marks.unnamed.pop(path, None)
        marks.move(path[:-1], lambda name: key if name == old else name)
        if not key and not is_meant:
            marks.unnamed[(*path[:-1], key)] = True
        self._set_instance(instance.rename(self._instance, path, key))
        return (*path[:-1], key)

    def remove(self, path: Path) -> None:
        """Take away an item or entry; the last one takes its optional parent with it."""
        if not path or instance.get(self._instance, path) is ABSENT:
            return
        self._step(("remove", path))
        marks, at = self._view.marks, path[-1]
        marks.forget(path)
        if isinstance(at, int):
            marks.move(path[:-1], lambda i: i if not isinstance(i, int) or i < at else None if i == at else i - 1)
        self._set_instance(edits.without(self._view, self.schema, self._instance, path))

    def move(self, path: Path, offset: int) -> Path:
        """Move an item up or down in its list, as far as it goes; returns its new path."""
        items, at = instance.get(self._instance, path[:-1]), path[-1] if path else None
        if not isinstance(items, list) or not isinstance(at, int) or not 0 <= at < len(items):
            return path
        to = min(max(at + offset, 0), len(items) - 1)
        if to == at:
            return path
        self._step(("move", path))
        self._view.marks.move(path[:-1], edits.shifted(at, to))
        self._set_instance(instance.move(self._instance, path, to))
        return (*path[:-1], to)

    def choose(self, path: Path, branch: int) -> None:
        """Take another branch of a union; the old one's value is kept and comes back with it (forms.md 1.4)."""
        chosen = edits.chosen(self._view, self.schema, self._instance, path, branch)
        if chosen is None:
            return
        self._step(("choose", path))
        marks = self._view.marks
        marks.drafts.setdefault(path, {}).update(chosen.draft)
        marks.forget(path)
        marks.chosen[path], marks.opened[path] = branch, True
        marks.suggestions.update(chosen.suggestions)
        if chosen.to_fill:
            marks.blanks[path] = True
        if isinstance(chosen.value, dict | list):
            marks.kept[path] = True
        if chosen.value is ABSENT:
            self._set_instance(instance.drop(self._instance, path))
        else:
            before = edits.with_parents(self._view, self.schema, self._instance, path)
            self._set_instance(instance.put(before, path, chosen.value))

    def open(self, path: Path) -> None:
        self._view.marks.opened[path] = True
        self._changed(structure_only=True)

    def close(self, path: Path) -> None:
        self._view.marks.opened[path] = False
        self._changed(structure_only=True)

    def turn(self, path: Path, first: int) -> None:
        """Draw a long list from its item `first` on."""
        self._view.marks.pages[path] = max(first, 0)
        self._changed(structure_only=True)

    def lengthen(self, path: Path) -> None:
        """Edit the text at `path` in several lines from now on."""
        self._view.marks.long[path] = True
        self._changed(structure_only=True)

    def drop_text(self) -> None:
        """Give up JSON text that does not parse; the last good instance stays."""
        self.text_problem = self.unread_text = None
        self._changed()

    def undo(self) -> None:
        self._restore(self._steps.back(self._state))

    def redo(self) -> None:
        self._restore(self._steps.forward(self._state))

    def with_schema(self, schema: Any) -> Form:
        """The same input in the form of another schema; what that does not know stands as a further input."""
        other = type(self)(schema, self._instance)
        other.began_empty = self.began_empty
        for name in ("opened", "texts", "kept", "long", "blanks"):
            getattr(other._view.marks, name).update(getattr(self._view.marks, name))
        other.text_problem, other.unread_text = self.text_problem, self.unread_text
        return other

    # inside

    def _prepared(self) -> Checker | None:
        """The checker where it is there, or costs little."""
        return self.prepare() if self._judge.checker is None and self._judge.is_cheap else self._judge.checker

    def _clear(self, path: Path) -> None:
        """Cleared text: the key goes; an item or entry stays in its place, to be filled."""
        row = self.row(path)
        if path and isinstance(path[-1], str) and row is not None and row.path == path and row.keyed:
            self.set(path, edits.blank_at(self._view, self.schema, self._instance, path)[0])
            self._view.marks.blanks[path] = True
            self._changed()
        else:
            self.unset(path)

    @property
    def _state(self) -> State:
        return self._instance, self._view.marks.snapshot()

    def _step(self, edit: tuple[str, Path]) -> None:
        self._steps.note(edit, lambda: self._state)

    def _restore(self, state: State | None) -> None:
        if state is not None:
            self._instance, marks = state
            self._view.marks.restore(marks)
            self._changed()

    def _set_instance(self, value: Any) -> None:
        if value is ABSENT and isinstance(self._instance, dict):
            value = {}
        self._instance = value
        self._changed()

    def _changed(self, *, structure_only: bool = False) -> None:
        self._rows = None
        if not structure_only:
            self._findings.now = None
            self._edits += 1
