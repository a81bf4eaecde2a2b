"""The tree of runs under the keys: cursor, jumps, search, order, following, columns, pinned ancestors."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.task import TaskStatus
from screenshots.demo import busy_engine, empty_engine
from tests.tui.console_driver import SIZES, SMALL, WIDE, Driven, console
from tests.tui.fake_engine import FakeEngine
from tests.tui.made_tasks import delta, task
from tui.feed import Delta
from tui.forest import Forest
from tui.row_order import ORDERS


def forest_engine() -> FakeEngine:
    """Three groups of twenty, of which parts 7 and 33 failed and part 50 runs."""
    engine = empty_engine()
    engine.add("tree", id="tree")
    for group in range(3):
        engine.add(f"group {group}", id=f"g{group}", parent="tree")
        for part in range(group * 20, group * 20 + 20):
            engine.add(f"part {part}", id=f"p{part}", parent=f"g{group}")
    for part in (7, 33):
        engine.start(f"p{part}")
        engine.finish(f"p{part}", TaskStatus.FAILED, error=f"broken {part}")
    engine.start("p50")
    return engine


def title(driven: Driven) -> str:
    return driven.console.runs.border_title or ""


def under_cursor(driven: Driven) -> str:
    row = driven.console.runs.rows.row
    assert row is not None
    return row.task.id


# --- jumps and search --------------------------------------------------------------------------------------------


@SIZES
async def test_jumps_unfold_what_hides_a_failure_and_go_round(size: tuple[int, int]) -> None:
    async with console(forest_engine, size) as driven:
        await driven.press("2", "g", "j", "z", "g")
        assert len(driven.console.forest.visible) == 4
        seen = []
        for _ in range(4):
            await driven.press("right_curly_bracket")
            seen.append(under_cursor(driven))
        assert seen == ["p7", "p33", "p50", "p7"]
        assert driven.console.detail.task_id == "p7"
        await driven.press("left_curly_bracket")
        assert under_cursor(driven) == "p50" and "part 50" in driven.screen
        await driven.press("n")
        assert under_cursor(driven) == "p7", "without a search n goes to what failed"
        await driven.press("N")
        assert under_cursor(driven) == "p33"


async def test_nothing_to_jump_to_is_said() -> None:
    async with console() as driven:
        driven.engine.add("calm")
        await driven.settle()
        await driven.press("2", "right_curly_bracket", "n")
        assert "nothing failed and nothing runs" in driven.said and "nothing failed" in driven.said


async def test_a_search_hides_nothing_and_n_walks_it() -> None:
    async with console(forest_engine) as driven:
        await driven.press("2", "g", "backslash", *"id:p5", "enter")
        assert under_cursor(driven) == "p5"
        assert "11 found: id:p5" in title(driven)
        assert len(driven.console.forest.visible) == 64 and "found" in driven.line("part 5 ")
        await driven.press("n")
        assert under_cursor(driven) == "p50"
        await driven.press("N", "N")
        assert under_cursor(driven) == "p59"
        await driven.press("escape")
        assert title(driven) == "2 Runs"


async def test_looking_through_many_pauses_for_keys_and_ends_where_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.row_filter.PAUSE", 5)
    monkeypatch.setattr("tui.widgets.runs_pane.SLICE", 0)
    async with console(forest_engine) as driven:
        await driven.press("2", "g", "backslash", *"part 1", "enter")
        await driven.pilot.pause(0.3)
        assert under_cursor(driven) == "p1" and "found: part 1" in title(driven)
        await driven.press("slash", *"p33", "enter")
        await driven.pilot.pause(0.3)
        assert [row.task.id for row in driven.console.forest.visible] == ["tree", "g1", "p33"]


async def test_esc_in_the_search_line_ends_it() -> None:
    async with console(forest_engine) as driven:
        await driven.press("2", "backslash", *"part", "escape")
        assert title(driven) == "2 Runs" and driven.app.focused is driven.console.runs.rows


@SIZES
async def test_the_title_counts_what_a_filter_found(size: tuple[int, int]) -> None:
    async with console(forest_engine, size) as driven:
        await driven.press("2", "slash", *"status:failed", "enter")
        assert "2 Runs 2/64 · status:failed" in title(driven)
        assert [row.task.id for row in driven.console.forest.visible] == ["tree", "g0", "p7", "g1", "p33"]
        driven.engine.finish("p50", TaskStatus.FAILED, error="late")
        await driven.settle()
        assert "2 Runs 3/64" in title(driven) and "part 50" in driven.screen
        await driven.press("slash", *"name:zzz", "enter")
        assert "nothing matches" in driven.screen


async def test_b_goes_through_the_filters_by_status() -> None:
    async with console(forest_engine) as driven:
        await driven.press("2", "slash", *"part", "enter", "b")
        assert "2/64 · part status:failed" in title(driven)
        await driven.press("b")
        assert [row.task.id for row in driven.console.forest.visible] == ["tree", "g2", "p50"]
        await driven.press("b", "b", "b", "b")
        assert "60/64 · part" in title(driven)
        await driven.press("escape")
        assert title(driven) == "2 Runs"
        await driven.press("b")
        assert "status:failed" in title(driven)


# --- order, folding, following -----------------------------------------------------------------------------------


async def test_s_sorts_each_level_and_the_cursor_stays() -> None:
    async with console(forest_engine) as driven:
        await driven.select("p33")
        await driven.press("s", "s")
        assert "by status" in title(driven) and under_cursor(driven) == "p33"
        assert [row.task.id for row in driven.console.forest.visible][:3] == ["tree", "g0", "p7"]
        driven.engine.start("p1")
        driven.engine.finish("p1", TaskStatus.FAILED, error="x")
        await driven.settle()
        await driven.pilot.pause(1.2)
        assert [row.task.id for row in driven.console.forest.visible][2:4] == ["p1", "p7"]
        assert under_cursor(driven) == "p33"
        await driven.press("s", "s")
        assert title(driven) == "2 Runs"


async def test_following_goes_to_what_starts_and_fails_until_the_cursor_is_moved() -> None:
    async with console(forest_engine) as driven:
        await driven.press("2", "g", "f")
        assert "following" in title(driven) and under_cursor(driven) == "p50"
        driven.engine.start("p2")
        await driven.settle()
        await driven.pilot.pause(0.7)
        assert under_cursor(driven) == "p2"
        driven.engine.finish("p50", TaskStatus.FAILED, error="x")
        driven.engine.start("p3")
        await driven.settle()
        await driven.pilot.pause(0.7)
        assert under_cursor(driven) == "p50", "of two news a failure is the one to see"
        await driven.press("k")
        assert title(driven) == "2 Runs"
        driven.engine.start("p4")
        await driven.settle()
        assert under_cursor(driven) == "p49"


# --- what is drawn -----------------------------------------------------------------------------------------------


async def test_ancestors_stay_on_top_and_a_click_goes_to_them() -> None:
    async with console(forest_engine) as driven:
        await driven.select("p39")
        lines = [line for line in driven.screen.split("\n") if "│" in line]
        assert "tree" in lines[0] and "group 1" in lines[1], "\n".join(lines[:4])
        rows = driven.console.runs.rows
        top = rows.scroll_offset.y
        for _ in range(20):
            await driven.press("k")
            assert rows.cursor - rows.scroll_offset.y >= len(rows.pinned), "the cursor is never under them"
        assert rows.scroll_offset.y < top
        await driven.select("p59")
        await driven.pilot.click(rows, offset=(30, 0))
        await driven.settle()
        assert under_cursor(driven) == "tree"


async def test_pinned_rows_are_repainted_when_they_change() -> None:
    async with console(forest_engine) as driven:
        await driven.select("p59")
        driven.engine.start("p55")
        driven.engine.finish("p55", TaskStatus.FAILED, error="x")
        await driven.settle()
        assert "0/64, 3 failed" in driven.line("tree")


async def test_a_low_pane_has_no_pinned_rows() -> None:
    async with console(forest_engine, (80, 12)) as driven:
        await driven.press("2", "G")
        assert driven.console.runs.rows.pinned == [] and "part 59" in driven.screen


@pytest.mark.parametrize(("size", "wide"), [(SMALL, False), (WIDE, False), ((140, 36), True), ((170, 40), True)])
async def test_columns_give_way(size: tuple[int, int], wide: bool) -> None:
    async with console(busy_engine, size) as driven:
        await driven.press("2")
        line = driven.line("push")
        assert ("try 1" in line) is wide and ("command" in line) is wide
        assert "layer 7 of 10" in line
        assert ("ada" in line) is (size[0] >= 170)
        long = driven.line("http_request  expected") or driven.line("http_request")
        assert len(long) <= size[0]


async def test_foreign_text_in_the_columns_is_safe() -> None:
    def make() -> FakeEngine:
        engine = empty_engine()
        engine.add("漢字" * 80 + "[/b]\x1b[2J", id="x", params={"executor_id": "e\x1b]52;c;x\x07" + "漢" * 30})
        return engine

    async with console(make, (170, 40)) as driven:
        await driven.press("2")
        assert "\x1b" not in driven.screen and "…" in driven.line("漢字") and "ada" in driven.line("漢字")


# --- marks -------------------------------------------------------------------------------------------------------


async def test_marks_are_signs_counts_and_ranges_and_esc_takes_the_filter_first() -> None:
    async with console(forest_engine) as driven:
        await driven.select("p3")
        await driven.press("v")
        assert "mark a task first" in driven.said
        await driven.press("space", "j", "j", "v")
        assert "3 marked" in title(driven)
        assert [("*" in driven.line(f"part {n} ")) for n in (2, 3, 4, 5, 6)] == [False, True, True, True, False]
        await driven.press("space")
        assert "2 marked" in title(driven)
        await driven.press("slash", *"failed", "enter", "escape")
        assert "2 marked" in title(driven)
        await driven.press("escape")
        assert title(driven) == "2 Runs" and "*" not in driven.line("part 3 ")


# --- the cursor, by chance ---------------------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(st.integers(min_value=0, max_value=1 << 30))
async def test_by_chance_the_cursor_stays_on_its_task(seed: int) -> None:
    """Rows come above it, go, are filtered, sorted and folded; it leaves its task only where that is not shown."""
    rng = random.Random(seed)
    async with console() as driven:
        forest, rows = driven.console.forest, driven.console.runs.rows
        await driven.press("2")
        made = 0
        for _ in range(25):
            rows.move_to(rng.randrange(max(len(forest.visible), 1)))
            selected = rows.selected
            act = rng.randrange(5)
            if act == 0 or not forest.visible:
                above = rng.choice([None, *forest.visible])
                made += 1
                new = task(f"n{made}", above.task.id if above else None, run=above.task.run_id if above else f"n{made}")
                rows.update(forest.apply(delta(new)))
            elif act == 1:
                gone = rng.choice(forest.visible)
                rows.update(forest.apply(Delta(removed={row.task.id for row in gone.subtree()})))
            elif act == 2:
                forest.set_filter(rng.choice(["", "n1", "n2"]))
                rows.resync()
            elif act == 3:
                forest.view.sort(rng.choice(list(ORDERS)))
                rows.resync()
            else:
                forest.toggle(rng.randrange(len(forest.visible)))
                rows.resync()
            agrees(forest, rows.selected, rows.cursor, selected)


def agrees(forest: Forest, now: str | None, cursor: int, before: str | None) -> None:
    assert now == (forest.visible[cursor].task.id if forest.visible else None)
    if before is not None and forest.stand_in(before) is not None:
        assert forest.stand_in(before) == cursor
