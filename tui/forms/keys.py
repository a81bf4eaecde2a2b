"""The keys of the launch dialog: those of the table of actions, and what works in the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual.binding import Binding, BindingType

from tui.bindings import bindings_of
from tui.forms.editors import AreaInput
from tui.forms.widgets import RowWidget

KEYS = (
    ("move_item(-1)", "alt+up,ctrl+up", "Move the item up"),
    ("move_item(1)", "alt+down,ctrl+down", "Move the item down"),
    ("next_state", "f12,alt+e", "Unset, null, empty"),
    ("lengthen", "f4", "Several lines, or the options"),
    ("explain", "f1", "The whole help"),
    ("undo_edit", "f6,alt+u", "Undo"),
)
"""What works in the rows beside the table's keys of the dialog: action, keys, name."""


def launch_bindings() -> list[BindingType]:
    """All with priority, so that they work from within every editor."""
    table = [replace(binding, priority=True) for binding in bindings_of("launch") if isinstance(binding, Binding)]
    known = {binding.action.removeprefix("screen.") for binding in table}
    own = [Binding(keys, action, name, show=False, priority=True) for action, keys, name in KEYS if action not in known]
    return [*table, *own]


def hints(label: Callable[[str, str], str], widget: RowWidget | None, *, in_json: bool, trouble: bool) -> list[str]:
    """The keys of this moment: those of the dialog, and what the focused row adds.

    `label` gives the name of an action's key, by its id and usual name.
    """
    keys = [
        f"{label('launch.run', 'ctrl+r')} launch",
        f"{label('launch.switch', 'F2')} {'form' if in_json else 'JSON'}",
        f"{label('launch.leave', 'Esc')} leave",
    ]
    if widget is not None:
        row = widget.row
        if isinstance(widget.editor, AreaInput):
            keys.append("Tab next")
        elif row.kind in ("boolean", "choice"):
            keys.append("space picks")
        if row.kind in ("array", "map") or row.removable:
            keys.append(f"{label('launch.add', 'ctrl+n')} add")
        if row.removable:
            keys.append(f"{label('launch.remove', 'ctrl+delete')} remove")
        if row.kind == "secret":
            keys.append(f"{label('launch.reveal', 'F9')} show")
        if row.nullable:
            keys.append("F12 null")
    if trouble:
        keys.append(f"{label('launch.problem', 'F8')} next problem")
    return keys
