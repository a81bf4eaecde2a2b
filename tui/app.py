"""The console's app: its screens, its colours, the engine's start and end as they are seen here."""

from __future__ import annotations

import asyncio
import gc
import os
from collections import deque
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.filter import LineFilter, Monochrome
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.timer import Timer

from engine.errors import TaskdeckError
from engine.problems import words
from engine.task import now
from tui import look
from tui.actions import ACTIONS
from tui.boundary import FaultBoundary
from tui.console_settings import TABLE, ConsoleSettings
from tui.driver import driver_class, handle_signals, leave, set_mouse
from tui.forest import Forest
from tui.herald import Herald
from tui.key_names import binding_keys
from tui.keymap import Keymap
from tui.keymap import load as load_keymap
from tui.letting_go import forget_watchers, share_borders
from tui.look import Look
from tui.pump import Pump
from tui.run_stats import Rate
from tui.screens.console import ConsoleScreen
from tui.state_file import Kept
from tui.terminal import StrayOutput
from tui.text import safe_text
from tui.themes import DARK, THEMES
from tui.typeahead import TypeAhead

if TYPE_CHECKING:
    from tui.end_signals import EarlySignals
    from tui.feed import Delta
    from tui.late_engine import LateEngine
    from tui.screens.messages import Notice

STYLES = Path(__file__).parent / "styles"
NOTICES_KEPT = 500
"""Toasts that Messages still shows."""
NOTICE_LIMIT = 2_000
"""Characters kept of one toast."""
SAVE_AFTER = 1.0
"""Seconds after a change of the layout until it is written, so that many are written once."""
NO_KEY = "unbound"
"""A key that no terminal sends, for actions that the person took all keys from."""
FAILED_START = 2
"""Exit code when the store or a setting keeps the engine from starting."""


def _provider() -> type[Provider]:
    from tui.palette import ConsoleProvider

    return ConsoleProvider


