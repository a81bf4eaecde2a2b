"""The way back and forth between the states of a draft, and what is known of its files. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tui.draft import Draft


@dataclass(frozen=True, slots=True)
class Step:
    """A draft, the file that it belongs to, which task was selected, and what was done to come to it."""

    draft: Draft
    path: str = ""
    selected: int | None = None
    words: str = ""


class Edits:
    """The steps that can be undone and done again; `now` is the present draft, `path` its file, "" for none yet."""

    MOST = 500
    """Steps that are kept."""

    def __init__(self, draft: Draft | None = None, path: str = "") -> None:
        self._steps = [Step(draft or Draft(), path)]
        self._at = 0

    @property
    def now(self) -> Draft:
        return self._steps[self._at].draft

    @property
    def path(self) -> str:
        return self._steps[self._at].path

    def take(self, draft: Draft, selected: int | None = None, words: str = "", path: str | None = None) -> bool:
        """Go on with another draft; False where it is the same. `path` is its file where that is another one."""
        path = self.path if path is None else path
        if (draft, path) == (self.now, self.path):
            return False
        self._steps[self._at + 1 :] = [Step(draft, path, selected, words)]
        del self._steps[: -self.MOST]
        self._at = len(self._steps) - 1
        return True

    def named(self, path: str) -> None:
        """The present draft was written to `path`."""
        self._steps[self._at] = replace(self._steps[self._at], path=path)

    def back(self) -> Step | None:
        """Undo; the step that is undone, None where there is nothing."""
        if not self._at:
            return None
        self._at -= 1
        return self._steps[self._at + 1]

    def forth(self) -> Step | None:
        """Do again; the step that is done."""
        if self._at + 1 >= len(self._steps):
            return None
        self._at += 1
        return self._steps[self._at]
