"""Lines to read over the console: what has no screen of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui.widgets.text_view import Line, TextView


class Sheet(ModalScreen[None]):
    """Esc closes it; the lines may be foreign."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "TextView"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss", show=False)]

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self._title, self._lines = title, list(lines)

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = Content(self._title)
            sheet.border_subtitle = Content("j k scroll · Esc closes")
            yield TextView()

    def on_mount(self) -> None:
        self.query_one(TextView).show(self._lines)
