"""The command palette: every action by its name, run where the focus was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.markup import escape

from tui.actions import ACTIONS, Action, Scope, key_label
from tui.bindings import MOVING, target

HIDDEN = {"app.palette"}


class ActionProvider(Provider):
    """Offers what can be done on the screen it is called from; moving keys are left out."""

    def _actions(self) -> Iterator[Action]:
        seen: set[str] = set()
        scopes: tuple[Scope, ...] = getattr(self.screen, "scopes", ())
        for action in ACTIONS:
            offered = action.group != MOVING and action.scope in scopes and action.id not in HIDDEN
            if offered and action.method not in seen:
                seen.add(action.method)
                yield action

    def _run(self, action: Action) -> None:
        perform: Callable[[Scope, str], None] | None = getattr(self.screen, "perform", None)
        if perform is not None:
            perform(action.scope, target(action))

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
