"""The last line of the console: what runs, what watcher and store say, the news, and the keys that matter now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.widget import Widget

from tui.text import safe_text

STORE_OK = "store ok"
MIN_HINT = 9
"""Cells that `? help` takes."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the line says. `news` (foreign text) takes the place of watcher and store while it stands."""

    paused: str = ""
    """That the whole queue is paused; it stands first, whatever else is said."""
    running: int = 0
    queued: int = 0
    failed: int = 0
    watcher: str = ""
    store: str = ""
    news: str = ""
    bad_news: bool = False
    news_key: str = ""
    """The key that leads to what the news tell of."""
    hints: tuple[str, ...] = ()
    """Keys and what they do, the least needed first: those give way."""


class StatusLine(Widget):
    """Repainted only when what it says changes. Textual's own footer keeps widgets that are gone."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.status = Status()

    def say(self, **changes: Any) -> None:
        """Change fields of the status."""
        status = replace(self.status, **changes)
        if status != self.status:
            self.status = status
            self.refresh()

    def render(self) -> Content:
        status, width = self.status, self.size.width
        parts = [f"{status.running} running", f"{status.queued} queued"]
        first = [(f" ‖ {status.paused}", "bold $text-warning"), (" │", "$text-muted")] if status.paused else []
        counts: list[tuple[str, str]] = [*first, (" " + " · ".join(parts), "")]
        if status.failed:
            counts.append((f" · {status.failed} failed", "$text-error"))
        hints = list(status.hints)
        if status.news:
            left = self._news(first, counts)
        else:
            places = [status.watcher, status.store]
            left = [*counts, (" │ " + " │ ".join(place for place in places if place), "$text-muted")]
            if _cells(left) + _width(hints) > width and status.store == STORE_OK:
                left = [*counts, (f" │ {status.watcher}", "$text-muted")]
        while hints and _cells(left) + _width(hints) > width:
            hints.pop(0)
        hint = f"{'  '.join(hints)} " if hints else ""
        gap = max(width - _cells(left) - cell_len(hint), 1)
        return Content.assemble(*left, " " * gap, (hint, "$text-accent")).truncate(width, ellipsis=True)

    def _news(self, first: list[tuple[str, str]], counts: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The counts, but not what stands `first`, give way to news; too long ones are cut before the key to press."""
        status, width = self.status, self.size.width
        text, key = safe_text(status.news), f" (press {status.news_key})" if status.news_key else ""
        style = "bold $text-error" if status.bad_news else "bold $text-success"
        left = [*counts, (" │ ", "$text-muted"), (text + key, style)]
        if _cells(left) + MIN_HINT <= width:
            return left
        room = max(width - _cells(first) - cell_len(key) - 2, 8)
        if cell_len(text) > room:
            text = Content(text).truncate(room, ellipsis=True).plain
        return [*first, (" ", ""), (text + key, style)]

    def on_click(self, event: events.Click) -> None:
        """The line's last word is `? help`: a click on the right half opens it."""
        if event.x > self.size.width - 8:
            self.app.run_worker(self.app.run_action("screen.help"), exit_on_error=False)


def _width(hints: list[str]) -> int:
    """The cells that the hints take, with the space around them."""
    return cell_len("  ".join(hints)) + 3 if hints else 0


def _cells(parts: list[tuple[str, str]]) -> int:
    return sum(cell_len(text) for text, _ in parts)
