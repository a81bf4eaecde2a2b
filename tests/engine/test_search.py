"""Full text: what is found, when, and that no text of a person is syntax."""

from __future__ import annotations

import asyncio
import json
import random
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine import history_statements, json_data, search, statements
from engine.history import History, RunFilter
from engine.search import TEXT_LIMIT, Indexer, Words, document
from engine.statements import Write
from engine.store import Store
from engine.task import TaskStatus
from tests.engine.made_runs import add_run, hours, rows, run_writes


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = await Store.open(tmp_path / "taskdeck.db")
    yield made
    await made.close()


@pytest.fixture
async def history(store: Store) -> History:
    return History(store)


@pytest.fixture
async def indexer(store: Store) -> Indexer:
    return Indexer(store)


async def found(history: History, text: str) -> list[str]:
    runs = [run.id for run in await history.runs(RunFilter(text=text))]
    assert await history.count(RunFilter(text=text)) == len(runs)
    return runs


async def test_a_result_is_found_the_moment_it_is_stored_and_after_it_is_indexed(
    store: Store, history: History, indexer: Indexer
) -> None:
    await add_run(store, "live", ["completed", "in_progress"], result={"host": "web-7.example"}, ended=False)
    await add_run(store, "ended", ["failed"], error="no route to web-7.example")
    await add_run(store, "other", result={"host": "db-1"})
    texts = ["web-7.example", "WEB-7", "route web-7.exa", "ping", "no route"]
    before = [await found(history, text) for text in texts]
    assert before == [["ended", "live"], ["ended", "live"], ["ended"], ["other", "ended", "live"], ["ended"]]
    assert await indexer.catch_up() == 2
    assert [await found(history, text) for text in texts] == before
    assert await indexer.catch_up() == 0


@pytest.mark.parametrize("indexed", [False, True])
async def test_inputs_effective_inputs_results_errors_and_names_are_searched(
    store: Store, history: History, indexer: Indexer, indexed: bool
) -> None:
    await add_run(store, "inputs", inputs={"deep": [{"city": "Oslo"}, 4711]}, executor="x")
    await add_run(store, "result", result=["Bergen", {"k": "v"}], executor="x")
    await add_run(store, "error", ["failed"], error="Stavanger is closed", executor="x")
    await add_run(store, "name", executor="tromsø_sync")
    await store.writer.commit(
        [
            *run_writes("effective", ["pending"], executor="x", ended=False),
            statements.start("effective", 1, hours(0), '{"merged":"Bodø"}', None),
            history_statements.end_run("effective", TaskStatus.FAILED, {TaskStatus.FAILED: 1}, hours(1)),
        ]
    )
    if indexed:
        await indexer.catch_up()
    expected = {
        "oslo": "inputs", "4711": "inputs", "city": "inputs", "bergen": "result", "stavanger": "error",
        "bodø": "effective", "tromsø": "name",
    }  # fmt: skip
    assert {text: await found(history, text) for text in expected} == {t: [run] for t, run in expected.items()}
    assert await found(history, "oslo bergen") == []  # every word in one task


async def test_words_of_one_query_must_meet_in_one_task(store: Store, history: History, indexer: Indexer) -> None:
    await store.writer.commit(
        [
            *run_writes("a", ["completed"], result="alpha", ended=False),
            *run_writes("a.", ["completed"], result="beta", ended=False)[3:],
            history_statements.end_run("a", TaskStatus.COMPLETED, {TaskStatus.COMPLETED: 1}, hours(1)),
        ]
    )
    assert await found(history, "alpha beta") == []
    await indexer.catch_up()
    assert await found(history, "alpha beta") == []


async def test_the_index_knows_words_cases_accents_and_beginnings(
    store: Store, history: History, indexer: Indexer
) -> None:
    await add_run(store, "a", result={"Straße": "Crème brûlée ÄPFEL", "path": "C:\\temp\\x.log", "n": -12.75})
    await indexer.catch_up()
    for text in ("creme", "CRÈME brul", "äpfel", "apf", "straße", "c:\\temp\\x", "x.log", "-12.75", "12"):
        assert await found(history, text) == ["a"], text
    for text in ("reme", "brulee extra", "log.x", "temps"):
        assert await found(history, text) == [], text


async def test_a_live_run_is_searched_in_other_cases_and_through_escapes(store: Store, history: History) -> None:
    await add_run(store, "a", result={"name": "ÄPFEL", "path": 'C:\\temp "q"'}, ended=False)
    for text in ("äpfel", "Äpfel", "c:\\temp", '"q"', "PFEL"):
        assert await found(history, text) == ["a"], text


