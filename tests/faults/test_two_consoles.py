"""Two whole consoles on one store: live to each other, acting for each other, and one goes on when the other dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.consoles import launch_gated, task_of
from tests.pty_console import Console

Start = Callable[..., Console]


def ran(folder: Path) -> list[str]:
    file = folder / "ran"
    return file.read_text().splitlines() if file.exists() else []


def pair(start: Start) -> tuple[Console, Console]:
    """The first runs what waits for the gate; the second has it selected."""
    first, second = start(), start()
    second.sees("gated")
    launch_gated(first)
    second.keys("2")
    second.sees("running")
    return first, second


def test_a_killed_console_is_taken_over_at_once_and_nothing_runs_twice(start: Start) -> None:
    first, second = pair(start)
    first.signal(signal.SIGKILL)
    first.hang_up()
    killed = time.monotonic()
    second.sees("interrupted")
    shown = time.monotonic() - killed
    seen_at = second.rows("SELECT completed_at FROM task")[0][0]
    assert task_of(second) == ("failed", "interrupted")
    print(f"\nkilled with -9: taken over in the store and on the other's screen within {shown:.2f} s")
    assert shown < 5, "a guard; under a second on an idle machine"
    assert seen_at
    (second.folder / "gate").touch()
    time.sleep(0.5)
    assert len(ran(second.folder)) == 1, "it does not run again by itself"
    second.keys("r")
    second.sees("ctrl+r")
    second.keys("\x12")
    second.sees("done")
    assert len(ran(second.folder)) == 2


def test_what_one_runs_the_other_sees_live(start: Start) -> None:
    first, second = pair(start)
    (first.folder / "gate").touch()
    while first.rows("SELECT 1 FROM run WHERE owner IS NOT NULL"):
        time.sleep(0.005)
    ended = time.monotonic()
    second.sees("done")
    print(f"\nthe end is on the other's screen {time.monotonic() - ended:.2f} s after it is on disk")
    assert time.monotonic() - ended < 5, "a guard; 0.2 s on an idle machine"


def test_the_other_console_cancels_it(start: Start) -> None:
    first, second = pair(start)
    second.keys("c")
    second.sees("cancelled")
    first.sees("cancelled")
    assert task_of(first)[0] == "cancelled"


def test_the_other_console_pauses_and_resumes_it_and_launches_its_own(start: Start) -> None:
    first, second = pair(start)
    second.keys("p")
    first.sees("paused")
    second.keys("p")
    second.sees("goes on")
    second.launch("tick")
    second.until(
        lambda: second.rows("SELECT 1 FROM task WHERE name = 'tick' AND status != 'pending'"), "its own never began"
    )
    (first.folder / "gate").touch()
    first.until(lambda: not first.rows("SELECT 1 FROM run WHERE owner IS NOT NULL"), "not all ended")
    assert len([line for line in ran(first.folder) if line.startswith("gated")]) == 1


def test_a_read_only_console_sees_all_and_changes_nothing(start: Start) -> None:
    first, viewer = start(), start("--read-only")
    viewer.sees("read-only")
    launch_gated(first)
    viewer.keys("2")
    viewer.sees("running")
    viewer.keys("c")
    viewer.sees("read-only mode: nothing is changed")
    first.signal(signal.SIGKILL)
    viewer.sees("interrupted")
    viewer.keys("r")
    time.sleep(0.3)
    assert task_of(viewer) == ("failed", "interrupted") and len(ran(viewer.folder)) == 1
    acts = viewer.rows("SELECT json_extract(detail, '$.act') FROM audit WHERE what = 'refused' ORDER BY seq")
    assert acts == [("cancel",), ("rerun",)]


def test_a_store_that_everybody_may_read_is_named_at_the_start(start: Start) -> None:
    first = start()
    first.sees("gated")
    first.keys("q")
    first.ended()
    os.chmod(first.store, 0o644)
    second = start()
    second.sees("everybody may read it")
