"""The line that `/` opens: filters while one types, Enter keeps, Esc clears."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

FILTER, SEARCH = "/", "\\"


class FilterInput(Input):
    """Text is typed here, so it knows no letters as keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(False)", show=False),
        Binding("down,ctrl+n", "step(1)", show=False),
        Binding("up,ctrl+p", "step(-1)", show=False),
    ]

    def action_leave(self, keep: bool) -> None:
        self.post_message(FilterLine.Left(keep))

    def action_step(self, lines: int) -> None:
        self.post_message(FilterLine.Stepped(lines))


class FilterLine(Horizontal):
    """Shown while it is edited or holds a text."""

    class Changed(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The reader is done with the line; without `keep` the filter ends."""

        def __init__(self, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    class Stepped(Message):
        """An arrow key: the cursor of the list moves while the line keeps the focus."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    def __init__(self) -> None:
        super().__init__()
        self.display = False
        self.sign = FILTER
        """What stands before the text: `FILTER`, or `SEARCH` where nothing is hidden."""
        self._recalled: dict[str, str] = {}

    def on_mount(self) -> None:
        self.call_after_refresh(self._make)  # not before the first paint, which an input field would delay

    async def _make(self) -> None:
        field = FilterInput(placeholder="type to filter", compact=True)
        field.cursor_blink = False
        if self.is_attached:  # not when the console ended before it was drawn
            await self.mount(Static("/", classes="slash", markup=False), field)

    @property
    def field(self) -> FilterInput:
        return self.query_one(FilterInput)

    @property
    def text(self) -> str:
        return self.field.value if self.display and self.children else ""

    def open(self, sign: str = FILTER) -> None:
        """Show the line with its last text, all of it selected so that typing replaces it."""
        if not self.children:
            return  # pressed before the console was drawn
        if not self.display:
            self._show(sign)
            self.field.value = self._recalled.get(sign, "")
        self.screen.set_focus(self.field)  # at once: what is typed next must not be taken for keys
        self.field.select_all()

    def recall(self, text: str) -> None:
        """Have the next `open` of the filter show `text`."""
        self._recalled[FILTER] = text

    def _show(self, sign: str) -> None:
        self.sign = sign
        self.query_one(".slash", Static).update(Content(sign))
        self.display = True

    def put(self, text: str) -> None:
        """Have the filter be `text`, as if it had been typed and kept; an empty one ends it."""
        if not self.children or (self.sign == FILTER and text == self.text.strip()):
            return
        if not text:
            self.close()
            return
        self._show(FILTER)
        self.field.value = text

    def hide(self) -> None:
        """Hide the line and let what it was typed for stand; its text is recalled by the next `open`."""
        self._recalled[self.sign] = self.field.value or self._recalled.get(self.sign, "")
        with self.prevent(Input.Changed):
            self.field.value = ""
        self.display = False

    def close(self) -> None:
        """Hide the line and end what it was typed for."""
        if self.display:
            self.hide()
            self.post_message(self.Changed(""))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left(bool(event.value)))
