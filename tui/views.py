"""The way back and forth through what was looked at, as in a browser. No Textual in here."""

from __future__ import annotations

from typing import NamedTuple

KEPT = 100
"""Views that can be gone back to."""


class View(NamedTuple):
    """What a person saw: the pane, what was selected in the lists, the tab that the detail showed, the filters."""

    pane: str
    row: str | None = None
    """The key of the catalogue's row."""
    task: str | None = None
    """The id of the task under the cursor of the runs."""
    tab: str = ""
    """The tab of the detail; "" while it showed no task."""
    catalogue_filter: str = ""
    runs_filter: str = ""


class Trail:
    """Views in the order in which they were seen; `at` is the present one."""

    def __init__(self) -> None:
        self._views: list[View] = []
        self._at = -1

    @property
    def present(self) -> View | None:
        return self._views[self._at] if self._views else None

    def see(self, view: View, *, leap: bool) -> None:
        """`view` is what is seen now. A `leap` is a view of its own; a mere step takes the place of the present one."""
        if view == self.present:
            return
        if leap or not self._views:
            del self._views[self._at + 1 :]
            self._views.append(view)
            del self._views[:-KEPT]
            self._at = len(self._views) - 1
        else:
            self._views[self._at] = view

    def go(self, by: int) -> View | None:
        """One view back (-1) or forth (1); None where there is none."""
        at = self._at + by
        if not 0 <= at < len(self._views):
            return None
        self._at = at
        return self._views[at]
