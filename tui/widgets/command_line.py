"""The line that `:` opens in the place of the status line: a command, what it can go on to, and what was wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tui.text import safe_text

LONGEST = 2_000
KEPT = 100
"""Commands that are recalled."""


class CommandInput(Input):
    """Text is typed here, so it knows no letters as keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("tab", "complete(1)", show=False),
        Binding("shift+tab", "complete(-1)", show=False),
        Binding("up,ctrl+p", "recall(-1)", show=False),
        Binding("down,ctrl+n", "recall(1)", show=False),
    ]

    def action_leave(self) -> None:
        self.post_message(CommandLine.Left())

    def action_complete(self, by: int) -> None:
        self.post_message(CommandLine.Completed(by))

    def action_recall(self, by: int) -> None:
        self.post_message(CommandLine.Recalled(by))

    def action_delete_left(self) -> None:
        if self.value:
            super().action_delete_left()
        else:
            self.action_leave()


class CommandLine(Horizontal):
    """`complete` gives the lines that a text can go on to; `recalled` are the commands of before, the newest last."""

    class Entered(Message):
        """Enter was pressed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The person is done with the line."""

    class Completed(Message):
        """Tab: to the next completion, or the one before it."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Recalled(Message):
        """An arrow: to the command before or after."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, complete: Callable[[str], list[str]], recalled: Sequence[str] = ()) -> None:
        super().__init__()
        self.display = False
        self.complete = complete
        self.recalled = list(recalled)
        self._at = 0
        self._typed = ""
        """What stood there before a command was recalled or completed."""
        self._found: list[str] = []
        self._chosen = -1

    def compose(self) -> ComposeResult:
        yield Static(":", classes="colon", markup=False)
        field = CommandInput(compact=True, max_length=LONGEST)
        field.cursor_blink = False
        yield field
        yield Static(id="command-said", markup=False)

    @property
    def field(self) -> CommandInput:
        return self.query_one(CommandInput)

    def open(self) -> None:
        """Show an empty line and give it the focus."""
        self.display = True
        self._at = len(self.recalled)
        self._set("")
        self._begin()
        self.screen.set_focus(self.field)  # at once: what is typed next must not be taken for keys

    def close(self) -> None:
        self.display = False

    def remember(self, text: str) -> None:
        """`text` was done; the same twice stands there once."""
        text = text.strip()
        if text in self.recalled:
            self.recalled.remove(text)
        self.recalled = [*self.recalled, text][-KEPT:]

    def refuse(self, text: str) -> None:
        """Say what is wrong with the command, which stays to be mended."""
        said = self.query_one("#command-said", Static)
        said.set_class(True, "-bad")
        said.update(Content(safe_text(text)))

    def _set(self, text: str) -> None:
        with self.field.prevent(Input.Changed):
            self.field.value = text
        self.field.cursor_position = len(text)

    def _begin(self) -> None:
        """The text is another one: say what it can go on to."""
        self._typed = self.field.value
        self._found, self._chosen = self.complete(self._typed) if self._typed else [], -1
        self._offer()

    def _offer(self) -> None:
        """The last words of what can be had, the chosen one first."""
        said = self.query_one("#command-said", Static)
        said.set_class(False, "-bad")
        found = self._found[max(self._chosen, 0) :]
        words = [safe_text(line.rstrip().rpartition(" ")[2], limit=40) for line in found]
        text = "  ".join(words) if self._typed else "Tab completes, Esc leaves"
        said.update(Content(text))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._at = len(self.recalled)
        self._begin()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Entered(event.value))

    @on(Completed)
    def _complete(self, event: Completed) -> None:
        event.stop()
        if not self._typed and not self._found:
            self._found = self.complete("")
        if not self._found:
            return
        if len(self._found) == 1:
            self._set(self._found[0])
            self._begin()
            return
        self._chosen = (self._chosen + event.by) % len(self._found) if self._chosen >= 0 or event.by > 0 else -1
        self._set(self._found[self._chosen])
        self._offer()

    @on(Recalled)
    def _recall(self, event: Recalled) -> None:
        event.stop()
        if self._at == len(self.recalled):
            self._typed = self.field.value
        at = self._at + event.by
        if 0 <= at <= len(self.recalled):
            typed, self._at = self._typed, at
            self._set(self.recalled[at] if at < len(self.recalled) else typed)
            self._begin()
            self._typed = typed
