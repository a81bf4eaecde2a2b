"""The timeline of a run: a line for each attempt, drawn on demand; scale above, the times of the cursor's bar below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from engine.task import Task, TaskStatus
from tui.bindings import bindings_of
from tui.cells import fitted
from tui.search import Pattern
from tui.text import safe_name, safe_text
from tui.timeline import MEANING, ON_PATH, Bar, Plan, Window, cells_of, ticks
from tui.widgets.rows import Piece, Rows
from tui.widgets.searched import Searched
from tui.wording import duration, state

if TYPE_CHECKING:
    from tui.app import ConsoleApp
    from tui.feed import Delta

TICK = 0.5
"""Seconds between two ticks of what runs."""
REST = 2.0
"""Seconds at least between two readings of a run that goes on; a large one waits longer."""
SHARE = 5
"""A reading may take one of so many parts of the time."""
AHEAD = 0.25
"""How much of the time so far is kept free for what is to come, so that the scale stays as it is for a while."""
ZOOM = 0.5
PAN = 8
"""The part of the width by which one key moves."""
INDENT, DEEPEST = 2, 8
LONGEST_NAME = 200
"""Characters of a task's name that are looked through."""


class TimelineRows(Searched, Rows):
    """The bars. Their times are read when they are drawn, so that what runs needs no new plan."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in bindings_of("timeline") if getattr(binding, "id", "") != "timeline.back"
    ]

    app: ConsoleApp

    def __init__(self) -> None:
        super().__init__()
        self.plan = Plan((), 0.0, 0)
        self._window: Window | None = None
        """None: the whole run."""
        self._fitted: Window | None = None
        self._whole = False
        """Whether of a run that was rerun the time before is seen too."""
        self.said = ""
        """What stands where there are no bars."""

    @property
    def now(self) -> float:
        return self.app.clock().timestamp()

    @property
    def bar(self) -> Bar | None:
        return self.plan.bars[self.cursor] if self.cursor < len(self.plan.bars) else None

    @property
    def label(self) -> int:
        """Cells of the labels."""
        return max(min(34, self.size.width * 3 // 10), 12)

    @property
    def chart(self) -> int:
        """Cells of the bars."""
        return max(self.size.width - self.label - 11, 4)

    @property
    def window(self) -> Window:
        """What is seen."""
        return self._window or self._fitted or self._fit()

    def _fit(self) -> Window:
        """The whole run, or all since its rerun; of one that goes on with some room ahead, until it is used up."""
        first, last = self.origin, self.plan.last(self.now)
        ahead = (last - first) * AHEAD if self.plan.is_live else 0.0
        self._fitted = Window.fitting(first, last + ahead, self.chart)
        return self._fitted

    @property
    def origin(self) -> float:
        """What the scale counts from."""
        rerun_at = self.plan.rerun_at
        return self.plan.first if rerun_at is None or self._whole else rerun_at

    @property
    def text(self) -> str:
        """All bars as lines of text, to be copied."""
        return "\n".join(_words(bar, self.now) for bar in self.plan.bars)

    def show(self, plan: Plan, task_id: str | None) -> None:
        """Other bars; the cursor goes to the latest attempt of `task_id`, or stays at its task."""
        wanted = task_id or (self.bar.task.id if self.bar is not None else None)
        self.plan, self._fitted = plan, None
        self.set_reactive(Rows.cursor, self.validate_cursor(self.place(wanted)))
        self.rows_changed()
        self.search_again()

    def place(self, task_id: str | None) -> int:
        """Where the latest attempt of a task stands; the cursor's place without one."""
        found = (at for at, bar in enumerate(self.plan.bars) if bar.task.id == task_id and bar.span is None)
        return next(found, self.cursor)

    def count(self) -> int:
        return len(self.plan.bars) or 1

    def is_marked(self, index: int) -> bool:
        return bool(self.plan.bars) and super().is_marked(index)

    def draw(self, index: int, width: int) -> list[Piece]:
        if not self.plan.bars:
            return [(f"  {self.said}", "dim")]
        bar, now = self.plan.bars[index], self.now
        glyph, _, role = state(bar.task) if bar.span is None else _former(bar)
        mark = (ON_PATH, "warn") if bar.on_path else (" ", "")
        name = " " * (INDENT * min(bar.depth, DEEPEST)) + safe_name(bar.task.name, limit=60)
        if bar.number > 1 or bar.span is not None:
            name += f" #{bar.number}"
        room = self.label - 4
        began, ended = bar.began, bar.ended(now)
        took = duration(ended - began) if began is not None and ended is not None else ""
        return [
            mark,
            (f"{glyph} ", role),
            *self.marked_pieces([(fitted(name, room), "" if bar.span is None else "dim")]),
            (f" {took:>8} ", "dim"),
            ("│", "dim"),
            *cells_of(bar, self.window, self.chart, now),
        ]

    def tick(self) -> None:
        """Time went on: repaint what goes on, or everything where the scale is another now."""
        fitted = self._fitted
        if fitted is not None and self.plan.last(self.now) > fitted.start + fitted.cell * self.chart:
            self._fitted = None
        if self._window is None and self._fitted is None:
            self.refresh()
        else:
            bars = self.plan.bars
            self.repaint([at for at in self.on_screen() if at < len(bars) and _goes_on(bars[at])])

    def action_earlier(self) -> None:
        self._look_at(self.window.moved(-self.chart / PAN))

    def action_later(self) -> None:
        self._look_at(self.window.moved(self.chart / PAN))

    def action_nearer(self) -> None:
        self._zoom(ZOOM)

    def action_farther(self) -> None:
        self._zoom(1 / ZOOM)

    def _zoom(self, factor: float) -> None:
        """Around the beginning of the cursor's bar where it is seen, else around the middle."""
        window, bar = self.window, self.bar
        around = window.start + window.cell * self.chart / 2
        if bar is not None:
            at = bar.began if bar.began is not None else bar.since
            if window.start <= at <= window.start + window.cell * self.chart:
                around = at
        self._look_at(window.zoomed(factor, around))

    def action_fit(self) -> None:
        """All of it; where that is seen already, of a run that was rerun the time before too, or no longer."""
        if self._window is None:
            self._whole = not self._whole
        self._look_at(None)

    def _look_at(self, window: Window | None) -> None:
        self._window, self._fitted = window, None
        self.refresh()
        self.tell_moved()

    # --- search: matches are bars whose task's name has it -------------------------------------------------------

    def finding(self) -> Callable[[Pattern], Sequence[int]]:
        bars = self.plan.bars
        return lambda pattern: pattern.indexes([safe_text(bar.task.name, limit=LONGEST_NAME) for bar in bars])

    def is_before(self, target: int) -> bool:
        return target < self.cursor

    def go_to(self, target: int) -> None:
        self.cursor = target

    def reset(self) -> None:
        """Another run: all of it is seen."""
        self.plan, self._window, self._fitted, self._whole = Plan((), 0.0, 0), None, None, False
        self.set_reactive(Rows.cursor, 0)
        self.rows_changed()


