"""A few options that all stand in view: in one line where they find room there, else in several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.forms import fields
from tui.forms.instance import ABSENT
from tui.forms.lines import OPTION_LENGTH, Line, Picked, cut, index_of
from tui.forms.rows import Row
from tui.text import safe_text

GAP = "  "


class Options(Line):
    """← → pick, a letter picks what begins with it, space goes round, Del makes it unset."""

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

    @property
    def usual(self) -> int | None:
        """Which option the default is."""
        return index_of(self.options, self.row.default)

    def told(self) -> int | None:
        """The option whose description is of use: the picked one, else the default."""
        picked = self.picked
        return self.usual if picked is None and self.row.state == "absent" else picked

    # drawing

    def lines_at(self, width: int) -> int:
        """How many lines the options take in so many cells."""
        return len(self._lines(width))

    def render(self) -> Content:
        width = self.size.width
        lines = (Content(GAP).join([part for _, part in line]) for line in self._lines(width))
        return Content("\n").join([cut(line, width) for line in lines])

    def _lines(self, width: int) -> list[list[tuple[int | None, Content]]]:
        """What stands in each line: the number of an option, None for what is none, and how it is drawn."""
        lines: list[list[tuple[int | None, Content]]] = [[]]
        taken = 0
        for part in self._parts():
            cells = part[1].cell_length
            if lines[-1] and taken + len(GAP) + cells > width:
                lines.append([])
                taken = 0
            taken += cells + (len(GAP) if lines[-1] else 0)
            lines[-1].append(part)
        return lines

    def _parts(self) -> list[tuple[int | None, Content]]:
        row, picked = self.row, self.picked
        parts: list[tuple[int | None, Content]] = []
        if row.state == "value" and picked is None and row.kind != "union":
            parts.append((None, Content.assemble((f"● {safe_text(fields.brief(row.value, 20))}", "$error"))))
        elif row.state == "null" and picked is None:
            parts.append((None, Content.assemble(("null", "bold"))))
        usual = None if parts else self.usual
        for at, (label, _) in enumerate(self.options):
            text = safe_text(label, limit=OPTION_LENGTH)
            if at == picked:
                parts.append((at, Content.assemble((f"● {text}", "bold reverse" if self.has_focus else "bold"))))
            elif at == usual and picked is None:
                parts.append((at, Content.assemble((f"◌ {text} (default)", "$dim"))))
            else:
                parts.append((at, Content(f"○ {text}")))
        return parts

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Pick what was clicked; at once, since with the focus the lines of a short screen change places."""
        lines, left = self._lines(self.size.width), 0
        for at, part in lines[event.y] if event.y < len(lines) else []:
            if at is not None and left <= event.x < left + part.cell_length:
                self._pick(at)
            left += part.cell_length + len(GAP)

    # keys

    def action_pick(self, step: int) -> None:
        count, picked = len(self.options), self.picked
        if step > 0 and self.offers():
            self.take()
        elif picked is None:
            self._pick(0 if step > 0 else count - 1)
        elif 0 <= picked + step < count:
            self._pick(picked + step)

    def action_cycle(self) -> None:
        """Unset, the first, the next, ..., unset again; a union has no unset, and yes or no with a default toggle."""
        count, picked = len(self.options), self.picked
        toggles = self.row.kind == "boolean" and self.usual is not None
        if picked is None and toggles and self.row.state == "absent":
            self._pick(1 - (self.usual or 0))
        elif picked is None:
            self._pick(0)
        elif picked + 1 < count:
            self._pick(picked + 1)
        elif self.row.kind == "union" or toggles:
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


def told_help(row: Row, at: int | None) -> tuple[str, str, str]:
    """(label, raw value where it differs, description) of an option; foreign text."""
    if at is None or row.kind not in ("choice", "choices") or at >= len(row.options):
        return "", "", ""
    label, value = row.options[at]
    raw = fields.brief(value, OPTION_LENGTH)
    described = row.option_help[at] if at < len(row.option_help) else ""
    return label, "" if raw == label or value is ABSENT else raw, described
