"""The launch dialog: an executor's form, its JSON, and one key that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static, TextArea

from engine.catalogue import ExecutorSpec
from tui.bindings import bindings_of
from tui.forms import fields
from tui.forms.model import Form
from tui.forms.rows import Row
from tui.forms.widgets import AS_TEXT, Choice, Edited, FieldRow, Header, Left, Line
from tui.text import safe_text

MOUNTED = 40
"""Rows mounted at most at first; the rest follow once the first are painted (forms.md 0.10)."""
HINTS = "ctrl+r launch · F2 JSON · F8 next problem · Enter, Tab next field · Esc leave"


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """What the person asked for: inputs as the form sends them; the engine fills the defaults."""

    executor_id: str
    inputs: dict[str, Any]


class LaunchScreen(ModalScreen[LaunchRequest | None]):
    """Dismisses with a `LaunchRequest`, or None for Esc; `form` then still holds what was typed."""

    AUTO_FOCUS = None
    CSS_PATH = "../styles/launch.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("launch")

    def __init__(
        self,
        spec: ExecutorSpec,
        inputs: dict[str, Any] | None = None,
        *,
        title: str = "Launch",
        draft: Form | None = None,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.form = draft or (Form(spec.schema) if inputs is None else Form(spec.schema, inputs))
        self._title = title
        self._opened_with_data = inputs is not None or draft is not None
        self._fields: dict[tuple[Any, ...], FieldRow] = {}
        self._tried = False

    # ── what is seen ─────────────────────────────────────────────────────────────────────────────────────────────

    def compose(self) -> ComposeResult:
        with Vertical(id="launch"):
            yield Static("", id="about")
            yield VerticalScroll(id="form", can_focus=False)
            area = TextArea("", id="json", tab_behavior="indent", show_line_numbers=True)
            area.cursor_blink = False
            yield area
            yield Static("", id="note")
            yield Static("", id="count")
            yield Static(Content(HINTS), id="keys")

    async def on_mount(self) -> None:
        self._show_about()
        await self._sync(MOUNTED)
        if self.spec.schema_problem:
            self._note(f"its schema cannot be used: {self.spec.schema_problem}")
        self._first_focus()
        self._check()
        if len(self._shown_rows()) > MOUNTED:
            self.call_after_refresh(self._sync)

    def _show_about(self) -> None:
        name, spec = safe_text(self.spec.name, limit=60), self.spec
        self.query_one("#about", Static).update(
            Content.assemble(
                (f"{self._title}: {name}", "bold"),
                (f"  {safe_text(spec.id, limit=60)}\n", "dim"),
                safe_text(spec.description, limit=200),
            )
        )

    def _shown_rows(self) -> list[Row]:
        """The rows that have a widget: not the root itself, nothing inside what is edited as text."""
        covered: list[tuple[Any, ...]] = []
        shown = []
        for row in self.form.rows():
            if any(row.path[: len(path)] == path for path in covered):
                continue
            if row.kind in AS_TEXT:
                covered.append(row.path)
            if row.path or row.kind != "object":
                shown.append(row)
        return shown

    async def _sync(self, limit: int | None = None) -> None:
        """Mount what is new, remove what went, keep the rest as it is: focus and typed text stay."""
        box = self.query_one("#form", VerticalScroll)
        rows = self._shown_rows()
        wanted = {(*row.path, row.kind): row for row in rows[:limit]}
        for key in [key for key in self._fields if key not in wanted]:
            await self._fields.pop(key).remove()
        fresh: list[FieldRow] = []
        before: FieldRow | None = None
        for key, row in wanted.items():
            field = self._fields.get(key)
            if field is None:
                field = self._fields[key] = FieldRow(row)
                fresh.append(field)
                continue
            if fresh:
                await box.mount(*fresh, before=field)
                fresh = []
            field.refresh_row(row)
            before = field
        if fresh:
            await (box.mount(*fresh, after=before) if before is not None else box.mount(*fresh))
        if not rows and not box.query("#go"):
            await box.mount(Static(Content("It takes no inputs."), classes="help"), Button("Launch", id="go"))

    def _ordered(self) -> list[FieldRow]:
        return [f for f in self.query_one("#form").query(FieldRow) if f.row.kind != "const"]

    def _first_focus(self) -> None:
        ordered = self._ordered()
        first = next((f for f in ordered if f.row.required and f.row.state == "absent"), None)
        if first is not None or ordered:
            (first or ordered[0]).focus_editor()
        elif buttons := self.query("#go"):
            buttons.first().focus()

    def _note(self, text: str) -> None:
        note = self.query_one("#note", Static)
        note.update(Content(safe_text(text, limit=300)))
        note.set_class(bool(text), "-shown")

    def _check(self) -> None:
        """Errors at the fields that were left (all, once a launch was tried), and the honest count (forms.md 1.5)."""
        at: dict[tuple[Any, ...], str] = {}
        for problem in self.form.problems:
            row = next((f for f in self._candidates(problem.path)), None)
            if row is not None:
                at.setdefault((*row.row.path, row.row.kind), problem.text)
        for key, field in self._fields.items():
            seen = self._tried or field.touched or (self._opened_with_data and field.row.state != "absent")
            field.show_error(at.get(key, "") if seen else "")
        missing = sum("is required" in p.text for p in self.form.problems)
        wrong = len(self.form.problems) - missing
        parts = [f"{missing} to fill"] if missing else []
        parts += [f"{wrong} ✗"] if wrong else []
        self.query_one("#count", Static).update(Content(" · ".join(parts) or "ready"))

    def _candidates(self, path: tuple[Any, ...]) -> list[FieldRow]:
        """The field at `path`, else those of its nearest parents."""
        found = []
        for end in range(len(path), -1, -1):
            found += [f for f in self._fields.values() if f.row.path == path[:end]]
        return found

    # ── what is typed ────────────────────────────────────────────────────────────────────────────────────────────

    def _take(self, field: FieldRow) -> None:
        """Bring what stands in the editor into the model."""
        row, editor = field.row, field.editor
        if isinstance(editor, Choice):
            if editor.index is None:
                self.form.unset(row.path)
            else:
                self.form.set(row.path, bool(editor.index) if row.kind == "boolean" else row.options[editor.index][1])
            return
        changed, text = field.read()
        if not changed:
            return
        pairs = fields.split_pairs(text) if row.kind == "map" and not text.lstrip().startswith("{") else None
        if pairs is not None and text.strip():
            self.form.set(row.path, dict(pairs))
        elif row.kind in ("map", "union", "tuple", "choices") and text.strip():
            self.form.set(row.path, fields.read("any", text))
        elif row.kind in ("map", "union", "tuple", "choices"):
            self.form.unset(row.path)
        else:
            self.form.enter(row.path, text)

    @on(Edited)
    async def _edited(self, event: Edited) -> None:
        event.stop()
        if event.field.is_attached:
            self._take(event.field)
            await self._changed()

    @on(Left)
    def _left(self, event: Left) -> None:
        event.stop()
        if not event.field.touched and event.field.is_attached:
            event.field.touched = True
            self._check()

    @on(Line.Lines)
    async def _pasted(self, event: Line.Lines) -> None:
        """Several lines pasted into one line: the model keeps them, the row becomes the multi-line editor."""
        event.stop()
        field = next((f for f in self._fields.values() if f.editor is event._sender), None)
        if field is None:
            return
        text = event.text
        if field.row.kind == "map" and (pairs := fields.split_pairs(text)) is not None:
            self.form.set(field.row.path, dict(pairs))
        else:
            self.form.enter(field.row.path, text)
        await self._rebuild(field.row.path)

    @on(Header.Folded)
    async def _folded(self, event: Header.Folded) -> None:
        event.stop()
        field = next((f for f in self._fields.values() if f.editor is event._sender), None)
        if field is not None:
            row = field.row
            if row.kind == "array" and not row.value:
                await self._add(row.path)
                return
            (self.form.close if row.is_open else self.form.open)(row.path)
            await self._changed()

    async def _changed(self) -> None:
        await self._sync()
        self._check()

    async def _rebuild(self, focus: tuple[Any, ...] | None = None) -> None:
        """Draw all rows anew, after an edit that came from elsewhere than their editors."""
        for field in self._fields.values():
            await field.remove()
        self._fields.clear()
        await self._changed()
        again = next((f for f in self._fields.values() if f.row.path == focus), None)
        if again is not None:
            again.focus_editor()
        else:
            self._first_focus()

    # ── acts ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def action_launch(self) -> None:
        """Launch what the form, or the JSON where that is open, says; with problems go to the first instead."""
        if self.spec.schema_problem:
            self._note(f"its schema cannot be used: {self.spec.schema_problem}")
            return
        if self.has_class("-json"):
            if not self._read_json():
                return
        else:
            for field in self._ordered():
                if not isinstance(field.editor, Choice):
                    self._take(field)
        self._tried = True
        if self.form.problems:
            if self.has_class("-json"):
                first = self.form.problems[0]
                self._note(f"{'.'.join(map(str, first.path))} {first.text}".strip())
            else:
                await self._open_problems()
                await self._changed()
                self.action_problem(1, first=True)
            return
        sent = self.form.sent
        self.dismiss(LaunchRequest(self.spec.id, sent if isinstance(sent, dict) else {}))

    async def _open_problems(self) -> None:
        for problem in self.form.problems:
            for end in range(1, len(problem.path)):
                self.form.open(problem.path[:end])

    @on(Button.Pressed, "#go")
    async def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        await self.action_launch()

    def action_leave(self) -> None:
        self.dismiss(None)

    async def action_switch(self) -> None:
        """Form to JSON and back; text that does not parse stays, and says where it is wrong."""
        area = self.query_one("#json", TextArea)
        if not self.has_class("-json"):
            for field in self._ordered():
                if not isinstance(field.editor, Choice):
                    self._take(field)
            area.load_text(self.form.text())
            self.add_class("-json")
            area.focus()
        elif self._read_json():
            self.remove_class("-json")
            await self._rebuild()

    def _read_json(self) -> bool:
        problem = self.form.load_text(self.query_one("#json", TextArea).text)
        self._note(f"JSON: {problem}" if problem else "")
        return problem is None

    def action_problem(self, by: int, *, first: bool = False) -> None:
        """To the next or previous field with a problem."""
        ordered = self._ordered()
        wrong = [f for f in ordered if f.error]
        if not wrong:
            self._note("no problem is shown" if self._tried else "")
            return
        focused = self.focused
        at = next((i for i, f in enumerate(ordered) if focused is not None and focused is f.editor), -1)
        after = [f for f in wrong if ordered.index(f) > at] if by > 0 else [f for f in wrong if ordered.index(f) < at]
        target = wrong[0] if first or not after else after[0 if by > 0 else -1]
        target.focus_editor()
        target.scroll_visible(animate=False)
        many = len(self.form.problems)
        self._note(f"{many} problem{'s' if many != 1 else ''}: {safe_text(target.row.label, limit=40)} {target.error}")

    async def action_add_item(self) -> None:
        """A new item in the list that has the focus, or that the focused item stands in."""
        field = self._focused_field()
        if field is None:
            return
        path = field.row.path
        while path and not any(r.path == path and r.kind == "array" for r in self.form.rows()):
            path = path[:-1]
        if path:
            await self._add(path)

    async def _add(self, path: tuple[Any, ...]) -> None:
        self.form.open(path)
        await self._rebuild(self.form.add(path))

    async def action_remove_item(self) -> None:
        """Remove the focused item of a list."""
        field = self._focused_field()
        if field is not None and field.row.removable:
            path = field.row.path
            self.form.remove(path)
            await self._rebuild(path[:-1])

    def action_reveal(self) -> None:
        """Show or hide the secret that has the focus."""
        field = self._focused_field()
        if field is not None and field.row.kind == "secret" and isinstance(field.editor, Line):
            field.editor.password = not field.editor.password

    def _focused_field(self) -> FieldRow | None:
        return next((f for f in self._fields.values() if f.editor is self.focused), None)

    def schema_changed(self, spec: ExecutorSpec) -> None:
        """The executor was saved while the dialog is open: go on with its new schema, keep what was typed."""
        self.spec = spec
        self.form = self.form.with_schema(spec.schema)
        self._show_about()
        self._note("the executor changed on disk; what you typed is kept")
        self.run_worker(self._rebuild(), exit_on_error=False)
