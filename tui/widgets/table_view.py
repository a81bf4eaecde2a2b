"""A list of objects as a table: a cursor on rows and columns, sorted by the column under it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from textual.binding import BindingType

from tui.bindings import bindings_of
from tui.search import Pattern
from tui.table import LOOKED_AT, WIDEST, Table
from tui.text import safe_text
from tui.widgets.rows import Piece, Rows
from tui.widgets.searched import Searched


class TableView(Searched, Rows):
    """Row 0 is the head and always on the screen; the cursor stands on rows from 1."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("detail", moving=True)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.table = Table([])
        self.column = 0
        self._left = 0
        """The first column on the screen."""
        self._widths: list[int] = []
        self._numeric: list[bool] = []

    def show_table(self, table: Table) -> None:
        """Show another table; the same one stays where it is."""
        if table is self.table:
            return
        if table.items is not self.table.items:
            self.column = self._left = 0
            self.set_reactive(Rows.cursor, 0)
            self.jump(0)
        self.table = table
        self._widths = [self._width(column) for column in table.columns]
        self._numeric = [table.is_numeric(column) for column in table.columns]
        self.rows_changed()
        self.search_again()

    def _width(self, column: str) -> int:
        """Cells of a column, as far as was looked; 2 more for the sign of the order."""
        rows = range(min(len(self.table.order), LOOKED_AT))
        widest = max((cell_len(safe_text(self.table.text(row, column), limit=WIDEST)) for row in rows), default=0)
        return min(max(widest, cell_len(safe_text(column, limit=WIDEST)) + 2, 3), WIDEST)

    @property
    def column_name(self) -> str:
        """The column under the cursor."""
        return self.table.columns[self.column] if self.table.columns else ""

    @property
    def text(self) -> str:
        """The cell under the cursor: a text as it is, all else as JSON."""
        if not self.table.order:
            return ""
        value: Any = self.table.value(max(self.cursor - 1, 0), self.column_name)
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)

    def writer(self) -> Callable[[], Iterable[str]]:
        """What writes out the table with tabs between its cells; for a thread."""
        return self.table.lines

    def count(self) -> int:
        return len(self.table.order) + 1

    def is_marked(self, index: int) -> bool:
        return index == self.cursor and index > 0

    def validate_cursor(self, cursor: int) -> int:
        return max(min(1, self.count() - 1), min(cursor, self.count() - 1))

    def show_cursor(self) -> None:
        """The head covers the first row of the screen, so the cursor's must be below it."""
        top, height = self.scroll_offset.y, self.size.height
        if height < 2:
            return
        if self.cursor <= top:
            self.jump(self.cursor - 1)
        elif self.cursor >= top + height:
            self.jump(self.cursor - height + 1)

    def render_line(self, y: int) -> Any:
        if y:
            return super().render_line(y)
        top = self.scroll_offset.y
        return super().render_line(-top)

    def draw(self, index: int, width: int) -> list[Piece]:
        pieces: list[Piece] = []
        used = 0
        for at in range(self._left, len(self.table.columns)):
            room = min(self._widths[at], width - used)
            if room < 2:
                break
            pieces += self._cell(index, at, room)
            used += room + 2
        return pieces if index == 0 else self.marked_pieces(pieces)

    def _cell(self, index: int, at: int, room: int) -> list[Piece]:
        column = self.table.columns[at]
        if index == 0:
            sign = "" if self.table.by != column else " ▼" if self.table.falling else " ▲"
            return [
                (_fit(safe_text(column), room - len(sign)) + sign, "number" if at == self.column else "head"),
                ("  ", ""),
            ]
        text = safe_text(self.table.text(index - 1, column))
        numeric = self._numeric[at] and cell_len(text) <= room
        shown = " " * (room - cell_len(text)) + text if numeric else _fit(text, room)
        role = "live" if at == self.column and index == self.cursor else "number" if numeric else ""
        return [(shown, role), ("  ", "")]

    # --- sideways, order -------------------------------------------------------------------------------------

    def action_unfold(self) -> None:
        self._sideways(1)

    def action_fold(self) -> None:
        self._sideways(-1)

    def _sideways(self, by: int) -> None:
        self.column = max(0, min(self.column + by, len(self.table.columns) - 1))
        self._left = min(self._left, self.column)
        while (
            self._left < self.column
            and sum(w + 2 for w in self._widths[self._left : self.column + 1]) > self.size.width
        ):
            self._left += 1
        self.refresh()

    def tell_moved(self) -> None:
        """Nobody else goes along with this cursor."""

    # --- search: matches are rows ----------------------------------------------------------------------------

    def finding(self) -> Callable[[Pattern], Sequence[int]]:
        return self.table.find

    def is_before(self, target: int) -> bool:
        return target + 1 < self.cursor

    def go_to(self, target: int) -> None:
        self.cursor = target + 1
        self.refresh()


def _fit(text: str, room: int) -> str:
    """`text` in exactly `room` cells, `…` where it is cut."""
    if cell_len(text) <= room:
        return set_cell_size(text, room)
    return set_cell_size(text, max(room - 1, 0)) + "…"
