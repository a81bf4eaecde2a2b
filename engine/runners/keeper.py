"""Between the engine and a worker stands a keeper: the worker's parent, in a session of its own.

An executor that ends its parent or its parent's group hits only that. Whatever the worker leaves behind becomes the
keeper's child, wherever it has gone, and is ended with it. The keeper ends as the worker did, for the engine to see.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from types import FrameType
from typing import NoReturn

from engine.leftovers import descendants

SET_DEATH_SIGNAL = 1
SET_SUBREAPER = 36
END_LIMIT = 2.0
"""Seconds in which what was killed is waited for."""


def divide(engine: int, *private: int) -> None:
    """Fork: returns in the worker; its parent becomes the keeper and never returns.

    `engine` is the process that must be this one's parent. `private` are descriptors that are the worker's alone.
    """
    _control(SET_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != engine:
        os._exit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # its memory may hold secrets
    _control(SET_SUBREAPER, 1)
    keeper = os.getpid()
    worker = os.fork()
    if worker:
        _keep(worker, private)
    os.setsid()
    _control(SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != keeper:
        os._exit(1)


def _keep(worker: int, private: tuple[int, ...]) -> NoReturn:
    def end(number: int, frame: FrameType | None) -> None:
        os.kill(worker, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)
    for fd in private:
        os.close(fd)
    status = 0
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == worker:
            break
    _end_rest()
    _end_like(status)


def _end_rest() -> None:
    """Kill all that is below this process, again while there is any: it may be forking."""
    until = time.monotonic() + END_LIMIT
    while (rest := descendants(os.getpid())) and time.monotonic() < until:
        for pid in rest:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return
        time.sleep(0.002)


def _end_like(status: int) -> NoReturn:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        time.sleep(END_LIMIT)
    os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1)


def _control(option: int, value: int) -> None:
    """Linux's prctl; elsewhere the end of the socket is what ends a worker."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
