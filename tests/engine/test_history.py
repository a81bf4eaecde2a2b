"""The history: pages, filters, counts, totals and the audit; and that none of it burdens a task's row."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta, timezone
from itertools import product
from pathlib import Path

import pytest

from engine import TaskError, history_statements
from engine.history import FEW, History, RunFilter
from engine.search import Indexer
from engine.statements import Statement, Write
from engine.store import Store
from engine.task import TaskStatus
from tests.engine.made_runs import add_run, hours, recounted, rows, run_writes

MIGRATIONS = Path(history_statements.__file__).parent / "migrations"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = await Store.open(tmp_path / "taskdeck.db")
    yield made
    await made.close()


@pytest.fixture
async def history(store: Store) -> History:
    return History(store)


async def many(store: Store, count: int) -> None:
    """Runs r0, r1, …: every 10th failed, every 50th tagged, three users, four executors, one an hour."""
    for index in range(count):
        done = store.writer.commit(
            run_writes(
                f"r{index}",
                ["failed" if index % 10 == 0 else "completed"],
                executor=f"ex{index % 4}",
                user=f"user{index % 3}",
                tags=["nightly"] if index % 50 == 0 else [],
                label="release" if index % 100 == 7 else None,
                hour=index,
                inputs={"n": index},
            )
        )
    await done


async def ids(history: History, filter: RunFilter | None = None, size: int = 100) -> list[str]:
    """The ids of all pages of `size`."""
    found: list[str] = []
    before = None
    while page := await history.runs(filter, before=before, limit=size):
        assert len(page) <= size
        found += [run.id for run in page]
        before = page[-1].seq
    return found


async def test_a_run_says_how_it_ended_and_what_it_holds(store: Store, history: History) -> None:
    await add_run(
        store, "a", ["completed", "failed", "cancelled", "pending"], label="weekly", hour=1, inputs={"x": [1]}
    )
    (run,) = await history.runs()
    assert (run.id, run.status, run.label, run.size) == ("a", TaskStatus.FAILED, "weekly", 4)
    assert (run.created_at, run.ended_at) == (hours(1), hours(1.2))
    assert (run.counts.pending, run.counts.completed, run.counts.failed, run.counts.cancelled) == (1, 1, 1, 1)
    assert run.root.inputs == {"x": [1]} and run.root.name == "ping" and run.root.result is None


async def test_a_live_run_counts_its_rows(store: Store, history: History) -> None:
    await add_run(store, "a", ["in_progress", "completed", "pending", "pending"], ended=False)
    (run,) = await history.runs()
    assert (run.status, run.ended_at, run.size) == (TaskStatus.IN_PROGRESS, None, 4)
    assert (run.counts.in_progress, run.counts.completed, run.counts.pending) == (1, 1, 2)


async def test_pages_meet_without_gap_or_overlap(store: Store, history: History) -> None:
    await many(store, 250)
    newest_first = [f"r{index}" for index in reversed(range(250))]
    assert await ids(history, size=7) == newest_first
    assert await history.runs(limit=0) == []
    everything = RunFilter(statuses=frozenset(TaskStatus))
    assert await ids(history, everything, size=7) == newest_first


async def test_a_page_stays_right_when_runs_come_and_go_meanwhile(store: Store, history: History) -> None:
    await many(store, 20)
    first = await history.runs(limit=5)
    await add_run(store, "late")
    assert [run.id for run in await history.runs(before=first[-1].seq, limit=2)] == ["r14", "r13"]


FILTERS = {
    "status": (RunFilter(statuses=frozenset({"failed"})), lambda i: i % 10 == 0),
    "statuses": (RunFilter(statuses=frozenset({"failed", "cancelled"})), lambda i: i % 10 == 0),
    "executor": (RunFilter(executor="ex1"), lambda i: i % 4 == 1),
    "user": (RunFilter(user="user2"), lambda i: i % 3 == 2),
    "tag": (RunFilter(tag="nightly"), lambda i: i % 50 == 0),
    "label": (RunFilter(label="release"), lambda i: i % 100 == 7),
    "since": (RunFilter(since=hours(200)), lambda i: i >= 200),
    "until": (RunFilter(until=hours(30)), lambda i: i < 30),
    "time": (RunFilter(since=hours(30), until=hours(60)), lambda i: 30 <= i < 60),
    "text": (RunFilter(text="boom7"), lambda i: False),
    "two": (RunFilter(executor="ex2", user="user0"), lambda i: i % 4 == 2 and i % 3 == 0),
    "all": (
        RunFilter(frozenset({"failed"}), "ex0", "user0", "nightly", "", hours(0), hours(299)),
        lambda i: i == 0,
    ),
    "nobody": (RunFilter(user="nobody"), lambda i: False),
}


async def test_every_filter_finds_exactly_its_runs_and_counts_them(store: Store, history: History) -> None:
    await many(store, 310)
    for name, (filter, wanted) in FILTERS.items():
        expected = [f"r{index}" for index in reversed(range(310)) if wanted(index)]
        assert await ids(history, filter, size=9) == expected, name
        assert await history.count(filter) == len(expected), name
        assert [run_id for _, run_id in await history.ids(filter)] == expected, name
    assert await history.count() == 310


async def test_every_pair_of_filters_is_their_intersection_with_and_without_text(
    store: Store, history: History
) -> None:
    await many(store, 130)
    parts = {
        "statuses": (frozenset({"failed"}), lambda i: i % 10 == 0),
        "executor": ("ex0", lambda i: i % 4 == 0),
        "tag": ("nightly", lambda i: i % 50 == 0),
        "label": ("release", lambda i: i % 100 == 7),
        "since": (hours(20), lambda i: i >= 20),
        "text": ("1", lambda i: str(i).startswith("1")),
    }
    await Indexer(store).catch_up()
    for (first, (value, one)), (second, (other, two)) in product(parts.items(), repeat=2):
        filter = RunFilter(**{first: value, second: other})
        expected = [f"r{index}" for index in reversed(range(130)) if one(index) and two(index)]
        assert await ids(history, filter, size=4) == expected, (first, second)
        assert await history.count(filter) == len(expected), (first, second)


async def test_a_long_time_range_is_walked_and_a_short_one_sorted_with_the_same_result(
    store: Store, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many(store, 60)
    await add_run(store, "imported", hour=10.5)  # a late seq with an early time
    filter = RunFilter(since=hours(5), until=hours(40))
    expected = ["imported", *(f"r{index}" for index in reversed(range(5, 40)))]
    assert await ids(history, filter, size=8) == expected
    (short,) = await history.sources(filter)
    monkeypatch.setattr("engine.history.FEW", 3)
    (long,) = await history.sources(filter)
    assert short.sql != long.sql
    assert await ids(history, filter, size=8) == expected


async def test_no_filter_scans_tasks_or_runs(store: Store, history: History) -> None:
    await many(store, 120)
    for filter in [RunFilter(), RunFilter(text="x", tag="t"), *(filter for filter, _ in FILTERS.values())]:
        for source in await history.sources(filter, before=100):
            for sql, values in (source.page("run.seq, run.id", 10), source.count()):
                plan = [row[3] for row in await rows(store, f"EXPLAIN QUERY PLAN {sql}", *values)]
                assert not [step for step in plan if step.startswith(("SCAN task", "SCAN run", "SCAN facet"))], plan
                sorts = [step for step in plan if "ORDER BY" in step]
                assert not sorts or (filter.since or filter.until), (filter, plan)
    assert FEW < 10_000  # what a time range may sort for one page


async def test_the_audit_is_paged_without_scanning(store: Store, history: History) -> None:
    for index in range(30):
        await store.writer.commit(
            [
                history_statements.audit(
                    "cancelled" if index % 2 else "launched",
                    who="ann",
                    origin="pts/3 from 10.0.0.7",
                    at=hours(index),
                    run_id=f"run{index % 3}",
                    task_id="t5" if index == 5 else None,
                    detail={"n": index},
                )
            ]
        )
    newest = await history.audit(limit=4)
    assert [entry.detail["n"] for entry in newest] == [29, 28, 27, 26]
    assert [e.detail["n"] for e in await history.audit(before=newest[-1].seq, limit=2)] == [25, 24]
    assert [e.detail["n"] for e in await history.audit(run_id="run1", limit=3)] == [28, 25, 22]
    (entry,) = await history.audit(task_id="t5")
    assert (entry.who, entry.origin, entry.what) == ("ann", "pts/3 from 10.0.0.7", "cancelled")
    assert (entry.at, entry.run_id, entry.task_id) == (hours(5), "run2", "t5")
    for column in ("run_id", "task_id"):
        (plan,) = await rows(store, f"EXPLAIN QUERY PLAN SELECT * FROM audit WHERE {column} = ? ORDER BY seq DESC", "x")
        assert plan[3].startswith("SEARCH")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET who = 'bob'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit (seq, at, who, origin, what, detail) VALUES (1, 0, 'bob', '', '', '{}')",
        "INSERT INTO audit (seq, at, who, origin, what, detail) VALUES (1, 0, 'b', '', '', '{}')"
        " ON CONFLICT (seq) DO UPDATE SET who = 'bob'",
    ],
)
async def test_the_audit_only_grows(store: Store, history: History, tmp_path: Path, change: str) -> None:
    await store.writer.commit([history_statements.audit("launched", who="ann", origin="pts/1", at=hours(0))])
    with sqlite3.connect(tmp_path / "taskdeck.db") as other, pytest.raises(sqlite3.IntegrityError, match="only grows"):
        other.execute(change)
    other.close()
    (entry,) = await history.audit()
    assert entry.who == "ann"


async def test_the_audit_takes_any_text(store: Store, history: History) -> None:
    await store.writer.commit(
        [history_statements.audit("lau\ud800nched", who="a\0nn", origin="", at=hours(0), detail={"k\udfff": "\ud800"})]
    )
    (entry,) = await history.audit()
    assert (entry.what, entry.who, entry.detail) == ("lau\\ud800nched", "a\0nn", {"k\udfff": "\ud800"})


async def test_totals_follow_begin_end_rerun_and_deletion(store: Store, history: History) -> None:
    await add_run(store, "a", ["completed", "failed", "pending"])
    await add_run(store, "b", ["completed"])
    await add_run(store, "c", ["in_progress", "pending"], ended=False)
    totals = await history.totals()
    assert totals.runs == {
        TaskStatus.PENDING: 0, TaskStatus.IN_PROGRESS: 1, TaskStatus.COMPLETED: 1, TaskStatus.FAILED: 1,
        TaskStatus.CANCELLED: 0,
    }  # fmt: skip
    assert totals.tasks[TaskStatus.COMPLETED] == 2 and totals.tasks[TaskStatus.PENDING] == 1
    await store.writer.commit([history_statements.begin_run("a", "me", hours(5))])
    assert (await history.totals()).runs[TaskStatus.IN_PROGRESS] == 2
    assert (await history.totals()).tasks[TaskStatus.FAILED] == 0
    await store.writer.commit(
        [history_statements.end_run("a", TaskStatus.COMPLETED, {TaskStatus.COMPLETED: 3}, hours(6))]
    )
    assert (await history.totals()).tasks[TaskStatus.COMPLETED] == 4
    assert await history.count(RunFilter(statuses=frozenset({"completed"}))) == 2
    (run,) = [run for run in await history.runs() if run.id == "a"]
    assert (run.ended_at, run.counts.completed, run.created_at) == (hours(6), 3, hours(0))


async def test_a_rerun_keeps_its_label_and_place_and_is_live_again(store: Store, history: History) -> None:
    await add_run(store, "a", label="weekly", hour=1)
    await add_run(store, "b")
    await store.writer.commit([history_statements.begin_run("a", "me", hours(9))])
    runs = await history.runs()
    assert [run.id for run in runs] == ["b", "a"]
    assert (runs[1].status, runs[1].ended_at, runs[1].label) == (TaskStatus.IN_PROGRESS, None, "weekly")
    assert await rows(store, "SELECT owner, indexed FROM run WHERE id = 'a'") == [("me", 0)]
    await store.writer.commit([history_statements.begin_run("a", "me", hours(9), "other")])
    assert (await history.runs())[1].label == "other"


async def test_begin_and_end_in_one_commit_keep_their_order(store: Store, history: History) -> None:
    first = store.writer.commit(run_writes("a", ["failed"]))
    second = store.writer.commit([history_statements.begin_run("a", "me", hours(2))])
    third = store.writer.commit(
        [history_statements.end_run("a", TaskStatus.COMPLETED, {TaskStatus.COMPLETED: 1}, hours(3))]
    )
    for done in (first, second, third):
        await done
    (run,) = await history.runs()
    assert (run.status, run.ended_at) == (TaskStatus.COMPLETED, hours(3))
    assert await rows(store, "SELECT status, runs FROM total WHERE runs > 0") == [("completed", 1)]


async def test_a_run_that_is_being_deleted_cannot_begin_and_is_in_no_list(store: Store, history: History) -> None:
    await add_run(store, "a", ["completed", "failed"], tags=["t"], label="l")
    await Indexer(store).catch_up()
    await store.writer.commit([Write(history_statements.MARK_DELETING, "a", (1,))])
    with pytest.raises(TaskError, match="'a'"):
        await store.writer.commit([history_statements.begin_run("a", "me", hours(2))])
    everywhere = [
        RunFilter(), RunFilter(executor="ping"), RunFilter(tag="t"), RunFilter(user="ann"), RunFilter(text="broken"),
        RunFilter(label="l"), RunFilter(since=hours(0)), RunFilter(statuses=frozenset({"failed"})),
    ]  # fmt: skip
    for filter in everywhere:
        assert await history.runs(filter) == [] and await history.count(filter) == 0
    assert set((await history.totals()).runs.values()) == {0}


async def test_2_7_a_run_without_engine_is_closed_and_recounted_as_its_rows_stand(
    store: Store, history: History
) -> None:
    await add_run(store, "blocked", ["completed", "pending"], ended=False)
    await add_run(store, "stopped", ["cancelled", "completed"], ended=False)
    await add_run(store, "whole", ["completed", "completed"], ended=False)
    await store.writer.commit([history_statements.recount_run("whole")])
    assert {run.status for run in await history.runs()} == {TaskStatus.IN_PROGRESS}  # a live one is let be
    await store.writer.commit(
        [
            Write(history_statements.CLOSE_RUN, run_id, (hours(4).timestamp(), run_id))
            for run_id in ("blocked", "stopped", "whole")
        ]
    )
    found = {run.id: run for run in await history.runs()}
    assert {run_id: run.status.value for run_id, run in found.items()} == {
        "blocked": "failed", "stopped": "cancelled", "whole": "completed",
    }  # fmt: skip
    assert found["blocked"].ended_at == hours(4) and found["blocked"].counts.pending == 1
    await store.writer.commit([Write(Statement(9, "UPDATE task SET status = 'failed'"), "x", ())])
    await store.writer.commit([history_statements.recount_run(run_id) for run_id in found])
    again = {run.id: run for run in await history.runs()}
    assert {run.counts.failed for run in again.values()} == {2}
    assert again["whole"].ended_at == hours(4)
    assert await rows(store, "SELECT status, runs, tasks FROM total ORDER BY status") == await recounted(store)


async def test_facets_come_late_and_twice_without_harm(store: Store, history: History) -> None:
    await add_run(store, "a", executor="ping")
    await store.writer.commit(history_statements.facets("a", ["ping", "spawned", "spawned"], ["t\ud800"], "ann"))
    assert [run.id for run in await history.runs(RunFilter(executor="spawned"))] == ["a"]
    assert await history.count(RunFilter(tag="t\ud800")) == 1
    assert await history.count(RunFilter(executor="ping")) == 1


async def test_times_are_read_as_moments_whatever_their_zone(store: Store, history: History) -> None:
    await add_run(store, "a", hour=1)
    zone = timezone(timedelta(hours=5))
    assert await history.count(RunFilter(since=hours(1).astimezone(zone))) == 1
    assert await history.count(RunFilter(until=hours(1).astimezone(zone))) == 0


async def test_nothing_of_the_history_hangs_on_a_task_row(store: Store) -> None:
    found = await rows(store, "SELECT type, name FROM sqlite_master WHERE tbl_name = 'task' AND type != 'table'")
    assert {name for kind, name in found if kind == "trigger"} == set()
    assert {name for _, name in found} == {"task_run", "task_key", "task_asked", "sqlite_autoindex_task_1"}


async def test_a_store_of_version_2_gets_its_history(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as old:
        for name in ("0001_start.sql", "0002_engine.sql"):
            old.executescript((MIGRATIONS / name).read_text(encoding="utf-8"))
        old.execute(f"PRAGMA application_id = {0x7A5DEC}")
        old.execute("PRAGMA user_version = 2")
        old.executemany(
            "INSERT INTO run (id, owner, created_at) VALUES (?, ?, ?)",
            [("done", None, 10.0), ("mixed", None, 20.0), ("stuck", None, 30.0), ("runs", "somebody", 40.0)],
        )
        old.executemany(
            "INSERT INTO task (id, run_id, user_id, name, status, priority, inputs, params, schemas, dependencies,"
            " created_at, completed_at) VALUES (?, ?, ?, ?, ?, 2, '{}', '{}', '{}', '[]', 1.0, ?)",
            [
                ("done", "done", "ann", "ping", "completed", 15.0),
                ("mixed", "mixed", "bob", "ping", "completed", 21.0),
                ("mixed.1", "mixed", "bob", "pong", "failed", 25.0),
                ("mixed.2", "mixed", "bob", "pong", "cancelled", 22.0),
                ("stuck", "stuck", None, "ping", "pending", None),
                ("runs", "runs", "ann", "ping", "pending", None),
            ],
        )
    old.close()
    (tmp_path / "old.db-owners").mkdir()
    with open(tmp_path / "old.db-owners" / "somebody", "w") as alive:  # the other process lives
        fcntl.flock(alive, fcntl.LOCK_EX)
        store = await Store.open(path)
        history = History(store)
        found = {run.id: run for run in await history.runs()}
        assert {run_id: run.status.value for run_id, run in found.items()} == {
            "done": "completed", "mixed": "failed", "stuck": "failed", "runs": "in_progress",
        }  # fmt: skip
        assert [found[i].ended_at and found[i].ended_at.timestamp() for i in ("done", "mixed", "stuck", "runs")] == [
            15.0, 25.0, 30.0, None,
        ]  # fmt: skip
        assert (found["mixed"].counts.completed, found["mixed"].counts.failed, found["mixed"].size) == (1, 1, 3)
        assert await ids(history, RunFilter(executor="pong")) == ["mixed"]
        assert await ids(history, RunFilter(user="ann")) == ["runs", "done"]
        assert await ids(history, RunFilter(text="pong")) == ["mixed"]
        assert await rows(store, "SELECT status, runs, tasks FROM total ORDER BY status") == await recounted(store)
        await Indexer(store).catch_up()
        assert await ids(history, RunFilter(text="pon")) == ["mixed"]
        assert await rows(store, "SELECT indexed FROM run ORDER BY seq") == [(1,), (1,), (1,), (0,)]
        await store.close()


async def test_a_run_has_its_label_its_tags_and_when_it_was_begun_again(store: Store, history: History) -> None:
    await add_run(store, "one", label="release", tags=["b", "a"])
    await add_run(store, "two")
    assert await history.names("one") == ("release", ["a", "b"])
    assert await history.names("two") == await history.names("gone") == ("", [])
    assert await history.rerun_at("one") is None
    await store.writer.commit([history_statements.begin_run("one", "owner", hours(0))])
    assert await history.rerun_at("one") is not None


async def test_long_queries_have_a_connection_of_their_own_that_ends_with_the_store(tmp_path: Path) -> None:
    made = await Store.open(tmp_path / "other.db")
    assert [row[0] for row in await made.rows_apart("SELECT :n", {"n": 7})] == [7]
    await made.close()
    (tmp_path / "other.db").rename(tmp_path / "moved.db")
    with pytest.raises(ValueError):
        await made.rows_apart("SELECT 1", ())
