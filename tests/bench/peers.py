"""The peers of `../shared/bench`: each in a virtual environment of its own, beside ours in the same run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.cases import COUNT
from tests.bench.child import ROOT, Unmeasured, measure
from tests.bench.load import Load
from tests.bench.peer_process import environment, run_script
from tests.bench.trees import CHAIN, FAN_OUT

STEADY = 0.75
"""Two figures of the same thing are at least this much of each other on a machine that does nothing else."""
SCRIPTS = ROOT.parent / "shared" / "bench"


@dataclass(frozen=True, slots=True)
class Peer:
    """`package` finds its pins in the README; `arguments` end with the count that it can do within a minute.

    Of its figures those count whose label matches `fan_out` or `chain`: the fastest, whichever way it came about.
    `least` is how many times faster our fan-out must be; `remark` says what differs.
    """

    name: str
    package: str
    script: str
    arguments: tuple[str, ...]
    fan_out: str
    chain: str
    least: float | None = None
    remark: str = ""


PEERS = (
    Peer("Huey, SQLite", "huey", "p_huey.py", ("1000",), r"default.*fan-out", r"default.*(chain|pipeline)", 10),
    Peer("DBOS, SQLite", "dbos", "p_dbos.py", ("500",), r"fan-out", r"chain", 30),
    Peer("Luigi", "luigi", "p_luigi.py", ("500",), r"fan-out file", r"chain file", remark="files, no history"),
    Peer("Prefect, ephemeral", "prefect", "p_prefect.py", ("100",), r"fan-out", r"chain"),
    Peer("Dask, threads", "distributed", "p_dask.py", ("200",), r".*fan-out", r".*chain", remark="not durable"),
    Peer("taskiq, in memory", "taskiq", "p_taskiq.py", ("1000",), r"fan-out", r"chain", remark="not durable"),
    Peer("apflow", "apflow", "p_apflow.py", ("apflow", "50"), r"fan-out", r"chain"),
    Peer(
        "the guide's package", "aipartnerupflow", "p_apflow.py", ("aipartnerupflow", "100"), r"fan-out", r"chain", 1_000
    ),
)


@dataclass(slots=True)
class Beside:
    """A peer's figures by shape and count, and ours, measured just before and after it, the making of tasks counted.

    `unsteady` says by how much ours changed meanwhile, "" where little: then the machine was not the same for both.
    `trouble` says what is missing and why; `told` is all that the peer's script told.
    """

    peer: Peer
    version: str = ""
    theirs: dict[str, dict[int, float]] = field(default_factory=dict)
    ours: dict[str, float] = field(default_factory=dict)
    unsteady: str = ""
    trouble: str = ""
    told: dict[str, Any] = field(default_factory=dict)

    def ratio(self, shape: str) -> float | None:
        """Ours by theirs of the largest count."""
        if shape not in self.theirs or shape not in self.ours:
            return None
        return self.ours[shape] / next(iter(self.theirs[shape].values()))


def run(say: Callable[[str], None], scripts: Path = SCRIPTS) -> list[Beside]:
    """Every peer in turn. One that cannot be installed or measured says so in its `trouble`, and the run goes on."""
    readme = (scripts / "README.md").read_text(encoding="utf-8")
    found = []
    for peer in PEERS:
        beside = Beside(peer)
        found.append(beside)
        try:
            pins = pins_of(readme, peer.package)
            beside.version = pins[0].partition("==")[2]
            say(f"{peer.name}: {' '.join(pins)}")
            python = environment(peer.package, pins)
            before = _ours()
            beside.told, beside.trouble = run_script(python, scripts / peer.script, peer.arguments)
            after = _ours()
        except Unmeasured as trouble:
            beside.trouble = str(trouble)
            continue
        beside.ours = {shape: (before[shape] + after[shape]) / 2 for shape in before}
        beside.unsteady = unsteady(before, after)
        for shape, label in ((FAN_OUT, peer.fan_out), (CHAIN, peer.chain)):
            if by_count := figures(beside.told, label, int(peer.arguments[-1])):
                beside.theirs[shape] = by_count
        if not beside.theirs:
            beside.trouble = beside.trouble or "its script told no figure"
    return found


def unsteady(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """Words for figures of ours that should be the same and are not."""
    apart = [shape for shape in before if min(before[shape], after[shape]) < STEADY * max(before[shape], after[shape])]
    changes = [f"our {shape} {before[shape]:,.0f} before, {after[shape]:,.0f} after" for shape in apart]
    return f"UNSTEADY machine: {', '.join(changes)}" if changes else ""


def _ours() -> dict[str, float]:
    found = {}
    for shape, repeat in ((FAN_OUT, 3), (CHAIN, 1)):
        whole = sorted(measure(Load(shape, COUNT, repeat=repeat)).whole)
        found[shape] = whole[len(whole) // 2]
    return found


def pins_of(readme: str, package: str) -> list[str]:
    """What the README's table says to install for `package`; alternatives stand apart by ", or ".

    Raises `Unmeasured` where it says nothing.
    """
    for line in readme.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        for choice in cells[-1].split(", or "):
            if line.startswith("|") and choice.split()[:1] and choice.split()[0].startswith(f"{package}=="):
                return choice.split()
    raise Unmeasured(f"the README beside the scripts does not say how to install {package}")


def figures(told: Mapping[str, Any], label: str, asked: int) -> dict[int, float]:
    """Tasks a second by count, the largest count first: of those with a matching label the fastest for each count.

    `asked` is the count where a figure does not tell its own.
    """
    found: dict[int, float] = {}
    for name, value in told.items():
        if not re.match(label, name) or not isinstance(value, dict):
            continue
        rate = value.get("tasks_per_s", value.get("tasks_per_s_run"))
        named = re.search(r"[ x](\d+)$", name)
        count = int(value.get("tasks") or (named[1] if named else asked))
        if isinstance(rate, int | float) and rate > 0:
            found[count] = max(float(rate), found.get(count, 0.0))
    return dict(sorted(found.items(), reverse=True))
