"""What the screens beside the console have in common: help, messages, the way back and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from tui.actions import Scope, actions_of
from tui.bindings import bindings_of

if TYPE_CHECKING:
    from tui.app import ConsoleApp

EVERYWHERE = ("app.help", "app.palette", "app.messages", "app.quit", "app.history", "app.stats", "app.compose")
"""What works on all of them."""


class Sub(Screen[Any]):
    """A view of its own, with the keys of `SCOPE`."""

    app: ConsoleApp
    CSS_PATH: ClassVar[Any] = "../styles/history.tcss"
    SCOPE: ClassVar[Scope] = "compare"
    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in bindings_of("app") if isinstance(binding, Binding) and binding.id in EVERYWHERE
    ]

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Where the palette takes its actions from."""
        return (self.SCOPE, "app")

    @property
    def focus_target(self) -> Widget:
        return self.focused or self

    @property
    def hints(self) -> tuple[str, ...]:
        """The keys of this view, for its last line."""
        label = self.app.keys.label
        own = [action for action in actions_of(self.SCOPE) if action.group != "Moving"]
        return tuple(f"{label(action.id)} {action.name.lower()}" for action in own if label(action.id))

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.SCOPE, self.app.keys))

    def action_messages(self) -> None:
        self.app.console_screen.action_messages()

    def action_quit(self) -> None:
        self.app.console_screen.action_quit()

    def action_back(self) -> None:
        self.dismiss()

    def action_history(self) -> None:
        self.app.console_screen.action_history()

    def action_stats(self) -> None:
        self.app.console_screen.action_stats()

    def action_compose(self) -> None:
        self.app.console_screen.action_compose()

    def perform(self, scope: Scope, action: str) -> None:
        """What the palette chose."""
        self.app.call_later(self.app.run_action, action, self.focus_target)
