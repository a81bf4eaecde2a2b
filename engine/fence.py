"""Keeps foreign code that runs in the engine's own process from ending, stopping or cutting off all of it.

While the console runs, calls that mean the whole process (its end, signals to it and to what it hangs on, its group,
limits and descriptors that are the engine's) are refused to the code of tasks and of imports; the screen's terminal is
not there for them, nor for the processes that they start. What ends a process by another way (a crash in C code) needs
`isolation = "process"`.
"""

from __future__ import annotations

import _thread
import asyncio
import errno
import faulthandler
import fcntl
import os
import resource
import signal
import stat
import subprocess
import sys
import termios
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psutil

from engine.leftovers import makers, tracking
from engine.output import capture, current, is_foreign

DEEPEST = 3_000
"""The recursion limit that code may set at most. Beyond it the C stack may end first, and with it the process: through
`sorted(key=...)` at less than 5,000 in a stack of 8 MB."""
WAKERS = frozenset({"anon_inode:[eventpoll]", "anon_inode:[eventfd]", "anon_inode:inotify"})
"""What loops and the watch of the folders wait on, those that were opened later too."""
RESERVED = 64
"""Descriptors that foreign code may not take."""
OPENING = frozenset({"open", "socket.__new__", "subprocess.Popen"})
"""Events of Python's audit after which there are more descriptors."""
HEARD = OPENING | {"os.remove", "os.rename", "os.truncate", "sqlite3.connect"}
OF_ALL = (
    *("chroot", "nice", "setpriority", "setns", "unshare", "initgroups", "setgroups"),
    *(f"set{which}{whose}id" for which in ("", "e", "re", "res") for whose in ("u", "g")),
)
"""Functions of `os` that make the whole process another one."""
Check = Callable[..., "BaseException | None"]


class ProcessExit(SystemExit):
    """Raised in place of what would have ended the process; its text is the call."""


def _is_kept() -> bool:
    """Whether the code that runs now is foreign and in the engine's process, not in a copy that it made."""
    return is_foreign() and not tracking.is_fork


