"""The console's app: its screens, its colours, the engine's start and end as they are seen here."""

from __future__ import annotations

import asyncio
import gc
from collections import deque
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import SystemCommand
from textual.command import Provider
from textual.notifications import SeverityLevel
from textual.screen import Screen

from engine.errors import TaskdeckError
from engine.task import now
from tui.actions import ACTIONS, binding_keys
from tui.boundary import FaultBoundary
from tui.driver import driver_class, handle_signals
from tui.forest import Forest
from tui.keymap import Keymap
from tui.keymap import load as load_keymap
from tui.pump import Pump
from tui.run_stats import Rate
from tui.screens.console import ConsoleScreen
from tui.screens.messages import Notice
from tui.terminal import StrayOutput
from tui.text import safe_text
from tui.themes import DARK, THEMES
from tui.typeahead import TypeAhead

if TYPE_CHECKING:
    from tui.feed import Delta
    from tui.late_engine import LateEngine

STYLES = Path(__file__).parent / "styles"
NOTICES_KEPT = 500
"""Toasts that Messages still shows."""
NOTICE_LIMIT = 2_000
"""Characters kept of one toast."""
FAILED_START = 2
"""Exit code when the store or a setting keeps the engine from starting."""


def _actions() -> type[Provider]:
    from tui.palette import ActionProvider

    return ActionProvider


class ConsoleApp(FaultBoundary):
    """`thread` is the engine's (or a stand-in); it is started here, after the first paint, and stopped by the caller.

    With `live` false no clock ticks, so that a picture does not depend on when it is taken. `failure` says, after the
    app ended, why the engine could not be started.
    """

    TITLE = "taskdeck"
    CSS_PATH: ClassVar[Any] = [STYLES / "app.tcss", STYLES / "console.tcss", STYLES / "history.tcss"]
    COMMANDS: ClassVar[Any] = {_actions}

    def __init__(
        self,
        thread: LateEngine,
        *,
        clock: Callable[[], datetime] = now,
        live: bool = True,
        stray: StrayOutput | None = None,
        keymap: Keymap | None = None,
    ) -> None:
        super().__init__(driver_class=driver_class())
        self.thread = thread
        self.clock = clock
        self.live = live
        self.stray = stray or StrayOutput()
        self.keys = keymap or Keymap()
        self.notices: deque[Notice] = deque(maxlen=NOTICES_KEPT)
        self.failure: str | None = None
        self.forest = Forest()
        self.listeners: list[Callable[[Delta], None]] = []
        """What hears of each beat of news beside the console's screen."""
        self.rate = Rate(lambda: clock().timestamp())
        self._typed = TypeAhead(self, super().on_event)
        self.pump = Pump(self, self._apply)
        self.console_screen = ConsoleScreen(thread, self.forest, clock, live=live)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DARK.variables  # for themes that are not ours

    def get_default_screen(self) -> Screen[None]:
        return self.console_screen

    def get_system_commands(self, screen: Screen[Any]) -> list[SystemCommand]:
        return []  # the palette offers our own actions only

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._typed.take(event)
        else:
            await super().on_event(event)

    def on_mount(self) -> None:
        handle_signals(self)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        gc.freeze()
        gc.enable()
        self.run_worker(self._start(), name="start", exit_on_error=False)

    async def _start(self) -> None:
        """After the first paint: the engine, then what it remembers."""
        self.thread.subscribe(self.pump.push)
        self.thread.subscribe(self.rate.push)
        try:
            await self.thread.start()
        except TaskdeckError as refusal:
            self.failure = str(refusal)
            self.exit(return_code=FAILED_START)
            return
        self.pump.attach(asyncio.get_running_loop())
        await self.console_screen.engine_started()
        await self._read_keys()
        await asyncio.to_thread(import_module, "tui.screens.history")  # so that its key need not wait for that

    async def _read_keys(self) -> None:
        """The person's own keys, where they have a file."""
        from engine.settings import config_folder

        self.keys = await asyncio.to_thread(load_keymap, config_folder() / "keymap.toml")
        changed = {
            action.id: ",".join(binding_keys(self.keys.keys(action.id)))
            for action in ACTIONS
            if self.keys.keys(action.id) != action.keys
        }
        if changed:
            self.set_keymap(changed)
        for problem in self.keys.problems:
            self.notify(f"keymap: {problem}", severity="warning")

    def _apply(self, delta: Delta) -> None:
        self.console_screen.apply(delta)
        for listener in tuple(self.listeners):
            listener(delta)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """A toast, remembered for Messages. Foreign text is fine: it is cleaned, and never read as markup."""
        text = safe_text(message, lines=True, limit=NOTICE_LIMIT)
        self.notices.append(Notice(self.clock(), severity, f"{title}: {text}" if title else text))
        super().notify(text, title=title, severity=severity, timeout=timeout, markup=False)

    async def action_quit(self) -> None:
        """ctrl+q from wherever: the console asks while tasks run."""
        self.console_screen.action_quit()

    def action_help_quit(self) -> None:
        """ctrl+c: many try it first."""
        self.notify(f"{self.keys.label('app.quit')} quits")
