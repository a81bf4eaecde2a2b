"""The steps of a form that can be taken back and done again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui.forms.instance import Path

MOST = 200
"""Steps that can be taken back."""

State = tuple[Any, tuple[dict[Path, Any], ...]]
"""An instance, and the marks of its form."""


class Steps:
    """`done` and `undone` hold the states to go back and forward to, the nearest last."""

    def __init__(self) -> None:
        self.done: list[State] = []
        self.undone: list[State] = []
        self._last: tuple[str, Path] | None = None

    def note(self, edit: tuple[str, Path], before: Callable[[], State]) -> None:
        """An edit begins; typing on at one place is one step."""
        if edit[0] not in ("set", "load") or edit != self._last:
            self.done.append(before())
            del self.done[:-MOST]
        self.undone.clear()
        self._last = edit

    def back(self, present: State) -> State | None:
        """The state before the last step; None where there is none."""
        return self._move(self.done, self.undone, present)

    def forward(self, present: State) -> State | None:
        """The state that was taken back last; None where there is none."""
        return self._move(self.undone, self.done, present)

    def _move(self, source: list[State], target: list[State], present: State) -> State | None:
        if not source:
            return None
        target.append(present)
        self._last = None
        return source.pop()
