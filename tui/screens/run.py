"""One run on the whole screen: its tree and the detail of what is selected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from engine.task import Task
from tui.actions import Scope
from tui.boundary import ask
from tui.feed import Delta
from tui.forest import Forest
from tui.screens.panes import SMALLEST, Pane
from tui.screens.two_panes import TwoPanes
from tui.task_reader import Reading
from tui.text import safe_name
from tui.widgets.rows import Rows
from tui.widgets.runs_pane import RunsPane
from tui.widgets.status_line import StatusLine
from tui.widgets.task_tree import TaskTree

if TYPE_CHECKING:
    from tui.late_engine import LateEngine


class RunScreen(TwoPanes):
    """Has a forest of its own with this run only; what else runs does not disturb it."""

    SCOPE: ClassVar[Scope] = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "screen.clear_filter", show=False, id="runs.clear_filter"),
    ]

    def __init__(
        self, thread: LateEngine, root: Task, clock: Callable[[], datetime], *, live: bool, select: str | None = None
    ) -> None:
        super().__init__(thread, clock, live=live)
        self.root = root
        self._wanted = select or root.id
        self.forest = Forest()
        self.forest.is_paused = self.is_paused
        self.started = True

    def compose(self) -> ComposeResult:
        console = self.app.console_screen
        with Vertical(id="panes"):
            title = f"Run │ {safe_name(self.root.name, limit=60)}"
            yield RunsPane(self.forest, self.clock, console.tries, console.current_version, title=title, id="runs")
            yield self.make_detail()
        yield Static(Content(f"the console needs {SMALLEST[0]}x{SMALLEST[1]}"), id="too-small")
        yield StatusLine(id="status")

    def on_mount(self) -> None:
        key = self.app.keys.label("history.back")
        self.status.say(watcher=f"{key} goes back", store="")
        self.say_counts()
        ask(self, lambda: self.thread.ask(self.thread.engine.tree(self.root.run_id)), self._loaded, group="tree")

    def _loaded(self, tasks: Sequence[Task]) -> None:
        self.forest.load([tasks])
        rows = self.runs.rows
        if rows.row is not None and not rows.row.is_open:
            rows.toggle()
        rows.empty = (("the run is no longer in the store", "dim"),)
        rows.select(self._wanted) or rows.select(self.root.id)

    @property
    def list_rows(self) -> TaskTree:
        return self.runs.rows

    @property
    def forests(self) -> list[Forest]:
        return [self.forest, self.app.forest]

    def entered(self, came_from: Pane) -> None:
        super().entered(came_from)
        if self.pane == "runs":
            self._show_selected()

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        if event.rows is self.runs.rows:
            self._show_selected()

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        event.stop()
        if self.runs.rows.row is not None and not self.runs.rows.toggle():
            self.enter("detail")

    def _show_selected(self) -> None:
        task = self.runs.rows.task_under_cursor
        if task is not None:
            self.detail.show_task(task, self.forest.waiting(task))

    async def _read(self, reading: Reading) -> None:
        task = reading.task
        if task is not None and not task.is_terminal and self.forest.task(task.id) not in (None, task):
            self.runs.rows.update(self.forest.apply(Delta(tasks={task.id: task})))
        await self.detail.loaded(reading)

    def hear(self, delta: Delta) -> None:
        run_id = self.root.run_id
        own = {task_id: task for task_id, task in delta.tasks.items() if task.run_id == run_id}
        ours = Delta(
            tasks=own,
            deleted=delta.deleted & {run_id},
            removed=delta.removed,
            finished=[each for each in delta.finished if each[0] == run_id],
        )
        self.runs.rows.update(self.forest.apply(ours))
        super().hear(delta)

    def tick(self) -> None:
        self.runs.rows.tick()
        task = self.forest.task(self.detail.task_id or "")
        if task is not None and self.forest.waiting(task) != self.detail.waiting:
            self.detail.show_task(task, self.forest.waiting(task))

    def action_clear_filter(self) -> None:
        """Esc clears what stands; where nothing does it goes back."""
        if self.pane == "detail":
            self.enter("runs")
        elif not self.runs.clear():
            self.action_back()

    def action_filter(self) -> None:
        self.runs.filter_line.open()

    def show_started(self, task: Task) -> None:
        """A rerun is shown here, another run where all runs are."""
        if task.run_id == self.root.run_id:
            super().show_started(task)
            self.app.herald.launched(task)
            return
        self.app.pump.hurry()
        self.dismiss()
        console = self.app.console_screen
        screens = [screen for screen in self.app.screen_stack if screen is not self and isinstance(screen, TwoPanes)]
        (screens[-1] if screens else console).show_started(task)
