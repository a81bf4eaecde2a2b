"""What a person looks at beside the console's panes: the history, the timeline of a run, two runs, the statistics."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.task import Task
from tui.boundary import ask
from tui.forest import Row
from tui.screens.bulk import Bulk

if TYPE_CHECKING:
    from engine.history import Run
    from tui.forest import Forest
    from tui.late_engine import LateEngine
    from tui.run_compare import Comparison
    from tui.timeline import Plan
    from tui.widgets.timeline import Timeline


class RunViews(Bulk):
    """Goes on where `Bulk` ends."""

    def _is_ready(self) -> bool:
        """Whether the engine can be asked; says so where it cannot."""
        if not self.app.console_screen.started:
            self.app.notify("the engine is still starting", severity="warning")
        return self.app.console_screen.started

    def action_history(self) -> None:
        from tui.screens.history import HistoryScreen

        if self._is_ready() and not any(isinstance(screen, HistoryScreen) for screen in self.app.screen_stack):
            self.app.push_screen(HistoryScreen(self.thread, self.app.clock, live=self.app.live))

    def action_stats(self) -> None:
        from tui.screens.run_stats import StatsScreen

        if self._is_ready() and not any(isinstance(screen, StatsScreen) for screen in self.app.screen_stack):
            self.app.push_screen(StatsScreen(self.thread))

    # --- the timeline ----------------------------------------------------------------------------------------

    def action_timeline(self) -> None:
        from tui.screens.timeline import TimelineScreen

        row = self.selected()
        if row is not None:
            self.app.push_screen(TimelineScreen(self.thread, row.task, self.forests), self._timeline_left)

    def _timeline_left(self, task: Task | None) -> None:
        if task is not None:
            self.show_task(task)

    def show_task(self, task: Task) -> None:
        """Go to a task that was chosen in the timeline."""
        self.enter("runs")
        if not self.runs.rows.select(task.id):
            self.app.notify("the task is not among the rows: its run is not read yet", severity="warning")

    @property
    def forests(self) -> list[Forest]:
        """Where the tasks of a run may be held already."""
        return [self.app.forest]

    def on_timeline_wanted(self, event: Timeline.Wanted) -> None:
        event.stop()
        answer_timeline(self.thread, event, self.forests)

    def on_timeline_chosen(self, event: Timeline.Chosen) -> None:
        event.stop()
        self.show_task(event.task)

    # --- two runs --------------------------------------------------------------------------------------------

    def action_compare_before(self) -> None:
        """Compare the selected task's run with the one before it of the same executor."""
        row = self.selected()
        if row is not None:
            run_id = row.task.run_id
            ask(self.app, lambda: self._with_former(run_id), self._show_comparison, group="compare", exclusive=True)

    async def _with_former(self, run_id: str) -> Comparison | None:
        from engine.run_filter import RunFilter

        engine = self.thread.engine
        found = await self.thread.ask(engine.runs(RunFilter(only=frozenset({run_id})), limit=1))
        former = await self.thread.ask(engine.history.former(found[0])) if found else None
        if former is None:
            name = "executor" if found and found[0].root.executor_version else "name"
            history, mark = self.app.keys.label("app.history"), self.app.keys.label("history.mark")
            said = (
                f"there is no run before it of the same {name}; in the history ({history}) {mark} marks one of any two"
            )
            self.app.notify(said, severity="warning")
            return None
        return await self.read_comparison(former, found[0])

    async def read_comparison(self, left: Run, right: Run) -> Comparison:
        """Both runs whole, compared beside the screen."""
        from tui.run_compare import Side, compare

        sides = []
        engine = self.thread.engine
        for run in (left, right):
            root = await self.thread.ask(engine.task(run.id)) or run.root
            sides.append(Side(run, root, await self.thread.ask(engine.tree(run.id))))
        specs = [engine.catalogue.get(side.root.executor_id) for side in sides]
        schemas = [spec.schema for spec in specs if spec is not None]
        return await asyncio.to_thread(compare, sides[0], sides[1], schemas)

    def _show_comparison(self, found: Comparison | None) -> None:
        if found is not None:
            from tui.screens.compare_runs import CompareScreen

            self.app.push_screen(CompareScreen(found))


def answer_timeline(thread: LateEngine, event: Timeline.Wanted, forests: list[Forest]) -> None:
    """Read the tasks that a timeline wants: from a forest that holds them all, else from the store."""
    timeline, run_id = event.timeline, event.run_id
    ask(
        timeline,
        lambda: read_plan(thread, run_id, forests, timeline.app.clock().timestamp()),
        timeline.show,
        group="timeline",
        exclusive=True,
    )


async def read_plan(thread: LateEngine, run_id: str, forests: list[Forest], now: float) -> Plan:
    """The plan of a run; laid out in a thread, since it may have 100,000 tasks."""
    from tui.timeline import plan

    held = next((row for forest in forests if (row := forest.row(run_id)) is not None and row.children), None)
    tasks = _tasks_below(held) if held is not None else await thread.ask(thread.engine.tree(run_id))
    spans = await thread.ask(thread.engine.history.spans(run_id))
    rerun_at = await thread.ask(thread.engine.history.rerun_at(run_id))
    return await asyncio.to_thread(plan, tasks, spans, now, rerun_at)


def _tasks_below(row: Row) -> list[Task]:
    """The tasks of a subtree, parents first and siblings in order."""
    tasks, stack = [], [row]
    while stack:
        row = stack.pop()
        tasks.append(row.task)
        stack.extend(reversed(row.children))
    return tasks
