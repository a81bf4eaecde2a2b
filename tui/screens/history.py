"""All runs that ever were: typed words find them, the detail shows the selected one, live like everything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from engine.history import Run, TaskCounts
from engine.run_filter import RunFilter
from engine.task import Task
from tui import first_steps
from tui.bindings import bindings_of
from tui.boundary import ask
from tui.feed import Delta
from tui.forest import Row
from tui.history_filter import parse
from tui.run_list import PAGE, RunList
from tui.saved_filters import SavedFilters
from tui.screens.history_typing import HistoryTyping
from tui.screens.panes import SMALLEST, Pane
from tui.text import safe_text
from tui.widgets.query_line import QueryLine
from tui.widgets.rows import Rows
from tui.widgets.run_rows import RunRows, RunTitles
from tui.widgets.status_line import StatusLine
from tui.wording import at_time

if TYPE_CHECKING:
    from tui.late_engine import LateEngine

BEAT = 0.5
"""Seconds at least between two looks at what changed; one that costs more is taken less often."""
SHARE = 10
"""A look may take one of so many parts of the time."""
OTHERS = 2.0
"""Seconds between two looks whether another console wrote."""
WRITTEN = 1.0
"""Seconds that what was told of has to be on disk; while the disk is in trouble the list shows what there is."""
NEAR_END = 20
LOOKED_AGAIN = 300
"""Runs beyond the first page that are looked at again at once."""


class HistoryScreen(HistoryTyping):
    """The list holds pages by keyset; nothing is counted and no page is skipped over."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in bindings_of("history", moving=False) if getattr(binding, "id", "") != "history.open"
    ]

    def __init__(
        self,
        thread: LateEngine,
        clock: Callable[[], datetime],
        *,
        live: bool,
        words: str = "",
        select: str | None = None,
    ) -> None:
        super().__init__(thread, clock, live=live)
        self.listed = RunList()
        self.asked = parse(words, self._now)
        self.saved = SavedFilters(thread)
        self._words = words
        self.known = {}
        self._wanted = select
        """The run that gets the cursor as soon as it is there."""
        self._beat: Timer | None = None
        self._changed: set[str] = set()
        self._took = 0.0
        self._version = -1

    def compose(self) -> ComposeResult:
        with Vertical(id="panes"):
            with Vertical(id="runs", classes="pane"):
                rows = RunRows(self.listed)
                yield QueryLine(self._words)
                yield RunTitles(rows)
                yield rows
            yield self.make_detail()
        yield Static(Content(f"the console needs {SMALLEST[0]}x{SMALLEST[1]}"), id="too-small")
        yield StatusLine(id="status")

    def on_mount(self) -> None:
        self.started = True
        self._title()
        self.status.say(watcher="", store="")
        self.say_counts()
        self._search()
        ask(self, self._read_words, group="words")
        ask(self, self._retention, self._say_retention, group="retention")
        if self.live:
            self.set_interval(OTHERS, self._look_for_others)

    def _say_retention(self, said: str) -> None:
        self.query_one("#runs").border_subtitle = Content(said)

    async def _retention(self) -> str:
        """How long runs are kept, and which one goes next."""
        settings, parts = self.thread.engine.settings, []
        if settings.keep_days:
            parts.append(f"{settings.keep_days:g} days")
        if settings.keep_runs:
            parts.append(f"{settings.keep_runs:,} runs of each executor")
        if not parts:
            return "runs are kept for ever"
        said = f"kept {', '.join(parts)}"
        oldest = await self.thread.ask(self.thread.engine.history.next_to_go()) if settings.keep_days else None
        if oldest is not None:
            since = at_time(oldest.ended_at, self.clock())
            said += f" · next to go: {safe_text(oldest.name, limit=30)}, ended {since}"
        return said

    # --- the runs --------------------------------------------------------------------------------------------

    def _search(self) -> None:
        """The first page of what is asked for; a search that is under way is given up."""
        self._timer = None
        self.asked = parse(self.line.text, self._now)  # `since:1h` means the hour before now
        read = partial(self._page, self.asked.filter, None)
        ask(self, read, self._found, group="page", exclusive=True)

    async def _page(self, filter: RunFilter, before: int | None) -> list[Run]:
        began = monotonic()
        engine = self.thread.engine
        runs = await self.thread.ask(engine.runs(filter, before=before, limit=PAGE, counted=False))
        self._took = monotonic() - began
        return runs

    def _found(self, page: Sequence[Run]) -> None:
        self.listed.start(page)
        self._changed.clear()
        held = self.listed.place(self.list_rows.selected) is not None
        self._shown(top=not (held and self.asked.is_empty))  # who clears the filter stays at the run that was found
        self._count_others()

    def _shown(self, *, top: bool = False) -> None:
        """The list is another."""
        rows = self.list_rows
        rows.empty = self._empty()
        if self._wanted is not None and rows.select(self._wanted):
            self._wanted = None
        else:
            rows.resync(top=top)
        self._title()

    def _empty(self) -> Sequence[tuple[str, str]]:
        label = self.app.keys.label
        if not self.asked.is_empty:
            said = f"{label('history.back')} clears the filter, {label('history.filter')} changes it"
            return (("no run fits the filter", "dim"), ("", ""), (said, "dim"))
        back = label("history.back")
        there = [("", ""), (f"{back} goes back to the catalogue", "dim")] if back else []
        return (*first_steps.no_runs(self.app.keys), *there)

    def _title(self) -> None:
        self.query_one("#runs").border_title = Content(f"History │ {self.listed.count_words} shown")

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        if event.rows is not self.list_rows:
            return
        self._show_selected()
        if self.list_rows.cursor >= len(self.listed) - NEAR_END and not self.listed.is_whole and self.listed.runs:
            filter = self.asked.filter
            read = partial(self._page, filter, self.listed.before)
            ask(self, read, lambda page: self._more(filter, page), group="page", exclusive=True)

    def _more(self, filter: RunFilter, page: Sequence[Run]) -> None:
        if filter == self.asked.filter:
            self.listed.extend(page)
            self._shown()
            self._count_others()

    def _show_selected(self) -> None:
        run = self.list_rows.run
        if run is None:
            self.detail.show_card("Detail", [("the selected run is shown here", "dim")])
        else:
            self.detail.show_task(run.root, self.app.forest.waiting(run.root))

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        from tui.screens.run import RunScreen

        event.stop()
        run = self.list_rows.run
        if run is not None:
            self.app.push_screen(RunScreen(self.thread, run.root, self.clock, live=self.live))

    # --- what changes ----------------------------------------------------------------------------------------

    def hear(self, delta: Delta) -> None:
        super().hear(delta)
        held = self.listed.place
        changed = {run_id for run_id, _ in delta.finished} | delta.deleted
        changed |= {
            id for id, task in delta.tasks.items() if id == task.run_id and (held(id) is None or id in delta.reset)
        }
        if changed:
            self._changed |= changed
            self._wake()

    def _wake(self) -> None:
        """Look at what changed, soon but not too often."""
        if not self.live:
            self._renew()
        elif self._beat is None:
            self._beat = self.set_timer(max(BEAT, SHARE * self._took), self._renew)

    def _renew(self) -> None:
        self._beat = None
        if self._timer is not None:
            return
        filter = parse(self.line.text, self._now).filter
        below = {id for id in self._changed | set(self.listed.live()) if (self.listed.place(id) or 0) >= PAGE}
        again = frozenset(sorted(below)[:LOOKED_AGAIN])
        self._changed.clear()
        ask(self, partial(self._look_again, filter, again), self._renewed, group="renew", exclusive=True)

    async def _look_again(
        self, filter: RunFilter, again: frozenset[str]
    ) -> tuple[list[Run], list[Run], frozenset[str]]:
        engine = self.thread.engine
        await self.thread.ask(engine.written(within=WRITTEN))  # a run's end is told before it is on disk
        page = await self._page(filter, None)
        if not again:
            return page, [], again
        only = replace(filter, only=again)
        return page, await self.thread.ask(engine.runs(only, limit=len(again), counted=False)), again

    def _renewed(self, found: tuple[list[Run], list[Run], frozenset[str]]) -> None:
        page, others, again = found
        self.listed.renew(page)
        if again:
            self.listed.take(others, again)
        self._shown()
        self._count_others()
        run = self.list_rows.run
        if run is not None and self.detail.task_id == run.id:
            self._show_selected()

    def _look_for_others(self) -> None:
        """Other consoles write to the store too."""
        if self.is_current:
            ask(self, lambda: self.thread.ask(self.thread.engine.history.version()), self._looked, group="version")

    def _looked(self, version: int) -> None:
        if version != self._version:
            is_first, self._version = self._version < 0, version
            if not is_first:
                self._wake()

    def _count_others(self) -> None:
        """Tasks of runs that go on elsewhere; those that go on here, the console counts."""
        foreign = [run_id for run_id in self.listed.live() if self.app.forest.row(run_id) is None]
        if foreign:
            history = self.thread.engine.history
            ask(
                self,
                lambda: self.thread.ask(history.live_counts(foreign)),
                self._counted,
                group="counts",
                exclusive=True,
            )

    def _counted(self, counts: dict[str, TaskCounts]) -> None:
        if self.listed.count(counts):
            self.list_rows.refresh()

    def tick(self) -> None:
        self.list_rows.tick()
        run = self.list_rows.run
        if run is not None and run.ended_at is None and self.detail.task_id == run.id:
            self._show_selected()

    def entered(self, came_from: Pane) -> None:
        super().entered(came_from)
        if self.pane == "runs" and self.detail.task_id is None and self.listed.runs:
            self._show_selected()

    # --- what is acted on ------------------------------------------------------------------------------------

    def selected(self) -> Row | None:
        run = self.list_rows.run
        if run is None:
            self.app.notify("no run is selected", severity="warning")
            return None
        return self.row_of(run)

    def show_started(self, task: Task) -> None:
        """What was launched or rerun from here: the cursor goes to it as soon as it is in the list."""
        self.app.pump.hurry()
        self.app.herald.launched(task)
        self._wanted = task.run_id
        self.enter("runs")
        self.detail.show_task(task, self.app.forest.waiting(task))
        if self.listed.place(task.run_id) is None and not self.asked.is_empty:
            self.app.notify("it runs; the list shows it if it fits the filter")
        self.app.pump.flush()
        self._renew()