class ConsoleApp(FaultBoundary, inherit_bindings=False):
    """`thread` is the engine's (or a stand-in); it is started here, after the first paint, and stopped by the caller.

    With `live` false no clock ticks, so that a picture does not depend on when it is taken. `look` is how the console
    begins, `settings` what it may be changed to, `fixed` those that are said elsewhere and so not kept. `failure` says,
    after the app ended, why the engine could not be started.
    """

    TITLE = "taskdeck"
    COMMANDS: ClassVar[Any] = {_provider}
    CSS_PATH: ClassVar[Any] = [STYLES / f"{name}.tcss" for name in ("app", "console")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", show=False, priority=True, id="anywhere.quit"),
        Binding("ctrl+p", "command_palette", show=False, id="anywhere.palette"),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]

    def __init__(
        self,
        thread: LateEngine,
        *,
        clock: Callable[[], datetime] = now,
        live: bool = True,
        stray: StrayOutput | None = None,
        keymap: Keymap | None = None,
        look: Look | None = None,
        settings: ConsoleSettings | None = None,
        fixed: frozenset[str] = frozenset(),
        kept: Kept | None = None,
    ) -> None:
        self._ours: list[LineFilter] = []
        self._sheets_wear = ""
        self._has_begun = False
        super().__init__(driver_class=driver_class())
        share_borders()
        self.thread = thread
        self.clock = clock
        self.live = live
        self.stray = stray or StrayOutput()
        self.keys = keymap or Keymap()
        self.settings = settings or ConsoleSettings()
        self.fixed = fixed
        self.kept = kept or Kept()
        self.notices: deque[Notice] = deque(maxlen=NOTICES_KEPT)
        self.failure: str | None = None
        self.early: EarlySignals | None = None
        self.ends: Callable[[], None] | None = None
        """Called when the screen is asked to end."""
        self.goes_on = False
        """Whether the person wants what runs to go on without the screen."""
        self.forest = Forest()
        self.listeners: list[Callable[[Delta], None]] = []
        """What hears of each beat of news beside the console's screen."""
        self.rate = Rate(lambda: clock().timestamp())
        self.herald = Herald(self)
        self._saving: Timer | None = None
        self._typed = TypeAhead(self, super().on_event)
        self.pump = Pump(self, self._apply)
        self.console_screen = ConsoleScreen(thread, self.forest, clock, live=live)
        for theme in THEMES.values():
            self.register_theme(theme)
        self.wear(look or Look())

    # --- looks -----------------------------------------------------------------------------------------------

    def wear(self, look: Look) -> None:
        """Take these colours and glyphs."""
        self.look = look
        self.no_color = look.theme == "plain"
        self._ours = []
        if look.ascii:
            from tui.line_filters import AsciiFilter

            self._ours.append(AsciiFilter(foreign=not look.utf8))
        if self.no_color:
            from tui.line_filters import PlainFilter

            self._ours.append(PlainFilter())
        self.theme = THEMES[look.theme].name
        if not self.is_running:
            self.stylesheet.set_variables(self.get_css_variables())
            self._sheets_wear = self.theme
        else:
            self.refresh_css(animate=False)
            for screen in self.screen_stack:
                for widget in screen.walk_children(with_self=True):
                    widget.refresh()

    def refresh_css(self, animate: bool = True) -> None:
        """Textual reads all sheets anew when a theme is set, also at the start, where they were just read with it."""
        if self._sheets_wear == (worn := self.theme):
            if self._has_begun:  # before, each widget is dressed as it is mounted
                self.stylesheet.update(self, animate=animate)
            return
        self._sheets_wear = worn
        super().refresh_css(animate=animate)

    def get_line_filters(self) -> list[LineFilter]:
        """Ours in place of Textual's greys for NO_COLOR, which are colours too."""
        return [*(each for each in super().get_line_filters() if not isinstance(each, Monochrome)), *self._ours]

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
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._has_begun = True
        self.screen_change_signal.subscribe(self, lambda _: forget_watchers(self))
        handle_signals(self)  # not before: an end while the widgets are mounted is a fault of theirs
        if self.early is not None and self.early.code is not None:
            leave(self, self.early.code)
            return
        gc.freeze()
        gc.enable()
        self.run_worker(self._start(), name="start", exit_on_error=False)

    async def _start(self) -> None:
        """After the first paint: the engine, then what it remembers."""
        self.thread.subscribe(self.pump.push)
        self.thread.subscribe(self.rate.push)
        try:
            await self.thread.start()
        except Exception as error:  # a fault of ours, too: a screen that waits for ever would hide it
            self.failure = str(error)
            if not isinstance(error, TaskdeckError):
                self.fault(error)
                self.failure = f"the console cannot start: {words(error)}"
            self.exit(return_code=FAILED_START)
            return
        self.pump.attach(asyncio.get_running_loop())
        await self.console_screen.engine_started()
        await self._read_keys()
        self.herald.say_title()
        if self.kept.problem:
            self.notify(self.kept.problem, severity="warning")
        await self._warn_of_the_store()
        await asyncio.to_thread(import_module, "tui.screens.history")  # so that its key need not wait for that

    async def _warn_of_the_store(self) -> None:
        """Say what of the store's place and rights is no good."""
        from engine.health import dangers

        settings = self.thread.settings
        for found in await asyncio.to_thread(dangers, settings.store, settings.group):
            self.notify(f"the store {settings.store}: {found.said}. {found.hint}", severity="warning")

    async def _read_keys(self) -> None:
        """The person's own keys, where they have a file."""
        from engine.settings import config_folder

        self.keys = await asyncio.to_thread(load_keymap, config_folder() / "keymap.toml")
        changed = {
            action.id: ",".join(binding_keys(self.keys.keys(action.id))) or NO_KEY
            for action in ACTIONS
            if self.keys.keys(action.id) != action.keys
        }
        for name in ("quit", "palette"):
            if f"app.{name}" in changed:
                changed[f"anywhere.{name}"] = ",".join(self.keys.anywhere(f"app.{name}")) or NO_KEY
        if changed:
            self.set_keymap(changed)
            self.console_screen.keys_changed()
        for problem in self.keys.problems:
            self.notify(f"keymap: {problem}", severity="warning")

    def _apply(self, delta: Delta) -> None:
        self.console_screen.apply(delta)
        for listener in tuple(self.listeners):
            listener(delta)
        for notice in delta.notices:
            self.notify(notice, severity="warning")
        if delta.asked:
            self.herald.asked(delta.asked)
        self.herald.news()

    # --- settings and what is kept ---------------------------------------------------------------------------

    def change_setting(self, name: str, value: str) -> str:
        """Change a setting now, and for the next starts; returns what to say of it. Raises ValueError."""
        self.settings = self.settings.changed(name, value)
        if name in ("theme", "ascii"):
            theme = look.theme(self.settings.theme, os.environ, told=True) if name == "theme" else self.look.theme
            self.wear(Look(theme, look.is_ascii(self.settings.ascii, os.environ), self.look.utf8))
        elif name == "mouse":
            set_mouse(self, self.settings.mouse)
        elif name == "title":
            self.herald.say_title()
        said = f"{name.replace('_', ' ')} is {self.settings.word(name)}"
        if name in self.fixed:
            return f"{said} until the console ends: its start says otherwise, by an option, a variable or settings.toml"
        self.keep(f"{TABLE}.{name}", self.settings.word(name))
        return said

    def keep(self, name: str, value: object) -> None:
        """Keep a value for the next start; None forgets it."""
        self.kept.put(name, value)
        if self._saving is None and self.kept.is_changed and self.is_running:
            self._saving = self.set_timer(SAVE_AFTER, self._save)

    def _save(self) -> None:
        self._saving = None
        self.run_worker(self.kept.save, thread=True, name="state", exit_on_error=False)

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
        from tui.screens.messages import Notice

        text = safe_text(message, lines=True, limit=NOTICE_LIMIT)
        self.notices.append(Notice(self.clock(), severity, f"{title}: {text}" if title else text))
        super().notify(text, title=title, severity=severity, timeout=timeout, markup=False)

    def exit(self, result: Any = None, return_code: int = 0, message: Any = None) -> None:
        if self.ends is not None:
            self.ends()
        super().exit(result, return_code, message)

    async def action_quit(self) -> None:
        """ctrl+q from wherever: the console asks while tasks run."""
        self.console_screen.action_quit()

    def action_help_quit(self) -> None:
        """ctrl+c: many try it first."""
        self.notify(f"{self.keys.label('app.quit')} quits")
