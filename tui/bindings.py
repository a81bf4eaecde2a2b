"""Textual's bindings, made from the table of actions."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from tui.actions import Action, Scope, actions_of
from tui.key_names import binding_keys

MOVING = "Moving"
"""The group of the keys that every list and text understands by itself."""
_OWN = {"choose", "fold", "unfold", "earlier", "later", "nearer", "farther", "fit"}
_OF_RUNS = {"fold_level", "mark", "mark_range", "jump", "match", "sort", "follow_action"}
"""Done by the widget that has the focus, of the second only in the runs; all else is done by the screen."""
_APP = {"command_palette", "suspend_process"}


def target(action: Action) -> str:
    """The action's method with the place that has it."""
    method = action.method.partition("(")[0]
    if action.group == MOVING or method in _OWN or (action.scope == "runs" and method in _OF_RUNS):
        return action.method
    return f"app.{action.method}" if action.method in _APP else f"screen.{action.method}"


def bindings_of(scope: Scope, *, moving: bool | None = None) -> list[BindingType]:
    """The bindings of one scope; `moving` takes only the moving keys, or all but them."""
    return [
        Binding(",".join(binding_keys(action.keys)), target(action), action.name, show=False, id=action.id)
        for action in actions_of(scope)
        if moving is None or moving == (action.group == MOVING)
    ]
