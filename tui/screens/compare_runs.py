"""Two runs side by side, or under each other where there is no room."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.actions import Scope
from tui.bindings import bindings_of
from tui.boundary import ask
from tui.run_compare import Comparison, lines
from tui.screens.sub import Sub
from tui.widgets.text_view import TextView
from tui.wording import amount


class CompareScreen(Sub):
    """Shows a comparison; Esc leaves."""

    SCOPE: ClassVar[Scope] = "compare"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("compare")

    def __init__(self, found: Comparison) -> None:
        super().__init__()
        self.found = found
        self._whole = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="pane") as pane:
            pane.border_title = Content("Two runs")
            yield TextView(id="comparison")
        yield Static(Content(" " + "  ".join(self.hints)), classes="keys")

    @property
    def view(self) -> TextView:
        return self.query_one(TextView)

    def on_mount(self) -> None:
        self.set_focus(self.view)
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        width = max(self.view.size.width - 1, 20)
        self.view.show(lines(self.found, width, self.app.clock(), whole=self._whole), stay=True)

    def action_swap(self) -> None:
        ask(self, lambda: asyncio.to_thread(self.found.swapped), self._swapped, group="swap", exclusive=True)

    def _swapped(self, found: Comparison) -> None:
        self.found = found
        self._draw()

    def action_all(self) -> None:
        self._whole = not self._whole
        self._draw()

    def action_copy_value(self) -> None:
        text = self.view.text
        self.app.copy_to_clipboard(text)
        self.app.notify(f"copied {amount(len(text), 'character')}")
