"""Finding runs by more than one word: phrases, what must not be, parts of labels, ids, durations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine import Engine, Settings, TaskTreeNode, history_statements, retention
from engine.history import History, RunFilter
from engine.search import Indexer
from engine.statistics import statistics
from engine.store import MEMORY, Store
from engine.task import TaskStatus
from tests.engine.made_runs import add_run, hours

FILTERS: dict[str, tuple[RunFilter, set[str]]] = {
    "a phrase": (RunFilter(exact=("connection reset",)), {"b"}),
    "words in another order": (RunFilter(text="reset connection"), {"b", "c"}),
    "without a word": (RunFilter(no_text=("reset",)), {"a", "d", "e"}),
    "without two words": (RunFilter(no_text=("reset", "alpha")), {"d", "e"}),
    "a word and not another": (RunFilter(text="host", no_text=("connection reset",)), {"a", "c", "d"}),
    "a part of a label": (RunFilter(labels=("WEEK",)), {"a", "b"}),
    "two parts": (RunFilter(labels=("week", "db")), {"b"}),
    "not a label": (RunFilter(without=(("label", "week"),)), {"c", "d", "e"}),
    "not an executor": (RunFilter(without=(("executor", "ping"),)), {"e"}),
    "not a user": (RunFilter(without=(("user", "ann"),)), {"d"}),
    "two tags": (RunFilter(also=(("tag", "nightly"), ("tag", "db"))), {"b"}),
    "one tag not the other": (RunFilter(tag="nightly", without=(("tag", "db"),)), {"a"}),
    "an id begins": (RunFilter(id="b"), {"b"}),
    "the id of a task": (RunFilter(id="c.1"), {"c"}),
    "no id": (RunFilter(id="zz"), set()),
    "longer": (RunFilter(longer=3600.0), {"e"}),
    "shorter": (RunFilter(shorter=3600.0), {"a", "b", "c", "d"}),
    "only these": (RunFilter(only=frozenset({"a", "c", "gone"})), {"a", "c"}),
    "only these with a text": (RunFilter(only=frozenset({"a", "c"}), text="reset"), {"c"}),
    "all of it": (RunFilter(text="host", labels=("week",), user="ann", no_text=("alpha",), shorter=9e9), {"b"}),
}


@pytest.fixture(params=["indexed", "fresh", "memory"])
async def history(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[History]:
    store = await Store.open(MEMORY if request.param == "memory" else tmp_path / "taskdeck.db")
    await add_run(store, "a", label="Weekly", tags=["nightly"], hour=1, inputs={"url": "host alpha"})
    await add_run(
        store, "b", ["failed"], label="weekly db", tags=["nightly", "db"], hour=2, inputs={"url": "host"},
        error="connection reset by peer",
    )  # fmt: skip
    await add_run(store, "c", ["completed"] * 2, hour=3, inputs={"url": "host reset the connection"})
    await add_run(store, "d", user="bob", hour=4, inputs={"url": "host"})
    await add_run(store, "e", executor="wait", hour=5, inputs={"n": 1})
    late = history_statements.end_run("e", TaskStatus.COMPLETED, {TaskStatus.COMPLETED: 1}, hours(9))
    await store.writer.commit([late])
    if request.param == "indexed":
        assert await Indexer(store).catch_up() == 5
    yield History(store)
    await store.close()


@pytest.mark.parametrize("name", FILTERS)
async def test_a_filter_finds_its_runs_and_counts_them(history: History, name: str) -> None:
    filter, wanted = FILTERS[name]
    found = [run.id for run in await history.runs(filter)]
    assert found == sorted(wanted, reverse=True)
    assert await history.count(filter) == len(wanted)
    pages, before = [], None
    while page := await history.runs(filter, before=before, limit=1):
        pages += [run.id for run in page]
        before = page[-1].seq
    assert pages == found


async def test_an_exact_word_does_not_go_on(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "taskdeck.db")
    await add_run(store, "a", inputs={"url": "host connected"})
    await Indexer(store).catch_up()
    history = History(store)
    assert await history.runs(RunFilter(text="conn")) and not await history.runs(RunFilter(exact=("conn",)))
    await store.close()


async def test_what_runs_are_found_by_is_listed(history: History) -> None:
    assert await history.values("executor") == ["ping", "wait"]
    assert await history.values("tag") == ["db", "nightly"]
    assert await history.values("user") == ["ann", "bob"]
    assert await history.values("label") == ["Weekly", "weekly db"]
    assert await history.values("tag", limit=1) == ["db"]


async def test_the_run_before_is_of_the_same_executor(history: History) -> None:
    runs = {run.id: run for run in await history.runs()}
    former = {run_id: await history.former(run) for run_id, run in runs.items()}
    assert {run_id: run.id if run else None for run_id, run in former.items()} == {
        "a": None, "b": "a", "c": "b", "d": "c", "e": None,
    }  # fmt: skip


async def test_runs_that_go_on_are_counted_only_when_asked(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "taskdeck.db")
    await add_run(store, "a", ["in_progress", "pending"], ended=False)
    history = History(store)
    (run,) = await history.runs(counted=False)
    assert run.counts.total == 0
    assert (await history.live_counts(["a"]))["a"].in_progress == 1
    await store.close()


async def test_a_rerun_begins_anew_and_keeps_its_place(settings: Settings, register: Any, tmp_path: Path) -> None:
    engine = Engine(settings)
    await engine.start()

    async def work(self: Any, inputs: dict[str, Any]) -> Any:
        return 1

    register("work", work)
    task = engine.new_task("work")
    await engine.finished(await engine.submit(TaskTreeNode(task)))
    await engine.store.writer.flush()
    (first,) = await engine.runs()
    assert first.began_at == first.created_at
    assert first.origin
    await asyncio.sleep(0.02)
    await engine.rerun(task.id)
    await engine.finished(task.id)
    await engine.store.writer.flush()
    (again,) = await engine.runs()
    assert again.created_at == first.created_at
    assert again.began_at is not None and first.ended_at is not None and again.began_at > first.ended_at
    (span,) = await engine.history.spans(task.id)
    assert (span.task_id, span.number, span.status) == (task.id, 1, TaskStatus.COMPLETED)
    assert span.began is not None and span.ended is not None and span.began <= span.ended < again.began_at.timestamp()
    await engine.stop()


async def test_who_gives_up_waiting_ends_the_query(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "taskdeck.db")
    endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    waiting = asyncio.create_task(store.rows_apart(endless, ()))  # type: ignore[arg-type]
    await asyncio.sleep(0.1)
    assert list(await store.rows("SELECT 1", ())) == [(1,)]  # the engine's own reading goes on meanwhile
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    assert list(await asyncio.wait_for(store.rows_apart("SELECT 2", ()), 10)) == [(2,)]
    await store.close()


async def test_executors_are_told_apart_and_timed(history: History) -> None:
    store = history._store
    await add_run(store, "f", ["failed", "completed", "completed", "completed"], hour=30)
    await add_run(store, "g", ["in_progress", "pending"], hour=31, ended=False)
    everything = {stats.executor_id: stats for stats in await statistics(store, None)}
    ping = everything["ping"]
    assert (ping.tasks, ping.completed, ping.failed, ping.running, ping.cancelled) == (10, 7, 2, 1, 0)
    assert ping.failure_rate == pytest.approx(2 / 9)
    assert ping.p50 == pytest.approx(360) and ping.p95 == pytest.approx(360)
    assert ping.last == hours(31)
    late = {stats.executor_id: stats for stats in await history.statistics(hours(20))}
    assert set(late) == {"ping"} and late["ping"].tasks == 5
    assert await history.statistics(hours(99)) == []


async def test_percentiles_are_of_the_ended_by_rank(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "taskdeck.db")
    for number in range(1, 21):
        await add_run(store, f"r{number}", hour=number)
        await store.writer._connection.execute(
            "UPDATE task SET completed_at = started_at + ? WHERE run_id = ?", (number, f"r{number}")
        )
    await store.writer._connection.commit()
    (stats,) = await statistics(store, None)
    assert stats.p50 == pytest.approx(10) and stats.p95 == pytest.approx(19)
    await store.close()


async def test_what_goes_next_is_what_ended_first(history: History) -> None:
    found = await history.next_to_go()
    assert found is not None and (found.run_id, found.name, found.ended_at) == ("a", "ping", hours(1.2))
    await retention.delete_run(history._store, "a")
    found = await history.next_to_go()
    assert found is not None and found.run_id == "b"
