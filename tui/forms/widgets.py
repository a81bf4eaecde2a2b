"""The widgets of a form: one `FieldRow` for each row of the model, which alone holds what is true."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static, TextArea

from tui.forms import fields, strict_json
from tui.forms.instance import ABSENT
from tui.forms.rows import Row
from tui.text import safe_text

AS_TEXT = frozenset({"map", "union", "tuple", "any", "raw", "choices"})
"""Kinds that are edited as one line of JSON (or of `K=V`), since they have no widget of their own."""
LABEL_LIMIT = 60
HELP_LIMIT = 300


class Edited(Message):
    """A person changed the field at `row`."""

    def __init__(self, field: FieldRow) -> None:
        super().__init__()
        self.field = field


class Left(Message):
    """The focus left the field at `row`; from now on its errors are shown."""

    def __init__(self, field: FieldRow) -> None:
        super().__init__()
        self.field = field


class Line(Input):
    """One line of text. A paste of several lines keeps them all: it is handed on as one value (forms.md 0.11)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "app.focus_next", show=False, priority=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    class Lines(Message):
        """Several lines were pasted."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def _on_paste(self, event: events.Paste) -> None:
        if "\n" in event.text.strip("\n"):
            event.stop()
            event.prevent_default()
            self.post_message(self.Lines(self.value[: self.cursor_position] + event.text))


class Choice(Static, can_focus=True):
    """One of several values, or none: nothing is chosen until a person chooses (forms.md 1.2, 1.3)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space,l", "step(1)", show=False),
        Binding("left,h", "step(-1)", show=False),
        Binding("delete,backspace", "clear", show=False),
        Binding("enter,down,j", "app.focus_next", show=False),
        Binding("up,k", "app.focus_previous", show=False),
    ]
    INLINE = 60
    """Cells in which all options are shown beside each other; more show the chosen one and how many there are."""

    def __init__(self, labels: list[str], index: int | None, ghost: str) -> None:
        super().__init__("", classes="editor choice")
        self.labels = labels
        self.index = index
        self._ghost = ghost

    class Chosen(Message):
        """Another option was chosen, or none."""

    def on_mount(self) -> None:
        self.draw()

    def draw(self) -> None:
        """Show the options, the chosen one marked by a sign as well as by colour."""
        if sum(len(label) + 4 for label in self.labels) <= self.INLINE:
            parts: list[Any] = []
            for index, label in enumerate(self.labels):
                chosen = index == self.index
                mark = "● " if chosen else "◌ " if self.index is None and label == self._ghost else "○ "
                parts.append((mark + label, "bold" if chosen else "dim"))
                parts.append("  ")
            self.update(Content.assemble(*parts))
            return
        if self.index is None:
            shown = f"{self._ghost} (default)" if self._ghost else "nothing chosen"
            self.update(Content.assemble("‹ ", (shown, "dim"), f" ›  {len(self.labels)} options"))
        else:
            self.update(Content(f"‹ {self.labels[self.index]} ›  {self.index + 1}/{len(self.labels)}"))

    def choose(self, index: int | None) -> None:
        self.index = index
        self.draw()
        self.post_message(self.Chosen())

    def action_step(self, by: int) -> None:
        if self.labels:
            start = (-1 if by > 0 else 0) if self.index is None else self.index
            self.choose((start + by) % len(self.labels))

    def action_clear(self) -> None:
        self.choose(None)

    async def _on_key(self, event: events.Key) -> None:
        """A letter goes to the next option that begins with it."""
        letter = (event.character or "").lower()
        if not letter.isalnum() or letter in "hljk":
            return
        start = -1 if self.index is None else self.index
        for step in range(1, len(self.labels) + 1):
            index = (start + step) % len(self.labels)
            if self.labels[index].lower().startswith(letter):
                event.stop()
                self.choose(index)
                return


