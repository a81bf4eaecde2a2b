"""Whether a store is well: looks at the file without an engine and changes nothing in it."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from engine.rights import rights_of, too_open

Level = Literal["ok", "warning", "problem"]
APPLICATION_ID = 0x7A5DEC
"""Marks a file as a store of ours, so that a foreign or empty one is told apart."""
NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "afs", "ceph", "cephfs", "glusterfs", "lustre"}
    | {"beegfs", "gpfs", "orangefs", "ocfs2", "gfs2", "moosefs", "juicefs", "ncpfs"}
    | {"sshfs", "s3fs", "rclone", "gcsfuse", "gvfsd-fuse", "davfs", "davfs2"}
)
"""File systems on which locks and shared memory of several machines cannot be trusted."""
LOW_SPACE = 256 * 2**20
"""Free bytes below which a store is in danger."""
LARGE_JOURNAL = 256 * 2**20
BUSY_SECONDS = 2.0
LISTS = "`taskdeck restore` lists its backups"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `what` names it, `said` tells how it is, `hint` what to do about it."""

    what: str
    level: Level
    said: str
    hint: str = ""


def newest_version() -> int:
    """The schema that this taskdeck writes."""
    return max(int(f.name[:4]) for f in files("engine").joinpath("migrations").iterdir() if f.name.endswith(".sql"))


def check_file(path: Path, *, thorough: bool = False) -> str:
    """What is wrong with a store's file, "" for a sound one; `thorough` reads every page of every index.

    Raises nothing: a file that cannot be read is one more thing that can be wrong.
    """
    if not path.is_file():
        return "it is no file"
    if path.stat().st_size == 0:
        return "it is empty"
    try:
        with closing(_open(path)) as connection:
            if _number(connection, "PRAGMA application_id") != APPLICATION_ID:
                return "it is no store of taskdeck"
            version, known = _number(connection, "PRAGMA user_version"), newest_version()
            if version > known:
                return f"a newer taskdeck wrote it (schema {version}, this one knows {known})"
            pragma = "integrity_check" if thorough else "quick_check"
            found = [str(row[0]) for row in connection.execute(f"PRAGMA {pragma}(5)")]
    except sqlite3.Error as error:
        return str(error)
    return "" if found == ["ok"] else "; ".join(found)


def owners_of(store: Path) -> Path:
    """The folder in which every process that has the store open holds a locked file (behaviour.md 7.2)."""
    return store.with_name(f"{store.name}-owners")


def holders(store: Path) -> list[int]:
    """The processes that have the store open now."""
    return sorted({int(path.name.partition("-")[0]) for path in _locked(owners_of(store))})


