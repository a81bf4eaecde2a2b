"""Which executor files are being imported, noted on disk: what ends the console at its import must not end the next.

A crash in C code, or the kernel for want of memory, leaves nothing but that note. The next start imports such a file in
a process of its own first, and leaves it out where that ends, too.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import psutil

from engine import memory
from engine.death import death, last_place
from engine.lease import Lease
from engine.rights import rights_of
from engine.sources import Source

TRIAL = 5.0
"""Seconds that a trial may take beside the import itself."""
OVER = 71
"""The exit code of a trial that would have taken all memory."""
WORDS = 4_000
"""Characters of a trial's last words that are looked at."""
_BOOT = "import sys; sys.path[:] = sys.argv[4:]; from engine.import_marks import trial; trial(*sys.argv[1:4])"
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
        kills = memory.kernel_kills()
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, root, source.rel, str(self._limit), *sys.path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
            try:
                code = process.wait(self._limit + TRIAL)
            except subprocess.TimeoutExpired:  # what hangs is given up here, too, and harms nobody
                code = 0
            finally:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            said.seek(max(said.tell() - WORDS, 0))
            words = said.read().decode("utf-8", "replace")
        if code == 0:
            return ""
        how = "it takes all memory" if code == OVER else f"{death(code, kills)}{last_place(words)}"
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


def trial(root: str, rel: str, limit: str) -> None:
    """Import a file of the folder with all that it needs, in this process; the exit code is 0 where that goes well.

    What it raises is no harm: the console tells of it. The kernel shall end this process rather than another.
    """
    from engine.cache import own_cache
    from engine.fence import fence
    from engine.shelf import Shelf

    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable(2, all_threads=True)
    shelf = Shelf(Path(root), "given", float(limit), own_cache())
    fence.install()
    with memory.limited(psutil.virtual_memory().available // 2):
        problem = shelf.attempt(rel)
    os._exit(OVER if problem is not None and problem.text.startswith("MemoryError") else 0)
