"""The form on the screen: a row draws its label, constraint, help and error itself and holds one control.

Two widgets a row keep mounting cheap (forms.md 0.10); the first rows come at once, the rest in slices.
Widgets get their place from the row, never a name from the schema (2.5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, TextArea

from tui.forms.controls import Asked, Picked, control_for, make_control
from tui.forms.editors import AreaInput, AsideChanged, LineInput, Pasted
from tui.forms.instance import Path
from tui.forms.rows import Row
from tui.text import safe_text

FIRST_ROWS = 40
"""Rows mounted at once; about two screens."""

SLICE = 40
SLICE_SECONDS = 0.02
LABEL_CELLS = 24
NOTE_CELLS = 24
NARROW_NOTE = 20
INDENT = 2
HELP_LENGTH = 400
STATES = {"absent": "·unset", "null": "·null", "empty": "·empty", "value": ""}

Key = tuple[Path, bool]


class FromRow(Message):
    """Something that happened in the row `source`."""

    def __init__(self, source: RowWidget) -> None:
        super().__init__()
        self.source = source


class RowWidget(Widget):
    """One row: `▌label*  [control]  constraint ·state`, below it the help, and the error once it is due (5.3)."""

    class Typed(FromRow):
        """Text changed in the row's editor; `unsent` has it."""

    class Opened(FromRow):
        """The row's section or options are to open or close."""

    class Left(FromRow):
        """The focus went away from the row."""

    class Chosen(FromRow):
        """A value was picked, or taken back."""

        def __init__(self, source: RowWidget, value: Any, unset: bool) -> None:
            super().__init__(source)
            self.value, self.unset = value, unset

    class Many(FromRow):
        """Several lines were pasted into the row."""

        def __init__(self, source: RowWidget, paste: Pasted) -> None:
            super().__init__(source)
            self.paste = paste

    def __init__(self, row: Row, error: str, revealed: bool, former: str = "") -> None:
        super().__init__(classes="form-row")
        self.row, self.error = row, error
        self.former = former
        """What differs from an earlier run, in words; "" where nothing does."""
        self.full_help = False
        self.editor: Any = make_control(row, revealed)
        self.key_editor = LineInput(row, is_key=True) if row.keyed else None
        self._known: str | None = self.editor.typed
        self._known_key = self.key_editor.value if self.key_editor is not None else ""

    def compose(self) -> ComposeResult:
        if self.key_editor is not None:
            yield self.key_editor
        yield self.editor

    def load(self, row: Row, error: str, *, typing: bool, former: str = "") -> None:
        """Show the row as it is now; while it is being typed in, its text is let be."""
        same = row == self.row and error == self.error and former == self.former
        if same and (typing or self.editor.typed in (None, row.text)):
            return
        self.row, self.error, self.former = row, error, former
        if not typing:
            self.editor.load(row)
            self._known = self.editor.typed
            if self.key_editor is not None:
                self.key_editor.load(row)
                self._known_key = self.key_editor.value
        elif not isinstance(self.editor, LineInput | AreaInput):
            self.editor.load(row)
        self._lay_out()
        self.refresh()

    def toggle_help(self) -> None:
        """Show the whole help, or one line of it again."""
        self.full_help = not self.full_help
        self._lay_out()
        self.refresh()

    def reveal(self) -> None:
        if isinstance(self.editor, LineInput):
            self.editor.password = not self.editor.password

    def unsent(self) -> str | None:
        """The text that was typed since the row was loaded or this was asked; None without any.

        Read from the control itself, since messages may still be on their way when a launch is asked for.
        """
        typed: str | None = self.editor.typed
        if typed is None or typed == self._known:
            return None
        self._known = typed
        return typed

    def unsent_name(self) -> str | None:
        """The same for the key of a free entry."""
        if self.key_editor is None or self.key_editor.value == self._known_key:
            return None
        self._known_key = self.key_editor.value
        return self._known_key

    # drawing

    def on_mount(self) -> None:
        self._lay_out()

    def on_resize(self) -> None:
        self._lay_out()

    @property
    def _columns(self) -> tuple[int, int, int]:
        """Cells of label, control and note."""
        width = self.size.width or 76
        label = min(LABEL_CELLS, width // 3)
        note = NOTE_CELLS if width >= 90 else NARROW_NOTE
        if isinstance(self.editor, AreaInput) or self.row.is_container:
            note = max(note, 14)
        return label, max(width - label - note - 2, 8), note

    def _lay_out(self) -> None:
        label, control, _ = self._columns
        tall = self.editor.lines_shown if isinstance(self.editor, AreaInput) else 1
        self.editor.styles.width = control
        self.editor.styles.height = tall
        self.editor.styles.offset = (label, 0)
        if self.key_editor is not None:
            self.key_editor.styles.width = label - self._lead - 1
            self.key_editor.styles.offset = (self._lead, 0)
        self.styles.height = tall + len(self._below())

    @property
    def _lead(self) -> int:
        return 1 + INDENT * min(self.row.depth, 6)

    def _below(self) -> list[tuple[str, str]]:
        """The lines under the control: help, the reason of a raw row, the error."""
        _, control, note = self._columns
        room = control + note
        lines: list[tuple[str, str]] = []
        described = self.row.help or (self.row.reason if self.row.kind == "raw" else "")
        titled = not self.row.removable and self.row.label.casefold() not in (self.row.name.casefold(), self._spoken)
        named = safe_text(self.row.name, limit=LABEL_CELLS) if titled and self.row.path else ""
        aside = getattr(self.editor, "aside", "")
        text = " · ".join(filter(None, [aside, named, safe_text(described, limit=HELP_LENGTH)]))
        if self.full_help:
            whole = " · ".join(filter(None, [aside, named, safe_text(self.row.help, lines=True)]))
            lines += [(line, "$dim") for part in whole.splitlines() for line in wrap(part, room) or [""]]
        elif text:
            lines.append((text, "$dim"))
        if self.former:
            lines.append((f"≠ {safe_text(self.former)}", "$dim"))
        if self.error:
            lines.append((f"✗ {safe_text(self.error)}", "$error"))
        return lines

    @property
    def _spoken(self) -> str:
        return self.row.name.replace("_", " ").replace("-", " ").casefold()

    def render(self) -> Content:
        label, control, note = self._columns
        row = self.row
        tall = self.editor.lines_shown if isinstance(self.editor, AreaInput) else 1
        mark = "▌" if self.has_focus_within else " "
        indent = " " * (self._lead - 1)
        star = "*" if row.required and not row.removable else ""
        shown = "" if row.keyed else safe_text(row.label)
        named = Content.assemble((shown, "bold" if row.is_container else ""))
        room = label - self._lead - len(star) - 1
        named = Content.assemble(
            (mark if mark != " " or not self.former else "≠", "$primary"),
            indent,
            named.truncate(max(room, 1), ellipsis=True),
            (star, "$warning"),
        )
        said = " ".join(filter(None, [safe_text(row.constraint), self._state]))
        first = Content.assemble(
            _fit(named, label), " " * (control + 1), _fit(Content.assemble((said, "$dim")), note, right=True)
        )
        lines = [first, *[Content(mark)] * (tall - 1)]
        for text, style in self._below():
            under = Content.assemble((text, style)).truncate(max(control + note + 1, 8), ellipsis=True)
            lines.append(Content.assemble((mark, "$primary"), " " * (label - 1), under))
        return Content("\n").join(lines)

    @property
    def _state(self) -> str:
        if self.row.is_container and self.row.state == "value":
            return ""
        return STATES[self.row.state]

    # what happens inside

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input is self.editor:
            self.post_message(self.Typed(self))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._lay_out()
        self.post_message(self.Typed(self))

    def on_aside_changed(self, event: AsideChanged) -> None:
        event.stop()
        self._lay_out()
        self.refresh()

    def on_picked(self, event: Picked) -> None:
        event.stop()
        self.post_message(self.Chosen(self, event.value, event.unset))

    def on_asked(self, event: Asked) -> None:
        event.stop()
        self.post_message(self.Opened(self))

    def on_pasted(self, event: Pasted) -> None:
        event.stop()
        self.post_message(self.Many(self, event))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.refresh()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self.refresh()
        self.post_message(self.Left(self))


def _fit(content: Content, cells: int, *, right: bool = False) -> Content:
    content = content.truncate(max(cells, 1), ellipsis=True)
    space = " " * (cells - content.cell_length)
    return Content.assemble(space, content) if right else Content.assemble(content, space)


class FormView(VerticalScroll, can_focus=False):
    """All open rows. `show` brings the widgets in step with the rows: what stays is kept, with its focus."""

    def __init__(self) -> None:
        super().__init__(id="form-rows")
        self._widgets: dict[Key, RowWidget] = {}
        self._wanted: list[Row] = []
        self._errors: dict[Key, str] = {}
        self.revealed: set[Path] = set()
        self.former: Mapping[Path, str] = {}
        """What differs from an earlier run, by the row's path."""

    @property
    def rows(self) -> list[RowWidget]:
        """The mounted rows, top to bottom."""
        return [self._widgets[row.key] for row in self._wanted if row.key in self._widgets]

    async def show(self, rows: Sequence[Row], errors: dict[Path, str], typing: Path | None = None) -> None:
        """Draw `rows`; `errors` are those that are due, by path; the row at `typing` keeps its text."""
        self._wanted = list(rows)
        self._errors = {}
        for row in rows:
            if row.path in errors and (row.path, False) not in self._errors:
                self._errors[row.key] = errors[row.path]
        with self.app.batch_update():
            refocus = await self._discard()
            for row in rows:
                widget = self._widgets.get(row.key)
                if widget is not None:
                    former = self.former.get(row.path, "")
                    widget.load(row, self._errors.get(row.key, ""), typing=row.path == typing, former=former)
            await self._mount_missing(max(FIRST_ROWS, len(self._widgets) + SLICE if self._widgets else FIRST_ROWS))
            if refocus is not None and refocus in self._widgets:
                self._widgets[refocus].editor.focus()

    async def show_all(self) -> None:
        await self._mount_missing(len(self._wanted))

    def widget_at(self, path: Path) -> RowWidget | None:
        """The mounted row at `path`; of a union and its branch, the branch."""
        return self._widgets.get((path, False)) or self._widgets.get((path, True))

    def row_of(self, widget: Widget | None) -> RowWidget | None:
        """The row that `widget` stands in."""
        found = widget
        while found is not None and not isinstance(found, RowWidget):
            found = found.parent if isinstance(found.parent, Widget) else None
        return found

    async def _discard(self) -> Key | None:
        """Remove what is no longer wanted or needs another control; returns the row that had the focus, if it stays."""
        wanted = {row.key: row for row in self._wanted}
        gone, refocus = [], None
        for key, widget in list(self._widgets.items()):
            row = wanted.get(key)
            fits = row is not None and type(widget.editor) is control_for(row, row.path in self.revealed)
            if row is None or not fits or row.keyed != (widget.key_editor is not None):
                if row is not None and widget.has_focus_within:
                    refocus = key
                gone.append(widget)
                del self._widgets[key]
        if gone:
            await self.remove_children(gone)
        return refocus

    async def _mount_missing(self, limit: int) -> None:
        """Mount up to `limit` rows in all, each behind its predecessor; the rest follows in slices."""
        before: RowWidget | None = None
        batch: list[RowWidget] = []
        left = limit - len(self._widgets)

        async def put() -> None:
            nonlocal before
            if batch:
                if before is None:
                    await self.mount(*batch, before=0 if self.children else None)
                else:
                    await self.mount(*batch, after=before)
                before = batch[-1]
                batch.clear()

        for row in self._wanted:
            widget = self._widgets.get(row.key)
            if widget is not None:
                await put()
                before = widget
            elif left > 0:
                left -= 1
                former = self.former.get(row.path, "")
                made = RowWidget(row, self._errors.get(row.key, ""), row.path in self.revealed, former)
                self._widgets[row.key] = made
                batch.append(made)
        await put()
        if len(self._widgets) < len(self._wanted):
            self.set_timer(SLICE_SECONDS, self._more)

    async def _more(self) -> None:
        await self._mount_missing(len(self._widgets) + SLICE)
