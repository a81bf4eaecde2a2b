"""The editors of text in rows: one line, or several.

No editor asks Textual for a typed Input: its patterns backtrack without bound (forms.md 0.1).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, TextArea

from engine.schema import MASK
from tui.forms import fields
from tui.forms.clip_curl import is_curl
from tui.forms.instance import ABSENT
from tui.forms.rows import Row
from tui.text import safe_text

TALLEST = 10
SHORTEST = 3


class Pasted(Message):
    """Several lines were pasted into a control of one line; `before` and `after` are what stood around the cursor."""

    def __init__(self, text: str, before: str = "", after: str = "") -> None:
        super().__init__()
        self.text, self.before, self.after = text, before, after


class AsideChanged(Message):
    """A control has something else to say below it: its `aside`."""


def ghost(row: Row) -> str:
    """What stands dim in an empty editor: the default, else an example."""
    if row.state == "null":
        return "null"
    if row.state == "empty":
        return '""'
    if row.default is not None and row.default is not ABSENT:
        return f"{safe_text(fields.brief(row.default))} (default)"
    return ""


def pasted(text: str) -> str:
    """Pasted text with one kind of line end; what would command the terminal becomes visible marks."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return shown(text)


def shown(text: str) -> str:
    """`text` as an editor may draw it."""
    return safe_text(text, lines=True) if fields.hides(text) else text


class LineInput(Input):
    """One line of text; Enter and the arrows go on to the next field, or step a number."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(1)", show=False),
        Binding("down", "step(-1)", show=False),
        Binding("pageup", "step(10)", show=False),
        Binding("pagedown", "step(-10)", show=False),
    ]

    def __init__(self, row: Row, *, is_key: bool = False) -> None:
        super().__init__(compact=True, select_on_focus=False, password=row.kind == "secret" and not is_key)
        self.is_key = is_key
        self._is_lost = False
        """A secret of which only the mask is left: nothing stands here, so that nothing is typed behind the mask."""
        self._step, self._start, self._numeric = 1.0, "", False
        self.load(row)

    def load(self, row: Row) -> None:
        """Show the row's text where it differs from what stands here."""
        text = shown(row.typed_name if self.is_key else row.text)
        self._is_lost = row.kind == "secret" and not self.is_key and text == MASK
        text = "" if self._is_lost else text
        self._numeric = row.kind in ("integer", "number") and not self.is_key
        self._step = row.step
        self._start = fields.show("number", row.default) if isinstance(row.default, int | float) else ""
        self.placeholder = "name" if self.is_key else "type it again" if self._is_lost else ghost(row)
        if self.value != text:
            with self.prevent(Input.Changed):
                self.value = text
                self.cursor_position = len(text)

    @property
    def typed(self) -> str:
        return MASK if self._is_lost and not self.value else self.value

    def action_submit(self) -> None:  # type: ignore[override]
        self.screen.focus_next()

    def action_step(self, steps: int) -> None:
        """Step a number by its `multipleOf`; in any other line the arrows move between the fields."""
        if not self._numeric:
            if abs(steps) == 1:
                self.screen.focus_previous() if steps > 0 else self.screen.focus_next()
            return
        try:
            number = Decimal(self.value or self._start or "0")
        except InvalidOperation:
            return
        if number.is_finite():
            self.value = format(number + steps * Decimal(str(self._step)), "f")
            self.cursor_position = len(self.value)

    async def _on_paste(self, event: events.Paste) -> None:  # type: ignore[override]
        event.stop()
        event.prevent_default()
        text = pasted(event.text)
        start, end = sorted(self.selection)
        if "\n" in text.rstrip("\n") or is_curl(text):
            self.post_message(Pasted(text, self.value[:start], self.value[end:]))
        else:
            self.replace(text.rstrip("\n"), start, end)


class AreaInput(TextArea):
    """Several lines of text, three to ten of them seen; Tab goes on."""

    def __init__(self, row: Row) -> None:
        super().__init__(shown(row.text), compact=True, tab_behavior="focus", show_line_numbers=False)
        self.load(row)

    def load(self, row: Row) -> None:
        self.placeholder = Content(ghost(row))
        text = shown(row.text)
        if self.text != text:
            with self.prevent(TextArea.Changed):
                self.load_text(text)

    @property
    def typed(self) -> str:
        return self.text

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(pasted(event.text), *self.selection, maintain_selection_offset=False)

    @property
    def lines_shown(self) -> int:
        return min(max(self.document.line_count, SHORTEST), TALLEST)
