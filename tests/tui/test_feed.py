"""What the engine pushes and what the screen gets of it."""

from __future__ import annotations

import threading

from engine.catalogue import Catalogue, Problem
from engine.events import Event, EventBus, EventKind, LogLine
from engine.task import Task, TaskStatus
from tui.feed import ALL_LINES, PROBLEMS, TASK_LINES, Feed


def task(id: str, run_id: str = "run") -> Task:
    return Task(id=id, name=id, run_id=run_id)


def line(number: int) -> LogLine:
    return LogLine(float(number), "stdout", str(number))


def test_nothing_new_is_none() -> None:
    feed = Feed()
    assert feed.drain() is None
    feed.push(Event(EventKind.CREATED, task("a")))
    assert feed.drain() is not None
    assert feed.drain() is None


def test_many_changes_of_a_task_are_one_entry_with_the_latest_record() -> None:
    feed, first, last = Feed(), task("a"), task("a")
    for kind in (EventKind.CREATED, EventKind.QUEUED, EventKind.STARTED):
        feed.push(Event(kind, first))
    feed.push(Event(EventKind.CREATED, task("b")))
    feed.push(Event(EventKind.FINISHED, last))
    delta = feed.drain()
    assert delta is not None
    assert list(delta.tasks) == ["a", "b"]
    assert delta.tasks["a"] is last


def test_a_wake_for_the_first_event_after_each_drain() -> None:
    woken: list[str] = []
    feed = Feed(lambda: woken.append(threading.current_thread().name))
    for _ in range(3):
        feed.push(Event(EventKind.STARTED, task("a")))
    assert len(woken) == 1
    feed.drain()
    feed.push(Event(EventKind.LOG, task("a"), line(1)))
    assert len(woken) == 2


def test_log_lines_keep_their_order_and_the_newest_are_kept() -> None:
    feed, talker, other = Feed(), task("a"), task("b")
    for number in range(TASK_LINES + 10):
        feed.push(Event(EventKind.LOG, talker, line(number)))
    feed.push(Event(EventKind.LOG, other, line(1)))
    delta = feed.drain()
    assert delta is not None
    assert [entry.text for _, entry in delta.logs["a"]] == [str(number) for number in range(10, TASK_LINES + 10)]
    assert delta.dropped == {"a": 10}
    assert delta.logs["b"] == [(1, line(1))]
    assert not delta.tasks, "a log line alone changes no row"


def test_log_lines_of_all_tasks_together_are_bounded() -> None:
    feed = Feed()
    per_task = 1_000
    for owner in range(ALL_LINES // per_task + 5):
        for number in range(per_task):
            feed.push(Event(EventKind.LOG, task(f"t{owner}"), line(number)))
    delta = feed.drain()
    assert delta is not None
    assert sum(map(len, delta.logs.values())) == ALL_LINES
    assert sum(delta.dropped.values()) == 5 * per_task
    assert delta.logs[f"t{ALL_LINES // per_task + 4}"][-1] == (1, line(per_task - 1))
    feed.push(Event(EventKind.LOG, task("t0"), line(0)))
    again = feed.drain()
    assert again is not None and again.logs == {"t0": [(1, line(0))]} and not again.dropped


def test_a_rerun_makes_the_log_before_it_history() -> None:
    """5.4"""
    feed, again = Feed(), task("a")
    feed.push(Event(EventKind.LOG, again, line(1)))
    feed.push(Event(EventKind.RESET, again))
    feed.push(Event(EventKind.LOG, again, line(2)))
    delta = feed.drain()
    assert delta is not None
    assert delta.reset == {"a": 0}
    assert delta.logs == {"a": [(1, line(2))]}


def test_ends_deletions_catalogue_and_problems_arrive() -> None:
    feed = Feed()
    root = task("run")
    old, new = Catalogue(epoch=1), Catalogue(epoch=2)
    problem = Problem("greet.py", 3, "SyntaxError: invalid syntax")
    feed.push(Event(EventKind.TREE_FINISHED, root, TaskStatus.FAILED))
    feed.push(Event(EventKind.DELETED, None, "gone"))
    feed.push(Event(EventKind.CATALOGUE, None, old))
    feed.push(Event(EventKind.CATALOGUE, None, new))
    feed.push(Event(EventKind.PROBLEM, None, problem))
    feed.push(Event(EventKind.WATCHER, None, "polling"))
    delta = feed.drain()
    assert delta is not None
    assert delta.finished == [("run", TaskStatus.FAILED)]
    assert delta.deleted == {"gone"}
    assert delta.catalogue is new
    assert delta.problems == [problem]
    assert delta.watcher == "polling"


def test_a_retry_is_told_and_keeps_the_log() -> None:
    """4.7"""
    feed, again = Feed(), task("a")
    again.attempt, again.status = 1, TaskStatus.IN_PROGRESS
    feed.push(Event(EventKind.LOG, again, line(1)))
    again.status = TaskStatus.PENDING
    feed.push(Event(EventKind.RETRYING, again, 2.0))
    feed.push(Event(EventKind.LOG, again, line(2)))
    again.attempt, again.status = 2, TaskStatus.IN_PROGRESS
    feed.push(Event(EventKind.LOG, again, line(3)))
    delta = feed.drain()
    assert delta is not None
    assert delta.retried == {"a"} and not delta.reset
    assert delta.tasks == {"a": again}
    assert delta.logs == {"a": [(1, line(1)), (2, line(2)), (2, line(3))]}, "each with the attempt that wrote it"


def test_a_task_deleted_from_a_run_that_stays_is_no_change_of_it() -> None:
    """5.6"""
    feed, gone, kept = Feed(), task("gone"), task("kept")
    for each in (gone, kept):
        feed.push(Event(EventKind.FINISHED, each))
        feed.push(Event(EventKind.LOG, each, line(1)))
    feed.push(Event(EventKind.DELETED, gone))
    delta = feed.drain()
    assert delta is not None
    assert delta.removed == {"gone"} and not delta.deleted
    assert list(delta.tasks) == ["kept"] and list(delta.logs) == ["kept"]


def test_problems_are_bounded() -> None:
    feed = Feed()
    for number in range(PROBLEMS + 3):
        feed.push(Event(EventKind.PROBLEM, None, Problem("x.py", number, "bad")))
    delta = feed.drain()
    assert delta is not None
    assert [problem.line for problem in delta.problems][:1] == [3] and len(delta.problems) == PROBLEMS


def test_nothing_is_lost_or_doubled_between_two_threads() -> None:
    """6.2"""
    bus, feed = EventBus(), Feed()
    bus.subscribe(feed.push)
    owner = task("a")
    total = 30_000
    done = threading.Event()

    def engine() -> None:
        for number in range(total):
            bus.publish(EventKind.LOG, owner, line(number))
        done.set()

    thread = threading.Thread(target=engine)
    thread.start()
    seen: list[str] = []
    dropped = 0
    while True:
        ended = done.is_set()
        delta = feed.drain()
        if delta is not None:
            dropped += delta.dropped.get("a", 0)
            seen += [entry.text for _, entry in delta.logs["a"]]
        elif ended:
            break
    thread.join()
    assert len(seen) + dropped == total
    assert seen == sorted(seen, key=int) and len(set(seen)) == len(seen)
