"""The limits of a check: how long it may take, how deep it may go, and what it remembers meanwhile.

A check runs in one thread from `start` to its end; keywords ask `look` at each reference and `walk` at each step.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jsonschema import ValidationError

CHECK_TIME = 3.0
"""Seconds that one whole check may take; only schemas that double at each level come near."""
Errors = Iterator[ValidationError]
Keyword = Callable[[Any, Any, Any, Any], Iterable[ValidationError]]

LATE = "could not be checked in time"


class Unchecked(Exception):
    """The check as a whole had to stop; the message says why."""


class _Watch(threading.local):
    """The limits of the check that this thread is in, the patterns that were too slow in it, the choices it knows."""

    def __init__(self) -> None:
        self.ends = float("inf")
        self.walk_ends = float("inf")
        self.own_ends: float | None = None
        """When the time of a check of so many seconds ends by the processor's clock of this thread."""
        self.frames = 500
        self.slow: set[str] = set()
        self.choices: dict[int, tuple[Any, set[Any]]] = {}


watch = _Watch()


def start(levels: int = 10, seconds: float | None = None) -> None:
    """Begin a check in this thread, by a schema of so many levels: its time starts anew, and so do slow patterns.

    The check may take `seconds` of the processor, so that a busy machine refuses nothing. Without them only what can
    double at each reference ends, after CHECK_TIME: a plain walk takes as long as the instance is large, and large
    inputs are no fault.

    The stack must never come near Python's limit: what jsonschema keeps in Rust maps (types, documents) panics there,
    which no handler of Exception catches and which writes to the terminal. A level is two frames, and calls through C
    count as well: hence two thirds of the limit, less what can still follow between two references.
    """
    watch.ends = time.monotonic() + (CHECK_TIME if seconds is None else seconds)
    watch.walk_ends = float("inf") if seconds is None else watch.ends
    watch.own_ends = None if seconds is None else time.thread_time() + seconds
    watch.frames = sys.getrecursionlimit() * 2 // 3 - 2 * levels - 60
    if watch.slow:
        watch.slow.clear()


def left() -> float:
    """Seconds that the check may still take, not above 0 when its time is over.

    The processor's clock is asked only when the other one says so: it is slow to read.
    """
    now = time.monotonic()
    if now > watch.ends and watch.own_ends is not None:
        watch.ends = watch.walk_ends = now + watch.own_ends - time.thread_time()
    return watch.ends - now


def look() -> None:
    """Called at each reference, as no check can go on without end but through one. Raises `Unchecked`."""
    if time.monotonic() > watch.ends and left() <= 0:
        raise Unchecked(LATE)
    count, frame = 0, sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        count += 1
    if count > watch.frames:
        raise Unchecked("could not be checked: nested too deep, or the schema refers to itself without end")


def walk() -> None:
    """Called at each step of a plain walk. Raises `Unchecked`."""
    if time.monotonic() > watch.walk_ends and left() <= 0:
        raise Unchecked(LATE)


def timed(descend: Callable[..., Errors]) -> Callable[..., Errors]:
    """The step into a part of the instance, or of the schema, that ends when the check's time is over."""

    def stepped(validator: Any, *given: Any, **named: Any) -> Errors:
        walk()
        return descend(validator, *given, **named)

    return stepped


def watched(check: Keyword) -> Keyword:
    """A reference keyword that gives up in time."""

    def checked(validator: Any, value: Any, instance: Any, schema: Any) -> Iterable[ValidationError]:
        look()
        return check(validator, value, instance, schema)

    return checked
