"""The keys of the launch dialog: those of the table of actions, and what works in the rows."""

from __future__ import annotations

from dataclasses import replace

from textual.binding import Binding, BindingType

from tui.bindings import bindings_of

KEYS = (
    ("next_problem", "f8,alt+n", "Next problem"),
    ("previous_problem", "shift+f8,alt+p,f7", "Previous problem"),
    ("add", "ctrl+n,f3", "Add an item"),
    ("remove", "ctrl+delete,f10", "Remove the item"),
    ("move_up", "alt+up,ctrl+up", "Move the item up"),
    ("move_down", "alt+down,ctrl+down", "Move the item down"),
    ("state", "f12,alt+e", "Unset, null, empty"),
    ("reveal", "f9,alt+v", "Show the secret"),
    ("lengthen", "f4", "Several lines, or the options"),
    ("explain", "f1", "The whole help"),
    ("undo", "f6,alt+u", "Undo"),
)
"""What works in the rows, beside the table's keys of the dialog: method, keys, name."""


def launch_bindings() -> list[BindingType]:
    """All with priority, so that they work from within every editor."""
    table = [replace(binding, priority=True) for binding in bindings_of("launch") if isinstance(binding, Binding)]
    known = {binding.id for binding in table}
    own = [
        Binding(keys, f"do('{method}')", name, show=False, priority=True, id=f"launch.{method}")
        for method, keys, name in KEYS
        if f"launch.{method}" not in known
    ]
    return [*table, *own]
