"""What one measuring process is asked to do, and what it answers; written as arguments and as JSON between the two."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.trees import SHAPES

LIBRARY = "library"
CONSOLE = "console"
"""Engine and executors on loop threads of their own, every event pushed to a screen's feed that is drained at 10 Hz."""


@dataclass(frozen=True, slots=True)
class Load:
    """A tree of `count` no-op tasks, run `repeat` times one after another in one engine.

    `retry_safe` uses an executor that is marked so (4.7); `memory` reads the process's size around the last tree.
    """

    shape: str
    count: int
    mode: str = LIBRARY
    synchronous: str = "FULL"
    retry_safe: bool = False
    repeat: int = 1
    memory: bool = False

    def arguments(self) -> list[str]:
        """The command line from which `parse` makes this load again."""
        given = ["engine", self.shape, str(self.count), "--mode", self.mode, "--repeat", str(self.repeat)]
        given += ["--synchronous", self.synchronous]
        return given + ["--retry-safe"] * self.retry_safe + ["--memory"] * self.memory


@dataclass(frozen=True, slots=True)
class CeilingLoad:
    """`count` durable no-op tasks without an engine, `repeat` times; `pipelined` awaits no commit but the last."""

    shape: str
    count: int
    synchronous: str = "FULL"
    pipelined: bool = False
    repeat: int = 1

    def arguments(self) -> list[str]:
        given = ["ceiling", self.shape, str(self.count), "--repeat", str(self.repeat)]
        return [*given, "--synchronous", self.synchronous, *["--pipelined"] * self.pipelined]


@dataclass(slots=True)
class Memory:
    """Bytes a task, by the process's resident size: at its largest, after the end with the tree held, and without."""

    live: float
    held: float
    dropped: float


@dataclass(slots=True)
class Measured:
    """Tasks a second from submit to the end on disk, one figure a tree; `whole` counts the making of the tasks too.

    `cpu` are the seconds that a task took of the process's cores: other programs on the machine hardly change those.
    """

    rates: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: Memory | None = None


def parse(given: Sequence[str]) -> Load | CeilingLoad:
    """Read `Load.arguments()` or `CeilingLoad.arguments()`; a wrong word ends the program with the usage."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.one", description="One measurement, told as JSON")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind in ("engine", "ceiling"):
        one = kinds.add_parser(kind)
        one.add_argument("shape", choices=SHAPES if kind == "engine" else SHAPES[:2])
        one.add_argument("count", type=int)
        one.add_argument("--synchronous", choices=("FULL", "NORMAL"), default="FULL")
        one.add_argument("--repeat", type=int, default=1)
        if kind == "engine":
            one.add_argument("--mode", choices=(LIBRARY, CONSOLE), default=LIBRARY)
            one.add_argument("--retry-safe", action="store_true")
            one.add_argument("--memory", action="store_true")
        else:
            one.add_argument("--pipelined", action="store_true")
    words = vars(parser.parse_args(given))
    return Load(**words) if words.pop("kind") == "engine" else CeilingLoad(**words)
