"""The inputs as JSON text: a view of the same instance as the form (forms.md 1.6)."""

from __future__ import annotations

from textual import events
from textual.widgets import TextArea

from tui.forms.editors import pasted
from tui.text import safe_text


class RawTab(TextArea):
    """Plain text without highlighting (a language needs tree-sitter, which is not there: forms.md 0.12)."""

    def __init__(self) -> None:
        super().__init__("", id="raw-tab", tab_behavior="indent", show_line_numbers=True, compact=True)
        self._loaded = ""

    def show(self, text: str, *, read_only: bool) -> None:
        """Put `text` here, unless it is what stands here already; the cursor goes to its start."""
        self._loaded = safe_text(text, lines=True)
        self.read_only = read_only
        if self.text != self._loaded:
            with self.prevent(TextArea.Changed):
                self.load_text(self._loaded)

    @property
    def edited(self) -> bool:
        """Whether the text is another than the one put here."""
        return self.text != self._loaded

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if not self.read_only:
            self.replace(pasted(event.text), *self.selection, maintain_selection_offset=False)

    def go(self, line: int, column: int) -> None:
        """Put the cursor at a 1-based place."""
        self.move_cursor((max(line - 1, 0), max(column - 1, 0)))
