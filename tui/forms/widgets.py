"""A row of the form on the screen: it draws its label, constraint, help and error itself and holds one control.

Two widgets a row, laid out by the row itself, keep mounting cheap (forms.md 0.10). Widgets get their place from the
row, never a name from the schema (2.5).
"""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, TextArea

from tui.forms.choice import ChoiceScreen
from tui.forms.controls import Asked, Drop, Head, Line, Options, Picked, make_control
from tui.forms.editors import AreaInput, AsideChanged, LineInput, Pasted
from tui.forms.heads import indent
from tui.forms.lines import cut
from tui.forms.row_lines import GAP, Beside, Look, below, first_line, note_of, raw_name
from tui.forms.rows import Row
from tui.keymap import label_of
from tui.text import safe_text

NO_MARGIN = Spacing()


class FromRow(Message):
    """Something that happened in the row `source`."""

    def __init__(self, source: RowWidget) -> None:
        super().__init__()
        self.source = source


class RowLayout(Layout):
    """Puts the controls of a row where the row leaves them room: no style has to be told for that."""

    name = "form-row"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        assert isinstance(parent, RowWidget)
        return [WidgetPlacement(parent.place(child), NULL_OFFSET, NO_MARGIN, child) for child in children]


ROW_LAYOUT = RowLayout()


