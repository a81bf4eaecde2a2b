"""Export and import: the round trip, what an import makes of what it reads, and what it refuses."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from engine import StoreError, history_statements, statements, transfer
from engine.events import LogLine
from engine.history import History, RunFilter
from engine.retention import delete_run
from engine.search import Indexer
from engine.statements import Statement, Write
from engine.store import Store
from engine.task import TaskStatus
from engine.transfer import Imported, export_lines, import_lines
from engine.transfer_fields import ATTEMPT, LOG, RUN, TASK
from tests.engine.made_runs import add_run, hours, recounted, rows, run_writes


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = await Store.open(tmp_path / "taskdeck.db")
    yield made
    await made.close()


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Store]:
    made = await Store.open(tmp_path / "other.db")
    yield made
    await made.close()


async def export(store: Store, runs: RunFilter | Iterable[str] | None = None) -> list[str]:
    return [line async for line in export_lines(store, RunFilter() if runs is None else runs)]


async def one_of_everything(store: Store) -> None:
    """Runs with every column used, odd values, attempts, logs and a dependency on another run."""
    odd = {
        "float": [0.1, 1e-7, -0.0, 1e300, 5.0],
        "int": 2**70,
        "text": "é\u2028\x85\0🎉",
        "lone": "\ud800",
        "null": None,
        "": {"": []},
    }
    await add_run(store, "plain", ["completed", "cancelled", "pending"], tags=["a", "b"], label="wöchentlich", hour=3)
    await add_run(store, "odd", inputs=odd, result=odd, user=None, executor="näme\0")
    await add_run(store, "null", ["completed", "failed"], result=None, error="x\0y")
    await add_run(store, "big", result={"pad": "x" * 5000})
    await add_run(store, "needs", ["failed", "completed"], depends_on="plain.1")
    await store.writer.commit(
        [
            Write(statements.ARCHIVE, "big", ("big",)),
            Write(statements.ARCHIVE, "null.1", ("null.1",)),
            *(statements.log("null.1", 1, LogLine(i / 7, "stdout", f"line {i} \ud800")) for i in range(30)),
            *(statements.log("null", n, LogLine(float(n), "engine", f"attempt {n}")) for n in (2, 1, 2)),
            Write(
                Statement(
                    9,
                    "UPDATE task SET not_before = 5.25, resumable = 1, skipped = 1,"
                    " idempotency_key = 'k 1', effective_inputs = '{\"a\":1}', progress_message = 'half',"
                    " original_task_id = 'x',"
                    " schemas = '{\"method\":\"m\"}' WHERE id = 'plain'",
                ),
                "x",
                (),
            ),
            Write(
                Statement(
                    9,
                    "UPDATE task SET spawned = (SELECT attempt FROM task WHERE id = 'plain') WHERE id = 'plain.1'",
                ),
                "y",
                (),
            ),
        ]
    )


async def test_what_is_exported_and_imported_is_exported_the_same(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one_of_everything(store)
    lines = await export(store)
    header = json.loads(lines[0])
    assert header["taskdeck"] == 1
    assert await import_lines(other, lines) == Imported(5, 0)
    assert (await export(other))[1:] == lines[1:]
    monkeypatch.setattr(transfer, "PAGE_BYTES", 0)  # pages of one row
    assert (await export(store))[1:] == lines[1:]
    kinds = [next(iter(json.loads(line))) for line in lines[1:]]
    assert (kinds.count("run"), kinds.count("task"), kinds.count("attempt"), kinds.count("log")) == (5, 9, 2, 33)
    for table in ("task", "attempt", "facet", "link", "total"):
        key = {"facet": "kind, value, run_seq"}.get(table, "1, 2")
        left = "seq, " if table == "task" else ""
        columns = ", ".join(TASK if table == "task" else ["*"])
        same = [await rows(each, f"SELECT {left}{columns} FROM {table} ORDER BY {key}") for each in (store, other)]
        if table in ("task", "attempt"):  # how a result is packed is the store's own affair
            same = [sorted(len(row) for row in found) for found in same]
        assert same[0] == same[1], table
    assert await rows(other, "SELECT status, runs, tasks FROM total ORDER BY status") == await recounted(other)


async def test_every_column_of_the_tables_is_exported(store: Store) -> None:
    own = {"task": {"seq"}, "run": {"seq", "owner", "paused", "indexed", "deleting"}, "attempt": set(), "log": {"seq"}}
    for table, fields in (("task", TASK), ("run", RUN), ("attempt", ATTEMPT), ("log", LOG)):
        columns = {row[1] for row in await rows(store, f"PRAGMA table_info({table})")}
        assert set(fields) - {"tasks", "facets"} == columns - own[table], table


async def test_values_come_back_as_they_were(store: Store, other: Store) -> None:
    await one_of_everything(store)
    await import_lines(other, await export(store))
    for task_id in ("odd", "null", "null.1", "big", "plain", "plain.2"):
        before, after = await store.task(task_id), await other.task(task_id)
        assert before is not None and after is not None
        for name in {*before.__slots__, "result"} - {"packed"}:  # a large one may be packed otherwise
            assert getattr(before, name) == getattr(after, name), (task_id, name)
    odd = await other.task("odd")
    assert odd is not None and math.copysign(1, odd.result["float"][2]) == -1
    assert await store.attempts("null.1") == await other.attempts("null.1")
    assert [line.text for line in await other.log("null", 2)] == ["attempt 2", "attempt 2"]
    null = await rows(other, "SELECT id, typeof(result) FROM task WHERE id IN ('null', 'plain.2') ORDER BY id")
    assert null == [("null", "text"), ("plain.2", "null")]  # the result null is not no result


async def test_imported_runs_are_listed_found_and_guarded_like_others(store: Store, other: Store) -> None:
    await one_of_everything(store)
    await import_lines(other, await export(store))
    history = History(other)
    assert [run.id for run in await history.runs()] == ["needs", "big", "null", "odd", "plain"]
    (run,) = await history.runs(RunFilter(tag="b"))
    assert (run.id, run.label, run.status, run.created_at) == ("plain", "wöchentlich", TaskStatus.CANCELLED, hours(3))
    assert run.ended_at == hours(3.2) and run.counts.pending == 1
    assert [r.id for r in await history.runs(RunFilter(executor="näme\0"))] == ["odd"]
    assert await history.count(RunFilter(user="ann")) == 4
    await Indexer(other).catch_up()
    assert [r.id for r in await history.runs(RunFilter(text="float 🎉"))] == ["odd"]
    with pytest.raises(Exception, match="depends on run"):
        await delete_run(other, "plain")


async def test_chosen_runs_and_filters(store: Store) -> None:
    for index in range(6):
        await add_run(store, f"r{index}", executor=f"ex{index % 2}")

    def runs(lines: list[str]) -> list[str]:
        return [record["run"]["id"] for record in map(json.loads, lines) if "run" in record]

    assert runs(await export(store, ["r4", "r1", "r4"])) == ["r4", "r1"]
    assert runs(await export(store, RunFilter(executor="ex1"))) == ["r1", "r3", "r5"]
    assert runs(await export(store, [])) == []
    with pytest.raises(StoreError, match="there is no run 'nowhere'"):
        await export(store, ["r1", "nowhere"])
    with pytest.raises(StoreError, match="there is no run"):
        await export(store, ["\ud800"])
    await store.writer.commit([Write(history_statements.MARK_DELETING, "r1", (2,))])
    assert "r1" not in runs(await export(store))
    with pytest.raises(StoreError, match="there is no run 'r1'"):
        await export(store, ["r1"])


async def test_a_root_that_another_tree_took_over_is_exported_with_that_tree(store: Store, other: Store) -> None:
    await add_run(store, "inner")
    await add_run(store, "outer")
    await store.writer.commit(
        [Write(Statement(9, "UPDATE task SET run_id = 'outer', parent_id = 'outer' WHERE id = 'inner'"), "x", ())]
    )
    lines = await export(store)
    assert await import_lines(other, lines) == Imported(1, 0)
    assert (await History(other).runs())[0].size == 2


async def test_runs_that_are_stored_are_skipped_and_left_alone(store: Store, other: Store) -> None:
    await add_run(store, "a", result="theirs")
    await add_run(store, "b")
    await add_run(other, "a", result="mine")
    lines = await export(store)
    assert await import_lines(other, lines) == Imported(1, 1)
    assert await import_lines(other, lines) == Imported(0, 2)
    task = await other.task("a")
    assert task is not None and task.result == "mine"
    assert await rows(other, "SELECT status, runs, tasks FROM total ORDER BY status") == await recounted(other)


async def test_a_run_that_was_being_deleted_can_be_imported_again(store: Store) -> None:
    await add_run(store, "a")
    lines = await export(store)
    await store.writer.commit([Write(history_statements.MARK_DELETING, "a", (1,))])
    assert await import_lines(store, lines) == Imported(1, 0)
    assert (await export(store))[1:] == lines[1:]


async def test_7_2_what_was_in_progress_is_imported_as_interrupted(store: Store, other: Store) -> None:
    await add_run(store, "live", ["in_progress", "completed", "pending"], ended=False)
    await store.writer.commit([Write(Statement(9, "UPDATE task SET resumable = 1"), "x", ())])
    await import_lines(other, await export(store))
    task = await other.task("live")
    assert task is not None and task.is_interrupted and task.error and task.completed_at is not None
    (run,) = await History(other).runs()
    assert (run.status, run.counts.failed, run.counts.pending) == (TaskStatus.FAILED, 1, 1)
    assert run.ended_at is not None
    assert await rows(other, "SELECT owner, resumable FROM run JOIN task ON task.id = run.id") == [(None, 0)]
    lines = await export(other)
    await delete_run(other, "live")
    await import_lines(other, lines)
    assert (await export(other))[1:] == lines[1:]


async def test_lines_may_come_with_line_ends_blank_ones_and_from_an_async_source(store: Store, other: Store) -> None:
    await one_of_everything(store)
    lines = await export(store)

    async def source() -> AsyncIterator[str]:
        for line in lines:
            yield line + "\r\n"
            yield "  \n"

    assert (await import_lines(other, source())).runs == 5
    assert (await export(other))[1:] == lines[1:]


async def test_a_run_written_by_hand_needs_little(other: Store) -> None:
    lines = [
        '{"taskdeck": 1}',
        '{"run": {"id": "a", "created_at": 5, "status": "completed"}}',
        '{"task": {"id": "a", "run_id": "a", "name": "ping", "status": "completed", "created_at": 5}}',
    ]
    assert await import_lines(other, lines) == Imported(1, 0)
    (run,) = await History(other).runs()
    assert (run.status, run.size, run.root.priority, run.root.inputs) == (TaskStatus.COMPLETED, 1, 2, {})


async def test_a_file_cut_off_at_any_line_leaves_whole_runs_only(store: Store, tmp_path: Path) -> None:
    await add_run(store, "a", ["completed", "failed"])
    await add_run(store, "b", ["completed", "completed", "completed"])
    lines = await export(store)
    for end in range(1, len(lines)):
        target = await Store.open(":memory:")
        cut = [*lines[:end], lines[end][:-3]]
        with pytest.raises(StoreError, match=f"line {end + 1}: it is no JSON"):
            await import_lines(target, cut)
        stored = await rows(target, "SELECT run_id, count(*) FROM task GROUP BY run_id")
        assert stored == ([("a", 2)] if end >= 5 else [])  # the line after it tells that it is whole
        assert len(await rows(target, "SELECT 1 FROM run")) == len(stored)
        assert await import_lines(target, lines) == Imported(2 - len(stored), len(stored))
        await target.close()


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────


async def refusal(store: Store, lines: Iterable[str]) -> str:
    with pytest.raises(StoreError) as caught:
        await import_lines(store, lines)
    assert caught.value.hint
    assert await rows(store, "SELECT count(*) FROM run") == [(0,)]
    assert await rows(store, "SELECT count(*) FROM task") == [(0,)]
    assert await rows(store, "SELECT status, runs, tasks FROM total ORDER BY status") == await recounted(store)
    return caught.value.message


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "line 1: the file is empty"),
        (["", "\n"], "line 1: the file is empty"),
        (["hello"], "line 1: it is no JSON"),
        (["\0"], "line 1: it is no JSON"),
        (["[1]"], "line 1: it is no JSON object"),
        (["{}"], "line 1: it is no header"),
        (['{"run": {}}'], "line 1: it is no header"),
        (['{"taskdeck": true}'], "line 1: it is no header"),
        (['{"taskdeck": "1"}'], "line 1: it is no header"),
        (['{"taskdeck": 2}'], "line 1: the file has format 2, this taskdeck knows 1"),
        (['{"taskdeck": 1}', '{"taskdeck": 1}'], "line 2: it is no record"),
        (['{"taskdeck": 1}', "{}"], "line 2: it is no record"),
        (['{"taskdeck": 1}', '{"run": []}'], "line 2: it is no record"),
        (['{"taskdeck": 1}', '{"run": {}, "task": {}}'], "line 2: it is no record"),
        (['{"taskdeck": 1}', "", '{"task": {}}'], "line 3: a task stands before any run"),
        (['{"taskdeck": 1}', '{"run": {"created_at": 1}}'], "line 2: 'id' of the run is missing"),
        (['{"taskdeck": 1}', "[" * 100_000], "line 2: it is nested too deep"),
        (['{"taskdeck": 1}', '{"run": {"id": NaN}}'], "line 2: it is no JSON (NaN is not JSON)"),
    ],
)
async def test_files_that_are_none_are_refused_by_line(other: Store, lines: list[str], words: str) -> None:
    assert (await refusal(other, lines)).startswith(words)


def changed(kind: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[list[str]], list[str]]:
    """The lines with `change` made to the last record of `kind`."""

    def make(lines: list[str]) -> list[str]:
        records = [json.loads(line) for line in lines]
        index = max(i for i, record in enumerate(records) if kind in record)
        change(records[index][kind])
        return [json.dumps(record) for record in records]

    return make


def put(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda record: record.update(values)


def without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda record: record.pop(name)


WRONG: list[tuple[Callable[[list[str]], list[str]], str]] = [
    (changed("run", put(id="")), "line 2: 'id' of the run must not be empty"),
    (changed("run", put(id=7)), "line 2: 'id' of the run must be text"),
    (changed("run", put(created_at="now")), "line 2: 'created_at' of the run must be a number"),
    (changed("run", put(ended_at=-1)), "line 2: 'ended_at' of the run must be a number from 0"),
    (changed("run", put(created_at=1e18)), "line 2: 'created_at' of the run must be a number from 0"),
    (changed("run", put(status="done")), "line 2: 'status' of the run must be one of pending, in_progress"),
    (changed("run", put(status=["failed"])), "line 2: 'status' of the run must be one of"),
    (changed("run", put(facets={"tag": "x"})), "line 2: 'facets' of the run must be an object of lists"),
    (changed("run", put(facets={"colour": []})), "line 2: 'facets' of the run must have no keys but"),
    (changed("run", put(facets={"tag": [1]})), "line 2: 'facets' of the run must be text"),
    (changed("run", put(owner="me")), "line 2: a run has no 'owner'"),
    (changed("run", put(id="x")), "line 3: task 'a' is of run 'a', not 'x'"),
    (changed("task", put(id="a")), "line 4: task 'a' stands twice"),
    (changed("task", put(seq=1)), "line 4: a task has no 'seq'"),
    (changed("task", put(inputs=[])), "line 4: 'inputs' of the task must be an object"),
    (changed("task", put(result=1e999)), "line 4: it is no JSON"),
    (changed("task", put(dependencies="a")), "line 4: 'dependencies' of the task must be a list"),
    (changed("task", put(dependencies=[7])), "line 4: 'dependencies' of the task must hold dependencies: 7"),
    (changed("task", put(priority=4)), "line 4: 'priority' of the task must be a whole number from 0 to 3"),
    (changed("task", put(priority=True)), "line 4: 'priority' of the task must be a whole number"),
    (changed("task", put(attempt=2**60)), "line 4: 'attempt' of the task must be a whole number"),
    (changed("task", put(progress=1.5)), "line 4: 'progress' of the task must be a number from 0 to 1"),
    (changed("task", put(skipped=2)), "line 4: 'skipped' of the task must be a whole number from 0 to 1"),
    (changed("task", put(name=None)), "line 4: 'name' of the task must be text"),
    (changed("task", without("name")), "line 4: 'name' of the task is missing"),
    (changed("attempt", put(task_id="b")), "line 6: the attempt is of task 'b', which the run has not"),
    (changed("attempt", put(number=-1)), "line 6: 'number' of the attempt must be"),
    (changed("log", put(at=None)), "line 7: 'at' of the log must be a number"),
    (changed("log", put(text={})), "line 7: 'text' of the log must be text"),
    (changed("log", put(more=1)), "line 7: a log has no 'more'"),
    (lambda lines: [*lines, lines[5]], "line 8: attempt 1 of task 'a.1' stands twice"),
    (lambda lines: [*lines, '{"preset": {}}'], "line 8: 'preset' is no kind of record"),
    (lambda lines: [*lines[:2], lines[3]], "line 2: run 'a' has no root"),
    (lambda lines: [*lines[:2], *lines[1:]], "line 2: run 'a' has no root"),
    (lambda lines: lines[:3], "line 2: run 'a' has only 1 of its 2 tasks"),
]


@pytest.mark.parametrize(("make", "words"), WRONG, ids=[words for _, words in WRONG])
async def test_wrong_lines_are_refused_by_number_and_nothing_of_the_run_is_stored(
    store: Store, other: Store, make: Callable[[list[str]], list[str]], words: str
) -> None:
    await add_run(store, "a", ["completed", "failed"])
    await store.writer.commit([Write(statements.ARCHIVE, i, (i,)) for i in ("a", "a.1")])
    await store.writer.commit([statements.log("a", 1, LogLine(1.0, "stdout", "x"))])
    lines = await export(store)
    assert len(lines) == 7
    assert (await refusal(other, make(lines))).startswith(words)


async def test_numbers_beyond_json_are_refused(other: Store) -> None:
    lines = ['{"taskdeck": 1}', '{"run": {"id": "a", "created_at": 1e999, "status": "failed"}}']
    assert "line 2: 'created_at'" in await refusal(other, lines)
    lines[1] = lines[1].replace("1e999", "1")
    lines.append('{"task": {"id":"a","run_id":"a","name":"x","status":"completed","created_at":1,"result":[1e999]}}')
    assert "line 3: 'result' of the task $[0]: inf" in await refusal(other, lines)


async def test_an_error_tells_what_is_stored_already(store: Store, other: Store) -> None:
    await add_run(store, "a")
    await add_run(store, "b")
    lines = await export(store)
    with pytest.raises(StoreError, match=r"line 6: it is no JSON .*; 1 run before it stored"):
        await import_lines(other, [*lines, "x"])


async def test_ids_and_keys_that_other_tasks_have_are_refused_by_line(store: Store, other: Store) -> None:
    await add_run(store, "a", ["completed", "completed"])
    await store.writer.commit([Write(Statement(9, "UPDATE task SET idempotency_key = 'k' WHERE id = 'a.1'"), "x", ())])
    lines = await export(store)
    await add_run(other, "b")
    await other.writer.commit([Write(Statement(9, "UPDATE task SET id = 'a.1' WHERE id = 'b'"), "x", ())])
    with pytest.raises(StoreError, match=r"line 4: the task id 'a\.1' is taken by a task of run 'b'"):
        await import_lines(other, lines)
    await other.writer.commit([Write(Statement(9, "UPDATE task SET id = 'b', idempotency_key = 'k'"), "x", ())])
    with pytest.raises(StoreError, match="line 4: the idempotency key 'k' is taken by a task of run 'b'"):
        await import_lines(other, lines)
    assert await rows(other, "SELECT id FROM task") == [("b",)]


async def test_a_file_that_is_not_utf8_is_refused(other: Store, tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_bytes(b'{"taskdeck": 1}\n' + b"\xff\xfe\n")
    with path.open(encoding="utf-8") as file, pytest.raises(StoreError, match="not UTF-8"):
        await import_lines(other, file)


async def test_a_large_tree_is_read_in_pages(store: Store, other: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.writer.commit(run_writes("big", ["completed"] * 3000, inputs={"x": "y" * 50}))
    await store.writer.commit([statements.log("big.7", 1, LogLine(0.0, "stdout", f"{i}")) for i in range(1200)])
    sizes: list[int] = []
    read = store.rows

    async def counted(sql: str, values: Any) -> Any:
        found = list(await read(sql, values))
        sizes.append(len(found))
        return found

    monkeypatch.setattr(store, "rows", counted)
    lines = await export(store)
    assert max(sizes) <= transfer.PAGE_ROWS and len(lines) == 4202
    assert await import_lines(other, lines) == Imported(1, 0)
    assert (await export(other))[1:] == lines[1:]


async def test_a_result_above_the_limit_is_stored_compressed(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.transfer_fields.RESULT_LIMIT", 100)
    await add_run(store, "a", result="x" * 200)
    await import_lines(other, await export(store))
    assert await rows(other, "SELECT typeof(result) FROM task") == [("blob",)]
    task = await other.task("a")
    assert task is not None and task.result == "x" * 200
