"""One table of everything a key does; bindings, help, hints and palette are made from it, so that they can't disagree.

An action stands here only when it works: a key without an effect is worse than none. Nothing of Textual is imported.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from tui import history_actions

Scope = Literal["app", "catalogue", "runs", "detail", "launch", "history", "compare", "timeline", "stats"]
"""Where keys work: "app" in every pane, "launch" in the dialog (where text is typed), else in the pane or view of that
name."""

PANES: tuple[Scope, ...] = ("catalogue", "runs", "detail")
VIEWS: tuple[Scope, ...] = ("history", "compare", "timeline", "stats")
"""Screens of their own, and what has keys of its own inside of the detail."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can ask for.

    `name` is short, for hints and the palette; `help` is a sentence; `keys` are Textual's names; `method` is the name
    that `action_<method>` carries, with arguments where it has some; `hint` puts it in the status line; `danger` says
    that it destroys work, so it asks first where more than one task is at stake.
    """

    id: str
    name: str
    help: str
    keys: tuple[str, ...]
    scope: Scope
    group: str
    method: str
    danger: bool = False
    hint: bool = False


def _moves(scope: Scope) -> tuple[Action, ...]:
    """The moving keys of a pane, beside the arrows those of vi."""
    return tuple(
        Action(f"{scope}.{method}", name, text, keys, scope, "Moving", method)
        for method, name, text, keys in (
            ("down", "Down", "Go one line down.", ("down", "j")),
            ("up", "Up", "Go one line up.", ("up", "k")),
            ("top", "Top", "Go to the first line.", ("home", "g")),
            ("bottom", "Bottom", "Go to the last line.", ("end", "G")),
            ("half_down", "Half down", "Go half a page down.", ("ctrl+d",)),
            ("half_up", "Half up", "Go half a page up.", ("ctrl+u",)),
            ("page_down", "Page down", "Go one page down.", ("pagedown",)),
            ("page_up", "Page up", "Go one page up.", ("pageup",)),
        )
    )


def _lines(lines: Iterable[history_actions.Line]) -> tuple[Action, ...]:
    """Actions that are listed elsewhere."""
    return tuple(
        Action(id, name, help, keys, cast(Scope, id.partition(".")[0]), group, method)
        for id, name, keys, method, group, help in lines
    )


def _task_keys(scope: Scope) -> tuple[Action, ...]:
    """What is done to the selected task, from the runs or from its detail."""

    def act(
        id: str, name: str, key: str, method: str, help: str, *, danger: bool = False, hint: bool = False
    ) -> Action:
        return Action(f"{scope}.{id}", name, help, (key,), scope, "Selected task", method, danger=danger, hint=hint)

    return (
        act("rerun", "Rerun", "r", "rerun", "Run the selected task again, its inputs in a form; or give it the secrets"
            " that it waits for.", hint=True),
        act("rerun_then", "Rerun then", "V", "rerun_then", "Run it again with the code that it ran then; asks first."),
        act("cancel", "Cancel", "c", "cancel_task", "Cancel the selected task; asks first when it has children.",
            danger=True, hint=True),
        act("cancel_tree", "Cancel tree", "C", "cancel_tree", "Cancel the whole tree of the selected task; asks first.",
            danger=True),
        act("pause", "Pause run", "p", "pause_run", "Pause the run of the selected task, so that nothing new of it"
            " starts; or resume it."),
        act("skip", "Skip", "S", "skip_task", "Have a pending or failed task count as completed; asks first.",
            danger=True),
        act("clone", "Clone", "K", "clone_task", "Launch a copy: of a single task from its form, of a tree after a"
            " question."),
        act("delete", "Delete", "D", "delete_task", "Delete the selected task and all below it, at the root the whole"
            " run; asks first.", danger=True),
        *_lines(history_actions.shared(scope)),
        act("follow", "Follow", "f", "follow", "Follow the end of the log, or stop following it."),
        act("copy", "Copy", "y", "copy_value", "Copy what the detail pane shows to the clipboard."),
        act("copy_id", "Copy id", "Y", "copy_id", "Copy the id of the selected task."),
    )  # fmt: skip


def _detail_tabs() -> tuple[Action, ...]:
    """The tabs by number; many terminals can't send alt with a digit, so each has a function key too."""
    return tuple(
        Action(
            f"app.tab_{name.lower()}",
            f"{name} tab",
            f"Show the {name} tab of the detail pane.",
            (f"alt+{number}", f"f{number + 4}"),
            "app",
            "Detail tabs",
            f"tab({number})",
        )
        for number, name in enumerate(("Result", "Log", "Inputs", "Error", "Info", "Source", "Timeline"), 1)
    )


