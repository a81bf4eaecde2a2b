"""What a person does to runs from the history: mark, compare, save filters, export, and what is done to any task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.history import Run
from engine.task import Task
from tui.boundary import ask
from tui.forest import Row
from tui.history_filter import Query
from tui.row import SLOT
from tui.run_list import RunList
from tui.saved_filters import SavedFilters
from tui.screens.quit import clone_question
from tui.screens.two_panes import TwoPanes
from tui.text import safe_text
from tui.widgets.run_rows import RunRows
from tui.wording import amount

if TYPE_CHECKING:
    from engine.run_filter import RunFilter


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

    def action_clone_task(self) -> None:
        """Launch a copy: how many tasks that is, the tree says, since what was spawned at run time is not copied."""
        run = self.list_rows.run
        if run is None or self.list_rows.counts_of(run).total == 1:
            super().action_clone_task()
            return
        self.ask_engine(lambda: self.thread.ask(self.thread.engine.tree(run.id)), self._ask_clone)

    def _ask_clone(self, tasks: Sequence[Task]) -> None:
        planned = [task for task in tasks if task.spawned is None]
        if len(planned) == 1:
            self._open_clone(planned[0])
        elif planned:
            question = clone_question(safe_text(planned[0].name, limit=60), len(planned))
            self.app.push_screen(question, lambda answer: self._clone_tree(planned[0].id) if answer else None)

    def show_task(self, task: Task) -> None:
        """A bar of the timeline was chosen: see the task in its tree."""
        from tui.screens.run import RunScreen

        run = self.listed.get(task.run_id)
        root = run.root if run is not None else task
        self.app.push_screen(RunScreen(self.thread, root, self.clock, live=self.live, select=task.id))

    # --- two runs --------------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark the run; pressed on another one, compare the two, the older at the left."""
        run, rows = self.list_rows.run, self.list_rows
        if run is None:
            self.app.notify("no run is selected", severity="warning")
            return
        marked = self.listed.get(rows.marked)
        if marked is None:
            rows.mark(run.id)
            key = self.app.keys.label("history.mark")
            self.app.notify(f"{safe_text(run.root.name, limit=40)} is marked: {key} on another run compares the two")
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

    def action_export(self) -> None:
        """Write the selected run to a file."""
        run = self.list_rows.run
        if run is None:
            self.app.notify("no run is selected", severity="warning")
            return
        name = safe_text(run.root.name, limit=60)
        self._ask_path(f"The run {name} with its tasks, attempts and logs, as JSON lines, to", run.id[:8], [run.id])

    def action_export_all(self) -> None:
        """Write all runs that fit the filter to a file."""
        if self.asked.wrongs or not self.listed.runs:
            self.app.notify("no run is shown", severity="warning")
            return
        what = f"All runs that fit {self.typed.strip()}" if not self.asked.is_empty else "All runs"
        self._ask_path(f"{what}, {self.listed.count_words} so far, as JSON lines, to", "runs", self.asked.filter)

    def _ask_path(self, text: str, name: str, runs: RunFilter | Iterable[str]) -> None:
        from tui.export import export
        from tui.screens.ask_path import PathScreen

        stem = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in name)
        path = Path.cwd() / f"taskdeck-{stem}-{self.clock().astimezone():%Y%m%d-%H%M%S}.jsonl"
        engine = self.thread.engine

        def write(chosen: Path | None) -> None:
            if chosen is not None:
                self.ask_engine(
                    lambda: self.thread.ask(export(engine, runs, chosen)),
                    lambda count: self.app.notify(f"{amount(count, 'run')} written to {chosen}"),
                )

        self.app.push_screen(PathScreen("Export", text, str(path)), write)
