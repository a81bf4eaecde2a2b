"""The page before dangerous executors run: the exact payloads, and their ids to type, so that no key does it alone."""

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

from tui.screens.dangers import Danger, danger_lines, words_of
from tui.text import safe_text
from tui.widgets.text_view import TextView

TITLED = 3
"""Ids that the title names."""
LONGEST_WORD = 40
"""Characters of an id that a person is asked to type; of a longer one, its beginning."""


class ConfirmScreen(ModalScreen[bool]):
    """Dismisses with True once the ids of all dangerous executors were typed and Enter pressed, with False on Esc."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("pagedown", "scroll(1)", show=False, priority=True),
        Binding("pageup", "scroll(-1)", show=False, priority=True),
    ]

    def __init__(self, doing: str, dangers: Sequence[Danger]) -> None:
        """`doing` is the title, "Launch" or "Rerun"; `dangers` are not empty."""
        super().__init__()
        self._words = [safe_text(word)[:LONGEST_WORD].strip() for word in words_of(dangers)]
        self._doing, self._lines = doing, danger_lines(dangers)

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet confirm") as sheet:
            sheet.border_title = Content(
                f"{self._doing}: {self._named} {'is' if len(self._words) == 1 else 'are'} dangerous"
            )
            yield Static(
                Content("Exactly this goes to it:" if len(self._words) == 1 else "Exactly this goes to them:"),
                classes="said",
            )
            yield TextView()
            yield Static(
                Content(f"Type {' '.join(self._words)} and press Enter to run it; Esc leaves."), classes="said"
            )
            yield Input(compact=True)
            yield Static(id="confirm-said")

    @property
    def _named(self) -> str:
        more = f" and {len(self._words) - TITLED} more" if len(self._words) > TITLED else ""
        return ", ".join(self._words[:TITLED]) + more

    def on_mount(self) -> None:
        view = self.query_one(TextView)
        view.can_focus = False
        view.show(self._lines)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.replace(",", " ").split() == " ".join(self._words).split():
            self.dismiss(True)
        else:
            said = (
                f"'{safe_text(event.value, limit=40)}' is not {' '.join(self._words)}"
                if event.value.strip()
                else "nothing runs yet"
            )
            self.query_one("#confirm-said", Static).update(Content(said))

    def action_scroll(self, pages: int) -> None:
        view = self.query_one(TextView)
        view.scroll_relative(y=pages * max(view.size.height - 1, 1), animate=False)

    def action_leave(self) -> None:
        self.dismiss(False)
