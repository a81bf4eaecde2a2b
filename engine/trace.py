"""How an attempt ran and what it left behind, as its log and its executor tell."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass

from engine.catalogue import ExecutorSpec
from engine.leftovers import APART, LEFT


@dataclass(frozen=True, slots=True)
class Trace:
    """`ran` are words like "process 4711 of its own", "" where nobody knows; `left` a line for each thing."""

    attempt: int
    ran: str = ""
    left: tuple[str, ...] = ()


def trace_of(attempt: int, version: str | None, said: Sequence[tuple[int, str]], spec: ExecutorSpec | None) -> Trace:
    """`said` are the lines of all attempts that begin with `APART` or `LEFT`; `spec` is the present executor."""
    own = [text for number, text in said if number == attempt]
    left = tuple(text.removeprefix(LEFT) for text in own if text.startswith(LEFT))
    apart = next((text.removeprefix(APART) for text in own if text.startswith(APART)), "")
    if apart:
        return Trace(attempt, f"process {apart} of its own", left)
    if not version or spec is None or spec.version != version:
        return Trace(attempt, "", left)
    return Trace(attempt, "a thread, as its execute is no coroutine" if _is_plain(spec) else "a loop", left)


def _is_plain(spec: ExecutorSpec) -> bool:
    if spec.kinds:
        return not all(spec.kinds.values())
    execute = getattr(spec.factory, "execute", None)
    return execute is not None and not inspect.iscoroutinefunction(execute)
