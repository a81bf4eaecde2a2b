"""stdout, stderr and logging of executors -> the log of the task that wrote them (behaviour.md 4.9).

A context variable says whose code runs; tasks, worker threads and (through `Thread.start`) raw threads inherit it.
What is written outside of any task goes where it went before.
"""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, Protocol, TextIO, TypeAlias

from engine.events import LogLine

LINE_LIMIT = 16_384
"""Characters in one line at most; a longer one becomes several."""
SLICE = 262_144
"""Characters of one `write` that are taken at a time."""
PENDING_LIMIT = 20_000
"""Lines of one task that may wait for the engine; more than it can take are counted, not kept."""

Started: TypeAlias = "threading.Thread | asyncio.Task[Any] | int"
"""What an attempt started: a process is known by its pid."""
DESCRIPTORS = {"stdout": 1, "stderr": 2}
current: ContextVar[TaskLog | None] = ContextVar("current", default=None)

importing: ContextVar[bool] = ContextVar("importing", default=False)
"""Set while an executor file is imported or asked about itself."""


def is_foreign() -> bool:
    """Whether the code that runs now is a task's or an executor file's."""
    return current.get() is not None or importing.get()


class TaskLog:
    """The log of one attempt. `write` may be called from any thread; lines reach `Reports` in order.

    `secrets` are values that must not be stored: they are masked in every line (8.6). `started` are the threads,
    asyncio tasks and processes (by pid) that its code started.
    """

    __slots__ = ("_lock", "_partial", "_reports", "dropped", "key", "pending", "secrets", "started")

    def __init__(self, key: Any, reports: Reporting, secrets: tuple[str, ...] = ()) -> None:
        self.key = key
        self.secrets = secrets
        self.started: list[Started] = []
        self.pending: deque[LogLine] = deque()
        self.dropped = 0
        self._reports = reports
        self._partial: dict[str, str] = {}
        self._lock = threading.RLock()  # `Reporting.ready` may take the lines at once

    def write(self, stream: str, text: str) -> None:
        """Add text as it comes; a line is kept once its end has come or the attempt ended."""
        with self._lock:
            text = self._partial.pop(stream, "") + text
            *lines, rest = text.replace("\r\n", "\n").split("\n")
            passing = "\r" in rest
            if "\r" in text:
                lines = [_overwritten(line) for line in lines]
                rest = _overwritten(rest) + ("\r" if rest.endswith("\r") else "")
            if len(rest) > LINE_LIMIT:
                cut = len(rest) - len(rest) % LINE_LIMIT
                lines.append(rest[:cut])  # `_keep` makes several of it
                rest = rest[cut:]
            if rest:
                self._partial[stream] = rest
            self._keep(stream, lines)
            if passing:
                self._pass(stream, rest.rstrip("\r"))

    def line(self, stream: str, text: str) -> None:
        """Add whole lines."""
        with self._lock:
            self._keep(stream, text.replace("\r\n", "\n").rstrip("\r\n").split("\n"))

    def adopt(self, lines: Iterable[LogLine]) -> None:
        """Add lines that were made (and masked) elsewhere."""
        with self._lock:
            self.pending.extend(lines)
        self._reports.ready(self)

    def close(self) -> None:
        """Keep what never got its line end."""
        if not self._partial:
            return
        with self._lock:
            rest, self._partial = self._partial, {}
            for stream, text in rest.items():
                self._keep(stream, [text.rstrip("\r")])

    def _pass(self, stream: str, text: str) -> None:
        """A line as it stands now, like that of a progress bar: told, but not stored, since it is written over."""
        line = LogLine(time.time(), stream, f"{self._masked(text)}\r")
        if self.pending and self.pending[-1].is_passing and self.pending[-1].stream == stream:
            self.pending[-1] = line
        else:
            self.pending.append(line)
        self._reports.ready(self)

    def _masked(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "•••")
        return text

    def _keep(self, stream: str, lines: list[str]) -> None:
        if not lines:
            return
        at = time.time()
        for text in lines:
            text = self._masked(text)
            for start in range(0, max(len(text), 1), LINE_LIMIT):
                if len(self.pending) >= PENDING_LIMIT:
                    self.pending.popleft()
                    self.dropped += 1
                self.pending.append(LogLine(at, stream, text[start : start + LINE_LIMIT]))
        self._reports.ready(self)

    def take(self) -> list[LogLine]:
        """The lines since the last call; says so where some were dropped."""
        with self._lock:
            lines, self.pending = list(self.pending), deque()
            dropped, self.dropped = self.dropped, 0
        if dropped:
            lines.insert(0, LogLine(lines[0].at, "engine", f"… {dropped} lines came too fast and were not kept …"))
        return lines


