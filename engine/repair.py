"""What an attempt must not change for all others, and does: found at its end, put back, and said in its log.

Only where the process is the engine's own: a script may change its folder or its `sys.path` at any time.
"""

from __future__ import annotations

import asyncio
import builtins
import gc
import io
import json
import locale
import logging
import os
import random
import re
import selectors
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import tracemalloc
import uuid
import warnings
from asyncio import base_events, events, futures, locks, queues, selector_events, tasks
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any, Protocol

from engine.import_marks import ImportMarks
from engine.output import TaskLog, capture
from engine.sources import Source

logger = logging.getLogger(__name__)
LOOK_EVERY = 0.05
"""Seconds between two looks while attempts end one after another; one costs a quarter of a millisecond."""
PATIENCE = 2.0
"""Seconds for which an attempt that goes on may keep what may be its own doing."""
PATCHED: tuple[ModuleType | type, ...] = (
    asyncio,
    events,
    futures,
    locks,
    queues,
    tasks,
    base_events.BaseEventLoop,
    selector_events.BaseSelectorEventLoop,
    asyncio.Event,
    json,
    json.encoder,
    json.decoder,
    json.JSONEncoder,
    json.JSONDecoder,
    builtins,
    io,
    logging.Logger,
    logging.Handler,
    random,
    selectors,
    socket,
    sqlite3,
    subprocess,
    subprocess.Popen,
    threading.Thread,
    threading.Condition,
    threading.Event,
    uuid,
    warnings,
    time,
    threading,
    os,
    signal,
    logging,
)
"""What all else here stands on: somebody's replacement of a name in it is taken out at once."""
_UMASK = re.compile(rb"Umask:\s*([0-7]+)")
HOOKS = ("excepthook", "unraisablehook", "displayhook", "meta_path", "path_hooks")
"""Of `sys`."""
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGCHLD", "SIGALRM", "SIGPIPE"))


class Ended(Protocol):
    """An attempt, as far as it matters here."""

    @property
    def log(self) -> TaskLog: ...


class Change:
    """One thing that is otherwise than it was: in words, and how it is put back."""

    __slots__ = ("undo", "words")

    def __init__(self, words: str, undo: Callable[[], object]) -> None:
        self.words = words
        self.undo = undo


