"""A list and the detail of what is selected in it, on a screen of their own: the history, and one run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget

from tui.actions import Scope, actions_of
from tui.bindings import bindings_of
from tui.boundary import ask
from tui.feed import Delta
from tui.screens.code import Place
from tui.screens.panes import HEIGHTS, SMALLEST, STEP, Pane
from tui.screens.viewing import Viewing
from tui.task_reader import Reading, read_task
from tui.widgets.detail import DetailPane
from tui.widgets.rows import Rows
from tui.widgets.status_line import Hint

if TYPE_CHECKING:
    from tui.late_engine import LateEngine

BESIDE = 150
"""Columns from which the detail stands beside the list."""
HINTED = ("export", "saved_filters", "mark", "compare_before", "timeline", "rerun", "choose", "filter", "help")
"""What the last line tells of, the least needed first: those give way."""
NOT_HERE = {"app.command_line", "app.forth"}
"""What only the console's own screen does."""
CLOCK = 0.5
"""Seconds between two ticks of what goes on."""


class TwoPanes(Viewing):
    """The panes are "runs", which is the list, and "detail"."""

    CSS_PATH = "../styles/history.tcss"
    AUTO_FOCUS = ""
    SCOPE: ClassVar[Scope] = "history"
    BINDINGS: ClassVar[list[BindingType]] = [
        each for each in bindings_of("app") if isinstance(each, Binding) and each.id not in NOT_HERE
    ]

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
            if delta.logs:
                detail.apply_log(delta)
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
        self._place_borders()

    def _place_borders(self) -> None:
        """Where the person put them, as far as that fits; else where the style sheet has them."""
        styles, beside = self.detail.styles, self.has_class("-beside")
        styles.height = None if self._zoomed or beside or self._height is None else f"{self._height}%"
        styles.width = None if self._zoomed or not beside or self._width is None else f"{self._width}%"

    def action_widen(self, by: int) -> None:
        """Move the border between list and detail where they stand side by side."""
        if self._zoomed or not self.has_class("-beside"):
            self.app.notify("this pane has all of the width")
            return
        self._width = self._share(self.detail.outer_size.width, self.query_one("#panes").size.width, by)
        self._place_borders()

    def action_heighten(self, by: int) -> None:
        """Move the border between list and detail where they stand above each other."""
        if self._zoomed or self.has_class("-beside"):
            self.app.notify("this pane has all of the height")
            return
        self._height = self._share(self.detail.outer_size.height, self.query_one("#panes").size.height, by)
        self._place_borders()

    def _share(self, detail: int, panes: int, by: int) -> int:
        """Percent of the panes that the detail gets, when the present pane is to get more (1) or less (-1)."""
        share = round(detail * 100 / max(panes, 1)) + (by if self.pane == "detail" else -by) * STEP
        return max(HEIGHTS[0], min(share, HEIGHTS[1]))

    def entered(self, came_from: Pane) -> None:
        label = self.app.keys.label
        scope: Scope = "detail" if self.pane == "detail" else self.SCOPE
        found = {action.method: action for action in (*actions_of("app"), *actions_of(scope))}
        hinted = [found[method] for method in HINTED if method in found]
        self.status.say(
            hints=tuple(Hint(f"{label(each.id)} {each.name.lower()}", each.id) for each in hinted if label(each.id))
        )

    def action_pane(self, number: int) -> None:
        self.enter("detail" if number == 3 else "runs")

    def action_next_pane(self) -> None:
        self.enter("runs" if self.pane == "detail" else "detail")

    def action_previous_pane(self) -> None:
        self.action_next_pane()

    def action_back(self) -> None:
        self.dismiss()

    def action_leave(self) -> None:
        """Esc in the detail: what stands there ends, else to the list."""
        if not self.leave():
            self.enter("runs")

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
        if scope != "app":
            self.enter("detail" if scope == "detail" else "runs")
        self.app.call_later(self.app.run_action, action, self.focus_target)

    def size_of(self, task_id: str) -> int:
        return 0

    def _place(self) -> Place | None:
        row = self.selected()
        return self._place_of(row.task.executor_id) if row is not None else None
