"""Asks for the path of a file, completed while it is typed."""

from __future__ import annotations

import os
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static

from tui.boundary import ask
from tui.forms import paths
from tui.text import safe_text

LONGEST = 4_000


class _Completion(Suggester):
    """Asks the disk beside the screen."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return await paths.beside(lambda: paths.completion(value, os.getcwd())) or None


class AskPath(ModalScreen["str | None"]):
    """Dismisses with a path that is not blank, or with None."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("tab", "complete", show=False, priority=True),
    ]

    def __init__(self, title: str, text: str, path: str, *, verb: str = "saves") -> None:
        super().__init__()
        self._title, self._text, self._path, self._verb = title, text, path, verb

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog path") as dialog:
            dialog.border_title = Content(self._title)
            yield Static(Content(self._text), classes="said")
            yield Input(self._path, compact=True, max_length=LONGEST, select_on_focus=False, suggester=_Completion())
            yield Static(id="path-said")
            yield Static(Content(f"Enter {self._verb} · Tab completes · Esc leaves"), classes="hint")

    def on_mount(self) -> None:
        self.query_one(Input).cursor_position = len(self._path)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        """Say what is there already."""
        event.stop()
        text = event.value.strip()
        ask(
            self, lambda: paths.beside(lambda: paths.about(text, os.getcwd())), self._say, group="about", exclusive=True
        )

    def _say(self, said: str | None) -> None:
        self.query_one("#path-said", Static).update(Content(safe_text(said or "")))

    def action_complete(self) -> None:
        self.query_one(Input).action_cursor_right()

    @on(Input.Submitted)
    def _taken(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        self.dismiss(None)
