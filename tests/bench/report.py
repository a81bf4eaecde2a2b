"""The measurements as tables for a person, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tests.bench.cases import CASES, Series
from tests.bench.peers import Beside
from tests.bench.scaling import LEAST, MOST_BYTES, SIZES, Scaled
from tests.bench.targets import Target, of_case, of_peer, of_scaled
from tests.bench.trees import CHAIN, FAN_OUT

MISSING = "-"
VERDICTS = ("met", "MISSED", "not measured")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines with columns as wide as they need: the first one from the left, the last one as it is, others from the
    right."""
    widths = [max(len(row[index]) for row in (head, *rows)) for index in range(len(head))]
    for row in (head, *rows):
        first = row[0].ljust(widths[0])
        middle = [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        yield "  ".join([first, *middle, row[-1]]).rstrip()


def number(value: float | None, ending: str = "") -> str:
    """Enough digits to compare by; "-" for None."""
    if value is None:
        return MISSING
    return f"{value:,.0f}{ending}" if value >= 20 else f"{value:.1f}{ending}"


def share(value: float | None) -> str:
    return MISSING if value is None else f"{value:.0%}"


def spread(series: Series) -> str:
    """The slowest and the fastest of the processes."""
    return f"{number(min(series.rates))}-{number(max(series.rates))}" if series.rates else MISSING


def verdict(*targets: Target | None) -> str:
    """One word where all agree ("met", "MISSED"); else what was not met, by name."""
    known = [target for target in targets if target is not None]
    words = {target.verdict for target in known}
    if len(words) == 1:
        return words.pop()
    return ", ".join(f"{target.name.partition(': ')[2]} {target.verdict}" for target in known if target.met is not True)


def cases_table(cases: Mapping[str, Series], ceilings: Mapping[str, Series]) -> Iterator[str]:
    rows = []
    for case in CASES:
        series, ceiling = cases[case.name], ceilings[case.ceiling]
        of_ceiling, rate = of_case(case, series, ceiling)
        rows.append(
            (
                case.name, number(rate.value), spread(series), f"≥ {number(case.least)}", number(ceiling.median),
                share(of_ceiling.value), f"≥ {share(case.share)}", series.trouble or verdict(of_ceiling, rate),
            )
        )  # fmt: skip
    head = ("1,000 tasks, durable", "tasks/s", "spread", "to reach", "ceiling", "of it", "to reach", "")
    yield from table(head, rows)
    for name, series in ceilings.items():
        yield f"  ceiling {name}: {number(series.median)} ({series.trouble or spread(series)})"


def scaling_table(scaling: Sequence[Scaled]) -> Iterator[str]:
    rows = []
    for scaled in scaling:
        ratio, memory = of_scaled(scaled)
        rates = [number(scaled.rates.get(size)) for size in SIZES]
        bytes_ = [number(value) for value in asdict(scaled.memory).values()] if scaled.memory else [MISSING] * 3
        name = f"{scaled.shape}, {scaled.mode}"
        rows.append(
            (name, *rates, share(ratio.value), share(scaled.cpu_ratio), *bytes_, scaled.note or verdict(ratio, memory))
        )
    sizes = [f"{size:,}" for size in SIZES]
    head = ("tasks/s in a tree of", *sizes, "last/first", "by CPU", "live B", "ended B", "dropped B", "")
    yield from table(head, rows)
    yield f"  To reach: last/first ≥ {share(LEAST)}, ended ≤ {number(MOST_BYTES)} B. The memory is that of the process:"
    yield "  at its largest while the tree runs, when it has ended and is still held, when it has been dropped."
    yield "  Chains here are of a retry_safe executor, so that the disk does not set the pace."


def peers_table(peers: Sequence[Beside]) -> Iterator[str]:
    rows = []
    for beside in peers:
        cells = []
        smaller = []
        for shape in (FAN_OUT, CHAIN):
            told = [f"{number(rate)} (n={count:,})" for count, rate in beside.theirs.get(shape, {}).items()]
            theirs = told[0] if told else MISSING
            smaller += [f"{shape} {figure}" for figure in told[1:]]
            cells += [theirs, number(beside.ours.get(shape)), number(beside.ratio(shape), " ×")]
        target = of_peer(beside)
        bound = f"≥ {number(target.bound)} ×" if target else ""
        said = [beside.trouble, beside.unsteady, beside.peer.remark, *smaller, target.verdict if target else ""]
        name = f"{beside.peer.name} {beside.version}"
        rows.append((name, *cells[:3], bound, *cells[3:], "; ".join(word for word in said if word)))
    head = ("peer", "fan-out/s", "ours", "ratio", "to reach", "chain/s", "ours", "ratio", "")
    yield from table(head, rows)
    yield "  Ours: library, FULL, 1,000 tasks, their making counted, measured just before and after each peer."


def summary(targets: Sequence[Target]) -> str:
    """How many targets were met, missed and left unmeasured."""
    words = [target.verdict for target in targets]
    return f"Of {len(words)} targets {', '.join(f'{words.count(word)} {word}' for word in VERDICTS)}"


def as_json(
    about: Mapping[str, Any],
    cases: Mapping[str, Series],
    ceilings: Mapping[str, Series],
    scaling: Sequence[Scaled],
    peers: Sequence[Beside],
    targets: Sequence[Target],
) -> dict[str, Any]:
    """All figures, each round's too."""
    return {
        "about": dict(about),
        "cases": {name: {"median": series.median, **asdict(series)} for name, series in cases.items()},
        "ceilings": {name: {"median": series.median, **asdict(series)} for name, series in ceilings.items()},
        "scaling": [{**asdict(scaled), "ratio": scaled.ratio, "cpu_ratio": scaled.cpu_ratio} for scaled in scaling],
        "peers": [
            {**asdict(beside), "ratios": {shape: beside.ratio(shape) for shape in (FAN_OUT, CHAIN)}} for beside in peers
        ],
        "targets": [{**asdict(target), "verdict": target.verdict} for target in targets],
    }
