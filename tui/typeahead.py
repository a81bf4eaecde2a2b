"""Keys in their turn: what is typed faster than screens change still reaches the widget that it was meant for.

Textual forwards a key to whatever has the focus when the key is read; the key before it may still be on its way to
opening a dialog or a filter line, and a letter meant as text would then be taken for a command. So a key waits until
what the one before it caused has been done. It costs half a millisecond of CPU a key, and nobody waits unless keys
come in bursts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual import events

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump
    from textual.screen import Screen
    from textual.timer import Timer

ROUNDS = 3
"""How often the way from the focus up to the app is walked: the key itself, the message that its action sends, and the
one that this message leads to."""
LIMIT = 0.5
"""Seconds in which the loop was free after which the next key goes on anyway, should a widget have left with the mark
that is waited for."""
LEAVING = frozenset({"escape", "ctrl+c", "ctrl+q"})
"""Keys that do not wait for a screen to open: they leave it."""
TICK = 0.05
"""Seconds between two looks at that. A busy loop looks late, and late looks count no more: while a form is being made,
or another program has the core, the keys wait for it."""

Typed = events.Key | events.Paste


class TypeAhead:
    """Give every typed event to `take`; it reaches `deliver` when its turn has come. All on the app's loop."""

    def __init__(self, app: App[object], deliver: Callable[[Typed], Awaitable[None]]) -> None:
        self._app = app
        self._deliver = deliver
        self._waiting: deque[Typed] = deque()
        self._free: float | None = None
        """Seconds that the loop had since the last key went; None while none is on its way."""
        self._ticks: Timer | None = None
        self._turn = 0

    async def take(self, event: Typed) -> None:
        if self._free is None and not self._waiting and not self._opens:
            await self._go(event)
            return
        if isinstance(event, events.Key) and event.key in LEAVING and self._opens:
            self._waiting.clear()  # they were meant for what is left now
            await self._go(event)
            return
        self._waiting.append(event)
        if self._ticks is None:
            self._ticks = self._app.set_interval(TICK, self._tick)

    @property
    def is_idle(self) -> bool:
        """Whether every key has gone its way."""
        return self._free is None and not self._waiting

    @property
    def _opens(self) -> bool:
        """Whether the screen is not ready to take what is typed: it `is_opening`, nothing has the focus yet."""
        return bool(getattr(self._app.screen, "is_opening", False))

    async def _go(self, event: Typed) -> None:
        self._free = 0.0
        self._turn += 1
        screen = self._app.screen
        await self._deliver(event)
        self._walk(self._turn, ROUNDS, screen)

    def _walk(self, turn: int, rounds: int, screen: Screen[object]) -> None:
        """Send a mark the way that the key went: through the queues of the focused widget and all above it."""
        if turn != self._turn or not self._app.is_running:
            return
        now = self._app.screen
        if rounds == 0:
            if now is screen or not now.call_after_refresh(self._walk, turn, 0, now):
                self._app.call_later(self._done, turn)
            return
        path: list[MessagePump] = list((now.focused or now).ancestors_with_self)
        self._hop(path, lambda: self._walk(turn, rounds - 1, screen))

    def _hop(self, path: list[MessagePump], arrived: Callable[[], None]) -> None:
        """Queue the rest of the way behind what waits at its first station; stations that are closing are left out."""
        for index, station in enumerate(path):
            if station.call_later(self._hop, path[index + 1 :], arrived):
                return
        arrived()

    async def _done(self, turn: int) -> None:
        if turn != self._turn:
            return
        if self._waiting and not self._opens:
            await self._go(self._waiting.popleft())
        else:
            self._free = None

    async def _tick(self) -> None:
        """Send on what waited too long, or for a screen that is open now."""
        if self._free is not None:
            self._free += TICK
        if self._waiting and not self._opens and (self._free is None or self._free >= LIMIT):
            await self._go(self._waiting.popleft())
        if not self._waiting and self._ticks is not None:
            self._ticks.stop()
            self._ticks = None
