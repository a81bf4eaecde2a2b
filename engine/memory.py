"""How much memory an attempt in a process of its own may take, and how much it has."""

from __future__ import annotations

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from engine.leftovers import descendants

_DATA = re.compile(r"VmData:\s*(\d+) kB")
_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


@contextmanager
def limited(limit: int | None) -> Iterator[None]:
    """Within it, this process gets at most `limit` bytes more than it has; beyond that Python raises MemoryError.

    Where the system does not tell or keep that, only the engine's own look at it (see `resident`) holds the limit.
    """
    present = _read("/proc/self/status", _DATA)
    if limit is None or present is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = present * 1024 + limit
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def resident(pid: int) -> int:
    """Bytes that all processes below `pid` hold in memory; what they share counts for each."""
    total = 0
    for each in descendants(pid):
        try:
            total += psutil.Process(each).memory_info().rss
        except psutil.Error:
            continue
    return total


def kernel_kills() -> int | None:
    """How many processes the kernel has ended for want of memory; None where it does not say."""
    return _read("/proc/vmstat", _KILLS)


def size(count: int) -> str:
    """Bytes in words: "64 MiB"."""
    return f"{count / 2**20:.3g} MiB" if count < 2**30 else f"{count / 2**30:.3g} GiB"


def _read(file: str, number: re.Pattern[str]) -> int | None:
    try:
        found = number.search(Path(file).read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    return int(found[1]) if found else None
