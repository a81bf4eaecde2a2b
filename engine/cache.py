"""Files that only save time: in the person's own cache folder, and nothing is lost when they are.

What is read back is trusted as much as our own code (it holds compiled code, which a wrong byte makes crash), so it is
taken only from a folder and files that belong to this user and that nobody else can write, and only whole.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import platformdirs

MOST = 4000
"""Files kept; with more, the older half goes."""
LARGEST = 8 * 2**20
_DIGEST = hashlib.sha256().digest_size
_LIBRARIES = ("jmespath", "jsonschema", "referencing", "regex", "yaml")
"""Whose words on a schema or flow are kept."""


class Cache:
    """Named bytes in a folder (0700, files 0600). Never raises: what cannot be read is absent, what cannot be written
    is let be. Any thread and any process may use it; the last one that writes a name wins.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str) -> bytes | None:
        """What was last written under `name`, None where there is nothing that can be trusted."""
        with suppress(OSError), self._opened() as folder:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            with open(descriptor, "rb") as file:
                about = os.fstat(descriptor)
                if not stat.S_ISREG(about.st_mode) or not _is_ours(about) or about.st_size > LARGEST:
                    return None
                content = file.read(LARGEST)
            if hashlib.sha256(content[_DIGEST:]).digest() == content[:_DIGEST]:
                return content[_DIGEST:]
        return None

    def write(self, name: str, content: bytes) -> None:
        """Keep `content` under `name`: it is there whole or not at all."""
        if len(content) > LARGEST - _DIGEST:
            return
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(OSError), self._opened() as folder:
            beside = f".{name}.{os.getpid()}.{os.urandom(4).hex()}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            try:
                with open(os.open(beside, flags, 0o600, dir_fd=folder), "wb") as file:
                    file.write(hashlib.sha256(content).digest() + content)
                os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                with suppress(OSError):
                    os.unlink(beside, dir_fd=folder)
                raise
            _thin_out(folder)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """A descriptor of the folder, looked at through it, so that nobody can put another in its place meanwhile."""
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if not _is_ours(os.fstat(folder)):
                raise PermissionError(f"others can write {self.folder}")
            yield folder
        finally:
            os.close(folder)


def own_cache() -> Cache:
    """The cache of this person."""
    return Cache(platformdirs.user_cache_path("taskdeck", appauthor=False) / "loaded")


@lru_cache(maxsize=1)
def engine_print() -> str:
    """Stands for this engine's own code and the libraries that it judges with: another one does not trust its words."""
    found = []
    with suppress(OSError), os.scandir(os.path.dirname(__file__)) as entries:
        found = [(entry.name, _stamp(entry.stat())) for entry in entries if entry.name.endswith(".py")]
    for name in _LIBRARIES:
        with suppress(OSError, ImportError, ValueError):
            spec = find_spec(name)
            found.append((name, _stamp(os.stat(spec.origin)) if spec is not None and spec.origin else ""))
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()


def _stamp(about: os.stat_result) -> str:
    return f"{about.st_size}:{about.st_mtime_ns}"


def _is_ours(about: os.stat_result) -> bool:
    return about.st_uid == os.geteuid() and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _thin_out(folder: int) -> None:
    names = os.listdir(folder)
    if len(names) <= MOST:
        return
    times = []
    for name in names:
        with suppress(OSError):
            times.append((os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns, name))
    for _, name in sorted(times)[: len(times) // 2]:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
