"""A terminal that nobody reads (a frozen ssh line, a closed laptop): tasks go on, and the screen is right soon after.

`STALL_SECONDS=30 pytest tests/faults/test_stalled_terminal.py -s` stalls for longer and prints what it measured.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable

from tests.pty_console import Console

STALL = float(os.environ.get("STALL_SECONDS", "4"))
SOON = 10.0
"""Seconds until the screen must be right on a machine that does much else; it takes less than 1 on an idle one."""


def ticks(console: Console) -> int:
    return int(console.rows("SELECT count(*) FROM task WHERE name = 'tick' AND status = 'completed'")[0][0])


def shown(console: Console) -> int:
    """The number that the progress on the screen says."""
    found = re.findall(r"\bat (\d+)\b", console.text)
    return int(found[-1]) if found else -1


def stall(console: Console) -> list[int]:
    """Read nothing for `STALL` seconds; how many tasks had ended at each of five moments of it."""
    found = [ticks(console)]
    for _ in range(5):
        time.sleep(STALL / 5)
        found.append(ticks(console))
    return found


def seconds_until(console: Console, condition: Callable[[], object], words: str) -> float:
    began = time.monotonic()
    console.until(condition, words, SOON)
    return time.monotonic() - began


def test_tasks_go_on_and_the_screen_is_right_once_it_is_read_again(start: Callable[..., Console]) -> None:
    console = start()
    console.sees("ticking")
    console.launch("ticking")
    console.until(lambda: shown(console) > 2, "it never shows progress")
    done = stall(console)
    assert done == sorted(set(done)), f"tasks ended meanwhile in each fifth of the time: {done}"
    former = shown(console)
    live = seconds_until(console, lambda: shown(console) >= done[-1] - 1, "the screen stays behind")
    stall(console)
    (console.folder / "gate").touch()
    while console.rows("SELECT 1 FROM run WHERE owner IS NOT NULL"):
        time.sleep(0.05)
    before = len(console.seen)
    settled = seconds_until(console, lambda: "0 running" in console.text, "the end is never shown")
    result = f'"ticks": {ticks(console)}'
    settled += seconds_until(console, lambda: result in console.text, f"never seen: {result}")
    print(
        f"\nnot read for {STALL:g} s while the screen stood at {former} and {done} tasks ended;"
        f" right {live:.2f} s after (still running),"
        f" {settled:.2f} s after (all ended, {len(console.seen) - before} bytes)"
    )
    console.keys("q")
    assert console.ended() == 0
    assert console.left_over() == []
