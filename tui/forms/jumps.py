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
        places = _Places(form)
        reached = [problem for problem in problems if form.row(problem.path) is not None]
        return sorted(reached, key=lambda problem: places.of(problem.path))

    def landed(self, problem: Path, row: Path | None) -> None:
        """A jump to `problem` put the focus on `row`."""
        self._last = (problem, row) if row is not None else None

    def next(self, form: Form, problems: Sequence[Problem], here: Path | None, step: int) -> int:
        """The index in `problems` (`ordered`, not empty) of the one after or before the row at `here`; goes round."""
        if here is None:
            return 0 if step > 0 else len(problems) - 1
        if self._last is not None and self._last[1] == here:
            here = self._last[0]  # several problems may lead to one row
        places = _Places(form)
        now = places.of(here)
        found = [places.of(problem.path) for problem in problems]
        if step > 0:
            return next((at for at, place in enumerate(found) if place > now), 0)
        return next((at for at in reversed(range(len(found))) if found[at] < now), len(found) - 1)


class _Places:
    """Where paths stand in the form, level by level: an item by its number, a property by its row.

    A property that is not drawn, in a closed section, and an entry of a map drawn in parts stand where the data has
    them.
    """

    def __init__(self, form: Form) -> None:
        self._form = form
        self._drawn: dict[Path, int] = {}
        self._paged: set[Path] = set()
        self._orders: dict[Path, dict[str, int]] = {}
        for at, row in enumerate(form.rows()):
            self._drawn.setdefault(row.path, at)
            if row.page is not None:
                self._paged.add(row.path)

    def of(self, path: Path) -> Place:
        return tuple(self._of_key(path[:end], key) for end, key in enumerate(path))

    def _of_key(self, parent: Path, key: str | int) -> float:
        if isinstance(key, int):
            return key
        if parent not in self._paged and (*parent, key) in self._drawn:
            return self._drawn[(*parent, key)]
        if parent not in self._orders:
            self._orders[parent] = _order(get(self._form.instance, parent))
        order = self._orders[parent]
        return order.get(key, len(order))


def _order(value: object) -> dict[str, int]:
    return {name: at for at, name in enumerate(value)} if isinstance(value, dict) else {}
