"""The line of typed words above a list, and below it what is said about them: what is wrong, what Tab offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tui.text import safe_text

PLACEHOLDER = "words: status:failed executor:… since:2d user:… text of inputs, results, errors"
KEPT = 50
"""Typed lines that are recalled."""


class QueryInput(Input):
    """Text is typed here, so it knows no letters as keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(False)", show=False),
        Binding("tab", "complete", show=False),
        Binding("up", "recall(1)", show=False),
        Binding("down", "recall(-1)", show=False),
        Binding("pagedown,ctrl+n", "step(1)", show=False),
        Binding("pageup,ctrl+p", "step(-1)", show=False),
    ]

    def action_leave(self, keep: bool) -> None:
        self.post_message(QueryLine.Left(keep))

    def action_complete(self) -> None:
        self.post_message(QueryLine.Completed())

    def action_recall(self, by: int) -> None:
        self.post_message(QueryLine.Recalled(by))

    def action_step(self, lines: int) -> None:
        self.post_message(QueryLine.Stepped(lines))


class QueryLine(Vertical):
    """Always seen. `recent` are the lines that were kept, newest first."""

    class Changed(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The person is done with the line; without `keep` its text is cleared."""

        def __init__(self, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    class Completed(Message):
        """Tab: whoever knows the words calls `fill`."""

    class Recalled(Message):
        """An arrow: an older (1) or newer (-1) line."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Stepped(Message):
        """The cursor of the list moves while the line keeps the focus."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._first = text
        self.recent: list[str] = []
        self._at = -1
        self._typed = ""
        """What stood here before older lines were recalled."""

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("/", classes="slash", markup=False)
            field = QueryInput(self._first, placeholder=PLACEHOLDER, compact=True, select_on_focus=False)
            field.cursor_blink = False
            yield field
        yield Static(id="query-said")

    def on_mount(self) -> None:
        self.say("")

    @property
    def field(self) -> QueryInput:
        return self.query_one(QueryInput)

    @property
    def text(self) -> str:
        return self.field.value

    @property
    def is_edited(self) -> bool:
        return self.field.has_focus

    def open(self) -> None:
        """Give it the focus, the cursor at the end."""
        self.screen.set_focus(self.field)
        self.field.cursor_position = len(self.field.value)

    def fill(self, text: str, cursor: int | None = None) -> None:
        """Another text; `Changed` follows."""
        self.field.value = text
        self.field.cursor_position = len(text) if cursor is None else cursor

    def say(self, text: str, role: str = "dim") -> None:
        """One line below; foreign text is fine. Without text the line takes no room."""
        said = self.query_one("#query-said", Static)
        said.display = bool(text)
        said.update(Content.styled(safe_text(text), {"dim": "$dim", "bad": "$text-error"}.get(role, "$text-warning")))

    def keep(self) -> list[str] | None:
        """Put the text first among the recent ones; they, None when that changes nothing."""
        text = self.text.strip()
        self._at = -1
        if not text or self.recent[:1] == [text]:
            return None
        self.recent = [text, *(other for other in self.recent if other != text)][:KEPT]
        return self.recent

    def recall(self, by: int) -> None:
        """An older or a newer line; behind the newest what was typed."""
        lines: Sequence[str] = self.recent
        at = self._at + by
        if self._at < 0:
            self._typed = self.text
            if at == 0 and lines[:1] == [self.text.strip()]:
                at += 1
        if -1 <= at < len(lines):
            self._at = at
            self.fill(lines[at] if at >= 0 else self._typed)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._at >= 0 and event.value != self.recent[self._at]:
            self._at = -1
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left(True))
