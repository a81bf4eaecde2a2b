"""What the last check of a form found, how long it took, and that another one waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import thread_time

from tui.forms.problems import PENDING, UNCHECKED, Problem


@dataclass(slots=True)
class Findings:
    """`now` are the problems of the present instance, None where it was not looked for them yet."""

    now: list[Problem] | None = None
    _last: list[Problem] = field(default_factory=list)
    _took: tuple[float, float] = (0.0, 0.0)

    @property
    def seconds(self) -> float:
        """How long the processor takes for a check: the less of the last two, for the first loads what it needs."""
        return min(self._took)

    @property
    def are_whole(self) -> bool:
        """Whether the check came to its end."""
        return self.now is not None and all(problem.kind not in (UNCHECKED, PENDING) for problem in self.now)

    def look(self, check: Callable[[], list[Problem]]) -> None:
        """Find the problems now."""
        began = thread_time()
        self.now = self._last = check()
        self._took = (self._took[1], thread_time() - began)

    def put_off(self, *, keep: bool) -> None:
        """Say that the check is under way; `keep` lets what was found before stand until then."""
        if self.now is None:
            self.now = [*(self._last if keep else []), Problem((), "is still being checked", PENDING)]

    def copied(self) -> Findings:
        """The same for a copy of the form, which is to be checked."""
        return Findings(None, self._last, self._took)
