"""What an attempt leaves behind: threads, asyncio tasks and child processes that still run when it has ended."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import sysconfig
import threading
from asyncio import sleep  # bound here: executors replace what stands in the module
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from engine.output import Started, TaskLog, current, is_foreign
from engine.problems import plain_names

LEFT = "left behind: "
"""So begins what the log says of each thing that an attempt left running."""
APART = "runs in process "
"""So begins what the log says of an attempt that has a process of its own; its id follows."""
PATIENCE = (0.01, 0.02, 0.03)
"""Seconds between the looks at what still runs: most of it is just about to end."""
MOST = 10
"""Threads or processes that are named; of more only the number is said."""
_OURS = (
    str(Path(__file__).parent) + os.sep,
    *(p + os.sep for p in (sysconfig.get_path("stdlib"), os.path.dirname(asyncio.__file__))),
)
_POOL = os.path.join("concurrent", "futures", "thread.py")


class Tracking:
    """Notes the threads and processes that a task's code starts on its `TaskLog`; a thread inherits the task.

    Counted, so that several engines in one process share it.
    """

    def __init__(self) -> None:
        self._users = 0
        self._start = threading.Thread.start
        self._popen = subprocess.Popen.__init__
        self._fork = os.fork
        os.register_at_fork(after_in_child=self._forked)
        self.is_fork = False
        """True in a copy of this process that a task's code made with `os.fork`: it must not go on as an engine."""

        self.on_popen: Callable[[tuple[Any, ...], dict[str, Any]], None] | None = None
        """Gets the arguments of each `Popen` before it is made, and may change them."""

    def _forked(self) -> None:
        self.is_fork = self._users > 0
        if self.is_fork and self.on_popen is not None:  # as for what `Popen` starts: it has no terminal
            with suppress(OSError):
                os.setsid()

    def install(self) -> None:
        self._users += 1
        if self._users > 1:
            return
        self._start, self._popen, self._fork = threading.Thread.start, subprocess.Popen.__init__, os.fork
        threading.Thread.start = _tracked_start(self._start)  # type: ignore[method-assign]
        subprocess.Popen.__init__ = self._tracked_popen()  # type: ignore[method-assign]
        os.fork = _tracked_fork(self._fork)

    def remove(self) -> None:
        self._users -= 1
        if self._users:
            return
        threading.Thread.start = self._start  # type: ignore[method-assign]
        subprocess.Popen.__init__ = self._popen  # type: ignore[method-assign]
        os.fork = self._fork

    def _tracked_popen(self) -> Any:
        original = self._popen

        def __init__(process: subprocess.Popen[Any], *args: Any, **kwargs: Any) -> None:
            if self.on_popen is not None:
                self.on_popen(args, kwargs)
            original(process, *args, **kwargs)
            if (log := current.get()) is not None:
                note(log, process.pid)

        return __init__


def _tracked_start(original: Any) -> Any:
    def start(thread: threading.Thread) -> None:
        if is_foreign():
            context, run = copy_context(), thread.run
            thread.run = lambda: context.run(run)  # type: ignore[method-assign]
            if (log := current.get()) is not None:
                note(log, thread)
        original(thread)

    return start


def _tracked_fork(original: Any) -> Any:
    def fork() -> int:
        pid: int = original()
        if pid and (log := current.get()) is not None:
            note(log, pid)
        return pid

    return fork


tracking = Tracking()
makers: WeakKeyDictionary[asyncio.Task[Any], TaskLog] = WeakKeyDictionary()
"""Whose code made an asyncio task, where an attempt did: those of loops that make them by `make_task`."""


def make_task(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **more: Any) -> Any:
    """A task factory: it must be known whose a task is when it blocks its loop, or outlives its attempt."""
    task = asyncio.Task(work, loop=loop, **more)
    if (log := current.get()) is not None:
        makers[task] = log
        note(log, task)
    return task


