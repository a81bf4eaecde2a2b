"""Asks for one line of text: the name of a preset or of a file."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

LONGEST = 80


class NameScreen(ModalScreen["str | None"]):
    """Dismisses with a name, which is not blank unless it may be, or with None."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False, priority=True)]

    def __init__(
        self,
        title: str,
        text: str,
        typed: str = "",
        *,
        longest: int = LONGEST,
        verb: str = "saves",
        blank: bool = False,
    ) -> None:
        super().__init__()
        self._title, self._text, self._typed, self._longest, self._verb = title, text, typed, longest, verb
        self._blank = blank

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(self._title)
            yield Static(Content(self._text), classes="said")
            yield Input(self._typed, compact=True, max_length=self._longest)
            yield Static(Content(f"Enter {self._verb} · Esc leaves"), classes="hint")

    @on(Input.Submitted)
    def _named(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip() or self._blank:
            self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        self.dismiss(None)
