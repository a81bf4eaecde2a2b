"""The detail pane: result, log, inputs, error, facts and code of the selected task, or the card of something else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from engine.task import Task, TaskStatus
from tui import cards
from tui.bindings import bindings_of
from tui.feed import Said
from tui.task_reader import Reading
from tui.versions import running_note, short
from tui.widgets.json_view import json_lines, json_pieces
from tui.widgets.log_view import LogView
from tui.widgets.tab_bar import TabBar
from tui.widgets.text_view import Line, TextView
from tui.widgets.timeline import Timeline, TimelineRows
from tui.wording import NEEDS_SECRETS

if TYPE_CHECKING:
    from engine.store import Attempt
    from tui.app import ConsoleApp

TABS = ("Result", "Log", "Inputs", "Error", "Info", "Source", "Timeline")
TITLE = "3 Detail"
CHOICES_KEPT = 200
"""For how many tasks the tab that the person chose is remembered."""


SourceKey = tuple[str, str, str | None]
"""Task id, the version that ran, the current version."""


class DetailPane(Vertical):
    """Shows one subject. What it lacks it asks for with `Wanted`; whoever answers calls `loaded`."""

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
        self.task_id: str | None = None
        self.clock = clock
        self.tries = tries
        """How many attempts a task may have by itself (4.7)."""
        self.current = current
        """The version of an executor as the catalogue has it (see `running_note`)."""
        self.tab = TABS[0]
        self._subject: Task | None = None
        self._full: Task | None = None
        self.waiting = ""
        self._result: list[Line] = []
        self._attempts: Sequence[Attempt] = ()
        self._source: list[Line] = []
        self._source_key: SourceKey | None = None
        """What the source was asked for."""
        self._asked_in: TaskStatus | None = None
        """The state in which the task was when it was asked for; ended since, it is asked for again."""
        self._early: list[Said] = []
        self._ahead: list[Said] = []
        """Lines that were read from the store, of which the news may still come."""
        self._log_loaded = False
        self._log_size = 0
        self._log_from = 0
        """The attempt that the log begins with; before the first load of it unknown, 0."""
        self._chosen: dict[str, str] = {}
        self._title = TITLE
        self.border_title = TITLE

    def compose(self) -> ComposeResult:
        yield TabBar(TABS)
        yield TextView(id="text", painter=json_pieces)
        yield LogView(id="log")

    @property
    def log_view(self) -> LogView:
        return self.query_one(LogView)

    @property
    def text_view(self) -> TextView:
        return self.query_one("#text", TextView)

    @property
    def view(self) -> TextView | TimelineRows:
        """The view that is seen."""
        timeline = self._timeline
        if timeline is not None and timeline.display:
            return timeline.rows
        return self.log_view if self.log_view.display else self.text_view

    @property
    def _timeline(self) -> Timeline | None:
        """Made when it is first looked at."""
        return next(iter(self.query(Timeline)), None)

    def show_card(self, title: str, lines: Sequence[Line]) -> None:
        """Show something that is no task: an executor, a problem, a hint."""
        same = self.task_id is None and self.query_one(TabBar).title == title
        self.task_id = self._subject = self._full = None
        self._head("")
        self.query_one(TabBar).show(self.tab, title=title)
        self._switch(log=False)
        self.text_view.show(lines, stay=same)

    def show_task(self, task: Task, waiting: str = "") -> None:
        """Show `task`; a new one is loaded, a known one is drawn again in its new state."""
        self.waiting = waiting
        if task.id != self.task_id:
            self._reset(task)
            self._asked_in = task.status
            self.post_message(self.Wanted(task.id))
        elif task.is_terminal and self._asked_in is not task.status:
            self._asked_in = task.status
            self.reload()
        self._subject = task
        self._draw(stay=True)

    @property
    def title(self) -> str:
        """What stands above a card; "" while a task is shown or nothing yet."""
        return self.query_one(TabBar).title

    def _reset(self, task: Task) -> None:
        self.task_id, self._full = task.id, None
        self._result, self._attempts, self._asked_in = [], (), None
        self._source, self._source_key = [], None
        self._early, self._ahead, self._log_loaded, self._log_size, self._log_from = [], [], False, 0, 0
        self.log_view.tries = self.tries(task)
        self.log_view.show_log(())
        self.text_view.show(())

    def reload(self) -> None:
        """The task, or an attempt of it, ended or began anew: ask for everything again."""
        if self.task_id is not None:
            self.post_message(self.Wanted(self.task_id))

    def restarted(self, task_id: str, former: int) -> None:
        """The task was reset by a rerun: what it logged and returned up to its attempt `former` is history."""
        if task_id == self.task_id and self._subject is not None:
            self._chosen.pop(task_id, None)
            task = self._subject
            self._reset(task)
            self._log_loaded, self._log_from = True, former + 1
            self._draw()
            self.reload()

    async def loaded(self, reading: Reading) -> None:
        """The answer to `Wanted`. Large results are laid out in a thread."""
        full = reading.task
        if full is None or full.id != self.task_id:
            return
        result = [] if full.result is None else await asyncio.to_thread(json_lines, full.result)
        if full.id != self.task_id:
            return
        self._full, self._result, self._attempts = full, result, reading.attempts
        self._take_log([said for said in reading.log if said[0] >= self._log_from])
        self._draw(stay=True)

    def _take_log(self, log: list[Said]) -> None:
        """Show the stored lines and those that came while they were read, none twice."""
        if self._log_loaded and len(log) <= self._log_size:
            return
        if log and not self._log_from:
            self._log_from = log[0][0]
        overlap = max((n for n in range(len(self._early) + 1) if log[len(log) - n :] == self._early[:n]), default=0)
        lines = [*log, *self._early[overlap:]]
        if not (self._log_loaded and self._log_size):
            self.log_view.show_log(lines)
        elif len(lines) > self._log_size:
            self.log_view.add(lines[self._log_size :])
        self._early, self._log_loaded, self._log_size = [], True, len(lines)
        self._ahead = log

    def _unseen(self, lines: Sequence[Said]) -> Sequence[Said]:
        """`lines` without those that the store gave before the news of them came."""
        if not self._ahead or not lines:
            return lines
        ahead, self._ahead = self._ahead, []
        at = next((n for n in range(len(ahead) - 1, -1, -1) if ahead[n] == lines[0]), len(ahead))
        known = 0
        while known < min(len(lines), len(ahead) - at) and lines[known] == ahead[at + known]:
            known += 1
        if known == len(lines):
            self._ahead = ahead[at + known :]
        return lines[known:]

    def add_log(self, task_id: str, lines: Sequence[Said], *, dropped: bool = False) -> None:
        """Lines that the task writes now; `dropped` says that there were more than the feed could hold."""
        if task_id != self.task_id:
            return
        if dropped:
            self._log_loaded, self._log_size, self._early = False, 0, []
            self.reload()
        elif self._log_loaded:
            lines = self._unseen(lines)
            self._log_size += len(lines)
            self.log_view.add(lines)
        else:
            self._early += lines
        self._draw(stay=True)

    def pick(self, number: int) -> None:
        """The person chose tab `number`, from 0; remembered for this task."""
        if self.task_id is None or not 0 <= number < len(TABS):
            return
        self._chosen[self.task_id] = TABS[number]
        while len(self._chosen) > CHOICES_KEPT:
            del self._chosen[next(iter(self._chosen))]
        self._draw()

    def step(self, by: int) -> None:
        """The tab beside, around the end."""
        self.pick((TABS.index(self.tab) + by) % len(TABS))

    def _natural_tab(self, task: Task) -> str:
        """The tab that shows what matters now, while the person chose none for this task."""
        between = task.status is TaskStatus.PENDING and task.not_before is not None  # it failed and is tried again
        if task.status is TaskStatus.IN_PROGRESS or between:
            return "Log" if self._log_size or self._early else "Result"
        if task.status is TaskStatus.FAILED or (task.status is TaskStatus.CANCELLED and task.error):
            return "Error"
        return "Result"

    def _draw(self, *, stay: bool = False) -> None:
        task = self._subject
        if task is None or self.task_id is None:
            return
        self._head(running_note(task, self.current(task.executor_id)))
        before = self.tab
        self.tab = self._chosen.get(self.task_id) or self._natural_tab(task)
        unread = self.log_view.unread
        self.query_one(TabBar).show(self.tab, notes={"Log": f"{unread} new" if unread else ""})
        if self.tab == "Timeline" and self._timeline is None:
            timeline = Timeline(id="timeline")
            timeline.display = False
            self.mount(timeline)
            self.call_after_refresh(self._draw, stay=True)
            return
        self._switch(log=self.tab == "Log", timeline=self.tab == "Timeline")
        if self.tab == "Timeline":
            self._show_timeline(task)
        elif self.tab != "Log":
            self.text_view.show(self._lines(task), stay=stay and before == self.tab)
        elif before != self.tab and self.log_view.following:
            self.call_after_refresh(self.log_view.move_to, -1)

    def _show_timeline(self, task: Task) -> None:
        """The timeline of the task's run, the cursor on the task."""
        if self._timeline is not None:
            self._timeline.show_run(task.run_id, task.id)

    def _lines(self, task: Task) -> list[Line]:
        full = self._full or task
        if self.tab == "Result":
            if task.is_terminal and self._result:
                return self._result
            return cards.no_result(task, self.waiting, self._helps(), loaded=self._full is not None)
        if self.tab == "Inputs":
            return cards.inputs(full)
        if self.tab == "Error":
            return cards.error(full if full.status is task.status else task)
        if self.tab == "Source":
            return self._source_of(task.executor_version or full.executor_version or "", task)
        current = self.current(task.executor_id)
        return cards.info(full, task, self.waiting, self._attempts, self.tries(task), self.clock(), current)

    def _head(self, note: str) -> None:
        """The pane's title; `note` tells that what runs is not the current version."""
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
        return f"{keys.label('detail.pause')} resumes the run" if self.waiting == "paused" else ""

    def _switch(self, *, log: bool, timeline: bool = False) -> None:
        """Show the log, the timeline or the text; the focus goes along."""
        shown = self._timeline
        is_shown = shown is not None and shown.display
        if self.log_view.display == log and is_shown == timeline and self.text_view.display != (log or timeline):
            return
        focused = self.has_focus_within
        self.log_view.display, self.text_view.display = log, not (log or timeline)
        if shown is not None:
            shown.display = timeline
        if focused:
            self.screen.set_focus(self.view)

    @on(TabBar.Picked)
    def _tab_clicked(self, event: TabBar.Picked) -> None:
        self.pick(TABS.index(event.tab))

    @on(LogView.Changed)
    def _log_moved(self, event: LogView.Changed) -> None:
        event.stop()
        if self.task_id is not None:
            self._draw(stay=True)
