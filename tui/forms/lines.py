"""What the controls of one drawn line share: they show a row and say what was picked; they hold no truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.forms import strict_json
from tui.forms.instance import ABSENT
from tui.forms.rows import Row

OPTION_LENGTH = 60


class Picked(Message):
    """A value was chosen without typing, or with `unset` taken back."""

    def __init__(self, value: Any = None, *, unset: bool = False) -> None:
        super().__init__()
        self.value, self.unset = value, unset


class Asked(Message):
    """Enter or space on a row that opens something: a section, a list of options."""


class Drawn(Widget, can_focus=True):
    """One line that takes keys and draws itself; the arrows go on to the next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def render(self) -> Content:
        return cut(self.draw(), self.size.width)

    def draw(self) -> Content:
        return Content("")


class Line(Drawn):
    """A control of one line; subclasses write `draw`."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row = row

    def load(self, row: Row) -> None:
        self.row = row
        self.refresh()

    @property
    def typed(self) -> str | None:
        """None: what is picked here is told at once."""
        return None

    def offers(self) -> bool:
        """Whether there is something to take over from another form of a union."""
        return self.row.suggestion is not ABSENT and self.row.state == "absent"

    def take(self) -> None:
        """Take what was suggested."""
        self.post_message(Picked(self.row.suggestion))


def cut(content: Content, cells: int) -> Content:
    """`content` in at most `cells`, with `…` where something is left out; double-width signs are not halved."""
    return content.truncate(max(cells, 1), ellipsis=True)


def index_of(options: Sequence[tuple[str, Any]], value: Any) -> int | None:
    """Where `value` stands among the options; by JSON equality, so that 1 is not `true`."""
    if value is ABSENT:
        return None
    return next((at for at, (_, option) in enumerate(options) if strict_json.equal(option, value)), None)
