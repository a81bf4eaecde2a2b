"""The command palette: every action by its name, run where the focus was."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.markup import escape

from tui.actions import ACTIONS, Action, key_label
from tui.bindings import MOVING, target

if TYPE_CHECKING:
    from tui.screens.console import ConsoleScreen

HIDDEN = {"app.palette"}


class ActionProvider(Provider):
    """Offers what can be done on the console's screen; moving keys are left out."""

    @property
    def _console(self) -> ConsoleScreen | None:
        from tui.screens.console import ConsoleScreen

        return self.screen if isinstance(self.screen, ConsoleScreen) else None

    def _actions(self) -> Iterator[Action]:
        seen: set[str] = set()
        for action in ACTIONS:
            offered = action.group != MOVING and action.scope != "launch" and action.id not in HIDDEN
            if self._console and offered and action.method not in seen:
                seen.add(action.method)
                yield action

    def _run(self, action: Action) -> None:
        if console := self._console:
            console.perform(action.scope, target(action))

    async def discover(self) -> Hits:
        for action in self._actions():
            yield DiscoveryHit(action.name, partial(self._run, action), help=self._help(action))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in self._actions():
            score = max(matcher.match(action.name), matcher.match(action.help) / 2)
            if score > 0:
                yield Hit(score, matcher.highlight(action.name), partial(self._run, action), help=self._help(action))

    def _help(self, action: Action) -> str:
        return escape(f"{', '.join(key_label(key) for key in action.keys)}  {action.help}")
