"""What a person opened, chose and half typed in a form, beside the instance: all of it is kept by path.

When items change places or keys their names, what is known of them goes with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from tui.forms.instance import Path

Moved = Callable[[str | int], "str | int | None"]
"""The new key of a place inside a container; None where it is gone."""

_KEPT_BY_UNDO = ("chosen", "guessed", "texts", "names", "blanks", "kept", "unnamed", "others", "suggestions")
_OF_ROWS = ("opened", "chosen", "guessed", "texts", "names", "blanks", "long", "suggestions", "pages", "unnamed")
UNMARKED: tuple[Any, ...] = (None, None, None, None, False, False, None, None, False)


@dataclass(slots=True)
class Marks:
    """`opened`: sections and lists that were opened or closed by hand. `chosen`: the branch a person took of a union;
    `guessed`: the one that the data told. `texts`: what was typed and cannot be read; `names`: keys that could not be
    taken. `long`: texts to edit in several lines. `pages`: the first item drawn of a long list. `drafts`: what other
    branches of a union held. `suggestions`: what another branch had under the same name. `blanks`: items and entries
    that were added and not filled yet. `kept`: empty objects and lists that stay when emptied. `unnamed`: entries
    without a key. `others`: undeclared properties that the data came with, which no condition hides.
    """

    opened: dict[Path, bool] = field(default_factory=dict)
    chosen: dict[Path, int] = field(default_factory=dict)
    guessed: dict[Path, int] = field(default_factory=dict)
    texts: dict[Path, str] = field(default_factory=dict)
    names: dict[Path, str] = field(default_factory=dict)
    long: dict[Path, bool] = field(default_factory=dict)
    pages: dict[Path, int] = field(default_factory=dict)
    drafts: dict[Path, dict[int, Any]] = field(default_factory=dict)
    suggestions: dict[Path, Any] = field(default_factory=dict)
    blanks: dict[Path, bool] = field(default_factory=dict)
    kept: dict[Path, bool] = field(default_factory=dict)
    unnamed: dict[Path, bool] = field(default_factory=dict)
    others: dict[Path, bool] = field(default_factory=dict)

    def places(self) -> set[Path]:
        """The paths of which `of` has something to say; of all others it is UNMARKED."""
        found: set[Path] = set()
        for name in _OF_ROWS:
            found.update(getattr(self, name))
        return found

    def of(self, path: Path) -> tuple[Any, ...]:
        """All that bears on the row at `path`, to compare."""
        return (
            self.opened.get(path),
            self.chosen.get(path, self.guessed.get(path)),
            self.texts.get(path),
            self.names.get(path),
            path in self.blanks,
            path in self.long,
            self.suggestions.get(path),
            self.pages.get(path),
            path in self.unnamed,
        )

    def move(self, parent: Path, moved: Moved) -> None:
        """Let all marks inside `parent` follow their places."""
        depth = len(parent)
        for one in fields(self):
            marks: dict[Path, Any] = getattr(self, one.name)
            inside = [path for path in marks if len(path) > depth and path[:depth] == parent]
            if not inside:
                continue
            taken = [(path, marks.pop(path)) for path in inside]
            for path, mark in taken:
                key = moved(path[depth])
                if key is not None:
                    marks[(*parent, key, *path[depth + 1 :])] = mark

    def forget(self, path: Path, *, itself: bool = True) -> None:
        """Drop what is known of the value at `path` and inside it, but not what was opened."""
        depth = len(path)
        for name in ("chosen", "guessed", "texts", "names", "blanks", "unnamed", "suggestions"):
            marks: dict[Path, Any] = getattr(self, name)
            if marks:
                for known in [each for each in marks if each[:depth] == path and (itself or len(each) > depth)]:
                    del marks[known]

    def copied(self) -> Marks:
        """The same marks, to be changed by themselves."""
        return Marks(**{one.name: dict(getattr(self, one.name)) for one in fields(self)})

    def snapshot(self) -> tuple[dict[Path, Any], ...]:
        """What undo brings back."""
        return tuple(dict(getattr(self, name)) for name in _KEPT_BY_UNDO)

    def restore(self, taken: tuple[dict[Path, Any], ...]) -> None:
        for name, marks in zip(_KEPT_BY_UNDO, taken, strict=True):
            setattr(self, name, dict(marks))
