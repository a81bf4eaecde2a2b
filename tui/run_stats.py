"""What the statistics show: executors in an order, and how many tasks end a second. Pure, no Textual in here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from engine.events import Event, EventKind

if TYPE_CHECKING:
    from engine.statistics import ExecutorStats

KEPT = 300
"""Seconds of which the ends are counted."""
WINDOWS: tuple[tuple[str, float | None], ...] = (("1 h", 3600.0), ("1 d", 86_400.0), ("7 d", 604_800.0), ("all", None))
"""What can be looked at: name and seconds, None for ever."""
COLUMNS = ("executor", "tasks", "failed", "rate", "p50", "p95", "last")
BLOCKS = " ▁▂▃▄▅▆▇█"

_KEYS: dict[str, Callable[[ExecutorStats], Any]] = {
    "tasks": lambda stats: -stats.tasks,
    "failed": lambda stats: -stats.failed,
    "rate": lambda stats: -(stats.failure_rate or 0.0),
    "p50": lambda stats: -(stats.p50 or 0.0),
    "p95": lambda stats: -(stats.p95 or 0.0),
    "last": lambda stats: -stats.last.timestamp(),
}


def ordered(stats: Sequence[ExecutorStats], column: str) -> list[ExecutorStats]:
    """The executors by a column, the most first; by name, and among equals, alphabetically."""
    by_name = sorted(stats, key=lambda each: each.executor_id.lower())
    return sorted(by_name, key=_KEYS[column]) if column in _KEYS else by_name


class Rate:
    """Ends of tasks by second. `push` is the engine's subscriber; O(1), on its thread, while another one reads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts = [0] * KEPT
        self._seconds = [0] * KEPT
        """Which second each count is of."""
        self.total = 0

    def push(self, event: Event) -> None:
        """Count the event where it ends a task."""
        if event.kind is not EventKind.FINISHED:
            return
        second = int(self._clock())
        at = second % KEPT
        if self._seconds[at] != second:
            self._seconds[at], self._counts[at] = second, 0
        self._counts[at] += 1
        self.total += 1

    def recent(self, seconds: int = KEPT) -> list[int]:
        """Ends in each of the last full seconds, oldest first."""
        now = int(self._clock())
        return [
            self._counts[second % KEPT] if self._seconds[second % KEPT] == second else 0
            for second in range(now - min(seconds, KEPT - 1), now)
        ]


def spark(values: Sequence[float], cells: int) -> str:
    """The values as one line of blocks, the largest of each cell's; what is not nothing is seen."""
    if cells < 1 or not values:
        return ""
    per = -(-len(values) // cells)
    first = len(values) % per
    groups = [values[:first]] if first else []
    groups += [values[at : at + per] for at in range(first, len(values), per)]
    peaks = [max(group) for group in groups]
    top = max(peaks) or 1
    return "".join(BLOCKS[ceil(peak * (len(BLOCKS) - 1) / top)] if peak else BLOCKS[0] for peak in peaks)
