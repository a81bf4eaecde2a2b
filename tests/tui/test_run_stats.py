"""Executors in an order, and tasks a second."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from engine.events import Event, EventKind
from engine.statistics import ExecutorStats
from tui.run_stats import COLUMNS, KEPT, Rate, ordered, spark


def stats(id: str, tasks: int, failed: int, p50: float | None) -> ExecutorStats:
    return ExecutorStats(id, tasks, 0, tasks - failed, failed, 0, p50, p50, datetime(2026, 1, 1, tzinfo=UTC))


def test_each_column_orders() -> None:
    some = [stats("b", 5, 5, 1.0), stats("A", 9, 1, None), stats("c", 1, 0, 9.0)]
    firsts = {column: ordered(some, column)[0].executor_id for column in COLUMNS}
    assert firsts == {"executor": "A", "tasks": "A", "failed": "b", "rate": "b", "p50": "c", "p95": "c", "last": "A"}


def test_ends_are_counted_by_second_and_forgotten() -> None:
    now = [1000.0]
    rate = Rate(lambda: now[0])
    for kind in (EventKind.FINISHED, EventKind.STARTED, EventKind.FINISHED):
        rate.push(Event(kind))
    assert rate.total == 2 and rate.recent()[-1] == 0  # the second is not over
    now[0] = 1001.5
    assert rate.recent(3) == [0, 0, 2]
    now[0] = 1000.0 + KEPT
    assert sum(rate.recent()) == 0


@given(st.lists(st.integers(0, 10_000), max_size=400), st.integers(0, 120))
def test_a_line_of_blocks_fits_and_hides_nothing(values: list[int], cells: int) -> None:
    line = spark(values, cells)
    assert len(line) <= cells
    if line:
        assert any(values) is bool(line.strip())
        assert ("█" in line) is any(values)