async def test_punctuation_is_found_literally(store: Store, history: History, indexer: Indexer) -> None:
    await add_run(store, "arrow", result={"rule": "a => b", "mood": "🎉"})
    await add_run(store, "plain", result={"rule": "a b"})
    await indexer.catch_up()
    assert await found(history, "=>") == ["arrow"]
    assert await found(history, "a => b") == ["arrow"]
    assert await found(history, "🎉") == ["arrow"]
    assert await found(history, "a b") == ["plain", "arrow"]
    assert await found(history, "=> c") == []


SYNTAX = [
    '"a OR (', "a OR b", "NOT", "AND OR NOT", "NEAR(a b, 2)", "text:a", "-a", "^a", "a*", "*", '"', '""', "'", "(",
    "a + b", "a\0b", "\0", "\ud800", "a\ud800", "%", "_", "\\", "\u0301", "𞤀", "😀", "a" * 100_000, "a " * 5_000, ";--",
    "{a b}", "search MATCH", "rowid:1", "\n\t", "text : {", "col1 MATCH 'x'", "\u200b", "ﬁ",
]  # fmt: skip


@pytest.mark.parametrize("indexed", [False, True])
async def test_nothing_that_is_typed_is_syntax_or_raises(
    store: Store, history: History, indexer: Indexer, indexed: bool
) -> None:
    await add_run(store, "a", result="one OR two")
    if indexed:
        await indexer.catch_up()
    for text in SYNTAX:
        for filter in (RunFilter(text=text), RunFilter(text=text, executor=text, user=text, tag=text, label=text)):
            await history.runs(filter)
            await history.count(filter)
        assert await history.tasks_matching("a", text) <= {"a"}
        await history.tasks_matching(text, text)
    assert await found(history, "one OR two") == ["a"]
    assert await found(history, "two OR one") == ["a"]  # three words, in any order
    assert await found(history, "one NOT two") == []
    assert await found(history, " \n ") == ["a"]  # blank: no filter


async def test_random_texts_never_raise(store: Store, history: History, indexer: Indexer) -> None:
    await add_run(store, "a", result="x")
    await indexer.catch_up()
    signs = random.Random(7)
    for _ in range(150):
        text = "".join(signs.choice("ab\"'()*:^-+{}\0\\ \u0301é🎉NEAROT,") for _ in range(signs.randrange(1, 12)))
        await history.runs(RunFilter(text=text))


async def test_stored_text_may_hold_anything(store: Store, history: History, indexer: Indexer) -> None:
    await add_run(store, "a", ["failed"], error="before\0after", inputs={"k": "half \ud800 pair", "z": "nul\0byte"})
    for text in ("after", "half", "pair", "\ud800"):
        assert await found(history, text) == ["a"], text
    await indexer.catch_up()
    for text in ("before", "after", "half", "pair", "byte", "\ud800"):
        assert await found(history, text) == ["a"], text


async def test_a_compressed_result_is_found_once_it_is_indexed(
    store: Store, history: History, indexer: Indexer
) -> None:
    await add_run(store, "a", result={"pad": "x" * 3000, "word": "needle"})
    assert await rows(store, "SELECT typeof(result) FROM task") == [("blob",)]
    assert await found(history, "needle") == []
    await indexer.catch_up()
    assert await found(history, "needle") == ["a"]


async def test_the_masks_of_secrets_are_all_that_is_indexed(store: Store, history: History, indexer: Indexer) -> None:
    await add_run(store, "a", inputs={"password": "•••"})
    await indexer.catch_up()
    assert await found(history, "password •••") == ["a"]


async def test_a_rerun_replaces_what_was_found(store: Store, history: History, indexer: Indexer) -> None:
    await add_run(store, "a", ["failed", "completed", "completed"], error="apricot", result="cherry")
    await indexer.catch_up()
    assert await found(history, "apricot") == ["a"]
    (run,) = await history.runs()
    again = statements.reset(run.root, {"n": "banana"}, hours(2))
    await store.writer.commit([history_statements.begin_run("a", "me", hours(2)), *again])
    assert await found(history, "apricot") == [] and await found(history, "banana") == ["a"]
    assert await found(history, "cherry") == ["a"]
    assert await indexer.catch_up() == 0  # it is live
    await store.writer.commit(
        [
            statements.start("a", 2, hours(2), None, None),
            statements.finish("a", TaskStatus.COMPLETED, '"plum"', None, None, 1.0, hours(3)),
            Write(statements.Statement(9, "DELETE FROM task WHERE id = 'a.2'"), "x", ()),
            history_statements.end_run("a", TaskStatus.COMPLETED, {TaskStatus.COMPLETED: 2}, hours(3)),
        ]
    )
    await indexer.catch_up()
    assert [await found(history, text) for text in ("apricot", "plum", "banana", "cherry")] == [[], ["a"], ["a"], ["a"]]
    assert await rows(store, "SELECT count(*) FROM search") == [(2,)]


