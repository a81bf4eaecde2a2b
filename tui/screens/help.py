"""The keys: first those of the view one came from, then all others. Written from the table of actions."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui.actions import ACTIONS, Action, Scope, key_label
from tui.keymap import Keymap
from tui.widgets.text_view import Line, TextView

TITLES: dict[Scope, str] = {
    "catalogue": "In the catalogue",
    "runs": "In the runs",
    "detail": "In the detail",
    "app": "In every pane",
    "launch": "In the launch dialog",
    "history": "In the history",
    "compare": "In the comparison of two runs",
    "timeline": "In the timeline",
    "stats": "In the statistics",
}
KEYS = 16
"""Width of the column of keys."""


def help_lines(scope: Scope, keymap: Keymap, width: int) -> list[Line]:
    """Every action with its keys, in `width` cells; those of `scope` come first."""
    order: list[Scope] = [scope, "app", *(other for other in TITLES if other not in (scope, "app"))]
    lines: list[Line] = []
    for part in dict.fromkeys(order):
        actions = [action for action in ACTIONS if action.scope == part]
        if lines:
            lines.append(("", ""))
        lines.append((TITLES[part], "head"))
        lines += _lines(actions, keymap, width)
    return lines


def _lines(actions: Iterable[Action], keymap: Keymap, width: int) -> list[Line]:
    lines: list[Line] = []
    group = ""
    for action in sorted(actions, key=lambda action: action.group == "Moving"):
        if action.group == "Moving" != group:
            lines.append(("", ""))
        group = action.group
        keys = "  ".join(key_label(key) for key in keymap.keys(action.id))
        for part in wrap(action.help, max(width - KEYS - 4, 20)):
            lines.append((f"  {keys:<{KEYS}} {part}", "help"))
            keys = ""
    return lines


def help_pieces(line: Line) -> list[Line]:
    """The keys stand out from what they do."""
    text, role = line
    return [(text[: KEYS + 3], "key"), (text[KEYS + 3 :], "")] if role == "help" else [line]


class HelpScreen(ModalScreen[None]):
    """A sheet to read; `?` or Esc closes it."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "TextView"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,f1", "dismiss", show=False)]

    def __init__(self, scope: Scope, keymap: Keymap) -> None:
        super().__init__()
        self._scope = scope
        self._keys = keymap

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = Content("Keys")
            sheet.border_subtitle = Content("j k scroll · Esc closes")
            yield TextView(painter=help_pieces)

    def on_mount(self) -> None:
        self.query_one(TextView).show(
            help_lines(self._scope, self._keys, min(self.app.size.width * 96 // 100, 100) - 5)
        )
