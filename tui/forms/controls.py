"""The controls that stand in rows: they show a row and say what was picked; they hold no truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.forms import fields, strict_json
from tui.forms.editors import AreaInput, LineInput, Pasted, ghost, pasted
from tui.forms.instance import ABSENT
from tui.forms.line_editors import line_editor_for
from tui.forms.rows import Row
from tui.text import safe_text

INLINE_OPTIONS = 5
INLINE_CELLS = 40
OPTION_LENGTH = 60


class Picked(Message):
    """A value was chosen without typing, or with `unset` taken back."""

    def __init__(self, value: Any = None, *, unset: bool = False) -> None:
        super().__init__()
        self.value, self.unset = value, unset


class Asked(Message):
    """Enter or space on a row that opens something: a section, a list of options."""


class Line(Static, can_focus=True):
    """A control of one drawn line that takes keys; subclasses write `draw`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row = row

    def load(self, row: Row) -> None:
        self.row = row
        self.refresh()

    def render(self) -> Content:
        return self.draw().truncate(max(self.size.width, 1), ellipsis=True)

    def draw(self) -> Content:
        return Content("")

    @property
    def typed(self) -> str | None:
        """None: what is picked here is told at once."""
        return None


class Options(Line):
    """A few options in one line: ← → pick, a letter picks what begins with it, Del makes it unset."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "pick(1)", show=False),
        Binding("left", "pick(-1)", show=False),
        Binding("space", "cycle", show=False),
        Binding("delete,backspace", "clear", show=False),
        Binding("enter", "app.focus_next", show=False),
    ]

    @property
    def options(self) -> Sequence[tuple[str, Any]]:
        if self.row.kind == "boolean":
            return (("no", False), ("yes", True))
        if self.row.kind == "union":
            return tuple((label, at) for at, label in enumerate(self.row.branches))
        return self.row.options

    @property
    def picked(self) -> int | None:
        if self.row.kind == "union":
            return self.row.chosen
        return index_of(self.options, self.row.value)

    def render(self) -> Content:
        whole = self.draw()
        return (
            whole
            if whole.cell_length <= self.size.width
            else self.draw(short=True).truncate(max(self.size.width, 1), ellipsis=True)
        )

    def draw(self, *, short: bool = False) -> Content:
        """All options; `short` marks the default by its sign alone, for where the words find no room."""
        picked, parts = self.picked, []
        foreign = self.row.state == "value" and picked is None and self.row.kind != "union"
        if foreign:
            parts.append((safe_text(fields.brief(self.row.value, 20)) + "  ", "$error"))
        elif self.row.state == "null" and picked is None:
            parts.append(("null  ", "bold"))
        default = index_of(self.options, self.row.default)
        for at, (label, _) in enumerate(self.options):
            text = safe_text(label, limit=OPTION_LENGTH)
            if at == picked:
                style = "bold reverse" if self.has_focus else "bold"
                parts.append((f"● {text}", style))
            elif at == default and picked is None and not foreign:
                parts.append((f"◌ {text}" if short else f"○ {text} (default)", "$dim"))
            else:
                parts.append((f"○ {text}", ""))
            parts.append((" " if short else "  ", ""))
        return Content.assemble(*parts[:-1])

    def action_pick(self, step: int) -> None:
        count, picked = len(self.options), self.picked
        if picked is None:
            self._pick(0 if step > 0 else count - 1)
        elif 0 <= picked + step < count:
            self._pick(picked + step)

    def action_cycle(self) -> None:
        """Unset, the first, the next, ..., unset again; a union has no unset."""
        picked = -1 if self.picked is None else self.picked
        if picked + 1 < len(self.options):
            self._pick(picked + 1)
        elif self.row.kind == "union":
            self._pick(0)
        else:
            self.action_clear()

    def action_clear(self) -> None:
        if self.row.kind != "union":
            self.post_message(Picked(unset=True))

    def _pick(self, at: int) -> None:
        self.post_message(Picked(self.options[at][1]))

    def on_key(self, event: events.Key) -> None:
        if event.character is None or not event.character.isalnum():
            return
        event.stop()
        begins = [at for at, (label, _) in enumerate(self.options) if label.casefold().startswith(event.character)]
        if begins:
            picked = self.picked
            later = [at for at in begins if picked is not None and at > picked]
            self._pick((later or begins)[0])


class Drop(Line):
    """A longer choice, or several of one list: Enter, space or a letter opens the options."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space,f4", "ask", show=False),
        Binding("delete,backspace", "clear", show=False),
    ]

    def __init__(self, row: Row) -> None:
        super().__init__(row)
        self.first_key = ""

    def draw(self) -> Content:
        row = self.row
        style = "reverse" if self.has_focus else ""
        if row.kind == "choices" and isinstance(row.value, list):
            labels = [self._label(item) for item in row.value]
            return Content.assemble((f"▾ {len(labels)}/{len(row.options)}", style), "  " + ", ".join(labels))
        if row.state in ("absent", "null"):
            return Content.assemble(("▾ ", style), (ghost(row) or "choose", "$dim"))
        return Content.assemble((f"▾ {self._label(row.value)}", style))

    def _label(self, value: Any) -> str:
        at = index_of(self.row.options, value)
        return safe_text(fields.brief(value) if at is None else self.row.options[at][0], limit=OPTION_LENGTH)

    def action_ask(self) -> None:
        self.first_key = ""
        self.post_message(Asked())

    def action_clear(self) -> None:
        self.post_message(Picked(unset=True))

    def on_key(self, event: events.Key) -> None:
        if event.character is not None and event.character.isalnum():
            event.stop()
            self.first_key = event.character
            self.post_message(Asked())


