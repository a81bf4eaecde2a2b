"""The form being edited: what a person does in the rows becomes edits of the model, and the rows follow it."""

from __future__ import annotations

import asyncio
from typing import Any

from textual import on
from textual.message import Message
from textual.widget import Widget

from tui.forms import fields
from tui.forms.compare import differences, marks
from tui.forms.controls import Head
from tui.forms.editors import Pasted
from tui.forms.form_view import FormView
from tui.forms.instance import get
from tui.forms.model import ABSENT, Form, Path, Problem, Row
from tui.forms.pastes import may_be_all, paste_items, paste_pairs
from tui.forms.widgets import RowWidget

GROWING = frozenset({"array", "tuple", "map"})
"""What takes more items or entries."""


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

    def __init__(self, form: Form, *, tried: bool = False) -> None:
        super().__init__(id="form-pane")
        self.form = form
        self.tried = tried
        self.former: Any = ABSENT
        """Inputs of an earlier run that the rows are compared with; ABSENT for none."""
        self._touched: set[Path] = set()
        self.view = FormView()
        self._drawing = asyncio.Lock()

    def compose(self) -> Any:
        yield self.view

    # showing

    async def show(self, typing: Path | None = None) -> None:
        """Bring the rows in step with the form; the row at `typing` keeps the text that stands in it."""
        async with self._drawing:
            rows = self.form.drawn()
            compared = self.former is not ABSENT
            self.view.former = marks(rows, differences(self.form.instance, self.former)) if compared else {}
            await self.view.show(rows, self._due(), typing)

    def _due(self) -> dict[Path, str]:
        """The errors to draw, by the path of the row that shows them."""
        errors: dict[Path, str] = {}
        inside: dict[Path, int] = {}
        for problem in self.form.problems:
            row = self.form.row(problem.path)
            if row is None or not (self.tried or self._is_touched(problem.path, row)):
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

    def _is_touched(self, path: Path, row: Row) -> bool:
        if row.is_container:
            return any(touched[: len(row.path)] == row.path for touched in self._touched)
        return path in self._touched or row.path in self._touched

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
        for end in range(1, len(path)):
            row = self.form.row(path[:end])
            if row is not None and row.path == path[:end] and row.is_container and not row.is_open:
                self.form.open(row.path)
        await self.show()
        async with self._drawing:
            await self.view.show_all(path)
        row = self.form.row(path)
        widget = self.view.widget_at(row.path) if row is not None else None
        if widget is not None:
            name = widget.key_editor
            (name if name is not None and not widget.row.name else widget.editor).focus()
            widget.scroll_visible(animate=False)

    async def go_problem(self, step: int) -> str:
        """Go to the next or previous problem; returns what to say about it."""
        problems = [problem for problem in self.form.problems if self.form.row(problem.path) is not None]
        if not problems:
            return self.form.problems[0].text if self.form.problems else "no problems"
        self.tried = True
        places = {row.path: at for at, row in enumerate(self.form.drawn())}
        widget = self.focused()
        here = places.get(widget.row.path, -1) if widget is not None else -1
        at = [places[row.path] for problem in problems if (row := self.form.row(problem.path)) is not None]
        if step > 0:
            chosen = next((number for number, place in enumerate(at) if place > here), 0)
        else:
            chosen = next((number for number in reversed(range(len(at))) if at[number] < here), len(at) - 1)
        await self.go(problems[chosen].path)
        return f"problem {chosen + 1} of {len(problems)}"

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
            self.form.rename(widget.row.path, name)
        return text is not None or name is not None

    @on(RowWidget.Typed)
    async def _typed(self, event: RowWidget.Typed) -> None:
        event.stop()
        if event.source.is_attached and self._take(event.source, names=False):
            await self._changed(typing=event.source.row.path)

    @on(RowWidget.Left)
    async def _left(self, event: RowWidget.Left) -> None:
        """The focus went on: the row may now say what is wrong, and a changed key counts."""
        event.stop()
        if event.source.is_attached and not event.source.has_focus_within:
            self._touched.add(event.source.row.path)
            edited = self._take(event.source)
            await self._changed("" if edited else None)

    async def _changed(self, note: str | None = "", typing: Path | None = None) -> None:
        await self.show(typing)
        self.post_message(self.Edited(note))

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
        if may_be_all(event.source.row, event.paste.text):
            self.post_message(self.AllPasted(event.source.row.path, event.paste))
        else:
            await self.paste(event.source.row, event.paste)

    async def paste(self, row: Row, paste: Pasted) -> None:
        """Put it into a row: many items, many entries, or one text of several lines; no line is lost (0.11)."""
        path = row.path
        if row.kind in ("array", "map"):
            path = self.form.add(path)
            row = self.form.row(path) or row
        parent, key = path[:-1], path[-1] if path else ""
        note = ""
        pairs = fields.split_pairs(paste.text) if row.keyed else None
        if pairs is not None:
            note = paste_pairs(self.form, row, pairs)
        elif row.removable and isinstance(key, int) and row.kind not in ("multiline", "secret"):
            items = fields.split_many(paste.before + paste.text + paste.after)
            note = paste_items(self.form, row, items)
        else:
            if "\n" in paste.text:
                self.form.lengthen(path)
            self.form.set(path, paste.before + paste.text + paste.after)
        await self._changed(note)
        here = self.view.widget_at(path) or self.view.widget_at(parent)
        if here is not None:
            here.editor.focus()

    # keys

    def _near(self, kinds: frozenset[str]) -> Row | None:
        """The row with the focus, or its nearest parent, that is of one of `kinds`."""
        widget = self.focused()
        path = widget.row.path if widget is not None else ()
        for end in range(len(path), -1, -1):
            found = self.form.row(path[:end])
            if found is not None and found.path == path[:end] and found.kind in kinds:
                return found
        return None

    async def add_item(self) -> None:
        """Add an item or entry to the list or map that has the focus."""
        row = self._near(GROWING)
        if row is None:
            self.post_message(self.Edited("there is no list here to add to"))
            return
        if row.most is not None and isinstance(row.value, list) and len(row.value) >= row.most:
            self.post_message(self.Edited(f"{row.most} items are the most here"))
            return
        path = self.form.add(row.path)
        await self._changed()
        await self.go(path)

    def _item(self) -> Row | None:
        widget = self.focused()
        path = widget.row.path if widget is not None else ()
        rows = (self.form.row(path[:end]) for end in range(len(path), 0, -1))
        return next((row for row in rows if row is not None and row.removable), None)

    async def remove_item(self) -> None:
        """Remove the item or entry that has the focus."""
        row = self._item()
        if row is None:
            self.post_message(self.Edited("only items of a list and entries of a map can be removed"))
            return
        self.form.remove(row.path)
        await self._changed("removed; F6 brings it back")
        key = row.path[-1]
        after = row.path if isinstance(key, int) and get(self.form.instance, row.path) is not ABSENT else row.path[:-1]
        if isinstance(key, int) and after != row.path and key > 0:
            after = (*row.path[:-1], key - 1)
        await self.go(after)

    async def move_item(self, step: int) -> None:
        """Move the item that has the focus up or down in its list."""
        row, widget = self._item(), self.focused()
        if row is None and step > 0 and widget is not None and widget.opens_list:
            self.ask(widget)  # alt+↓, as in any form
        elif row is not None and isinstance(row.path[-1], int):
            path = self.form.move(row.path, step)
            await self._changed()
            await self.go(path)

    async def next_state(self) -> None:
        """unset → null where it is allowed → empty → unset (1.3)."""
        widget = self.focused()
        if widget is None or widget.row.kind in ("const", "union"):
            return
        row = widget.row
        empty: Any = [] if row.kind in ("array", "choices", "tuple") else {} if row.kind in ("map", "object") else ""
        takes_empty = row.kind not in ("integer", "number", "boolean", "choice", "raw")
        states = ["absent", *["null"] * row.nullable, *["empty"] * takes_empty]
        at = states.index(row.state) + 1 if row.state in states else min(1, len(states) - 1)
        chosen = states[at % len(states)]
        self._touched.add(row.path)
        if chosen == "absent":
            self.form.unset(row.path)
        else:
            self.form.set(row.path, None if chosen == "null" else empty)
        await self._changed(f"now {'unset' if chosen == 'absent' else chosen}")

    async def reveal(self) -> None:
        """Show or hide the secret that has the focus."""
        widget = self.focused()
        if widget is None or widget.row.kind != "secret":
            self.post_message(self.Edited("no secret has the focus"))
            return
        self.view.revealed ^= {widget.row.path}
        widget.reveal()
        await self.show()

    async def lengthen(self) -> None:
        """Open the options of a choice, or edit a text in several lines."""
        widget = self.focused()
        if widget is None:
            return
        if widget.opens_list:
            self.ask(widget)
        elif widget.row.kind in ("text", "path", "any"):
            self.form.lengthen(widget.row.path)
            await self._changed()

    async def explain(self) -> None:
        """Show the whole help of the row, or one line of it again."""
        widget = self.focused()
        if widget is not None:
            widget.toggle_help()

    async def undo(self) -> None:
        note = "undone" if self.form.can_undo else "there is nothing to undo"
        self.form.undo()
        await self._changed(note)

    async def replace(self, form: Form, note: str) -> None:
        """Draw another form in the place of this one."""
        self.form = form
        await self._changed(note)
