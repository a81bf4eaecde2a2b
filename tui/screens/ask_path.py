"""Asks for the path of a file to write."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.text import safe_text


class PathScreen(ModalScreen["Path | None"]):
    """Dismisses with a path whose `~` is filled in, or with None; a path that is taken is said and asked again."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False, priority=True)]

    def __init__(self, title: str, text: str, path: str) -> None:
        super().__init__()
        self._title, self._text, self._path = title, text, path

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(self._title)
            yield Static(Content(safe_text(self._text)), classes="said")
            yield Input(self._path, compact=True, select_on_focus=False)
            yield Static(Content("Enter writes · Esc leaves"), id="path-said", classes="hint")

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if not text or "\0" in text:
            self._say("a path is needed")
            return
        try:
            path = Path(text).expanduser()
        except RuntimeError:  # a user that is not known
            self._say(f"{text} names a user who is not here")
            return
        if path.exists():
            self._say(f"{path} is there already: give another name")
        elif not path.parent.is_dir():
            self._say(f"there is no folder {path.parent}")
        else:
            self.dismiss(path)

    def _say(self, text: str) -> None:
        self.query_one("#path-said", Static).update(Content.styled(safe_text(text), "$text-error"))

    def action_leave(self) -> None:
        self.dismiss(None)
