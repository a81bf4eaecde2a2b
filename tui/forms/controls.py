"""The controls that stand in rows, and which of them a row gets (forms.md 5.2)."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content

from engine.schema import MASK
from tui.forms import fields, strict_json
from tui.forms.editors import AreaInput, LineInput, ghost
from tui.forms.heads import Head
from tui.forms.held import Held
from tui.forms.instance import ABSENT
from tui.forms.line_editors import line_editor_for
from tui.forms.lines import OPTION_LENGTH, Asked, Line, Picked, index_of
from tui.forms.radios import Options, told_help
from tui.forms.rows import Row
from tui.text import safe_text

__all__ = [
    "Asked",
    "Constant",
    "Control",
    "Drop",
    "Head",
    "Held",
    "Hidden",
    "Line",
    "Options",
    "Picked",
    "ReadOnly",
    "control_for",
    "make_control",
]

INLINE_OPTIONS = 5
INLINE_BRANCHES = 4
INLINE_CELLS = 40

Control = Line | LineInput | AreaInput


class Drop(Line):
    """A longer choice, or several of one list: Enter, space or a letter opens the options."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space,f4", "ask", show=False),
        Binding("right", "accept", show=False),
        Binding("delete,backspace", "clear", show=False),
    ]

    def __init__(self, row: Row) -> None:
        super().__init__(row)
        self.first_key = ""

    def draw(self) -> Content:
        row = self.row
        style = "reverse" if self.has_focus else ""
        if row.kind == "choices" and isinstance(row.value, list):
            labels = [MASK] if row.is_hidden else [self._label(item) for item in row.value]
            return Content.assemble((f"▾ {len(labels)}/{len(row.options)}", style), "  " + ", ".join(labels))
        if row.kind == "union":
            label = row.branches[row.chosen] if row.chosen is not None else ""
            if not label:
                return Content.assemble(("▾ ", style), (f"choose of {len(row.branches):,}", "$dim"))
            return Content.assemble((f"▾ {safe_text(label, limit=OPTION_LENGTH)}", style))
        if row.state in ("absent", "null"):
            unpicked = f"none of {len(row.options)}" if row.kind == "choices" else f"choose of {len(row.options):,}"
            return Content.assemble(("▾ ", style), (self._usual() or unpicked, "$dim"))
        if row.is_hidden:
            return Content.assemble((f"▾ {MASK}", style))
        _, raw, _ = told_help(row, index_of(row.options, row.value))
        return Content.assemble((f"▾ {self._label(row.value)}", style), ("  " + safe_text(raw) if raw else "", "$dim"))

    def _usual(self) -> str:
        """The default under its label."""
        row = self.row
        if (
            row.state == "absent"
            and row.kind == "choice"
            and not row.is_hidden
            and index_of(row.options, row.default) is not None
        ):
            return f"{self._label(row.default)} (default)"
        return ghost(row)

    def _label(self, value: object) -> str:
        at = index_of(self.row.options, value)
        return safe_text(fields.brief(value) if at is None else self.row.options[at][0], limit=OPTION_LENGTH)

    def told(self) -> int | None:
        """The option whose description is of use: the picked one, else the default."""
        row = self.row
        if row.kind != "choice" or row.is_hidden:
            return None
        return index_of(row.options, row.default if row.state == "absent" else row.value)

    def action_ask(self) -> None:
        self.first_key = ""
        self.post_message(Asked())

    def action_accept(self) -> None:
        if self.offers():
            self.take()

    def action_clear(self) -> None:
        self.post_message(Picked(unset=True))

    def on_key(self, event: events.Key) -> None:
        if event.character is not None and event.character.isalnum():
            event.stop()
            self.first_key = event.character
            self.post_message(Asked())

    def on_mouse_down(self) -> None:
        self.action_ask()


