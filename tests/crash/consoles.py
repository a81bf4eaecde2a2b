"""Rounds in which most of the processes that are killed are whole consoles, each on a pty of its own.

The trees are submitted by a process that is killed first; consoles take them over, are given keys that launch more, and
are killed at any moment: while they start, draw, load executors, run.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from tests.crash.forest import POOLS, SLOTS, Grove
from tests.crash.rounds import Process, Round, Started
from tests.pty_console import Console

START_SECONDS = 1.5
"""About how long a console takes until it runs something."""
RUNS_AFTER = 20.0
"""Seconds that a console may take on a busy machine until it runs something."""
STRETCH = 6
"""By how much tasks last longer than in the rounds of engines, so that consoles come to be killed in them."""
STEP = 0.12
"""Seconds between two keys."""
LAUNCHING = ("1", "/", "crash_keyed", "\r", "\r", "\x12")
EXECUTORS = """
import os
from pathlib import Path
from engine import executor_register
from tests.crash import child

child.Journaled.journal = child.Journal(Path(os.environ["CRASH_JOURNAL"]), int(os.environ["CRASH_GENERATION"]))
for cls in child.MADE:
    executor_register()(cls)
"""


class ConsoleProcess:
    """A console, with what a round asks of a process. The `last` one is quit once all runs have ended."""

    def __init__(self, store: Path, journal: Path, generation: int, *, launches: bool, last: bool) -> None:
        folder = store.parent / "executors"
        folder.mkdir(exist_ok=True)
        (folder / "crash.py").write_text(EXECUTORS)
        home = {f"XDG_{name}_HOME": str(store.parent / name) for name in ("CONFIG", "DATA", "STATE")}
        os.environ.update(home, CRASH_JOURNAL=str(journal), CRASH_GENERATION=str(generation))
        pools = ",".join(f"{name}={size}" for name, size in POOLS.items())
        self._console = Console(
            folder, store=store, slots=str(SLOTS), pools=pools, grace="0.1", cancel_limit="0.05", backups="0"
        )
        self._keys = list(LAUNCHING) if launches else []
        self._due = 0.0
        self._last = last
        self.launches, self.launched = launches, False

    @property
    def pid(self) -> int:
        return self._console.pid

    @property
    def exitcode(self) -> int | None:
        self._console.is_alive()
        return self._console.status

    def join(self, timeout: float | None = None) -> None:
        """Look on for so long, or until it has ended, with a hand on the keys."""
        self.join_until(lambda: False, timeout if timeout is not None else float("inf"))

    def join_until(self, condition: Callable[[], bool], timeout: float) -> None:
        until = time.monotonic() + timeout
        while self.exitcode is None and time.monotonic() < until and not condition():
            self._console.read(min(0.03, max(until - time.monotonic(), 0)))
            self._press()
            if self._last and not self._keys and self._is_over():
                self._last = False
                self._keys = ["q"]

    def _press(self) -> None:
        """The next key, where the screen is ready for it."""
        if not self._keys or time.monotonic() < self._due or "crash_keyed" not in self._console.text:
            return
        os.write(self._console.screen, self._keys.pop(0).encode())
        self._due = time.monotonic() + STEP * (3 if self._keys[:1] == ["\x12"] else 1)
        self.launched |= not self._keys

    def _is_over(self) -> bool:
        with closing(sqlite3.connect(self._console.store, timeout=10)) as store, suppress(sqlite3.OperationalError):
            return not store.execute("SELECT 1 FROM run WHERE owner IS NOT NULL").fetchone()
        return False

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self._console.ended()

    def close(self) -> None:
        self._console.close()


class ConsoleRound(Round):
    """All but the first process of a tree are consoles, three times out of four."""

    kind = "consoles"
    deaths = (2, 2, 2, 3, 4)
    meddling = 0.0  # a queue that stays paused leaves a console nothing to be killed in

    def _process(self, grove: Grove, *, last: bool) -> Process:
        is_first = self._generation == 1 or grove is not self.grove
        if is_first and not last:
            return super()._process(grove, last=last)
        if last and (not self.store.exists() or self._is_held()):
            return super()._process(grove, last=last)  # it resumes what was paused, and submits what never came to be
        if self.random.random() < 0.25:
            return super()._process(grove, last=last)
        launches = not last and self.random.random() < 0.6
        return ConsoleProcess(self.store, self.journal, self._generation, launches=launches, last=last)

    def __init__(self, seed: int, number: int, folder: Path, *, most: int) -> None:
        super().__init__(seed, number, folder, most=most)
        for planned in (task for tree in self.grove for task in tree):
            if "ms" in planned.inputs and planned.kind != "late":
                planned.inputs["ms"] *= STRETCH

    def _kill(self, started: Started, after: float, *, snapshot: bool = True) -> None:
        """A console while it starts, or soon after it began to run something; an engine's own process early."""
        process, _ = started
        if not isinstance(process, ConsoleProcess):
            after = self._after_submit() if snapshot else after
        elif snapshot and self.random.random() < 0.3:
            after = self.random.uniform(0.0, START_SECONDS)
        elif snapshot:
            process.join_until(lambda: not process.launches or process.launched, RUNS_AFTER)
            process.join_until(lambda: self._runs(process.pid), RUNS_AFTER)
            after = self.random.uniform(0.0, 0.7)
        super()._kill(started, after, snapshot=snapshot)

    def _after_submit(self) -> float:
        """Wait until a tree is stored; the seconds from then on to the kill."""
        until = time.monotonic() + RUNS_AFTER
        while not self._has_run() and time.monotonic() < until:
            time.sleep(0.005)
        return self.random.uniform(0.0, 0.1)

    def _has_run(self) -> bool:
        if not self.store.exists():
            return False
        with closing(sqlite3.connect(self.store, timeout=10)) as store, suppress(sqlite3.OperationalError):
            return bool(store.execute("SELECT 1 FROM run LIMIT 1").fetchone())
        return False

    def _runs(self, pid: int) -> bool:
        """Whether something is in progress in that process, or nothing is left to run for any."""
        sql = (
            "SELECT 1 FROM task JOIN run ON run.id = task.run_id"
            " WHERE task.status = 'in_progress' AND run.owner LIKE ? LIMIT 1"
        )
        with closing(sqlite3.connect(self.store, timeout=10)) as store, suppress(sqlite3.OperationalError):
            if store.execute(sql, (f"{pid}-%",)).fetchone():
                return True
            return not store.execute("SELECT 1 FROM run WHERE owner IS NOT NULL").fetchone()
        return False

    def _is_held(self) -> bool:
        """Whether something is paused, or a tree is not there yet: a console would wait for ever for what it lacks."""
        with closing(sqlite3.connect(self.store, timeout=10)) as store:
            try:
                if store.execute("SELECT 1 FROM meta WHERE key = 'paused' AND value != ''").fetchone():
                    return True
                known = {row[0] for row in store.execute("SELECT id FROM run")}
                paused = store.execute("SELECT 1 FROM run WHERE paused AND owner IS NOT NULL").fetchone()
            except sqlite3.OperationalError:  # no tables yet
                return True
        return bool(paused) or any(tree[0].id not in known for tree in self.grove)
