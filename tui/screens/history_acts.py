"""What a person does to runs from the history: mark, compare, save filters, export, and what is done to any task."""

from __future__ import annotations

from collections.abc import Sequence

from engine.history import Run
from engine.task import Task
from tui.boundary import ask
from tui.forest import Row
from tui.history_filter import Query
from tui.row import SLOT
from tui.run_list import RunList
from tui.saved_filters import SavedFilters
from tui.screens.two_panes import TwoPanes
from tui.text import safe_name, safe_text
from tui.widgets.run_rows import RunRows

WORDS = 60
"""Characters of a filter that a question shows."""


class HistoryActs(TwoPanes):
    """The half of the history's screen that acts."""

    listed: RunList
    asked: Query
    """What is typed, read."""
    saved: SavedFilters

    @property
    def list_rows(self) -> RunRows:
        return self.query_one(RunRows)

    def use_filter(self, words: str) -> None:
        """Look for `words` as if they were typed."""

    def row_of(self, run: Run) -> Row:
        """The root of a run with the counters of its tree, as what is done to a task expects it."""
        row = Row(run.root, None)
        counts = self.list_rows.counts_of(run)
        if counts.total > 1:
            tally = row.own()
            tally[0] = counts.total
            for status, slot in SLOT.items():
                tally[slot] = getattr(counts, status.value)
            row.tally = tally
        return row

    def root_of(self, row: Row) -> Row:
        return row

    def size_of(self, task_id: str) -> int:
        run = self.listed.get(task_id)
        return self.list_rows.counts_of(run).total if run is not None else 0

    def action_cancel_task(self) -> None:
        """Cancel the run; asks where it has more than one task."""
        row = self.selected()
        if row is not None:
            self._cancel(row, sure=row.total == 1)

    def show_task(self, task: Task) -> None:
        """A bar of the timeline was chosen: see the task in its tree."""
        from tui.screens.run import RunScreen

        run = self.listed.get(task.run_id)
        root = run.root if run is not None else task
        self.app.push_screen(RunScreen(self.thread, root, self.clock, live=self.live, select=task.id))

    # --- two runs --------------------------------------------------------------------------------------------

    def action_mark_run(self) -> None:
        """Mark the run; pressed on another one, compare the two, the older at the left."""
        run, rows = self.list_rows.run, self.list_rows
        if run is None:
            self.app.notify("no run is selected", severity="warning")
            return
        marked = self.listed.get(rows.marked)
        if marked is None:
            rows.mark(run.id)
            key = self.app.keys.label("history.mark")
            self.app.notify(f"{safe_name(run.root.name, limit=40)} is marked: {key} on another run compares the two")
        elif marked.id == run.id:
            rows.mark(None)
        else:
            rows.mark(None)
            left, right = sorted((marked, run), key=lambda each: each.seq)
            ask(
                self.app,
                lambda: self.read_comparison(left, right),
                self._show_comparison,
                group="compare",
                exclusive=True,
            )

    # --- saved filters ---------------------------------------------------------------------------------------

    def action_saved_filters(self) -> None:
        from tui.screens.filters import FiltersScreen

        words = "" if self.asked.wrongs else self.typed
        self.app.push_screen(
            FiltersScreen(self.saved, words), lambda chosen: self.use_filter(chosen) if chosen is not None else None
        )

    @property
    def typed(self) -> str:
        """The present filter as it was typed."""
        from tui.widgets.query_line import QueryLine

        return self.query_one(QueryLine).text

    # --- export ----------------------------------------------------------------------------------------------

    def marked(self) -> list[Row]:
        """Acts are done to the selected run only; marks are for comparing."""
        return []

    def _roots_of(self, rows: Sequence[Row]) -> list[Row]:
        return list(rows)

    def action_export_all(self) -> None:
        """Write all runs that fit the filter to a file."""
        if self.asked.wrongs or not self.listed.runs:
            self.app.notify("no run is shown", severity="warning")
            return
        words = safe_text(self.typed.strip(), limit=WORDS)
        what = f"all runs that fit {words}" if not self.asked.is_empty else "all runs"
        text = f"The file for {what}, {self.listed.count_words} so far, as JSON lines; secrets are masked in it."
        self._ask_file(self.asked.filter, f"runs-{self.clock().astimezone():%Y%m%d-%H%M%S}.jsonl", text)
