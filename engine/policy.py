"""How a task is run: timeout, retries, limits (behaviour.md 4.7).

It stands in the executor's attributes and in the task's `params`, under the same names.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

LONGEST_DELAY = 3600.0
"""Seconds between two attempts at most, however often the exponential backoff has doubled."""
JITTER = 0.25
"""By how much an exponential delay varies at random, so that what failed together does not come back together."""
LEAST_MEMORY = 2**20
"""Bytes of a memory limit at least: less is meant in another unit."""
NEVER_RETRIED = frozenset(
    {
        "validation_error",
        "schema_error",
        "unknown_executor",
        "needs_secrets",
        "result_error",
        "interrupted",
        "reference_error",
        "rejected",
        "isolation_error",
        "not_allowed",
    }
)
"""Kinds of failure that another attempt cannot cure (4.7)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Every attribute has the same name on an executor class and in a task's `params`; the task's goes first.

    `timeout` and `retry_delay` are seconds; `retries` counts attempts after the first; `retry_on` names exception
    classes or values of `error_type`, empty for all. `pool` "" is the engine's own slots. `isolation` is "thread" or
    "process"; `memory_limit` is bytes, and can be kept only in a process.
    """

    timeout: float | None = None
    retries: int = 0
    retry_delay: float = 1.0
    retry_backoff: str = "fixed"
    retry_on: tuple[str, ...] = ()
    max_concurrent: int | None = None
    pool: str = ""
    retry_safe: bool = False
    isolation: str = "thread"
    memory_limit: int | None = None

    @property
    def needs_process(self) -> bool:
        """Whether an attempt runs in a process of its own."""
        return self.isolation == "process" or self.memory_limit is not None

    def delay(self, attempt: int, error_type: str | None, kinds: Iterable[str] = ()) -> float | None:
        """Seconds until the attempt after `attempt` (1-based), or None when there is none.

        `kinds` are the names of the raised exception's classes, so that `retry_on` may name a base class.
        """
        if attempt > self.retries or error_type in NEVER_RETRIED:
            return None
        if self.retry_on and error_type not in self.retry_on and not set(kinds) & set(self.retry_on):
            return None
        if self.retry_backoff == "fixed":
            return self.retry_delay
        grown = self.retry_delay * 2.0 ** min(attempt - 1, 60)
        return min(grown, LONGEST_DELAY) * random.uniform(1 - JITTER, 1 + JITTER)

    def with_params(self, params: Mapping[str, Any]) -> Policy:
        """This policy with what a task's `params` say. Raises ValueError for a value that is none."""
        given = {name: params[name] for name in NAMES if params.get(name) is not None} if params else {}
        if not given:
            return self
        return replace(self, **{name: _READ[name](value) for name, value in given.items()})


DEFAULT = Policy()


def policy_of(source: Any, complain: Callable[[str, BaseException], None]) -> Policy:
    """The policy that an executor's attributes say; `complain(name, why)` is told of each that cannot be used."""
    found = {}
    for name in NAMES:
        try:
            value = getattr(source, name, None)
            if value is not None:
                found[name] = _READ[name](value)
        except BaseException as error:  # a property of foreign code may raise anything
            complain(name, error)
    return _shared(Policy(**found))


def problem_of_params(params: Mapping[str, Any]) -> str | None:
    """What is wrong with a task's `params`, in words; None when nothing is."""
    for name in NAMES:
        if params.get(name) is None:
            continue
        try:
            _READ[name](params[name])
        except ValueError as error:
            return f"params.{name}: {error}"
    return None


@lru_cache(maxsize=256)
def _shared(policy: Policy) -> Policy:
    """Equal policies are one object: hundreds of executors have the same."""
    return policy


def _number(value: Any, least: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < least:
        raise ValueError(f"it must be {what}, not {value!r}")
    return float(value)


def _timeout(value: Any) -> float:
    if value == 0 or _number(value, 0, "a number of seconds above 0") == 0:
        raise ValueError(f"it must be a number of seconds above 0, not {value!r}")
    return float(value)


def _count(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"it must be a whole number from {least}, not {value!r}")
        return value

    return read


def _backoff(value: Any) -> str:
    if value not in ("fixed", "exponential"):
        raise ValueError(f'it must be "fixed" or "exponential", not {value!r}')
    return str(value)


def _isolation(value: Any) -> str:
    if value not in ("thread", "process"):
        raise ValueError(f'it must be "thread" or "process", not {value!r}')
    return str(value)


def _names(value: Any) -> tuple[str, ...]:
    entries = [value] if isinstance(value, str | type) else value
    if not isinstance(entries, Iterable):
        raise ValueError(f"it must list exception names, not {value!r}")
    names = [entry.__name__ if isinstance(entry, type) else entry for entry in entries]
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"it must list exception names, not {value!r}")
    return tuple(names)


def _pool(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"it must be a pool's name, not {value!r}")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"it must be true or false, not {value!r}")
    return value


_READ: Mapping[str, Callable[[Any], Any]] = {
    "timeout": _timeout,
    "retries": _count(0),
    "retry_delay": lambda value: _number(value, 0, "a number of seconds from 0"),
    "retry_backoff": _backoff,
    "retry_on": _names,
    "max_concurrent": _count(1),
    "pool": _pool,
    "retry_safe": _flag,
    "isolation": _isolation,
    "memory_limit": _count(LEAST_MEMORY),
}
NAMES = tuple(field.name for field in fields(Policy))