class _Part(Widget):
    """The line above, or below, of `rows`."""

    def __init__(self, rows: TimelineRows, *, id: str) -> None:
        super().__init__(id=id)
        self.rows = rows


class _Scale(_Part):
    def render(self) -> Content:
        rows = self.rows
        if not rows.plan.bars:
            return Content("")
        left = f"{rows.plan.tasks:,} tasks" if rows.plan.tasks > 1 else ""
        return Content.assemble(
            (f" {left:<{rows.label + 8}} │", "$dim"), (ticks(rows.window, rows.origin, rows.chart), "$dim")
        )


class _Times(_Part):
    def render(self) -> Content:
        bar = self.rows.bar
        said = _words(bar, self.rows.now) if bar is not None else ""
        meaning = "  ".join(f"{sign} {word}" for sign, word in MEANING)
        room = self.size.width - cell_len(said) - 3
        more = meaning if cell_len(meaning) <= room else ""
        return Content.assemble((" " + said, ""), " " * max(room - cell_len(more) + 1, 1), (more, "$dim")).truncate(
            self.size.width, ellipsis=True
        )


class Timeline(Vertical):
    """Asks for the tasks of its run with `Wanted`; whoever answers calls `show`."""

    app: ConsoleApp

    class Wanted(Message):
        def __init__(self, timeline: Timeline, run_id: str) -> None:
            super().__init__()
            self.timeline, self.run_id = timeline, run_id

    class Chosen(Message):
        """The person wants to see the task."""

        def __init__(self, task: Task) -> None:
            super().__init__()
            self.task = task

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = TimelineRows()
        self.run_id: str | None = None
        self._task_id: str | None = None
        self._is_stale = False
        self._asked_at = 0.0
        self._took = 0.0

    def compose(self) -> ComposeResult:
        yield _Scale(self.rows, id="timeline-scale")
        yield self.rows
        yield _Times(self.rows, id="timeline-times")

    def on_mount(self) -> None:
        self.app.listeners.append(self._heard)
        if self.app.live:
            self.set_interval(TICK, self._tick)

    def on_unmount(self) -> None:
        if self._heard in self.app.listeners:
            self.app.listeners.remove(self._heard)

    def show_run(self, run_id: str, task_id: str | None = None) -> None:
        """Show a run, the cursor on a task; one that is shown already stays as it is."""
        moved = task_id != self._task_id
        self._task_id = task_id
        if run_id != self.run_id:
            self.run_id = run_id
            self.rows.said = "reading the tasks of the run"
            self.rows.reset()
            self._ask()
        elif moved and task_id is not None:
            self.rows.cursor = self.rows.place(task_id)

    def show(self, plan: Plan) -> None:
        """The answer to `Wanted`."""
        self._took = monotonic() - self._asked_at
        first = not self.rows.plan.bars
        self.rows.said = "no task of the run is in the store"
        self.rows.show(plan, self._task_id if first else None)
        self._draw_parts()

    def _ask(self) -> None:
        self._is_stale, self._asked_at = False, monotonic()
        self.post_message(self.Wanted(self, self.run_id or ""))

    def _heard(self, delta: Delta) -> None:
        """Tasks of the run began anew, ended or came: its bars are others."""
        if self.run_id is None or not self.is_on_screen or self._is_stale:
            return
        if any(task.run_id == self.run_id for task in delta.tasks.values()):
            self._is_stale = True
            if not self.app.live:
                self._ask()

    @property
    def is_on_screen(self) -> bool:
        return bool(self.display) and self.screen.is_current

    def _tick(self) -> None:
        if self.run_id is None or not self.is_on_screen:
            return
        if self._is_stale and monotonic() - self._asked_at > max(REST, SHARE * self._took):
            self._ask()
        if self.rows.plan.is_live:
            self.rows.tick()
            self._draw_parts()

    def _draw_parts(self) -> None:
        for part in self.query(_Part):
            part.refresh()

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        event.stop()
        self._draw_parts()

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        event.stop()
        if self.rows.bar is not None:
            self.post_message(self.Chosen(self.rows.bar.task))

    def on_resize(self) -> None:
        self.rows._fitted = None
        self.rows.refresh()
        self._draw_parts()


def _former(bar: Bar) -> tuple[str, str, str]:
    glyph, word, role = state(Task("", "", "", status=bar.status))
    return glyph, word, role


def _goes_on(bar: Bar) -> bool:
    return bar.span is None and bar.status in (TaskStatus.IN_PROGRESS, TaskStatus.PENDING)


def _words(bar: Bar, now: float) -> str:
    """One bar in words: task, attempt, how long it waited and ran, and when."""
    name = safe_name(bar.task.name, limit=60)
    number = f"attempt {bar.number}  " if bar.number > 1 or bar.span is not None else ""
    until = bar.waited_until(now)
    ready = min(max(bar.ready, bar.since), until)
    parts = [f"{name}  {number}waited {duration(ready - bar.since)}"]
    if until - ready >= 0.001:
        parts.append(f"ready for {duration(until - ready)}")
    if bar.began is not None:
        parts.append(f"ran {duration((bar.ended(now) or now) - bar.began)}")
        parts.append(_clock(bar.began))
    if bar.on_path:
        parts.append("on the critical path")
    return "  ".join(parts)


def _clock(at: float) -> str:
    return f"from {datetime.fromtimestamp(at, UTC).astimezone():%H:%M:%S}"
