"""The way through a form's problems: in the order of its rows, into closed sections and other pages (forms.md 1.5)."""

from __future__ import annotations

from collections.abc import Sequence

from tui.forms.instance import Path, get
from tui.forms.model import Form, Problem

Place = tuple[float, ...]


class Jumps:
    """`problems` in the order of the form; `at` is the one that was gone to last, with the row it led to."""

    def __init__(self) -> None:
        self._last: tuple[Path, Path] | None = None

    def ordered(self, form: Form, problems: Sequence[Problem]) -> list[Problem]:
        """Those that have a row to go to, top to bottom."""
        places = _drawn(form)
        reached = [problem for problem in problems if form.row(problem.path) is not None]
        return sorted(reached, key=lambda problem: _place(form, problem.path, places))

    def landed(self, problem: Path, row: Path | None) -> None:
        """A jump to `problem` put the focus on `row`."""
        self._last = (problem, row) if row is not None else None

    def next(self, form: Form, problems: Sequence[Problem], here: Path | None, step: int) -> int:
        """The index in `problems` (`ordered`, not empty) of the one after or before the row at `here`; goes round."""
        if here is None:
            return 0 if step > 0 else len(problems) - 1
        if self._last is not None and self._last[1] == here:
            here = self._last[0]  # several problems may lead to one row
        places = _drawn(form)
        now = _place(form, here, places)
        found = [_place(form, problem.path, places) for problem in problems]
        if step > 0:
            return next((at for at, place in enumerate(found) if place > now), 0)
        return next((at for at in reversed(range(len(found))) if found[at] < now), len(found) - 1)


def _drawn(form: Form) -> dict[Path, int]:
    places: dict[Path, int] = {}
    for at, row in enumerate(form.rows()):
        places.setdefault(row.path, at)
    return places


def _place(form: Form, path: Path, places: dict[Path, int]) -> Place:
    """Where a path stands in the form, level by level: an item by its number, a property by its row.

    A property that is not drawn, in a closed section or on another page, stands where the data has it.
    """
    found: list[float] = []
    for end, key in enumerate(path):
        if isinstance(key, int):
            found.append(key)
        elif path[: end + 1] in places:
            found.append(places[path[: end + 1]])
        else:
            around = get(form.instance, path[:end])
            names = list(around) if isinstance(around, dict) else []
            found.append(names.index(key) if key in names else len(names))
    return tuple(found)
