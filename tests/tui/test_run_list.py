"""The runs that the history holds: pages, and what changes on top of them and in them."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.history import Run, TaskCounts
from engine.task import Task, TaskStatus
from tui.run_list import PAGE, RunList

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def run(seq: int, ended: bool = True, counts: TaskCounts | None = None) -> Run:
    status = TaskStatus.COMPLETED if ended else TaskStatus.IN_PROGRESS
    root = Task(f"r{seq}", "ping", f"r{seq}")
    return Run(seq, root.id, root, status, NOON, NOON if ended else None, counts or TaskCounts())


def page(first: int, count: int = PAGE) -> list[Run]:
    return [run(seq) for seq in range(first, first - count, -1)]


def seqs(listed: RunList) -> list[int]:
    return [each.seq for each in listed.runs]


def test_pages_follow_each_other_and_the_end_is_known() -> None:
    listed = RunList()
    listed.start(page(250))
    assert (listed.before, listed.count_words) == (151, "100+")
    listed.extend(page(150))
    listed.extend(page(50, 50))
    assert listed.is_whole and listed.count_words == "250"
    assert seqs(listed) == list(range(250, 0, -1)) and listed.place("r250") == 0 and listed.place("r1") == 249


def test_a_page_that_overlaps_brings_nothing_twice() -> None:
    listed = RunList()
    listed.start(page(200))
    listed.extend(page(102))
    assert seqs(listed) == list(range(200, 2, -1))


def test_a_look_at_the_top_takes_in_what_is_new_and_drops_what_is_gone() -> None:
    listed = RunList()
    listed.start(page(200))
    listed.extend(page(100))
    fresh = [each for each in page(203, PAGE + 1) if each.seq != 150]
    listed.renew(fresh)
    assert seqs(listed)[:4] == [203, 202, 201, 200]
    assert listed.place("r150") is None and listed.place("r1") is not None
    listed.renew([run(7)])
    assert seqs(listed) == [7] and listed.is_whole


def test_what_was_looked_at_again_and_not_found_is_dropped() -> None:
    listed = RunList()
    listed.start(page(5, 5))
    listed.take([run(4, ended=False)], {"r4", "r2"})
    assert seqs(listed) == [5, 4, 3, 1] and listed.live() == ["r4"]


def test_a_run_that_goes_on_keeps_its_counts_until_others_come() -> None:
    listed = RunList()
    listed.start([run(2, ended=False), run(1)])
    assert listed.count({"r2": TaskCounts(completed=3), "r1": TaskCounts(failed=1)})
    assert not listed.count({"r2": TaskCounts(completed=3)})
    listed.renew([run(3), run(2, ended=False), run(1)])
    assert [each.counts.completed for each in listed.runs] == [0, 3, 0]
    ended = run(2, counts=TaskCounts(completed=9))
    listed.renew([run(3), ended, run(1)])
    assert listed.get("r2") == ended
