"""The inputs as JSON or YAML text: a view of the same instance as the form (forms.md 1.6)."""

from __future__ import annotations

from textual import events
from textual.widgets import TextArea

from tui.forms.code_area import CodeArea
from tui.forms.editors import pasted
from tui.forms.raw_text import Language, head, is_large
from tui.text import safe_text

EMPTY = frozenset({"", "{}", "[]"})
"""Texts of nothing."""


class RawTab(CodeArea):
    """Holds the text of the instance. Of one that is too large to edit its beginning is shown, and `content` is all."""

    def __init__(self) -> None:
        super().__init__(id="raw-tab")
        self.in_language: Language = "json"
        """What the text is written in."""
        self._loaded = ""
        self._whole: str | None = None
        self._is_head = False

    def show(self, text: str, *, read_only: bool) -> None:
        """Put `text` here, unless it is what stands here already; the cursor goes to its start."""
        self._whole, self._is_head = None, False
        self._put(safe_text(text, lines=True), read_only=read_only)

    def show_head(self, text: str) -> None:
        """Show the beginning of what is too large to edit; only a paste replaces it."""
        self._whole, self._is_head = None, True
        self._put(safe_text(head(text), lines=True), read_only=True)

    def hold(self, whole: str) -> None:
        """Take a text that is too large to edit; it is read like any other."""
        self.show_head(whole)
        self._whole = whole

    def swap(self, text: str) -> None:
        """Show another text after undo; the cursor stays in its line."""
        row = self.cursor_location[0]
        self.show(text, read_only=self.read_only and not self._is_head)
        self.move_cursor((min(row, self.document.line_count - 1), 0))

    def _put(self, text: str, *, read_only: bool) -> None:
        self._loaded, self.read_only = text, read_only
        self.written = self.in_language
        if self.text != text:
            self.mark(())
            with self.prevent(TextArea.Changed):
                self.load_text(text)

    @property
    def content(self) -> str:
        """All of the text."""
        return self.text if self._whole is None else self._whole

    @property
    def edited(self) -> bool:
        """Whether the text is another than the one put here."""
        return self._whole is not None or (not self._is_head and self.text != self._loaded)

    async def _on_paste(self, event: events.Paste) -> None:
        if not self._is_head:
            if self.text.strip() in EMPTY and not self.read_only:
                self.select_all()  # the paste is meant in the place of nothing, not before it
            await super()._on_paste(event)
            return
        event.stop()
        event.prevent_default()
        text = pasted(event.text)
        if is_large(text):
            self.post_message(self.TooLarge(self, text))
        else:
            self._whole, self._is_head, self.read_only = None, False, False
            self.load_text(text)
