"""`taskdeck backup`: a copy of the store now, beside those that the console makes."""

from __future__ import annotations

import argparse
import json
from typing import Any

from engine.backup import Backup, back_up
from engine.errors import StoreError
from engine.settings import Settings
from tui.commands.exits import FINE
from tui.commands.streams import Streams


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Print where it lies. Raises `StoreError` where there is nothing to copy or no room."""
    store = options.store_file or settings.store
    if not store.exists():
        raise StoreError(f"there is no store {store}", "Name it with --store FILE")
    made = back_up(store, keep=max(settings.backups, 1))
    if options.json:
        streams.say(json.dumps(as_data(made)))
    else:
        streams.say(str(made.path))
    return FINE


def as_data(backup: Backup) -> dict[str, Any]:
    """A backup as `--json` prints it."""
    made_at = backup.made_at.isoformat()
    return {"name": backup.name, "path": str(backup.path), "made_at": made_at, "bytes": backup.size}
