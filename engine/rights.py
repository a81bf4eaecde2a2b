"""Who may open a store's files: only its user, or a group as well where the store is shared with one on purpose.

What lies beside the store (owners, backups, SQLite's own files) follows the store's file, so that everyone who opens a
shared store makes files that the others can open too, whatever their umask and settings are.
"""

from __future__ import annotations

import grp
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from engine.errors import StoreError

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
SHARED_FILE, SHARED_FOLDER = 0o660, 0o2770
GROUP_BITS, OTHER_BITS = 0o060, 0o007


@dataclass(frozen=True, slots=True)
class Rights:
    """`gid` is the group that a store is shared with, None for a private one."""

    gid: int | None = None

    @property
    def file(self) -> int:
        return PRIVATE_FILE if self.gid is None else SHARED_FILE

    @property
    def folder(self) -> int:
        return PRIVATE_FOLDER if self.gid is None else SHARED_FOLDER

    def make_folder(self, path: Path) -> None:
        """Make the folder where it is missing; its parents are private. Raises OSError."""
        if path.is_dir():
            return
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        try:
            path.mkdir(mode=PRIVATE_FOLDER)
        except FileExistsError:
            return
        if self.gid is not None:
            os.chown(path, -1, self.gid)
            path.chmod(self.folder)  # not by mkdir: a umask would take from it

    def open(self, path: Path, flags: int) -> int:
        """Open a file, made with these rights where it is missing; gives its descriptor. Raises OSError."""
        descriptor = os.open(path, flags | os.O_CREAT, PRIVATE_FILE)
        if self.gid is not None and os.fstat(descriptor).st_uid == os.geteuid():
            os.fchown(descriptor, -1, self.gid)
            os.fchmod(descriptor, self.file)
        return descriptor


PRIVATE = Rights()


def rights_of(store: Path) -> Rights:
    """The rights that the store's file has; private where there is none yet."""
    try:
        found = store.stat()
    except OSError:
        return PRIVATE
    return Rights(found.st_gid) if found.st_mode & GROUP_BITS == GROUP_BITS else PRIVATE


def share(store: Path, group: str) -> Rights:
    """Make the store at `store`, new or there already, the group's.

    Its folder is made where missing; one that is there has to be the group's already: others may have files in it.
    Raises `StoreError` saying what to do, OSError where the disk refuses.
    """
    try:
        gid = grp.getgrnam(group).gr_gid
    except KeyError:
        raise StoreError(f"there is no group '{group}'", "Name one that `getent group` lists") from None
    rights, folder = Rights(gid), store.parent
    try:
        rights.make_folder(folder)
        found = folder.stat()
        if found.st_gid != gid or found.st_mode & (SHARED_FOLDER | OTHER_BITS) & 0o2777 != SHARED_FOLDER:
            raise StoreError(
                f"the folder {folder} is not the group's own ({mode_of(found)})",
                f"chgrp {group} {folder} && chmod 2770 {folder}, or name a file in a folder that is not there yet",
            )
        descriptor = rights.open(store, os.O_RDWR)
        try:
            _give(descriptor, rights)
        finally:
            os.close(descriptor)
        for end in ("-wal", "-shm"):
            if (beside := Path(f"{store}{end}")).exists() and beside.stat().st_uid == os.geteuid():
                os.chown(beside, -1, gid)
                beside.chmod(SHARED_FILE)
    except PermissionError as error:
        hint = f"It takes a member of the group; who owns {store} can share it"
        raise StoreError(f"{store} cannot be shared with the group {group}: {error.strerror}", hint) from error
    return rights


def _give(descriptor: int, rights: Rights) -> None:
    found = os.fstat(descriptor)
    if rights.gid is not None and (found.st_gid, found.st_mode & 0o777) != (rights.gid, SHARED_FILE):
        os.fchown(descriptor, -1, rights.gid)
        os.fchmod(descriptor, SHARED_FILE)


def too_open(store: Path, group: str = "") -> tuple[str, str]:
    """Who else may read or write a store than its user and the group it is meant for, and what to do; "" for nobody."""
    try:
        found = store.stat()
    except OSError:
        return "", ""
    others = found.st_mode & OTHER_BITS
    shared = found.st_mode & 0o070 and group_name(found.st_gid) != group
    if others:
        return f"everybody may {_verb(others)} it ({mode_of(found)})", f"chmod {660 if group else 600} {store}"
    if shared:
        name = group_name(found.st_gid)
        said = f"the group {name} may {_verb((found.st_mode & 0o070) >> 3)} it ({mode_of(found)})"
        return said, f'chmod 600 {store}, or say that it is meant: group = "{name}" in settings.toml'
    return "", ""


def _verb(bits: int) -> str:
    return "write" if bits & 0o2 else "read"


def group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def mode_of(found: os.stat_result) -> str:
    """`660, group ops`."""
    return f"{stat.S_IMODE(found.st_mode):o}, group {group_name(found.st_gid)}"
