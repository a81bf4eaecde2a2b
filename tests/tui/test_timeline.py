"""The timeline of a run: bars, the critical path, what stands in a cell, the scale."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.history import Span
from engine.task import Dependency, Task, TaskStatus
from tui.timeline import (
    FAILED,
    QUEUED,
    RUNNING,
    WAITING,
    Window,
    cells_of,
    critical_path,
    own_times,
    plan,
    ticks,
    waits,
)


def make(id: str, began: float | None = None, took: float | None = None, *, parent: str | None = "root",
         after: tuple[str, ...] = (), created: float = 0.0, **fields: Any) -> Task:  # fmt: skip
    status = TaskStatus.PENDING if began is None else TaskStatus.IN_PROGRESS if took is None else TaskStatus.COMPLETED
    task = Task(id, id, "root", parent, status=fields.pop("status", status), created=created, **fields)
    task.dependencies = tuple(Dependency(name) for name in after)
    task.started, task.attempt = began, int(began is not None)
    task.completed = began + took if began is not None and took is not None else None
    return task


def root(took: float = 10.0) -> Task:
    return make("root", 0.0, took, parent=None)


def test_the_critical_path_follows_dependencies() -> None:
    tasks = [root(), make("a", 0, 2), make("b", 2, 5, after=("a",)), make("c", 0, 4), make("d", 7, 3, after=("b", "c"))]
    assert critical_path(tasks, 99) == ["a", "b", "d", "root"]


def test_it_goes_through_children_that_were_spawned_one_after_the_other() -> None:
    tasks = [root(), *(make(f"c{n}", n * 3.0, 2.9, created=n * 3.0, spawned=1) for n in range(3))]
    assert critical_path(tasks, 99) == ["c0", "c1", "c2", "root"]
    together = [root(), *(make(f"c{n}", 0.1, 1.0 + n, created=0.1, spawned=1) for n in range(3))]
    assert critical_path(together, 99) == ["c2", "root"]


def test_what_runs_counts_until_now_and_what_never_ran_not() -> None:
    tasks = [make("root", 0, parent=None), make("a", 0, 5), make("b", 0), make("c", after=("a",))]
    assert critical_path(tasks, 3)[0] == "a"
    assert critical_path(tasks, 8)[0] == "b"
    assert critical_path([make("root", parent=None)], 5) == []
    assert critical_path([], 5) == []


def test_a_circle_or_a_foreign_parent_does_no_harm() -> None:
    one, two = make("a", 0, 1, after=("b",)), make("b", 0, 1, after=("a",))
    assert critical_path([one, two], 5) == []
    assert critical_path([make("a", 0, 1, parent="elsewhere", after=("gone",))], 5) == ["a"]


def test_it_is_not_slow_where_trees_are_deep_or_wide() -> None:
    deep = [make(f"t{n}", float(n), 1.0, after=(f"t{n - 1}",) if n else (), parent=None) for n in range(20_000)]
    assert len(critical_path(deep, 1e9)) == 20_000
    wide = [root(), *(make(f"t{n}", n / 100, 0.01, created=n / 100, spawned=1) for n in range(20_000))]
    assert critical_path(wide, 1e9)[-1] == "root"
    nested = [make(f"t{n}", float(n), 50_000.0, parent=f"t{n - 1}" if n else None) for n in range(20_000)]
    assert len(plan(nested, (), 1e6).bars) == 20_000


@st.composite
def forests(draw: st.DrawFn) -> list[Task]:
    tasks = []
    for at in range(draw(st.integers(1, 7))):
        began = draw(st.none() | st.integers(0, 10))
        took = draw(st.none() | st.integers(0, 10))
        parent = f"t{draw(st.integers(0, at - 1))}" if at and draw(st.booleans()) else None
        after = tuple(f"t{n}" for n in range(at) if f"t{n}" != parent and draw(st.booleans()))
        spawned = 1 if parent and draw(st.booleans()) else None
        created = float(draw(st.integers(0, 10)))
        tasks.append(make(f"t{at}", began, took, parent=parent, after=after, created=created, spawned=spawned))
    return tasks


@given(forests())
def test_no_chain_is_longer_than_the_critical_path(tasks: list[Task]) -> None:
    now = 30.0
    places = {task.id: at for at, task in enumerate(tasks)}
    own = own_times(tasks, places, now)
    edges = list(waits(tasks, places))
    after: dict[int, list[int]] = {}
    for first, then in edges:
        after.setdefault(first, []).append(then)

    def longest(at: int, seen: frozenset[int]) -> float | None:
        if at in seen:
            return None  # a circle
        ways = [longest(then, seen | {at}) for then in after.get(at, ())]
        return None if None in ways else own[at] + max((way for way in ways if way is not None), default=0.0)

    lengths = [longest(at, frozenset()) for at in range(len(tasks))]
    path = [places[id] for id in critical_path(tasks, now)]
    assert len(set(path)) == len(path)
    assert all(pair in edges for pair in pairwise(path))
    if None not in lengths:
        assert sum(own[at] for at in path) == max(length for length in lengths if length is not None)


def test_a_bar_tells_waiting_ready_and_running_apart() -> None:
    task = make("b", 6.0, 2.0, after=("a",))
    made = plan([root(), make("a", 0, 3), task], (), 99)
    bar = made.bars[2]
    cells = "".join(text for text, _ in cells_of(bar, Window(0.0, 1.0), 10, 99))
    assert cells == WAITING * 3 + QUEUED * 3 + RUNNING * 2 + "  "


def test_each_attempt_has_a_bar() -> None:
    task = make("a", 5.0, 1.0, attempt=0)
    task.attempt = 2
    made = plan([root(), task], [Span("a", 1, TaskStatus.FAILED, 1.0, 2.0)], 99)
    first, second = made.bars[1:]
    assert [bar.number for bar in (first, second)] == [1, 2]
    window = Window(0.0, 1.0)
    assert "".join(text for text, _ in cells_of(first, window, 7, 99)) == QUEUED + FAILED + "     "
    assert "".join(text for text, _ in cells_of(second, window, 7, 99)) == "  " + WAITING * 3 + RUNNING + " "
    retrying = make("a")
    retrying.attempt = 1
    waiting = plan([root(), retrying], [Span("a", 1, TaskStatus.FAILED, 1.0, 2.0)], 99).bars
    assert [bar.number for bar in waiting[1:]] == [1, 1] and waiting[2].span is None


def test_what_is_too_short_for_a_cell_is_seen() -> None:
    bar = plan([make("a", 3.0, 0.001, parent=None)], (), 99).bars[0]
    assert "".join(text for text, _ in cells_of(bar, Window(0.0, 1.0), 6, 99)).count(RUNNING) == 1


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e6), st.integers(1, 200), st.floats(-1e9, 1e9))
def test_the_scale_fits_its_line(start: float, cell: float, width: int, origin: float) -> None:
    assert len(ticks(Window(start, cell), origin, width)) == width


def test_the_scale_names_round_times() -> None:
    line = ticks(Window(0.0, 1.0), 0.0, 60)
    assert line.startswith("╷+0s") and "╷+15s" in line and "╷+30s" in line
    assert "╷+1:00" in ticks(Window(0.0, 5.0), 0.0, 60)
    assert "ms" in ticks(Window(0.0, 0.001), 0.0, 60)


def test_zoom_keeps_the_moment_under_the_cursor() -> None:
    window = Window(100.0, 1.0).zoomed(0.5, 120.0)
    assert (120.0 - window.start) / window.cell == 20.0
    assert window.moved(10).start == window.start + 5.0
    assert Window(0, 1e-6).zoomed(0.5, 0).cell == 1e-6


def test_between_the_end_of_a_run_and_its_rerun_nothing_waited() -> None:
    task = make("a", 1000.5, 1.0, parent=None)
    task.attempt = 2
    (former, latest) = plan([task], [Span("a", 1, TaskStatus.FAILED, 1.0, 2.0)], 2000, rerun_at=1000.0).bars
    assert (former.since, latest.since) == (0.0, 1000.0)
    retried = plan([task], [Span("a", 1, TaskStatus.FAILED, 1.0, 2.0)], 2000).bars[1]
    assert retried.since == 2.0


@pytest.mark.parametrize("cell", [0.00001, 0.0001, 0.00037, 0.001, 0.01, 0.03, 1.0, 90.0])
def test_the_scale_always_names_some_time(cell: float) -> None:
    assert "╷" in ticks(Window(cell * 5.5, cell), 0.0, 44)
