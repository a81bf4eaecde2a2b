"""The editors of text in rows: one line, or several.

No editor asks Textual for a typed Input: its patterns backtrack without bound (forms.md 0.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from rich.highlighter import Highlighter
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.suggester import SuggestFromList
from textual.widgets import Input, TextArea

from engine.schema import MASK
from tui.forms import fields
from tui.forms.clip_curl import is_curl
from tui.forms.instance import ABSENT
from tui.forms.lines import Picked, cut
from tui.forms.readings import is_reference
from tui.forms.rows import LONGEST, Row
from tui.text import safe_text

TALLEST = 10
SHORTEST = 3
GHOST_LENGTH = 60
MOST_PROPOSED = 500


class Pasted(Message):
    """Several lines were pasted into a control of one line; `before` and `after` are what stood around the cursor."""

    def __init__(self, text: str, before: str = "", after: str = "") -> None:
        super().__init__()
        self.text, self.before, self.after = text, before, after


class AsideChanged(Message):
    """A control has something else to say below it: its `aside`."""


def ghost(row: Row) -> str:
    """What stands dim in an empty editor: the state, the default, what the schema says to put here, an example."""
    if row.state == "null":
        return "null"
    if row.state == "empty":
        return '""'
    if row.default is not None and row.default is not ABSENT:
        shown = MASK if row.is_hidden else safe_text(fields.brief(row.default))
        return f"{shown} (default)"
    if row.placeholder:
        return safe_text(row.placeholder, limit=GHOST_LENGTH)
    if row.proposals:
        return f"e.g. {safe_text(fields.brief(row.proposals[0]))}"
    return "hidden · env:NAME and keyring:NAME do too" if row.kind == "secret" else ""


def offered(row: Row) -> Any:
    """What → puts into an empty editor: the suggestion, the default, the first proposal; ABSENT for nothing."""
    if row.state != "absent":
        return ABSENT
    for value in (row.suggestion, row.default, *row.proposals[:1]):
        if value is not ABSENT and value is not None:
            return value
    return ABSENT


def pasted(text: str) -> str:
    """Pasted text with one kind of line end; what would command the terminal becomes visible marks."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return shown(text)


def shown(text: str) -> str:
    """`text` as an editor may draw it."""
    return safe_text(text, lines=True) if fields.hides(text) else text


class Excess(Highlighter):
    """Draws what is more than a text may have."""

    def __init__(self) -> None:
        self.longest: int | None = None
        self.style = "underline"

    def highlight(self, text: Text) -> None:
        if self.longest is not None and len(text.plain) > self.longest:
            text.stylize(self.style, self.longest)


