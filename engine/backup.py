"""Copies of the store, kept beside it, and the way back to one of them.

A copy is made by `VACUUM INTO`: it is whole at one moment, whatever is written meanwhile, and needs no journal beside
it. It comes to its name only when it is on disk, so that what has a name is complete.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import StoreError
from engine.health import check_file, holders
from engine.rights import PRIVATE, Rights, rights_of

SUFFIX = ".db"
STAMP = "%Y%m%d-%H%M%S"
BUSY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Backup:
    """`made_at` is UTC and stands in the file's name; `size` is bytes."""

    path: Path
    made_at: datetime
    size: int

    @property
    def name(self) -> str:
        return self.path.stem


def folder_of(store: Path) -> Path:
    """Where the backups of a store lie."""
    return store.with_name(f"{store.name}-backups")


def backups(store: Path) -> list[Backup]:
    """The backups of a store, newest first; files with other names are none."""
    found = []
    with suppress(OSError):
        for path in folder_of(store).iterdir():
            with suppress(ValueError, OSError):
                made_at = datetime.strptime(path.stem[: len("YYYYmmdd-HHMMSS")], STAMP).replace(tzinfo=UTC)
                if path.suffix == SUFFIX:
                    found.append(Backup(path, made_at, path.stat().st_size))
    return sorted(found, key=lambda backup: (backup.made_at, backup.name), reverse=True)


def back_up(store: Path, *, keep: int, reason: str = "") -> Backup:
    """Copy the store now and let the oldest backups go beyond `keep`; blocks, so call it in a thread.

    `reason` ("before-schema-6") becomes part of the name. Raises `StoreError` where it cannot be copied: nothing
    half-written stays.
    """
    folder = folder_of(store)
    try:
        rights = rights_of(store)
        rights.make_folder(folder)
        with _alone(folder, rights):
            made = _copy(store, folder, reason, rights)
            for old in backups(store)[max(keep, 1) :]:
                old.path.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"cannot back the store {store} up: {error}", f"Check that {folder} can be written and has room"
        ) from error
    return made


def _copy(store: Path, folder: Path, reason: str, rights: Rights) -> Backup:
    size = sum(_size(Path(f"{store}{end}")) for end in ("", "-wal"))
    if (free := shutil.disk_usage(folder).free) < size:
        raise OSError(f"it takes up to {size:,} bytes and {free:,} are free")
    now = datetime.now(UTC).replace(microsecond=0)
    name = now.strftime(STAMP) + (f"-{reason}" if reason else "")
    part, path = folder / f"{name}.part", folder / f"{name}{SUFFIX}"
    for leftover in folder.glob("*.part"):  # of a process that was killed: this one is alone here
        leftover.unlink(missing_ok=True)
    try:
        os.close(rights.open(part, os.O_EXCL | os.O_WRONLY))
        with closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as source:
            source.execute("VACUUM INTO ?", (str(part),))
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
        _sync(folder)
    finally:
        part.unlink(missing_ok=True)
    return Backup(path, now, _size(path))


def restore(store: Path, backup: Path) -> Path | None:
    """Put `backup` in the place of the store; blocks.

    Returns where the former file went (with its journal), None where there was none. Raises `StoreError` while a
    process has the store open, and for a backup that is damaged: then nothing was changed.
    """
    if living := holders(store):
        raise StoreError(
            f"the store {store} is open in process {', '.join(map(str, living))}", "End it first, then try again"
        )
    if trouble := check_file(backup):
        raise StoreError(
            f"the backup {backup} cannot be used: {trouble}", "Choose another; `taskdeck restore` lists them"
        )
    part = store.with_name(f"{store.name}.restoring")
    try:
        PRIVATE.make_folder(store.parent)
        part.unlink(missing_ok=True)
        os.close(rights_of(store if store.exists() else backup).open(part, os.O_EXCL | os.O_WRONLY))
        shutil.copyfile(backup, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        aside = _put_aside(store)
        os.replace(part, store)
        _sync(store.parent)
    except OSError as error:
        raise StoreError(
            f"cannot restore {store}: {error}", "Check that its folder can be written and has room"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return aside


def _put_aside(store: Path) -> Path | None:
    """Move the store and its journal to a name that is free; the journal first, so that it never meets another file."""
    if not store.exists():
        return None
    stamp = datetime.now(UTC).strftime(STAMP)
    aside, number = store.with_name(f"{store.name}.{stamp}"), 1
    while aside.exists():
        aside, number = store.with_name(f"{store.name}.{stamp}-{number}"), number + 1
    for end in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            os.replace(f"{store}{end}", f"{aside}{end}")
    return aside


@contextmanager
def _alone(folder: Path, rights: Rights) -> Iterator[None]:
    """One process at a time makes backups."""
    with open(rights.open(folder / ".lock", os.O_WRONLY), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
