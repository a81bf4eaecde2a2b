"""The timeline of a run on the whole screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from engine.task import Task
from tui.actions import Scope
from tui.bindings import bindings_of
from tui.screens.run_views import answer_timeline
from tui.screens.sub import Sub
from tui.text import safe_text
from tui.widgets.timeline import Timeline

if TYPE_CHECKING:
    from tui.forest import Forest
    from tui.late_engine import LateEngine


class TimelineScreen(Sub):
    """Dismisses with the task of the bar that was chosen, with None when it is left."""

    SCOPE: ClassVar[Scope] = "timeline"
    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in bindings_of("timeline") if isinstance(binding, Binding) and binding.id == "timeline.back"
    ]

    def __init__(self, thread: LateEngine, task: Task, forests: list[Forest]) -> None:
        super().__init__()
        self.thread, self.task_shown, self.forests = thread, task, forests

    def compose(self) -> ComposeResult:
        with Vertical(classes="pane") as pane:
            name = next((row.task.name for forest in self.forests if (row := forest.row(self.task_shown.run_id))), "")
            pane.border_title = Content(f"Timeline │ {safe_text(name or self.task_shown.name, limit=60)}")
            yield Timeline()
        yield Static(Content(" " + "  ".join(self.hints)), classes="keys")

    def on_mount(self) -> None:
        timeline = self.query_one(Timeline)
        self.set_focus(timeline.rows)
        timeline.show_run(self.task_shown.run_id, self.task_shown.id)

    @on(Timeline.Wanted)
    def _wanted(self, event: Timeline.Wanted) -> None:
        event.stop()
        answer_timeline(self.thread, event, self.forests)

    @on(Timeline.Chosen)
    def _chosen(self, event: Timeline.Chosen) -> None:
        event.stop()
        self.dismiss(event.task)
