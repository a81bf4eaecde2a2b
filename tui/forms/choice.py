"""The list that a longer choice opens: type to filter, ↑↓ move, Enter takes; of several, space marks."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.forms import fields
from tui.forms.controls import index_of
from tui.forms.rows import Row
from tui.text import safe_text

SHOWN = 500
"""Options drawn at once; the filter finds the rest (forms.md 2.5)."""


class ChoiceScreen(ModalScreen["list[int] | None"]):
    """Dismisses with the indices of the taken options, or None when it is left; `launch` says that ctrl+r closed it."""

    AUTO_FOCUS = "#choice-filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("ctrl+r", "launch", show=False, priority=True),
        Binding("enter", "take", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("tab", "mark", show=False, priority=True),
    ]

    def __init__(self, row: Row, typed: str = "") -> None:
        super().__init__()
        self._row, self._typed = row, typed
        self._several = row.kind == "choices"
        if row.kind == "union":
            self._options: list[tuple[str, Any]] = [(label, at) for at, label in enumerate(row.branches)]
        else:
            self._options = list(row.options)
        values = row.value if self._several and isinstance(row.value, list) else [row.value]
        found = [row.chosen] if row.kind == "union" else [index_of(self._options, value) for value in values]
        self._marked = [at for at in found if at is not None]
        self._shown: list[int] = []
        self._moved = bool(typed)
        self.launch = False

    def compose(self) -> ComposeResult:
        with Vertical(id="choice"):
            yield Static(Content(safe_text(self._row.label)), classes="choice-title")
            yield Input(
                self._typed, id="choice-filter", compact=True, placeholder="type to filter", select_on_focus=False
            )
            yield OptionList(id="choice-list", compact=True)
            mark = "Tab marks · " if self._several else ""
            yield Static(Content(f"{mark}Enter takes · Esc leaves"), classes="choice-hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self._fill()

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        self._moved = self._moved or bool(event.value)
        self._fill()

    def _fill(self) -> None:
        words = self.query_one(Input).value.casefold().split()
        self._shown = [
            at for at, option in enumerate(self._options) if all(word in _searched(option) for word in words)
        ]
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options([Option(self._line(at)) for at in self._shown[:SHOWN]])
        if not self._shown:
            listed.add_option(Option(Content("nothing matches"), disabled=True))
        else:
            marked = [place for place, at in enumerate(self._shown[:SHOWN]) if at in self._marked]
            usual = index_of(self._options, self._row.default)
            start = marked[0] if marked else usual if usual is not None and usual < SHOWN else 0
            listed.highlighted = 0 if words else start

    def _line(self, at: int) -> Content:
        label, value = self._options[at]
        mark = ("☑ " if at in self._marked else "☐ ") if self._several else ("● " if at in self._marked else "○ ")
        raw = fields.brief(value)
        shown = safe_text(raw) if self._row.kind != "union" and raw != label else ""
        return Content.assemble(mark + safe_text(label, limit=80), ("  " + shown if shown else "", "$dim"))

    def action_move(self, step: int) -> None:
        listed = self.query_one(OptionList)
        self._moved = True
        if self._shown and listed.highlighted is not None:
            listed.highlighted = min(max(listed.highlighted + step, 0), listed.option_count - 1)

    def action_mark(self) -> None:
        """Mark or unmark the highlighted one of several; the order of marking is kept."""
        at = self._highlighted()
        if at is None or not self._several:
            return
        self._moved = False
        if at in self._marked:
            self._marked.remove(at)
        else:
            self._marked.append(at)
        place = self._shown.index(at)
        self.query_one(OptionList).replace_option_prompt_at_index(place, self._line(at))

    def action_take(self) -> None:
        at = self._highlighted()
        if self._several:
            self.dismiss(self._marked)
        elif at is not None:
            self.dismiss([at])

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_launch(self) -> None:
        """Close and launch; an option counts when it was marked, or moved to by the person."""
        self.launch = True
        at = self._highlighted()
        if self._several:
            self.dismiss(self._marked)
        else:
            self.dismiss([at] if self._moved and at is not None else None)

    def _highlighted(self) -> int | None:
        place = self.query_one(OptionList).highlighted
        return self._shown[place] if place is not None and place < len(self._shown) else None

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self._several:
            self.action_mark()
        else:
            self.action_take()


def _searched(option: tuple[str, Any]) -> str:
    label, value = option
    return f"{label} {value}".casefold() if isinstance(value, str) else label.casefold()
