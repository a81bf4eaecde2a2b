"""Acts on marked tasks: asked once with what they are, No by default, and told what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from engine.errors import TaskError
from engine.task import TaskStatus
from screenshots.demo import SPECS, busy_engine
from tests.tui.console_driver import SIZES, Driven, console
from tests.tui.fake_engine import FakeEngine, make_spec
from tui.screens.ask_name import NameScreen
from tui.screens.quit import Question


def many() -> FakeEngine:
    """A run of eight: two failed, two done, two running, two waiting."""
    engine = FakeEngine(*SPECS, make_spec("drop", "Drop", confirm=True))
    engine.add("tree", id="tree")
    for number in range(8):
        executor = {"executor_id": "drop" if number == 1 else "command"}
        engine.add(f"part {number}", id=f"p{number}", parent="tree", params=executor)
    for number in range(6):
        engine.start(f"p{number}")
    for number in range(4):
        failed = number < 2
        status = TaskStatus.FAILED if failed else TaskStatus.COMPLETED
        engine.finish(f"p{number}", status, error="broken" if failed else None)
    return engine


async def mark(driven: Driven, *ids: str) -> None:
    for id in ids:
        await driven.select(id)
        await driven.press("space")


def asked(driven: Driven) -> str:
    assert isinstance(driven.app.screen, Question)
    return driven.app.screen._text


@SIZES
async def test_cancel_names_how_many_of_what_and_no_is_the_default(size: tuple[int, int]) -> None:
    async with console(many, size) as driven:
        await mark(driven, "p2", "p4", "p5", "p6")
        await driven.press("c")
        assert asked(driven) == "Cancel 3 tasks (2 running, 1 pending)?"
        await driven.press("enter")
        assert driven.engine.asked == [] and "4 marked" in (driven.console.runs.border_title or "")
        await driven.press("c", "l", "enter")
        assert driven.engine.asked == [("cancel", id) for id in ("p2", "p4", "p5", "p6")]
        assert "cancelled 4" in driven.said or "cancelled 3, 1 was already done" in driven.said
        assert "marked" not in (driven.console.runs.border_title or "")


async def test_what_stands_under_another_marked_task_goes_with_it() -> None:
    async with console(many) as driven:
        await mark(driven, "p4", "tree", "p6")
        await driven.press("c")
        assert asked(driven) == "Cancel 1 task (1 pending) and 8 below them?"
        await driven.press("l", "enter")
        assert driven.engine.asked == [("cancel", "tree")]


async def test_cancel_tree_takes_the_runs_of_all_marked() -> None:
    async with console(busy_engine) as driven:
        await mark(driven, "push", "verify")
        await driven.press("C", "l", "enter")
        assert driven.engine.asked == [("cancel", "deploy")]


async def test_nothing_is_cancelled_that_has_ended() -> None:
    async with console(many) as driven:
        await mark(driven, "p0", "p2")
        await driven.press("c")
        assert driven.app.screen is driven.console and "ended already" in driven.said


async def test_rerun_leaves_out_what_runs_and_what_is_dangerous() -> None:
    async with console(many) as driven:
        await mark(driven, "p0", "p1", "p2", "p4")
        await driven.press("r")
        assert asked(driven) == (
            "Run 2 tasks (1 failed, 1 done) again with their inputs, and what depends on them?"
            " Left out: 1 that need their id typed (rerun each by itself), 1 that still wait or run, or are history."
        )
        await driven.press("l", "enter")
        assert driven.engine.asked == [("rerun", "p0"), ("rerun", "p2")]
        assert "rerun 2" in driven.said


async def test_nothing_to_rerun_is_said() -> None:
    async with console(many) as driven:
        await mark(driven, "p1", "p5")
        await driven.press("r")
        assert "nothing to rerun: 1 that need their id typed" in driven.said and driven.engine.asked == []


async def test_refusals_are_counted_and_the_rest_is_done() -> None:
    async with console(many) as driven:
        rerun = driven.engine.rerun

        async def picky(task_id: str, **given: Any) -> Any:
            if task_id == "p0":
                raise TaskError("task 'part 4' still runs", "Cancel it first")
            return await rerun(task_id, **given)

        driven.engine.rerun = picky  # type: ignore[method-assign]
        await mark(driven, "p0", "p2", "p3")
        await driven.press("r", "l", "enter")
        assert "rerun 2; 1 refused: task 'part 4' still runs" in driven.said


async def test_delete_counts_all_below_and_refuses_what_runs() -> None:
    async with console(many) as driven:
        await mark(driven, "p0", "p4")
        await driven.press("D")
        assert "part 4 still run" in driven.said and driven.app.screen is driven.console
        await driven.press("escape")
        await mark(driven, "p0", "p2")
        await driven.press("D")
        assert asked(driven).startswith("Delete 2 tasks (1 failed, 1 done) with all below them: 2 tasks in all")
        await driven.press("l", "enter")
        assert driven.engine.asked == [("delete", "p0"), ("delete", "p2")]
        assert "deleted 2" in driven.said and driven.console.forest.row("p0") is None


async def test_a_whole_run_among_them_is_said() -> None:
    async with console(busy_engine) as driven:
        await mark(driven, "greeting", "request")
        await driven.press("D")
        assert "2 whole runs among them" in asked(driven)
        await driven.press("l", "enter")
        assert driven.console.forest.row("greeting") is None


async def test_pause_and_resume_of_the_runs_of_marked_tasks() -> None:
    async with console(many) as driven:
        driven.engine.add("other", id="other")
        await driven.settle()
        await mark(driven, "p6", "p7", "other")
        await driven.press("p")
        assert asked(driven) == "Pause 2 runs?"
        await driven.press("l", "enter")
        assert {run for what, run in driven.engine.asked if what == "pause"} == {"tree", "other"}
        assert "paused 2" in driven.said and "3 marked" in (driven.console.runs.border_title or "")
        await driven.press("p", "l", "enter")
        assert {run for what, run in driven.engine.asked if what == "resume"} == {"tree", "other"}


async def test_in_the_detail_keys_act_on_what_it_shows() -> None:
    async with console(many) as driven:
        await mark(driven, "p4", "p5")
        await driven.press("3", "c")
        assert driven.engine.asked == [("cancel", "p5")]


async def test_export_asks_for_a_name_and_says_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with console(many) as driven:
        await driven.select("p3")
        await driven.press("x")
        assert isinstance(driven.app.screen, NameScreen)
        assert driven.app.screen.query_one(Input).value == "tree-tree.jsonl"
        await driven.press("escape")
        assert list(tmp_path.iterdir()) == []
        await driven.press("x", "enter")
        await driven.settle()
        written = tmp_path / "tree-tree.jsonl"
        assert written.read_text(encoding="utf-8").splitlines() == ['{"taskdeck":1}', '{"run":{"id":"tree"}}']
        assert "1 run written to" in driven.said
        await driven.press("x", "enter")
        await driven.settle()
        assert "exists already" in driven.said


async def test_export_of_marked_tasks_takes_their_runs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with console(busy_engine) as driven:
        await mark(driven, "push", "verify", "greeting")
        await driven.press("x", "enter")
        await driven.settle()
        assert (tmp_path / "2-runs.jsonl").read_text(encoding="utf-8").count('"run"') == 2