def _overwritten(line: str) -> str:
    """What stays of a line in which carriage returns went back to its start."""
    return line.rstrip("\r").rpartition("\r")[2]


class Keeper:
    """Which lines of an attempt's log are stored: all up to a limit, then the last ones, with a word on the gap."""

    __slots__ = ("_head", "_left_out", "_most", "_tail")

    def __init__(self, limit: int) -> None:
        self._head = limit - limit // 4
        self._most = limit // 4
        self._tail: list[LogLine] = []
        self._left_out = 0

    def keep(self, lines: list[LogLine]) -> list[LogLine]:
        """The lines to store now; what is over the limit is held back."""
        now, later = lines[: self._head], lines[self._head :]
        self._head -= len(now)
        self._tail += later
        if len(self._tail) > 2 * self._most:
            self._cut()
        return now

    def _cut(self) -> None:
        over = max(len(self._tail) - self._most, 0)
        self._left_out += over
        del self._tail[:over]

    def rest(self) -> list[LogLine]:
        """What was held back, at the attempt's end."""
        if not self._tail:
            return []
        self._cut()
        lines, self._tail = self._tail, []
        if self._left_out and lines:
            lines.insert(0, LogLine(lines[0].at, "engine", f"… {self._left_out} lines left out …"))
        return lines


class Reporting(Protocol):
    """Whoever takes what a `TaskLog` has; any thread calls it."""

    def ready(self, log: TaskLog) -> None: ...


class Reports:
    """Brings what attempts report (lines, progress) to the engine's loop: one hop a batch, however much there is.

    `deliver(key)` runs on the loop, once per reporting attempt and batch.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, deliver: Callable[[Any], None]) -> None:
        self._loop = loop
        self._deliver = deliver
        self._keys: dict[Any, None] = {}
        self._lock = threading.Lock()

    def ready(self, log: TaskLog) -> None:
        self.notify(log.key)

    def notify(self, key: Any) -> None:
        """`key` has something to report; any thread."""
        with self._lock:
            first = not self._keys
            self._keys[key] = None
        if first:
            try:
                self._loop.call_soon_threadsafe(self.flush)
            except RuntimeError:  # the loop is closed: a thread outlived its engine
                pass

    def flush(self) -> None:
        """Deliver what waits now; on the loop."""
        if not self._keys:
            return
        with self._lock:
            keys, self._keys = self._keys, {}
        for key in keys:
            self._deliver(key)


class _Router(io.TextIOBase):
    """Stands in for sys.stdout or sys.stderr."""

    def __init__(self, name: str, original: TextIO) -> None:
        self._name = name
        self.original = original

    def write(self, text: str) -> int:
        log = current.get()
        if log is None:
            return self.original.write(text)
        for start in range(0, len(text), SLICE):  # else a hundred megabytes would hold all threads up for a second
            log.write(self._name, text[start : start + SLICE])
        return len(text)

    def flush(self) -> None:
        self.original.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return current.get() is None and self.original.isatty()

    def fileno(self) -> int:
        return DESCRIPTORS[self._name] if is_foreign() else self.original.fileno()

    @property
    def buffer(self) -> Any:
        return self.original.buffer if current.get() is None else _Bytes(self)

    def close(self) -> None:
        """An executor that closes "its" stdout closes nobody else's."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)


class _Bytes(io.RawIOBase):
    """The bytes' side of a `_Router`, for a task."""

    def __init__(self, router: _Router) -> None:
        self._router = router

    def write(self, data: Any) -> int:
        text = bytes(data).decode("utf-8", "replace")
        self._router.write(text)
        return len(data)

    def writable(self) -> bool:
        return True


