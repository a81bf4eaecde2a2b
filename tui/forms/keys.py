"""The launch dialog's bindings, from the table of actions, and the words at its foot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from textual.app import App
from textual.binding import Binding, BindingType

from tui.bindings import bindings_of
from tui.forms.controls import Drop
from tui.forms.editors import AreaInput
from tui.forms.model import ABSENT, Problem
from tui.forms.problems import PENDING
from tui.forms.raw_text import NAMES, Language
from tui.forms.rows import Row
from tui.forms.told import TOLD
from tui.forms.widgets import RowWidget
from tui.keymap import label_of

PICKS = {"date": "calendar", "datetime": "calendar", "path": "files"}
"""What the key of long texts opens on a row, by its kind."""


def launch_bindings() -> list[BindingType]:
    """All with priority, so that they work from within every editor."""
    return [replace(binding, priority=True) for binding in bindings_of("launch") if isinstance(binding, Binding)]


def answer_bindings() -> list[BindingType]:
    """Those of an answer's form; what is a launch form's alone is inherited and does nothing there."""
    return [replace(binding, priority=True) for binding in bindings_of("answer") if isinstance(binding, Binding)]


def hints(
    app: App[object],
    widget: RowWidget | None,
    *,
    item: bool,
    view: str,
    trouble: bool,
    language: Language,
    verb: str = "launch",
) -> list[str]:
    """The keys of this moment: those of the dialog, and those that the focused row adds.

    `item` says that the row stands in an item or entry, `view` what the dialog shows ("form", "json", "options" or
    "preview"), `language` what its text is written in, `verb` what the dialog is for.
    """

    def key(action: str, words: str) -> str:
        label = label_of(app, f"launch.{action}")
        return f"{label} {words}" if label else ""

    keys = [key("run", verb), key("switch", "form" if view == "json" else NAMES[language])]
    if view == "json":
        keys.append(key("yaml", "JSON" if language == "yaml" else "YAML"))
    keys += [
        key("leave", "back" if view in ("options", "preview") else "leave"),
        key("load", "load"),
        key("options", "form" if view == "options" else "options"),
        key("preview", "form" if view == "preview" else "preview"),
    ]
    if trouble and view in ("form", "json"):
        keys += [key("problem", "next problem"), key("problems", "all")]
    if widget is not None:
        keys += _of_row(widget, key, item=item)
    return list(filter(None, keys))


def _of_row(widget: RowWidget, key: Callable[[str, str], str], *, item: bool) -> list[str]:
    row = widget.row
    keys = [key("menu", "field menu"), *_of_state(row, key)]
    if isinstance(widget.editor, AreaInput):
        keys.append("Tab next")
    elif isinstance(widget.editor, Drop):
        keys.append("Enter opens")
    elif row.kind in ("boolean", "choice"):
        keys.append("space picks")
    elif row.kind in PICKS or row.format == "uuid":
        keys.append(key("lengthen", PICKS.get(row.kind, "new UUID")))
    elif widget.opens_list:
        keys.append(key("lengthen", "list"))
    if row.suggestion is not ABSENT:
        keys.append(key("suggest", "suggested"))
    if row.kind in ("array", "map") or item:
        keys.append(key("add", "add"))
    if item:
        keys.append(key("remove", "remove"))
    if row.page is not None:
        keys.append(key("page", "next page"))
    if widget.can_reveal:
        keys.append(key("reveal", "show"))
    return keys


def _of_state(row: Row, key: Callable[[str, str], str]) -> list[str]:
    """How the menu sets what no typing does."""
    keys = [key("menu", 'k names it ""')] if row.unnamed else []
    typed = row.kind in ("choice", "raw") or (row.kind == "any" and not row.types)
    return [*keys, key("menu", "n null")] if row.nullable and row.state != "null" and not typed else keys


def counted(problems: Sequence[Problem]) -> str:
    """`2 to fill · 1 ✗`, or that all is well; what a run said of the inputs stands beside it."""
    to_fill = sum(problem.kind == "required" for problem in problems)
    told = sum(problem.kind == TOLD for problem in problems)
    pending = sum(problem.kind == PENDING for problem in problems)
    wrong = len(problems) - to_fill - told - pending
    words = [f"{to_fill} to fill" if to_fill else "", f"{wrong} ✗" if wrong else "", "checking" if pending else ""]
    ready = " · ".join(filter(None, words)) or "✔ ready"
    return f"{ready} · {told} told by the last run" if told else ready
