"""A text to edit by itself: a field as JSON, or lines to paste. What is wrong with it is said while it is typed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Static, TextArea

from tui.boundary import ask
from tui.forms.code_area import CodeArea
from tui.forms.raw_text import EDITABLE, Language
from tui.text import safe_text

READ_SECONDS = 0.15
SAID = 4
"""Problems that are said at once."""

Judge = Callable[[str], tuple[bool, list[str]]]
"""Whether a text can be taken, and what is wrong; may be slow, it is asked beside the loop."""


class TextScreen(ModalScreen["str | None"]):
    """Dismisses with the text on F2 (or alt+Enter), with None on Esc."""

    CSS_PATH = "../styles/fields.tcss"
    AUTO_FOCUS = "CodeArea"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("f2,alt+enter", "take", show=False, priority=True),
    ]

    def __init__(
        self, title: str, text: str, judge: Judge | None = None, *, language: Language | None = "json"
    ) -> None:
        super().__init__()
        self._title, self._text, self._judge = title, text, judge
        self._language = language
        self._reading: Timer | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="pick text"):
            yield Static(Content(safe_text(self._title)), classes="pick-title")
            area = CodeArea(self._text)
            area.written = self._language
            yield area
            yield Static(classes="text-said")
            yield Static(Content("F2 takes it · Esc leaves it as it was"), classes="pick-hint")

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._reading is not None:
            self._reading.stop()
        if self._judge is not None:
            self._reading = self.set_timer(READ_SECONDS, self._read)

    def _read(self) -> None:
        judge, text = self._judge, self.query_one(CodeArea).text
        if judge is not None:
            ask(self, lambda: asyncio.to_thread(judge, text), lambda found: self._say(found[1]), exclusive=True)

    def _say(self, problems: list[str]) -> None:
        more = [f"… and {len(problems) - SAID} more"] if len(problems) > SAID else []
        lines = [f"✗ {safe_text(problem, limit=200)}" for problem in problems[:SAID]]
        self.query_one(".text-said", Static).update(Content("\n".join([*lines[: SAID - len(more)], *more])))

    @on(CodeArea.TooLarge)
    def _too_large(self, event: CodeArea.TooLarge) -> None:
        event.stop()
        self._say([f"more than {EDITABLE // 1024} kB are not pasted here; paste them into the JSON of the whole form"])

    async def action_take(self) -> None:
        """Take it, unless it cannot be read."""
        text = self.query_one(CodeArea).text
        if self._judge is not None:
            fits, problems = await asyncio.to_thread(self._judge, text)
            if not fits:
                self._say(problems)
                return
        self.dismiss(text)

    def action_leave(self) -> None:
        self.dismiss(None)
