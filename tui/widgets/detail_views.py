"""The views of a detail pane: the text at once, all others after the first paint, or when they are first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.result_shapes import JSON
from tui.widgets.rows import Piece
from tui.widgets.text_view import Line, TextView

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.widgets.json_view import JsonView
    from tui.widgets.search_line import SearchLine
    from tui.widgets.searching import View
    from tui.widgets.table_view import TableView
    from tui.widgets.task_log import TaskLog
    from tui.widgets.timeline import Timeline


class DetailViews:
    """Holds what `pane` shows one of; `pane` itself mounts `text`, above which the line of a search comes."""

    timeline: Timeline | None = None
    """None until `add_timeline`."""
    _search_line: SearchLine
    _json: JsonView
    _table: TableView
    _log: TaskLog

    def __init__(self, pane: Widget) -> None:
        self._pane = pane
        self.text = TextView(id="text", painter=painted)
        self.seen: View = self.text
        self._all: list[View] = [self.text]

    def complete(self) -> None:
        """Make those that are not there yet; does nothing the second time."""
        if len(self._all) > 1 or not self._pane.is_attached:
            return
        from tui.widgets.json_view import JsonView
        from tui.widgets.search_line import SearchLine
        from tui.widgets.table_view import TableView
        from tui.widgets.task_log import TaskLog

        self._search_line = SearchLine()
        self._json, self._table, self._log = JsonView(id="json"), TableView(id="table"), TaskLog(id="log")
        hidden: list[View] = [self._json, self._table, self._log]
        self._all += hidden
        for view in hidden:
            view.display = False
        self._pane.mount(self._search_line, before=self.text)
        self._pane.mount(*hidden, after=self.text)

    @property
    def search_line(self) -> SearchLine:
        self.complete()
        return self._search_line

    @property
    def json(self) -> JsonView:
        self.complete()
        return self._json

    @property
    def table(self) -> TableView:
        self.complete()
        return self._table

    @property
    def log(self) -> TaskLog:
        self.complete()
        return self._log

    def add_timeline(self) -> None:
        from tui.widgets.timeline import Timeline

        self.timeline = Timeline(id="timeline")
        self._pane.mount(self.timeline)

    def switch(self, view: View) -> None:
        """Have `view` be seen and no other."""
        self.seen = view
        for each in self._all:
            each.display = each is view
        if self.timeline is not None:
            self.timeline.display = self.timeline.rows is view


def painted(line: Line) -> list[Piece]:
    """The pieces of a line of text; JSON in its colours."""
    if line[1] != JSON:
        return [line]
    from tui.widgets.json_view import json_pieces

    return json_pieces(line)
