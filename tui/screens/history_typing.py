"""The line of the history where words are typed: read, completed, recalled, and what is said about them."""

from __future__ import annotations

from datetime import datetime

from textual import on
from textual.timer import Timer

from tui.boundary import ask
from tui.history_filter import parse
from tui.history_words import FACETS, Offer, offer, unknown
from tui.screens.history_acts import HistoryActs
from tui.widgets.query_line import QueryLine

WRONGS = 3
"""Wrong words that are told of at once."""
PAUSE = 0.12
"""Seconds after the last key until runs are looked for."""


class HistoryTyping(HistoryActs):
    """Goes on where `HistoryActs` ends; `_search` looks for what was typed."""

    known: dict[str, list[str]]
    """The values that runs have, by key."""
    _timer: Timer | None = None
    _turn: tuple[Offer, str, int, int] | None = None
    """What Tab offered last: the offer, what stood there before, where the cursor was, and which turn it was."""

    def _search(self) -> None:
        """Look for what is typed."""

    @property
    def _now(self) -> datetime:
        return self.clock().astimezone()

    @property
    def line(self) -> QueryLine:
        return self.query_one(QueryLine)

    async def _read_words(self) -> None:
        """What Tab can offer, and the lines that were typed last."""
        history = self.thread.engine.history
        self.known = {kind: await self.thread.ask(history.values(kind)) for kind in FACETS}
        self.line.recent = self.line.recent or await self.saved.recent()
        self._say()

    @on(QueryLine.Changed)
    def _typed(self, event: QueryLine.Changed) -> None:
        event.stop()
        self.asked = parse(event.text, self._now)
        if self._turn is not None and self._turn[0].text != event.text:
            self._turn = None
        self._say()
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.live:
            self._timer = self.set_timer(PAUSE, self._search)
        else:
            self._search()

    def _say(self) -> None:
        """What is wrong, what Tab offers, else which values no run has."""
        line, wrongs = self.line, self.asked.wrongs
        cursor = line.field.cursor_position
        typing = [each for each in wrongs if line.is_edited and each.word.end >= cursor and _may_go_on(each.said)]
        if self._turn is not None and self._turn[0].choices:
            line.say("Tab: " + "  ".join(self._turn[0].choices))
        elif wrongs and not typing:
            line.say("\n".join(f"✗ {each.said} · left out" for each in wrongs[:WRONGS]), "bad")
        elif typing:
            line.say(typing[0].said)
        elif said := unknown(self.asked, self.known):
            line.say(said, "warn")
        else:
            line.say("")

    @on(QueryLine.Completed)
    def _complete(self, event: QueryLine.Completed) -> None:
        event.stop()
        field = self.line.field
        text, cursor, turn = field.value, field.cursor_position, 0
        if self._turn is not None:
            _, text, cursor, turn = self._turn
        found = offer(text, cursor, self.known, parse(text, self._now), turn)
        if found is None:
            if not text.strip():
                self._leave()
            return
        self._turn = (found, text, cursor, turn + 1) if found.choices else None
        self.line.fill(found.text, found.cursor)
        self._say()

    @on(QueryLine.Recalled)
    def _recall(self, event: QueryLine.Recalled) -> None:
        event.stop()
        self.line.recall(event.by)

    @on(QueryLine.Stepped)
    def _stepped(self, event: QueryLine.Stepped) -> None:
        event.stop()
        self.list_rows.move_by(event.lines)

    @on(QueryLine.Left)
    def _left(self, event: QueryLine.Left) -> None:
        event.stop()
        if not event.keep:
            self.line.fill("")
        elif self.asked.wrongs:
            self.line.say(f"✗ {self.asked.wrongs[0].said}", "bad")
            return
        self._leave()

    def _leave(self) -> None:
        """On to the list; what was typed is remembered."""
        if not self.asked.wrongs and (recent := self.line.keep()) is not None:
            ask(self.app, lambda: self.saved.keep_recent(list(recent)), group="recent")
        self._turn = None
        self._say()
        self.enter("runs")

    def action_filter(self) -> None:
        self.line.open()

    def action_clear_filter(self) -> None:
        """Esc: from the detail to the list, then the filter goes, then the screen."""
        if self.pane == "detail":
            self.enter("runs")
        elif self.line.text:
            self.line.fill("")
        else:
            self.action_back()

    def use_filter(self, words: str) -> None:
        """Look for `words` as if they were typed."""
        self.line.fill(words)
        self.line.keep()
        self.enter("runs")


def _may_go_on(said: str) -> bool:
    """Whether a word may only be unfinished."""
    return " what? " in said or said.startswith(("nothing follows", "nothing stands"))
