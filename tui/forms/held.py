"""A value that is too long for the editor of a row: its beginning and its length are shown (forms.md 2.5).

An editor of Textual takes longer at each key the more text it holds: a second at 1 MB, which nobody would see whole.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.forms.lines import Asked, Line, Picked
from tui.text import safe_text

SHOWN = 200
"""Characters of its beginning that are drawn."""


class Held(Line):
    """Enter or F4 opens it in an editor of its own as far as that holds it; a paste replaces it, Del unsets it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,f4", "ask", show=False),
        Binding("delete,backspace", "clear", show=False),
    ]

    def draw(self) -> Content:
        begin = " ".join(safe_text(self.row.text[:SHOWN], lines=True).split())
        return Content.assemble((f"▤ {self.row.held}", "reverse" if self.has_focus else "$accent"), f"  {begin}…")

    def action_ask(self) -> None:
        self.post_message(Asked())

    def action_clear(self) -> None:
        self.post_message(Picked(unset=True))

    def on_mouse_down(self) -> None:
        self.action_ask()

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if event.text:
            self.post_message(Picked(event.text.replace("\r\n", "\n").replace("\r", "\n")))
