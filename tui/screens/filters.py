"""The saved filters of the history: Enter takes one, Del deletes it, and the present one can be saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.boundary import ask
from tui.saved_filters import SavedFilter, SavedFilters
from tui.screens.ask_name import NameScreen
from tui.text import safe_text

HINT = "Enter takes it · Del deletes · ctrl+t saves the present filter · Esc leaves"


class FiltersScreen(ModalScreen["str | None"]):
    """Dismisses with the words of a filter, with None when it is left. `words` is the present filter."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,F", "leave", show=False),
        Binding("delete,D", "remove", show=False),
        Binding("ctrl+t,alt+s,plus", "save", show=False),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def __init__(self, saved: SavedFilters, words: str) -> None:
        super().__init__()
        self._saved, self._words = saved, words.strip()
        self._filters: list[SavedFilter] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog filters") as dialog:
            dialog.border_title = Content("Saved filters")
            yield OptionList(compact=True)
            yield Static(id="filters-said")
            yield Static(Content(HINT), classes="hint")

    def on_mount(self) -> None:
        self._say(f"present: {self._words}" if self._words else "no filter is typed now")
        self._reread()

    @property
    def _list(self) -> OptionList:
        return self.query_one(OptionList)

    def _say(self, text: str) -> None:
        self.query_one("#filters-said", Static).update(Content(safe_text(text, limit=200)))

    def _reread(self) -> None:
        ask(self, self._saved.all, self._fill, group="filters", exclusive=True)

    def _fill(self, filters: Sequence[SavedFilter]) -> None:
        self._filters = list(filters)
        at = self._list.highlighted or 0
        self._list.clear_options()
        self._list.add_options(
            Option(
                Content.assemble((safe_text(each.name, limit=40), "bold"), "  ", (safe_text(each.words, limit=200), ""))
            )
            for each in filters
        )
        if filters:
            self._list.highlighted = min(at, len(filters) - 1)
        else:
            self._list.add_option(Option(Content("none is saved yet: type a filter, then ctrl+t here"), disabled=True))

    @property
    def _chosen(self) -> SavedFilter | None:
        at = self._list.highlighted
        return self._filters[at] if at is not None and at < len(self._filters) else None

    @on(OptionList.OptionSelected)
    def _taken(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self._chosen is not None:
            self.dismiss(self._chosen.words)

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_down(self) -> None:
        self._list.action_cursor_down()

    def action_up(self) -> None:
        self._list.action_cursor_up()

    def action_remove(self) -> None:
        chosen = self._chosen
        if chosen is None:
            return

        def gone(_: object) -> None:
            self._say(f"{chosen.name} is deleted; it stood for: {chosen.words}")
            self._reread()

        ask(self, lambda: self._saved.remove(chosen.name), gone, group="change")

    def action_save(self) -> None:
        if not self._words:
            self._say("type a filter first, then save it here")
            return
        title = f"A name for: {safe_text(self._words, limit=100)}"
        self.app.push_screen(NameScreen("Save the filter", title), self._save)

    def _save(self, name: str | None) -> None:
        if name is None:
            return

        def kept(_: object) -> None:
            self._say(f"saved as {name}")
            self._reread()

        ask(self, lambda: self._saved.save(name, self._words), kept, group="change")
