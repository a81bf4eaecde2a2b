"""Search in a widget of lines: typed text is found in a thread, marked where it is seen, and gone to match by match."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from textual.message import Message

from tui.boundary import ask
from tui.search import BadPattern, Pattern
from tui.text import safe_text
from tui.widgets.rows import Lines, Piece


class Searched(Lines):
    """Subclasses say what is found (`finding`), where one is (`is_before`) and how to go there (`go_to`)."""

    class Found(Message):
        """A search came to its end, or went to another match."""

    pattern: Pattern | None = None
    trouble = ""
    _targets: Sequence[Any] = ()
    _at = -1

    def finding(self) -> Callable[[Pattern], Sequence[Any]]:
        """What finds all matches in order; called in a thread, may raise `BadPattern`."""
        raise TypeError(f"{type(self).__name__} cannot be searched")

    def is_before(self, target: Any) -> bool:
        """Whether a match lies before the place where the reader is."""
        return False

    def go_to(self, target: Any) -> None:
        """Show a match."""
        raise TypeError(f"{type(self).__name__} cannot be searched")

    def search(self, text: str, *, go: bool = True) -> None:
        """Search for `text` as it is typed; "" ends the search. Without `go` the reader stays where he is."""
        self.workers.cancel_group(self, "search")
        self.trouble, self._targets, self._at = "", (), -1
        try:
            pattern = Pattern(text)
        except BadPattern as error:
            self.trouble, pattern = str(error), Pattern("")
        self.pattern = None if pattern.is_empty else pattern
        self.refresh()
        if self.pattern is not None:
            pattern = self.pattern
            ask(self, lambda: self._look(pattern, go), group="search", exclusive=True)
        else:
            self.post_message(self.Found())

    def search_again(self) -> None:
        """What is shown is another now."""
        if self.pattern is not None:
            self.search(self.pattern.text, go=False)

    async def _look(self, pattern: Pattern, go: bool) -> None:
        try:
            targets = await asyncio.to_thread(self.finding(), pattern)
        except BadPattern as error:
            targets, self.trouble = (), str(error)
        if pattern is not self.pattern:
            return
        self._targets = targets
        if targets and go:
            self._at = next((index for index, target in enumerate(targets) if not self.is_before(target)), 0)
            self.go_to(targets[self._at])
        self.post_message(self.Found())

    def step_match(self, by: int) -> bool:
        """To the next (former) match, around the end; False where there is none."""
        if not self._targets:
            return False
        if self._at < 0:
            behind = sum(1 for target in self._targets if self.is_before(target))
            self._at = behind - 1 if by > 0 else behind
        self._at = (self._at + by) % len(self._targets)
        self.go_to(self._targets[self._at])
        self.post_message(self.Found())
        return True

    @property
    def match_note(self) -> str:
        """How the search stands, in words."""
        if self.pattern is None or self.trouble:
            return self.trouble
        found = len(self._targets)
        if found and self._at >= 0:
            return f"{self._at + 1:,} of {found:,}"
        return f"{found:,} matches" if found != 1 else "1 match"

    def marked_pieces(self, pieces: list[Piece]) -> list[Piece]:
        """`pieces` of one row, what matches in them in a role of its own."""
        if self.pattern is None:
            return pieces
        pieces = [(safe_text(text), role) for text, role in pieces]
        spans = self.pattern.spans("".join(text for text, _ in pieces))
        if not spans:
            return pieces
        marked: list[Piece] = []
        at = 0
        for text, role in pieces:
            low, at = at, at + len(text)
            edges = sorted({low, at, *(min(max(edge, low), at) for span in spans for edge in span)})
            for left, right in pairwise(edges):
                hit = any(begin <= left < end for begin, end in spans)
                marked.append((text[left - low : right - low], "match" if hit else role))
        return marked
