"""All schedules: their next times, what became of the last ones, and what is done to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len, set_cell_size
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from engine.catalogue import Launchable
from engine.errors import TaskError
from engine.schedule import Schedule
from engine.schedules import Time
from engine.task import Task, TaskStatus
from tui.actions import actions_of
from tui.bindings import bindings_of
from tui.boundary import ask
from tui.forms.options import LaunchOptions
from tui.forms.schedule_options import option_of
from tui.keymap import label_of
from tui.screens.pick import Choice, PickScreen
from tui.screens.quit import Question
from tui.text import safe_text
from tui.widgets.rows import Piece, Rows
from tui.widgets.text_view import Line, TextView
from tui.wording import amount, at_time, moment

if TYPE_CHECKING:
    from tui.app import ConsoleApp
    from tui.screens.scheduling import Scheduling

LOOK = 1.0
"""Seconds between two looks at what became of them, while the screen is open."""
NEXT_SHOWN = 3
TIMES_SHOWN = 50
NAME, WHEN, TARGET = 24, 28, 18
"""Cells of the columns."""
ROLES = {TaskStatus.COMPLETED: "good", TaskStatus.FAILED: "bad", TaskStatus.CANCELLED: "warn"}
EMPTY = (
    "no schedules yet",
    "",
    "{add} adds one; or open an executor's form, and in its options ({options})",
    "fill in the schedule instead of launching it now",
)
"""What stands there without schedules, with the keys that are bound."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All schedules with the last time of each, and which engine keeps them."""

    schedules: Sequence[Schedule] = ()
    latest: dict[str, Time] = field(default_factory=dict)
    keeper: str = ""


