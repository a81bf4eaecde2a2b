"""Every toast of the session, newest first, and what was written past the console."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui.widgets.text_view import Line, TextView
from tui.wording import amount

ROLES = {"information": "", "warning": "warn", "error": "bad"}


class Notice(NamedTuple):
    """One toast; `text` is foreign."""

    at: datetime
    severity: str
    text: str


def stray_lines(stray: Sequence[str], total: int) -> list[Line]:
    """What was written past the console, oldest first; `stray` are the last of `total` lines."""
    if not total:
        return [
            ("nothing was written past the console", "dim"),
            ("what executors print is in their tasks' logs; what C libraries and child processes write to the", "dim"),
            ("terminal is kept here until the console ends", "dim"),
        ]
    gone = total - len(stray)
    return [
        *([(f"{amount(gone, 'line')} before these are not kept", "dim"), ("", "")] if gone else []),
        *((line, "") for line in stray),
    ]


def message_lines(notices: Sequence[Notice], stray: Sequence[str], stray_total: int) -> list[Line]:
    lines: list[Line] = [
        (f"{notice.at.astimezone():%H:%M:%S}  {notice.text}", ROLES.get(notice.severity, ""))
        for notice in reversed(notices)
    ] or [
        ("nothing was said yet", "dim"),
        ("what the console says in the corner, and what is written past it, is kept here until it ends", "dim"),
    ]
    if stray_total:
        lines += [("", ""), (f"written past the console: {amount(stray_total, 'line')}", "head")]
        lines += [(line, "dim") for line in stray]
    return lines


class MessagesScreen(ModalScreen[None]):
    """A sheet to read; Esc closes it."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "TextView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", show=False),
        Binding("M", "dismiss", show=False, id="app.messages"),
        Binding("O", "dismiss", show=False, id="app.stray"),
    ]

    def __init__(self, lines: Sequence[Line], title: str = "Messages") -> None:
        super().__init__()
        self._lines = lines
        self._title = title

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = Content(self._title)
            sheet.border_subtitle = Content("Esc closes")
            yield TextView()

    def on_mount(self) -> None:
        self.query_one(TextView).show(self._lines)
