"""Draws the rows of a log that are on the screen: time, name and sign before the text, its colours, what matches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from rich.segment import Segment
from rich.style import Style
from textual.reactive import var
from textual.strip import Strip

from tui.log_find import Finder
from tui.log_layout import Layout
from tui.log_lines import HEAD, Line, LogLines, shown
from tui.log_text import NAME, ROLES, SIGNS, STAMP_CELLS, Stamps, stamp
from tui.sgr import Look, Run, runs
from tui.text import safe_text
from tui.widgets.inks import style_of as ink_of
from tui.widgets.looks import breaks, cells_of, style_of
from tui.widgets.rows import Lines


class LogPainter(Lines):
    """Holds what is drawn: the lines, where they stand, what is searched for, the cursor."""

    following: var[bool] = var(True, init=False)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines = LogLines()
        self.plan = Layout(self.lines)
        self.tries = 1
        self.names: dict[str, str] = {}
        """Names of tasks by id, where lines of several are mixed."""
        self.wrap = True
        self.stamps: Stamps = "clock"
        self.since: float | None = None
        """The moment that "since" counts from; None is the first line's."""
        self.finder: Finder | None = None
        self.only = False
        """Whether only matching lines are shown."""
        self.trouble = ""
        """What is wrong with the pattern."""
        self.cursor = 0
        self.mark: int | None = None
        """The other end of the marked lines."""
        self.x = 0

    @property
    def _since(self) -> float:
        if self.since is not None:
            return self.since
        return self.lines.line(self.lines.first).at if len(self.lines) else 0.0

    @property
    def prefix(self) -> int:
        """Cells before the text of each line."""
        return STAMP_CELLS[self.stamps] + 2 + (NAME + 1 if self.names else 0)

    @property
    def room(self) -> int:
        return max(self.size.width - self.prefix, 1)

    def count(self) -> int:
        return self.plan.rows + len(self.lines.passing)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        row = y + self.scroll_offset.y
        rows = self.plan.rows
        if rows <= row < self.count():
            line, part, number = list(self.lines.passing.values())[row - rows], 0, None
        else:
            try:
                number, part = self.plan.at(row)
                line = self.lines.line(number)
            except IndexError:
                return Strip.blank(width, base)
        if number is not None and self._is_lit(number):
            base = self._style(base, self.cursor_ink)
        role = ROLES.get(line.stream, "")
        prefix = self._prefix_of(line, part, base, role)
        text = Strip(self._segments(line, part, self._style(base, role)))
        if not self.wrap:
            text = self._side(text, base)
        strip = Strip([*prefix, *text])
        return strip.adjust_cell_length(width, base)

    def _side(self, text: Strip, base: Style) -> Strip:
        """What is seen of a line that is not wrapped; a sign says that there is more to the right."""
        more = text.cell_length > self.x + self.room
        seen = text.crop(self.x, self.x + self.room - more) if self.x or more else text
        return Strip([*seen, Segment("…", self._style(base, "dim"))]) if more else seen

    def _is_lit(self, number: int) -> bool:
        if self.mark is not None:
            low, high = sorted((self.mark, self.cursor))
            return low <= number <= high
        return number == self.cursor and self.has_focus and not self.following

    def _prefix_of(self, line: Line, part: int, base: Style, role: str) -> list[Segment]:
        if line.stream == HEAD:
            return []
        dim = self._style(base, "dim")
        if part:
            return [Segment(" " * self.prefix, base)]
        found = [Segment(stamp(line.at, self.stamps, self._since), dim)] if self.stamps != "off" else []
        if self.names:
            name = safe_text(self.names.get(line.task_id, line.task_id), limit=NAME)
            if line.attempt > 1:
                name = f"{safe_text(name, limit=NAME - 3)}#{line.attempt}"
            found.append(Segment(f" {cells_of(name, NAME)}", self._style(base, "key")))
        return [*found, Segment(f"{SIGNS.get(line.stream, ' ')} ", self._style(base, role))]

    def _segments(self, line: Line, part: int, base: Style) -> list[Segment]:
        """The text of one row, its colours, and what is marked in it."""
        pieces = runs(shown(line.text))
        plain = "".join(piece for piece, _ in pieces)
        start, end = 0, len(plain)
        if self.wrap and line.stream != HEAD:
            places = breaks(plain, self.room)
            start = places[part] if part < len(places) else end
            end = places[part + 1] if part + 1 < len(places) else end
        elif not self.wrap:
            end = min(end, self.x + self.room * 2)
        spans = self.finder.pattern.spans(plain) if self.finder is not None and line.stream != HEAD else []
        match = ink_of(self.app, "match") if spans else None
        dark = self.app.current_theme.dark
        return [
            Segment(plain[low:high], base + style_of(look, dark) + (match if is_match else None))
            for low, high, look, is_match in _cut(pieces, spans, start, end)
        ]


def _cut(
    pieces: Sequence[Run], spans: Sequence[tuple[int, int]], start: int, end: int
) -> Iterable[tuple[int, int, Look, bool]]:
    """The stretches of `pieces` between `start` and `end`, cut where a span begins or ends."""
    edges = sorted({start, end, *(min(max(edge, start), end) for span in spans for edge in span)})
    at = 0
    for text, look in pieces:
        low, at = at, at + len(text)
        for left, right in pairwise(edges):
            first, last = max(left, low), min(right, at)
            if first < last:
                yield first, last, look, any(begin <= first < stop for begin, stop in spans)