class Fence:
    """Counted, so that several engines in one process share it; `install` while no foreign code runs."""

    def __init__(self) -> None:
        self._users = 0
        self._kept: dict[int, tuple[int, int]] = {}
        self._files: set[str] = set()
        self._inodes: set[tuple[int, int]] = set()
        self._terminals: set[int] = set()
        self._originals: list[tuple[ModuleType, str, Any]] = []
        self._is_hooked = False

    def install(self, *, ends: bool = True) -> None:
        """Without `ends` the process may be ended, as a worker may; what leads out of it is kept all the same."""
        self._users += 1
        if self._users > 1:
            return
        self._look()
        for module, name, check in (*self._descriptors(), *(self._checks() if ends else ())):
            self._put(module, name, _checked(getattr(module, name), check))
        for module in (asyncio, asyncio.tasks):
            self._put(module, "all_tasks", _own_tasks(asyncio.all_tasks))
        self._put(sys, "setrecursionlimit", _capped(sys.setrecursionlimit))
        self._put(os, "system", _apart_system(os.system))
        self._put(os, "posix_spawn", _apart_spawn(os.posix_spawn))
        tracking.on_popen = _apart
        capture.take_terminal()
        if not self._is_hooked:
            self._is_hooked = True
            sys.addaudithook(self._heard)  # it stays: Python takes none away

    def remove(self) -> None:
        self._users -= 1
        if self._users:
            return
        tracking.on_popen = None
        capture.leave_terminal()
        for module, name, original in reversed(self._originals):
            setattr(module, name, original)
        self._originals.clear()
        self._kept.clear()
        self._files.clear()
        self._inodes.clear()
        self._terminals.clear()

    def keep(self, *fds: int) -> None:
        """These descriptors are the engine's, as long as they are open."""
        for fd in fds:
            with suppress(OSError):
                found = os.fstat(fd)
                self._kept[fd] = (found.st_dev, found.st_ino)

    def _put(self, module: ModuleType, name: str, made: Any) -> None:
        self._originals.append((module, name, getattr(module, name)))
        setattr(module, name, made)

    def _look(self) -> None:
        """All that is open now is the engine's, and so are the files and terminals behind it."""
        for fd in _open_descriptors():
            with suppress(OSError):
                found = os.fstat(fd)
                if os.isatty(fd):
                    self._terminals.add(found.st_rdev)
                if stat.S_ISREG(found.st_mode) and fd > 2:
                    self._files.add(os.readlink(f"/proc/self/fd/{fd}"))
                    self._inodes.add((found.st_dev, found.st_ino))
                self.keep(fd)
        with suppress(OSError):
            self._terminals.add(os.stat("/dev/tty").st_rdev)

    def _is_ours(self, fd: Any) -> bool:
        """Whether it is a descriptor of the engine's, but for the standard ones, which are put back."""
        try:
            fd = fd if isinstance(fd, int) else fd.fileno()  # `fcntl` takes files, too
            if fd <= 2:
                return False
            found = os.fstat(fd)
            if self._kept.get(fd) == (found.st_dev, found.st_ino):
                return True
            behind = os.readlink(f"/proc/self/fd/{fd}")
        except (OSError, TypeError, ValueError, AttributeError):
            return False
        return behind in WAKERS or behind.removesuffix("-wal").removesuffix("-shm") in self._files

    def _is_screen(self, fd: Any) -> bool:
        try:
            fd = fd if isinstance(fd, int) else fd.fileno()
            return os.isatty(fd) and os.fstat(fd).st_rdev in self._terminals
        except (OSError, TypeError, ValueError, AttributeError):
            return False

    def _descriptors(self) -> Iterable[tuple[ModuleType, str, Check]]:
        def descriptor(fd: int, *rest: Any, **more: Any) -> BaseException | None:
            return OSError(errno.EBADF, "this descriptor is the console's own") if self._is_ours(fd) else None

        def target(fd: int, onto: int, *rest: Any, **more: Any) -> BaseException | None:
            return descriptor(onto)

        def traffic(fd: int, *rest: Any, **more: Any) -> BaseException | None:
            return OSError(errno.EIO, "there is no terminal for tasks") if self._is_screen(fd) else descriptor(fd)

        yield from ((os, name, descriptor) for name in ("close", "ftruncate"))
        yield from ((os, name, traffic) for name in ("write", "writev", "pwrite", "read", "readv"))
        yield from ((fcntl, name, descriptor) for name in ("fcntl", "flock", "lockf"))
        yield fcntl, "ioctl", traffic
        yield from ((termios, name, traffic) for name in ("tcsetattr", "tcflush", "tcflow", "tcsendbreak"))
        yield os, "set_blocking", descriptor
        yield os, "dup2", target
        yield (
            os,
            "closerange",
            lambda low, high: OSError(errno.EBADF, "some of these descriptors are the console's own"),
        )

    @staticmethod
    def _checks() -> Iterable[tuple[ModuleType, str, Check]]:
        yield from ((os, name, _ends(f"os.{name}")) for name in ("_exit", "abort", "execv", "execve"))
        yield from ((os, name, _denied(f"os.{name}")) for name in ("setpgrp", "setsid", "tcsetpgrp"))
        yield from ((os, name, _denied(f"os.{name}")) for name in OF_ALL if hasattr(os, name))
        yield os, "setpgid", lambda pid, group: _denied("os.setpgid")() if pid in (0, os.getpid()) else None
        yield os, "kill", lambda pid, number: _hits(number) if number and _is_above(pid) else None
        yield os, "killpg", lambda group, number: _hits(number) if number and _is_above(-group) else None
        yield from (
            (signal, name, _denied(f"signal.{name}")) for name in ("raise_signal", "pthread_kill", "alarm", "setitimer")
        )
        yield _thread, "interrupt_main", _denied("_thread.interrupt_main")
        yield from ((faulthandler, name, _denied(f"faulthandler.{name}")) for name in ("register", "unregister"))
        yield faulthandler, "dump_traceback_later", _kills_later
        yield from ((sys, name, _denied(f"sys.{name}")) for name in ("setswitchinterval", "addaudithook"))
        yield resource, "setrlimit", _lowers
        if hasattr(resource, "prlimit"):
            yield resource, "prlimit", lambda pid, which, *limits: _lowers(which, *limits) if _is_this(pid) else None
        for name in ("sched_setaffinity", "sched_setscheduler", "sched_setparam"):
            if hasattr(os, name):
                yield os, name, lambda pid, *rest, name=name: _denied(f"os.{name}")() if _is_this(pid) else None

    def _heard(self, event: str, args: tuple[Any, ...]) -> None:
        """Python's audit: foreign code opens something, or takes a file away."""
        if event not in HEARD or not self._users or not _is_kept():
            return
        if event in OPENING:
            self._keep_some()
        if event == "open":
            self._refuse_terminal(args[0])
        for path, folder in _paths(event, args):
            if self._is_own_file(path, folder):
                hint = "this file is the console's own; `taskdeck export` tells what is in it"
                raise PermissionError(errno.EPERM, hint, path)

    def _is_own_file(self, path: Any, folder: int | None) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        try:
            found = os.stat(path, dir_fd=folder)
        except (OSError, ValueError, TypeError):
            return False
        return (found.st_dev, found.st_ino) in self._inodes

    def _refuse_terminal(self, path: Any) -> None:
        """It is as for a process that has none."""
        if isinstance(path, int) and self._is_screen(path):
            raise OSError(errno.EIO, "there is no terminal for tasks")
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str) or not path.startswith(("/dev/", "/proc/")):
            path = os.path.realpath(path) if isinstance(path, str) and os.path.islink(path) else ""
        if not path.startswith(("/dev/", "/proc/")):
            return
        try:
            behind = os.stat(path)
        except OSError:
            return
        if stat.S_ISCHR(behind.st_mode) and behind.st_rdev in self._terminals:
            raise OSError(errno.ENXIO, "there is no terminal for tasks", path)

    @staticmethod
    def _keep_some() -> None:
        """Raises OSError where foreign code took nearly all descriptors: without the last the engine can do nothing.

        The lowest free number is what the next one gets, so that it tells how many are taken.
        """
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        try:
            free = os.dup(1)
            os.close(free)
        except OSError:
            return
        if free > limit - RESERVED > 0:
            raise OSError(errno.EMFILE, "too many open files: the console keeps the last for itself")


