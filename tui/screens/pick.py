"""A list to pick from: type to filter, ↑↓ move, Enter takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.fuzzy import Entry, rank
from tui.text import safe_text

SHOWN = 500
"""Lines drawn at once; the filter finds the rest."""
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Choice:
    """One line: what is looked for first, its raw name, the words behind it. Foreign text."""

    label: str
    name: str
    words: str
    role: str = "$dim"


class PickScreen(ModalScreen["int | None"]):
    """Dismisses with the index of the taken choice, or None when it is left."""

    CSS_PATH = "../styles/fields.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("enter", "take", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
    ]

    def __init__(self, title: str, choices: Sequence[Choice], verb: str = "goes there") -> None:
        super().__init__()
        self._title, self._choices, self._verb = title, choices, verb
        self._entries = [Entry(choice.label, choice.name, choice.words) for choice in choices]
        self._shown: list[int] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="pick"):
            yield Static(Content(safe_text(self._title)), classes="pick-title")
            yield Input(compact=True, placeholder="type to filter", select_on_focus=False)
            yield OptionList(compact=True)
            yield Static(Content(f"type to filter · Enter {self._verb} · Esc leaves"), classes="pick-hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self._fill("")

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        self._fill(event.value)

    def _fill(self, query: str) -> None:
        self._shown = [hit.index for hit in rank(query, self._entries)][:SHOWN]
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options([Option(self._line(self._choices[at])) for at in self._shown])
        if self._shown:
            listed.highlighted = 0
        else:
            listed.add_option(Option(Content("nothing matches"), disabled=True))

    def _line(self, choice: Choice) -> Content:
        words = safe_text(choice.words, limit=LONGEST)
        return Content.assemble((safe_text(choice.label, limit=LONGEST), "bold"), "  ", (words, choice.role))

    def action_move(self, step: int) -> None:
        listed = self.query_one(OptionList)
        if self._shown and listed.highlighted is not None:
            listed.highlighted = min(max(listed.highlighted + step, 0), len(self._shown) - 1)

    def action_take(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is not None and place < len(self._shown):
            self.dismiss(self._shown[place])

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_take()

    def action_leave(self) -> None:
        self.dismiss(None)
