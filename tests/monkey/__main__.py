"""`make monkey`: random keys at a real console over tmux, while tasks run.

`python -m tests.monkey --minutes 30 --seed 7`: the keys are those of the seed, the moments are not. It ends with 1 and
prints seed, last keys and the screen at the first thing that does not hold.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom

from tests.monkey.player import REACTS, Failure, Player

LEAST = 10
"""Batches from which a slope is told."""
WARM = 0.2
"""The share of the time after which the memory should be flat."""


def slope(memory: Sequence[tuple[float, int]]) -> str:
    """How the memory goes on by the line that fits best, from (seconds, bytes); few batches tell nothing."""
    if len(memory) < LEAST:
        return "too short to tell a slope"
    seconds, sizes = zip(*memory, strict=True)
    return f"{statistics.linear_regression(seconds, sizes).slope * 3600 / 2**20:+.1f} MiB an hour"


def report(player: Player) -> str:
    """What happened, in two lines."""
    memory, reactions = player.memory, sorted(player.reactions) or [0.0]
    warm = memory[int(len(memory) * WARM) :] or memory
    sizes = [f"{size / 2**20:.0f}" for size in (warm[0][1], warm[len(warm) // 2][1], warm[-1][1])] if warm else ["?"]
    slow = sum(reaction > REACTS for reaction in reactions)
    return (
        f"{player.presses:,} keys in {player.batches} batches, left {player.leaves} times by a command; "
        f"memory after warm-up, in the middle, at the end: {', '.join(sizes)} MiB, {slope(warm)}; "
        f"{player.tasks():,} tasks in the store\n"
        f"key to screen: median {statistics.median(reactions):.2f} s, slowest {reactions[-1]:.2f} s, "
        f"{slow} of {len(reactions)} over {REACTS:g} s"
    )


def play(minutes: float, seed: int, runs: int) -> int:
    """Play in a folder of its own; 0, or 1 with the evidence printed."""
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="monkey", ignore_cleanup_errors=True) as folder:
        player = Player(Path(folder), seed, runs=runs)
        told = until = time.monotonic()
        until += minutes * 60
        try:
            player.begin()
            while time.monotonic() < until:
                player.batch()
                if time.monotonic() - told > 60:
                    told = time.monotonic()
                    print(report(player), flush=True)
        except (Failure, AssertionError) as failure:
            print(f"FAILED with seed {seed}: {failure}\nlast keys: {' | '.join(map(str, player.last))}")
            print(player.terminal.screen())
            print(report(player))
            return 1
        finally:
            player.end()
        print(report(player))
        return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.monkey", description="Random keys at a real console")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    parser.add_argument("--runs", type=int, default=2_000, help="runs that stand in the store at the beginning")
    given = parser.parse_args()
    return play(given.minutes, given.seed, given.runs)


if __name__ == "__main__":
    sys.exit(main())
