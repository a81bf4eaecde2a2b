"""The tree of a draft: a line each, a sign for problems, what it waits for, and while linking what is pointed at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType

from tui.bindings import bindings_of
from tui.cells import fitted
from tui.draft import Draft, Item
from tui.draft_card import need_text
from tui.draft_check import Findings
from tui.text import safe_text
from tui.widgets.rows import Piece, Rows

if TYPE_CHECKING:
    from tui.app import ConsoleApp

OWN = {"compose.fill"}
LONGEST = 120
TITLE, RUNS = 26, 18
"""Cells that titles, and ids of executors, take at most where all have a column of their own."""


class DraftRows(Rows):
    """Keeps the cursor on its task whatever is done to the tree."""

    app: ConsoleApp
    BINDINGS: ClassVar[list[BindingType]] = [
        binding
        for binding in (*bindings_of("compose", moving=True), *bindings_of("compose", moving=False))
        if isinstance(binding, Binding) and (binding.id in OWN or not binding.action.startswith("screen."))
    ]

    def __init__(self) -> None:
        super().__init__(id="draft-rows")
        self.draft = Draft()
        self.findings = Findings()
        self.source: int | None = None
        """The task that is being linked, by key."""
        self._depths: list[int] = []
        self._levels: Mapping[int, int] = {}

    @property
    def item(self) -> Item | None:
        """The task under the cursor."""
        items = self.draft.items
        return items[self.cursor] if self.cursor < len(items) else None

    def show(self, draft: Draft, select: int | None) -> None:
        """Another state of the draft, with the cursor on the task `select`, else where it is."""
        self.draft, self._depths = draft, draft.depths()
        place = draft.place(select)
        self.rows_changed(place if place is not None else self.validate_cursor(self.cursor))
        self.tell_moved()

    def judge(self, findings: Findings) -> None:
        """What the check found."""
        self.findings = findings
        self._levels = {slot.key: number for number, row in enumerate(findings.levels, 1) for slot in row}
        self.refresh()

    def count(self) -> int:
        return len(self.draft.items) or 1

    def is_marked(self, index: int) -> bool:
        return bool(self.draft.items) and super().is_marked(index)

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, len(self.draft.items) - 1))

    def draw(self, index: int, width: int) -> list[Piece]:
        items = self.draft.items
        if not items:
            return [(f"  no task yet: {self.app.keys.label('compose.add')} adds the first", "dim")]
        item, depth = items[index], min(self._depths[index], 12)
        sign, role = self._sign(item)
        is_group = bool(self.draft.children(item.key)) and not item.executor and self._runs_nothing(item)
        title = f"{'  ' * depth}{'▾ ' if is_group else ''}{safe_text(item.title, limit=LONGEST)}"
        runs = "group" if is_group else safe_text(item.runs, limit=LONGEST) if item.runs != item.title else ""
        level = "" if is_group or item.key not in self._levels else str(self._levels[item.key])
        left = max(width - 6, 10)
        cells = min(TITLE, max(left * 2 // 5, 10))
        pieces: list[Piece] = [(f" {sign} ", role), (f"{level:>2} ", "dim"), (fitted(title, cells), "head")]
        left -= cells
        if left > RUNS // 2:
            taken = min(RUNS, left - 2)
            pieces.append((f" {fitted(runs, taken)}", "dim"))
            left -= taken + 1
        said = ", ".join(safe_text(need_text(self.draft, need), limit=LONGEST) for need in item.needs)
        if item.fields.get("when") is not None:
            said = f"{said}  ?" if said else "?"
        if said and left > 4:
            text = f" ← {said}" if item.needs else f"   {said}"
            pieces.append((fitted(text, min(left, cell_len(text))), "key"))
        return pieces

    def _runs_nothing(self, item: Item) -> bool:
        return self.app.thread.engine.catalogue.get(item.runs) is None

    def _sign(self, item: Item) -> Piece:
        if self.source is not None:
            if item.key == self.source:
                return "»", "live"
            source = self.draft.item(self.source)
            need = next((need for need in source.needs if need.to == item.key), None) if source is not None else None
            if need is not None:
                return ("●" if need.required else "○"), "good"
            return " ", ""
        return ("✗", "bad") if self.findings.problems.get(item.key) else ("·", "dim")
