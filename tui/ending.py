"""How the console ends: its screen in time, then the engine, at once or after its runs went on without a screen.

A lost connection is no wish to end what runs, and who quits may wish that it goes on: without a screen the runs go on
for a while (`headless` in the settings). Other consoles on the store see them live meanwhile, and can cancel them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from tui.commands.exits import complain
from tui.end_signals import HANG_UP, end_by_default

if TYPE_CHECKING:
    from engine import Settings
    from tui.late_engine import LateEngine

SCREEN_LIMIT = 5.0
"""Seconds that the screen may take to end once it was asked to."""
RESCUE_LIMIT = 1.0
STOP_LIMIT = 10.0
"""Seconds that the engine may take to cancel, write and close before the process ends without it."""
LOOK_EVERY = 0.1
PROMPT_AFTER = 0.3
"""Seconds that the process is stopped for, so that its shell notices and goes on."""
REPORT_LIMIT = 256 * 1024
"""Bytes of the report above which it is begun anew."""


def report_file() -> Path:
    """Where a console that lost its terminal writes what became of its runs, one line each time."""
    return platformdirs.user_state_path("taskdeck", appauthor=False) / "headless.log"


class Deadline:
    """Has `rescue` and then `finish` done from a thread of its own where the screen does not end by itself in time.

    What can hold it: a thread of the screen's that waits for a dead disk, foreign code in a handler. `finish` ends the
    process.
    """

    def __init__(self, rescue: Callable[[], None], finish: Callable[[], None]) -> None:
        self._rescue, self._finish = rescue, finish
        self._met = threading.Event()
        self._watch: threading.Thread | None = None

    def begin(self) -> None:
        """The screen was asked to end. Safe to repeat."""
        if self._watch is None:
            self._watch = threading.Thread(target=self._wait, name="deadline", daemon=True)
            self._watch.start()

    def met(self) -> None:
        """The screen has ended."""
        self._met.set()

    def _wait(self) -> None:
        if not self._met.wait(SCREEN_LIMIT):
            rescuing = threading.Thread(target=self._rescue, name="rescue", daemon=True)
            rescuing.start()
            rescuing.join(RESCUE_LIMIT)  # a stalled terminal may never take it
            self._finish()


def end_engine(thread: LateEngine, settings: Settings, code: int, *, goes_on: bool = False) -> None:
    """End the engine of a console that ended with the exit code `code`; blocks until all is on disk.

    Who quits has been asked, and what runs is cancelled, or with `goes_on` runs to its end. After a hang-up the runs go
    on too; what is cut off then, or by a signal, is stored as interrupted.
    """
    if threading.current_thread() is threading.main_thread():
        end_by_default()
    if (code == HANG_UP or goes_on) and thread.is_started:
        if goes_on:
            _say_that_it_goes_on(thread, settings)
        _go_on(thread, settings, "lost its terminal" if code == HANG_UP else "was left to run")
    try:
        asyncio.run(_stop(thread, cancel=code == 0))
    except TimeoutError:
        complain(f"the engine did not end within {STOP_LIMIT:.0f} s; what ran is shown as interrupted next time")


async def _stop(thread: LateEngine, *, cancel: bool) -> None:
    await asyncio.wait_for(thread.stop(cancel=cancel), STOP_LIMIT)


def _say_that_it_goes_on(thread: LateEngine, settings: Settings) -> None:
    counts = thread.engine.counts
    left = f"{counts.running} running, {counts.queued + counts.scheduled} waiting"
    sys.stdout.write(
        f"taskdeck goes on without a screen ({left}) as process {os.getpid()}, for {settings.headless / 60:.0f} minutes"
        f" at most; a new console shows it live. What became of it: {report_file()}\n"
    )
    with suppress(OSError):
        sys.stdout.flush()


def _give_back_the_prompt() -> None:
    """Have the shell that waits for us go on, as `ctrl+z` and `bg` would: stop, and be continued by a child.

    It says so more than once, since it may come before our stop. Only where a shell with job control started us; else
    nobody would wait for the stop, or go on after it.
    """
    try:
        is_job = os.getsid(0) == os.getsid(os.getppid()) and os.getpgrp() != os.getpgid(os.getppid())
    except OSError:
        return
    if is_job:
        code = (
            "import os, sys, time\nfor _ in '12345': time.sleep(float(sys.argv[1])); os.kill(*map(int, sys.argv[2:]))"
        )
        words = [str(PROMPT_AFTER), str(os.getpid()), str(int(signal.SIGCONT))]
        subprocess.Popen([sys.executable, "-I", "-S", "-c", code, *words], start_new_session=True)
        os.kill(os.getpid(), signal.SIGSTOP)


def _go_on(thread: LateEngine, settings: Settings, why: str) -> None:
    """Without a terminal, until nothing runs or waits any more, the time is over, or somebody asks for the end."""
    _let_go_of_the_terminal()
    _give_back_the_prompt()
    ending = threading.Event()
    with suppress(ValueError):  # the screen's thread hangs, and this is another one
        signal.signal(signal.SIGTERM, lambda *_: ending.set())
    began = time.monotonic()
    had_work = _has_work(thread)
    while _has_work(thread) and time.monotonic() - began < settings.headless and not ending.wait(LOOK_EVERY):
        pass
    running = thread.engine.counts.running
    _report(why, had_work, running, time.monotonic() - began, asked=ending.is_set())


def _has_work(thread: LateEngine) -> bool:
    """Whether something runs, or will by itself; what a paused queue holds will not."""
    counts = thread.engine.counts
    return bool(counts.running or counts.scheduled or (counts.queued and not thread.engine.paused))


def _let_go_of_the_terminal() -> None:
    """Nothing may wait for it, and its other signals are not for us."""
    with suppress(ValueError):
        for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTSTP", "SIGTTIN", "SIGTTOU"):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    with suppress(OSError):  # already a leader: nothing to leave
        os.setsid()


def _report(what: str, had_work: bool, running: int, seconds: float, *, asked: bool) -> None:
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
            file.write(f"{at}  process {os.getpid()} {what}: {said}\n")