class Constant(Line):
    """The one value that is allowed; where it is optional space takes or leaves it, where it is required and there is
    nothing to mend it takes no focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "take", show=False),
        Binding("delete,backspace", "clear", show=False),
        Binding("enter", "app.focus_next", show=False),
    ]

    def __init__(self, row: Row) -> None:
        super().__init__(row)
        self.can_focus = self._is_open

    def load(self, row: Row) -> None:
        super().load(row)
        self.can_focus = self._is_open

    @property
    def _is_open(self) -> bool:
        row = self.row
        return not row.required or row.nullable or not strict_json.equal(row.value, row.constant)

    def draw(self) -> Content:
        row = self.row
        fits = row.state == "absent" or strict_json.equal(row.value, row.constant)
        mark = "" if row.required else "☑ " if row.state != "absent" else "☐ "
        if row.state == "absent" and row.required and self.has_focus:
            return Content.assemble(
                ("= ", "reverse"), (f"space makes it {safe_text(fields.brief(row.constant))}", "$dim")
            )
        style = "reverse" if self.has_focus else "" if row.required or row.state != "absent" else "$dim"
        constant = safe_text(fields.brief(row.constant))
        if fits:
            return Content.assemble((f"{mark}= {constant}", style))
        hint = f"  space makes it {constant}"
        return Content.assemble((f"{mark}= {safe_text(fields.brief(row.value))}", style), (hint, "$dim"))

    def action_take(self) -> None:
        row = self.row
        fits = row.state != "absent" and strict_json.equal(row.value, row.constant)
        self.post_message(Picked(unset=True) if fits and not row.required else Picked(row.constant))

    def action_clear(self) -> None:
        self.post_message(Picked(unset=True))

    def on_mouse_down(self) -> None:
        if self.can_focus:
            self.action_take()


class ReadOnly(Line):
    """What the executor sets and nobody types: shown, never sent."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "app.focus_next", show=False)]

    def draw(self) -> Content:
        row = self.row
        value = row.default if row.state == "absent" else row.value
        if row.is_hidden and value is not ABSENT:
            text = MASK
        else:
            at = index_of(row.options, value)
            text = "–" if value is ABSENT else fields.brief(value, 200) if at is None else row.options[at][0]
        return Content.assemble((safe_text(text), "$dim reverse" if self.has_focus else "$dim"))


class Hidden(Line):
    """A secret of several lines: never drawn unless revealed; a paste replaces it, Del clears it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("delete,backspace", "clear", show=False),
        Binding("enter", "app.focus_next", show=False),
    ]

    def draw(self) -> Content:
        lines = self.row.text.count("\n") + 1
        length = self.row.held or (f"{lines} line{'' if lines == 1 else 's'}" if self.row.text else "several lines")
        return Content.assemble((f"{MASK} {length}", "reverse" if self.has_focus else ""))

    def action_clear(self) -> None:
        self.post_message(Picked(unset=True))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if event.text:
            self.post_message(Picked(event.text))


def control_for(row: Row, revealed: bool) -> type[Control]:
    """Which control draws the row (forms.md 5.2)."""
    if row.read_only and not row.is_container:
        return ReadOnly
    if row.kind == "secret" and (row.long or row.held):
        return AreaInput if revealed and not row.held else Hidden
    if row.held and not row.is_container:
        return Held
    if row.kind == "boolean":
        return Options
    if row.kind in ("choice", "union"):
        return Options if _is_inline(row) and not row.is_hidden else Drop
    if row.kind == "choices":
        return Drop
    if row.kind == "const":
        return Constant
    if row.is_container:
        return Head
    return AreaInput if row.long else line_editor_for(row)


def _is_inline(row: Row) -> bool:
    labels = row.branches if row.kind == "union" else [label for label, _ in row.options]
    most = INLINE_BRANCHES if row.kind == "union" else INLINE_OPTIONS
    return len(labels) <= most and sum(cell_len(safe_text(label)) for label in labels) <= INLINE_CELLS


def make_control(row: Row, revealed: bool) -> Control:
    """The control that `control_for` names."""
    kind = control_for(row, revealed)
    return kind(row, revealed=revealed) if issubclass(kind, LineInput) else kind(row)