class RowWidget(Widget):
    """One row: `▌label*  [control]  constraint  ·state`, below it the help, and the error once it is due (5.3)."""

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

    class Many(Message):
        """Several lines were pasted into `row`, or into the line that adds to it."""

        def __init__(self, row: Row, paste: Pasted) -> None:
            super().__init__()
            self.row, self.paste = row, paste

    def __init__(self, row: Row, beside: Beside, look: Look, *, revealed: bool) -> None:
        super().__init__(classes="form-row")
        self.row, self.beside, self.look = row, beside, look
        self.editor: Any = make_control(row, revealed)
        self.key_editor = LineInput(row, is_key=True, names=beside.names) if row.keyed else None
        self._known: str | None = self.editor.typed
        self._known_key = self.key_editor.value if self.key_editor is not None else ""
        self._drawn: tuple[Any, ...] = ()
        self._tell_head()

    def compose(self) -> ComposeResult:
        if self.key_editor is not None:
            yield self.key_editor
        yield self.editor

    @property
    def layout(self) -> Layout:
        return ROW_LAYOUT

    @property
    def error(self) -> str:
        """The error that the row shows; "" for none."""
        return self.beside.error

    def load(self, row: Row, beside: Beside, *, typing: bool) -> None:
        """Show the row as it is now; while it is being typed in, its text is let be."""
        same = (row is self.row or row == self.row) and beside == self.beside
        if same and (typing or self.editor.typed in (None, row.text)):
            return
        self.row, self.beside = row, beside
        if not typing:
            self.editor.load(row)
            self._known = self.editor.typed
            if self.key_editor is not None:
                self.key_editor.load(row, beside.names)
                self._known_key = self.key_editor.value
        elif not isinstance(self.editor, LineInput | AreaInput):
            self.editor.load(row)
        elif isinstance(self.editor, LineInput) and row.kind != self.editor.row.kind:
            self.editor.row = row  # its name just made it a secret, or no secret
            self.editor.hide()
        self._tell_head()
        self.redraw()

    def dress(self, look: Look) -> None:
        """Take other columns."""
        if look != self.look:
            self.look = look
            self.redraw()

    def _tell_head(self) -> None:
        if isinstance(self.editor, Head):
            self.editor.wrong = self.beside.inside

    @property
    def can_reveal(self) -> bool:
        """Whether it is a secret that is typed; one that is picked is seen in its list."""
        return self.row.kind == "secret" or (self.row.is_hidden and isinstance(self.editor, LineInput))

    def reveal(self) -> None:
        """Show a secret, or mask it again."""
        if isinstance(self.editor, LineInput):
            self.editor.revealed = not self.editor.revealed
            self.editor.hide()

    # what was typed

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

    # what is chosen from a list

    @property
    def opens_list(self) -> bool:
        """Whether what has the focus here has options, proposals or names to choose from."""
        if self.names_key:
            return True
        return isinstance(self.editor, Drop) or (isinstance(self.editor, LineInput) and self.editor.opens_list)

    @property
    def names_key(self) -> bool:
        """Whether the key has the focus, and the names that fit are known."""
        key = self.key_editor
        return key is not None and key.has_focus and key.opens_list

    def options_screen(self) -> ChoiceScreen:
        """The list that opens here; `take_name` is for what it gives where `names_key`."""
        if self.names_key and self.key_editor is not None:
            return ChoiceScreen(self.row, names=self.key_editor.names)
        return ChoiceScreen(self.row, self.editor.first_key if isinstance(self.editor, Drop) else "")

    def take_name(self, name: str) -> None:
        """Put a name that was chosen into the key's editor, and go on to the value."""
        if self.key_editor is not None:
            self.key_editor.value = name
            self.editor.focus()

    # drawing

    def place(self, child: Widget) -> Region:
        """Where a control stands."""
        if child is self.key_editor:
            lead = indent(self.row.depth)
            return Region(lead, 0, max(self.look.label - lead - 1, 4), 1)
        return Region(self.look.label, 0, self._control, self._tall)

    @property
    def _control(self) -> int:
        """Cells of the control: where there is nothing to say behind it, it has that room too."""
        drawn = isinstance(self.editor, Line) and not self._note().plain
        return self.look.control + (GAP + self.look.note if drawn else 0)

    @property
    def _tall(self) -> int:
        return int(self.editor.lines_at(self._control)) if isinstance(self.editor, AreaInput | Options) else 1

    @property
    def lines(self) -> int:
        """How many lines it takes."""
        return self._tall + len(self._below())

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.lines

    def redraw(self) -> None:
        """Draw the row anew; the form is laid out anew only where the row's measures are other ones."""
        measures = (self.look, self._control, self._tall, len(self._below()))
        if measures != self._drawn:
            self._drawn = measures
            self.editor.refresh(layout=True)
        self.refresh()

    def on_mount(self) -> None:
        self._drawn = (self.look, self._control, self._tall, len(self._below()))

    def _note(self) -> Content:
        typed = self.editor.typed
        key = label_of(self.app, "launch.reading") if self.row.kind == "any" and self.is_attached else ""
        return note_of(self.row, typed, focused=self.has_focus_within, key=key)

    def _below(self) -> list[Content]:
        told = self.editor.told() if isinstance(self.editor, Options | Drop) else None
        focused = self.has_focus_within
        aside = getattr(self.editor, "aside", "")
        lines = below(self.row, self.beside, self.look, told, focused=focused, aside=aside)
        if not lines and isinstance(self.editor, AreaInput) and not self.look.compact:
            return [Content("")]  # its end, so that it and the next field are not one
        return lines

    def render(self) -> Content:
        look, row = self.look, self.row
        mark = self._mark()
        first = first_line(row, look, self._note(), mark=mark, control=self._control)
        lines, name = [first], raw_name(row)
        for text in [*[Content("")] * (self._tall - 1), *self._below()]:
            lead = Content.assemble(mark, " " * (indent(row.depth) - 1))
            named = cut(Content.assemble((safe_text(name), "$dim")), look.label - lead.cell_length - 1)
            space = " " * max(look.label - lead.cell_length - named.cell_length, 0)
            lines.append(Content.assemble(lead, named, space, text))
            name = ""
        return Content("\n").join(lines)

    def _mark(self) -> tuple[str, str]:
        if self.has_focus_within:
            return "▌", "$error" if self.error else "$primary"
        if self.error:
            return "▌", "$error"
        return ("≠", "$primary") if self.beside.former else (" ", "")

    # what happens inside

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.redraw()
        if event.input is self.editor:
            self.post_message(self.Typed(self))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.redraw()
        self.post_message(self.Typed(self))

    def on_aside_changed(self, event: AsideChanged) -> None:
        event.stop()
        self.redraw()

    def on_picked(self, event: Picked) -> None:
        event.stop()
        self.post_message(self.Chosen(self, event.value, event.unset))

    def on_asked(self, event: Asked) -> None:
        event.stop()
        self.post_message(self.Opened(self))

    def on_pasted(self, event: Pasted) -> None:
        event.stop()
        self.post_message(self.Many(self.row, event))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.redraw()
        self.call_after_refresh(self.scroll_visible, animate=False)  # its help and its error too

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self.redraw()
        self.post_message(self.Left(self))
