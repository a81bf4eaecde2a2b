"""The timeline of a run as data: a bar for each attempt, the critical path, and what stands in a cell of the screen.

Built once from the tasks of a run; bars of what goes on read the live record each time they are drawn. No recursion, no
Textual in here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from engine.task import Task, TaskStatus

if TYPE_CHECKING:
    from engine.history import Span

WAITING, QUEUED, RUNNING, FAILED, CANCELLED = "·", "░", "█", "▓", "▒"
"""What fills a bar: waits for others or for its time, is ready and waits for a slot, runs or ran well, and how not."""
ON_PATH = "◆"
MEANING = ((WAITING, "waits"), (QUEUED, "ready"), (RUNNING, "runs"), (FAILED, "failed"), (ON_PATH, "critical path"))
SMALLEST = 1e-6
"""Seconds that a cell of the screen covers at least."""


@dataclass(slots=True, eq=False)
class Bar:
    """One attempt of a task, or its waiting for the first. `span` are the times of a former attempt; the latest one is
    the task's own. Times are epoch seconds; `since` is when its waiting began, `ready` when it could have started.
    """

    task: Task
    depth: int
    number: int
    since: float
    ready: float
    span: Span | None = None
    on_path: bool = False

    @property
    def status(self) -> TaskStatus:
        return self.span.status if self.span is not None else self.task.status

    @property
    def began(self) -> float | None:
        return self.span.began if self.span is not None else self.task.started

    def ended(self, now: float) -> float | None:
        """Its end, `now` while it runs; None before it began."""
        if self.began is None:
            return None
        end = self.span.ended if self.span is not None else self.task.completed
        return end if end is not None else max(now, self.began)

    def waited_until(self, now: float) -> float:
        """When its waiting ended, `now` while it waits; of what never began the end of its task."""
        if self.began is not None:
            return self.began
        if self.span is None and self.task.is_terminal:
            return self.task.completed if self.task.completed is not None else self.since
        return now


@dataclass(frozen=True, slots=True)
class Plan:
    """The bars of a run in the order of its tree; `first` is when its oldest waiting began, `tasks` how many it has."""

    bars: Sequence[Bar]
    first: float
    tasks: int
    going: Sequence[Bar] = ()
    """Those whose task had not ended when the plan was made."""
    ended: float = 0.0
    """When the last of the others had ended."""
    rerun_at: float | None = None
    """When the run, having ended, was begun again the last time."""

    def last(self, now: float) -> float:
        """When the last thing ended: `now` while something runs. Costs what had not ended, not all bars."""
        if self.is_live:
            return max(now, self.first)
        return max(self.ended, self.first, *(_end_of(bar) for bar in self.going), 0.0)

    @property
    def is_live(self) -> bool:
        """Whether something runs."""
        return any(bar.task.status is TaskStatus.IN_PROGRESS for bar in self.going)


def _end_of(bar: Bar) -> float:
    return bar.task.completed if bar.task.completed is not None else bar.since


def plan(tasks: Sequence[Task], spans: Iterable[Span], now: float, rerun_at: float | None = None) -> Plan:
    """The bars of `tasks`, parents first, with `spans` of their former attempts; marks the critical path.

    From the end of a run until it was rerun nothing waited. 100,000 tasks take about half a second: do it beside the
    screen.
    """
    former: dict[str, list[Span]] = {}
    for span in spans:
        former.setdefault(span.task_id, []).append(span)
    by_id = {task.id: task for task in tasks}
    path = set(critical_path(tasks, now))
    bars: list[Bar] = []
    for task, depth in _in_tree_order(tasks):
        ready = ready_at(task, by_id)
        since = task.created
        for number, span in enumerate(former.get(task.id, ()), 1):
            if span.number == task.attempt and task.started is not None:
                continue  # archived just now: it is the task's own
            began = span.began if span.began is not None else since
            since = min(_since(since, rerun_at, began), began)
            bars.append(
                Bar(task, depth, span.number, since, min(max(ready, since), began) if number == 1 else began, span)
            )
            since = span.ended if span.ended is not None else began
            ready = float("inf")  # between two attempts it waits for its time
        if not former.get(task.id) or task.status is TaskStatus.PENDING or task.started is not None:
            started = task.started
            since = _since(since, rerun_at, started if started is not None else now)
            if started is not None:  # a rerun comes long after what it waited for
                since = min(since, started)
                ready = min(max(ready, since), started)
            bars.append(Bar(task, depth, max(task.attempt, 1), since, max(ready, since), None, task.id in path))
    going = [bar for bar in bars if bar.span is None and not bar.task.is_terminal]
    ended = max((_end_of(bar) for bar in bars if bar.span is None and bar.task.is_terminal), default=0.0)
    return Plan(bars, min((bar.since for bar in bars), default=now), len(by_id), going, ended, rerun_at)


def _since(since: float, rerun_at: float | None, began: float) -> float:
    """When the waiting for `began` started, which a rerun of the whole run moves."""
    return rerun_at if rerun_at is not None and since < rerun_at <= began else since


def _in_tree_order(tasks: Sequence[Task]) -> Iterable[tuple[Task, int]]:
    """Each task with its depth, children after their parent; what has no parent here stands on top."""
    known = {task.id for task in tasks}
    children: dict[str, list[Task]] = {}
    roots = []
    for task in tasks:
        if task.parent_id in known and task.parent_id != task.id:
            children.setdefault(task.parent_id or "", []).append(task)
        else:
            roots.append(task)
    stack = [(task, 0) for task in reversed(roots)]
    while stack:
        task, depth = stack.pop()
        yield task, depth
        stack.extend((child, depth + 1) for child in reversed(children.get(task.id, ())))


def ready_at(task: Task, by_id: Mapping[str, Task]) -> float:
    """When the latest of what it depends on ended, or it was made; infinite while one has not ended."""
    ready = task.created
    for dependency in task.dependencies:
        other = by_id.get(dependency.id)
        if other is None:
            continue  # of another tree: it ended before
        if not other.is_terminal:
            return float("inf")
        if other.completed is not None:
            ready = max(ready, other.completed)
    if task.not_before is not None:
        ready = max(ready, task.not_before.timestamp())
    return ready


# ── the critical path ────────────────────────────────────────────────────────────────────────────────────────────────


def critical_path(tasks: Sequence[Task], now: float) -> list[str]:
    """The ids of the chain of tasks that waited for each other for longest, in the order in which they ran.

    A task waits for its dependencies; one with children also for them; a spawned one for the sibling that ended last
    before it was spawned. A chain's length is the time that its tasks ran by their latest attempts, up to `now` for
    what runs; what a task only waited for its children counts for those. Of equal chains the one that ends earlier in
    `tasks`. What stands in a circle counts for nothing. O(n log n) of tasks and edges.
    """
    places = {task.id: at for at, task in enumerate(tasks)}
    after: list[list[int]] = [[] for _ in tasks]
    open_edges = [0] * len(tasks)
    for first, then in waits(tasks, places):
        after[first].append(then)
        open_edges[then] += 1
    own = own_times(tasks, places, now)
    best = list(own)
    came: list[int] = [-1] * len(tasks)
    ready = [at for at, count in enumerate(open_edges) if not count]
    for at in ready:
        for follower in after[at]:
            if best[at] + own[follower] > best[follower] or came[follower] < 0:
                best[follower], came[follower] = best[at] + own[follower], at
            open_edges[follower] -= 1
            if not open_edges[follower]:
                ready.append(follower)
    if not ready:
        return []
    at = min(ready, key=lambda place: (-best[place], place))
    if best[at] <= 0:
        return []
    path = [at]
    while came[path[-1]] >= 0:
        path.append(came[path[-1]])
    return [tasks[place].id for place in reversed(path)]


def waits(tasks: Sequence[Task], places: Mapping[str, int]) -> Iterable[tuple[int, int]]:
    """Who waited for whom, as (first, then) by place in `tasks`; each pair once."""
    spawned: dict[int, list[int]] = {}
    for at, task in enumerate(tasks):
        for other in dict.fromkeys(places[d.id] for d in task.dependencies if d.id in places):
            yield other, at
        parent = places.get(task.parent_id or "")
        if parent is not None and parent != at:
            yield at, parent
            if task.spawned is not None:
                spawned.setdefault(parent, []).append(at)
    for siblings in spawned.values():
        ends: list[tuple[float, int]] = []
        last: int | None = None
        for at in siblings:
            task = tasks[at]
            while ends and ends[0][0] <= task.created:
                last = heappop(ends)[1]
            if last is not None and not any(d.id == tasks[last].id for d in task.dependencies):
                yield last, at
            if task.completed is not None:
                heappush(ends, (max(task.completed, task.created), at))


def own_times(tasks: Sequence[Task], places: Mapping[str, int], now: float) -> list[float]:
    """For each task the seconds that it ran by itself: without the time in which its children did."""
    inside: list[list[tuple[float, float]]] = [[] for _ in tasks]
    for task in tasks:
        parent = places.get(task.parent_id or "")
        if parent is not None and task.started is not None and tasks[parent] is not task:
            inside[parent].append((task.started, _until(task, now)))
    own = []
    for task, spans in zip(tasks, inside, strict=True):
        if task.started is None:
            own.append(0.0)
            continue
        start, end = task.started, _until(task, now)
        covered, at = 0.0, start
        for began, ended in sorted(spans):
            began, ended = max(began, at), min(ended, end)
            if ended > began:
                covered += ended - began
                at = ended
        own.append(max(end - start - covered, 0.0))
    return own


def _until(task: Task, now: float) -> float:
    assert task.started is not None
    end = task.completed if task.completed is not None else now
    return max(end, task.started)


# ── what is seen ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time on the screen: where it begins, and how many seconds one cell covers."""

    start: float
    cell: float

    def moved(self, cells: float) -> Window:
        return Window(self.start + cells * self.cell, self.cell)

    def zoomed(self, factor: float, around: float) -> Window:
        """As much nearer (factor below 1) or farther; the moment `around` stays where it is."""
        cell = max(self.cell * factor, SMALLEST)
        return Window(around - (around - self.start) * cell / self.cell, cell)

    @classmethod
    def fitting(cls, first: float, last: float, cells: int) -> Window:
        """All from `first` to `last` in so many cells."""
        return cls(first, max((last - first) / max(cells, 1), SMALLEST))

    def place(self, at: float) -> int:
        """The cell of a moment; any number, those of the screen begin with 0."""
        offset = (at - self.start) / self.cell
        return int(max(min(offset, 1e9), -1e9) // 1)


def cells_of(bar: Bar, window: Window, width: int, now: float) -> list[tuple[str, str]]:
    """The bar in `width` cells as (text, role); what ran for less than a cell has one, and stands before waiting."""
    cells = [" "] * width
    since, until = bar.since, bar.waited_until(now)
    ready = min(max(bar.ready, since), until)
    _fill(cells, window, since, ready, WAITING)
    _fill(cells, window, ready, until, QUEUED)
    end = bar.ended(now)
    fill, role = _LOOKS.get(bar.status, (RUNNING, "live"))
    if bar.began is not None and end is not None:
        _fill(cells, window, bar.began, end, fill, least=1)
    pieces: list[tuple[str, str]] = []
    for cell in cells:
        style = role if cell == fill else "dim"
        if pieces and pieces[-1][1] == style:
            pieces[-1] = (pieces[-1][0] + cell, style)
        else:
            pieces.append((cell, style))
    return pieces


_LOOKS = {
    TaskStatus.COMPLETED: (RUNNING, "good"),
    TaskStatus.FAILED: (FAILED, "bad"),
    TaskStatus.CANCELLED: (CANCELLED, "warn"),
    TaskStatus.IN_PROGRESS: (RUNNING, "live"),
    TaskStatus.PENDING: (RUNNING, "live"),
}


def _fill(cells: list[str], window: Window, start: float, end: float, sign: str, least: int = 0) -> None:
    first = window.place(start)
    last = max(window.place(end), first + least)
    for at in range(max(first, 0), min(last, len(cells))):
        cells[at] = sign


STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
"""Seconds between two ticks of the scale."""
TICK_CELLS = 12


def ticks(window: Window, origin: float, width: int) -> str:
    """The scale: times since `origin`, one at least every `TICK_CELLS` cells."""
    wanted = window.cell * TICK_CELLS
    step = next((float(step) for step in STEPS if step >= wanted), 0.0)
    if not step:
        step = -(-wanted // 86_400) * 86_400.0
    elif wanted <= 0.5:
        step = _part(wanted)
    line = [" "] * width
    number = -(-(window.start - origin) // step)
    free = 0
    while (place := window.place(origin + number * step)) < width:
        text = f"╷{since(number * step, step)}"
        if place >= free and place + len(text) <= width:
            line[place : place + len(text)] = text
            free = place + len(text) + 1
        number += 1
    return "".join(line)


def _part(wanted: float) -> float:
    """The next part of a second that is round: 1, 2 or 5 of a power of ten."""
    exponent = -6
    while True:
        for digit in (1, 2, 5):
            if digit * 10.0**exponent >= wanted:
                return digit * 10.0**exponent
        exponent += 1


def since(seconds: float, step: float) -> str:
    """`+1:30` of 90 seconds; as exact as the step asks for."""
    sign = "-" if seconds < -SMALLEST else "+"
    seconds = abs(seconds)
    if step < 0.001:
        return f"{sign}{seconds * 1e6:.0f}µs" if seconds < 0.001 else f"{sign}{seconds * 1000:.3f}ms"
    if step < 1:
        return f"{sign}{seconds * 1000:.0f}ms" if seconds < 1 else f"{sign}{seconds:.3f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{sign}{whole}s"
    if whole < 3600:
        return f"{sign}{whole // 60}:{whole % 60:02}"
    if whole < 86_400:
        return f"{sign}{whole // 3600}:{whole // 60 % 60:02}" + (f":{whole % 60:02}" if step < 60 else "")
    return f"{sign}{whole // 86_400}d{whole // 3600 % 24}h"