class Snapshot:
    """The state of the process to go back to. `signals`: the handlers too, for those that run on the main thread."""

    def __init__(self, *, signals: bool = False) -> None:
        self._spare = {fd: _copy(fd) for fd in (0, 1, 2)}
        self._watches_signals = signals
        self._switching = sys.getswitchinterval()
        self._collecting = (gc.get_threshold(), gc.get_debug(), list(gc.callbacks))
        self._traces_memory = tracemalloc.is_tracing()
        self._tracing = (threading.gettrace(), threading.getprofile())
        self._disabled = logging.root.manager.disable
        self._modules = dict(sys.modules)
        self._modules_there = list(self._modules.values())
        self.take()

    def take(self) -> None:
        """All is as it should be now."""
        self._folder = _folder()
        self._umask = _umask()
        self._path = list(sys.path)
        self._locale = _locale()
        self._environment, self._raw_environment = dict(os.environ), _raw_environment()
        self._warnings = list(warnings.filters)
        self._hooks = {name: _of_sys(name) for name in HOOKS}
        self._depth = sys.getrecursionlimit()
        self._handling = (list(logging.root.handlers), logging.root.level)
        self._names = [(where, dict(vars(where))) for where in PATCHED]
        self._handlers = {number: signal.getsignal(number) for number in SIGNALS} if self._watches_signals else {}

    def imported(self) -> None:
        """Files may add to the process as they are imported; what they took away or replaced is put back, and said."""
        found = [*self.damage(), *self._losses()]
        ends = [(change.words, _undo(change)) for change in found]  # all of them: logging may be among them
        for words, end in ends:
            logger.warning("an executor file changed %s at its import; %s", words, end)
        self.take()

    def _losses(self) -> Iterator[Change]:
        """What is not there any more, and what others could not work with."""
        if not _folder():
            yield Change("the working folder: gone", lambda: os.chdir(self._folder))
        if (mask := _umask()) != self._umask:
            yield Change(f"the umask: {mask:03o}", lambda: os.umask(self._umask))
        if lost := [entry for entry in self._path if entry not in sys.path]:
            yield Change(f"sys.path: {_difference(self._path)}", lambda: sys.path.extend(lost))
        if gone := {name: text for name, text in self._environment.items() if name not in os.environ}:
            yield Change(f"the environment: {_some(gone)}", lambda: os.environ.update(gone))
        for name, hook in self._hooks.items():
            found = _of_sys(name)
            if isinstance(hook, list) and (less := [each for each in hook if each not in found]):
                yield Change(f"sys.{name}", lambda n=name, h=[*found, *less]: _put_in_sys(n, h))  # type: ignore[misc]
            elif not isinstance(hook, list) and not callable(found):
                yield Change(f"sys.{name}", lambda n=name, h=hook: _put_in_sys(n, h))  # type: ignore[misc]
        handlers = logging.root.handlers
        if not isinstance(handlers, list) or any(each not in handlers for each in self._handling[0]):
            yield Change("the handlers of the root logger", self._put_logging_back)

    def close(self) -> None:
        for fd in self._spare.values():
            if fd is not None:
                with suppress(OSError):
                    os.close(fd)

    def changes(self) -> Iterator[Change]:
        """What an attempt may be in need of while it runs."""
        if self._folder and (folder := _folder()) != self._folder:
            yield Change(f"the working folder: {folder or 'gone'}", lambda: os.chdir(self._folder))
        if (mask := _umask()) != self._umask:
            yield Change(f"the umask: {mask:03o}", lambda: os.umask(self._umask))
        if sys.path != self._path:
            yield Change(f"sys.path: {_difference(self._path)}", self._put_path_back)
        if (spoken := _locale()) != self._locale:
            yield Change(f"the locale: {spoken}", lambda: locale.setlocale(locale.LC_ALL, self._locale))
        if _raw_environment() != self._raw_environment:  # what was added harms nobody
            lost = [name for name, value in self._environment.items() if os.environ.get(name) != value]
            if lost:
                yield Change(f"the environment: {_some(lost)}", self._put_environment_back)
        if warnings.filters != self._warnings:
            yield Change("the filters of warnings", self._put_warnings_back)
        for fd, spare in self._spare.items():
            if spare is not None and _leads_elsewhere(fd, spare):
                yield Change(f"where file descriptor {fd} leads", lambda f=fd, s=spare: os.dup2(s, f))  # type: ignore[misc]
        if (depth := sys.getrecursionlimit()) != self._depth:
            yield Change(f"the recursion limit: {depth}", lambda: sys.setrecursionlimit(self._depth))
        for name, hook in self._hooks.items():
            if _of_sys(name) != hook:
                yield Change(f"sys.{name}", lambda n=name, h=hook: _put_in_sys(n, h))  # type: ignore[misc]
        if (logging.root.handlers, logging.root.level) != self._handling:
            yield Change("the handlers or the level of the root logger", self._put_logging_back)
        for name in capture.replaced():
            yield Change(f"sys.{name}", lambda n=name: capture.put_back(n))  # type: ignore[misc]
        if self._watches_signals and signal.getitimer(signal.ITIMER_REAL)[0]:
            yield Change("the timer: it would end the process", lambda: signal.setitimer(signal.ITIMER_REAL, 0))
        for number, handler in self._handlers.items():
            if signal.getsignal(number) is not handler:
                yield Change(f"the handler of {number.name}", lambda n=number, h=handler: signal.signal(n, h))  # type: ignore[misc]

    def damage(self) -> Iterator[Change]:
        """What nobody needs to be otherwise, not even for a moment."""
        for fd, spare in self._spare.items():
            if spare is not None and _is_closed(fd):
                yield Change(f"file descriptor {fd} was closed", lambda f=fd, s=spare: os.dup2(s, f))  # type: ignore[misc]
        if [*map(sys.modules.get, self._modules)] != self._modules_there:
            lost = [name for name, module in self._modules.items() if sys.modules.get(name) is not module]
            yield Change(f"sys.modules: {_some(lost)}", lambda: sys.modules.update(self._modules))
        if not gc.isenabled() or gc.get_threshold() != self._collecting[0]:
            yield Change("gc: garbage was not collected as it should", self._collect_again)
        if (gc.get_debug(), gc.callbacks) != self._collecting[1:]:
            yield Change("gc: its callbacks or what it keeps", self._collect_again)
        if tracemalloc.is_tracing() and not self._traces_memory:
            yield Change("tracemalloc: it traced all memory", tracemalloc.stop)
        if (tracing := (threading.gettrace(), threading.getprofile())) != self._tracing:
            yield Change(f"what traces new threads: {tracing}", self._put_tracing_back)
        if (disabled := logging.root.manager.disable) != self._disabled:
            yield Change(f"logging.disable: {disabled}", lambda: logging.disable(self._disabled))
        if sys.getswitchinterval() != self._switching:
            yield Change("sys.setswitchinterval", lambda: sys.setswitchinterval(self._switching))
        for where, names in self._names:
            present = vars(where)
            if present == names:
                continue
            for name, value in list(names.items()):
                if not name.startswith("_") and present.get(name) is not value:
                    yield Change(f"{where.__name__}.{name}", lambda w=where, n=name, v=value: setattr(w, n, v))  # type: ignore[misc]
            names.update({name: value for name, value in present.items() if name.startswith("_") or name not in names})

    def _put_logging_back(self) -> None:
        logging.root.handlers = list(self._handling[0])  # what stands there may be no list
        logging.root.setLevel(self._handling[1])

    def _put_environment_back(self) -> None:
        os.environ.update(self._environment)

    def _put_warnings_back(self) -> None:
        warnings.resetwarnings()
        warnings.filters[:] = self._warnings  # type: ignore[index]

    def _collect_again(self) -> None:
        threshold, debugging, callbacks = self._collecting
        gc.set_threshold(*threshold)
        gc.set_debug(debugging)
        gc.callbacks[:] = callbacks
        gc.enable()

    def _put_tracing_back(self) -> None:
        trace, profile = self._tracing
        threading.settrace(trace)
        threading.setprofile(profile)

    def _put_path_back(self) -> None:
        sys.path[:] = self._path


