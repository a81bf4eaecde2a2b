"""Finds the store among the open files of the console, and would read, empty, lock or remove it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class HarmsStore(BaseTask):
    id = "harms_store"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        (store,) = {name for name in _open_files() if name.endswith(".db")}
        acts = (
            lambda: os.open(store, os.O_RDONLY),
            lambda: os.open(store, os.O_WRONLY | os.O_TRUNC),
            lambda: os.truncate(store, 0),
            lambda: os.rename(store, f"{store}.away"),
            lambda: os.remove(f"{store}-wal"),
            lambda: sqlite3.connect(store, timeout=0.1).execute("BEGIN EXCLUSIVE"),
        )
        refused = 0
        for act in acts:
            try:
                act()
            except PermissionError:
                refused += 1
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as reader:
            rows = reader.execute("SELECT count(*) FROM task").fetchone()[0]
        return {"refused": refused == len(acts), "rows": rows}


def _open_files() -> set[str]:
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/self/fd/{fd}"))
    return found
