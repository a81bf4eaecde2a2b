"""What stands among the rows of a form: headings that fold, lines that add, and the part that is drawn. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tui.forms.instance import Path
from tui.forms.rows import Row

MANY_ROWS = 40
"""In a form of more rows, sections begin folded in which nothing is required or set."""
WINDOW = 240
"""Lines of a form that are drawn at once; each costs some milliseconds, and more with every further one."""
OVERLAP = 20
"""Lines that stay in view when the window moves."""
LISTS = frozenset({"array", "tuple"})

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """The heading of the rows under `parent` that are in the section `title`; `count` fields, `filled` of them set.

    With `is_deprecated`, of those that are deprecated and unset.
    """

    parent: Path
    title: str
    is_deprecated: bool
    depth: int
    is_open: bool
    count: int = 0
    filled: int = 0
    wrong: int = 0

    @property
    def key(self) -> Key:
        return "fold", self.parent, self.title, self.is_deprecated


@dataclass(frozen=True, slots=True)
class Adder:
    """The end of an open list, map or object that takes entries; `refusal` says why it takes no more."""

    path: Path
    noun: str
    depth: int
    refusal: str = ""
    hint: str = ""

    @property
    def key(self) -> Key:
        return "add", self.path


@dataclass(frozen=True, slots=True)
class More:
    """So many lines are not drawn, above or below those that are."""

    count: int
    below: bool

    @property
    def key(self) -> Key:
        return "more", self.below


Entry = Row | Fold | Adder | More


def listed(rows: Sequence[Row], folds: MutableMapping[Key, bool], wrong: Container[Path]) -> list[Entry]:
    """The rows with what stands among them, without those that are folded away and without an object at the root.

    `folds` has what is open, by the heading's key, and is told what begins so or so; `wrong` are paths with an error.
    """
    return list(_Walk(rows, folds, wrong).entries())


class _Walk:
    """One pass over the rows, parents before what is in them."""

    def __init__(self, rows: Sequence[Row], folds: MutableMapping[Key, bool], wrong: Container[Path]) -> None:
        self._root = rows[0] if rows and not rows[0].path and rows[0].kind == "object" else None
        self._rows = rows if self._root is None else rows[1:]
        self._folds = folds
        self._found: list[Entry] = []
        self._places: dict[Key, int] = {}
        """Where each heading stands in what was found."""
        self._above: dict[Path, tuple[Key, ...]] = {}
        """The headings that a row stands under."""
        self._adders: list[Adder] = []
        self._old: set[tuple[Path, str]] = set()
        """Where there are deprecated rows to put by."""
        self._wrong = wrong

    def entries(self) -> Iterator[Entry]:
        self._begin()
        adder = adder_of(self._root) if self._root is not None else None
        if adder is not None:
            self._adders.append(replace(adder, depth=0))
        for row in self._rows:
            if self._adders:
                self._end_lists(row.path)
            over = self._headings(row)
            self._above[row.path] = over
            self._count(row, over)
            if all(self._folds[key] for key in over):
                self._found.append(row)
                adder = adder_of(row) if row.is_open else None
                if adder is not None:
                    self._adders.append(adder)
        self._end_lists(None)
        yield from self._found

    def _begin(self) -> None:
        """How sections begin: open, but in a long form only where something is to be seen to."""
        self._old = {(row.path[:-1], row.section) for row in self._rows if self._is_put_by(row)}
        if len(self._rows) <= MANY_ROWS:
            return
        busy = {self._section(row) for row in self._rows if row.section and (row.required or row.state != "absent")}
        for row in self._rows:
            if row.section:
                self._folds.setdefault(self._section(row), self._section(row) in busy)

    @staticmethod
    def _section(row: Row) -> Key:
        return "fold", row.path[:-1], row.section, False

    def _headings(self, row: Row) -> tuple[Key, ...]:
        """The headings above the row, those that begin with it drawn."""
        if row.path in self._above:  # the branch of a union, under its chooser
            return self._above[row.path]
        parent = row.path[:-1]
        over = self._above.get(parent, ())
        if not row.path:
            return over
        if row.section:
            over = (*over, self._heading(row, over, row.section, is_deprecated=False))
        if row.deprecated and (parent, row.section) in self._old:
            key = self._heading(row, over, row.section, is_deprecated=True)
            over = (*over, key) if self._is_put_by(row) else over
        return over

    def _is_put_by(self, row: Row) -> bool:
        """Whether a row is of no use to a new run: deprecated, and nothing stands in it."""
        return row.deprecated and row.state == "absent" and not row.required and row.path not in self._wrong

    def _heading(self, row: Row, over: tuple[Key, ...], title: str, *, is_deprecated: bool) -> Key:
        key: Key = ("fold", row.path[:-1], title, is_deprecated)
        is_open = self._folds.setdefault(key, not is_deprecated)
        if key not in self._places and all(self._folds[each] for each in over):
            self._places[key] = len(self._found)
            self._found.append(Fold(row.path[:-1], title, is_deprecated, row.depth, is_open))
        return key

    def _count(self, row: Row, over: tuple[Key, ...]) -> None:
        for key in over:
            at = self._places.get(key)
            fold = self._found[at] if at is not None else None
            if isinstance(fold, Fold) and at is not None:
                own = row.path[:-1] == fold.parent
                self._found[at] = replace(
                    fold,
                    count=fold.count + own,
                    filled=fold.filled + (own and row.state != "absent"),
                    wrong=fold.wrong + (row.path in self._wrong),
                )

    def _end_lists(self, path: Path | None) -> None:
        """Draw the ends of the lists that the row at `path` is not in."""
        while self._adders and (path is None or path[: len(self._adders[-1].path)] != self._adders[-1].path):
            self._found.append(self._adders.pop())


def adder_of(row: Row) -> Adder | None:
    """What ends the list or map that the row opens; None where nothing is ever added."""
    if not (row.is_open and row.growable) or row.silent or row.read_only:
        return None
    held = len(row.value) if isinstance(row.value, list | dict) else 0
    is_list = row.kind in LISTS
    noun = "an item" if is_list else "an entry"
    refusal = hint = ""
    if is_list and row.most is not None and held >= row.most:
        refusal = f"no more: {row.most} item{' is' if row.most == 1 else 's are'} the most"
    elif not is_list and row.names_listed and not row.key_options:
        refusal = "no more: every name is used"
    elif not is_list and row.key_options:
        shown = ", ".join(row.key_options[:3])
        hint = f"one of {shown}" + (f" and {len(row.key_options) - 3} more" if len(row.key_options) > 3 else "")
    return Adder(row.path, noun, row.depth + 1, refusal, hint)


def window(entries: Sequence[Entry], start: int) -> list[Entry]:
    """The entries to draw from `start` on, with lines that say how many are left out."""
    if len(entries) <= WINDOW:
        return list(entries)
    start = min(max(start, 0), len(entries) - WINDOW)
    shown = list(entries[start : start + WINDOW])
    after = len(entries) - start - WINDOW
    return [*([More(start, False)] if start else []), *shown, *([More(after, True)] if after else [])]


def keys_over(rows: Sequence[Row], path: Path, folds: Mapping[Key, bool]) -> list[Key]:
    """The closed headings that hide the row at `path`."""
    inside = {path[:end] for end in range(1, len(path) + 1)}
    found: list[Key] = []
    for row in rows:
        if row.path in inside:
            keys: list[Key] = [("fold", row.path[:-1], row.section, old) for old in {False, row.deprecated}]
            found += [key for key in keys if folds.get(key) is False]
    return found
