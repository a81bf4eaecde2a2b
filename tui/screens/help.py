"""The keys: first those of the view one came from, then all others. Written from the table of actions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui.actions import ACTIONS, Action, Scope
from tui.command_line import COMMANDS
from tui.key_names import key_label
from tui.keymap import Keymap
from tui.widgets.text_view import Line, TextView
from tui.wording import scope_title

KEYS = 16
"""Width of the column of keys."""


def help_lines(scope: Scope, keymap: Keymap, width: int, file: Path | None = None) -> list[Line]:
    """Every action with its keys, in `width` cells, those of `scope` first; then the commands.

    `file` is where the person's own keys stand, or could.
    """
    order: list[Scope] = [scope, "app", *(action.scope for action in ACTIONS)]
    lines: list[Line] = [(f"✗ keymap: {problem}", "bad") for problem in keymap.problems]
    for part in dict.fromkeys(order):
        actions = [action for action in ACTIONS if action.scope == part]
        if lines:
            lines.append(("", ""))
        lines.append((scope_title(part), "head"))
        lines += _lines(actions, keymap, width)
    return [*lines, ("", ""), *_commands(keymap, width), ("", ""), *_own_keys(width, file)]


def _commands(keymap: Keymap, width: int) -> list[Line]:
    """What takes words after `:`; every action above can be typed there too."""
    lines: list[Line] = [(f"Commands, after {keymap.label('app.command_line') or ':'}", "head")]
    for command in COMMANDS:
        lines.append((f"  {command.name} {command.takes}".rstrip(), "key"))
        also = f" Also {', '.join(command.aliases)}." if command.aliases else ""
        lines += [(f"  {'':<{KEYS}} {part}", "help") for part in wrap(command.help + also, max(width - KEYS - 4, 20))]
    text = "Every action above is a command too, by its name with _ for spaces, or by its id."
    return [*lines, *((f"  {part}", "dim") for part in wrap(text, max(width - 2, 20)))]


def _own_keys(width: int, file: Path | None) -> list[Line]:
    """Where keys are changed."""
    where = f" ({file})" if file is not None else " in the config folder"
    text = f"""Any key can be changed in keymap.toml{where}, a line each: "runs.cancel" = "x,delete". The ids stand in
        docs/keys.md; on a command line they work as names. What can't be had is said at the start and on top here."""
    return [
        ("Your own keys", "head"),
        *((f"  {part}", "") for part in wrap(" ".join(text.split()), max(width - 2, 20))),
    ]


def _lines(actions: Iterable[Action], keymap: Keymap, width: int) -> list[Line]:
    lines: list[Line] = []
    group = ""
    for action in sorted(actions, key=lambda action: action.group == "Moving"):
        if action.group == "Moving" != group:
            lines.append(("", ""))
        group = action.group
        keys = "  ".join(key_label(key) for key in keymap.keys(action.id))
        for part in wrap(action.help, max(width - KEYS - 4, 20)):
            lines.append((f"  {keys:<{KEYS}} {part}", "help"))
            keys = ""
    return lines


def help_pieces(line: Line) -> list[Line]:
    """The keys stand out from what they do."""
    text, role = line
    return [(text[: KEYS + 3], "key"), (text[KEYS + 3 :], "")] if role == "help" else [line]


class HelpScreen(ModalScreen[None]):
    """A sheet to read; `?` or Esc closes it."""

    CSS_PATH = "../styles/dialogs.tcss"
    AUTO_FOCUS = "TextView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", show=False),
        Binding("question_mark,f1", "dismiss", show=False, id="app.help"),
    ]

    def __init__(self, scope: Scope, keymap: Keymap) -> None:
        super().__init__()
        self._scope = scope
        self._keys = keymap

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = Content("Keys")
            sheet.border_subtitle = Content("j k scroll · Esc closes")
            yield TextView(painter=help_pieces)

    def on_resize(self) -> None:
        """Written for the width that there is."""
        from engine.settings import config_folder

        width = min(self.app.size.width * 96 // 100, 100) - 5
        self.query_one(TextView).show(help_lines(self._scope, self._keys, width, config_folder() / "keymap.toml"))
