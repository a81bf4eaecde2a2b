"""The last line of the console: what runs, what watcher and store say, the news, and the keys that matter now."""

from __future__ import annotations

from typing import Any, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.text import safe_text

STORE_OK = "store ok"
WATCHING = "watching"
"""How the watcher's words begin while all is well; then they give way to hints."""
MIN_HINT = 9
"""Cells that `? help` takes."""


class Hint(NamedTuple):
    """A key and what it does; `action` is the id of the action, for a click on it. `spare` ones give way first."""

    text: str
    action: str
    spare: bool = False


class Status(NamedTuple):
    """What the line says. `news` (foreign text) takes the place of watcher and store while it stands."""

    mode: str = ""
    """That nothing may be changed; it stands first, whatever else is said."""
    paused: str = ""
    """That the whole queue is paused; it stands before all else too."""
    asking: int = 0
    """Tasks that wait for a person's answer."""
    running: int = 0
    queued: int = 0
    failed: int = 0
    watcher: str = ""
    store: str = ""
    news: str = ""
    bad_news: bool = False
    news_key: str = ""
    """The key that leads to what the news tell of."""
    hints: tuple[Hint, ...] = ()
    """The least needed first: those give way."""


class StatusLine(Widget):
    """Repainted only when what it says changes. Textual's own footer keeps widgets that are gone."""

    class Pressed(Message):
        """A click on a hint, with the id of its action."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.status = Status()

    def say(self, **changes: Any) -> None:
        """Change fields of the status."""
        status = self.status._replace(**changes)
        if status != self.status:
            self.status = status
            self.refresh()

    def render(self) -> Content:
        width = self.size.width
        left, hints = self._laid_out(width)
        gap = max(width - _cells(left) - _width(hints) + 2, 1)
        hint = f"{'  '.join(hint.text for hint in hints)} " if hints else ""
        return Content.assemble(*left, " " * gap, (hint, "$accent")).truncate(width, ellipsis=True)

    def _laid_out(self, width: int) -> tuple[list[tuple[str, str]], list[Hint]]:
        """What has room: spare hints give way first, then that the store is well, then the watcher, then hints."""
        status = self.status
        first = [(f" {status.mode}", "bold $accent"), (" │", "$dim")] if status.mode else []
        if status.paused:
            first += [(f" ‖ {status.paused}", "bold $warning"), (" │", "$dim")]
        counts: list[tuple[str, str]] = [*first, (f" {status.running} running · {status.queued} queued", "")]
        if status.asking:
            counts.append((f" · {status.asking} to answer", "bold $warning"))
        if status.failed:
            counts.append((f" · {status.failed} failed", "$error"))
        needed = [hint for hint in status.hints if not hint.spare]
        if status.news:
            left = self._news(first, counts)
            return left, _fitting(list(status.hints), width - _cells(left))
        parts = [part for part in (status.watcher, status.store) if part]
        left = _beside(counts, parts)
        hints = list(status.hints)
        while hints and _cells(left) + _width(hints) > width and any(hint.spare for hint in hints):
            hints.remove(next(hint for hint in hints if hint.spare))
        if _cells(left) + _width(hints) > width and status.store == STORE_OK:
            left = _beside(counts, [status.watcher] if status.watcher else [])
        if _cells(left) + _width(needed) > width and status.store == STORE_OK and status.watcher.startswith(WATCHING):
            left = counts
        return left, _fitting(hints, width - _cells(left))

    def _news(self, first: list[tuple[str, str]], counts: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The counts, but not what stands `first`, give way to news; too long ones are cut before the key to press."""
        status, width = self.status, self.size.width
        text, key = safe_text(status.news), f" (press {status.news_key})" if status.news_key else ""
        style = "bold $error" if status.bad_news else "bold $success"
        left = [*counts, (" │ ", "$dim"), (text + key, style)]
        if _cells(left) + MIN_HINT <= width:
            return left
        room = max(width - _cells(first) - cell_len(key) - 2, 8)
        if cell_len(text) > room:
            text = Content(text).truncate(room, ellipsis=True).plain
        return [*first, (" ", ""), (text + key, style)]

    def on_click(self, event: events.Click) -> None:
        """A click on a hint does what its key does."""
        _, hints = self._laid_out(self.size.width)
        at = self.size.width - 1 - cell_len("  ".join(hint.text for hint in hints))
        for hint in hints:
            end = at + cell_len(hint.text)
            if at <= event.x < end:
                self.post_message(self.Pressed(hint.action))
                return
            at = end + 2


def _beside(counts: list[tuple[str, str]], parts: list[str]) -> list[tuple[str, str]]:
    return [*counts, (" │ " + " │ ".join(parts), "$dim")] if parts else counts


def _fitting(hints: list[Hint], room: int) -> list[Hint]:
    """Those that have room; the spare ones go first, then those that are needed least."""
    hints = list(hints)
    while hints and _width(hints) > room:
        hints.remove(next((hint for hint in hints if hint.spare), hints[0]))
    return hints


def _width(hints: list[Hint]) -> int:
    """The cells that the hints take, with the space around them."""
    return cell_len("  ".join(hint.text for hint in hints)) + 3 if hints else 0


def _cells(parts: list[tuple[str, str]]) -> int:
    return sum(cell_len(text) for text, _ in parts)
