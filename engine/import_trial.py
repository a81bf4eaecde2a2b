"""An executor file imported in a process of its own: what ends that at its import would end the console."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

from engine import memory
from engine.death import death, last_place
from engine.sources import Source

TRIAL = 5.0
"""Seconds that a trial may take beside the import itself."""
OVER = 71
"""The exit code of a trial that would have taken all memory."""
WORDS = 4_000
"""Characters of a trial's last words that are looked at."""
_BOOT = "import sys; sys.path[:] = sys.argv[4:]; from engine.import_trial import trial; trial(*sys.argv[1:4])"


def how_it_ends(source: Source, root: str, limit: float) -> str:
    """How a process ends that imports the file of the folder `root`, "" where it goes on; blocks up to `limit` s."""
    kills = memory.kernel_kills()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, root, source.rel, str(limit), *sys.path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            code = process.wait(limit + TRIAL)
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
    return "it takes all memory" if code == OVER else f"{death(code, kills)}{last_place(words)}"


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
