"""`make crash`: rounds of a process that runs random trees, is killed with -9 at random moments, and is started again.

First rounds of engines alone, then of whole consoles on ptys (`consoles`); `--kind` chooses one of them.
`ARGS="--rounds 500 --seed 7"` runs other rounds, `--only 12` repeats one. The moments are random times, so a repeated
round has the same trees and the same kills, not the same instants; a rare fault may need several repeats.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol

from tests.crash.checks import violations
from tests.crash.child import Orders, run
from tests.crash.evidence import History, Snapshot, read_journal, read_store
from tests.crash.forest import Grove, plant, seconds_of

PATIENCE = 30.0
"""Seconds after which the last process of a round, which nobody kills, counts as stuck."""
SHOWN = 12
processes = multiprocessing.get_context("fork")
"""Forked, since a child that imports everything anew would spend most of its life, and most kills, on that."""


class Process(Protocol):
    """What a round asks of a process: as of one of `multiprocessing`."""

    @property
    def pid(self) -> int | None: ...
    @property
    def exitcode(self) -> int | None: ...
    def join(self, timeout: float | None = None) -> None: ...
    def kill(self) -> None: ...
    def close(self) -> None: ...


Started = tuple[Process, int]
"""A process and its generation."""


@dataclass(slots=True)
class Tally:
    """What the rounds amounted to."""

    tasks: int = 0
    by_keys: int = 0
    starts: int = 0
    kills: int = 0
    cut_off: int = 0


class Round:
    """One store, its trees, and the processes that come and go on it."""

    kind = "engines"
    deaths: tuple[int, ...] = (1, 1, 1, 2, 2, 3, 5)
    """How many processes of a tree are killed: one of these numbers."""
    meddling = 0.4
    """How often a process also pauses and cancels."""

    def __init__(self, seed: int, number: int, folder: Path, *, most: int) -> None:
        self.seed, self.number = seed, number
        self.random = Random(f"{seed} {number}")
        self.store = folder / "crash.db"
        self.journal = folder / "journal"
        self.grove = plant(seed, f"r{number}a", least=min(50, most), most=most)
        self.history = History()
        self.kills = 0
        self._generation = self._alive = 0

    def run(self) -> list[str]:
        """Kill, start again, let the last process come to its end, check. Returns the violations."""
        neighbour: Grove = []
        if self.random.random() < 0.25:  # a second process beside it, which lives on, or is killed at its own moment
            neighbour = plant(self.seed, f"r{self.number}b", least=10, most=40)
        seconds = seconds_of(self.grove)
        other = self._start(neighbour) if neighbour else None
        process = self._start(self.grove)
        for _ in range(self.random.choice(self.deaths) - 1):
            overlap = self.random.random() < 0.15  # the next one starts while this one dies
            after = self._moment(seconds)
            if overlap:
                process[0].join(after)
                following, after = self._start(self.grove), self.random.uniform(0.0, 0.03)
            self._kill(process, after)
            process = following if overlap else self._start(self.grove)
            if other is not None and self.random.random() < 0.5:
                self._kill(other, self._moment(0.05))
                other = self._start(neighbour)
        self._kill(process, self._moment(seconds))
        if other is not None:
            self._kill(other, self._moment(0.1))
        last = self._start(self.grove + neighbour, last=True)
        last[0].join(PATIENCE)
        stuck = last[0].exitcode is None
        self._kill(last, 0.0, snapshot=False)
        self.history.lines = read_journal(self.journal)
        self.history.final = read_store(self.store)
        found = violations(self.grove + neighbour, self.history)
        return [f"the last process did not end within {PATIENCE:g} s", *found] if stuck else found

    def _moment(self, seconds: float) -> float:
        """Often while it starts, else at any time of its expected life."""
        return self.random.uniform(0.0, 0.04 if self.random.random() < 0.25 else seconds)

    def _start(self, grove: Grove, *, last: bool = False) -> Started:
        self._generation += 1
        self._alive += 1
        return self._process(grove, last=last), self._generation

    def _process(self, grove: Grove, *, last: bool) -> Process:
        """The engine's own process of this generation, begun."""
        seed = self.random.randrange(2**32) if not last and self.random.random() < self.meddling else None
        leaves = self.random.uniform(0.0, seconds_of(grove)) if not last and self.random.random() < 0.15 else None
        foreign = self.grove if grove is not self.grove else []
        threaded = self.random.random() < 0.4
        orders = Orders(self.store, self.journal, self._generation, grove, seed, leaves, threaded, foreign, last)
        process = processes.Process(target=run, args=(orders,))
        process.start()
        return process

    def _kill(self, started: Started, after: float, *, snapshot: bool = True) -> None:
        process, generation = started
        process.join(after)
        at = time.time()
        if process.exitcode is None:
            process.kill()
            self.kills += 1
            process.join()
        self._alive -= 1
        if snapshot and self.store.exists():
            lines, rows = len(read_journal(self.journal)), read_store(self.store)
            self.history.snapshots.append(Snapshot(generation, process.pid or 0, at, lines, self._alive > 0, rows))
        process.close()