def _panes() -> tuple[Action, ...]:
    return (
        Action("app.next_pane", "Next pane", "Go to the next pane.", ("tab",), "app", "Panes", "next_pane"),
        Action(
            "app.previous_pane",
            "Previous pane",
            "Go to the previous pane.",
            ("shift+tab",),
            "app",
            "Panes",
            "previous_pane",
        ),
        *(
            Action(f"app.pane_{name}", name.title(), text, (str(number),), "app", "Panes", f"pane({number})")
            for number, name, text in (
                (1, "catalogue", "Go to the catalogue."),
                (2, "runs", "Go to the runs."),
                (3, "detail", "Go to the detail of what is selected."),
            )
        ),
        Action("app.zoom_in", "Zoom in", "Give this pane more of the screen.", ("plus",), "app", "Panes", "zoom(1)"),
        Action(
            "app.zoom_out",
            "Zoom out",
            "Give this pane less of the screen.",
            ("underscore",),
            "app",
            "Panes",
            "zoom(-1)",
        ),
    )


def _everywhere() -> tuple[Action, ...]:
    group = "Everywhere"
    return (
        Action(
            "app.help", "Help", "Show the keys of this view, then all.", ("question_mark", "f1"), "app", group, "help",
            hint=True,
        ),
        Action(
            "app.palette", "Palette", "Find anything by its name and do it.", ("ctrl+p",), "app", group,
            "command_palette",
        ),
        Action(
            "app.pause_queue", "Pause queue",
            "Pause the whole queue, so that nothing new starts; or resume it.",
            ("P",), "app", group, "pause_queue",
        ),
        Action(
            "app.edit", "Edit code",
            "Open $VISUAL or $EDITOR at the selected executor, problem, or the executor of the selected task.",
            ("e",), "app", group, "edit",
        ),
        Action("app.messages", "Messages", "Show all messages of this session.", ("M",), "app", group, "messages"),
        Action(
            "app.quit", "Quit", "Quit; asks first while tasks run.", ("q", "ctrl+q"), "app", group, "quit", danger=True,
        ),
    )  # fmt: skip


def _launch_data() -> tuple[Action, ...]:
    """What fills the form beside typing, and what stands beside its inputs."""

    def act(id: str, name: str, keys: tuple[str, ...], method: str, help: str) -> Action:
        return Action(f"launch.{id}", name, help, keys, "launch", "Launch dialog", method)

    return (
        act("load", "Load", ("f5",), "recall", "Fill the form: from the draft, the last launches, presets, examples, or"
            " a paste (JSON, YAML, K=V lines, .env, headers, curl)."),
        act("save", "Save preset", ("ctrl+t", "alt+s"), "save_preset", "Save what the form holds as a preset under a"
            " name; secrets are left out."),
        act("options", "Options", ("f10", "alt+o"), "options", "Show the launch options (priority, label, tags, key,"
            " timeout, retries, dry run), or the form again."),
        act("preview", "Preview", ("ctrl+l", "alt+v"), "preview", "Show the exact payload that the executor will get,"
            " or the form again."),
        act("compare", "Compare", ("ctrl+g", "alt+d"), "compare", "Mark what differs from the executor's last run, or"
            " no longer."),
    )  # fmt: skip


def _filter(scope: Scope) -> tuple[Action, ...]:
    return (
        Action(
            f"{scope}.filter",
            "Filter",
            "Filter this pane while typing: Enter keeps the filter, Esc clears it, / again recalls it.",
            ("slash",),
            scope,
            scope.title(),
            "filter",
            hint=True,
        ),
        Action(
            f"{scope}.clear_filter",
            "Clear filter",
            "Clear the filter of this pane.",
            ("escape",),
            scope,
            scope.title(),
            "clear_filter",
        ),
    )


