"""The page before a dangerous executor runs: the exact payload, and its id to type, so that no key does it alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.text import safe_text
from tui.widgets.text_view import Line, TextView

LONGEST_WORD = 40
"""Characters of an id that a person is asked to type; of a longer one, its beginning."""


class ConfirmScreen(ModalScreen[bool]):
    """Dismisses with True once the executor's id was typed and Enter pressed, with False on Esc."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("pagedown", "scroll(1)", show=False, priority=True),
        Binding("pageup", "scroll(-1)", show=False, priority=True),
    ]

    def __init__(self, executor_id: str, doing: str, lines: Sequence[Line]) -> None:
        """`doing` is the title, "Launch" or "Rerun"; `lines` the payload."""
        super().__init__()
        self._word = safe_text(executor_id)[:LONGEST_WORD].strip()
        self._doing, self._lines = doing, list(lines)

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet confirm") as sheet:
            sheet.border_title = Content(f"{self._doing}: {self._word} is dangerous")
            yield Static(Content("Exactly this goes to it:"), classes="said")
            yield TextView()
            yield Static(Content(f"Type {self._word} and press Enter to run it; Esc leaves."), classes="said")
            yield Input(compact=True)
            yield Static(id="confirm-said")

    def on_mount(self) -> None:
        view = self.query_one(TextView)
        view.can_focus = False
        view.show(self._lines)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip() == self._word:
            self.dismiss(True)
        else:
            said = (
                f"'{safe_text(event.value, limit=40)}' is not {self._word}"
                if event.value.strip()
                else "nothing runs yet"
            )
            self.query_one("#confirm-said", Static).update(Content(said))

    def action_scroll(self, pages: int) -> None:
        view = self.query_one(TextView)
        view.scroll_relative(y=pages * max(view.size.height - 1, 1), animate=False)

    def action_leave(self) -> None:
        self.dismiss(False)
