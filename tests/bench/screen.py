"""The console through a real terminal, beside a bare Textual app: `python -m tests.bench.screen [quick|usual|full]`

Keys are timed from the write to the pty until the row under the cursor has come out of it, idle and while the engine
runs the very tree that is shown. Bytes are those on the wire at 120x36 with SSH_CONNECTION set.
"""

from __future__ import annotations

import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import screen_store
from tests.bench.child import ROOT, Unmeasured
from tests.bench.terminal import Terminal
from tui.themes import DARK

SIZES = {"quick": (100, 10_000), "usual": (100, 10_000, 100_000), "full": (100, 10_000, 100_000)}
KEYS = {"quick": 40, "usual": 120, "full": 300}
STARTS = {"quick": 3, "usual": 7, "full": 11}
FOLDS = 10
LOAD = 40_000
"""Tasks of the tree whose bytes are counted while it runs, in groups that all change."""
GAP = 0.03
"""Seconds between two keys of a fast hand."""
WATCH = {"quick": 2.0, "usual": 4.0, "full": 10.0}
"""Seconds over which bytes and processor time are counted."""
CHECK = 10
"""Keys between two looks whether the tree still runs."""
SETTLED = 1.5
"""Seconds until nothing of the start goes on any more."""
WALK = 8
"""Rows that the cursor goes down and up again: it does not scroll."""
_MOVE = re.compile(rb"\x1b\[\d+;\d+H")
_SGR = re.compile(rb"\x1b\[[0-9;]*m")
_CURSOR = "48;2;" + ";".join(str(int(DARK.variables["cursor"][at : at + 2], 16)) for at in (1, 3, 5))

Say = Callable[[str], None]


@dataclass(slots=True)
class Keys:
    """Milliseconds from key to paint; `rate` are the tasks a second that ended meanwhile, 0 when idle."""

    times: list[float] = field(default_factory=list)
    rate: float = 0.0

    def at(self, percent: int) -> float | None:
        if not self.times:
            return None
        ordered = sorted(self.times)
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


@dataclass(slots=True)
class Tree:
    """A tree of `size` tasks on the screen."""

    size: int
    idle: Keys = field(default_factory=Keys)
    loaded: Keys = field(default_factory=Keys)
    folds: Keys = field(default_factory=Keys)
    trouble: str = ""


@dataclass(slots=True)
class Screen:
    """Everything measured; bytes are a second, `cpu` shares of a core, starts in milliseconds."""

    trees: list[Tree] = field(default_factory=list)
    bare_keys: Keys = field(default_factory=Keys)
    starts: list[float] = field(default_factory=list)
    bare_starts: list[float] = field(default_factory=list)
    idle_bytes: float | None = None
    idle_cpu: float | None = None
    bare_cpu: float | None = None
    busy_bytes: float | None = None
    loaded_bytes: float | None = None
    node_bytes: float | None = None
    troubles: list[str] = field(default_factory=list)


def run(extent: str, say: Say) -> Screen:
    """Measure; what fails is told in `trouble` and the rest goes on."""
    screen = Screen()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), extent)
        steps: list[tuple[str, Callable[[Screen], None]]] = [
            ("cold starts, ours and a bare app's in turn", bench.cold_starts),
            ("keys of a bare app", bench.bare),
            ("bytes", bench.wire),
            ("memory", bench.memory),
        ]
        for name, step in steps:
            say(f"screen: {name}")
            try:
                step(screen)
            except Unmeasured as trouble:
                screen.troubles.append(f"{name}: {trouble}")
        for size in SIZES[extent]:
            say(f"screen: a tree of {size:,}")
            tree = Tree(size)
            screen.trees.append(tree)
            try:
                bench.tree(tree)
            except Unmeasured as trouble:
                tree.trouble = str(trouble)
    return screen