ACTIONS: tuple[Action, ...] = (
    Action(
        "catalogue.launch",
        "Launch",
        "Open the launch dialog of the selected executor.",
        ("enter",),
        "catalogue",
        "Catalogue",
        "choose",
        hint=True,
    ),
    *_filter("catalogue"),
    Action(
        "runs.open",
        "Open",
        "Fold or unfold a task with children; go to the detail of any other.",
        ("enter",),
        "runs",
        "Runs",
        "choose",
    ),
    Action(
        "runs.unfold", "Unfold", "Unfold the task, or go to its first child.", ("right", "l"), "runs", "Runs", "unfold"
    ),
    Action("runs.fold", "Fold", "Fold the task, or go to its parent.", ("left", "h"), "runs", "Runs", "fold"),
    *_filter("runs"),
    *_task_keys("runs"),
    *_task_keys("detail"),
    Action(
        "launch.run",
        "Run",
        "Check the inputs and launch.",
        ("ctrl+r",),
        "launch",
        "Launch dialog",
        "launch",
        hint=True,
    ),
    Action(
        "launch.switch",
        "Form or JSON",
        "Switch between the form and the JSON of the inputs.",
        ("f2",),
        "launch",
        "Launch dialog",
        "switch",
        hint=True,
    ),
    Action(
        "launch.leave",
        "Leave",
        "Leave the dialog without launching.",
        ("escape",),
        "launch",
        "Launch dialog",
        "leave",
        hint=True,
    ),
    Action(
        "launch.problem",
        "Next problem",
        "Go to the next field with a problem.",
        ("f8", "alt+n"),
        "launch",
        "Launch dialog",
        "problem(1)",
    ),
    Action(
        "launch.problem_back",
        "Former problem",
        "Go to the former field with a problem.",
        ("shift+f8", "alt+p"),
        "launch",
        "Launch dialog",
        "problem(-1)",
    ),
    Action(
        "launch.add",
        "Add",
        "Add an item to the list.",
        ("ctrl+n",),
        "launch",
        "Launch dialog",
        "add_item",
    ),
    Action(
        "launch.remove",
        "Remove",
        "Remove the item of a list.",
        ("ctrl+delete", "alt+delete"),
        "launch",
        "Launch dialog",
        "remove_item",
    ),
    Action(
        "launch.reveal",
        "Reveal",
        "Show or hide the secret under the cursor.",
        ("f9",),
        "launch",
        "Launch dialog",
        "reveal",
    ),
    *_launch_data(),
    *_moves("catalogue"),
    *_moves("runs"),
    *_moves("detail"),
    *_detail_tabs(),
    *_panes(),
    *_everywhere(),
    *_lines(history_actions.SCREENS),
    *_lines(history_actions.HISTORY),
    *_task_keys("history"),
    *_moves("history"),
    *_lines(history_actions.COMPARE),
    *_lines(history_actions.TIMELINE),
    *_lines(history_actions.TIMELINE_SCREEN),
    *_moves("timeline"),
    *_lines(history_actions.STATS),
    *_moves("stats"),
)

_BY_ID = {action.id: action for action in ACTIONS}


def actions_of(scope: Scope) -> list[Action]:
    """The actions of one scope, in the order in which help shows them."""
    return [action for action in ACTIONS if action.scope == scope]


def by_id(action_id: str) -> Action | None:
    """The action `action_id` ("runs.cancel"); None when there is none."""
    return _BY_ID.get(action_id)


_SPOKEN = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_PRINTED = {
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "space": "Space",
    "backspace": "Backspace",
    "delete": "Del",
    "insert": "Ins",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def key_name(character: str) -> str:
    """Textual's name for one printable character: `?` is "question_mark", `a` is "a"."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _SPOKEN.get(name, name)


PUNCTUATION = {key_name(character): character for character in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}
"""Textual's names of the ASCII signs, and the signs."""


def key_label(key: str) -> str:
    """How a key is written for people: `question_mark` as `?`, `ctrl+d` as `ctrl+d`, `pagedown` as `PgDn`."""
    *modifiers, base = key.split("+")
    label = PUNCTUATION.get(base) or _PRINTED.get(base) or (base.upper() if base[1:].isdigit() else base)
    return "+".join([*modifiers, label])


_DIGITS_WITH_ALT = dict(zip("1234567890", "¡™£¢∞§¶•ªº", strict=True))


def binding_keys(keys: Iterable[str]) -> tuple[str, ...]:
    """`keys` as a binding needs them: alt with a digit also as the sign by which Textual 8.2.8 names it.

    Terminals without the kitty protocol send ESC and the digit, which Textual reads as what a Mac types with option.
    """
    found: list[str] = []
    for key in keys:
        found.append(key)
        sign = _DIGITS_WITH_ALT.get(key.removeprefix("alt+")) if key.startswith("alt+") else None
        if sign:
            found.append(key_name(sign))
    return tuple(found)