class Constant(Line):
    """The one value that is allowed; space takes or leaves it where it is optional."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "take", show=False),
        Binding("delete,backspace", "clear", show=False),
        Binding("enter", "app.focus_next", show=False),
    ]

    def draw(self) -> Content:
        row = self.row
        value = row.value if row.state == "value" else row.constant
        mark = "" if row.required else "☑ " if row.state != "absent" else "☐ "
        style = "reverse" if self.has_focus else "" if row.required or row.state != "absent" else "$dim"
        return Content.assemble((f"{mark}= {safe_text(fields.brief(value))}", style))

    def action_take(self) -> None:
        absent = self.row.state == "absent"
        self.post_message(Picked(self.row.constant) if absent else Picked(unset=True))

    def action_clear(self) -> None:
        self.post_message(Picked(unset=True))


class Head(Line):
    """The line of a section, list or map: Enter or space opens and closes it, → and ← too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "ask", show=False),
        Binding("right", "turn(True)", show=False),
        Binding("left", "turn(False)", show=False),
    ]

    def draw(self) -> Content:
        row = self.row
        mark = "▾" if row.is_open else "▸"
        style = "bold reverse" if self.has_focus else "bold"
        said = summary(row)
        return Content.assemble((mark, style), f" {said}") if said else Content.assemble((mark, style))

    def action_ask(self) -> None:
        self.post_message(Asked())

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self.post_message(Pasted(pasted(event.text)))

    def action_turn(self, wanted: bool) -> None:
        if self.row.is_open != wanted:
            self.post_message(Asked())


class Hidden(Line):
    """A secret of several lines: never drawn unless revealed; a paste replaces it, Del clears it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("delete,backspace", "clear", show=False),
        Binding("enter", "app.focus_next", show=False),
    ]

    def draw(self) -> Content:
        lines = self.row.text.count("\n") + 1
        return Content.assemble((f"••• {lines} lines", "reverse" if self.has_focus else ""))

    def action_clear(self) -> None:
        self.post_message(Picked(unset=True))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if event.text:
            self.post_message(Picked(event.text))


def summary(row: Row) -> str:
    """`3 items`, `2 set`, and of a closed list of objects or a record its first scalars."""
    if isinstance(row.value, list):
        count = f"{len(row.value)} item{'' if len(row.value) == 1 else 's'}"
        return count if row.is_open else f"{count}  {_first(row.value)}".rstrip()
    if isinstance(row.value, dict):
        said = f"{len(row.value)} set" if row.value else "{}"
        return said if row.is_open else f"{said}  {_first(list(row.value.values()))}".rstrip()
    if row.state == "null":
        return "null"
    return ghost(row) or "none"


def _first(values: Sequence[Any]) -> str:
    scalars = [value for value in values if not isinstance(value, dict | list)][:3]
    return safe_text(", ".join(fields.brief(value, 20) for value in scalars))


def index_of(options: Sequence[tuple[str, Any]], value: Any) -> int | None:
    """Where `value` stands among the options; by JSON equality, so that 1 is not `true`."""
    if value is ABSENT:
        return None
    return next((at for at, (_, option) in enumerate(options) if strict_json.equal(option, value)), None)


def control_for(row: Row, revealed: bool) -> type[Line] | type[LineInput] | type[AreaInput]:
    """Which control draws the row (forms.md 5.2)."""
    if row.kind == "secret" and "\n" in row.text:
        return AreaInput if revealed else Hidden
    if row.kind == "boolean":
        return Options
    if row.kind in ("choice", "union"):
        labels = row.branches if row.kind == "union" else [label for label, _ in row.options]
        cells = sum(cell_len(safe_text(label)) + 4 for label in labels)
        return Options if len(labels) <= INLINE_OPTIONS and cells <= INLINE_CELLS + 4 * len(labels) else Drop
    if row.kind == "choices":
        return Drop
    if row.kind == "const":
        return Constant
    if row.is_container:
        return Head
    return AreaInput if row.long else line_editor_for(row)


def make_control(row: Row, revealed: bool) -> Line | LineInput | AreaInput:
    """The control that `control_for` names."""
    return control_for(row, revealed)(row)