async def test_a_run_begun_again_while_it_is_indexed_stays_unindexed(
    store: Store, history: History, indexer: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_run(store, "a", ["completed"] * 5, result="first")
    commit = store.writer.commit

    async def overtaken(writes: Any) -> None:
        monkeypatch.setattr(store.writer, "commit", commit)
        await commit([history_statements.begin_run("a", "me", hours(2))])
        await commit(writes)

    monkeypatch.setattr(store.writer, "commit", overtaken)
    await indexer._index([tuple(row) for row in await rows(store, "SELECT seq, id, ended_at FROM run")])
    assert await rows(store, "SELECT indexed FROM run") == [(0,)]
    assert await rows(store, "SELECT count(*) FROM search") == [(0,)]
    assert await found(history, "first") == ["a"]


async def test_tasks_of_a_run_that_match(store: Store, history: History, indexer: Indexer) -> None:
    await add_run(store, "a", ["completed", "failed", "completed"], error="apricot tart", result="apricot")
    await add_run(store, "b", ["failed"], error="apricot")
    for _ in range(2):
        assert await history.tasks_matching("a", "apricot") == {"a", "a.1", "a.2"}
        assert await history.tasks_matching("a", "tart apr") == {"a.1"}
        assert await history.tasks_matching("a", "nothing") == frozenset()
        assert await history.tasks_matching("a", "  ") == frozenset()
        assert await history.tasks_matching("nowhere", "apricot") == frozenset()
        await indexer.catch_up()


async def test_pages_of_matches_meet_also_between_indexed_and_live_runs(
    store: Store, history: History, indexer: Indexer
) -> None:
    for index in range(60):
        await add_run(store, f"r{index}", ["completed"] * (index % 3 + 1), result=f"match {index}")
    await indexer.catch_up()
    for index in (3, 30, 59):
        await store.writer.commit([history_statements.begin_run(f"r{index}", "me", hours(9))])
    for index in range(60, 70):
        await add_run(store, f"r{index}", result=f"match {index}", ended=index % 2 == 0)
    got: list[str] = []
    before = None
    while page := await history.runs(RunFilter(text="match"), before=before, limit=7):
        got += [run.id for run in page]
        before = page[-1].seq
    assert got == [f"r{index}" for index in reversed(range(70))]
    assert await history.count(RunFilter(text="match")) == 70
    assert await history.count(RunFilter(text="match", statuses=frozenset({"in_progress"}))) == 8


async def test_a_task_moved_ahead_of_its_run_is_paged_with_its_run(
    store: Store, history: History, indexer: Indexer
) -> None:
    """Tasks may be stored before others and yet belong to a later run: pages go by run, not by row."""
    await store.writer.commit(
        [
            *(write for write in run_writes("late", ended=False) if write.statement is statements.INSERT),
            *run_writes("early"),
        ]
    )
    await store.writer.commit(
        [
            history_statements.begin_run("late", "me", hours(1)),
            history_statements.end_run("late", TaskStatus.COMPLETED, {}, hours(2)),
        ]
    )
    await indexer.catch_up()
    first = await history.runs(RunFilter(text="ping"), limit=1)
    assert [run.id for run in first] == ["late"]
    rest = await history.runs(RunFilter(text="ping"), before=first[0].seq)
    assert [run.id for run in rest] == ["early"]


async def test_the_indexer_works_in_small_slices_and_leaves_others_their_turn(
    store: Store, history: History, indexer: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.writer.commit(run_writes("big", ["completed"] * 450, result="needle"))
    await store.writer.commit(run_writes("fat", ["completed"] * 8, result="y" * 900, inputs={"t": "z" * 100_000}))
    slices: list[tuple[int, int]] = []
    turns = 0
    commit = store.writer.commit

    def counted(writes: Any) -> Any:
        texts = [w.values[1] for w in writes if w.statement is history_statements.INDEX_TASK]
        slices.append((len(texts), sum(map(len, texts))))
        return commit(writes)

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(store.writer, "commit", counted)
    beside = asyncio.create_task(other())
    await indexer.catch_up()
    beside.cancel()
    assert max(rows for rows, _ in slices) <= 200
    assert max(size for _, size in slices) <= 2 * TEXT_LIMIT
    assert len(slices) > 7 and turns > len(slices)
    assert len(await history.tasks_matching("big", "needle")) == 450


async def test_a_started_indexer_goes_on_by_itself_and_stops(store: Store, history: History, indexer: Indexer) -> None:
    async def until_indexed(count: int) -> None:
        while await rows(store, "SELECT count(*) FROM run WHERE indexed = 1") != [(count,)]:
            await asyncio.sleep(0.005)

    await add_run(store, "a")
    indexer.start()
    await until_indexed(1)
    await add_run(store, "b")
    indexer.notify()
    await until_indexed(2)
    await indexer.stop()
    await indexer.stop()
    await add_run(store, "c")
    indexer.notify()
    await store.writer.flush()
    assert await rows(store, "SELECT id FROM run WHERE indexed = 0") == [("c",)]


async def test_a_failure_of_one_round_does_not_end_the_indexer(
    store: Store, indexer: Indexer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await add_run(store, "a")
    read = store.rows
    failures = iter([True])

    async def once_broken(sql: str, values: Any) -> Any:
        if next(failures, False):
            raise search.sqlite3.OperationalError("disk I/O error")
        return await read(sql, values)

    monkeypatch.setattr(store, "rows", once_broken)
    indexer.start()
    while "disk I/O error" not in caplog.text:
        await asyncio.sleep(0.005)
    indexer.notify()
    while await read("SELECT id FROM run WHERE indexed = 0", ()):
        await asyncio.sleep(0.005)
    await indexer.stop()


async def test_a_store_in_memory_is_searched_too() -> None:
    store = await Store.open(":memory:")
    await add_run(store, "a", result="needle")
    await Indexer(store).catch_up()
    assert await found(History(store), "need") == ["a"]
    await store.close()


# ── the text of a task ───────────────────────────────────────────────────────────────────────────────────────────────


def words(text: str) -> set[str]:
    return set(text.split("\n"))


def test_a_document_holds_names_keys_strings_and_numbers() -> None:
    value = {"a": 'x "quoted" \\ é\n', "b": [1, -2.5e-7, True, None, {"c": ""}], "a2": 'x "quoted" \\ é\n'}
    text = document("task", b"went wrong", json_data.encode(value), None, '"result"')
    assert words(text) == {"task", "went wrong", "a", 'x "quoted" \\ é', "", "b", "1", "-2.5e-07", "c", "a2", "result"}
    assert text.count("quoted") == 1  # what is repeated is kept once


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_document_takes_columns_that_are_cut_anywhere(cut: int) -> None:
    whole = json.dumps({"key": 'va\\l"ue', "n": [12, "é\ud800"]})
    assert document("t", None, whole[:cut]).startswith("t")
    assert document("t", None, zlib.compress(whole.encode())[:cut]).startswith("t")


def test_a_document_is_bounded_and_reads_the_beginning_of_a_huge_result() -> None:
    text = document("t", None, json.dumps("word " * 200_000))
    assert TEXT_LIMIT - 10 < len(text.encode()) <= TEXT_LIMIT and "word word" in text
    packed = zlib.compress(json.dumps(["first", "é" * 3_000_000]).encode(), 1)
    text = document("t", None, packed)
    assert "first" in text and len(text.encode()) <= TEXT_LIMIT
    assert len(document("n" * 400_000, b"e" * 400_000, '["x"]').encode()) == TEXT_LIMIT


def test_a_document_of_deep_json_needs_no_recursion() -> None:
    assert "deep" in document("t", None, "[" * 100_000 + '"deep"' + "]" * 100_000)


def test_words_of_a_query() -> None:
    assert Words.parse(" \n\0 ") is None
    assert Words.parse('say "hi" => no') == Words(("say", '"hi"', "=>", "no"), '"say" """hi""" "no"*', ("=>",))
    only_signs = Words.parse("=> --")
    assert only_signs is not None and (only_signs.match, only_signs.signs) == ("", ("=>", "--"))
    unfinished = Words.parse("err =>")
    assert unfinished is not None and unfinished.match == '"err"'
