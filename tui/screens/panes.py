"""Where the person is on the console's screen: which pane, which ones have room, whether one is zoomed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from textual import events
from textual.screen import Screen
from textual.widget import Widget

from tui.widgets.catalogue import CataloguePane
from tui.widgets.detail import DetailPane
from tui.widgets.runs_pane import RunsPane
from tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from tui.app import ConsoleApp

Pane = Literal["catalogue", "runs", "detail"]
PANES: tuple[Pane, ...] = ("catalogue", "runs", "detail")
NARROW = 100
"""Below so many columns catalogue and runs share their place."""
SMALLEST = (40, 10)
"""Columns and lines below which only a hint is shown."""


class Panes(Screen[None]):
    """The three panes and the way between them."""

    app: ConsoleApp
    pane: Pane = "catalogue"
    """The pane that has, or last had, the focus."""
    _upper: Pane = "catalogue"
    _zoomed = False

    @property
    def catalogue(self) -> CataloguePane:
        return self.query_one(CataloguePane)

    @property
    def runs(self) -> RunsPane:
        return self.query_one(RunsPane)

    @property
    def detail(self) -> DetailPane:
        return self.query_one(DetailPane)

    @property
    def status(self) -> StatusLine:
        return self.query_one(StatusLine)

    @property
    def focus_target(self) -> Widget:
        """What has the focus while the person is in the present pane."""
        if self.pane == "detail":
            return self.detail.view
        return self.catalogue.rows if self.pane == "catalogue" else self.runs.rows

    def enter(self, pane: Pane) -> None:
        """Give the focus to a pane, showing it first where it is hidden."""
        self.come_to(pane)
        self.set_focus(self.focus_target)  # at once, `focus()` would wait while the next key is read

    def come_to(self, pane: Pane) -> None:
        """`pane` is where the person is now."""
        came_from, self.pane = self.pane, pane
        if pane != "detail":
            self._upper = pane
        self.make_room()
        self.entered(came_from)

    def entered(self, came_from: Pane) -> None:
        """The person came to `pane`; the screen shows what is selected there."""

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget is not self.focused:
            return  # old news: the focus has moved on
        for node in event.widget.ancestors_with_self:
            for pane in PANES:
                if node.id == pane != self.pane:
                    self.come_to(pane)
                    return

    def on_resize(self) -> None:
        self.make_room()

    def make_room(self) -> None:
        """Show the panes that have room: all, or below NARROW two, or when zoomed one."""
        width, height = self.size
        narrow, zoomed = width < NARROW, self._zoomed
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(narrow, "-narrow")
        self.set_class(zoomed, "-zoomed")
        shown: set[Pane] = {self.pane} if zoomed else {self._upper, "detail"} if narrow else set(PANES)
        for pane in PANES:
            self.query_one(f"#{pane}").display = pane in shown
        self.query_one("#upper").display = bool(shown - {"detail"})
        self.query_one("#panes").display = not small
        self.query_one("#too-small").display = small
        self.catalogue.border_title = "1 Catalogue │ 2 Runs …" if narrow else "1 Catalogue"
        self.runs.retitle("1 Catalogue … │ " if narrow else "")

    def action_pane(self, number: int) -> None:
        self.enter(PANES[number - 1])

    def action_next_pane(self) -> None:
        self.enter(PANES[(PANES.index(self.pane) + 1) % len(PANES)])

    def action_previous_pane(self) -> None:
        self.enter(PANES[(PANES.index(self.pane) - 1) % len(PANES)])

    def action_zoom(self, by: int) -> None:
        self._zoomed = by > 0
        self.make_room()

    def action_filter(self) -> None:
        (self.catalogue if self.pane == "catalogue" else self.runs).filter_line.open()

    def action_clear_filter(self) -> None:
        if self.pane == "catalogue":
            self.catalogue.filter_line.close()
        else:
            self.runs.clear()

    def action_search(self) -> None:
        self.runs.search()

    def action_filter_status(self) -> None:
        self.runs.filter_status()