def note(log: TaskLog, started: Started) -> None:
    """It was started by the attempt that has `log`."""
    if len(log.started) >= 1_000:  # of a task that starts and ends them all the time, those that live
        log.started = [each for each in log.started if _lives(each)]
    log.started.append(started)


def _lives(started: Started) -> bool:
    if isinstance(started, asyncio.Task):
        return not started.done()
    if isinstance(started, threading.Thread):
        frame = sys._current_frames().get(started.ident or 0) if started.is_alive() else None
        return frame is not None and not frame.f_code.co_filename.endswith(_POOL)  # a pool's thread may wait for ever
    import psutil  # here and below: a sixth of what a command takes to start, and seldom needed

    try:
        process = psutil.Process(started)
        return process.ppid() == os.getpid() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


async def settle(log: TaskLog) -> None:
    """Say in the log what the attempt, which has ended, left running; what is about to end is given a moment."""
    left = log.started
    for pause in PATIENCE:
        left = [each for each in left if _lives(each)]
        if not left:
            return
        try:
            await sleep(pause)
        except (asyncio.CancelledError, RuntimeError):  # the latter where there is no loop any more
            break
    for text in words([each for each in left if _lives(each)]):
        log.line("engine", text)


def words(left: list[Started]) -> list[str]:
    """A line for each thread and asyncio task (with where it is now) and each process, with its children."""
    lines = []
    for each in left:
        if isinstance(each, threading.Thread):
            lines.append(f"{LEFT}{thread_words(each)}")
        elif isinstance(each, asyncio.Task):
            lines.append(f"{LEFT}{task_words(each)}")
        else:
            lines += [f"{LEFT}{process_words(pid)}" for pid in (each, *descendants(each))]
    return lines if len(lines) <= MOST else [*lines[:MOST], f"{LEFT}{len(lines) - MOST} more of them"]


def thread_words(thread: threading.Thread) -> str:
    place = place_of(sys._current_frames().get(thread.ident or 0))
    return f"thread '{thread.name}'{f' at {place}' if place else ''}"


def task_words(task: asyncio.Task[Any]) -> str:
    place = place_of_task(task)
    return f"asyncio task '{task.get_name()}'{f' at {place}' if place else ''}"


def process_words(pid: int) -> str:
    import psutil

    try:
        command = " ".join(psutil.Process(pid).cmdline())[:120]
    except psutil.Error:
        command = ""
    return f"process {pid}{f' ({command})' if command else ''}"


def place_of(frame: FrameType | None) -> str:
    """ "file:line in function" of the innermost frame that is an executor's, else of the innermost; "" for none."""
    found = frame
    while found is not None and is_ours(found.f_code.co_filename):
        found = found.f_back
    found = found or frame
    if found is None:
        return ""
    return f"{plain_names(found.f_code.co_filename)}:{found.f_lineno} in {found.f_code.co_name}"


def is_ours(file: str) -> bool:
    """Whether code of that file is the engine's or Python's own."""
    return file.startswith("<frozen") or (file.startswith(_OURS) and "site-packages" not in file)


def place_of_task(task: asyncio.Task[Any]) -> str:
    """Where the coroutine of a task waits, in the same words."""
    frame: FrameType | None = None
    awaited: Any = task.get_coro()
    while awaited is not None:
        here = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if here is not None and (frame is None or not is_ours(here.f_code.co_filename)):
            frame = here
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
    return place_of(frame)


def descendants(pid: int) -> list[int]:
    """All processes below `pid` that live, nearest first; from Linux's own list where it has one (psutil reads all)."""
    found: list[int] = []
    todo = [pid]
    while todo:
        for child in _children(todo.pop(0)):
            if child not in found:
                found.append(child)
                todo.append(child)
    return found


def _children(pid: int) -> list[int]:
    try:
        lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
        candidates = [int(each) for text in lists for each in text.split()]
        if not lists:
            raise OSError
    except OSError:
        import psutil

        try:
            candidates = [child.pid for child in psutil.Process(pid).children()]
        except psutil.Error:
            return []
    return [each for each in candidates if _is_running(each)]


def _is_running(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
