"""A field's details to read: F1 in the launch form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui.forms.details import text_of
from tui.text import safe_text
from tui.widgets.json_view import json_pieces
from tui.widgets.text_view import Line, TextView
from tui.wording import amount


class DetailsScreen(ModalScreen[None]):
    """Scrolls; y copies all of it; Esc or F1 leaves."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "TextView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1,alt+h", "dismiss", show=False),
        Binding("y", "copy", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = Content(safe_text(self._title, limit=60))
            sheet.border_subtitle = Content("j k scroll · y copies · Esc closes")
            yield TextView(painter=json_pieces)

    def on_mount(self) -> None:
        self.query_one(TextView).show(self._lines)

    def action_copy(self) -> None:
        text = text_of(self._lines)
        self.app.copy_to_clipboard(text)
        self.app.notify(f"copied {amount(len(text), 'character')}")
