"""The list that a longer choice opens: type to filter, ↑↓ move, Enter takes; of several, marks.

Of proposals, what was typed can be taken as it is; of a few of which several are taken, bare letters mark.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from tui.forms.lines import index_of
from tui.forms.radios import told_help
from tui.forms.rows import Row
from tui.text import safe_text

SHOWN = 500
"""Options drawn at once; the filter finds the rest (forms.md 2.5)."""
FILTERED = 12
"""More options than these have a filter where several are taken."""
LABEL_LENGTH, HELP_LENGTH = 80, 300
AROUND = 12
"""Lines of a screen that are not the list's."""


class ChoiceScreen(ModalScreen["list[Any] | None"]):
    """Dismisses with the values taken (a branch by its number), or None when it is left; `launch` says that ctrl+r
    closed it. `names` are keys to choose from instead of the row's own values."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("ctrl+r", "launch", show=False, priority=True, id="launch.run"),
        Binding("enter", "take", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("tab", "mark", show=False, priority=True),
        Binding("alt+a", "mark_all(True)", show=False, priority=True),
        Binding("alt+n", "mark_all(False)", show=False, priority=True),
        Binding("space", "bare_mark", show=False, priority=True),
        Binding("a", "bare_mark_all(True)", show=False, priority=True),
        Binding("n", "bare_mark_all(False)", show=False, priority=True),
    ]

    def __init__(self, row: Row, typed: str = "", names: Sequence[str] | None = None) -> None:
        super().__init__()
        self._row, self._typed = row, typed
        self._several = row.kind == "choices" and names is None
        self._is_free = names is None and row.kind not in ("choices", "choice", "union")
        """Whether text that is no option can be taken too."""
        self._options = _options(row, names)
        if names is not None:
            values: list[Any] = [row.typed_name]
        elif row.kind == "union":
            values = [row.chosen]
        else:
            values = row.value if self._several and isinstance(row.value, list) else [row.value]
        found = [index_of(self._options, value) for value in values]
        self._marked = [at for at in found if at is not None and (self._several or not row.is_hidden)]
        self._shown: list[int] = []
        self._moved = bool(typed)
        self._has_filter = not self._several or len(self._options) > FILTERED
        self.launch = False

    def compose(self) -> ComposeResult:
        with Vertical(id="choice"):
            yield Static(classes="choice-title")
            yield Input(
                self._typed, id="choice-filter", compact=True, placeholder=self._prompt(), select_on_focus=False
            )
            yield OptionList(id="choice-list", compact=True)
            yield Static(id="choice-help")
            yield Static(Content(self._keys()), classes="choice-hint")

    def _prompt(self) -> str:
        return "type to filter, or what is not in the list" if self._is_free else "type to filter"

    def _keys(self) -> str:
        if not self._several:
            return "Enter takes · Esc leaves"
        marks = "Tab marks · alt+a all · alt+n none" if self._has_filter else "space marks · a all · n none"
        return f"{marks} · Enter takes · Esc leaves"

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        entry = self.query_one(Input)
        entry.display = self._has_filter
        if self._has_filter:
            entry.focus()
        self._fill()
        self._count()

    def on_resize(self) -> None:
        """Leave the lines around the list their room."""
        self.query_one(OptionList).styles.max_height = max(self.size.height - AROUND, 4)

    # the list

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        self._moved = self._moved or bool(event.value)
        self._fill()

    def _fill(self) -> None:
        words = self._text.casefold().split()
        self._shown = [
            at
            for at, option in enumerate(self._options)
            if all(word in _searched(self._row, at, option) for word in words)
        ]
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options([Option(self._line(at)) for at in self._shown[:SHOWN]])
        if not self._shown:
            said = f"Enter takes {self._text!r} as it is" if self._is_free else "nothing matches"
            listed.add_option(Option(Content(safe_text(said, limit=LABEL_LENGTH)), disabled=True))
            self.query_one("#choice-help").display = False
            return
        if len(self._shown) > SHOWN:
            more = f"… {len(self._shown) - SHOWN:,} more: type to filter"
            listed.add_option(Option(Content(more), disabled=True))
        marked = [place for place, at in enumerate(self._shown[:SHOWN]) if at in self._marked]
        usual = index_of(self._options, self._row.default)
        start = marked[0] if marked else usual if usual is not None and usual < SHOWN else 0
        listed.highlighted = 0 if words else start

    @property
    def _text(self) -> str:
        return self.query_one(Input).value

    def _line(self, at: int) -> Content:
        label, value = self._options[at]
        mark = ("☑ " if at in self._marked else "☐ ") if self._several else ("● " if at in self._marked else "○ ")
        raw = "" if self._row.kind == "union" else fields.brief(value)
        usual = index_of(self._options[at : at + 1], self._row.default) is not None
        beside = [safe_text(raw)] if raw and raw != label else []
        beside += ["(default)"] if usual and self._row.kind != "union" else []
        aside = ("  " + " ".join(beside), "$dim") if beside else ""
        return Content.assemble(mark + safe_text(label, limit=LABEL_LENGTH), aside)

    @on(OptionList.OptionHighlighted)
    def _describe(self, event: OptionList.OptionHighlighted) -> None:
        """The description of the highlighted one."""
        event.stop()
        _, _, described = told_help(self._row, self._highlighted())
        said = self.query_one("#choice-help", Static)
        said.update(Content(safe_text(described, limit=HELP_LENGTH)))
        said.display = any(self._row.option_help)

    def _count(self) -> None:
        parts = [Content.assemble((safe_text(self._row.label), "bold"))]
        if self._several:
            parts.append(Content.assemble((f"  {len(self._marked)}/{len(self._options)}", "$accent")))
            parts.append(Content.assemble(("  " + safe_text(self._row.constraint), "$dim")))
        self.query_one(".choice-title", Static).update(Content.assemble(*parts))

    # keys

    def action_move(self, step: int) -> None:
        listed = self.query_one(OptionList)
        self._moved = True
        if self._shown and listed.highlighted is not None:
            last = min(len(self._shown), SHOWN) - 1
            listed.highlighted = min(max(listed.highlighted + step, 0), last)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Bare keys mark only where nothing is typed."""
        return not self._has_filter if action.startswith("bare_") else True

    def action_bare_mark(self) -> None:
        self.action_mark()

    def action_bare_mark_all(self, wanted: bool) -> None:
        self.action_mark_all(wanted)

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
        self._redraw([at])

    def action_mark_all(self, wanted: bool) -> None:
        """Mark all that the filter leaves, or none of them."""
        if not self._several:
            return
        shown = set(self._shown)
        if wanted:
            self._marked += [at for at in self._shown if at not in self._marked]
        else:
            self._marked = [at for at in self._marked if at not in shown]
        self._redraw(self._shown[:SHOWN])

    def _redraw(self, changed: Sequence[int]) -> None:
        listed = self.query_one(OptionList)
        places = {at: place for place, at in enumerate(self._shown[:SHOWN])}
        for at in changed:
            listed.replace_option_prompt_at_index(places[at], self._line(at))
        self._count()

    def _values(self) -> list[Any] | None:
        """What is taken now; None where there is nothing."""
        at = self._highlighted()
        if self._several:
            return [self._options[each][1] for each in self._marked]
        if at is not None:
            return [self._options[at][1]]
        if self._is_free and self._text:
            return [fields.read(self._row.kind, self._text, self._row.types)]
        return None

    def action_take(self) -> None:
        taken = self._values()
        if taken is not None:
            self.dismiss(taken)

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_launch(self) -> None:
        """Close and launch; an option counts when it was marked, or moved to by the person."""
        self.launch = True
        self.dismiss(self._values() if self._several or self._moved else None)

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


def _options(row: Row, names: Sequence[str] | None) -> list[tuple[str, Any]]:
    if names is not None:
        return [(name, name) for name in names]
    if row.kind == "union":
        return [(label, at) for at, label in enumerate(row.branches)]
    if row.kind in ("choice", "choices"):
        return list(row.options)
    return [(fields.brief(value), value) for value in row.proposals]


def _searched(row: Row, at: int, option: tuple[str, Any]) -> str:
    label, value = option
    described = row.option_help[at] if row.kind in ("choice", "choices") and at < len(row.option_help) else ""
    return f"{label} {value if isinstance(value, str) else ''} {described}".casefold()
