"""The lines that hold rows together: of a container, of a group of rows, of what adds to a list, of rows not drawn."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from tui.forms.editors import Pasted, ghost, pasted
from tui.forms.folds import Adder, Fold, More
from tui.forms.lines import Asked, Drawn, Line
from tui.forms.rows import Row
from tui.keymap import label_of
from tui.text import safe_text

INDENT = 2
DEEPEST = 6
"""Levels that are drawn as indentation; what is deeper keeps to the last of them."""


def indent(depth: int) -> int:
    """Cells before the label of a row at this depth, its mark included."""
    return 1 + INDENT * min(depth, DEEPEST)


class Head(Line):
    """The line of a section, list or map: Enter or space opens and closes it, → and ← too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "ask", show=False),
        Binding("right", "turn(True)", show=False),
        Binding("left", "turn(False)", show=False),
    ]

    def __init__(self, row: Row) -> None:
        super().__init__(row)
        self.wrong = 0
        """Problems inside a closed container that are due."""

    def draw(self) -> Content:
        row = self.row
        mark = "▾" if row.is_open else "▸"
        style = "bold reverse" if self.has_focus else "bold"
        told = safe_text(", ".join(row.first)) if not row.is_open else ""
        if row.state == "absent" and self.has_focus:
            adds = row.growable and row.kind in ("array", "map")
            told = "Enter adds one" if adds else "" if row.is_open else "Enter opens it"
        return Content.assemble((mark, style), " ", self._summary(), ("  " + told if told else "", "$dim"))

    def _summary(self) -> Content:
        said = summary(self.row)
        if not self.wrong:
            return Content(said)
        return Content.assemble(
            said.removesuffix("}"),
            ", " if said.endswith("}") else " · ",
            (f"{self.wrong} ✗", "$error"),
            "}" * said.endswith("}"),
        )

    def action_ask(self) -> None:
        self.post_message(Asked())

    def on_mouse_down(self) -> None:
        self.action_ask()

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self.post_message(Pasted(pasted(event.text)))

    def action_turn(self, wanted: bool) -> None:
        if wanted and self.offers():
            self.take()
        elif self.row.is_open != wanted:
            self.post_message(Asked())


def summary(row: Row) -> str:
    """`2 items`, `{3 set}`, `null`, or what stands there instead."""
    if row.state == "null":
        return "null"
    if isinstance(row.value, list):
        return f"{len(row.value):,} item{'' if len(row.value) == 1 else 's'}" if row.value else "[]"
    if isinstance(row.value, dict):
        return f"{{{len(row.value):,} set}}" if row.value else "{}"
    if row.state == "value" and row.kind == "union":
        return row.branches[row.chosen] if row.chosen is not None else ""
    return ghost(row) or "none"


class Grouping(Drawn):
    """A line among the rows that is none of them."""

    DEFAULT_CSS = "Grouping { height: 1; }"


class FoldLine(Grouping):
    """The heading of a group of rows: Enter or space folds it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "turn", show=False),
        Binding("right", "turn(True)", show=False),
        Binding("left", "turn(False)", show=False),
    ]

    class Turned(Message):
        """The group is to be folded or to be shown."""

        def __init__(self, fold: Fold, is_open: bool) -> None:
            super().__init__()
            self.fold, self.is_open = fold, is_open

    def __init__(self, fold: Fold) -> None:
        super().__init__(classes="" if fold.is_deprecated else "-section")
        self.fold = fold

    def load(self, fold: Fold) -> None:
        if fold != self.fold:
            self.fold = fold
            self.refresh()

    def draw(self) -> Content:
        fold, width = self.fold, self.size.width
        lead = " " * indent(fold.depth)
        name = f"Deprecated ({fold.count})" if fold.is_deprecated else safe_text(fold.title)
        style = "bold reverse" if self.has_focus else "$dim" if fold.is_deprecated else "bold $accent"
        counted = Content.assemble(*self._counted())
        room = max(width - indent(fold.depth) - counted.cell_length - 2, 4)
        title = Content.assemble((f"{'▾' if fold.is_open else '▸'} {name}", style)).truncate(room, ellipsis=True)
        rule = "" if fold.is_deprecated else "─" * (room - title.cell_length)
        return Content.assemble(lead, title, " ", (rule, "$border"), " ", counted)

    def _counted(self) -> list[tuple[str, str]]:
        fold = self.fold
        parts = [(f"{fold.wrong} ✗", "$error")] if fold.wrong else []
        if fold.is_deprecated:
            return parts
        filled = f"{fold.filled} set of {fold.count}" if fold.filled else amount(fold.count)
        return [*parts, *([(" · ", "$dim")] if parts else []), (filled, "$dim")]

    def action_turn(self, wanted: bool | None = None) -> None:
        is_open = not self.fold.is_open if wanted is None else wanted
        if is_open != self.fold.is_open:
            self.post_message(self.Turned(self.fold, is_open))

    def on_mouse_down(self) -> None:
        self.action_turn()


class AddLine(Grouping):
    """The end of a list or map: Enter adds to it. Where no more fits it says so, and takes no focus."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "screen.add_item", show=False)]

    def __init__(self, adder: Adder) -> None:
        super().__init__()
        self.adder = adder
        self.can_focus = not adder.refusal

    def load(self, adder: Adder) -> None:
        if adder != self.adder:
            self.adder = adder
            self.can_focus = not adder.refusal
            self.refresh()

    def draw(self) -> Content:
        adder = self.adder
        lead = " " * indent(adder.depth)
        if adder.refusal:
            return Content.assemble(lead, (f"+ {adder.refusal}", "$dim"))
        style = "bold reverse" if self.has_focus else "$dim"
        hint = f"  {safe_text(adder.hint)}" if adder.hint else ""
        return Content.assemble(lead, (f"+ add {adder.noun}", style), (hint, "$dim"))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self.post_message(Pasted(pasted(event.text)))

    async def on_mouse_down(self) -> None:
        if self.can_focus:
            await self.run_action("screen.add_item")


class MoreLine(Grouping):
    """Stands for rows of a very long form that are not drawn now: Enter draws them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "turn", show=False)]

    class Turned(Message):
        """Rows further up or down are to be drawn."""

        def __init__(self, more: More) -> None:
            super().__init__()
            self.more = more

    def __init__(self, more: More) -> None:
        super().__init__()
        self.more = more

    def load(self, more: More) -> None:
        if more != self.more:
            self.more = more
            self.refresh()

    def draw(self) -> Content:
        where = "below" if self.more.below else "above"
        key = label_of(self.app, "launch.search")
        finds = f" · {key} finds one" if key else ""
        said = f"… {self.more.count:,} more rows {where} · Enter shows them{finds}"
        return Content.assemble((" " + said, "bold reverse" if self.has_focus else "$dim"))

    def action_turn(self) -> None:
        self.post_message(self.Turned(self.more))

    def on_mouse_down(self) -> None:
        self.action_turn()


def amount(count: int) -> str:
    return f"{count} field{'' if count == 1 else 's'}"
