"""`make bench`: our figures beside the ceiling of the same run, as a table and in `bench-results.json`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import ceiling
from tests.bench.engine_bench import rate

ROUNDS = 5
COUNT = 1000

CASES: list[tuple[str, str, Callable[[], Coroutine[Any, Any, float]], float]] = [
    ("fan-out of 1,000, library", "fan-out", lambda: rate("fan-out", COUNT), 2_000),
    ("fan-out of 1,000, loop thread", "fan-out", lambda: rate("fan-out", COUNT, thread=True), 2_000),
    ("chain of 1,000, FULL", "chain", lambda: rate("chain", COUNT), 1_000),
    ("chain of 1,000, NORMAL", "chain", lambda: rate("chain", COUNT, synchronous="NORMAL"), 1_000),
]


def main() -> None:
    """Cases and ceilings in turn, so that a slow moment of the machine meets both; medians are quoted."""
    samples: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        samples.setdefault("ceiling fan-out", []).append(asyncio.run(ceiling.fan_out(COUNT)))
        samples.setdefault("ceiling chain", []).append(asyncio.run(ceiling.chain(COUNT)))
        for name, _shape, measure, _least in CASES:
            samples.setdefault(name, []).append(asyncio.run(measure()))
    found = {name: median(values) for name, values in samples.items()}
    print(f"{'case':34} {'tasks/s':>9} {'of ceiling':>11} {'to reach':>9}")
    for name, shape, _measure, least in CASES:
        share = found[name] / found[f"ceiling {shape}"]
        verdict = "" if found[name] >= least else "  MISSED"
        print(f"{name:34} {found[name]:9,.0f} {share:10.0%}  {least:8,}{verdict}")
    for shape in ("fan-out", "chain"):
        print(f"{'ceiling, ' + shape:34} {found[f'ceiling {shape}']:9,.0f}")
    Path("bench-results.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
