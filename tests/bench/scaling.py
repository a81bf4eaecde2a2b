"""The same tree at 1,000, 10,000 and 100,000 tasks: a step that grows with the tree shows as a rate that falls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import median

from tests.bench.child import Unmeasured, measure
from tests.bench.load import CONSOLE, LIBRARY, Load, Memory
from tests.bench.trees import CHAIN, DAG, FAN_OUT

SMALL = 1_000
SIZES = (SMALL, 10_000, 100_000)
LEAST = 0.8
"""Tasks a second at the largest size, as a part of those at the smallest."""
MOST_BYTES = 1_500.0
"""Memory of a finished task."""
LONGEST = 45.0
"""Seconds that a run may take at the largest size, foreseen from the size before, unless all is asked for."""


@dataclass(slots=True)
class Scaled:
    """Tasks a second and seconds of CPU a task, by size; `note` says what is missing and why."""

    shape: str
    mode: str
    rates: dict[int, float] = field(default_factory=dict)
    cpu: dict[int, float] = field(default_factory=dict)
    memory: Memory | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The rate at 100,000 by that at 1,000; None where one of them is missing."""
        first, last = self.rates.get(SMALL), self.rates.get(SIZES[-1])
        return last / first if first and last else None

    @property
    def cpu_ratio(self) -> float | None:
        """The same by the work that a task takes, which other programs on the machine hardly change."""
        first, last = self.cpu.get(SMALL), self.cpu.get(SIZES[-1])
        return first / last if first and last else None


def run(*, quick: bool, everything: bool, say: Callable[[str], None]) -> list[Scaled]:
    """Every shape in both modes; the smallest size is measured before and after the larger ones."""
    found = []
    for mode in (LIBRARY, CONSOLE):
        for shape in (FAN_OUT, CHAIN, DAG):
            if quick and (mode, shape) not in {(LIBRARY, FAN_OUT), (LIBRARY, DAG), (CONSOLE, FAN_OUT)}:
                continue
            say(f"{shape} of growing size, {mode}")
            found.append(_scale(shape, mode, SIZES[:2] if quick else SIZES, everything))
    return found


def _scale(shape: str, mode: str, sizes: tuple[int, ...], everything: bool) -> Scaled:
    """A chain is measured with a `retry_safe` executor: its pace is then the engine's and not the disk's."""
    scaled = Scaled(shape, mode)
    small = Load(shape, SMALL, mode, retry_safe=shape == CHAIN, repeat=3)
    try:
        first = measure(small)
        scaled.rates[SMALL] = median(first.rates)
        for size in sizes[1:]:
            before = scaled.rates[max(scaled.rates)]
            if size == SIZES[-1] and size / before > LONGEST and not everything:
                scaled.note = f"{size:,} would take {size / before:.0f} s: ARGS=full"
                break
            large = measure(replace(small, count=size, repeat=1, memory=True))
            scaled.rates[size], scaled.cpu[size], scaled.memory = large.rates[0], large.cpu[0], large.memory
        again = measure(small)
        scaled.rates[SMALL] = median(first.rates + again.rates)
        scaled.cpu[SMALL] = median(first.cpu + again.cpu)
    except Unmeasured as trouble:
        scaled.note = str(trouble)
    return scaled
