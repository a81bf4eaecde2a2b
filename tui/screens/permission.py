"""What an action of the console's screen does where nothing may be changed: it says so, before anything is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")


class Changing(Protocol):
    """A screen that can tell whether something may be changed from it, and says so where not."""

    def may_change(self, what: str) -> bool: ...


S = TypeVar("S", bound=Changing)


def changes(
    what: str,
) -> Callable[[Callable[Concatenate[S, P], None]], Callable[Concatenate[S, P], None]]:
    """Marks an action that changes something: in read-only mode it is refused, and the refusal kept in the audit."""

    def mark(action: Callable[Concatenate[S, P], None]) -> Callable[Concatenate[S, P], None]:
        @wraps(action)
        def guarded(screen: S, /, *args: P.args, **options: P.kwargs) -> None:
            if screen.may_change(what):
                action(screen, *args, **options)

        return guarded

    return mark
