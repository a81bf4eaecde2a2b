"""`taskdeck doctor`: looks at the store, the folders, the watcher and the terminal, and says what to mend."""

from __future__ import annotations

import argparse
import json
import locale
import os
import platform
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TextIO

from engine.backup import backups, folder_of
from engine.health import Finding, examine
from engine.origin import known_group, known_user, login, own_groups
from engine.settings import Settings, config_folder
from tui.commands.exits import FINE, PROBLEMS
from tui.commands.folders import folders_of
from tui.commands.streams import Streams
from tui.text import safe_text

SIGNS = {"ok": "✔", "warning": "!", "problem": "✗"}
WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")
FEW_WATCHES = 1_000
PARTS = ("textual", "aiosqlite", "jsonschema", "watchfiles")
OLD_DAYS = 8


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Print every finding; 1 when one of them is a problem."""
    store = options.store_file or settings.store
    found = [
        *_versions(),
        *_settings(),
        *examine(store, thorough=options.thorough, group=settings.group),
        *_access(settings),
        *_backups(store, settings),
        *_folders(options.executors, settings),
        *_terminal(streams.output),
    ]
    if options.json:
        streams.say(json.dumps([asdict(finding) for finding in found]))
    else:
        for line in lines(found):
            streams.say(line)
    return PROBLEMS if any(finding.level == "problem" for finding in found) else FINE


def lines(found: Sequence[Finding]) -> Iterator[str]:
    """`✔ store         is sound`, and what to do about what is not well below it."""
    for finding in found:
        yield f"{SIGNS[finding.level]} {finding.what:13} {safe_text(finding.said)}"
        if finding.hint and finding.level != "ok":
            yield f"{'':15} {safe_text(finding.hint)}"


def _versions() -> Iterator[Finding]:
    known = []
    for part in PARTS:
        try:
            known.append(f"{part} {version(part)}")
        except PackageNotFoundError:
            yield Finding("versions", "problem", f"{part} is not installed", "Install taskdeck again")
    own = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    yield Finding("versions", "ok", ", ".join([own, *known]))


def _settings() -> Iterator[Finding]:
    path = config_folder() / "settings.toml"
    yield Finding("settings", "ok", str(path) if path.exists() else f"none given; they would stand in {path}")


def _access(settings: Settings) -> Iterator[Finding]:
    """What the settings keep this user from, and names in them that nobody has."""
    if settings.read_only:
        yield Finding("access", "ok", "read-only: nothing can be changed")
    named = [("user", name, known_user(name)) for name in settings.destructive_users]
    named += [("group", name, known_group(name)) for name in settings.destructive_groups]
    for kind, name, is_known in named:
        if not is_known:
            yield Finding("access", "warning", f"there is no {kind} '{name}' here", "See destructive_users and _groups")
    who = f"{login()}, in the groups {', '.join(sorted(own_groups()))}" if own_groups() else login()
    yield Finding("access", "ok", f"you are {who}")


def _backups(store: Path, settings: Settings) -> Iterator[Finding]:
    made = backups(store)
    if not settings.backups:
        yield Finding("backups", "warning", "none are made", "Set `backups` to the number to keep")
    elif not made:
        said = f"none in {folder_of(store)}; a console makes one a day"
        yield Finding("backups", "ok" if not store.exists() else "warning", said, "`taskdeck backup` makes one now")
    else:
        said = f"{len(made)}, the newest of {made[0].made_at.astimezone():%Y-%m-%d %H:%M}"
        yield Finding("backups", "ok", said)


def _folders(given: Sequence[str], settings: Settings) -> Iterator[Finding]:
    for folder in folders_of(given, settings):
        path = Path(folder.path)
        if not path.is_dir():
            yield Finding("executors", "warning", f"{path} is not there", "It is watched as soon as it is made")
        elif not os.access(path, os.R_OK | os.X_OK):
            yield Finding("executors", "problem", f"{path} cannot be read", "Make it readable to you")
        else:
            yield Finding("executors", "ok", str(path))
    if WATCHES.exists():
        most = int(WATCHES.read_text().strip() or 0)
        if most < FEW_WATCHES:
            hint = "Raise fs.inotify.max_user_watches; saves are found by looking every 2 s until then"
            yield Finding("watcher", "warning", f"the system allows {most} watches", hint)
        else:
            yield Finding("watcher", "ok", f"inotify, {most:,} watches")
    else:
        yield Finding("watcher", "warning", "no inotify here", "Saves are found by looking every 2 s")


def _terminal(output: TextIO) -> Iterator[Finding]:
    term = os.environ.get("TERM", "")
    if not output.isatty():
        yield Finding("terminal", "ok", "the output goes to no terminal")
    elif term in ("", "dumb"):
        yield Finding("terminal", "problem", f"TERM is {term or 'not set'}", "Set TERM, e.g. to xterm-256color")
    else:
        size = os.get_terminal_size(output.fileno())
        colours = (
            "24 bit" if os.environ.get("COLORTERM") in ("truecolor", "24bit") else "256" if "256" in term else "16"
        )
        inside = "tmux, " if os.environ.get("TMUX") else "screen, " if os.environ.get("STY") else ""
        yield Finding("terminal", "ok", f"{term}, {inside}{size.columns}x{size.lines}, {colours} colours")
    if output.encoding.lower().replace("-", "") != "utf8":
        hint = f"Set LANG, e.g. to C.UTF-8; now it is {locale.setlocale(locale.LC_CTYPE)}"
        yield Finding("encoding", "warning", f"{output.encoding}: some signs may not show", hint)
    else:
        yield Finding("encoding", "ok", "UTF-8")
