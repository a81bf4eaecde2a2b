"""What is to be reached, and what was: plain numbers out of the measurements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.cases import CASES, Case, Series
from tests.bench.peers import Beside
from tests.bench.scaling import LEAST, MOST_BYTES, SIZES, Scaled
from tests.bench.trees import FAN_OUT


@dataclass(frozen=True, slots=True)
class Target:
    """`value` is None where it was not measured; `at_most` turns the bound round."""

    name: str
    value: float | None
    bound: float
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    @property
    def verdict(self) -> str:
        return {True: "met", False: "MISSED", None: "not measured"}[self.met]


def of_case(case: Case, series: Series, ceiling: Series) -> tuple[Target, Target]:
    """The share of the ceiling, and the tasks a second."""
    share = series.median / ceiling.median if series.median and ceiling.median else None
    return Target(f"{case.name}: of ceiling", share, case.share), Target(
        f"{case.name}: tasks/s", series.median, case.least
    )


def of_scaled(scaled: Scaled) -> tuple[Target, Target | None]:
    """The rate at the largest size by that at the smallest, and bytes of a finished task where they were read there."""
    name = f"{scaled.shape}, {scaled.mode}"
    ratio = Target(f"{name}: {SIZES[-1]:,} by {SIZES[0]:,}", scaled.ratio, LEAST)
    if scaled.memory is None or SIZES[-1] not in scaled.rates:
        return ratio, None
    return ratio, Target(f"{name}: bytes a finished task", scaled.memory.held, MOST_BYTES, at_most=True)


def of_peer(beside: Beside) -> Target | None:
    """How many times the peer's fan-out ours is; None where nothing is to be reached."""
    if beside.peer.least is None:
        return None
    return Target(f"fan-out by {beside.peer.name}", beside.ratio(FAN_OUT), beside.peer.least)


def every(
    cases: Mapping[str, Series], ceilings: Mapping[str, Series], scaling: Sequence[Scaled], peers: Sequence[Beside]
) -> Iterator[Target]:
    for case in CASES:
        yield from of_case(case, cases[case.name], ceilings[case.ceiling])
    for scaled in scaling:
        yield from (target for target in of_scaled(scaled) if target is not None)
    for beside in peers:
        if (target := of_peer(beside)) is not None:
            yield target
