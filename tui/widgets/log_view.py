"""The log of a task: follows what comes until the reader scrolls up, then counts what is new."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.message import Message
from textual.reactive import var

from engine.events import LogLine
from tui.widgets.rows import Piece
from tui.widgets.text_view import Line, TextView

ROLE = {"stderr": "warn", "engine": "dim"}
TIME = 9
"""Width of the time before each line."""


def log_line(line: LogLine) -> Line:
    """`14:02:11 text`, in the colour of its stream. Text of several lines keeps them."""
    at = datetime.fromtimestamp(line.at).strftime("%H:%M:%S")
    return f"{at} {line.text}", ROLE.get(line.stream, "log")


def log_pieces(line: Line) -> list[Piece]:
    text, role = line
    if text[2:3] == ":" == text[5:6] and text[8:9] == " ":
        return [(text[:TIME], "dim"), (text[TIME:], "" if role == "log" else role)]
    return [(text, "" if role == "log" else role)]


class LogView(TextView):
    """`following` is true while the end is in sight; `unread` counts the lines that came since it is not."""

    following: var[bool] = var(True, init=False)
    unread: var[int] = var(0, init=False)

    class Changed(Message):
        """Whether it follows, or how much is unread, changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, painter=log_pieces)

    def show_log(self, lines: Sequence[LogLine]) -> None:
        """Show another log, at its end."""
        self.show([log_line(line) for line in lines])
        self.unread = 0
        self.following = True
        self.move_to(-1)

    def add(self, lines: Sequence[LogLine]) -> None:
        """Add what was written now."""
        self.extend(log_line(line) for line in lines)
        if self.following:
            self.move_to(-1)
        else:
            self.unread += len(lines)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value:
            self.following = self.at_end
        elif self.at_end:
            self.following = True

    @property
    def at_end(self) -> bool:
        return self.scroll_offset.y + self.size.height >= self.count()

    def watch_following(self, following: bool) -> None:
        if following:
            self.unread = 0
            self.move_to(-1)
        self.post_message(self.Changed())

    def watch_unread(self) -> None:
        self.post_message(self.Changed())

    def on_resize(self) -> None:
        super().on_resize()
        if self.following:
            self.move_to(-1)
