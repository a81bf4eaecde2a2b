"""A text of any length, wrapped to the pane and drawn line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len, chop_cells
from textual.binding import BindingType

from tui.bindings import bindings_of
from tui.search import Pattern
from tui.text import safe_text
from tui.widgets.rows import Piece
from tui.widgets.searched import Searched

Line = tuple[str, str]
"""One line of a text and its role; the text may be foreign, it is cleaned here."""


def wrapped(line: Line, width: int) -> Iterator[Line]:
    """`line` cut into pieces of at most `width` cells; the pieces keep its role."""
    text, role = safe_text(line[0], lines=True), line[1]
    for part in text.split("\n"):
        if len(part) <= width and (part.isascii() or cell_len(part) <= width):
            yield part, role
        elif part.isascii():
            for start in range(0, len(part), width):
                yield part[start : start + width], role
        else:
            for piece in chop_cells(part, width):
                yield piece, role


class TextView(Searched):
    """Shows lines; `painter` may turn one into pieces of several colours."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("detail", moving=True)

    def __init__(self, *, id: str | None = None, painter: Callable[[Line], list[Piece]] | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []
        self._given: Sequence[Line] | None = None
        self._wrapped: list[Line] = []
        self._measured = (0, 0)
        self._room = 0
        """Cells that a line has."""
        self._painter = painter

    @property
    def text(self) -> str:
        """Everything shown, as it was given."""
        return "\n".join(text for text, _ in self._lines)

    def show(self, lines: Sequence[Line], *, stay: bool = False) -> None:
        """Show `lines` from the top, or with `stay` from where the reader is; then the same list costs nothing."""
        if stay and lines is self._given:
            return
        self._given = lines
        self._lines = list(lines)
        top, before = self.scroll_offset.y if stay else 0, self._wrapped
        self._wrap()
        if stay and len(before) == len(self._wrapped):  # as while a task tells how far it is
            self.repaint(at for at, line in enumerate(self._wrapped) if line != before[at])
            return
        self.jump(top)
        self.refresh()

    def extend(self, lines: Iterable[Line]) -> None:
        """Add `lines` at the end."""
        fresh = list(lines)
        self._given = None
        self._lines += fresh
        first = len(self._wrapped)
        if self._room:
            for line in fresh:
                self._wrapped.extend(wrapped(line, self._room))
            if self._room == self._measured[0] and len(self._wrapped) > self._measured[1]:
                self._wrap()  # the scrollbar comes and takes its column
                self.refresh()
                return
            self.update_size()
            self.repaint(range(first, len(self._wrapped)))

    def _wrap(self) -> None:
        """Wrap all to the width, less the scrollbar's where not all of it has room."""
        width, height = self._measured = (self.size.width, self.size.height)
        self._wrapped, self._room = [], width
        if len(self._lines) <= height:
            self._wrapped = [row for line in self._lines for row in wrapped(line, width)] if width else []
        if width and max(len(self._lines), len(self._wrapped)) > height:
            self._room = max(width - self.styles.scrollbar_size_vertical, 1)
            self._wrapped = [row for line in self._lines for row in wrapped(line, self._room)]
        self.update_size()
        self.search_again()

    def on_resize(self) -> None:
        if self.size != self._measured:
            self._wrap()
            self.refresh()

    def count(self) -> int:
        return len(self._wrapped)

    def draw(self, index: int, width: int) -> list[Piece]:
        line = self._wrapped[index]
        return self.marked_pieces(self._painter(line) if self._painter else [line])

    # --- search: matches are rows ----------------------------------------------------------------------------

    def finding(self) -> Callable[[Pattern], Sequence[int]]:
        rows = self._wrapped
        return lambda pattern: pattern.indexes([text for text, _ in rows])

    def is_before(self, target: int) -> bool:
        return target < self.scroll_offset.y

    def go_to(self, target: int) -> None:
        if target not in self.on_screen():
            self.jump(max(target - self.size.height // 3, 0))
        self.refresh()