class Header(Static, can_focus=True):
    """The line of a section or a list; Enter opens and closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "fold", show=False),
        Binding("right,l", "fold", show=False),
        Binding("down,j", "app.focus_next", show=False),
        Binding("up,k", "app.focus_previous", show=False),
    ]

    class Folded(Message):
        """It is to be opened or closed."""

    def action_fold(self) -> None:
        self.post_message(self.Folded())


class FieldRow(Vertical):
    """Label, editor, constraint and state on one line; the help and the error, where there are any, below."""

    def __init__(self, row: Row) -> None:
        super().__init__(classes="field")
        self.row = row
        self.touched = False
        self.error = ""
        self._committed = row.text if row.value is not ABSENT else ""
        self._error_line = Static("", classes="error")
        self._state = Static("", classes="state")
        self._head = Header("", classes="editor header") if self.is_section else None
        self.editor = self._head or self._editor()
        self.styles.padding = (0, 0, 0, min(row.depth, 8) * 2)

    @property
    def is_section(self) -> bool:
        return self.row.kind in ("object", "array")

    def compose(self) -> ComposeResult:
        row = self.row
        with Horizontal(classes="line"):
            if not self.is_section:
                star = "*" if row.required else ""
                yield Static(Content(safe_text(row.label, limit=LABEL_LIMIT) + star), classes="label")
            yield self.editor
            yield self._state
        if row.help:
            yield Static(Content(safe_text(row.help, limit=HELP_LIMIT)), classes="help")
        yield self._error_line

    def on_mount(self) -> None:
        self.refresh_row(self.row)

    def _editor(self) -> Any:
        row, ghost = self.row, self._ghost()
        if row.kind == "boolean":
            index = {True: 1, False: 0}.get(row.value) if isinstance(row.value, bool) else None
            return Choice(["no", "yes"], index, ghost)
        if row.kind == "choice":
            return Choice([safe_text(label, limit=40) for label, _ in row.options], self._option(), ghost)
        if row.kind == "const":
            return Static(Content(f"= {safe_text(row.text, limit=60)}"), classes="editor")
        if row.kind == "multiline":
            area = TextArea(self.text(), tab_behavior="focus", compact=True, classes="editor")
            area.cursor_blink = False
            return area
        placeholder = f"{ghost} (default)" if ghost else ""
        return Line(self.text(), placeholder=placeholder, password=row.kind == "secret", compact=True, classes="editor")

    def text(self) -> str:
        """What stands in the editor for the row's value."""
        if self.row.value is ABSENT:
            return self.row.text
        if self.row.kind in AS_TEXT and not isinstance(self.row.value, str):
            return strict_json.dump(self.row.value, None)
        return self.row.text

    def _ghost(self) -> str:
        if self.row.default is ABSENT:
            return ""
        if self.row.kind == "boolean":
            return "yes" if self.row.default is True else "no"
        for label, value in self.row.options:
            if strict_json.equal(value, self.row.default):
                return safe_text(label, limit=40)
        return safe_text(fields.brief(self.row.default), limit=60)

    def _option(self) -> int | None:
        for index, (_, value) in enumerate(self.row.options):
            if self.row.value is not ABSENT and strict_json.equal(value, self.row.value):
                return index
        return None

    def read(self) -> tuple[bool, Any]:
        """(True, text as typed) where that changed since it was last taken, else (False, None)."""
        if isinstance(self.editor, Line):
            typed = self.editor.value
        elif isinstance(self.editor, TextArea):
            typed = self.editor.text
        else:
            return False, None
        if typed == self._committed:
            return False, None
        self._committed = typed
        return True, typed

    def refresh_row(self, row: Row) -> None:
        """Take over the model's newest row: state, summary, folding; what is typed stays as typed."""
        self.row = row
        if self._head is not None:
            sign = "▾" if row.is_open else "▸"
            size = len(row.value) if isinstance(row.value, (dict, list)) else 0
            noun = "set" if row.kind == "object" else "items"
            star = "*" if row.required else ""
            title = f"{sign} {safe_text(row.label, limit=LABEL_LIMIT)}{star}"
            self._head.update(Content.assemble((title, "bold"), (f"  {{{size} {noun}}}", "dim")))
        constraint = safe_text(row.constraint, limit=28)
        state = {"absent": "·unset", "null": "·null", "empty": "·empty", "value": ""}[row.state]
        self._state.update(Content(f"{constraint} {state}".strip()))

    def show_error(self, text: str) -> None:
        self.error = text
        self._error_line.update(Content(f"✗ {safe_text(text, limit=300)}" if text else ""))
        self._error_line.set_class(bool(text), "-shown")

    def focus_editor(self) -> None:
        self.editor.focus()

    def _on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self.post_message(Left(self))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(Edited(self))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.post_message(Edited(self))

    def on_choice_chosen(self, event: Choice.Chosen) -> None:
        event.stop()
        self.post_message(Edited(self))
