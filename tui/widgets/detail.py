"""The detail pane: result, log, inputs, error, facts and code of the selected task, or the card of something else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from engine.graph import ASKS
from engine.task import Task, TaskStatus
from tui import cards
from tui.bindings import bindings_of
from tui.feed import Delta
from tui.result_shapes import Page, default_shape, page_of, shapes_of
from tui.versions import running_note, short
from tui.widgets.detail_views import DetailViews
from tui.widgets.searching import Searching, View
from tui.widgets.tab_bar import TabBar
from tui.widgets.text_view import Line, TextView
from tui.wording import NEEDS_SECRETS

if TYPE_CHECKING:
    from textual.timer import Timer

    from engine.store import Attempt
    from tui.app import ConsoleApp
    from tui.task_reader import Reading
    from tui.traceback_text import Place
    from tui.widgets.log_view import LogView
    from tui.widgets.search_line import SearchLine
    from tui.widgets.task_log import TaskLog

TITLE = "3 Detail"
CHOICES_KEPT = 200
"""For how many tasks the tab that the person chose is remembered."""
HELD = 0.1
"""Seconds for which the task before stays seen while another one is read, so that each is drawn once."""
SMALL = 10_000
"""Characters of a stored result that are read and laid out without a thread."""

SourceKey = tuple[str, str, str | None]
"""Task id, the version that ran, the current version."""


class DetailPane(Searching):
    """Shows one subject. What it lacks it asks for with `Wanted`; whoever answers calls `loaded`.

    `tabs` are the names of the tabs, each with what builds its page.
    """

    app: ConsoleApp
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("detail", moving=False)

    class Wanted(Message):
        """The task's row, log and attempts are needed."""

        def __init__(self, task_id: str) -> None:
            super().__init__()
            self.task_id = task_id

    class SourceWanted(Message):
        """The source of what a task ran is needed; whoever answers calls `source_loaded` with `key`."""

        def __init__(self, key: SourceKey, executor_id: str) -> None:
            super().__init__()
            self.key = key
            self.executor_id = executor_id

    def __init__(
        self,
        clock: Callable[[], datetime],
        tries: Callable[[Task], int] = lambda task: 1,
        current: Callable[[str], str | None] = lambda executor_id: "",
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id, classes="pane")
        self.tabs: Mapping[str, Callable[[Task], Page]] = {
            "Result": self._result_page,
            "Log": lambda task: Page("log"),
            "Inputs": lambda task: Page("text", cards.inputs(task)),
            "Error": self._error_page,
            "Info": self._info_page,
            "Source": lambda task: Page("text", self._source_of(task.executor_version or "", task)),
            "Timeline": lambda task: Page("timeline", task),
        }
        self._bar = TabBar(tuple(self.tabs))  # kept, since news may come while the parts are mounted or taken away
        self._views = DetailViews(self)
        self.task_id: str | None = None
        self.clock = clock
        self.tries = tries
        """How many attempts a task may have by itself (4.7)."""
        self.current = current
        """The version of an executor as the catalogue has it (see `running_note`)."""
        self.tab = next(iter(self.tabs))
        self.attempt: int | None = None
        """The former attempt that is shown; None is the latest."""
        self.waiting = ""
        self.subject: Task | None = None
        self._full: Task | None = None
        self._reading: Reading | None = None
        self._value: Any = None
        """The result of the attempt that is shown."""
        self._has_value = False
        self._given: Any = None
        """What the value was made of: as the store keeps it, or of a former attempt the value itself."""
        self._page: Page | None = None
        """The result as it is shown."""
        self._source: list[Line] = []
        self._source_key: SourceKey | None = None
        """What the source was asked for."""
        self._asked_in: TaskStatus | None = None
        """The state in which the task was when it was asked for; ended since, it is asked for again."""
        self._chosen: dict[str, str] = {}
        self._held: Timer | None = None
        """Runs while what is seen is still that of the task before."""
        self._title, self._said = TITLE, ""
        self.border_title = TITLE

    def compose(self) -> ComposeResult:
        yield self._bar
        yield self._views.text

    def on_mount(self) -> None:
        self.call_after_refresh(self._views.complete)  # not before the first paint, which they would delay

    @property
    def search_line(self) -> SearchLine:
        return self._views.search_line

    @property
    def log_view(self) -> TaskLog:
        return self._views.log

    @property
    def text_view(self) -> TextView:
        return self._views.text

    @property
    def view(self) -> View:
        """The view that is seen, of the present task: whoever wants it needs it now."""
        self._let_go()
        return self._views.seen

    # --- what it shows ---------------------------------------------------------------------------------------

    def show_card(self, title: str, lines: Sequence[Line]) -> None:
        """Show something that is no task: an executor, a problem, a hint."""
        same = self.task_id is None and self._bar.title == title
        self._stop_holding()
        self.task_id = self.subject = self._full = None
        self._head("")
        self._bar.show(self.tab, title=title)
        self._switch(self.text_view)
        self.text_view.show(lines, stay=same)

    def show_task(self, task: Task, waiting: str = "") -> None:
        """Show `task`; a new one is loaded, a known one is drawn again in its new state."""
        self.waiting = waiting
        if task.id != self.task_id:
            self.subject = task
            if self.app.live:
                self._hold()
            self._reset(task)
            self._asked_in = task.status
            self.post_message(self.Wanted(task.id))
        elif task.is_terminal and self._asked_in is not task.status:
            self._asked_in = task.status
            self.reload()
        self.subject = task
        self._draw(stay=True)

    def _hold(self) -> None:
        """Leave the task before on the screen until the new one is read, or that takes too long."""
        if self._held is None:
            self._held = self.set_timer(HELD, self._let_go)

    def _stop_holding(self) -> bool:
        """Whether what is seen is that of the task before."""
        held, self._held = self._held, None
        if held is not None:
            held.stop()
        return held is not None

    def _let_go(self) -> None:
        if self._stop_holding():
            self._draw()

    @property
    def title(self) -> str:
        """What stands above a card; "" while a task is shown or nothing yet."""
        return self._bar.title

    def _reset(self, task: Task, *, floor: int = 0) -> None:
        self.task_id, self._full, self.attempt = task.id, None, None
        self._reading, self._asked_in = None, None
        self._value, self._has_value, self._page = None, False, None
        self._source, self._source_key = [], None
        self.log_view.begin(task, self.tries(task), floor=floor)
        if self._held is None:
            self.text_view.show(())
        else:
            self.tab = self._chosen.get(task.id) or self._natural_tab(task)

    def reload(self) -> None:
        """The task, or an attempt of it, ended or began anew: ask for everything again."""
        if self.task_id is not None:
            self.post_message(self.Wanted(self.task_id))

    def restarted(self, task_id: str, former: int) -> None:
        """The task was reset by a rerun: what it logged and returned up to its attempt `former` is history."""
        if task_id == self.task_id and self.subject is not None:
            self._chosen.pop(task_id, None)
            self._reset(self.subject, floor=former + 1)
            self._draw()
            self.reload()

    async def loaded(self, reading: Reading) -> None:
        """The answer to `Wanted`. Results are read and laid out in a thread."""
        full = reading.task
        if full is None or full.id != self.task_id:
            return
        self._reading = reading
        self.log_view.read(reading.log)
        self._full = full
        await self._load_result(full)

    async def _load_result(self, full: Task) -> None:
        """Lay out the result of the attempt that is shown."""
        former, attempt = self._former, self.attempt
        given = full.packed if former is None else former.result
        if not self._has_value or given != self._given:
            if former is None and (given is None or (len(given) <= SMALL and isinstance(given, str))):
                value, page = default_shape(given, True)
            else:
                value, page = await asyncio.to_thread(default_shape, given, former is None)
            if full.id != self.task_id or attempt != self.attempt:
                return
            self._given, self._value, self._page, self._has_value = given, value, page, given is not None
        self._draw(stay=not self._stop_holding())

    def apply_log(self, delta: Delta) -> None:
        """Lines that the task writes now, or where its log is mixed with those below it, they."""
        if self.log_view.apply(delta):
            self._draw(stay=True)

    # --- attempts --------------------------------------------------------------------------------------------

    @property
    def attempts(self) -> Sequence[Attempt]:
        """All attempts of the task as they were last read, oldest first."""
        return self._reading.attempts if self._reading is not None else ()

    @property
    def _former(self) -> Attempt | None:
        """The former attempt that is shown."""
        if self.attempt is None:
            return None
        return next((each for each in self.attempts if each.number == self.attempt), None)

    @property
    def version(self) -> str | None:
        """The version that the shown attempt ran."""
        former = self._former
        if former is not None:
            return former.executor_version
        task = self._full or self.subject
        return task.executor_version if task is not None else None

    def choose_attempt(self, number: int | None) -> None:
        """Show attempt `number` on every tab; None, or the latest, shows the task as it is."""
        task = self._full or self.subject
        if task is None:
            return
        latest = number is None or number >= task.attempt or all(each.number != number for each in self.attempts)
        self.attempt = None if latest else number
        self._value, self._has_value, self._page = None, False, None
        self.log_view.choose(attempt=self.attempt)
        self._draw()
        if self._full is not None:
            full = self._full
            self.run_worker(self._load_result(full), group="result", exclusive=True)

    def _as_shown(self, task: Task) -> Task:
        """The task as the shown attempt had it; with what only the whole row has."""
        full = self._full or task
        former = self._former
        if former is None:
            return full if full.status is task.status else task
        from tui.task_reader import as_tried

        return as_tried(full, former)

    # --- tabs ------------------------------------------------------------------------------------------------

    def pick(self, number: int) -> None:
        """The person chose tab `number`, from 0; remembered for this task."""
        names = tuple(self.tabs)
        if self.task_id is None or not 0 <= number < len(names):
            return
        self._chosen[self.task_id] = names[number]
        while len(self._chosen) > CHOICES_KEPT:
            del self._chosen[next(iter(self._chosen))]
        self._stop_holding()
        self._draw()

    def pick_tab(self, name: str) -> None:
        self.pick(tuple(self.tabs).index(name))

    def _natural_tab(self, task: Task) -> str:
        """The tab that shows what matters now, while the person chose none for this task."""
        between = task.status is TaskStatus.PENDING and task.not_before is not None  # it failed and is tried again
        if task.status is TaskStatus.IN_PROGRESS or between:
            return "Log" if self.log_view.has_lines else "Result"
        if task.status is TaskStatus.FAILED or (task.status is TaskStatus.CANCELLED and task.error):
            return "Error"
        return "Result"

    def _draw(self, *, stay: bool = False) -> None:
        task = self.subject
        if task is None or self.task_id is None or self._held is not None:
            return
        before = self.tab
        shown = self._as_shown(task)
        self.tab = self._chosen.get(self.task_id) or self._natural_tab(shown)
        self._head(self._note(task))
        self._bar.show(self.tab, notes={"Log": self.log_view.note})
        page = self.tabs[self.tab](shown)
        self._show_page(page, stay=stay and before == self.tab)
        if self.tab == "Log" != before and self.log_view.following:
            self.call_after_refresh(self.log_view.move_to, -1)

    def _show_page(self, page: Page, *, stay: bool) -> None:
        if page.kind == "log":
            self._switch(self.log_view)
            self.log_view.load_older()
        elif page.kind == "timeline":
            self._show_timeline(page.content)
        elif page.kind == "json":
            self._switch(self._views.json)
            self._views.json.show_tree(page.content)
        elif page.kind == "table":
            self._switch(self._views.table)
            self._views.table.show_table(page.content)
        else:
            self._switch(self.text_view)
            self.text_view.show(page.content, stay=stay)

    def _show_timeline(self, task: Task) -> None:
        """The timeline of the task's run, the cursor on the task."""
        timeline = self._views.timeline
        if timeline is not None:
            self._switch(timeline.rows)
            timeline.show_run(task.run_id, task.id)
            return
        self._views.add_timeline()
        self.call_after_refresh(self._draw, stay=True)

    def _result_page(self, task: Task) -> Page:
        if self._has_value and self._page is not None and (task.is_terminal or self.attempt is not None):
            return self._page
        loaded = self._full is not None
        return Page("text", cards.no_result(task, self.waiting, self._helps(), loaded=loaded))

    def _error_page(self, task: Task) -> Page:
        return Page("text", cards.error(task, self.log_view.trace(task.attempt), self.app.keys.label("app.edit")))

    @property
    def place(self) -> Place | None:
        """Where the error that is shown was raised; None where none is."""
        from tui.traceback_text import place_of

        if self.tab != "Error" or self.subject is None:
            return None
        return place_of(self.log_view.trace(self._as_shown(self.subject).attempt))

    def _info_page(self, task: Task) -> Page:
        from tui.task_reader import Reading

        current, forest = self.current(task.executor_id), self.app.forest
        live, reading = self.subject or task, self._reading or Reading(None)
        needed = cards.needed_by(task, forest.row(task.id))
        lines = cards.info(
            self._full or live, live, self.waiting, reading, self.tries(task), self.clock(), current,
            find=forest.task, needed=needed,
        )  # fmt: skip
        return Page("text", lines)

    def _note(self, task: Task) -> str:
        """What stands beside the pane's title: that a former attempt is shown, or that not the current code runs."""
        if self.attempt is not None:
            return f"attempt {self.attempt} of {task.attempt}, not the latest"
        return running_note(task, self.current(task.executor_id))

    def _head(self, note: str) -> None:
        title = f"{TITLE} │ {note}" if note else TITLE
        if title != self._title:
            self._title = title
            self.border_title = Content(title)

    def _source_of(self, version: str, task: Task) -> list[Line]:
        """The source as far as it is here; what is missing is asked for when this tab is first looked at."""
        if not version:
            return [("no code of an executor ran yet", "dim")]
        key = (task.id, version, self.current(task.executor_id))
        if key != self._source_key:
            if self._source_key is None or self._source_key[1] != version:
                self._source = [(f"reading the source of {short(version)}", "dim")]
            self._source_key = key
            self.post_message(self.SourceWanted(key, task.executor_id))
        return self._source

    def source_loaded(self, key: SourceKey, lines: list[Line]) -> None:
        """The answer to `SourceWanted`."""
        if key == self._source_key:
            self._source = lines
            self._draw(stay=True)

    def _helps(self) -> str:
        """What the person can do about what the task waits for."""
        keys = self.app.keys
        if self.waiting.startswith(NEEDS_SECRETS):
            return f"{keys.label('detail.rerun')} opens its form, to give them again"
        if self.waiting.startswith(ASKS):
            return f"{keys.label('detail.answer')} opens the question"
        return f"{keys.label('detail.pause')} resumes the run" if self.waiting == "paused" else ""

    # --- views -----------------------------------------------------------------------------------------------

    def _switch(self, view: View) -> None:
        """Show one view; the focus goes along, a search does not."""
        before = self._views.seen
        if before is view and view.display:
            return
        focused = self.has_focus_within
        self._views.switch(view)
        if self.search_line.display:
            self.search_line.close()
            before.search("")
        if focused:
            self.screen.set_focus(view)

    def next_shape(self) -> str:
        """Show the result in the next of its shapes (tree, table, text); the name of that one, "" without a result."""
        if self.tab != "Result" or not self._has_value or self._page is None:
            return ""
        shapes = shapes_of(self._value)
        kind = shapes[(shapes.index(self._page.kind) + 1) % len(shapes)]
        value = self._value

        async def lay_out() -> None:
            page = await asyncio.to_thread(page_of, value, kind)
            if value is self._value:
                self._page = page
                self._draw()

        self.run_worker(lay_out(), group="shape", exclusive=True)
        return {"json": "as a tree", "table": "as a table", "text": "as text"}[kind]

    def sort(self) -> str:
        """Sort the table by the column under the cursor; in words what was done, "" where there is no table."""
        from tui.widgets.table_view import TableView

        view = self.view
        if not isinstance(view, TableView) or not view.column_name:
            return ""
        table, name = view.table, view.column_name

        async def order() -> None:
            fresh = await asyncio.to_thread(table.sorted_by, name)
            if self._page is not None and self._page.content is table:
                self._page = Page("table", fresh)
                self._draw()

        self.run_worker(order(), group="shape", exclusive=True)
        return "as it was given" if table.by == name and table.falling else f"sorted by {name}"

    @on(TabBar.Picked)
    def _tab_clicked(self, event: TabBar.Picked) -> None:
        event.stop()
        self.pick_tab(event.tab)

    def on_log_view_changed(self, event: LogView.Changed) -> None:
        event.stop()
        if self._views.seen is self.log_view:
            self.say_found()
        if self.task_id is not None:
            self._draw(stay=True)
            if (
                said := self.log_view.standing if self.tab == "Log" else ""
            ) != self._said:  # the whole pane is painted anew for it
                self._said = said
                self.border_subtitle = Content(said)
