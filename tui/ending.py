"""How the engine ends after the screen: at once when it was quit, later when the terminal was lost.

A lost connection is no wish to end what runs: without a screen the runs go on for a while (`headless` in the settings).
Other consoles on the store see them live meanwhile, and can cancel them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from tui.commands.exits import complain
from tui.driver import HANG_UP

if TYPE_CHECKING:
    from engine import Settings
    from tui.late_engine import LateEngine

STOP_LIMIT = 10.0
"""Seconds that the engine may take to cancel, write and close before the process ends without it."""
LOOK_EVERY = 0.1
REPORT_LIMIT = 256 * 1024
"""Bytes of the report above which it is begun anew."""


def report_file() -> Path:
    """Where a console that lost its terminal writes what became of its runs, one line each time."""
    return platformdirs.user_state_path("taskdeck", appauthor=False) / "headless.log"


def end_engine(thread: LateEngine, settings: Settings, code: int) -> None:
    """End the engine of a console that ended with the exit code `code`; blocks until all is on disk.

    Who quits has been asked, and what runs is cancelled. After a hang-up the runs go on first; what is cut off then, or
    by SIGTERM, is stored as interrupted.
    """
    if code == HANG_UP and thread.is_started:
        _go_on(thread, settings)
    try:
        asyncio.run(_stop(thread, cancel=code == 0))
    except TimeoutError:
        complain(f"the engine did not end within {STOP_LIMIT:.0f} s; what ran is shown as interrupted next time")


async def _stop(thread: LateEngine, *, cancel: bool) -> None:
    await asyncio.wait_for(thread.stop(cancel=cancel), STOP_LIMIT)


def _go_on(thread: LateEngine, settings: Settings) -> None:
    """Without a terminal, until nothing runs or waits any more, the time is over, or somebody asks for the end."""
    _let_go_of_the_terminal()
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    began = time.monotonic()
    had_work = _has_work(thread)
    while _has_work(thread) and time.monotonic() - began < settings.headless and not ending.wait(LOOK_EVERY):
        pass
    running = thread.engine.counts.running
    _report(had_work, running, time.monotonic() - began, asked=ending.is_set())


def _has_work(thread: LateEngine) -> bool:
    """Whether something runs, or will by itself; what a paused queue holds will not."""
    counts = thread.engine.counts
    return bool(counts.running or counts.scheduled or (counts.queued and not thread.engine.paused))


def _let_go_of_the_terminal() -> None:
    """Nothing may wait for it, and its other signals are not for us."""
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTSTP", "SIGTTIN", "SIGTTOU"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    with suppress(OSError):  # already a leader: nothing to leave
        os.setsid()


def _report(had_work: bool, running: int, seconds: float, *, asked: bool) -> None:
    """One line on what was done, for whoever comes back."""
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if not had_work:
        said = "nothing ran"
    elif running:
        why = "it was told to end" if asked else "the time was over"
        said = f"its runs went on for {seconds:.0f} s until {why}; what still ran ({running}) is interrupted"
    else:
        said = f"its runs went on, and all had ended after {seconds:.0f} s"
    path = report_file()
    with suppress(OSError):  # a full disk is no reason not to end
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > REPORT_LIMIT:
            path.unlink()
        with open(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a", encoding="utf-8") as file:
            file.write(f"{at}  process {os.getpid()} lost its terminal: {said}\n")
