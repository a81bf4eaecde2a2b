"""The words at the foot of the launch dialog, and its keys from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual.app import App
from textual.binding import Binding, BindingType

from tui.bindings import bindings_of
from tui.forms.controls import Drop
from tui.forms.editors import AreaInput
from tui.forms.model import Problem
from tui.forms.widgets import RowWidget
from tui.keymap import Keymap


def launch_bindings() -> list[BindingType]:
    """Those of the table of actions with priority, so that they work from within every editor."""
    return [replace(binding, priority=True) for binding in bindings_of("launch") if isinstance(binding, Binding)]


def hints(app: App[object], widget: RowWidget | None, *, view: str, trouble: bool) -> list[str]:
    """The keys of this moment, under their names in the console's keymap: those of the dialog and of the row.

    `view` is what the dialog shows: "form", "json", "options" or "preview".
    """
    keymap = getattr(app, "keys", None)
    label = keymap.label if isinstance(keymap, Keymap) else Keymap().label
    keys = [
        f"{label('launch.run')} launch",
        f"{label('launch.switch')} {'form' if view == 'json' else 'JSON'}",
        f"{label('launch.leave')} {'back' if view in ('options', 'preview') else 'leave'}",
        f"{label('launch.load')} load",
        f"{label('launch.options')} {'form' if view == 'options' else 'options'}",
        f"{label('launch.preview')} {'form' if view == 'preview' else 'preview'}",
    ]
    if widget is not None:
        row = widget.row
        if isinstance(widget.editor, AreaInput):
            keys.append("Tab next")
        elif isinstance(widget.editor, Drop):
            keys.append("Enter opens")
        elif row.kind in ("boolean", "choice"):
            keys.append("space picks")
        if row.kind in ("array", "map") or row.removable:
            keys.append(f"{label('launch.add')} add")
        if row.removable:
            keys.append(f"{label('launch.remove')} remove")
        if row.kind == "secret":
            keys.append(f"{label('launch.reveal')} show")
        if row.nullable:
            keys.append(f"{label('launch.state')} null")
    if trouble and view == "form":
        keys.append(f"{label('launch.problem')} next problem")
    return keys


def counted(problems: Sequence[Problem]) -> str:
    """`2 to fill · 1 ✗`, or that all is well."""
    to_fill = sum(problem.kind == "required" for problem in problems)
    wrong = len(problems) - to_fill
    words = [f"{to_fill} to fill" if to_fill else "", f"{wrong} ✗" if wrong else ""]
    return " · ".join(filter(None, words)) or "✔ ready"
