"""The line that `/` opens in the detail pane: what is typed is searched for; how it stands is said at its end."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui.widgets.filter_line import FilterInput, FilterLine


class SearchLine(FilterLine):
    """A filter line with another purpose; its messages are the same."""

    async def _make(self) -> None:
        field = FilterInput(placeholder="search: a text, or re:pattern", compact=True)
        field.cursor_blink = False
        if self.is_attached:
            await self.mount(Static("/", classes="slash", markup=False), field, Static("", classes="note"))

    def say(self, note: str) -> None:
        """How the search stands."""
        if self.children:
            self.query_one(".note", Static).update(Content(note))
