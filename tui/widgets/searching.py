"""A pane whose view can be searched: the line where one types, and what is said at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from textual import on
from textual.containers import Vertical

from tui.widgets.filter_line import FilterLine
from tui.widgets.searched import Searched

if TYPE_CHECKING:
    from tui.widgets.json_view import JsonView
    from tui.widgets.log_view import LogView
    from tui.widgets.search_line import SearchLine
    from tui.widgets.table_view import TableView
    from tui.widgets.text_view import TextView
    from tui.widgets.timeline import TimelineRows

View: TypeAlias = "TextView | JsonView | TableView | LogView | TimelineRows"


class Searching(Vertical):
    """Holds a `SearchLine` and views, of which one is seen."""

    @property
    def view(self) -> View:
        """The view that is seen."""
        raise TypeError(f"{type(self).__name__} does not say which view is seen")

    @property
    def search_line(self) -> SearchLine:
        """Where one types what to search for."""
        raise TypeError(f"{type(self).__name__} has no line for a search")

    def open_search(self) -> None:
        """Let the person type what to search for."""
        self.search_line.open()

    def end_search(self) -> bool:
        """Whether there was one."""
        if not self.search_line.display:
            return False
        self.search_line.close()
        self.view.search("")
        return True

    @on(FilterLine.Changed)
    def _typed(self, event: FilterLine.Changed) -> None:
        event.stop()
        if self.search_line.display:
            self.view.search(event.text)

    @on(FilterLine.Left)
    def _left(self, event: FilterLine.Left) -> None:
        event.stop()
        if not event.keep:
            self.end_search()
        self.screen.set_focus(self.view)

    @on(FilterLine.Stepped)
    def _stepped(self, event: FilterLine.Stepped) -> None:
        event.stop()
        self.view.step_match(event.lines)

    @on(Searched.Found)
    def _found(self, event: Searched.Found) -> None:
        event.stop()
        self.say_found()

    def say_found(self) -> None:
        """How the search stands, at the end of its line."""
        self.search_line.say(self.view.match_note)

    # --- what only the view knows to do ----------------------------------------------------------------------

    def action_choose(self) -> None:
        self._pass("action_choose")

    def action_unfold(self) -> None:
        self._pass("action_unfold")

    def action_fold(self) -> None:
        self._pass("action_fold")

    def _pass(self, method: str) -> None:
        """Only the view knows what folding, or going sideways, is there."""
        if (act := getattr(self.view, method, None)) is not None:
            act()
