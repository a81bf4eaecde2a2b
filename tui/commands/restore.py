"""`taskdeck restore`: lists the store's backups, or puts one in its place."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from engine.access import refuse_read_only
from engine.backup import Backup, backups, folder_of, restore
from engine.errors import StoreError
from engine.settings import Settings
from tui.commands.backup import as_data
from tui.commands.exits import FINE, count
from tui.commands.streams import Streams

NEWEST = "latest"


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Without a name the list, newest first. Raises `StoreError` where a backup cannot be put back."""
    store = options.store_file or settings.store
    made = backups(store)
    if options.backup is None:
        _list(made, store, options, streams)
        return FINE
    refuse_read_only(settings)
    chosen = _chosen(options.backup, made, store)
    aside = restore(store, chosen)
    if options.json:
        there = str(aside) if aside is not None else None
        streams.say(json.dumps({"store": str(store), "backup": str(chosen), "aside": there}))
        return FINE
    streams.say(f"{store} is as it was in {chosen.stem}")
    if aside is not None:
        streams.note(f"what stood there is now {aside}")
    return FINE


def _list(made: list[Backup], store: Path, options: argparse.Namespace, streams: Streams) -> None:
    if options.json:
        streams.say(json.dumps([as_data(backup) for backup in made]))
        return
    for backup in made:
        streams.say(f"{backup.name}  {backup.made_at.astimezone():%Y-%m-%d %H:%M:%S}  {backup.size:>14,} bytes")
    hint = "; `taskdeck restore NAME` or `latest` puts one in the store's place" if made else ""
    streams.note(f"{count(len(made), 'backup')} in {folder_of(store)}{hint}")


def _chosen(name: str, made: list[Backup], store: Path) -> Path:
    if name == NEWEST and made:
        return made[0].path
    for backup in made:
        if backup.name == name:
            return backup.path
    if Path(name).is_file():
        return Path(name).absolute()
    known = ", ".join(backup.name for backup in made[:3]) or "none"
    raise StoreError(f"there is no backup '{name}' in {folder_of(store)}", f"There are: {known}")
