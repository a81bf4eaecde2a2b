"""Writes docs/keys.md from the table of actions: `python -m tui.keys_page > docs/keys.md`."""

from __future__ import annotations

import sys

from tui.actions import ACTIONS, Action
from tui.command_line import COMMANDS
from tui.console_settings import ABOUT, CHOICES, ConsoleSettings
from tui.key_names import key_label
from tui.wording import scope_title

HEAD = """\
# Keys and commands
Written from the table of actions by `python -m tui.keys_page > docs/keys.md`. In the console `?` shows the same with
your own keys, and the palette finds every action by its name. What else can be set stands in [settings](settings.md).

To change keys, write `keymap.toml` into the config folder, a line for each action:

```toml keymap
"runs.cancel" = "ctrl+k,delete" # its keys, by comma
[app]
jump = "ctrl+j"               # the same as "app.jump"
zoom_in = ""                  # no key
```

What can't be had (an unknown id, no key, a key that two actions want) is said at the start and on top of `?`; the
default then stays.
"""


def page() -> str:
    """The whole page, as Markdown."""
    parts = [HEAD]
    for scope in dict.fromkeys(action.scope for action in ACTIONS):
        rows = [_row(action) for action in ACTIONS if action.scope == scope]
        parts.append(f"## {scope_title(scope)}\n| keys | id | does |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join([*parts, _commands(), _settings()])


def _row(action: Action) -> str:
    keys = " ".join(f"`{key_label(key)}`".replace("|", "\\|") for key in action.keys)
    return f"| {keys} | `{action.id}` | {action.help} |"


def _commands() -> str:
    rows = [
        f"| `:{command.name}{' ' if command.takes else ''}{command.takes}` | "
        f"{' '.join(f'`:{alias}`' for alias in command.aliases)} | {command.help} |"
        for command in COMMANDS
    ]
    head = "## Commands\nEvery action is one too, by its name with `_` for spaces, or by its id.\n"
    return "\n".join([head, "| command | or | does |\n|---|---|---|", *rows, ""])


def _settings() -> str:
    """What `:set` and the table `[console]` of settings.toml take."""
    default = ConsoleSettings()
    rows = [
        f"| `{name}` | {', '.join(choices) or 'seconds'} | {default.word(name)} | {ABOUT[name]} |"
        for name, choices in CHOICES.items()
    ]
    head = (
        "## Settings of the console\nBy `:set NAME VALUE`, which is kept; in `settings.toml` below `[console]`; as\n"
        "`TASKDECK_NAME` in the environment. `NO_COLOR` means `theme plain` unless the start names another.\n\n"
        "| name | values | default | |\n|---|---|---|---|"
    )
    return "\n".join([head, *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(page())
