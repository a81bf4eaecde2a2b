"""The command palette: every action of the screen, executors to launch, runs to go to, settings, by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.actions import ACTIONS, Action, Scope
from tui.bindings import MOVING, target
from tui.console_settings import ABOUT, CHOICES
from tui.key_names import key_label
from tui.text import safe_name, safe_text
from tui.wording import state

if TYPE_CHECKING:
    from tui.app import ConsoleApp
    from tui.screens.console import ConsoleScreen

HIDDEN = {"command_palette"}
RUNS_SEARCHED = 2_000
"""Runs, the newest first, that are looked through at each letter."""
NAME_LIMIT = 60
IN_HELP = 0.1
"""Score of what has the words in its help only; letters in between, as in names, would let nearly all through."""


class Entry(NamedTuple):
    """A line of the palette; `name` and `help` are clean, and no markup."""

    name: str
    help: str
    do: Callable[[], object]


def offered(screen_ids: set[str], scopes: Sequence[Scope]) -> Iterator[Action]:
    """The actions that can be done: those of the scopes that the screen offers, and those bound where the focus is.

    Of two that do the same the one whose scope comes first is offered.
    """
    seen: set[str] = set()
    place = {scope: at for at, scope in enumerate(scopes)}
    for action in sorted(ACTIONS, key=lambda each: place.get(each.scope, len(place))):
        here = action.id in screen_ids or action.scope in place
        if here and action.group != MOVING and action.method not in HIDDEN | seen:
            seen.add(action.method)
            yield action


class ConsoleProvider(Provider):
    """Offers all that can be done where the palette was opened, and looks through it while one types."""

    @property
    def console_app(self) -> ConsoleApp:
        from tui.app import ConsoleApp

        assert isinstance(self.app, ConsoleApp)
        return self.app

    @property
    def console(self) -> ConsoleScreen | None:
        """The console's screen, when it is what the palette was opened from."""
        return self.console_app.console_screen if self.screen is self.console_app.console_screen else None

    async def discover(self) -> Hits:
        for entry in (*self.actions(), *self.executors(), *self.settings()):
            yield DiscoveryHit(Content(entry.name), entry.do, text=entry.name, help=_escaped(entry.help))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for entry in (*self.actions(), *self.executors(), *self.runs(), *self.settings()):
            score = matcher.match(entry.name) or (IN_HELP if query.strip().lower() in entry.help.lower() else 0)
            if score > 0:
                name = matcher.highlight(entry.name)
                yield Hit(score, name, entry.do, text=entry.name, help=_escaped(entry.help))

    def actions(self) -> Iterator[Entry]:
        """What can be done here; moving keys are left out."""
        bound = {active.binding.id for active in self.screen.active_bindings.values() if active.binding.id}
        keys = self.console_app.keys
        for action in offered(bound, getattr(self.screen, "scopes", ())):
            if not self._has(action):
                continue
            shown = ", ".join(key_label(key) for key in keys.keys(action.id))
            yield Entry(action.name, f"{shown}  {action.help}".strip(), partial(self._run, action))

    def _has(self, action: Action) -> bool:
        """Whether the screen can do it, where it is the screen that does it."""
        place, _, method = target(action).partition("(")[0].rpartition(".")
        return place != "screen" or hasattr(self.screen, f"action_{method}")

    def _run(self, action: Action) -> None:
        perform: Callable[[Scope, str], None] | None = getattr(self.screen, "perform", None)
        if perform is not None:
            perform(action.scope, target(action))
            return
        for active in self.screen.active_bindings.values():
            if active.binding.id == action.id:
                self.app.call_later(self.app.run_action, active.binding.action, active.node)
                return

    def executors(self) -> Iterator[Entry]:
        """Executors, to open their forms."""
        console = self.console
        if console is None or not console.started:
            return
        for spec in console.thread.engine.catalogue.entries.values():
            name = safe_text(spec.name, limit=NAME_LIMIT) if spec.name != spec.id else ""
            does = f"launch  {name}  {safe_text(spec.description, limit=NAME_LIMIT)}"
            yield Entry(f"Launch {safe_text(spec.id, limit=NAME_LIMIT)}", does, partial(console.launch, spec))

    def runs(self) -> Iterator[Entry]:
        """Runs, to go to; only while one types, there are many."""
        console = self.console
        if console is None:
            return
        roots = (row for row in console.forest.visible if row.parent is None)
        for row in islice(roots, RUNS_SEARCHED):
            glyph, word, _ = state(row.task)
            name = f"Go to {safe_name(row.task.name, limit=NAME_LIMIT)}"
            yield Entry(name, f"{glyph} {word}  {safe_text(row.task.id)}", partial(console.go_to, row.task.id))

    def settings(self) -> Iterator[Entry]:
        """Colours, ASCII, mouse, bell: each value of each setting but the present one."""
        app = self.console_app
        for name, values in CHOICES.items():
            for value in values:
                if value != app.settings.word(name):
                    label = f"{name.replace('_', ' ').capitalize()}: {value}"
                    yield Entry(label, f":set {name} {value}  {ABOUT[name]}", partial(self._change, name, value))

    def _change(self, name: str, value: str) -> None:
        self.app.notify(self.console_app.change_setting(name, value))


def _escaped(text: str) -> str:
    """The palette reads its help as markup."""
    return text.replace("[", "\\[")
