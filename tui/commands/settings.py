"""`taskdeck settings`: every setting with its value, and who said it."""

from __future__ import annotations

import argparse
import difflib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.commands.exits import FINE
from tui.commands.streams import Streams
from tui.text import safe_text

if TYPE_CHECKING:
    from engine import Settings

DEFAULT = "default"
VALUE = 80
"""Characters of a value that a line shows; `--json` has all."""


@dataclass(frozen=True, slots=True)
class Row:
    """`name` is as `settings.toml` has it, those of the console with their table; `source` says where it was said."""

    name: str
    value: Any
    default: Any
    source: str


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Raises `SettingsError` for a name that is none, with near ones, and for a wrong setting wherever it stands."""
    rows = _chosen([*_engine(options, settings), *_console(options)], options.names)
    if options.json:
        streams.say(json.dumps([asdict(row) for row in rows]))
    else:
        width = max(len(row.name) for row in rows)
        values = [safe_text(_word(row.value), limit=VALUE) for row in rows]
        wide = min(max(map(len, values)), 44)
        for row, value in zip(rows, values, strict=True):
            streams.say(f"{row.name:{width}}  {value:{wide}}  {safe_text(row.source)}")
    for variable, hint in _strangers():
        streams.note(f"the variable {safe_text(variable, limit=VALUE)} is no setting{hint}")
    return FINE


def _engine(options: argparse.Namespace, settings: Settings) -> Iterator[Row]:
    from engine.settings import Settings, said

    default = Settings()
    sources = {name: source for name, (_, source) in said().items()}
    sources |= {
        name: f"--{name.replace('_', '-')}"
        for name, is_given in (("group", options.group is not None), ("read_only", options.read_only))
        if is_given
    }
    if options.store_file:
        sources["store"] = "--store"
    for field in fields(Settings):
        value = options.store_file if field.name == "store" and options.store_file else getattr(settings, field.name)
        if field.name == "notify":
            value = [rule.shown for rule in settings.notify]
        standard = getattr(default, field.name)
        yield Row(field.name, _plain(value), _plain(standard), sources.get(field.name, DEFAULT))


def _console(options: argparse.Namespace) -> Iterator[Row]:
    from engine.settings import config_folder
    from tui.console_settings import TABLE, ConsoleSettings, resolve
    from tui.state_file import Kept

    given = {name: getattr(options, name) for name in ("theme", "ascii", "mouse")}
    found = resolve(given, os.environ, config_folder() / "settings.toml", Kept.load().settings())
    for field in fields(ConsoleSettings):
        value = getattr(found.settings, field.name)
        source = found.sources.get(field.name, DEFAULT)
        yield Row(f"{TABLE}.{field.name}", value, getattr(ConsoleSettings(), field.name), source)


def _chosen(rows: list[Row], names: list[str]) -> list[Row]:
    from engine import SettingsError

    known = [row.name for row in rows]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}?" if near else "`taskdeck settings` shows all"
            raise SettingsError(f"there is no setting '{name}'", hint)
    return [row for row in rows if not names or row.name in names]


def _strangers() -> Iterator[tuple[str, str]]:
    """Variables that look like settings and are none: a typing error there would pass unseen."""
    from engine.settings import ENV_PREFIX, Settings
    from tui.console_settings import ConsoleSettings

    known = [ENV_PREFIX + field.name.upper() for kind in (Settings, ConsoleSettings) for field in fields(kind)]
    for variable in sorted(os.environ):
        if variable.startswith(ENV_PREFIX) and variable not in known:
            near = difflib.get_close_matches(variable, known, n=1)
            yield variable, f"; did you mean {near[0]}?" if near else ""


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, Path):
        return os.fspath(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _word(value: Any) -> str:
    """As a line of `settings.toml` would have it, nearly."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return json.dumps(value, ensure_ascii=False)
