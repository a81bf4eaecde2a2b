"""Which executor files are being imported, noted on disk: what ends the console at its import must not end the next.

A crash in C code, or the kernel for want of memory, leaves nothing but that note. The next start imports such a file in
a process of its own first, and leaves it out where that ends, too.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path

from engine.lease import Lease
from engine.rights import rights_of
from engine.sources import Source

Key = tuple[str, str]
"""A file's path, and the hash of its content."""


class ImportMarks:
    """The notes of one process, beside the store at `store`, and those that dead ones left."""

    def __init__(self, store: Path, limit: float) -> None:
        """`limit`: seconds that an import may take."""
        self._lease = Lease(Path(f"{store}-imports"), rights_of(store))
        self._limit = limit
        self._suspects: dict[Key, list[Path]] = {}
        self._verdicts: dict[Key, str] = {}
        self._now: list[Key] = []
        self._lock = threading.Lock()

    def open(self) -> None:
        """Raises OSError where nothing can be noted."""
        self._lease.acquire()
        for path, text in self._lease.left():
            keys = _keys(text)
            for key in keys:
                self._suspects.setdefault(key, []).append(path)
            if not keys:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        self._lease.release()

    def begin(self, source: Source) -> None:
        """The file is about to be imported; any thread."""
        with self._lock:
            self._now.append((source.path, source.sha))
            self._note()

    def end(self, source: Source) -> None:
        with self._lock:
            self._now.remove((source.path, source.sha))
            self._note()

    def _note(self) -> None:
        with suppress(OSError):  # a full disk keeps nobody from importing
            self._lease.note(json.dumps(self._now) if self._now else "")

    def refusal(self, source: Source, root: str) -> str:
        """Why the file must not be imported here, "" where nothing stands against it; blocks for a trial."""
        key = (source.path, source.sha)
        if key not in self._suspects:
            return ""
        if key not in self._verdicts:
            self._verdicts[key] = self._try(source, root)
            if not self._verdicts[key]:  # the console had another reason to end: a kill, a power cut
                self._forget(key)
        return self._verdicts[key]

    def _try(self, source: Source, root: str) -> str:
        from engine.import_trial import how_it_ends  # rarely needed, and no start shall wait for what it imports

        how = how_it_ends(source, root, self._limit)
        if not how:
            return ""
        return (
            f"its import ended the console, and now a process of its own ({how}); it is left out."
            " Change the file, or start the console again to have it tried again"
        )

    def _forget(self, key: Key) -> None:
        for path in self._suspects.pop(key):
            if not any(path in paths for paths in self._suspects.values()):
                path.unlink(missing_ok=True)


def _keys(text: str) -> list[Key]:
    try:
        return [(str(path), str(sha)) for path, sha in json.loads(text or "[]")]
    except (ValueError, TypeError):
        return []
