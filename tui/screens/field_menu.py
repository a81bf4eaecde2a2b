"""The menu of a field: only what applies to it, each with its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.forms.row_acts import Act
from tui.key_names import key_name
from tui.keymap import Keymap
from tui.text import safe_text

NEXT_STATE = "next_state"
"""What the key that opened the menu does in it."""
ALSO = {"delete": "u", "backspace": "u", "space": ""}
"""Keys that mean a letter of the menu."""


class MenuScreen(ModalScreen["str | None"]):
    """Dismisses with the id of the act that was taken, with `NEXT_STATE`, or with None when it is left."""

    CSS_PATH = "../styles/fields.tcss"
    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", show=False, priority=True)]

    def __init__(self, title: str, acts: Sequence[Act], keymap: Keymap) -> None:
        super().__init__()
        self._title, self._acts, self._keymap = title, acts, keymap
        self._by_key = {key_name(act.key): act.id for act in acts}

    def compose(self) -> ComposeResult:
        again = self._keymap.label("launch.menu")
        with Vertical(classes="pick menu"):
            yield Static(Content(safe_text(self._title)), classes="pick-title")
            yield OptionList(*(Option(self._line(act)) for act in self._acts), compact=True)
            state = f"{again} again: next state · " if again else ""
            yield Static(Content(f"{state}Enter takes · Esc leaves"), classes="pick-hint")

    def _line(self, act: Act) -> Content:
        direct = self._keymap.label(f"launch.{act.action}") if act.action else ""
        key = f"  ({direct})" if direct else ""
        return Content.assemble((f"{act.key}  ", "bold"), safe_text(act.name, limit=80), (key, "$dim"))

    def on_key(self, event: events.Key) -> None:
        if event.key in self._keymap.keys("launch.menu"):
            event.stop()
            self.dismiss(NEXT_STATE)
            return
        act = self._by_key.get(ALSO.get(event.key, event.key))
        if act is not None:
            event.stop()
            self.dismiss(act)

    @on(OptionList.OptionSelected)
    def _taken(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._acts[event.option_index].id)

    def action_leave(self) -> None:
        self.dismiss(None)
