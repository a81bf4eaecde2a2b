"""The console's own settings: colours, glyphs, mouse, bell. Read from the command, environment, file and kept choices.

    [console]                       # in settings.toml
    theme = "light"                 # auto, dark, light, contrast, ansi, plain
    ascii = "auto"                  # auto, on, off
    mouse = true
    notify = "bell"                 # off, bell, notify (bell and OSC 9)
    notify_after = 10               # seconds
    title = true

`TASKDECK_THEME` and so on override the file, options override both; what a person chose in the console by `:set` is
kept and counts where nothing else was said. No Textual in here.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from engine.errors import SettingsError

TABLE = "console"
"""The table of `settings.toml`, and the beginning of the names under which choices are kept."""
ENV_PREFIX = "TASKDECK_"
LONGEST_WAIT = 86_400.0
KEPT = "chosen in the console"
SAID = 40
"""Characters of a wrong value that are repeated."""
CHOICES: Mapping[str, tuple[str, ...]] = {
    "theme": ("auto", "dark", "light", "contrast", "ansi", "plain"),
    "ascii": ("auto", "on", "off"),
    "notify": ("off", "bell", "notify"),
    "mouse": ("on", "off"),
    "title": ("on", "off"),
    "notify_after": (),
}
"""The settings and the words that each takes; none where it takes a number."""
ABOUT: Mapping[str, str] = {
    "theme": "colours: plain has none, ansi the terminal's own",
    "ascii": "draw with ASCII only",
    "notify": "tell by bell, or bell and OSC 9, when what was launched here ends",
    "mouse": "take clicks; off leaves them to the terminal, to select text",
    "title": "show in the terminal's title what runs",
    "notify_after": "seconds a run must take to be told of while this is focused",
}
_TRUE, _FALSE = ("on", "true", "yes", "1"), ("off", "false", "no", "0")


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """Every setting with its default."""

    theme: str = "auto"
    ascii: str = "auto"
    mouse: bool = True
    notify: str = "bell"
    notify_after: float = 10.0
    title: bool = True

    def changed(self, name: str, value: object) -> ConsoleSettings:
        """With one setting changed. Raises ValueError saying what is wrong with name or value."""
        return replace(self, **{name: read(name, value)})

    def word(self, name: str) -> str:
        """How the setting's value is written: `on`, `bell`, `10`."""
        value = getattr(self, name)
        if isinstance(value, bool):
            return "on" if value else "off"
        return f"{value:g}" if isinstance(value, float) else str(value)


def read(name: str, value: object) -> Any:
    """`value`, given as text or as TOML gives it, as the setting's type. Raises ValueError."""
    if name not in CHOICES:
        near = difflib.get_close_matches(name, CHOICES, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(CHOICES)}"
        raise ValueError(f"there is no setting '{name[:SAID]}'; {hint}")
    if name == "notify_after":
        return _seconds(value)
    word = ("on" if value else "off") if isinstance(value, bool) else str(value).strip().lower()
    choices = CHOICES[name]
    if "off" in choices:
        word = "on" if word in _TRUE and "on" in choices else "off" if word in _FALSE else word
    if word not in choices:
        raise ValueError(f"{name} is {', '.join(choices[:-1])} or {choices[-1]}, not '{str(value)[:SAID]}'")
    return word == "on" if choices == ("on", "off") else word


def _seconds(value: object) -> float:
    try:
        seconds = float(str(value)) if not isinstance(value, bool) else -1.0
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_WAIT:
        raise ValueError(f"notify_after is a number of seconds from 0, not '{value}'")
    return seconds


class Resolved(NamedTuple):
    """The settings that hold at the start; `fixed` are those that the command, environment or file say."""

    settings: ConsoleSettings
    fixed: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    """Those of them that were said for this start: by an option or the environment."""
    sources: Mapping[str, str] = MappingProxyType({})
    """Of each that is no default: the option, the variable or the file that says it, or KEPT."""


def resolve(
    options: Mapping[str, object], environ: Mapping[str, str], file: Path, kept: Mapping[str, object]
) -> Resolved:
    """Options before the environment before the file before what was kept. Raises `SettingsError` naming the wrong one.

    A kept value that is none any more counts as not kept.
    """
    settings, sources = ConsoleSettings(), dict[str, str]()
    for name, value in kept.items():
        try:
            settings = settings.changed(name, value)
        except ValueError:
            continue
        sources[name] = KEPT
    given = [(name, value, str(file)) for name, value in _table(file).items()]
    from_file = {name for name, _, _ in given}
    variables = {each.name: ENV_PREFIX + each.name.upper() for each in fields(ConsoleSettings)}
    given += [(name, environ[key], key) for name, key in variables.items() if environ.get(key)]
    given += [(name, value, f"--{name}") for name, value in options.items() if value is not None]
    for name, value, source in given:
        try:
            settings = settings.changed(name, value)
        except ValueError as error:
            raise SettingsError(f"{error} ({source})") from None
        sources[name] = source
    told = {name for name, _, source in given if source != str(file)}
    return Resolved(settings, frozenset(from_file | told), frozenset(told), sources)


def _table(file: Path) -> Mapping[str, Any]:
    """The file's table; a missing file has none, and what is wrong with it as a whole the engine's settings say."""
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")).get(TABLE, {})
    except (OSError, ValueError):
        return {}
    if not isinstance(found, Mapping):
        raise SettingsError(f"'{TABLE}' in {file} must be a table", f'E.g. [{TABLE}] and below it theme = "light"')
    return found
