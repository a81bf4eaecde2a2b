"""What is measured at 1,000 tasks, and how fast it must be (limits: tasks a second, and the share of a ceiling)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from tests.bench.child import Unmeasured, measure
from tests.bench.load import CONSOLE, CeilingLoad, Load
from tests.bench.trees import CHAIN, FAN_OUT

COUNT = 1_000


@dataclass(frozen=True, slots=True)
class Case:
    """`least` tasks a second; `share` is that figure as a part of the ceiling of the machine it was set on."""

    name: str
    load: Load
    ceiling: str
    least: float
    share: float


CEILINGS: dict[str, CeilingLoad] = {
    "fan-out, FULL": CeilingLoad(FAN_OUT, COUNT, repeat=5),
    "chain, FULL": CeilingLoad(CHAIN, COUNT, repeat=2),
    "chain, NORMAL": CeilingLoad(CHAIN, COUNT, "NORMAL", repeat=3),
    "chain, pipelined": CeilingLoad(CHAIN, COUNT, pipelined=True, repeat=5),
}
CASES = (
    Case("fan-out, library, FULL", Load(FAN_OUT, COUNT, repeat=5), "fan-out, FULL", 10_000, 0.35),
    Case("fan-out, console, FULL", Load(FAN_OUT, COUNT, CONSOLE, repeat=5), "fan-out, FULL", 8_000, 0.28),
    Case("chain, library, FULL", Load(CHAIN, COUNT, repeat=2), "chain, FULL", 1_000, 0.40),
    Case("chain, library, NORMAL", Load(CHAIN, COUNT, synchronous="NORMAL", repeat=2), "chain, NORMAL", 2_000, 0.45),
    Case("chain, library, retry_safe", Load(CHAIN, COUNT, retry_safe=True, repeat=2), "chain, pipelined", 5_000, 0.25),
)


@dataclass(slots=True)
class Series:
    """One figure a process; `trouble` says why there is none, "" where all went well."""

    rates: list[float] = field(default_factory=list)
    trouble: str = ""

    @property
    def median(self) -> float | None:
        return median(self.rates) if self.rates else None

    def take(self, load: Load | CeilingLoad) -> None:
        """Measure once more; a process's figure is the median of its trees."""
        try:
            self.rates.append(median(measure(load).rates))
        except Unmeasured as trouble:
            self.trouble = str(trouble)


def run(rounds: int, say: Callable[[str], None]) -> tuple[dict[str, Series], dict[str, Series]]:
    """Series by case and by ceiling, taken in turn so that a slow moment of the machine meets both."""
    cases = {case.name: Series() for case in CASES}
    ceilings = {name: Series() for name in CEILINGS}
    for number in range(rounds):
        say(f"1,000 tasks, round {number + 1} of {rounds}")
        for name, ceiling in CEILINGS.items():
            ceilings[name].take(ceiling)
            for case in CASES:
                if case.ceiling == name:
                    cases[case.name].take(case.load)
    return cases, ceilings
