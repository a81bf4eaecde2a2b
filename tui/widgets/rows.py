"""What every list and text of the console is drawn with: only visible lines exist, only changed ones are repainted.

A line is a list of pieces, `(text, role)`; the role picks a colour of the theme, the text is no markup.
Callers clean foreign text with `safe_text()`. A row costs 0.2 ms less than a widget and 25 µs to draw.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.inks import style_of

Piece = tuple[str, str]
"""Text and its role: "" plain, else one of `INKS`."""


class Lines(ScrollView, can_focus=True):
    """Lines drawn on demand, with the keys that scroll. Subclasses say how many there are and what stands on each."""

    ALLOW_SELECT = False
    _plain: Style | None = None

    def count(self) -> int:
        """How many lines there are."""
        raise TypeError(f"{type(self).__name__} does not say how many lines it has")

    def draw(self, index: int, width: int) -> list[Piece]:
        """The pieces of line `index`; what does not fit in `width` cells is cut."""
        raise TypeError(f"{type(self).__name__} does not draw")

    def is_marked(self, index: int) -> bool:
        """Whether line `index` is drawn as the cursor's."""
        return False

    def index_at(self, y: int) -> int:
        """Which line is drawn `y` lines below the top of the widget."""
        return y + self.scroll_offset.y

    def update_size(self) -> None:
        """Tell Textual how many lines there are now."""
        size, former = Size(self.size.width, self.count()), self.virtual_size
        if size == former:
            return
        if size.width == former.width and max(size.height, former.height) <= self.size.height:
            self.set_reactive(ScrollView.virtual_size, size)  # no scroll bar before or now: the layout is as it was
            self.refresh()
        else:
            self.virtual_size = size

    def render_line(self, y: int) -> Strip:
        index = self.index_at(y)
        width = self.size.width
        base = self.base_style(y)
        if not 0 <= index < self.count():
            return Strip.blank(width, base)
        if self.is_marked(index):
            base = self._style(base, self.cursor_ink)
        segments = [Segment(text, self._style(base, role)) for text, role in self.draw(index, width) if text]
        return Strip(segments).adjust_cell_length(width, base)

    def base_style(self, y: int) -> Style:
        """The style under everything on the line `y` below the top."""
        return self._plain or self.rich_style

    @property
    def cursor_ink(self) -> str:
        """The role under the line of the cursor."""
        return "cursor-focus" if self.has_focus else "cursor"

    def _style(self, base: Style, role: str) -> Style:
        if not role:
            return base
        style = self._styles.get((base, role))
        if style is None:
            style = base + style_of(self.app, role)
            self._styles[base, role] = style
        return style

    def render_lines(self, crop: Region) -> list[Strip]:
        """All that is painted at once; styles are looked up once for it, which is half of what a line costs."""
        self._styles: dict[tuple[Style, str], Style] = {}
        self._plain = self.rich_style
        return super().render_lines(crop)

    def repaint(self, indexes: Iterable[int]) -> None:
        """Repaint those of `indexes` that are on the screen; each is one small region."""
        top, size = self.scroll_offset.y, self.size
        regions = [Region(0, index - top, size.width, 1) for index in indexes if top <= index < top + size.height]
        if regions:
            self.refresh(*regions)

    def on_screen(self) -> range:
        """The indexes of the lines on the screen."""
        top = self.scroll_offset.y
        return range(top, min(top + self.size.height, self.count()))

    def jump(self, y: float) -> None:
        """Scroll so that line `y` is the topmost, without animation."""
        self.scroll_to(y=y, animate=False, force=True)

    def on_resize(self) -> None:
        self.update_size()

    @property
    def page(self) -> int:
        return max(self.size.height - 1, 1)

    def move_by(self, lines: int) -> None:
        """What the moving keys do; here they scroll."""
        self.jump(self.scroll_offset.y + lines)

    def move_to(self, index: int) -> None:
        """Go to line `index`, -1 being the last."""
        self.jump(self.count() if index < 0 else index)

    def action_down(self) -> None:
        self.move_by(1)

    def action_up(self) -> None:
        self.move_by(-1)

    def action_half_down(self) -> None:
        self.move_by(max(self.size.height // 2, 1))

    def action_half_up(self) -> None:
        self.move_by(-max(self.size.height // 2, 1))

    def action_page_down(self) -> None:
        self.move_by(self.page)

    def action_page_up(self) -> None:
        self.move_by(-self.page)

    def action_top(self) -> None:
        self.move_to(0)

    def action_bottom(self) -> None:
        self.move_to(-1)


class Rows(Lines):
    """Lines of which one carries the cursor."""

    cursor: var[int] = var(0, init=False)

    class Moved(Message):
        """The cursor stands on another row, or on another thing after the rows changed."""

        def __init__(self, rows: Rows) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> Rows:
            return self.rows

    class Chosen(Message):
        """Enter, or a click on the row that carries the cursor."""

        def __init__(self, rows: Rows) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> Rows:
            return self.rows

    def is_marked(self, index: int) -> bool:
        return index == self.cursor

    def tell_moved(self) -> None:
        """Post `Moved` as our own: Textual stops a message at the widget in whose handler it was made."""
        self.post_message(self.Moved(self).set_sender(self))

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, self.count() - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        self.repaint((old, new))
        self.show_cursor()
        self.tell_moved()

    def show_cursor(self) -> None:
        """Scroll just as far as it takes to have the cursor's row on the screen."""
        top, height = self.scroll_offset.y, self.size.height
        if height < 1:
            return
        if self.cursor < top:
            self.jump(self.cursor)
        elif self.cursor >= top + height:
            self.jump(self.cursor - height + 1)

    def rows_changed(self, cursor: int | None = None) -> None:
        """The rows are others now: measure, put the cursor on `cursor` (at the same height of the screen), repaint."""
        shift = 0 if cursor is None else cursor - self.cursor
        self.update_size()
        self.set_reactive(Rows.cursor, self.validate_cursor(self.cursor + shift))
        if shift and self.scroll_offset.y:
            self.jump(self.scroll_offset.y + shift)
        self.show_cursor()
        self.refresh()

    def on_resize(self) -> None:
        self.update_size()
        self.show_cursor()

    def move_by(self, lines: int) -> None:
        self.cursor += lines

    def move_to(self, index: int) -> None:
        self.cursor = self.count() - 1 if index < 0 else index

    def action_choose(self) -> None:
        if self.count():
            self.post_message(self.Chosen(self))

    def on_click(self, event: events.Click) -> None:
        index = self.index_at(event.y)
        if not 0 <= index < self.count():
            return
        if index == self.cursor:
            self.post_message(self.Chosen(self))
        else:
            self.cursor = index
