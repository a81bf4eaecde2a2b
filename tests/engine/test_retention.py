"""Deleting runs: which go, which stay, in what slices, and what a kill leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine import StoreError, TaskError, history_statements, retention, statements
from engine.events import LogLine
from engine.history import History, RunFilter
from engine.retention import Pruned, delete_run, prune
from engine.search import Indexer
from engine.statements import Statement, Write
from engine.store import Store
from engine.task import TaskStatus
from tests.engine.made_runs import add_run, hours, recounted, rows, run_writes

TABLES = ("run", "task", "attempt", "log", "facet", "link", "search")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = await Store.open(tmp_path / "taskdeck.db")
    yield made
    await made.close()


async def ids(store: Store) -> list[str]:
    return [run.id for run in await History(store).runs(limit=10_000)]


async def counts(store: Store) -> dict[str, int]:
    return {table: (await rows(store, f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES}


async def with_parts(store: Store, run_id: str, lines: int = 3, **fields: Any) -> None:
    """A run whose tasks have attempts and logs."""
    await add_run(store, run_id, ["completed", "failed"], **fields)
    writes = [Write(statements.ARCHIVE, task_id, (task_id,)) for task_id in (run_id, f"{run_id}.1")]
    writes += [statements.log(run_id, 1, LogLine(0.0, "stdout", f"line {index}")) for index in range(lines)]
    await store.writer.commit(writes)


async def totals_are_right(store: Store) -> None:
    assert await rows(store, "SELECT status, runs, tasks FROM total ORDER BY status") == await recounted(store)


async def test_days_keep_what_ended_since_then(store: Store) -> None:
    for day in range(10):
        await add_run(store, f"d{day}", hour=day * 24)
    assert await prune(store, days=3.5, runs=None, at=hours(9 * 24)) == Pruned(6, 6)
    assert await ids(store) == ["d9", "d8", "d7", "d6"]
    assert await prune(store, days=3.5, runs=None, at=hours(9 * 24)) == Pruned(0, 0)
    assert await prune(store, days=None, runs=None, at=hours(9 * 24)) == Pruned(0, 0)
    await totals_are_right(store)


async def test_runs_keep_the_newest_of_each_executor_of_the_root(store: Store) -> None:
    for index in range(12):
        await add_run(store, f"r{index}", executor=f"ex{index % 3}", hour=index)
    by_params = Statement(9, "UPDATE task SET params = '{\"executor_id\":\"other\"}' WHERE id IN ('r0', 'r3', 'r6')")
    await store.writer.commit([Write(by_params, "x", ())])
    assert await prune(store, days=None, runs=2) == Pruned(5, 5)
    assert await ids(store) == ["r11", "r10", "r9", "r8", "r7", "r6", "r3"]
    assert await prune(store, days=None, runs=0) == Pruned(7, 7)
    assert await counts(store) == dict.fromkeys(TABLES, 0)
    await totals_are_right(store)


async def test_days_and_runs_together_delete_what_either_does(store: Store) -> None:
    for index in range(6):
        await add_run(store, f"r{index}", hour=index * 24)
    assert (await prune(store, days=2.5, runs=2, at=hours(5 * 24))).runs == 4
    assert await ids(store) == ["r5", "r4"]


async def test_running_trees_are_never_touched(store: Store) -> None:
    await add_run(store, "live", ["in_progress", "completed"], ended=False)
    await add_run(store, "orphan", ["pending"], ended=False)
    await add_run(store, "again")
    await store.writer.commit([Write(Statement(9, "UPDATE run SET owner = NULL WHERE id = 'orphan'"), "x", ())])
    await store.writer.commit([history_statements.begin_run("again", "somebody", hours(1))])
    await add_run(store, "done")
    assert await prune(store, days=0, runs=0) == Pruned(1, 1)
    assert await ids(store) == ["again", "orphan", "live"]
    for run_id in ("live", "orphan", "again"):
        with pytest.raises(TaskError, match=f"'ping' \\({run_id}\\) has not ended"):
            await delete_run(store, run_id)


async def test_5_6_what_a_remaining_run_depends_on_stays(store: Store) -> None:
    await add_run(store, "base", ["completed", "completed"], hour=0)
    await add_run(store, "middle", hour=24, depends_on="base.1")
    await add_run(store, "top", ["in_progress"], hour=48, depends_on="middle", ended=False)
    await add_run(store, "free", hour=24)
    assert await prune(store, days=0, runs=None) == Pruned(1, 1)
    assert await ids(store) == ["top", "middle", "base"]
    with pytest.raises(TaskError, match=r"task 'ping' of run 'middle' depends on run 'ping' \(base\)"):
        await delete_run(store, "base")
    await store.writer.commit([history_statements.end_run("top", TaskStatus.COMPLETED, {}, hours(49))])
    assert await delete_run(store, "top") == Pruned(1, 1)
    assert await prune(store, days=0, runs=None) == Pruned(2, 3)
    assert await counts(store) == dict.fromkeys(TABLES, 0)


async def test_5_6_a_task_that_is_stored_but_never_ran_holds_what_it_depends_on(store: Store) -> None:
    await add_run(store, "base")
    waiting = run_writes("waiting", ["pending"], depends_on="base", ended=False)
    await store.writer.commit([w for w in waiting if w.statement in (statements.INSERT, statements.LINK)])
    assert await prune(store, days=0, runs=0) == Pruned(0, 0)
    with pytest.raises(TaskError, match="of run 'waiting' depends"):
        await delete_run(store, "base")


async def test_a_chain_of_runs_goes_whatever_its_order(store: Store) -> None:
    """Each run depends on one that is newer: marked newest first, every one but the last is refused at first."""
    for index in range(30):
        await add_run(store, f"r{index}", hour=index, depends_on=f"r{index + 1}" if index < 29 else None)
    assert (await prune(store, days=0, runs=None)).runs == 30
    assert await counts(store) == dict.fromkeys(TABLES, 0)


async def test_all_rows_of_a_run_go_and_no_others(store: Store) -> None:
    await with_parts(store, "a", tags=["t"])
    await with_parts(store, "b", tags=["t"])
    await store.writer.commit([history_statements.audit("launched", who="ann", origin="", at=hours(0), run_id="a")])
    await Indexer(store).catch_up()
    both = await counts(store)
    assert both["link"] == 0 and all(both[table] >= 2 for table in TABLES if table != "link")
    await add_run(store, "c", depends_on="b")
    assert await delete_run(store, "a") == Pruned(1, 2)
    left = await counts(store)
    assert left == {"run": 2, "task": 3, "attempt": 2, "log": 3, "facet": 5, "link": 1, "search": 2}
    assert await delete_run(store, "c") == Pruned(1, 1)
    assert await delete_run(store, "b") == Pruned(1, 2)
    assert await counts(store) == dict.fromkeys(TABLES, 0)
    assert len(await History(store).audit(run_id="a")) == 1  # what was done stays known
    await totals_are_right(store)
    for run_id in ("a", "nowhere", "\ud800"):
        with pytest.raises(TaskError, match="there is no run"):
            await delete_run(store, run_id)


async def test_thousands_of_rows_go_in_slices(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.writer.commit(run_writes("big", ["completed"] * 1300))
    await with_parts(store, "loud", lines=2100)
    for index in range(700):
        store.writer.write(run_writes(f"r{index}"))
    await Indexer(store).catch_up()
    slices: list[int] = []
    commit = store.writer.commit

    def counted(writes: Any) -> Any:
        slices.append(len(writes))
        return commit(writes)

    monkeypatch.setattr(store.writer, "commit", counted)
    assert await prune(store, days=0, runs=None) == Pruned(702, 2002)
    assert max(slices) <= 1000
    assert await counts(store) == dict.fromkeys(TABLES, 0)
    await totals_are_right(store)


@pytest.mark.parametrize("after", range(1, 11))
async def test_a_kill_in_the_middle_shows_no_half_run_and_is_finished_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(retention, "SLICE", 4)
    monkeypatch.setattr(retention, "TEXTS", 2)
    store = await Store.open(tmp_path / "taskdeck.db")
    for run_id in ("a", "b", "keep"):
        await with_parts(store, run_id, hour={"keep": 100}.get(run_id, 0))
    await Indexer(store).catch_up()
    commit, calls = store.writer.commit, 0

    def killed(writes: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            raise RuntimeError("killed")
        return commit(writes)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="killed"):
        patch.setattr(store.writer, "commit", killed)
        await prune(store, days=1, runs=None, at=hours(100))
    await store.close()
    store = await Store.open(tmp_path / "taskdeck.db")
    history = History(store)
    assert await ids(store) == ["keep"]
    assert [run.id for run in await history.runs(RunFilter(text="broken"))] == ["keep"]
    assert await history.count(RunFilter(executor="ping")) == await history.count() == 1
    await totals_are_right(store)
    assert (await prune(store, days=None, runs=None)).runs > 0
    assert await counts(store) == {"run": 1, "task": 2, "attempt": 2, "log": 3, "facet": 2, "link": 0, "search": 2}
    await totals_are_right(store)
    await store.close()


async def test_a_run_that_begins_again_just_before_it_is_marked_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_run(store, "a")
    commit = store.writer.commit

    async def overtaken(writes: Any) -> None:
        if not writes:  # a flush
            return
        monkeypatch.setattr(store.writer, "commit", commit)
        await commit([history_statements.begin_run("a", "somebody", hours(1))])
        await commit(writes)

    monkeypatch.setattr(store.writer, "commit", overtaken)
    with pytest.raises(TaskError, match="started again"):
        await delete_run(store, "a")
    assert await ids(store) == ["a"]
    assert await counts(store) == {**dict.fromkeys(TABLES, 0), "run": 1, "task": 1, "facet": 2}


async def test_an_indexer_that_was_late_leaves_nothing_of_a_deleted_run(store: Store) -> None:
    await add_run(store, "a", ["completed", "completed"])
    late = await rows(store, "SELECT seq, id, ended_at FROM run")
    indexer = Indexer(store)
    await delete_run(store, "a")
    await store.writer.commit([history_statements.index_task(late[0][0], late[0][2], 0, 1, "text")])
    await indexer._index(late)
    assert await counts(store) == dict.fromkeys(TABLES, 0)


@pytest.mark.parametrize("limits", [{"days": -1}, {"days": float("nan")}, {"days": True}, {"days": "3"}])
async def test_wrong_days_are_refused(store: Store, limits: dict[str, Any]) -> None:
    with pytest.raises(StoreError, match="no number of days"):
        await prune(store, runs=None, **limits)


@pytest.mark.parametrize("limits", [{"runs": -1}, {"runs": 1.5}, {"runs": False}])
async def test_wrong_runs_are_refused(store: Store, limits: dict[str, Any]) -> None:
    with pytest.raises(StoreError, match="no number of runs"):
        await prune(store, days=None, **limits)