class Guard:
    """Looks at the process when attempts end: each version's first, and then often enough to tell whose doing it was.

    What may be the doing of an attempt that goes on stays for a while: it may need it, and put it back by itself.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._known: set[tuple[str, str]] = set()
        self._due = 0.0
        self._since: float | None = None
        self._beside: set[Any] = set()
        self._ended_since = 0
        imports.on_end(snapshot.imported)

    def close(self) -> None:
        imports.forget(self._snapshot.imported)
        self._snapshot.close()

    def ended(self, attempt: Ended, version: tuple[str, str], others: Collection[Any]) -> bool:
        """After `attempt`, while `others` still run; whether something was changed."""
        now = time.monotonic()
        self._ended_since += 1
        if now < self._due and version in self._known and self._since is None:
            return False
        self._known.add(version)
        return self._look(attempt, others, now)

    def _look(self, attempt: Ended, others: Collection[Any], now: float) -> bool:
        if imports.running:  # what executor files change while they are imported is theirs to say
            return False
        found = list(self._snapshot.damage())
        later = list(self._snapshot.changes())
        if later and self._since is None:
            self._since, self._beside = now, set(others)
        if later and self._since is not None:
            self._beside &= set(others)
            if not self._beside or now - self._since > PATIENCE:
                found += later
                later = []
        alone = self._ended_since == 1 and not others
        if not later:
            self._since, self._due, self._ended_since = None, now + LOOK_EVERY, 0
        who = "it" if alone else "it, or what ran beside it,"
        ends = [(change, _undo(change)) for change in found]  # all of them, before anything is done with them
        for change, end in ends:
            attempt.log.line("engine", f"{who} changed {change.words}; {end}")
        return bool(found)


def _undo(change: Change) -> str:
    try:
        change.undo()
    except Exception as error:
        return f"it cannot be put back: {type(error).__name__}: {error}"
    return "put back"


class Imports:
    """Counts the imports of executor files, during which the process is not looked at."""

    def __init__(self) -> None:
        self.running = 0
        self.marks: ImportMarks | None = None
        """Where it is noted what is being imported."""
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def on_end(self, listener: Callable[[], None]) -> None:
        """Call `listener` from now on when an import has ended and no other is under way; on its thread."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        self._listeners.remove(listener)

    @contextmanager
    def one(self, source: Source | None = None) -> Iterator[None]:
        """One import, of the executor file `source` or of a library."""
        marks = self.marks if source is not None else None
        with self._lock:
            self.running += 1
        if marks is not None and source is not None:
            marks.begin(source)
        try:
            yield
        finally:
            if marks is not None and source is not None:
                marks.end(source)
            with self._lock:
                self.running -= 1
                if not self.running:
                    for listener in self._listeners:
                        listener()


imports = Imports()


def _copy(fd: int) -> int | None:
    try:
        return os.dup(fd)
    except OSError:
        return None


def _is_closed(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return True
    return False


def _leads_elsewhere(fd: int, spare: int) -> bool:
    try:
        return not os.path.sameopenfile(fd, spare)
    except OSError:  # it is closed
        return False


def _of_sys(name: str) -> Any:
    """A hook, or a copy of a list of them."""
    found = getattr(sys, name, None)
    return list(found) if isinstance(found, list) else found


def _put_in_sys(name: str, value: Any) -> None:
    setattr(sys, name, list(value) if isinstance(value, list) else value)


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return ""


def _umask() -> int:
    """Read without setting it where that can be: what another thread makes in that moment would get the wrong mode."""
    try:
        with open("/proc/self/status", "rb", buffering=0) as status:
            return int(_UMASK.search(status.read(400))[1], 8)  # type: ignore[index]
    except (OSError, TypeError):
        mask = os.umask(0o077)
        os.umask(mask)
        return mask


def _locale() -> str:
    return locale.setlocale(locale.LC_ALL)


def _raw_environment() -> dict[Any, Any]:
    """A copy of the environment; as it lies in `os.environ`, where that can be had: sixty times as fast."""
    return dict(getattr(os.environ, "_data", os.environ))


def _some(names: Collection[str]) -> str:
    return ", ".join(list(names)[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _difference(former: Collection[str]) -> str:
    more = [f"+{entry}" for entry in sys.path if entry not in former]
    less = [f"-{entry}" for entry in former if entry not in sys.path]
    return ", ".join(map(str, (more + less)[:5])) or "another order"