class Bench:
    """Measures in `folder`, where executors, stores and the person's own folders lie."""

    def __init__(self, folder: Path, extent: str) -> None:
        self._folder = folder
        self._keys, self._starts, self._watch = KEYS[extent], STARTS[extent], WATCH[extent]
        self._executors = folder / "executors"
        self._executors.mkdir()
        self._executors.joinpath("bench.py").write_text(screen_store.EXECUTORS, encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("TASKDECK_", "TEXTUAL", "SSH_"))}
        for name in ("NO_COLOR", "COLUMNS", "LINES"):
            kept.pop(name, None)
        home = str(self._folder)
        return {
            **kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT), "HOME": home,
            "XDG_DATA_HOME": f"{home}/data", "XDG_CONFIG_HOME": f"{home}/config", "XDG_STATE_HOME": f"{home}/state",
        }  # fmt: skip

    @contextmanager
    def _console(self, store: Path, *, ssh: bool = False) -> Iterator[Terminal]:
        command = [sys.executable, "-m", "tui.cli", "--executors", str(self._executors), "--store", str(store)]
        environment = self._environment()
        if ssh:
            environment["SSH_CONNECTION"] = "192.0.2.1 50000 192.0.2.2 22"
        terminal = Terminal(command, environment)
        try:
            yield terminal
        finally:
            terminal.end()

    @contextmanager
    def _bare(self) -> Iterator[Terminal]:
        terminal = Terminal([sys.executable, "-m", "tests.bench.bare_app"], self._environment())
        try:
            yield terminal
        finally:
            terminal.end()

    def _store(self, tasks: int) -> Path:
        store = self._folder / f"{tasks}-{time.monotonic_ns()}.db"
        self._child("screen_store", str(store), str(tasks))
        return store

    def _child(self, module: str, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", f"tests.bench.{module}", *words],
            cwd=ROOT, env=self._environment(), capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        if done.returncode:
            raise Unmeasured((done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1])
        return done.stdout

    # ── what is measured ─────────────────────────────────────────────────────────────────────────────────────────

    def cold_starts(self, screen: Screen) -> None:
        """The first of each fills the caches and does not count."""
        for turn in range(self._starts + 1):
            with self._bare() as bare:
                seconds = bare.wait(b"key 000000") - bare.began
            with self._console(self._folder / "empty.db") as ours:
                ours_seconds = ours.wait(b"Catalogue") - ours.began
            if turn:
                screen.bare_starts.append(seconds * 1000)
                screen.starts.append(ours_seconds * 1000)

    def bare(self, screen: Screen) -> None:
        with self._bare() as terminal:
            terminal.wait(b"key 000000")
            time.sleep(SETTLED)
            _, screen.bare_cpu = terminal.watch(self._watch)
            for number in range(1, self._keys + 1):
                pressed = time.perf_counter()
                shown = terminal.wait(f"key {number:06}".encode(), terminal.press("j"))
                screen.bare_keys.times.append((shown - pressed) * 1000)
                time.sleep(GAP)

    def memory(self, screen: Screen) -> None:
        screen.node_bytes = float(self._child("screen_memory", "100000"))

    def wire(self, screen: Screen) -> None:
        """Bytes over ssh: nothing happens, one task runs, and all groups that are seen change."""
        store = self._store(LOAD)
        with self._console(store, ssh=True) as terminal:
            _open(terminal, LOAD)
            terminal.press("gjz")  # all groups folded: each row on the screen changes while the tree runs
            time.sleep(SETTLED)
            screen.idle_bytes, screen.idle_cpu = terminal.watch(self._watch)
            terminal.press("P")
            time.sleep(1.0)
            screen.loaded_bytes, _ = terminal.watch(min(self._watch, 2.0))
        with self._console(self._folder / "empty.db", ssh=True) as terminal:
            terminal.wait(b"bench_busy")
            time.sleep(SETTLED)
            terminal.press("/bench_busy\r")
            time.sleep(0.5)
            terminal.wait(b"Launch", terminal.press("\r"))
            terminal.wait(b"step", terminal.press("\x12"))
            time.sleep(SETTLED)
            screen.busy_bytes, _ = terminal.watch(self._watch)

    def tree(self, tree: Tree) -> None:
        """Keys and folds while the queue is paused, then keys while the tree (of few tasks another) runs."""
        store = self._store(tree.size)
        with self._console(store) as terminal:
            _open(terminal, tree.size)
            terminal.press("gjj")
            time.sleep(SETTLED)
            tree.idle = self._moves(terminal, tree.size, self._keys)
            tree.folds = self._folds(terminal)
            if tree.size < 1_000:
                return  # it would have run before the second key
            terminal.press("gjj")
            time.sleep(0.3)
            began = time.time()
            terminal.press("P")
            time.sleep(0.5)
            tree.loaded = self._moves(terminal, tree.size, self._keys, store)
            tree.loaded.rate = _rate(store, began)

    def _moves(self, terminal: Terminal, size: int, count: int, store: Path | None = None) -> Keys:
        """Down and up among the first rows of the first group; with `store` while tasks of it still end."""
        keys, place, down = Keys(), 0, True
        for number in range(count):
            if store is not None and number % CHECK == 0 and _ended(store) >= size:
                break
            down = down if 0 < place < min(WALK, size // screen_store.groups(size) - 1) else place == 0
            place += 1 if down else -1
            wanted = screen_store.name(place * screen_store.groups(size))
            keys.times.append(_time(terminal, "j" if down else "k", wanted))
            time.sleep(GAP)
        return keys

    def _folds(self, terminal: Terminal) -> Keys:
        keys = Keys()
        _time(terminal, "gj", "group 00")
        for number in range(FOLDS * 2):
            keys.times.append(_time(terminal, "\r", "▼ group 00" if number % 2 else "▶ group 00"))
            time.sleep(GAP)
        return keys


def _open(terminal: Terminal, size: int) -> None:
    """Wait for the start, go to the runs and unfold the tree."""
    whole = f"0/{size + screen_store.groups(size) + 1}".encode()
    unread = b"Enter reads them"  # a large tree is read when it is opened
    terminal.press("2")
    terminal.wait(lambda data: whole in data or unread in data)
    time.sleep(SETTLED)
    if size >= 5_000:
        terminal.wait(whole, terminal.press("\r"))
    time.sleep(0.5)


def _time(terminal: Terminal, keys: str, text: str) -> float:
    """Milliseconds until the row under the cursor has `text`."""
    wanted, cursor = text.encode(), _CURSOR.encode()

    def seen(data: bytes) -> bool:
        return any(cursor in line and wanted in _SGR.sub(b"", line) for line in _MOVE.split(data))

    pressed = time.perf_counter()
    return (terminal.wait(seen, terminal.press(keys)) - pressed) * 1000


def _ended(store: Path) -> int:
    """Tasks on disk that have ended; read beside the console, as any other program may."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=5) as connection:
        return int(connection.execute("SELECT count(*) FROM task WHERE status = 'completed'").fetchone()[0])


def _rate(store: Path, began: float) -> float:
    """Tasks a second that ended from `began` on."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=5) as connection:
        sql = "SELECT count(*), min(completed_at), max(completed_at) FROM task WHERE completed_at > ?"
        count, first, last = connection.execute(sql, (began,)).fetchone()
    return count / (last - first) if count > 1 and last > first else 0.0


def median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


if __name__ == "__main__":
    from tests.bench import screen_report

    found = run(*sys.argv[1:] or ["usual"], say=lambda text: print(f"… {text}", file=sys.stderr, flush=True))
    for line in screen_report.lines(found):
        print(line)
