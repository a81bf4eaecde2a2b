"""Where the person is on the console's screen: which pane, which ones have room, where the borders are."""

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
WIDTHS, HEIGHTS = (16, 400), (15, 85)
"""What the catalogue's width in cells and the detail's height in percent may be."""
LEAST_RUNS = 24
"""Cells that the catalogue leaves to the runs."""
STEP = 4
"""Cells, and percent, that a border moves at a time."""


class Panes(Screen[None]):
    """The three panes and the way between them."""

    app: ConsoleApp
    pane: Pane = "catalogue"
    """The pane that has, or last had, the focus."""
    _upper: Pane = "catalogue"
    _zoomed = False
    _width: int | None = None
    """Cells that the person gave the catalogue."""
    _height: int | None = None
    """Percent that the person gave the detail."""

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
        self.looked(leap=pane != came_from)

    def entered(self, came_from: Pane) -> None:
        """The person came to `pane`; the screen shows what is selected there."""

    def looked(self, *, leap: bool) -> None:
        """Something else is looked at now; a `leap` is worth going back from."""

    def arranged(self) -> None:
        """The person moved a border or zoomed."""

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

    @property
    def is_narrow(self) -> bool:
        return self.size.width < NARROW

    def make_room(self) -> None:
        """Show the panes that have room: all, or below NARROW two, or when zoomed one."""
        width, height = self.size
        narrow, zoomed = self.is_narrow, self._zoomed
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(narrow, "-narrow")
        self.set_class(zoomed, "-zoomed")
        shown: set[Pane] = {self.pane} if zoomed else {self._upper, "detail"} if narrow else set(PANES)
        for pane in PANES:
            self.query_one(f"#{pane}").display = pane in shown
        self.query_one("#upper").display = bool(shown - {"detail"})
        self.query_one("#panes").display = not small
        self.query_one("#too-small").display = small
        self._place_borders()
        self.catalogue.head(" │ 2 Runs …" if narrow else "")
        self.runs.retitle("1 Catalogue … │ " if narrow else "")

    def _place_borders(self) -> None:
        """Where the person put them, as far as that fits; else where the style sheet has them."""
        whole = self._zoomed or self._width is None or self.is_narrow
        self.catalogue.styles.width = None if whole else self._fit(self._width or 0)
        self.detail.styles.height = None if self._zoomed or self._height is None else f"{self._height}%"

    def _fit(self, width: int) -> int:
        return max(WIDTHS[0], min(width, WIDTHS[1], self.size.width - LEAST_RUNS))

    def action_pane(self, number: int) -> None:
        self.enter(PANES[number - 1])

    def action_next_pane(self) -> None:
        self.enter(PANES[(PANES.index(self.pane) + 1) % len(PANES)])

    def action_previous_pane(self) -> None:
        self.enter(PANES[(PANES.index(self.pane) - 1) % len(PANES)])

    def action_zoom(self, by: int) -> None:
        self._zoomed = by > 0
        self.make_room()
        self.arranged()

    def action_widen(self, by: int) -> None:
        """Move the border between catalogue and runs, so that the present pane is wider (1) or narrower (-1)."""
        if self._zoomed or self.is_narrow or self.pane == "detail":
            self.app.notify("this pane has all of the width")
            return
        by = by if self.pane == "catalogue" else -by
        self._width = self._fit(self.catalogue.outer_size.width + by * STEP)
        self._place_borders()
        self.arranged()

    def action_heighten(self, by: int) -> None:
        """Move the border above the detail, so that the present pane is higher (1) or lower (-1)."""
        if self._zoomed:
            self.app.notify("this pane has all of the height")
            return
        by = by if self.pane == "detail" else -by
        panes = max(self.query_one("#panes").size.height, 1)
        height = round(self.detail.outer_size.height * 100 / panes) + by * STEP
        self._height = max(HEIGHTS[0], min(height, HEIGHTS[1]))
        self._place_borders()
        self.arranged()

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
