"""A console in tmux under random keys, and what must hold of it after each batch of them."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.monkey.keys import Fingers, Press
from tests.monkey.world import EXECUTORS, PROBE
from tests.whole.tmux import ROOT, Terminal

BATCH = 25
"""Turns of the monkey between two checks."""
REACTS = 2.0
"""Seconds in which a key must show; on a machine whose cores are all taken it is measured, and ends nothing."""
STUCK = 30.0
"""Seconds without any reaction that count as none at all."""
ENDS = 120.0
"""Seconds in which a task that takes no time must have ended, whatever else runs."""
KEPT = 60
ALIVE_WITH = 3
"""Tasks that should run while the monkey plays."""
FAULT = "fault in the console"
QUITS = "Cancel them and quit"
MESSAGES = "╭─ Messages "
HELP = "╭─ Keys ─"
KEYMAP = '[app]\nquit = ""\n'
"""The monkey must not leave by chance."""


class Failure(Exception):
    """What did not hold."""


class Player:
    """Plays until told to end; `memory` holds (seconds, bytes) after each batch, `slowest` the longest reaction."""

    def __init__(self, folder: Path, seed: int, *, runs: int) -> None:
        self.terminal = Terminal(folder, 120, 36)
        self.fingers = Fingers(seed)
        self.last: deque[Press] = deque(maxlen=KEPT)
        self.memory: list[tuple[float, int]] = []
        self.reactions: list[float] = []
        self.presses = self.batches = self.leaves = 0
        self.store = folder / "store.db"
        self.terminal.executors.mkdir(parents=True)
        (self.terminal.executors / "monkey.py").write_text(EXECUTORS)
        config = folder / "taskdeck"
        config.mkdir(exist_ok=True)
        (config / "keymap.toml").write_text(KEYMAP)
        command = [sys.executable, "-m", "tests.monkey.world", str(self.store), str(runs)]
        subprocess.run(command, check=True, cwd=ROOT)
        self.began = time.monotonic()

    def begin(self) -> None:
        self.terminal.start()
        self.terminal.sees("store ok", STUCK)
        self.process = self.terminal.process()

    def end(self) -> None:
        self.terminal.end()

    # --- play ------------------------------------------------------------------------------------------------

    def batch(self) -> None:
        """Some turns of random keys, then all checks. Raises `Failure`."""
        for _ in range(BATCH):
            for press in next(self.fingers):
                self._do(press)
            self._look()
        self._check()
        self.batches += 1

    def _do(self, press: Press) -> None:
        self.last.append(press)
        self.presses += max(len(press.keys), 1)
        if press.size:
            self.terminal.resize(*press.size)
        elif press.keys:
            self.terminal.press(*press.keys)
        elif press.pasted:
            self.terminal.paste(press.text)
        else:
            self.terminal.tmux("send-keys", "-t", "t", "-l", press.text)

    def _look(self) -> str:
        """What is seen between two turns: no fault, and no question that would end it."""
        screen = self.terminal.screen()
        if QUITS in screen:
            self._do(Press(("Escape",)))
        if re.search(r"EXIT \d+", screen):
            self._left(screen)
        if FAULT in screen.lower():
            raise Failure(f"a fault is shown\n{screen}\n{self._told()}")
        return screen

    def _told(self) -> str:
        """The messages with the traceback of a fault; its toast says one line of it."""
        self._escapes(12)
        self._do(Press(("M",)))
        time.sleep(1.0)
        self._do(Press(("G",)))
        time.sleep(0.5)
        return self.terminal.screen()

    def _left(self, screen: str) -> None:
        """The console ended: by the palette or `:q` where nothing ran, which it may, or by itself."""
        if "EXIT 0" not in screen or not any("C-p" in press.keys or ":" in press.keys for press in self.last):
            raise Failure("the console ended")
        self.leaves += 1
        self.terminal.end()
        self.begin()

    # --- checks ----------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if not self.process.is_running() or self.process.status() == psutil.STATUS_ZOMBIE:
            raise Failure("the process is gone")
        self.home()
        self.memory.append((time.monotonic() - self.began, self.process.memory_info().rss))
        if self.batches % 5 == 0:
            self._no_faults()
            self._tasks_end()
        self._keep_running()

    def home(self) -> None:
        """Back to the panes by Esc alone, and see that a key is heard there."""
        self.terminal.resize(120, 36)
        self._escapes(12)
        self._heard(Press(("F1",)), lambda screen: HELP in screen)
        self._closes(HELP)

    def _escapes(self, times: int) -> None:
        for _ in range(times):
            self._do(Press(("Escape",)))
            time.sleep(0.1)

    def _closes(self, shown: str) -> None:
        """Esc closes what shows `shown`; a key that came with it would be alt and that key (a terminal's way)."""
        self._heard(Press(("Escape",)), lambda screen: shown not in screen)
        time.sleep(0.05)

    def _heard(self, press: Press, seen: Callable[[str], bool]) -> None:
        began = time.monotonic()
        self._do(press)
        while not seen(self.terminal.screen()):
            if time.monotonic() - began > STUCK:
                raise Failure(f"no reaction to {press} in {STUCK:g} s")
            time.sleep(0.02)
        self.reactions.append(time.monotonic() - began)

    def _no_faults(self) -> None:
        """The list of messages holds every fault, also one whose toast was never seen."""
        self._heard(Press(("M",)), lambda screen: MESSAGES in screen)
        for key in ("g", "G"):
            self._do(Press((key,)))
            time.sleep(0.2)
            self._look()
        self._closes(MESSAGES)

    def _count(self, name: str, *statuses: str) -> int:
        marks = ",".join("?" * len(statuses))
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=10) as db:
            sql = f"SELECT count(*) FROM task WHERE name LIKE ? AND status IN ({marks})"
            return int(db.execute(sql, (name, *statuses)).fetchone()[0])

    def tasks(self) -> int:
        """How many tasks the store holds: what is remembered of them is no leak."""
        return self._count("%", "pending", "in_progress", "completed", "failed", "cancelled")

    def command(self, text: str) -> None:
        self._do(Press((":",)))
        self.terminal.sees(r"(?m)^ ?:", STUCK)
        self._do(Press(text=text))
        time.sleep(0.2)
        self._do(Press(("Enter",)))

    def _launch(self, words: str) -> None:
        """From the panes: open the form by the command line, and launch."""
        self.command(f"launch {words}")
        self.terminal.sees("launch", STUCK)
        time.sleep(0.3)
        self._do(Press(("C-r",)))
        time.sleep(0.3)

    def _tasks_end(self) -> None:
        if "queue paused" in self.terminal.screen():
            self.command("resume queue")
        before = self._count(PROBE, "completed")
        self._launch(PROBE)
        until = time.monotonic() + ENDS
        while self._count(PROBE, "completed") <= before:
            if time.monotonic() > until:
                raise Failure(f"a task that takes no time did not end in {ENDS:g} s")
            time.sleep(0.2)
        self._escapes(3)

    def _keep_running(self) -> None:
        if self._count("%", "in_progress") < ALIVE_WITH:
            self._launch("churn")
            self._escapes(3)
