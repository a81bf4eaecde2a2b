"""The last line of the console: what runs, what watcher and store say, the news, and the keys that matter now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.widget import Widget

from tui.text import safe_text

MIN_HINT = 9
"""Cells that `? help` takes."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the line says. `news` (foreign text) takes the place of watcher and store while it stands."""

    running: int = 0
    queued: int = 0
    failed: int = 0
    watcher: str = ""
    store: str = ""
    news: str = ""
    bad_news: bool = False
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
        counts: list[tuple[str, str]] = [(" " + " · ".join(parts), "")]
        if status.failed:
            counts.append((f" · {status.failed} failed", "$text-error"))
        if status.news:
            said = [(safe_text(status.news), "bold $text-error" if status.bad_news else "bold $text-success")]
        else:
            said = [(" │ ".join(part for part in (status.watcher, status.store) if part), "$text-muted")]
        left: list[tuple[str, str]] = [*counts, (" │ ", "$text-muted"), *said]
        hints = list(status.hints)
        used = _cells(left)
        if status.news and used + MIN_HINT > width:  # news come first, counts give way
            left = [(" ", ""), *said]
            used = _cells(left)
        while hints and used + cell_len("  ".join(hints)) + 3 > width:
            hints.pop(0)
        hint = f"{'  '.join(hints)} " if hints else ""
        gap = max(width - used - cell_len(hint), 1)
        return Content.assemble(*left, " " * gap, (hint, "$text-accent")).truncate(width, ellipsis=True)

    def on_click(self, event: events.Click) -> None:
        """The line's last word is `? help`: a click on the right half opens it."""
        if event.x > self.size.width - 8:
            self.app.run_worker(self.app.run_action("screen.help"), exit_on_error=False)


def _cells(parts: list[tuple[str, str]]) -> int:
    return sum(cell_len(text) for text, _ in parts)
