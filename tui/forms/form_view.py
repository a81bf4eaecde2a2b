"""The rows of a form on the screen: those in view come at once, the rest in slices; what stays keeps its focus."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any

from textual import events, on
from textual.containers import VerticalScroll
from textual.widget import Widget

from tui.forms.controls import control_for
from tui.forms.editors import Pasted
from tui.forms.folds import OVERLAP, WINDOW, Adder, Entry, Fold, Key, More, keys_over, listed, window
from tui.forms.heads import AddLine, FoldLine, MoreLine
from tui.forms.instance import Path
from tui.forms.row_lines import Beside, Look, cells_of, look_of
from tui.forms.rows import Row
from tui.forms.widgets import RowWidget

FIRST_LINES, AROUND = 16, 8
"""Lines that are mounted at once: as many as a screen has, without those of the dialog; so many at least."""
SLICE, SLICE_SECONDS = 24, 0.01
"""So many more lines at a time, so that a key in between does not wait long."""
USUAL_WIDTH = 96
"""Cells of a row, taken until the form has its place."""

Made = RowWidget | FoldLine | AddLine | MoreLine


class FormView(VerticalScroll, can_focus=False):
    """Draws the rows that it is shown, with headings that fold and lines that add among them."""

    def __init__(self) -> None:
        super().__init__(id="form-rows")
        self._widgets: dict[Key, Made] = {}
        self._rows: list[Row] = []
        self._wanted: list[Entry] = []
        self._errors: dict[Key, str] = {}
        self._folds: dict[Key, bool] = {}
        self._names: dict[Path, tuple[str, ...]] = {}
        self._start = 0
        self._look = Look(USUAL_WIDTH, 24, 14, compact=False)
        self._cells: dict[Key, tuple[Row, tuple[int, int]]] = {}
        """What the rows that are drawn were last measured to need."""
        self._changing = asyncio.Lock()
        self.revealed: set[Path] = set()
        self.former: Mapping[Path, str] = {}
        """What differs from an earlier run, by the row's path."""
        self.inside: Mapping[Path, int] = {}
        """How many problems that are due a closed container has inside, by its path."""

    @property
    def rows(self) -> list[RowWidget]:
        """The mounted rows, top to bottom."""
        found = (self._widgets.get(entry.key) for entry in self._wanted)
        return [widget for widget in found if isinstance(widget, RowWidget)]

    @property
    def least_lines(self) -> int:
        """The lines that the drawn entries take, if each takes one."""
        return len(self._wanted)

    def widget_at(self, path: Path) -> RowWidget | None:
        """The mounted row at `path`; of a union and its branch, the branch."""
        found = self._widgets.get((path, False)) or self._widgets.get((path, True))
        return found if isinstance(found, RowWidget) else None

    def row_of(self, widget: Widget | None) -> RowWidget | None:
        """The row that `widget` stands in; of the line that adds to a list, the list's."""
        found = widget
        while found is not None and not isinstance(found, RowWidget | AddLine):
            found = found.parent if isinstance(found.parent, Widget) else None
        return self.widget_at(found.adder.path) if isinstance(found, AddLine) else found

    def renamed(self, old: Path, new: Path) -> None:
        """The entry at `old` has another key now: its rows stay, with the focus and what is typed in them."""
        if old == new:
            return
        for widget in [each for each in self._widgets.values() if isinstance(each, RowWidget)]:
            path = widget.row.path
            if path[: len(old)] == old:
                del self._widgets[widget.row.key]
                widget.row = replace(widget.row, path=(*new, *path[len(old) :]))
                self._widgets[widget.row.key] = widget

    # showing

    async def show(self, rows: Sequence[Row], errors: dict[Path, str], typing: Path | None = None) -> None:
        """Draw `rows`, that of the root first; `errors` are those that are due, by path; the row at `typing` keeps its
        text."""
        async with self._changing:
            self._rows = list(rows)
            self._errors = {}
            self._names = {}
            for row in rows:
                if row.path in errors and (row.path, False) not in self._errors:
                    self._errors[row.key] = errors[row.path]
                if row.names_listed:
                    self._names[row.path] = tuple(row.key_options)
            await self._follow(typing)

    async def show_all(self, path: Path | None = None) -> None:
        """Mount all rows of the part that is drawn; with `path` unfold what hides that row, and draw its part."""
        async with self._changing:
            if path is not None:
                for key in keys_over(self._rows, path, self._folds):
                    self._folds[key] = True
                entries = self._listed()
                at = next((at for at, entry in enumerate(entries) if isinstance(entry, Row) and entry.path == path), 0)
                if not self._start <= at < self._start + WINDOW:
                    self._start = at - OVERLAP
                await self._follow()
            await self._mount_missing(None)

    def _listed(self) -> list[Entry]:
        return listed(self._rows, self._folds, {path for path, _ in self._errors} | set(self.inside))

    async def _follow(self, typing: Path | None = None) -> None:
        """Bring the widgets in step with the rows."""
        entries = self._listed()
        self._start = min(max(self._start, 0), max(len(entries) - WINDOW, 0))
        self._wanted = window(entries, self._start)
        self._measure()
        with self.app.batch_update():
            refocus = await self._discard()
            for entry in self._wanted:
                widget = self._widgets.get(entry.key)
                if widget is not None:
                    self._load(widget, entry, typing)
            self._dress()
            await self._mount_missing(SLICE if self._widgets else max(self.app.size.height - AROUND, FIRST_LINES))
            if refocus is not None and refocus in self._widgets:
                again = self._widgets[refocus]
                (again.editor if isinstance(again, RowWidget) else again).focus()

    def _load(self, widget: Made, entry: Entry, typing: Path | None) -> None:
        if isinstance(widget, RowWidget) and isinstance(entry, Row):
            widget.load(entry, self._beside(entry), typing=entry.path == typing)
        elif not isinstance(widget, RowWidget):
            widget.load(entry)  # type: ignore[arg-type]

    def _beside(self, row: Row) -> Beside:
        path = row.path
        return Beside(
            self._errors.get(row.key, ""),
            self.former.get(path, ""),
            self.inside.get(path, 0),
            self._names.get(path[:-1], ()) if row.keyed else (),
        )

    @on(Pasted)
    def _pasted(self, event: Pasted) -> None:
        """What was pasted into the line that adds to a list is for the list."""
        event.stop()
        line = self.screen.focused
        if isinstance(line, AddLine):  # the list may be the root, which has no line of its own
            path = line.adder.path
            row = next((each for each in reversed(self._rows) if each.path == path and each.growable), None)
            if row is not None:
                self.post_message(RowWidget.Many(row, event))

    # measures

    def _measure(self) -> None:
        width = self.scrollable_content_region.width or min(self.app.size.width - 6, USUAL_WIDTH)
        before, self._cells = self._cells, {}
        for entry in self._wanted:
            if isinstance(entry, Row):
                known = before.get(entry.key)
                self._cells[entry.key] = known if known and known[0] is entry else (entry, cells_of(entry))
        self._look = look_of((cells for _, cells in self._cells.values()), width, self.app.size.height)
        self.set_class(self._look.compact, "-compact")

    def _dress(self) -> None:
        for widget in self._widgets.values():
            if isinstance(widget, RowWidget):
                widget.dress(self._look)

    def on_resize(self, event: events.Resize) -> None:
        self._measure()
        self._dress()

    # mounting

    async def _discard(self) -> Key | None:
        """Remove what is no longer wanted or needs another control; returns the row that had the focus, if it stays."""
        wanted = {entry.key: entry for entry in self._wanted}
        gone: list[Made] = []
        refocus: Key | None = None
        for key, widget in list(self._widgets.items()):
            entry = wanted.get(key)
            if entry is None or not self._fits(widget, entry):
                if entry is not None and widget.has_focus_within:
                    refocus = key
                gone.append(widget)
                del self._widgets[key]
        if gone:
            await self.remove_children(gone)
        return refocus

    def _fits(self, widget: Made, entry: Entry) -> bool:
        if not isinstance(widget, RowWidget) or not isinstance(entry, Row):
            return True
        is_same = entry is widget.row and entry.kind != "secret"
        fits = is_same or type(widget.editor) is control_for(entry, entry.path in self.revealed)
        return fits and entry.keyed == (widget.key_editor is not None)

    async def _mount_missing(self, lines: int | None) -> None:
        """Mount widgets of about so many lines, each behind its predecessor; the rest follows in slices."""
        before: Made | None = None
        batch: list[Made] = []
        left = lines if lines is not None else inf
        is_first = not self._widgets

        async def put() -> None:
            nonlocal before
            if batch:
                if before is None:
                    await self.mount(*batch, before=0 if self.children else None)
                else:
                    await self.mount(*batch, after=before)
                before = batch[-1]
                batch.clear()

        for entry in self._wanted:
            widget = self._widgets.get(entry.key)
            if widget is not None:
                await put()
                before = widget
            elif left > 0:
                made = self._widgets[entry.key] = self._make(entry)
                left -= made.lines if isinstance(made, RowWidget) else 1
                batch.append(made)
        await put()
        if len(self._widgets) < len(self._wanted):
            if is_first:
                self.call_after_refresh(self._more)  # what came is seen first
            else:
                self.set_timer(SLICE_SECONDS, self._more)

    def _make(self, entry: Entry) -> Made:
        if isinstance(entry, Fold):
            return FoldLine(entry)
        if isinstance(entry, Adder):
            return AddLine(entry)
        if isinstance(entry, More):
            return MoreLine(entry)
        return RowWidget(entry, self._beside(entry), self._look, revealed=entry.path in self.revealed)

    async def _more(self) -> None:
        async with self._changing:
            await self._mount_missing(SLICE)

    # what is folded, and which part is drawn

    @on(FoldLine.Turned)
    async def _turned(self, event: FoldLine.Turned) -> None:
        event.stop()
        async with self._changing:
            self._folds[event.fold.key] = event.is_open
            await self._follow()

    @on(MoreLine.Turned)
    async def _moved(self, event: MoreLine.Turned) -> None:
        event.stop()
        async with self._changing:
            entries = self._listed()
            at = self._start + WINDOW if event.more.below else self._start - 1
            beside = entries[min(max(at, 0), len(entries) - 1)]
            self._start += (1 if event.more.below else -1) * (WINDOW - OVERLAP)
            await self._follow()
            await self._mount_missing(None)
            found: Any = self._widgets.get(beside.key)
            if found is not None:
                (found.editor if isinstance(found, RowWidget) else found).focus()