def main() -> int:
    """Run the rounds; 1 and the evidence at the first that is violated, else 0."""
    parser = argparse.ArgumentParser(prog="make crash")
    parser.add_argument("--rounds", type=int, default=200, help="of each kind")
    parser.add_argument("--kind", choices=("engines", "consoles"), help="only these rounds; both without")
    parser.add_argument("--seed", type=int, default=None, help="the same trees and kills again; random without")
    parser.add_argument("--only", type=int, default=None, metavar="ROUND", help="only this round of the seed")
    parser.add_argument("--most", type=int, default=300, help="tasks of a round at most")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else Random().randrange(10**6)
    from tests.crash.consoles import ConsoleRound  # it takes its base from here

    kinds = [each for each in (Round, ConsoleRound) if given.kind in (None, each.kind)]
    return max(_run_all(each, seed, given) for each in kinds)


def _run_all(kind: type[Round], seed: int, given: Any) -> int:
    numbers = range(given.rounds) if given.only is None else range(given.only, given.only + 1)
    began, tally = time.monotonic(), Tally()
    for number in numbers:
        folder = Path(tempfile.mkdtemp(prefix="crash-"))
        one = kind(seed, number, folder, most=given.most)
        found = one.run()
        _add(tally, one)
        if found:
            _report(seed, one, found)
            return 1
        shutil.rmtree(folder)
    print(
        f"{kind.kind}, seed {seed}: {len(numbers)} rounds, {tally.tasks} tasks, {tally.by_keys} runs launched by keys,"
        f" {tally.starts} processes, {tally.kills} kills, {tally.cut_off} attempts cut off,"
        f" {time.monotonic() - began:.0f} s: nothing lost, nothing twice"
    )
    return 0


def _add(tally: Tally, one: Round) -> None:
    tally.tasks += len(one.history.final.tasks)
    tally.by_keys += sum(row.kind == "keyed" for row in one.history.final.tasks.values())
    tally.kills += one.kills
    tally.starts += len({line.generation for line in one.history.lines})
    for snapshot in one.history.snapshots:
        tally.cut_off += sum(
            row.status == "in_progress" and snapshot.owned(row) for row in snapshot.rows.tasks.values()
        )


def _report(seed: int, one: Round, found: list[str]) -> None:
    print(f"{one.kind}, seed {seed}, round {one.number}: {len(found)} violations after {one.kills} kills")
    for words in found[:SHOWN]:
        print(f"  {words}")
    named = next((line.id for line in one.history.of("begin", "told") if line.id in found[0].split()), None)
    if named is not None:
        print(f"the journal of {named} (process, word, ...):")
        for line in one.history.lines:
            if named in line.rest:
                print(f"  {line.generation} {line.word} {' '.join(line.rest)}")
        for snapshot in one.history.snapshots:
            print(f"after process {snapshot.generation}: {snapshot.rows.tasks.get(named)}")
        print(f"at the end: {one.history.final.tasks.get(named)}")
    print(f"store and journal: {one.store.parent}")
    print(f"repeat it: make crash ARGS='--kind {one.kind} --seed {seed} --only {one.number}'")


if __name__ == "__main__":
    sys.exit(main())