class _NoInput(io.TextIOBase):
    """Stands in for sys.stdin: a task has nothing to read, and must not take the keys that are meant for the screen."""

    def __init__(self, original: TextIO | None) -> None:
        self.original = original

    def _source(self) -> TextIO | None:
        return None if is_foreign() else self.original

    def read(self, size: int | None = -1) -> str:
        source = self._source()
        return "" if source is None else source.read(-1 if size is None else size)

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        source = self._source()
        return "" if source is None else source.readline(size)

    @property
    def buffer(self) -> Any:
        source = self._source()
        return io.BytesIO() if source is None else source.buffer

    def readable(self) -> bool:
        return True

    def isatty(self) -> bool:
        source = self._source()
        return source is not None and source.isatty()

    def fileno(self) -> int:
        source = self._source()
        if source is None:
            raise io.UnsupportedOperation("a task has no stdin")
        return source.fileno()

    def close(self) -> None:
        """As with stdout: an executor closes nobody else's."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)


class _Handler(logging.Handler):
    """Takes records of tasks; outside of tasks it does what the root logger would do without it."""

    def emit(self, record: logging.LogRecord) -> None:
        log = current.get()
        if log is not None:
            log.line("log", f"{record.levelname} {record.name}: {self.format(record)}")
        elif len(logging.root.handlers) == 1 and logging.lastResort and record.levelno >= logging.lastResort.level:
            logging.lastResort.handle(record)


class Capture:
    """The process-wide redirection; counted, so that several engines in one process share it."""

    def __init__(self) -> None:
        self._users = 0
        self._handler = _Handler()
        self._routers: dict[str, _Router] = {}
        self._standard: dict[str, _Router] = {}

    def install(self) -> None:
        self._users += 1
        if self._users > 1:
            return
        self._routers.clear()
        self.ensure()
        logging.getLogger().addHandler(self._handler)

    def take_terminal(self) -> None:
        """Stand in front of `sys.__stdout__` and its like, too: in the console they lead to the screen."""
        for name in DESCRIPTORS:
            if (stream := getattr(sys, f"__{name}__")) is not None:
                self._standard[name] = _Router(name, stream)
                setattr(sys, f"__{name}__", self._standard[name])
        if (keys := getattr(sys, "__stdin__", None)) is not None:
            setattr(sys, "__stdin__", _NoInput(keys))  # noqa: B010  # a constant, by the stubs

    def leave_terminal(self) -> None:
        for name, router in self._standard.items():
            if getattr(sys, f"__{name}__") is router:
                setattr(sys, f"__{name}__", router.original)
        self._standard.clear()
        keys = getattr(sys, "__stdin__", None)
        if isinstance(keys, _NoInput):
            setattr(sys, "__stdin__", keys.original)  # noqa: B010

    def ensure(self) -> None:
        """Stand in front of the standard streams; called for each attempt, since others may have replaced them."""
        if type(sys.stdout) is not _Router:
            sys.stdout = self._route("stdout", sys.stdout)
        if type(sys.stderr) is not _Router:
            sys.stderr = self._route("stderr", sys.stderr)
        if type(sys.stdin) is not _NoInput:
            sys.stdin = _NoInput(sys.stdin)

    def _route(self, name: str, stream: TextIO) -> _Router:
        """A router in front of `stream`; the last one in front of the process's own is kept, to go back to."""
        made = _Router(name, stream)
        if name not in self._routers or _is_expected(stream):
            self._routers[name] = made
        return made

    def replaced(self) -> list[str]:
        """Which of stdout and stderr somebody put something else in the place of; the process's own are nobody's."""
        if not self._users:
            return []
        return [name for name in ("stdout", "stderr") if not _is_expected(getattr(sys, name))]

    def put_back(self, name: str) -> None:
        setattr(sys, name, self._routers[name])

    def remove(self) -> None:
        self._users -= 1
        if self._users:
            return
        for name in ("stdout", "stderr", "stdin"):
            stream = getattr(sys, name)
            if isinstance(stream, _Router | _NoInput):
                setattr(sys, name, stream.original)
        logging.getLogger().removeHandler(self._handler)


def _is_expected(stream: Any) -> bool:
    """A router over anything but a task's own stream, or one of the process's: Textual puts those back at its end."""
    if type(stream) is _Router:
        return stream in capture._routers.values() or stream in capture._standard.values()
    return getattr(stream, "name", "") in ("<stdout>", "<stderr>")


capture = Capture()
