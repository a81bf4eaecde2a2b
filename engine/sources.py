"""The source files of an executor folder, as they lie on the disk at this moment."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.flow_file import is_flow_name

MAX_SOURCE = 2**20
"""Bytes an executor file may have; compiling more would hold up everything else in the process for seconds."""
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules"})
VIRTUAL_ENVIRONMENT = "pyvenv.cfg"
"""A folder holding this file is somebody's installation, not a folder of executors."""
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Source:
    """One file as it was read. `rel` is its path inside the folder, with "/"; `path` is absolute.

    `sha` is the hex SHA-256 of `content`. When the content could not be had, `error` says why and `sha` stands for
    that, so that a change of it is noticed like any other.
    """

    rel: str
    path: str
    sha: str
    content: bytes = b""
    error: Exception | None = None


@dataclass(slots=True)
class Listing:
    """What one look at a folder found. `blind` are subfolders ("" is the folder itself) that could not be listed.

    `folders` are those that were, each by the one name that its files are known by.
    """

    files: dict[str, Source] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    blind: dict[str, OSError] = field(default_factory=dict)

    def hides(self, rel: str) -> bool:
        """True when `rel` may still be there: the folder it lies in could not be listed, and not for being gone."""
        return any(
            not isinstance(error, FileNotFoundError) and (not prefix or rel.startswith(f"{prefix}/"))
            for prefix, error in self.blind.items()
        )


def is_source_name(name: str) -> bool:
    """True for the names of files that are loaded: Python, not hidden, no test; and flows."""
    if is_flow_name(name):
        return True
    return name.endswith(".py") and not name.startswith((".", "test_")) and name != "conftest.py"


def is_skipped(name: str) -> bool:
    """True for the names of entries that are never looked at."""
    return name.startswith(".") or name in SKIPPED_FOLDERS


def read(rel: str, path: str) -> Source | None:
    """Read one file; None when it is not there (any more). A pipe or device of that name does not block."""
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
        try:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode):
                return Source(rel, path, f"kind:{about.st_mode}", error=ValueError("this is no regular file"))
            # one read of the known size: a third of the time of a file object, for every file at each look
            content = os.read(descriptor, min(about.st_size, MAX_SOURCE) + 1)
            while len(content) <= MAX_SOURCE and len(content) != about.st_size:  # it is just being written
                if not (more := os.read(descriptor, MAX_SOURCE)):
                    break
                content += more
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Source(rel, path, f"error:{error.errno}", error=error)
    if len(content) > MAX_SOURCE:
        size = max(about.st_size, len(content))
        words = f"{size / 2**20:.1f} MiB is too much for one file: split it, the limit is {MAX_SOURCE // 2**20} MiB"
        return Source(rel, path, f"large:{size}:{about.st_mtime_ns}", error=ValueError(words))
    return Source(rel, path, hashlib.sha256(content).hexdigest(), content)


def scan(root: str) -> Listing:
    """Read every source file under `root`. Links are followed, each folder is taken once, so that loops of links end.

    Folders reached by a link come after the real ones: a folder with a name of its own is known by that name.
    """
    listing = Listing()
    seen: set[tuple[int, int]] = set()
    real, linked = [""], list[str]()
    while real or linked:
        prefix = real.pop() if real else linked.pop(0)
        try:
            about = os.stat(f"{root}/{prefix}")
            if (about.st_dev, about.st_ino) in seen:
                continue
            seen.add((about.st_dev, about.st_ino))
            with os.scandir(f"{root}/{prefix}") as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError as error:
            if not prefix:
                listing.blind[prefix] = error
            continue
        except OSError as error:
            listing.blind[prefix] = error
            continue
        if prefix and any(entry.name == VIRTUAL_ENVIRONMENT for entry in found):
            continue
        listing.folders.add(prefix)
        for entry, is_folder in _relevant(found):
            rel = f"{prefix}/{entry.name}" if prefix else entry.name
            if is_folder:
                (linked if entry.is_symlink() else real).append(rel)
            elif source := read(rel, f"{root}/{rel}"):
                listing.files[rel] = source
    return listing


def _relevant(entries: list[os.DirEntry[str]]) -> Iterator[tuple[os.DirEntry[str], bool]]:
    """Yield the entries worth a look, with True for folders."""
    for entry in entries:
        if is_skipped(entry.name):
            continue
        try:
            is_folder = entry.is_dir()
        except OSError as error:
            # a link that leads round in a circle: reading it by name will say so
            is_folder = error.errno != errno.ELOOP and not is_source_name(entry.name)
        if is_folder or is_source_name(entry.name):
            yield entry, is_folder
