"""A list and the detail of what is selected in it, on a screen of their own: the history, and one run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.widget import Widget

from tui.actions import Scope, actions_of
from tui.bindings import bindings_of
from tui.boundary import ask
from tui.feed import Delta
from tui.screens.code import Code, Place
from tui.screens.panes import SMALLEST, Pane
from tui.task_reader import Reading, read_task
from tui.widgets.detail import DetailPane
from tui.widgets.rows import Rows

if TYPE_CHECKING:
    from tui.late_engine import LateEngine

BESIDE = 150
"""Columns from which the detail stands beside the list."""
HINTED = ("export", "saved_filters", "mark", "compare_before", "timeline", "rerun", "choose", "filter", "help")
"""What the last line tells of, the least needed first: those give way."""
CLOCK = 0.5
"""Seconds between two ticks of what goes on."""


class TwoPanes(Code):
    """The panes are "runs", which is the list, and "detail"."""

    AUTO_FOCUS = ""
    SCOPE: ClassVar[Scope] = "history"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")

    def __init__(self, thread: LateEngine, clock: Callable[[], datetime], *, live: bool) -> None:
        super().__init__()
        self.thread, self.clock, self.live = thread, clock, live
        self.pane: Pane = "runs"
        self._catalogue = thread.engine.catalogue

    @property
    def list_rows(self) -> Rows:
        """What the list is drawn with."""
        raise TypeError(f"{type(self).__name__} has no list")

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Where the palette takes its actions from."""
        return (self.SCOPE, "detail", "app")

    def make_detail(self) -> DetailPane:
        console = self.app.console_screen
        return DetailPane(self.clock, console.tries, console.current_version, id="detail")

    def on_mount(self) -> None:
        self.app.listeners.append(self.hear)
        if self.live:
            self.set_interval(CLOCK, self.tick)
        self.enter("runs")

    def on_unmount(self) -> None:
        if self.hear in self.app.listeners:
            self.app.listeners.remove(self.hear)

    def hear(self, delta: Delta) -> None:
        """One beat of news."""
        if delta.catalogue is not None:
            self._catalogue = delta.catalogue
        detail, shown = self.detail, self.detail.task_id
        if shown is not None:
            if shown in delta.reset:
                detail.restarted(shown, delta.reset[shown])
            elif shown in delta.retried:
                detail.reload()
            if shown in delta.logs:
                detail.add_log(shown, delta.logs[shown], dropped=shown in delta.dropped)
            if (task := delta.tasks.get(shown)) is not None:
                detail.show_task(task, self.app.forest.waiting(task))
        self.say_counts()

    def tick(self) -> None:
        """Time went on."""

    def say_counts(self) -> None:
        counts = self.thread.engine.counts
        self.status.say(running=counts.running, queued=counts.queued, failed=self.app.forest.counts.failed)

    @on(DetailPane.Wanted)
    def _detail_wanted(self, event: DetailPane.Wanted) -> None:
        event.stop()
        engine, thread, task_id = self.thread.engine, self.thread, event.task_id
        ask(self.detail, lambda: thread.ask(read_task(engine, task_id)), self._read, group="detail", exclusive=True)

    async def _read(self, reading: Reading) -> None:
        await self.detail.loaded(reading)

    # --- panes -----------------------------------------------------------------------------------------------

    @property
    def focus_target(self) -> Widget:
        return self.detail.view if self.pane == "detail" else self.list_rows

    def make_room(self) -> None:
        """Both, the detail below or where there is room beside; one of them when zoomed."""
        width, height = self.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(width >= BESIDE, "-beside")
        for pane in ("runs", "detail"):
            self.query_one(f"#{pane}").display = not self._zoomed or pane == self.pane
        self.query_one("#panes").display = not small
        self.query_one("#too-small").display = small

    def entered(self, came_from: Pane) -> None:
        label = self.app.keys.label
        scope: Scope = "detail" if self.pane == "detail" else self.SCOPE
        found = {action.method: action for action in (*actions_of("app"), *actions_of(scope))}
        hinted = [found[method] for method in HINTED if method in found]
        self.status.say(hints=tuple(f"{label(each.id)} {each.name.lower()}" for each in hinted))

    def action_pane(self, number: int) -> None:
        self.enter("detail" if number == 3 else "runs")

    def action_next_pane(self) -> None:
        self.enter("runs" if self.pane == "detail" else "detail")

    def action_previous_pane(self) -> None:
        self.action_next_pane()

    def action_back(self) -> None:
        self.dismiss()

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen("detail" if self.pane == "detail" else self.SCOPE, self.app.keys))

    def action_messages(self) -> None:
        self.app.console_screen.action_messages()

    def action_quit(self) -> None:
        self.app.console_screen.action_quit()

    def steered(self) -> None:
        self.say_counts()
        self.list_rows.refresh()

    def perform(self, scope: Scope, action: str) -> None:
        """What the palette chose: go where the action belongs and do it."""
        self.enter("detail" if scope == "detail" else "runs")
        self.app.call_later(self.app.run_action, action, self.focus_target)

    def size_of(self, task_id: str) -> int:
        return 0

    def _place(self) -> Place | None:
        row = self.selected()
        return self._place_of(row.task.executor_id) if row is not None else None
