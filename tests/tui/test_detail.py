"""The detail pane: results in their shapes, inputs, errors, attempts, facts; searching, copying, folding by keys."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

import engine as engine_package
from engine.catalogue import Catalogue, ExecutorSpec, Problem
from engine.history import AuditEntry
from engine.task import TaskStatus
from engine.trace import Trace
from screenshots.demo import busy_engine, empty_engine
from tests.tui.console_driver import SIZES, Driven, console
from tests.tui.fake_engine import NOON, FakeEngine
from tui import cards
from tui.traceback_text import frames_left, place_of
from tui.widgets.json_view import JsonView
from tui.widgets.table_view import TableView

ENGINE = str(Path(engine_package.__file__).parent)
TRACE = f"""Traceback (most recent call last):
  File "{ENGINE}/run.py", line 193, in execute
    result = await _call(job)
             ^^^^^^^^^^^^^^^^
  File "/srv/executors/pay.py", line 12, in execute
    return charge(inputs)
  File "/srv/lib/python3.11/site-packages/bank.py", line 90, in charge
    raise ValueError("no money")
ValueError: no money"""


def returning(result: Any) -> Any:
    def make() -> FakeEngine:
        engine = empty_engine()
        engine.add("job", id="a")
        engine.start("a")
        engine.finish("a", result=result)
        return engine

    return make


async def open_detail(driven: Driven, *keys: str) -> None:
    await driven.select("a")
    await driven.press("3", *keys)


# --- results -----------------------------------------------------------------------------------------------------


@SIZES
async def test_a_tree_folds_by_enter_and_arrows(size: tuple[int, int]) -> None:
    async with console(returning({"deep": {"list": [1, 2]}, "end": True}), size) as driven:
        await open_detail(driven)
        assert isinstance(driven.console.detail.view, JsonView)
        assert '▾ "deep": {1}' in driven.screen and '"end": true' in driven.screen
        await driven.press("j", "enter")
        assert '▸ "deep": {1}  {list: [2]}' in driven.screen
        await driven.press("right", "right", "right")
        assert driven.console.detail.view.path == "$.deep.list"
        await driven.press("l", "left", "left", "left")
        assert driven.console.detail.view.path == "$.deep"


async def test_y_copies_the_value_and_capital_y_its_path() -> None:
    async with console(returning({"deep": {"list": [1, 2]}, "text": "a\nb"})) as driven:
        await open_detail(driven, "j", "j", "y")
        assert driven.app.clipboard == "[\n  1,\n  2\n]"
        await driven.press("Y")
        assert driven.app.clipboard == "$.deep.list"
        await driven.press("G", "y")
        assert driven.app.clipboard == "a\nb", "a text as it is"
        await driven.press("ctrl+y")
        assert driven.app.clipboard.startswith('{\n  "deep"')
        await driven.press("2", "Y")
        assert driven.app.clipboard == "a", "in the runs it is the task's id"


async def test_search_in_a_tree_unfolds_what_it_finds() -> None:
    async with console(
        returning({"items": [{"id": n, "name": f"n{n}"} for n in range(600)], "last": "n599"})
    ) as driven:
        await open_detail(driven)
        assert "n599" in driven.screen and "n5 " not in driven.screen
        await driven.press("slash", *"n599", "enter")
        assert "1 of 2" in driven.screen and driven.console.detail.view.path == "$.items[599].name"
        await driven.press("n")
        assert driven.console.detail.view.path == "$.last"
        await driven.press("N", "escape")
        assert not driven.console.detail.search_line.display


async def test_a_tree_that_is_drawn_again_stays_as_it_was_folded() -> None:
    async with console(returning({"a": [1, 2, 3], "b": 1})) as driven:
        await open_detail(driven, "j", "enter", "j")
        driven.console.detail.reload()
        await driven.settle()
        assert '▸ "a": [3]' in driven.screen and driven.console.detail.view.path == "$.b"


TABLE = [{"name": "b", "size": 2, **{f"column {n}": n for n in range(20)}}, {"name": "a", "size": 10}]


@SIZES
async def test_a_list_of_objects_is_a_table_that_sorts_and_moves_sideways(size: tuple[int, int]) -> None:
    async with console(returning(TABLE), size) as driven:
        await open_detail(driven)
        view = driven.console.detail.view
        assert isinstance(view, TableView)
        assert [line.split()[1] for line in driven.screen.split("\n") if " b  " in line or " a  " in line] == ["b", "a"]
        await driven.press("s")
        assert "name ▲" in driven.screen and view.text == "a"
        await driven.press("right", "s", "s", "y")
        assert "size ▼" in driven.screen and driven.app.clipboard == "10"
        await driven.press(*(["l"] * 20))
        assert "column 19" in driven.screen and "name" not in driven.line("column 19")
        await driven.press("slash", *"a", "enter")
        assert "of 1" in driven.screen or "1 match" in driven.screen


async def test_the_head_of_a_table_stays_while_it_scrolls() -> None:
    async with console(returning([{"name": f"row {n}", "n": n} for n in range(200)])) as driven:
        await open_detail(driven, "G")
        assert "row 199" in driven.screen and "name" in driven.screen
        await driven.press("g")
        assert "row 0 " in driven.screen and "name" in driven.screen


async def test_shapes_go_round() -> None:
    async with console(returning(TABLE)) as driven:
        await open_detail(driven)
        await driven.press("T")
        assert "▾ [2]" in driven.screen
        await driven.press("T")
        assert '"name": "b",' in driven.screen
        await driven.press("T")
        assert isinstance(driven.console.detail.view, TableView)
        await driven.press("f6", "T", "s")
        assert "there is none here" in driven.said


async def test_text_is_text_and_null_says_so() -> None:
    async with console(returning("# Title\nbody [/x]")) as driven:
        await open_detail(driven)
        assert "# Title" in driven.screen and "body [/x]" in driven.screen
    async with console(returning(None)) as driven:
        await open_detail(driven)
        assert "the executor returned nothing" in driven.screen


async def test_a_result_of_megabytes_opens() -> None:
    big = {"items": [{"id": n, "text": "some text " * 5, "ok": True} for n in range(30_000)]}
    async with console(returning(big)) as driven:
        await open_detail(driven)
        assert '▾ "items": [30,000]' in driven.screen or '▸ "items": [30,000]' in driven.screen
        await driven.press("j", "right", "j", "right")
        assert "0: {3}" in driven.screen


# --- inputs, errors ----------------------------------------------------------------------------------------------


async def test_inputs_mark_what_was_added_and_changed() -> None:
    def make() -> FakeEngine:
        engine = empty_engine()
        engine.add("job", id="a", inputs={"name": "x", "size": 1})
        engine.start("a")
        engine.tasks["a"].effective_inputs = {"name": "x", "size": 2, "color": {"deep": 1}}
        engine.finish("a", result=1)
        return engine

    async with console(make) as driven:
        await open_detail(driven, "f7", "plus")
        lines = [line.strip("│ ") for line in driven.screen.split("\n")]
        assert '"name": "x",' in lines
        assert '~   "size": 2,' in lines and '+   "color": {' in lines
        assert "as given" in lines and '"size": 1' in lines


def failing() -> FakeEngine:
    engine = empty_engine()
    engine.add("pay", id="a")
    engine.start("a")
    for line in TRACE.split("\n"):
        engine.log_line("a", line, "traceback")
    engine.finish("a", TaskStatus.FAILED, error="no money", error_type="ValueError")
    return engine


async def test_an_error_shows_its_traceback_without_our_own_frames_and_opens_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with console(failing) as driven:
        await open_detail(driven, "plus")
        assert driven.console.detail.tab == "Error"
        assert "ValueError" in driven.screen and 'pay.py", line 12' in driven.screen
        assert "run.py" not in driven.screen and "_call(job)" not in driven.screen
        assert "e opens /srv/executors/pay.py:12" in driven.screen
        asked: list[tuple[str, int | None]] = []

        async def edit(file: str, line: int | None) -> None:
            asked.append((file, line))

        monkeypatch.setattr(driven.console, "_edit", edit)
        await driven.press("e")
        assert asked == [("/srv/executors/pay.py", 12)]


def test_frames_of_the_engine_alone_are_kept() -> None:
    ours = TRACE.split("\n")[:4]
    assert frames_left(ours) == ours
    assert place_of(ours) == (f"{ENGINE}/run.py", 193)
    assert place_of(["no traceback"]) is None


# --- attempts ----------------------------------------------------------------------------------------------------


def tried() -> FakeEngine:
    engine = empty_engine()
    engine.add("job", id="a", inputs={"x": 1})
    engine.start("a", ago=60)
    engine.log_line("a", "first words")
    engine.tasks["a"].executor_version = "0ld0ld"
    engine.retry("a", 1, "it broke")
    engine.tasks["a"].executor_version = None
    engine.start("a", ago=30)
    engine.log_line("a", "second words")
    engine.finish("a", result={"good": True}, took=5)
    return engine


@SIZES
async def test_an_attempt_is_chosen_and_every_tab_shows_it(size: tuple[int, int]) -> None:
    async with console(tried, size) as driven:
        await open_detail(driven)
        assert '"good": true' in driven.screen
        await driven.press("A")
        assert "ConnectionErr" in driven.screen
        await driven.press("j", "enter")
        assert driven.console.detail.tab == "Error" and "it broke" in driven.screen
        assert "attempt 1 of 2, not the latest" in driven.screen
        await driven.press("f6")
        assert "first words" in driven.screen and "second words" not in driven.screen
        await driven.press("f5")
        assert "failed, no result" in driven.screen
        await driven.press("right_parenthesis")
        assert '"good": true' in driven.screen and "not the latest" not in driven.screen
        await driven.press("f6")
        assert "second words" in driven.screen and "first words" in driven.screen


async def test_source_and_rerun_then_are_those_of_the_chosen_attempt() -> None:
    async with console(tried) as driven:
        await open_detail(driven, "left_parenthesis", "f10")
        assert ("source", "0ld0ld") in driven.engine.asked
        await driven.press("V")
        assert "again with v0ld0" in " ".join(driven.screen.replace("│", " ").split())


async def test_a_task_that_was_tried_once_says_so() -> None:
    async with console(returning(1)) as driven:
        await open_detail(driven, "left_parenthesis")
        assert "there is one attempt only" in driven.said


# --- facts -------------------------------------------------------------------------------------------------------


async def test_info_tells_times_edges_params_and_who() -> None:
    def make() -> FakeEngine:
        engine = empty_engine()
        root = engine.add("root", id="r")
        engine.add("before", id="b", parent="r")
        engine.add("job", id="a", parent="r", after=["b"], params={"retries": 2, "tags": ["x"]})
        engine.add("after", id="c", parent="r", after=["a"])
        engine.tasks["a"].created = (NOON - timedelta(seconds=20)).timestamp()
        engine.start("b")
        engine.finish("b", result=1)
        engine.start("a", ago=10)
        engine.history.acts.append(AuditEntry(1, NOON, "ada", "pts/3 from 10.0.0.7", "launch", root.id, None, {}))
        return engine

    async with console(make) as driven:
        await open_detail(driven, "f9", "plus")
        assert "after 10 s" in driven.line("started")
        assert "✔ done  before" in driven.line("waits for")
        assert "after" in driven.line("needed by")
        assert '["x"]' in driven.line("tags") and "2" in driven.line("retries")
        assert "pts/3 from 10.0.0.7" in driven.line("launch")


async def test_info_tells_how_each_attempt_ran_and_what_it_left_behind() -> None:
    def make() -> FakeEngine:
        engine = empty_engine()
        engine.add("job", id="a")
        engine.start("a")
        left = ("thread 'lost' at x.py:3 in run", "process 99 (sleep)")
        engine.traced["a"] = [Trace(1, "process 4711 of its own", left)]
        engine.finish("a", result=1)
        return engine

    async with console(make) as driven:
        await open_detail(driven, "f9", "plus")
        assert "process 4711 of its own" in driven.line("ran in")
        assert "thread 'lost' at x.py:3" in driven.line("left behind") and "process 99 (sleep)" in driven.screen


def test_what_runs_apart_is_no_broken_file() -> None:
    apart = Problem("/x/a.py", 3, "executor 'a' runs in a process of its own", executor_id="a", is_apart=True)
    broken = Problem("/x/b.py", 1, "SyntaxError: invalid syntax")
    spec = ExecutorSpec("a", "A", "", lambda: None, {})
    card = "\n".join(text for text, _ in cards.executor(spec, [apart]))
    assert "each attempt runs in a process of its own" in card and "last good version" not in card
    assert "trusted again" in cards.problem(apart)[-1][0] and "loaded again" in cards.problem(broken)[-1][0]
    assert "1 of them" in cards.problems(Catalogue(problems=(apart, broken)))[0][0]
    assert "last good version of each" in cards.problems(Catalogue(problems=(broken,)))[0][0]


async def test_7_2_how_long_an_interrupted_task_ran_is_not_known() -> None:
    def make() -> FakeEngine:
        engine = empty_engine()
        engine.add("job", id="a")
        engine.start("a", ago=3_600)
        engine.finish(
            "a", TaskStatus.FAILED, error="the console ended while this ran", error_type="interrupted", took=3_000
        )
        return engine

    async with console(make) as driven:
        await open_detail(driven, "f9")
        assert "unknown" in driven.line("ended   ")
        assert "after" not in driven.line("ended   ")


# --- bad input ---------------------------------------------------------------------------------------------------

HOSTILE = st.text(
    st.one_of(st.sampled_from("\x1b[]m\x9b\u202e\u200b日é\u0301\t\n👩\ud800"), st.characters()), max_size=40
)
VALUES = st.recursive(
    HOSTILE | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(HOSTILE, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    value=VALUES, rows=st.lists(st.fixed_dictionaries({"a": HOSTILE}, optional={"b": VALUES}), min_size=1, max_size=4)
)
async def test_hostile_values_are_drawn_within_their_rows(value: Any, rows: list[dict[str, Any]]) -> None:
    for result in (value, rows, {"in": value}):
        async with console(returning(result), (70, 24)) as driven:
            await open_detail(driven)
            for _ in range(3):
                view = driven.console.detail.view
                for y in range(view.size.height):
                    strip = view.render_line(y)
                    assert sum(cell_len(piece.text) for piece in strip) == view.size.width
                    assert not any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 for letter in strip.text)
                await driven.press("T", "y")


async def test_the_task_before_stays_seen_until_the_next_is_read_and_is_never_copied_for_it() -> None:
    async with console(busy_engine) as driven:
        detail, forest = driven.console.detail, driven.app.forest
        first, second = [row.task for row in forest.visible if not row.children][:2]
        await driven.select(first.id)
        driven.app.live = True
        seen = detail.text_view.text
        detail.show_task(second, "waits for something else")
        assert detail.task_id == second.id and detail.text_view.text == seen
        assert detail.view is not detail.text_view or detail.text_view.text != seen, "who asks for it gets the new one"
