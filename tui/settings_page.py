"""Writes docs/settings.md from the settings themselves: `python -m tui.settings_page > docs/settings.md`."""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from engine.settings import RIGHTS, Settings
from tui.console_settings import ABOUT, CHOICES, ConsoleSettings

HEAD = """\
# Settings
Written from the settings themselves by `python -m tui.settings_page > docs/settings.md`. They stand in `settings.toml`
in the config folder (`~/.config/taskdeck/` on Linux):

```toml settings
slots = 16                    # how many tasks run at once
keep_days = 30
[pools]
gpu = 2
[console]
theme = "light"
notify = "off"
```

Later ones win: the default, `/etc/taskdeck/settings.toml` for all users of a machine, your own file, the environment
(`TASKDECK_SLOTS=16`, `TASKDECK_THEME=light`), an option of the command. What that first file says of {rights} nobody
takes back, but for asking to look only. `taskdeck settings` shows each with its value and who said it:

```console
$ taskdeck settings
$ taskdeck settings slots console.theme --json
$ TASKDECK_SLOTS=16 taskdeck settings slots
$ taskdeck settings slot    # exit 2
```

A setting that is none, or has a wrong value, is told with file and near names, and nothing starts. Sizes are bytes,
times seconds.

"""
RULE = re.compile(r" \(\d+\.\d+\)")
"""The number of a rule of the engine, which is for who reads the code."""
TEXTS: Mapping[str, str] = {
    "store": "in the data folder",
    "executors": "in the config folder",
    "user": "your login",
}
"""What stands for a default that differs between people."""


def page() -> str:
    """The whole page, as Markdown."""
    about = _docstrings()
    rows = [f"| `{each.name}` | {_default(each)} | {about[each.name]} |" for each in fields(Settings)]
    rights = ", ".join(f"`{name}`" for name in sorted(RIGHTS))
    return "\n".join(
        [
            HEAD.replace("{rights}", rights) + "| name | default | |\n|---|---|---|",
            *rows,
            "",
            "## The console",
            "Below `[console]`. `:set NAME VALUE` changes one while the console is open and keeps it; a kept one",
            "counts where neither file, variable nor option says another. [Keys](keys.md) have a file of their own.",
            "",
            "| name | values | default | |\n|---|---|---|---|",
            *(
                f"| `{name}` | {', '.join(choices) or 'seconds'} | {ConsoleSettings().word(name)} | {ABOUT[name]} |"
                for name, choices in CHOICES.items()
            ),
            "",
        ]
    )


def _docstrings() -> dict[str, str]:
    """What stands below each attribute. Raises KeyError later for a setting without it: each needs one."""
    module = ast.parse(Path(inspect.getfile(Settings)).read_text(encoding="utf-8"))
    body = next(node.body for node in module.body if isinstance(node, ast.ClassDef) and node.name == "Settings")
    found = {}
    for line, below in itertools.pairwise(body):
        match line, below:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                found[name] = " ".join(RULE.sub("", text).split()).replace("|", "\\|")
    return found


def _default(each: Field[Any]) -> str:
    if each.name in TEXTS:
        return TEXTS[each.name]
    if each.default is MISSING:
        return "none"
    value = list(each.default) if isinstance(each.default, tuple) else each.default
    if isinstance(value, float):
        return f"{value:g}"
    return f"`{json.dumps(value)}`" if value or isinstance(value, bool | int) else "none"


if __name__ == "__main__":
    sys.stdout.write(page())
