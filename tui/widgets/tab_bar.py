"""One line of tabs: the active one stands out, a click chooses."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


class TabBar(Widget):
    """Labels in a row; `notes` add to a label what changes, like `12 new`."""

    class Picked(Message):
        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, tabs: Sequence[str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tabs = tuple(tabs)
        self.active = self.tabs[0]
        self.title = ""
        """Stands instead of the tabs when there is nothing to choose between."""
        self.notes: dict[str, str] = {}

    def show(self, active: str, *, title: str = "", notes: dict[str, str] | None = None) -> None:
        state = (active, title, notes or {})
        if state != (self.active, self.title, self.notes):
            self.active, self.title, self.notes = state
            self.refresh()

    def labels(self) -> list[str]:
        return [f"{tab} ({self.notes[tab]})" if self.notes.get(tab) else tab for tab in self.tabs]

    def render(self) -> Content:
        if self.title:
            return Content.styled(self.title, "bold $text-accent")
        parts: list[Content | tuple[str, str]] = []
        for tab, label in zip(self.tabs, self.labels(), strict=True):
            if parts:
                parts.append(("│", "$text-muted"))
            parts.append((f" {label} ", "bold reverse" if tab == self.active else ""))
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        if self.title:
            return
        end = 0
        for tab, label in zip(self.tabs, self.labels(), strict=True):
            end += len(label) + 3
            if event.x < end:
                self.post_message(self.Picked(tab))
                return