fence = Fence()


def _paths(event: str, args: tuple[Any, ...]) -> list[tuple[Any, int | None]]:
    """The files that an event of the audit is about, each with the descriptor of the folder that it is relative to."""
    if event == "os.rename":
        found = [(args[0], args[2]), (args[1], args[3])]
    elif event == "os.remove":
        found = [(args[0], args[1])]
    elif event == "sqlite3.connect":
        found = [(_database(args[0]), -1)]
    else:
        found = [(args[0], -1)] if event in ("open", "os.truncate") else []
    return [(path, folder if folder >= 0 else None) for path, folder in found]


def _database(named: Any) -> str:
    """The file that SQLite would open to write; "" for one that it only reads: that holds nobody up."""
    try:
        path = os.fsdecode(named)
    except TypeError:
        return ""
    if not path.startswith("file:"):
        return path
    uri = urlsplit(path)
    return "" if "ro" in parse_qs(uri.query).get("mode", ()) else unquote(uri.path)


def _checked(original: Any, check: Check) -> Any:
    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if _is_kept() and (refusal := check(*args, **kwargs)) is not None:
            raise refusal
        return original(*args, **kwargs)

    return call


def _ends(call: str) -> Check:
    def check(*args: Any, **kwargs: Any) -> BaseException:
        return ProcessExit(f"{call}({', '.join(map(repr, args[:1]))})")

    return check


def _denied(call: str) -> Check:
    def check(*args: Any, **kwargs: Any) -> BaseException:
        return PermissionError(errno.EPERM, f'{call} would hit the whole console: it needs isolation = "process"')

    return check


def _hits(number: int) -> BaseException:
    return PermissionError(
        errno.EPERM, f'signal {number} would hit the console or what it hangs on: it needs isolation = "process"'
    )


def _kills_later(*args: Any, **kwargs: Any) -> BaseException | None:
    return _denied("faulthandler.dump_traceback_later")() if kwargs.get("exit") or args[3:] else None


def _is_this(pid: int) -> bool:
    """Whether a call with that id means this process, or a thread of it."""
    return pid == 0 or os.path.exists(f"/proc/self/task/{pid}")


def _lowers(which: int, limits: tuple[int, int] | None = None) -> BaseException | None:
    """A limit may be read and raised; where it is lowered it would hold for all."""
    if limits is None:
        return None

    def height(limit: int) -> float:
        return float("inf") if limit == resource.RLIM_INFINITY else limit

    present = resource.getrlimit(which)
    is_lower = any(height(new) < height(old) for new, old in zip(limits, present, strict=False))
    return _denied("resource.setrlimit")() if is_lower else None


def _is_above(pid: int) -> bool:
    """Whether a signal to `pid` (below 0: to that group) hits this process, or one that it hangs on."""
    line = [os.getpid(), *(parent.pid for parent in psutil.Process().parents())]
    if pid in (0, -1):
        return True
    if pid > 0:
        return pid in line
    groups = set()
    for each in line:
        with suppress(OSError):
            groups.add(os.getpgid(each))
    return -pid in groups


def _capped(original: Any) -> Any:
    @wraps(original)
    def setrecursionlimit(limit: int, /) -> None:
        """Neither below what all others need, nor above what the stack can hold; put back when the attempt ends."""
        if _is_kept() and isinstance(limit, int):
            limit = min(max(limit, 1000), DEEPEST)
        original(limit)

    return setrecursionlimit


def _own_tasks(original: Any) -> Any:
    @wraps(original)
    def all_tasks(loop: asyncio.AbstractEventLoop | None = None) -> set[asyncio.Task[Any]]:
        """Of a loop that many attempts share, each sees the tasks that it made: it may cancel them all."""
        found: set[asyncio.Task[Any]] = original(loop)
        log = current.get()
        return found if log is None else {task for task in found if makers.get(task) is log}

    return all_tasks


# ── the processes that foreign code starts: in a session of their own, they have no terminal ───────────────────────


def _apart(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """The arguments of a `Popen` of foreign code, changed in place."""
    if len(args) > 12 or not _is_kept():
        return
    group = kwargs.get("process_group")
    if group is None or group <= 0:
        kwargs.pop("process_group", None)  # the leader of a session leads its group already
        kwargs["start_new_session"] = True


def _apart_system(original: Any) -> Any:
    @wraps(original)
    def system(command: Any) -> int:
        if not _is_kept():
            return int(original(command))
        code = subprocess.Popen(command, shell=True).wait()
        return -code if code < 0 else code << 8

    return system


def _apart_spawn(original: Any) -> Any:
    @wraps(original)
    def posix_spawn(*args: Any, **kwargs: Any) -> int:
        if _is_kept() and "setpgroup" not in kwargs:
            kwargs.setdefault("setsid", True)
        return int(original(*args, **kwargs))

    return posix_spawn


def _open_descriptors() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return list(range(256))
