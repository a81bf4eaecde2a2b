"""The console: catalogue, runs and detail, and the status line below them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from engine.catalogue import Catalogue, ExecutorSpec, Problem
from engine.task import Task
from tui.actions import Scope, actions_of
from tui.bindings import bindings_of
from tui.boundary import ask
from tui.feed import Delta
from tui.forest import Forest
from tui.history import History
from tui.screens.commands import Commands
from tui.screens.panes import PANES, SMALLEST, Pane
from tui.widgets.catalogue import CataloguePane
from tui.widgets.detail import DetailPane
from tui.widgets.rows import Rows
from tui.widgets.runs_pane import RunsPane
from tui.widgets.status_line import STORE_OK, Hint, StatusLine

if TYPE_CHECKING:
    from tui import cards
    from tui.late_engine import LateEngine
    from tui.news import News
    from tui.task_reader import Reading

NEWS_TIME = 10.0
"""Seconds that good news stay in the status line; a problem stays until it is mended."""
FLASH = 1.0
"""Seconds that executors that changed stand out in the catalogue."""
CLOCK = 0.5
"""Seconds between two ticks of the clocks of running rows; none run, no ticks."""
SPARE = {"command_palette", "command_line"}
"""Whose hints are shown where there is room to spare."""
NEAR_END = 10
"""So many rows before the end of the runs older ones are read."""


class ConsoleScreen(Commands):
    """Shows what `forest` and the engine's catalogue hold; `apply` brings each change."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")
    scopes: tuple[Scope, ...] = (*PANES, "app")
    """Where the palette takes its actions from."""

    def __init__(self, thread: LateEngine, forest: Forest, clock: Callable[[], datetime], *, live: bool) -> None:
        super().__init__()
        self.thread = thread
        self.forest = forest
        self.clock = clock
        self.live = live
        self.forest.is_paused = self.is_paused
        self._ticker: Timer | None = None
        self._shows_soon = False
        self._catalogue = Catalogue()
        self._changed_at: datetime | None = None
        self.started = False
        self._unread: Problem | None = None
        """A problem that was told of and not looked at."""
        self._news_timer: Timer | None = None
        self._flash_timer: Timer | None = None
        self.history = History(thread, forest, self._history_grew)

    def compose(self) -> ComposeResult:
        with Vertical(id="panes"):
            with Horizontal(id="upper"):
                yield CataloguePane(id="catalogue")
                yield RunsPane(self.forest, self.clock, self.tries, self.current_version, id="runs")
            yield DetailPane(self.clock, self.tries, self.current_version, id="detail")
        yield Static(Content(f"the console needs {SMALLEST[0]}x{SMALLEST[1]}"), id="too-small")
        yield StatusLine(id="status")

    def on_mount(self) -> None:
        self.status.say(watcher="starting", store="opening the store")
        if self.live:
            self._ticker = self.set_interval(CLOCK, self.tick, pause=True)
        self.runs.rows.writer.unread = self.history.size_of
        self.runs.rows.writer.opens = lambda: self.app.keys.label("runs.open")
        self.settle_in()

    # --- the engine's side -----------------------------------------------------------------------------------

    async def engine_started(self) -> None:
        """The store is open: show what the engine knows already, then its history."""
        self.started = True
        self._show_counts()
        self._show_catalogue(self.thread.engine.catalogue)
        self._say_watcher()
        await self.history.more()
        self.runs.ready()
        self.recall()

    def _history_grew(self) -> None:
        self.runs.rows.resync()
        self._show_counts()

    def apply(self, delta: Delta) -> None:
        """One beat of news: everything that changed since the last."""
        self.runs.rows.update(self.forest.apply(delta))
        detail = self.detail
        shown = detail.task_id
        if shown is not None:
            if shown in delta.reset:
                detail.restarted(shown, delta.reset[shown])
            elif shown in delta.retried:
                detail.reload()
            if delta.logs:
                detail.apply_log(delta)
            task = delta.tasks.get(shown)
            if task is not None or delta.tasks:
                self._refresh_detail(task)
        if delta.catalogue is not None:
            self._show_catalogue(delta.catalogue)
        if delta.watcher is not None or delta.catalogue is not None:
            self._say_watcher()
        self._show_counts()

    def _refresh_detail(self, changed: Task | None) -> None:
        """Draw the shown task again when it changed, or when what it waits for did."""
        task = changed or self.forest.task(self.detail.task_id or "")
        if task is not None:
            waiting = self.forest.waiting(task)
            if changed is not None or waiting != self.detail.waiting:
                self.detail.show_task(task, waiting)

    def _show_counts(self) -> None:
        engine = self.thread.engine
        counts, trouble = engine.counts, engine.store_trouble
        self.status.say(
            mode="read-only" if engine.access.read_only else "",
            paused=f"queue paused ({self.app.keys.label('app.pause_queue')} resumes)" if engine.paused else "",
            asking=counts.asking,
            running=counts.running,
            queued=counts.queued,
            failed=self.forest.counts.failed,
            store=f"store: {trouble}" if trouble else STORE_OK,
        )
        if self._ticker is not None:
            (self._ticker.resume if self.runs.rows.ticks else self._ticker.pause)()

    def tick(self) -> None:
        """Times on the screen go on: those of running tasks, and what is left until a retry."""
        rows = self.runs.rows
        rows.tick()
        self._refresh_detail(None)
        if self._ticker is not None and not rows.ticks:
            self._ticker.pause()

    def steered(self) -> None:
        """A run or the queue was paused or resumed: every waiting row may say something else."""
        self._show_counts()
        self.runs.rows.refresh()
        self._refresh_detail(None)

    def tries(self, task: Task) -> int:
        """How many attempts the retries of the task allow (4.7)."""
        from engine.policy import DEFAULT

        spec = self._catalogue.get(task.executor_id)
        policy = spec.policy if spec is not None else DEFAULT
        try:
            return policy.with_params(task.params).retries + 1
        except ValueError:  # params of a former version that is no longer valid
            return policy.retries + 1

    def current_version(self, executor_id: str) -> str | None:
        """The version of an executor or flow in the catalogue; None where it is none of it, "" while it loads."""
        spec = self._catalogue.entry(executor_id)
        if spec is None:
            return "" if self._catalogue.is_loading or not self._catalogue.epoch else None
        return spec.version

    def _say_watcher(self) -> None:
        state = self.thread.engine.watch_state
        at = f" {self._changed_at.astimezone():%H:%M:%S}" if self._changed_at else ""
        self.status.say(watcher=f"{state}{at}" if state else "")

    # --- the catalogue ---------------------------------------------------------------------------------------

    def _show_catalogue(self, catalogue: Catalogue) -> None:
        from tui.news import changed_ids, news_of

        before, self._catalogue = self._catalogue, catalogue
        if catalogue is before:
            return
        self._changed_at = self.clock()
        self.catalogue.show(catalogue)
        fresh = [problem for problem in catalogue.problems if problem not in before.problems]
        self._unread = fresh[-1] if fresh else self._unread if self._unread in catalogue.problems else None
        self._tell(news_of(before, catalogue, self.app.keys))
        self._versions_changed(changed_ids(before, catalogue))
        if len(self.app.screen_stack) > 1:
            self._tell_dialogs(catalogue)

    def _versions_changed(self, changed: Sequence[str]) -> None:
        """Say it where the executors stand, and at tasks that run or ran their former versions."""
        self.catalogue.flash(changed)
        if changed and self.live:
            if self._flash_timer is not None:
                self._flash_timer.stop()
            self._flash_timer = self.set_timer(FLASH, self.catalogue.flash)
        self.runs.rows.versions_changed()
        task = self.forest.task(self.detail.task_id or "")
        if task is not None:
            self.detail.show_task(task, self.forest.waiting(task))

    def _tell_dialogs(self, catalogue: Catalogue) -> None:
        """A dialog that is open for an executor that changed goes along, keeping what was typed."""
        from tui.screens.launch import LaunchScreen

        for screen in self.app.screen_stack:
            if isinstance(screen, LaunchScreen):
                screen.executor_changed(catalogue.entry(screen.spec.id))

    def _tell(self, news: News | None) -> None:
        """Say news in the status line and a toast; good ones give way to problems that still stand."""
        if self._news_timer is not None:
            self._news_timer.stop()
            self._news_timer = None
        if news is None:
            self._fall_back()
            return
        self.status.say(news=news.text, bad_news=news.bad, news_key=news.key)
        self.app.notify(news.text, severity="error" if news.bad else "information")
        if not news.bad and self.live:
            self._news_timer = self.set_timer(NEWS_TIME, self._fall_back)

    def _fall_back(self) -> None:
        from tui.news import News, standing

        self._news_timer = None
        news = standing(self._catalogue, self.app.keys)
        news = news or News("")
        self.status.say(news=news.text, bad_news=news.bad, news_key=news.key)

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        if event.rows is self.catalogue.rows and self.pane == "catalogue":
            self._show_catalogue_row()
        elif event.rows is self.runs.rows:
            if self.pane == "runs" or self.detail.task_id:
                self._show_soon()
            if self.runs.rows.cursor >= self.runs.rows.count() - NEAR_END and not self.history.is_complete:
                ask(self, self.history.more, group="history")

    def _show_catalogue_row(self) -> None:
        from tui import cards

        row = self.catalogue.row
        if row is None:
            self.detail.show_card("Catalogue", self.without_executors())
        elif row.spec is not None:
            spec = row.spec
            problems = [p for p in self._catalogue.problems if p.file == spec.file or p.executor_id == spec.id]
            if isinstance(spec, ExecutorSpec):
                self.detail.show_card(f"Executor {spec.id}", [*self.first_run(), *cards.executor(spec, problems)])
            else:
                from tui.flow_card import flow_card

                self.detail.show_card(f"Flow {spec.id}", [*self.first_run(), *flow_card(spec, problems)])
        elif row.problem is not None:
            self._show_problem(row.problem)
        else:
            self.detail.show_card("Problems", cards.problems(self._catalogue))

    def _show_problem(self, problem: Problem) -> None:
        from tui import cards

        title = f"Problem in {cards.headline(problem).split(' ')[0]}"
        self.detail.show_card(title, cards.problem(problem))

        def show(source: Sequence[cards.Line]) -> None:
            if self.catalogue.row and self.catalogue.row.problem == problem and self.detail.task_id is None:
                self.detail.show_card(title, cards.problem(problem, source))

        ask(self, lambda: asyncio.to_thread(cards.source_excerpt, problem), show, group="source", exclusive=True)

    def action_draft(self) -> None:
        """What is selected as a draft: from the catalogue an executor or flow, else the run."""
        row = self.catalogue.row if self.pane == "catalogue" else None
        if self.pane != "catalogue":
            super().action_draft()
        elif row is not None and row.spec is not None:
            self.draft_with(row.spec)

    def _show_soon(self) -> None:
        """Show the selected task once the cursor is painted: whoever holds a key down need not wait for each detail."""
        if not self._shows_soon:
            self._shows_soon = True
            self.call_after_refresh(self._show_selected_task)

    def _show_selected_task(self) -> None:
        self._shows_soon = False
        task = self.runs.rows.task_under_cursor
        if task is None:
            self.detail.show_card("Detail", [("what is selected is shown here", "dim")])
        else:
            self.detail.show_task(task, self.forest.waiting(task))

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        event.stop()
        if event.rows is self.catalogue.rows:
            row = self.catalogue.row
            if row is not None and row.spec is not None:
                self.launch(row.spec)
            elif row is not None:
                self.enter("detail")
            return
        rows = self.runs.rows
        if rows.selected is not None and self.history.is_unread(rows.selected):
            selected = rows.selected
            ask(self, lambda: self.history.open(selected), group="history")
        elif rows.row is not None and rows.row.task.is_asking:
            self.open_question(rows.row.task.id)
        elif rows.row is not None and not rows.toggle():
            self.enter("detail")

    @on(DetailPane.Wanted)
    def _detail_wanted(self, event: DetailPane.Wanted) -> None:
        from tui.task_reader import read_task

        event.stop()
        engine, thread, task_id = self.thread.engine, self.thread, event.task_id
        ask(
            self.detail,
            lambda: thread.ask(read_task(engine, task_id)),
            self._task_read,
            group="detail",
            exclusive=True,
        )

    async def _task_read(self, reading: Reading) -> None:
        """The rows take over what was read of a task that still waits or runs: it may be newer than the last news."""
        task = reading.task
        if task is not None and not task.is_terminal and self.forest.task(task.id) not in (None, task):
            self.runs.rows.update(self.forest.apply(Delta(tasks={task.id: task})))
            self._refresh_detail(task)
        await self.detail.loaded(reading)

    # --- panes -----------------------------------------------------------------------------------------------

    def entered(self, came_from: Pane) -> None:
        if self.pane != came_from or self.detail.title == "":
            if self.pane == "catalogue":
                self._show_catalogue_row()
            elif self.pane == "runs":
                self._show_selected_task()
        self.status.say(hints=self._hints())

    def keys_changed(self) -> None:
        """The person's own keys are known now."""
        self.status.say(hints=self._hints())

    def _hints(self) -> tuple[Hint, ...]:
        """The keys of this pane, what is missed least first."""
        label = self.app.keys.label
        hinted = [action for action in (*actions_of(self.pane), *actions_of("app")) if action.hint]
        hinted.sort(key=lambda action: (action.method not in SPARE, action.method != "filter"))
        return tuple(
            Hint(f"{label(action.id)} {action.name.lower()}", action.id, action.method in SPARE)
            for action in hinted
            if label(action.id)
        )

    def action_pane(self, number: int) -> None:
        """A pane by its number; the catalogue's leads to the problem that the status line just told of."""
        if PANES[number - 1] == "catalogue" and self._unread is not None:
            self.catalogue.select_problem(self._unread)
            self._unread = None
        super().action_pane(number)

    # --- everywhere ------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.pane, self.app.keys))

    def action_messages(self) -> None:
        from tui.screens.messages import MessagesScreen, message_lines

        stray = self.app.stray
        lines = message_lines(list(self.app.notices), list(stray.lines), stray.total)
        self.app.push_screen(MessagesScreen([*lines, *((fault, "bad") for fault in self.app.faults)]))

    def action_stray(self) -> None:
        from tui.screens.messages import MessagesScreen, stray_lines

        stray = self.app.stray
        self.app.push_screen(MessagesScreen(stray_lines(list(stray.lines), stray.total), "Stray output"))

    def action_quit(self) -> None:
        """Leave; while tasks run or wait, ask first."""
        from tui.screens.quit import GO_ON, STAY, Question, quit_question

        if not self.started:
            self.app.exit(return_code=0)
            return
        counts = self.thread.engine.counts
        if not counts.running and not counts.queued and not counts.scheduled:
            self.app.exit(return_code=0)
            return
        if isinstance(self.app.screen, Question):
            return
        minutes = self.thread.settings.headless / 60
        question = quit_question(counts.running, counts.queued, counts.scheduled, minutes)

        def answered(answer: int | None) -> None:
            if answer not in (None, STAY):
                self.app.goes_on = answer == GO_ON
                self.app.exit(return_code=0)

        self.app.push_screen(question, answered)
