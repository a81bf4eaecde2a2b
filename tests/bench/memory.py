"""How large the process is, and what of it one task takes."""

from __future__ import annotations

import gc
import resource
import sys

import psutil

from tests.bench.load import Memory


def resident() -> int:
    """Bytes of this process in memory now, garbage collected first."""
    gc.collect()
    return psutil.Process().memory_info().rss


def largest() -> int:
    """Bytes of this process in memory at its largest so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def per_task(before: int, held: int, dropped: int, count: int) -> Memory:
    """Bytes a task of a tree of `count`; the largest size is read now."""
    return Memory((largest() - before) / count, (held - before) / count, (dropped - before) / count)
