"""What a person looks at on the console's screen, gone back and forth through, and kept until the next start."""

from __future__ import annotations

from typing import Any

from textual import events, on

from tui import cards
from tui.row_order import ORDERS
from tui.screens.panes import HEIGHTS, PANES, WIDTHS, Pane
from tui.screens.viewing import Viewing
from tui.views import Trail, View
from tui.widgets.filter_line import FilterLine
from tui.widgets.rows import Rows
from tui.widgets.tab_bar import TabBar
from tui.widgets.task_tree import TaskTree

PATIENCE = 3
"""How often the lists may settle before a view that is gone back to is taken as it is."""


class Browsing(Viewing):
    """Goes on where `Code` ends."""

    def __init__(self) -> None:
        super().__init__()
        self.trail = Trail()
        self._is_returning = False
        self._places: dict[Rows, int] = {}
        """Where the cursors were when they were last seen."""
        self._last_picked: tuple[str, str] | None = None
        """The task for which a tab was chosen last before the console ended, and the tab."""

    # --- what is seen ----------------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """What is seen now."""
        row = self.catalogue.row
        return View(
            self.pane,
            row.key if row is not None else None,
            self.runs.rows.selected,
            self.detail.tab if self.detail.task_id is not None else "",
            self.catalogue.filter_line.text.strip(),
            self.runs.filter_line.text.strip(),
        )

    def looked(self, *, leap: bool) -> None:
        if self._last_picked is not None and self._last_picked[0] == self.detail.task_id:
            tab, self._last_picked = self._last_picked[1], None
            self.detail.pick_tab(tab)
        if not self._is_returning and not isinstance(getattr(self.focused, "parent", None), FilterLine):
            self.trail.see(self.view, leap=leap)

    @on(Rows.Moved)
    def _stepped_on(self, event: Rows.Moved) -> None:
        """A row further than the next one is a leap."""
        rows = event.rows
        before, self._places[rows] = self._places.get(rows, rows.cursor), rows.cursor
        self.call_after_refresh(self.looked, leap=abs(rows.cursor - before) > 1 and rows is self.focused)

    @on(TaskTree.Sorted)
    def _sorted(self) -> None:
        self.app.keep("runs.sort", self.runs.forest.view.order.name)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """A filter line that was left: what it says now is a view of its own, and is recalled at the next start."""
        line = event.widget.parent
        if isinstance(line, FilterLine):
            if line.field.value:
                pane = "catalogue" if line.parent is self.catalogue else "runs"
                self.app.keep(f"filter.{pane}", line.field.value)
            self.call_after_refresh(self.looked, leap=True)

    def action_clear_filter(self) -> None:
        super().action_clear_filter()
        self.call_after_refresh(self.looked, leap=True)

    def action_tab(self, number: int) -> None:
        super().action_tab(number)
        self._tab_picked()

    @on(TabBar.Picked)
    def _tab_clicked(self) -> None:
        self.call_after_refresh(self._tab_picked)

    def _tab_picked(self) -> None:
        task_id = self.detail.task_id
        if task_id is not None:
            self._last_picked = None
            self.app.keep("view.tab", [task_id, self.detail.tab])
            self.looked(leap=True)

    # --- back and forth --------------------------------------------------------------------------------------

    def action_back(self) -> None:
        self._go(-1)

    def action_forth(self) -> None:
        self._go(1)

    def _go(self, by: int) -> None:
        self.looked(leap=False)
        view = self.trail.go(by)
        if view is None:
            self.app.notify("there is no view before this one" if by < 0 else "there is no view after this one")
        else:
            self.show_view(view)

    def show_view(self, view: View) -> None:
        """Look at `view` again, as far as it is still there."""
        self._is_returning = True
        self.catalogue.filter_line.put(view.catalogue_filter)
        self.runs.filter_line.put(view.runs_filter)
        self.call_after_refresh(self._return, view, PATIENCE)

    def _return(self, view: View, patience: int) -> None:
        """Once the lists are filtered, select; once that is drawn, the tab."""
        here = self.view
        filters = (view.catalogue_filter, view.runs_filter)
        if (here.catalogue_filter, here.runs_filter) == filters or not patience:
            if view.row is not None:
                self.catalogue.select(view.row)
            if view.task is not None and view.task != here.task:
                self.runs.rows.select(view.task)
            pane: Pane = next((pane for pane in PANES if pane == view.pane), "catalogue")
            self.enter(pane)
            self.call_after_refresh(self._returned, view)
        else:
            self.call_after_refresh(self._return, view, patience - 1)

    def _returned(self, view: View) -> None:
        if view.tab in self.detail.tabs and self.detail.task_id == view.task and self.detail.tab != view.tab:
            self.detail.pick_tab(view.tab)
        self._is_returning = False
        self._places = {rows: rows.cursor for rows in (self.catalogue.rows, self.runs.rows)}
        self.trail.see(self.view._replace(tab=self.detail.tab if view.tab else ""), leap=False)

    # --- kept ------------------------------------------------------------------------------------------------

    def arranged(self) -> None:
        keep = self.app.keep
        keep("layout.catalogue", self._width)
        keep("layout.detail", self._height)
        keep("layout.zoomed", self.pane if self._zoomed else None)

    def settle_in(self) -> None:
        """Put borders and zoom where they were when the console was last left."""
        kept = self.app.kept
        self._width = kept.number("layout.catalogue", *WIDTHS)
        self._height = kept.number("layout.detail", *HEIGHTS)
        zoomed = kept.get("layout.zoomed")
        self._zoomed = zoomed in PANES
        self.enter(next((pane for pane in PANES if pane == zoomed), "catalogue"))

    def recall(self) -> None:
        """The lists are read: filters to recall, the tab of the task that was last looked at."""
        kept = self.app.kept
        for name, pane in (("catalogue", self.catalogue), ("runs", self.runs)):
            text: Any = kept.get(f"filter.{name}")
            if isinstance(text, str):
                pane.filter_line.recall(text)
        order = kept.get("runs.sort")
        if isinstance(order, str) and order in ORDERS:
            self.runs.rows.sort_by(order)
        picked = kept.texts("view.tab")
        if len(picked) == 2 and picked[1] in self.detail.tabs and self.runs.forest.row(picked[0]) is not None:
            self._last_picked = (picked[0], picked[1])

    # --- first steps -----------------------------------------------------------------------------------------

    def without_executors(self) -> list[cards.Line]:
        """What stands in the detail while no row of the catalogue can be selected."""
        from tui import first_steps

        label = self.app.keys.label
        if text := self.catalogue.filter_line.text.strip():
            return first_steps.no_match(text, label("catalogue.clear_filter"))
        if not self.started:
            return [("the engine is starting", "dim")]
        if self.catalogue.catalogue.is_loading:
            return [("the folders of executors are read", "dim")]
        return first_steps.no_executors(getattr(self.thread.engine.settings, "executors", None))

    def first_run(self) -> list[cards.Line]:
        """The way to the first run, above an executor's card until there is one."""
        from tui import first_steps

        if not self.started or self.runs.forest.runs or not self.history.is_complete:
            return []
        return first_steps.first_run(self.app.keys)