def _locked(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            with suppress(OSError), path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    yield path


def file_system(path: Path) -> str:
    """The type of the file system that `path` is on ("ext4", "nfs4"), "" where that is unknown."""
    import psutil  # not for those who only open a store

    found, best = "", -1
    place = path.absolute()
    for mount in psutil.disk_partitions(all=True):
        point = Path(mount.mountpoint)
        if (place == point or point in place.parents) and len(point.parts) > best:
            found, best = mount.fstype, len(point.parts)
    return found


def dangers(store: Path, group: str = "") -> list[Finding]:
    """What of a store's place and rights is no good, for whoever opens it; reads nothing of it. May block on a mount.

    `group` is the one that it is meant to be shared with.
    """
    return [each for each in (_place(store), *_rights(store, group)) if each.level != "ok"]


def examine(store: Path, *, thorough: bool = False, group: str = "") -> list[Finding]:
    """Look at everything that a store needs; blocks for as long as reading its pages takes."""
    found = [_place(store), *_room(store)]
    if not store.exists():
        return [*found, Finding("store", "ok", f"{store} does not exist yet; the first start makes it")]
    trouble = check_file(store, thorough=thorough)
    if trouble:
        return [*found, Finding("store", "problem", f"{store}: {trouble}", LISTS)]
    found.append(Finding("store", "ok", f"{store} is sound"))
    try:
        with closing(_open(store)) as connection:
            found += [*_rows(connection, store), *_index(connection)]
    except sqlite3.Error as error:
        found.append(
            Finding("rows", "problem", f"they cannot be read: {error}", "`taskdeck restore` lists its backups")
        )
    return [*found, *_rights(store, group), *_journal(store), *_processes(store)]


def _place(store: Path) -> Finding:
    kind = file_system(store)
    if kind.removeprefix("fuse.").casefold() in NETWORK:
        hint = "Use it from one machine only, or name a file on a local disk with --store FILE"
        return Finding("file system", "warning", f"{kind}: locks over a network cannot be trusted", hint)
    return Finding("file system", "ok", kind or "unknown")


def _room(store: Path) -> Iterator[Finding]:
    folder = next(parent for parent in store.absolute().parents if parent.exists())
    free = shutil.disk_usage(folder).free
    said = f"{free / 2**20:,.0f} MiB are free"
    if not os.access(folder, os.W_OK):
        yield Finding("folder", "problem", f"{folder} cannot be written", "Make it yours, or name another file")
    if free < LOW_SPACE:
        yield Finding("room", "warning", said, "Free some: with a full disk results wait in memory")
    else:
        yield Finding("room", "ok", said)


def _rows(connection: sqlite3.Connection, store: Path) -> Iterator[Finding]:
    """Rows that fit nothing: of runs that are not there, or in progress while nobody runs them."""
    lost = _number(
        connection,
        "SELECT count(*) FROM task AS own WHERE parent_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM task WHERE id = own.parent_id)",
    )
    owned = "SELECT DISTINCT owner FROM run WHERE owner IS NOT NULL"
    living = {path.name for path in _locked(owners_of(store))}
    dead = [owner for (owner,) in connection.execute(owned) if owner not in living]
    marks = ",".join("?" * len(dead))
    cut = _number(
        connection,
        f"SELECT count(*) FROM task JOIN run ON run.id = task.run_id WHERE task.status = 'in_progress'"
        f" AND (run.owner IS NULL OR run.owner IN ({marks}))",
        *dead,
    )
    if lost:
        yield Finding("tasks", "warning", f"{lost} have a parent that is not there", "They are shown under their run")
    if cut:
        hint = "The next start shows them as interrupted"
        yield Finding("tasks", "warning", f"{cut} were cut off when their process ended", hint)
    if not lost and not cut:
        yield Finding("tasks", "ok", "every one has its run, and none is cut off")


def _index(connection: sqlite3.Connection) -> Iterator[Finding]:
    try:
        connection.execute("SELECT count(*) FROM search WHERE search MATCH 'a*'").fetchone()
        yield Finding("search index", "ok", "it can be read")
    except sqlite3.Error as error:
        yield Finding("search index", "warning", str(error), "It is made anew by the next start")


def _rights(store: Path, group: str) -> Iterator[Finding]:
    said, hint = too_open(store, group)
    if said:
        yield Finding("rights", "warning", said, hint)
    elif rights_of(store).gid is not None:
        yield Finding("rights", "ok", f"shared with the group {group}")
    else:
        yield Finding("rights", "ok", "only its user may read it")


def _journal(store: Path) -> Iterator[Finding]:
    journal = Path(f"{store}-wal")
    if journal.exists() and (size := journal.stat().st_size) > LARGE_JOURNAL:
        hint = "Something reads the store without end; end other programs that have it open"
        yield Finding("journal", "warning", f"{size / 2**20:,.0f} MiB wait to be moved into the store", hint)


def _processes(store: Path) -> Iterator[Finding]:
    living = holders(store)
    said = f"open in process {', '.join(map(str, living))}" if living else "open in no process"
    yield Finding("processes", "ok", said)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)


def _number(connection: sqlite3.Connection, sql: str, *values: object) -> int:
    return int(connection.execute(sql, values).fetchone()[0])
