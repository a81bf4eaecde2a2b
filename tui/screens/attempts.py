"""The attempts of a task to choose from: number, when, how long, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui.bindings import bindings_of
from tui.cards import INTERRUPTED
from tui.text import safe_text
from tui.versions import short
from tui.widgets.rows import Piece, Rows
from tui.wording import duration, moment, state_of

if TYPE_CHECKING:
    from engine.store import Attempt


class AttemptRows(Rows):
    """An attempt a row, the latest on top."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("detail", moving=True),
        Binding("enter", "choose", show=False),
    ]

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        super().__init__()
        self.attempts = list(reversed(attempts))

    def count(self) -> int:
        return len(self.attempts)

    def draw(self, index: int, width: int) -> list[Piece]:
        each = self.attempts[index]
        took = ""
        if each.started_at is not None and each.completed_at is not None and each.error_type != INTERRUPTED:
            took = duration((each.completed_at - each.started_at).total_seconds())
        error = f"  {each.error_type or ''} {each.error}" if each.error else ""
        version = short(each.executor_version) if each.executor_version else ""
        return [
            (f"{each.number:>4}  {moment(each.started_at)}  {took:>7}  {state_of(each.status):<11}  {version:<6}", ""),
            (safe_text(error), "dim"),
        ]


class AttemptsScreen(ModalScreen["int | None"]):
    """Dismisses with the number of an attempt, or with None."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "AttemptRows"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,A", "leave", show=False)]

    def __init__(self, attempts: Sequence[Attempt], chosen: int) -> None:
        super().__init__()
        self._attempts = attempts
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = Content("Attempts")
            sheet.border_subtitle = Content("Enter shows its log, result, error and source · Esc closes")
            yield AttemptRows(self._attempts)

    def on_mount(self) -> None:
        rows = self.query_one(AttemptRows)
        at = next((index for index, each in enumerate(rows.attempts) if each.number == self._chosen), 0)
        self.call_after_refresh(rows.move_to, at)

    @on(Rows.Chosen)
    def _picked(self, event: Rows.Chosen) -> None:
        event.stop()
        rows = self.query_one(AttemptRows)
        self.dismiss(rows.attempts[rows.cursor].number)

    def action_leave(self) -> None:
        self.dismiss(None)
