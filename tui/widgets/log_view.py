"""The log of a task: follows what comes until the reader scrolls up, then counts what is new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from textual.message import Message
from textual.reactive import var

from engine.events import LogLine
from tui.feed import Said
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
    """`following` is true while the end is in sight; `unread` counts the lines that came since it is not.

    The lines of several attempts stand one below the other, each attempt under its number; `tries` says how many its
    retries allow.
    """

    following: var[bool] = var(True, init=False)
    unread: var[int] = var(0, init=False)

    class Changed(Message):
        """Whether it follows, or how much is unread, changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, painter=log_pieces)
        self.tries = 1
        self._last = 1
        """The attempt that the last line is known to be of."""

    def show_log(self, lines: Sequence[Said]) -> None:
        """Show another log, at its end."""
        several = self.tries > 1 or len({attempt for attempt, _ in lines}) > 1
        self._last = 0 if several else 1  # a first attempt without others needs no number
        self.show(list(self._headed(lines)))
        self.unread = 0
        self.following = True
        self.move_to(-1)

    def _headed(self, lines: Iterable[Said]) -> Iterator[Line]:
        """The lines, and before the first of each attempt its number."""
        for attempt, line in lines:
            if attempt > self._last:
                self._last = attempt
                of = f" of {self.tries}" if attempt <= self.tries > 1 else ""
                yield f"── attempt {attempt}{of} ──", "head"
            yield log_line(line)

    def add(self, lines: Sequence[Said]) -> None:
        """Add what was written now."""
        self.extend(self._headed(lines))
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
