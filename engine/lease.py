"""Who owns which runs: a file per engine process, locked while it lives (behaviour.md 7.2).

The kernel frees a flock the moment its process dies, also by kill -9, so a free lock proves a dead owner.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from os import pwrite  # bound here: while files are imported the fence refuses it
from pathlib import Path
from uuid import uuid4
from weakref import WeakSet

from engine.rights import PRIVATE, Rights

END = b"\0"
"""After the note of an owner: an earlier one may have been longer."""
_held: WeakSet[Lease] = WeakSet()


def _forked() -> None:
    """In a copy of this process: while it has the file open, too, the owner would seem to live after its end."""
    for lease in _held:
        lease.let_go()


os.register_at_fork(after_in_child=_forked)


class Lease:
    """A held lock. `id` names the owner in the store; a store in memory has no folder and needs no lock."""

    def __init__(self, folder: Path | None, rights: Rights = PRIVATE) -> None:
        """`rights` are those of the store: who shares it must be able to see that its owner has died."""
        self.id = f"{os.getpid()}-{uuid4().hex[:12]}"
        self._folder = folder
        self._rights = rights
        self._fd: int | None = None

    def acquire(self) -> None:
        """Make and lock the file; raises OSError where the folder cannot be written."""
        if self._folder is None:
            return
        self._rights.make_folder(self._folder)
        flags = os.O_RDWR | os.O_CLOEXEC  # a child must not keep the lock alive
        self._fd = self._rights.open(self._folder / self.id, flags)
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _held.add(self)

    def let_go(self) -> None:
        """Close the file and leave it: the lock is another process's."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def release(self) -> None:
        if self._folder is None or self._fd is None:
            return
        (self._folder / self.id).unlink(missing_ok=True)
        self.let_go()

    def note(self, text: str) -> None:
        """Write down what shall be known of this owner should it die. Raises OSError."""
        if self._fd is not None:
            pwrite(self._fd, text.encode("utf-8", "surrogateescape") + END, 0)

    def left(self) -> Iterator[tuple[Path, str]]:
        """The files of owners that have ended, each with what it noted last; they stay there."""
        if self._folder is None:
            return
        for path in self._folder.iterdir():
            if path.name == self.id:
                continue
            try:
                fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found = os.pread(fd, os.fstat(fd).st_size, 0)
            except OSError:  # it lives
                continue
            finally:
                os.close(fd)
            yield path, found.partition(END)[0].decode("utf-8", "surrogateescape")

    def is_dead(self, owner: str) -> bool:
        """True when `owner` is another process that has ended; its file is removed on the way."""
        if owner == self.id or self._folder is None:
            return False
        path = self._folder / owner
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            return True
        except OSError:
            return False
        finally:
            os.close(fd)