class ScheduleRows(Rows):
    """A line for each schedule."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("schedules", moving=True)

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(id="schedule-rows")
        self._clock = clock
        self.standing = Standing()

    def show(self, standing: Standing) -> None:
        """Other schedules, or another state of them; the cursor stays at its schedule."""
        chosen = self.chosen
        self.standing = standing
        ids = [schedule.id for schedule in standing.schedules]
        place = ids.index(chosen.id) if chosen is not None and chosen.id in ids else None
        self.rows_changed(place)

    @property
    def chosen(self) -> Schedule | None:
        schedules = self.standing.schedules
        return schedules[self.cursor] if 0 <= self.cursor < len(schedules) else None

    def count(self) -> int:
        return len(self.standing.schedules) or len(EMPTY)

    def is_marked(self, index: int) -> bool:
        return bool(self.standing.schedules) and index == self.cursor

    def draw(self, index: int, width: int) -> list[Piece]:
        if not self.standing.schedules:
            add, options = label_of(self.app, "schedules.add"), label_of(self.app, "launch.options")
            return [(EMPTY[index].format(add=add, options=options), "dim")]
        schedule = self.standing.schedules[index]
        last = self.standing.latest.get(schedule.id)
        wide = width >= 100
        pieces: list[Piece] = [
            self._next(schedule),
            (_fit(safe_text(schedule.name), NAME if wide else NAME - 4), "head"),
        ]
        pieces.append((_fit(safe_text(schedule.when.words), WHEN if wide else WHEN - 6), ""))
        if wide:
            pieces.append((_fit(safe_text(schedule.target), TARGET), "dim"))
        if last is not None:
            pieces.append((safe_text(last.words, limit=200), role_of(last)))
        return pieces

    def _next(self, schedule: Schedule) -> Piece:
        if schedule.paused:
            return _fit(" ‖ paused", 20), "warn"
        if schedule.next_at is None:
            return _fit("   over", 20), "dim"
        return _fit(f" ▸ {at_time(schedule.next_at, self._clock())}", 20), "live"


class SchedulesScreen(Screen["str | None"]):
    """Dismisses with the id of a run to go to, or with None."""

    app: ConsoleApp
    CSS_PATH = "../styles/schedules.tcss"
    AUTO_FOCUS = "ScheduleRows"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("schedules", moving=False)

    def __init__(self, console: Scheduling) -> None:
        super().__init__()
        self._owner = console
        self._times: Sequence[Time] = ()
        self._of = ""
        """The id of the schedule whose times are shown."""

    def compose(self) -> ComposeResult:
        with Vertical(id="schedules", classes="pane"):
            yield ScheduleRows(self.app.clock)
        with Vertical(id="schedule", classes="pane"):
            yield TextView(id="schedule-text")
        yield Static(id="schedules-hint")

    def on_mount(self) -> None:
        self.query_one("#schedules").border_title = Content("Schedules")
        label = self.app.keys.label
        hints = [f"{label(each.id)} {each.name.lower()}" for each in actions_of("schedules") if each.hint]
        self.query_one("#schedules-hint", Static).update(Content(f" {'  '.join(hints)}"))
        self.look()
        if self.app.live:
            self.set_interval(LOOK, self.look)

    @property
    def rows(self) -> ScheduleRows:
        return self.query_one(ScheduleRows)

    # --- what stands -----------------------------------------------------------------------------------------

    def look(self) -> None:
        """Read all anew: another process may keep and change them."""
        ask(self, self._read, self._show, group="schedules", exclusive=True)

    async def _read(self) -> Standing:
        engine = self._owner.thread.engine

        async def read() -> Standing:
            kept = await engine.schedules.keeper()
            own = "this console launches them" if engine.timekeeper.keeps else "another process launches them"
            schedules = await engine.schedules.all()
            return Standing(schedules, await engine.schedules.latest(), own if kept else "no process launches them")

        return await self._owner.thread.ask(read())

    def _show(self, standing: Standing) -> None:
        pane = self.query_one("#schedules")
        pane.border_subtitle = Content(f"{amount(len(standing.schedules), 'schedule')} · {standing.keeper}")
        if standing != self.rows.standing:
            self.rows.show(standing)
            self._show_chosen()

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        self._show_chosen()

    def _show_chosen(self) -> None:
        """The schedule under the cursor, then what became of its times."""
        schedule = self.rows.chosen
        if schedule is None:
            self._times, self._of = (), ""
            self.query_one(TextView).show([])
            return
        if schedule.id != self._of:
            self._times, self._of = (), schedule.id
        self._draw(schedule)
        schedules, thread = self._owner.thread.engine.schedules, self._owner.thread
        ask(
            self,
            lambda: thread.ask(schedules.times(schedule.id, limit=TIMES_SHOWN)),
            lambda times: self._show_times(schedule, times),
            group="times",
            exclusive=True,
        )

    def _show_times(self, schedule: Schedule, times: Sequence[Time]) -> None:
        if self._of == schedule.id and times != self._times:
            self._times = times
            self._draw(schedule)

    def _draw(self, schedule: Schedule) -> None:
        self.query_one("#schedule").border_title = Content(safe_text(schedule.name, limit=60))
        lines = list(about(schedule, self._times, self.app.clock()))
        self.query_one(TextView).show(lines, stay=True)

    # --- what is done ----------------------------------------------------------------------------------------

    def _chosen(self) -> Schedule | None:
        if self.rows.chosen is None:
            self.app.notify("there is no schedule", severity="warning")
        return self.rows.chosen

    def _do(self, work: Callable[[], Any], said: str) -> None:
        thread = self._owner.thread

        def done(_: object) -> None:
            self.app.notify(said)
            self.look()

        ask(self.app, lambda: thread.ask(work()), done)

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_pause(self) -> None:
        if (schedule := self._chosen()) is None:
            return
        schedules, name = self._owner.thread.engine.schedules, safe_text(schedule.name, limit=60)
        if schedule.paused:
            self._do(lambda: schedules.resume(schedule.id), f"{name} goes on with its next time")
        else:
            self._do(lambda: schedules.pause(schedule.id), f"{name} is paused: none of its times count")

    def action_run_now(self) -> None:
        schedule, engine = self._chosen(), self._owner.thread.engine
        if schedule is not None:
            spec = engine.catalogue.entry(schedule.target)
            if spec is not None and spec.is_dangerous:
                self._confirm(schedule, spec)
            else:
                self._run(schedule)

    def _confirm(self, schedule: Schedule, spec: Launchable) -> None:
        """What is dangerous is asked for, whoever scheduled it."""
        from tui.forms.preview import preview_lines
        from tui.screens.confirm import ConfirmScreen
        from tui.screens.dangers import Danger

        inputs = schedule.inputs
        payload = spec.checker.with_defaults(inputs)
        lines = preview_lines(spec.schema, inputs, payload, "", ())
        page = ConfirmScreen("Run now", [Danger(spec.id, "", lines)])
        self.app.push_screen(page, lambda sure: self._run(schedule) if sure else None)

    def _run(self, schedule: Schedule) -> None:
        thread = self._owner.thread

        def launched(task: Task) -> None:
            self.app.notify(f"launched {safe_text(schedule.name, limit=60)}")
            self.app.herald.launched(task)
            self.look()

        ask(self.app, lambda: thread.ask(thread.engine.timekeeper.run_now(schedule.id)), launched)

    def action_go(self) -> None:
        """Go to its last run."""
        run_id = next((time.run_id for time in self._times if time.run_id and time.status is not None), None)
        if run_id is None:
            self.app.notify("it has launched nothing that is still kept")
        else:
            self.dismiss(run_id)

    def action_delete(self) -> None:
        if (schedule := self._chosen()) is None:
            return
        name = safe_text(schedule.name, limit=60)
        text = f"Delete the schedule {name}? Its runs stay in the history."
        schedules = self._owner.thread.engine.schedules

        def answered(answer: int | None) -> None:
            if answer:
                self._do(lambda: schedules.remove(schedule.id), f"deleted the schedule {name}")

        self.app.push_screen(Question("Delete", text, ("Keep it", "Delete")), answered)

    @on(Rows.Chosen)
    def _clicked(self, event: Rows.Chosen) -> None:
        event.stop()
        self.action_edit()

    def action_edit(self) -> None:
        """Change the schedule under the cursor in the form of its launches."""
        if (schedule := self._chosen()) is None:
            return
        engine = self._owner.thread.engine
        spec = engine.catalogue.entry(schedule.target)
        if spec is None:
            self.app.notify(engine.catalogue.unknown(schedule.target), severity="warning")
            return
        options = LaunchOptions({**schedule.options, "schedule": option_of(schedule)})
        self._open(spec, schedule.inputs, options, schedule)

    def action_add(self) -> None:
        """Choose an executor; its form opens with a schedule to be filled in."""
        specs = sorted(self._owner.thread.engine.catalogue.entries.values(), key=lambda spec: spec.id)
        choices = [Choice(spec.id, spec.name, spec.description) for spec in specs]

        def picked(at: int | None) -> None:
            if at is not None:
                given = {"name": specs[at].id, "kind": "every", "rule": "1h"}
                self._open(specs[at], None, LaunchOptions({"schedule": given}), None)

        self.app.push_screen(PickScreen("Schedule an executor", choices, "opens its form"), picked)

    def _open(
        self, spec: Launchable, inputs: dict[str, Any] | None, options: LaunchOptions, former: Schedule | None
    ) -> None:
        from tui.screens.launch import LaunchRequest, LaunchScreen

        def answered(request: LaunchRequest | None) -> None:
            if request is None:
                return
            if request.options.schedule is None:
                self.app.notify("nothing was done: its options name no schedule any more", severity="warning")
            else:
                self._owner.schedule(request, former, self.look)

        key = self.app.keys.label("launch.options")
        title = f"Schedule · {key} says when" if key else "Schedule"
        self.app.push_screen(LaunchScreen(spec, inputs, title=title, options=options), answered)


def role_of(time: Time) -> str:
    """The colour of what became of a time."""
    if time.outcome == "launched":
        return ROLES.get(time.status, "live") if time.status is not None else "dim"
    return {"refused": "bad", "missed": "warn", "skipped": "warn"}.get(time.outcome, "dim")


def about(schedule: Schedule, times: Sequence[Time], now: datetime) -> Iterator[Line]:
    """All that is known of a schedule, and what became of its times, newest first."""
    from tui.forms.fields import brief

    try:
        explained = schedule.when.explained()
        upcoming = schedule.when.upcoming(now, NEXT_SHOWN)
        said = (f"next      {' · '.join(map(moment, upcoming)) or 'none is left'}", "live")
    except TaskError as fault:  # its zone may be gone with an update of the system
        explained, said = "", (f"next      {fault}", "bad")
    zone = "" if schedule.when.kind == "every" else f" ({schedule.when.zone})"
    yield f"when      {schedule.when.words}{zone}{f': {explained}' if explained else ''}", "head"
    yield ("next      paused", "warn") if schedule.paused and said[1] == "live" else said
    yield f"launches  {schedule.target}", ""
    for name, value in schedule.inputs.items():
        yield f"          {name} {brief(value, 60)}", ""
    if words := LaunchOptions(schedule.options).words:
        yield f"options   {words}", ""
    yield f"missed    {schedule.missed}    while it runs {schedule.overlap}", "dim"
    yield f"made by   {schedule.who}, {moment(schedule.created_at)}", "dim"
    yield "", ""
    if not times:
        yield "none of its times has come yet", "dim"
    for time in times:
        run_id = f"  {time.run_id[:8]}" if time.run_id else ""
        yield f"{moment(time.due_at)}{run_id}  {time.words}", role_of(time)


def _fit(text: str, cells: int) -> str:
    """`text` in exactly `cells`, the last one a space."""
    if cell_len(text) < cells:
        return set_cell_size(text, cells)
    return set_cell_size(text, cells - 2) + "… "
