"""The form being edited: what a person does in the rows becomes edits of the model, and the rows follow it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

from textual import on
from textual.message import Message
from textual.widget import Widget

from tui.forms import fields, raw_text, strict_json
from tui.forms.checks import Checks
from tui.forms.compare import differences, marks
from tui.forms.controls import Head
from tui.forms.editors import Pasted
from tui.forms.form_view import FormView
from tui.forms.heads import AddLine
from tui.forms.instance import get, place_of
from tui.forms.jumps import Jumps
from tui.forms.model import ABSENT, Form, Path, Problem, Row
from tui.forms.pastes import may_be_all, paste_items, paste_pairs
from tui.forms.pickers import Picker
from tui.forms.raw_text import Language
from tui.forms.row_acts import LISTS
from tui.forms.rows import LONGEST
from tui.forms.view import PAGE
from tui.forms.widgets import RowWidget
from tui.screens.text_edit import TextScreen
from tui.text import safe_text

ABOVE = 5
"""Items that stay in sight above one that was jumped to on another page; few, for only the first rows come at once."""


def _judge(text: str) -> tuple[bool, list[str]]:
    reading = raw_text.read(text, "json")
    return not reading.problem, [reading.problem] if reading.problem else []


def _moved(path: Path, old: Path, new: Path) -> Path:
    return (*new, *path[len(old) :]) if path[: len(old)] == old else path


class FormPane(Widget):
    """Draws `form` and edits it. `tried` shows every error; before that only rows that were left show theirs (1.5)."""

    class Edited(Message):
        """Something changed; `note` is a word about it, None leaves the last word standing."""

        def __init__(self, note: str | None = "") -> None:
            super().__init__()
            self.note = note

    class AllPasted(Message):
        """What was pasted at `path` may be the inputs of the whole form; `paste` is not taken yet."""

        def __init__(self, path: Path, paste: Pasted) -> None:
            super().__init__()
            self.path, self.paste = path, paste

    class LaunchAsked(Message):
        """ctrl+r was pressed where the pane does not see keys: in an open list of options."""

    def __init__(self, form: Form, *, tried: bool = False, told: Sequence[Problem] = ()) -> None:
        """`told` is what a run said of the inputs; each stands until its field is changed."""
        super().__init__(id="form-pane")
        self.form = form
        self._new: set[Path] = set()
        """Items and entries that were added and not left since: what they lack is owed, and not told yet."""
        self.tried = tried
        self._told = [(problem, get(form.instance, problem.path)) for problem in told]
        self._jumps = Jumps()
        self.former: Any = ABSENT
        """Inputs of an earlier run that the rows are compared with; ABSENT for none."""
        self._touched: set[Path] = set()
        self.view = FormView()
        self._drawing = asyncio.Lock()
        self._checks = Checks(lambda: self.form, self._checked)

    @property
    def form(self) -> Form:
        return self._form

    @form.setter
    def form(self, form: Form) -> None:
        form.began_empty = (
            True  # here a default is always seen in the place of what is missing, and the engine fills it
        )
        self._form = form

    @property
    def tried(self) -> bool:
        """Whether all that is wrong is told, not only of rows that were left."""
        return self._tried

    @tried.setter
    def tried(self, tried: bool) -> None:
        self._tried = tried
        self._new.clear()

    def compose(self) -> Any:
        yield self.view

    # showing

    async def show(self, typing: Path | None = None) -> None:
        """Bring the rows in step with the form; the row at `typing` keeps the text that stands in it."""
        async with self._drawing:
            rows = self.form.drawn()
            compared = self.former is not ABSENT
            self.view.former = marks(rows, differences(self.form.instance, self.former)) if compared else {}
            await self.view.show(self.form.rows(), self._due(), typing)

    def _due(self) -> dict[Path, str]:
        """The errors to draw, by the path of the row that shows them."""
        errors: dict[Path, str] = {}
        inside: dict[Path, int] = {}
        for problem in self.problems:
            row = self.form.row(problem.path)
            if row is None or not (self.tried or self._is_touched(problem.path, row)) or self._is_new(problem):
                continue
            if row.path == problem.path:
                errors[row.path] = problem.text
            elif row.is_container and not row.is_open:
                inside[row.path] = inside.get(row.path, 0) + 1
            else:
                name = ".".join(str(key) for key in problem.path[len(row.path) :])
                errors.setdefault(row.path, f"{name}: {problem.text}")
        self.view.inside = inside
        return errors

    @property
    def problems(self) -> list[Problem]:
        """What stands against a launch, and what the last run said of inputs that are as they were then."""
        found = self.form.problems
        if not self._told:
            return found
        known = {problem.path for problem in found}
        still = [
            problem
            for problem, value in self._told
            if problem.path not in known and strict_json.equal(get(self.form.instance, problem.path), value)
        ]
        return [*found, *still]

    def rows_at(self, path: Path) -> list[Row]:
        """The row at exactly this path; of a union also that of its branch."""
        return [row for row in self.form.rows() if row.path == path]

    def _is_touched(self, path: Path, row: Row) -> bool:
        if row.is_container:
            return any(touched[: len(row.path)] == row.path for touched in self._touched)
        return path in self._touched or row.path in self._touched

    def _is_new(self, problem: Problem) -> bool:
        """Whether it is only that something is missing in what was just added."""
        ends = range(len(problem.path) + 1) if self._new and problem.kind == "required" else range(0)
        return any(problem.path[:end] in self._new for end in ends)

    def loose(self) -> list[Problem]:
        """Problems that have no row to stand at."""
        return [problem for problem in self.form.problems if self.form.row(problem.path) is None]

    def focused(self) -> RowWidget | None:
        return self.view.row_of(self.screen.focused)

    def focus_first(self) -> bool:
        """Focus the first required field, else the first of all; False where there is nothing to fill."""
        rows = [w for w in self.view.rows if w.editor.focusable and not (isinstance(w.editor, Head) and not w.row.path)]
        required = [w for w in rows if w.row.required and not w.row.is_container]
        chosen = (required or rows)[:1]
        for widget in chosen:
            widget.editor.focus()
        return bool(chosen)

    async def go(self, path: Path) -> None:
        """Open the parents of `path`, scroll to its row and focus it."""
        for end in range(len(path)):
            if any(row.is_container and not row.is_open for row in self.rows_at(path[:end])):
                self.form.open(path[:end])
            for each in self.rows_at(path[:end]):
                if each.page is not None:
                    at = place_of(self.form.instance, path[: end + 1])
                    if not each.page[0] <= at < each.page[0] + PAGE:
                        self.form.turn(each.path, max(at - ABOVE, 0))
        await self.show()
        row = self.form.row(path)
        if row is not None and self.view.widget_at(row.path) is None:  # mounting takes its time: only where it must
            async with self._drawing:
                await self.view.show_all(row.path)
        widget = self.view.widget_at(row.path) if row is not None else None
        if widget is not None:
            name = widget.key_editor
            (name if name is not None and widget.row.unnamed else widget.editor).focus()
            widget.scroll_visible(animate=False)

    async def go_problem(self, step: int) -> str:
        """Go to the next or previous problem; returns what to say about it."""
        problems = self._jumps.ordered(self.form, self.problems)
        if not problems:
            return self.form.problems[0].text if self.form.problems else "no problems"
        self.tried = True
        widget = self.focused()
        chosen = self._jumps.next(self.form, problems, widget.row.path if widget is not None else None, step)
        await self.to_problem(problems[chosen])
        return f"problem {chosen + 1} of {len(problems)}"

    async def to_problem(self, problem: Problem) -> None:
        """Go where it is to be mended."""
        await self.go(problem.path)
        row = self.form.row(problem.path)
        self._jumps.landed(problem.path, row.path if row is not None else None)

    async def first_problem(self) -> None:
        """Go to the topmost one."""
        problems = self._jumps.ordered(self.form, self.problems)
        if problems:
            await self.to_problem(problems[0])

    # what was typed

    def take_all(self) -> None:
        """Read every editor now: keys may have come faster than messages."""
        for widget in self.view.rows:
            self._take(widget)

    def _take(self, widget: RowWidget, *, names: bool = True) -> bool:
        text = widget.unsent()
        if text is not None:
            self.form.enter(widget.row.path, text)
        name = widget.unsent_name() if names else None
        if name is not None:
            old = widget.row.path
            new = self.form.rename(old, name)
            self.view.renamed(old, new)
            self._touched = {_moved(path, old, new) for path in self._touched}
            self._new = {_moved(path, old, new) for path in self._new}
        return text is not None or name is not None

    @on(RowWidget.Typed)
    async def _typed(self, event: RowWidget.Typed) -> None:
        event.stop()
        widget = event.source
        key = widget.key_editor
        # a name counts before its value does: it may say that the value is a secret
        if widget.is_attached and self._take(widget, names=key is not None and not key.has_focus):
            await self._changed(typing=widget.row.path)

    @on(RowWidget.Left)
    async def _left(self, event: RowWidget.Left) -> None:
        """The focus went on: the row may now say what is wrong, and a changed key counts."""
        event.stop()
        widget = event.source
        if not widget.is_attached:
            return
        if not widget.has_focus_within:
            self._touched.add(widget.row.path)
            edited = self._take(widget)
            self._leave_new()
            await self._changed("" if edited else None)
        elif widget.key_editor is not None and not widget.key_editor.has_focus and self._take(widget):
            await self._changed(typing=widget.row.path)  # from its name to its value

    def _leave_new(self) -> None:
        """Forget what was added once the focus is in none of its rows."""
        self._new = {path for path in self._new if self._here[: len(path)] == path}

    async def _changed(self, note: str | None = "", typing: Path | None = None) -> None:
        self._checks.edited(keep=typing is not None)
        await self.show(typing)
        self.post_message(self.Edited(note))

    async def check(self) -> None:
        """Find every problem before a launch."""
        await self._checks.now()

    async def _checked(self) -> None:
        if self.is_attached:
            await self.show()
            self.post_message(self.Edited(None))

    # what was picked, opened, pasted

    @on(RowWidget.Chosen)
    async def _chosen(self, event: RowWidget.Chosen) -> None:
        event.stop()
        await self._pick(event.source.row, event.value, event.unset)

    async def _pick(self, row: Row, value: Any, unset: bool) -> None:
        self._touched.add(row.path)
        if row.kind == "union":
            self.form.choose(row.path, value)
        elif unset:
            self.form.enter(row.path, "")
        else:
            self.form.set(row.path, value)
        await self._changed()

    @on(RowWidget.Opened)
    async def _opened(self, event: RowWidget.Opened) -> None:
        event.stop()
        widget = event.source
        if widget.opens_list:
            self.ask(widget)
        elif widget.row.held and not widget.row.is_container:
            self.edit_held(widget.row)
        elif widget.row.kind in ("array", "map") and not widget.row.value:
            await self.add_item()
        else:
            (self.form.close if widget.row.is_open else self.form.open)(widget.row.path)
            await self._changed()

    def ask(self, widget: RowWidget) -> None:
        """Open the options of a longer choice, the proposals of a text, or the names that a key may have."""
        if not self.screen.is_current:  # two keys came before the list stood there
            return
        row, names, screen = widget.row, widget.names_key, widget.options_screen()

        async def took(taken: list[Any] | None) -> None:
            if taken is not None and names:
                widget.take_name(taken[0])
            elif taken is not None and row.kind == "choices":
                await self._pick(row, taken, not taken)
            elif taken:
                await self._pick(row, taken[0], False)
            if screen.launch:
                self.post_message(self.LaunchAsked())

        self.app.push_screen(screen, took)

    @on(RowWidget.Many)
    async def _many(self, event: RowWidget.Many) -> None:
        """A paste of several lines, or of a command: for the whole form, or for this row alone."""
        event.stop()
        self.take_all()
        if may_be_all(event.row, event.paste.text):
            self.post_message(self.AllPasted(event.row.path, event.paste))
        else:
            await self.paste(event.row, event.paste)

    async def paste(self, row: Row, paste: Pasted) -> None:
        """Put it into a row: many items, many entries, or one text of several lines; no line is lost (0.11)."""
        path = row.path
        if row.kind in ("array", "map") or (row.kind == "object" and row.growable):
            path = self.form.add(path)
            row = self.form.row(path) or row
        parent, key = path[:-1], path[-1] if path else ""
        note = ""
        pairs = await asyncio.to_thread(fields.split_pairs, paste.text) if row.keyed else None
        if pairs is not None:
            note = paste_pairs(self.form, row, pairs)
        elif row.removable and isinstance(key, int) and row.kind not in ("multiline", "secret"):
            items = await asyncio.to_thread(fields.split_many, paste.before + paste.text + paste.after)
            note = paste_items(self.form, row, items)
        else:
            await self._paste_text(row, paste.before + paste.text + paste.after)
        await self._changed(note)
        here = self.view.widget_at(path) or self.view.widget_at(parent)
        if here is not None:
            here.editor.focus()

    async def _paste_text(self, row: Row, text: str) -> None:
        """Take a text as if it was typed; of a long one the reading takes its time, beside the loop."""
        if len(text) <= LONGEST or row.kind not in ("any", "raw"):
            self.form.enter(row.path, text)
            return
        value = await asyncio.to_thread(fields.read, "any", text, row.types)
        if isinstance(value, str) and row.kind == "raw":
            self.form.enter(row.path, text)
        else:
            self.form.set(row.path, value)

    # keys

    def _say(self, note: str) -> None:
        self.post_message(self.Edited(note))

    @property
    def _here(self) -> Path:
        widget = self.focused()
        return widget.row.path if widget is not None else ()

    def _around(self, kinds: Collection[str], *, growable: bool = False) -> Row | None:
        """The row with the focus, or its nearest parent, that is of one of `kinds`."""
        for end in range(len(self._here), -1, -1):
            for row in reversed(self.rows_at(self._here[:end])):
                if row.kind in kinds and (row.growable or not growable):
                    return row
        return None

    async def add_item(self) -> None:
        """Add an item or entry to the list or map that the focus is in; the focus goes to what is to be filled."""
        await self.add_to(self.taker())

    async def add_to(self, row: Row | None) -> None:
        """Add to this row; None says that there is nothing to add to."""
        if row is None:
            self._say("there is no list or map here to add to")
            return
        if row.most is not None and isinstance(row.value, list) and len(row.value) >= row.most:
            self._say(f"{row.most} items are the most here")
            return
        path = self.form.add(row.path)
        self._new = {path}
        await self._changed()
        await self.go(self._first_inside(path))

    def taker(self) -> Row | None:
        """What takes another item or entry: that of the focused line that adds, else the nearest list or map, else the
        nearest object whose schema says that it takes more."""
        line = self.screen.focused
        if isinstance(line, AddLine):
            return next((row for row in reversed(self.rows_at(line.adder.path)) if row.growable), None)
        return self._around(LISTS, growable=True) or self.open_object(silent=False)

    def open_object(self, *, silent: bool, beside: bool = False) -> Row | None:
        """The nearest object that takes further entries: because its schema says so, or because it says nothing.

        `beside` leaves out the row with the focus itself.
        """
        for end in range(len(self._here) - beside, -1, -1):
            for row in self.rows_at(self._here[:end]):
                if row.kind in ("object", "union") and row.growable and row.silent == silent:
                    return row
        return None

    def _first_inside(self, path: Path) -> Path:
        """Of a new item that is an object its first field, else the item itself."""
        rows = [row for row in self.form.rows() if row.path[: len(path)] == path]
        if not rows or not rows[0].is_container or rows[0].unnamed:
            return path
        inside = [row.path for row in rows if row.kind not in ("const", "object")]
        return inside[0] if inside else path

    def edit_held(self, row: Row) -> None:
        """Open a text that no row holds in an editor of its own, as far as one holds it."""
        value = get(self.form.instance, row.path)
        is_large = strict_json.weight(value, raw_text.EDITABLE) > raw_text.EDITABLE
        text = row.text if is_large else fields.show(row.kind, value)
        if is_large or raw_text.is_large(text):
            self._say(f"{row.held} are too many to be edited here: a paste replaces them, Del unsets them")
            return

        async def took(typed: str | None) -> None:
            if typed is not None:
                await self._picked(row.path, typed)

        judge = _judge if row.kind == "raw" else None
        language: Language | None = "json" if row.kind in ("any", "raw") else None
        self.app.push_screen(TextScreen(safe_text(row.label, limit=60), text, judge, language=language), took)

    def pick(self, path: Path, picker: Picker) -> None:
        """Open what picks the text of a row."""

        async def took(text: str | None) -> None:
            if text is not None:
                await self._picked(path, text)
            if picker.launch:
                self.post_message(self.LaunchAsked())

        self.app.push_screen(picker, took)

    async def _picked(self, path: Path, text: str) -> None:
        self._touched.add(path)
        self.form.enter(path, text)
        await self._changed()
        await self.go(path)

    async def undo(self) -> None:
        note = "undone" if self.form.can_undo else "there is nothing to undo"
        self.form.undo()
        await self._changed(note)

    async def redo(self) -> None:
        note = "done again" if self.form.can_redo else "there is nothing to do again"
        self.form.redo()
        await self._changed(note)

    async def replace(self, form: Form, note: str) -> None:
        """Draw another form in the place of this one."""
        self.form = form
        await self._changed(note)