class LineInput(Input):
    """One line of text; Enter and the arrows go on to the next field, or step a number; → takes the ghost."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(1)", show=False),
        Binding("down", "step(-1)", show=False),
        Binding("pageup", "step(10)", show=False),
        Binding("pagedown", "step(-10)", show=False),
    ]

    hint = ""
    """What stands dim in an empty line that has no other ghost."""

    virtual_size = Reactive(Size(0, 0), layout=False)
    """Its place never depends on its text, so that a key does not lay out the whole form anew."""

    def __init__(self, row: Row, *, is_key: bool = False, names: Sequence[str] = (), revealed: bool = False) -> None:
        self._excess = Excess()
        super().__init__(select_on_focus=False, highlighter=self._excess)
        self.is_key, self.names = is_key, list(names)
        self.row, self.revealed = row, revealed
        self._is_lost = False
        """A secret of which only the mask is left: nothing stands here, so that nothing is typed behind the mask."""
        self._step, self._start, self._numeric = 1.0, "", False
        self._proposed: list[str] = []
        self.load(row)

    def load(self, row: Row, names: Sequence[str] | None = None) -> None:
        """Show the row's text where it differs from what stands here; `names` are the keys that fit."""
        self.row = row
        if names is not None:
            self.names = list(names)
        text = shown(row.typed_name if self.is_key else row.text)
        self._is_lost = row.kind == "secret" and not self.is_key and text == MASK
        text = "" if self._is_lost else text
        self._numeric = row.kind in ("integer", "number") and not self.is_key
        self._step = row.step
        self._start = fields.show("number", row.default) if isinstance(row.default, int | float) else ""
        self._excess.longest = None if self.is_key else row.longest
        self._propose()
        self._haunt()
        if self.value != text:
            with self.prevent(Input.Changed):
                self.value = text
                self.cursor_position = len(text)
        self.hide()

    def _propose(self) -> None:
        values = self.names if self.is_key else self.row.proposals
        texts = [value if self.is_key else fields.show(self.row.kind, value) for value in values[:MOST_PROPOSED]]
        texts = [text for text in texts if text and not fields.hides(text)]
        if texts != self._proposed:
            self._proposed = texts
            self.suggester = SuggestFromList(texts, case_sensitive=False) if texts else None

    def _haunt(self) -> None:
        """Draw the ghost in as many cells as there are: Input would break it over lines that nobody sees."""
        if self.is_key:
            named = f"name · e.g. {safe_text(self.names[0])}" if self.names else "name"
            text = named if self.row.unnamed or self.row.typed_name else '""'
        else:
            text = "type it again" if self._is_lost else ghost(self.row) or self.hint
        width = self.size.width
        text = cut(Content(text), width).plain if width else text
        if self.placeholder != text:
            self.placeholder = text

    def on_mount(self) -> None:
        error = self.app.theme_variables.get("error", "red")
        self._excess.style = f"underline {error}"

    def on_resize(self) -> None:
        self._haunt()

    def hide(self) -> None:
        """Mask a secret, but not the name of the place where it is kept."""
        masked = self.row.is_hidden and not self.is_key and not self.revealed and not is_reference(self.value)
        if masked != self.password:
            self.password = masked

    def watch_value(self) -> None:
        self.hide()

    @property
    def opens_list(self) -> bool:
        """Whether there are proposals, or names, to choose from."""
        return bool(self.names if self.is_key else self.row.proposals)

    @property
    def typed(self) -> str:
        return MASK if self._is_lost and not self.value else self.value

    def action_cursor_right(self, select: bool = False) -> None:
        """In an empty line → takes the ghost, else it moves on, or takes what completes the text."""
        text = "" if self.is_key or self.value or self._is_lost else self._offered()
        if text and not select:
            self.value = text
            self.cursor_position = len(text)
        else:
            super().action_cursor_right(select)

    def _offered(self) -> str:
        value = offered(self.row)
        if value is ABSENT:
            return ""
        text = fields.show(self.row.kind, value)
        if fields.hides(text) or "\n" in text:
            self.post_message(Picked(value))
            return ""
        return text

    def action_submit(self) -> None:  # type: ignore[override]
        self.screen.focus_next()

    def action_step(self, steps: int) -> None:
        """Step a number by its `multipleOf`; in any other line the arrows move between the fields."""
        if not self._numeric:
            if abs(steps) == 1:
                self.screen.focus_previous() if steps > 0 else self.screen.focus_next()
            return
        try:
            number = Decimal(self.value or self._start or "0")
        except InvalidOperation:
            return
        if number.is_finite():
            self.value = format(number + steps * Decimal(str(self._step)), "f")
            self.cursor_position = len(self.value)

    async def _on_paste(self, event: events.Paste) -> None:  # type: ignore[override]
        event.stop()
        event.prevent_default()
        text = pasted(event.text)
        start, end = sorted(self.selection)
        if "\n" in text.rstrip("\n") or is_curl(text) or len(self.value) + len(text) > LONGEST:
            self.post_message(Pasted(text, self.value[:start], self.value[end:]))
        else:
            self.replace(text.rstrip("\n"), start, end)


class AreaInput(TextArea):
    """Several lines of text, three to ten of them seen; Tab goes on, → takes the ghost."""

    def __init__(self, row: Row) -> None:
        super().__init__(shown(row.text), compact=True, tab_behavior="focus", show_line_numbers=False)
        self.row = row
        self.load(row)

    def load(self, row: Row) -> None:
        self.row = row
        self.placeholder = Content(ghost(row))
        text = shown(row.text)
        if self.text != text:
            with self.prevent(TextArea.Changed):
                self.load_text(text)

    @property
    def typed(self) -> str:
        return self.text

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = pasted(event.text)
        if len(self.text) + len(text) > LONGEST:
            start, end = sorted(self.selection)
            before = self.get_text_range((0, 0), start)
            self.post_message(Pasted(text, before, self.get_text_range(end, self.document.end)))
        else:
            self.replace(text, *self.selection, maintain_selection_offset=False)

    def action_cursor_right(self, select: bool = False) -> None:
        value = ABSENT if self.text or select else offered(self.row)
        if value is ABSENT:
            super().action_cursor_right(select)
        else:
            self.post_message(Picked(value))

    def lines_at(self, width: int) -> int:
        """How many lines are seen; `width` in cells decides how many a long one takes."""
        folded = self.wrapped_document.height if self.size.width == width else 0
        return min(max(self.document.line_count, folded, SHORTEST), TALLEST)
