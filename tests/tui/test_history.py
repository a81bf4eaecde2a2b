"""The history as a person uses it, over a real store."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from engine.store import Store
from engine.task import TaskStatus
from tests.tui.console_driver import SIZES, SMALL, WIDE
from tests.tui.history_driver import NOW, add, history, some_runs
from tui.actions import BESIDE, actions_of
from tui.palette import offered
from tui.screens.compare_runs import CompareScreen
from tui.screens.run import RunScreen
from tui.screens.run_stats import StatsScreen
from tui.screens.timeline import TimelineScreen
from tui.widgets.timeline import Timeline


async def none(store: Store) -> None:
    """A store without runs."""


@SIZES
async def test_a_run_is_found_by_a_word_of_its_input(tmp_path: Path, size: tuple[int, int]) -> None:
    async with history(tmp_path, size=size) as driven:
        assert driven.ids[:2] == ["deploy-2", "deploy-1"] and len(driven.ids) == 11
        await driven.press("slash", *"host7")
        assert driven.ids == ["ping-7"]
        await driven.press("enter")
        assert "connection reset" in driven.screen
        assert "\x1b" not in driven.screen
        await driven.press("escape")
        assert len(driven.ids) == 11
        await driven.press("escape")
        assert driven.app.screen is driven.console


async def test_typed_words_narrow_the_list(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        for words, wanted in {
            "status:failed executor:ping": ["ping-7", "ping-3"],
            "user:bob": ["deploy-2", "ping-5"],
            "tag:nightly": ["ping-6"],
            "label:week -label:month since:23h": ["ping-6"],
            "-executor:deploy -host1 -host2 host": [f"ping-{n}" for n in (8, 7, 6, 5, 4, 3, 0)],
            '"reset by"': ["ping-7", "ping-3"],
            "id:deploy-1": ["deploy-1"],
            "duration>1h": [],
        }.items():
            await driven.type(words)
            assert driven.ids == wanted, words
        assert "no run fits the filter" in driven.screen


async def test_a_wrong_word_is_said_and_changes_nothing(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        await driven.type("stauts:failed")
        assert "did you mean status:?" in driven.screen
        assert len(driven.ids) == 11
        await driven.press("enter")
        assert driven.history.line.is_edited  # it is not left with a wrong word
        await driven.press("tab")
        assert driven.history.line.text == "status:failed "
        assert driven.ids == ["deploy-2", "ping-7", "ping-3"]
        await driven.type("executor:pong")
        assert "did you mean ping?" in driven.screen and driven.ids == []


async def test_tab_completes_and_arrows_recall_also_after_a_restart(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        await driven.press("slash", *"exe", "tab", *"d", "tab", "enter")
        assert driven.history.line.text == "executor:deploy "
        await driven.type("host7")
        await driven.press("enter", "slash", "up")
        assert driven.history.line.text == "executor:deploy"
        await driven.press("down")
        assert driven.history.line.text == "host7"
    async with history(tmp_path, fill=none) as driven:
        await driven.press("slash", "up")
        assert driven.history.line.text == "host7"
        await driven.press("up")
        assert driven.history.line.text == "executor:deploy"


async def test_letters_are_text_in_the_line(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        await driven.press("slash", *"DrKxXqHEPTb=")
        assert driven.history.line.text == "DrKxXqHEPTb="
        assert driven.app.screen is driven.history


async def test_filters_are_saved_chosen_and_deleted(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        await driven.type("status:failed")
        await driven.press("enter", "F", "ctrl+t", *"bad ones", "enter", "escape")
        await driven.press("escape")
        assert len(driven.ids) == 11
        await driven.press("F")
        assert "bad ones" in driven.screen and "status:failed" in driven.screen
        await driven.press("enter")
        assert driven.history.line.text == "status:failed" and len(driven.ids) == 3
        await driven.press("F", "delete")
        assert "none is saved yet" in driven.screen


async def test_pages_follow_as_one_goes_down(tmp_path: Path) -> None:
    async def many(store: Store) -> None:
        for number in range(250):
            await add(store, f"r{number}", hour=number / 10)

    async with history(tmp_path, many) as driven:
        assert "100+ shown" in driven.screen
        await driven.press("G")
        assert "200+ shown" in driven.screen
        await driven.press("G", "G")
        assert "250 shown" in driven.screen
        assert driven.ids == [f"r{number}" for number in reversed(range(250))]


async def test_what_is_launched_comes_on_top_and_what_ends_says_so(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        await driven.press("j", "j")
        task = await driven.engine.launch("ping", {"url": "fresh"})
        await driven.engine.finished(task.id)  # type: ignore[attr-defined]
        await driven.until(lambda: driven.ids[0] == task.id and "12 shown" in driven.screen)
        await driven.until(lambda: driven.history.listed.runs[0].status is TaskStatus.COMPLETED)
        assert driven.history.list_rows.selected == "ping-8"  # the cursor stays on its run
        await driven.type("status:failed")
        task = await driven.engine.launch("ping", {"url": "again"})
        await driven.engine.finished(task.id)  # type: ignore[attr-defined]
        await driven.settle()
        assert task.id not in driven.ids


async def test_a_run_is_rerun_with_its_form_cloned_and_deleted(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        await driven.type("host7")
        await driven.press("enter", "r")
        assert "Rerun" in driven.screen
        await driven.press("ctrl+r")
        await driven.until(lambda: driven.history.listed.runs[0].status is TaskStatus.COMPLETED)
        await driven.press("escape", "K")
        assert "Clone" in driven.screen
        await driven.press("ctrl+r")
        await driven.settle()
        await driven.until(lambda: len(driven.ids) == 12)
        await driven.until(lambda: driven.history.list_rows.selected == driven.ids[0])
        await driven.until(lambda: driven.history.listed.runs[0].status is TaskStatus.COMPLETED)
        await driven.press("D")
        assert "Delete the run ping, its result and its log?" in driven.screen
        await driven.press("tab", "enter")
        await driven.until(lambda: len(driven.ids) == 11)


async def test_enter_opens_the_tree_and_esc_leads_back(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        await driven.press("enter")
        assert isinstance(driven.app.screen, RunScreen)
        assert len(driven.app.screen.forest.visible) == 3
        await driven.press("j", "j", "slash", *"nothing", "enter", "escape")
        assert isinstance(driven.app.screen, RunScreen)
        await driven.press("escape")
        assert driven.app.screen is driven.history


@SIZES
async def test_two_runs_are_compared(tmp_path: Path, size: tuple[int, int]) -> None:
    async with history(tmp_path, size=size) as driven:
        await driven.type("executor:ping")
        await driven.press("enter", "B")
        assert isinstance(driven.app.screen, CompareScreen)
        assert "host7" in driven.screen and "host8" in driven.screen
        left = driven.screen
        await driven.press("s")
        assert driven.screen != left
        await driven.press("escape", "space", "j", "j", "space")
        assert isinstance(driven.app.screen, CompareScreen)
        assert (driven.app.screen.found.left.run.id, driven.app.screen.found.right.run.id) == ("ping-6", "ping-8")
        await driven.press("y")
        assert "host6" in driven.app.clipboard
        await driven.press("escape", "G", "B")
        assert "no run before it" in driven.said


async def test_the_timeline_of_a_run(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        await driven.press("W")
        assert isinstance(driven.app.screen, TimelineScreen)
        rows = driven.app.screen.query_one(Timeline).rows
        assert len(rows.plan.bars) == 3
        fitting = rows.window
        await driven.press("z", "l")
        assert rows.window.cell == fitting.cell / 2
        await driven.press("0")
        assert rows.window == fitting
        await driven.press("j", "enter")
        assert isinstance(driven.app.screen, RunScreen)
        assert driven.app.screen.runs.rows.selected == "deploy-2.1"
        await driven.press("escape", "3", "alt+7")
        assert driven.history.detail.tab == "Timeline"
        assert isinstance(driven.app.focused, type(rows))
        await driven.press("y")
        assert "deploy" in driven.app.clipboard


async def test_the_statistics_lead_to_the_runs_of_an_executor(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        await driven.press("E")
        assert isinstance(driven.app.screen, StatsScreen)
        assert [each.executor_id for each in driven.app.screen.rows.stats] == ["deploy", "ping"]
        await driven.press("l", "l")
        assert driven.app.screen.rows.stats[0].executor_id == "ping"
        await driven.press("s")
        assert "▼failed" in driven.screen
        await driven.press("h", "j")
        chosen = driven.app.screen.rows.chosen
        assert chosen is not None
        await driven.press("enter")
        assert driven.app.screen is driven.history
        assert driven.history.line.text == f"executor:{chosen.executor_id} since:168h"


async def test_a_run_and_a_filter_are_exported(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        await driven.type("executor:deploy")
        await driven.press("enter")
        for key, name, runs in (("x", "one.jsonl", 1), ("X", "all.jsonl", 2)):
            await driven.press(key)
            field: Any = driven.app.screen.query_one("Input")
            field.value = str(tmp_path / name)
            await driven.press("enter")
            await driven.settle()
            lines = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
            assert lines[0]["taskdeck"] == 1 and sum("run" in line for line in lines) == runs
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        for path, said in ((tmp_path / "one.jsonl", "exists already"), (tmp_path / "no" / "x", "cannot be written")):
            await driven.press("x")
            driven.app.screen.query_one("Input", Input).value = str(path)
            await driven.press("enter")
            await driven.until(lambda said=said: said in driven.said)


async def test_how_long_runs_are_kept_is_said(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        assert "kept for ever" in driven.screen
    async with history(tmp_path, none, size=(150, 36), keep_days=30.0, keep_runs=1000) as driven:
        assert "kept 30 days, 1,000 runs of each executor · next to go: ping" in driven.screen


async def test_an_empty_history_says_what_to_do(tmp_path: Path) -> None:
    async with history(tmp_path, none) as driven:
        assert "no runs yet" in driven.screen and "Enter" in driven.screen
        await driven.press("j", "enter", "space", "x", "X", "D", "r", "B", "W", "y")
        assert driven.app.screen is driven.history
        await driven.press("E", "enter")
        assert "no task began in that time" in driven.screen


@pytest.mark.parametrize("size", [(20, 5), (40, 10), SMALL, WIDE, (200, 50)])
async def test_any_size_is_drawn(tmp_path: Path, size: tuple[int, int]) -> None:
    async with history(tmp_path, some_runs, size=size) as driven:
        for keys in (("slash", *"status:x"), ("escape", "B"), ("escape", "W"), ("escape", "E"), ("escape", "enter")):
            await driven.press(*keys)
            assert len(driven.screen.split("\n")) == size[1]
        await driven.pilot.resize_terminal(100, 30)
        await driven.settle()
        assert len(driven.screen.split("\n")[0]) == 100


@pytest.mark.parametrize("scope", BESIDE)
def test_no_key_of_a_view_has_two_meanings(scope: Any) -> None:
    folding = ("choose", "fold", "unfold")  # in the detail whatever has the focus says what that is
    around = [each for each in actions_of("detail") if scope == "timeline" and each.method not in folding]
    others = [*actions_of("app"), *around]
    own = [key for each in actions_of(scope) if each.id != "timeline.back" for key in each.keys]
    assert len(own) == len(set(own))
    assert not set(own) & {key for action in others for key in action.keys if action.group != "Moving"}


def test_now_is_after_all_runs() -> None:
    assert NOW.hour == 16


async def test_the_timeline_of_a_rerun_begins_with_it_and_can_be_searched(tmp_path: Path) -> None:
    async with history(tmp_path) as driven:
        await driven.press("W")
        rows = driven.app.screen.query_one(Timeline).rows
        rows.show(replace(rows.plan, rerun_at=rows.plan.first + 100), None)
        assert rows.origin == rows.plan.first + 100
        await driven.press("0")
        assert rows.origin == rows.plan.first
        await driven.press("escape", "3", "alt+7", "slash", *"deploy", "enter", "n")
        assert driven.history.detail.search_line.text == "deploy" and "2 of 3" in driven.screen
        rows = driven.history.detail.query_one(Timeline).rows
        assert rows.bar is not None and rows.bar.task.id == "deploy-2.1"
        assert not driven.history.detail.text_view.display


async def test_label_and_tags_stand_in_the_info(tmp_path: Path) -> None:
    async with history(tmp_path, size=(120, 60)) as driven:
        await driven.type("tag:nightly")
        await driven.press("enter", "alt+5")
        assert driven.line("run's label").split()[2:5] == ["label", "weekly", "check"]
        assert "nightly" in driven.line("run's tags")


async def test_jump_palette_and_borders_work_in_the_history(tmp_path: Path) -> None:
    async with history(tmp_path, size=(160, 36)) as driven:
        detail = driven.history.detail
        before = detail.outer_size.width
        await driven.press("less_than_sign")
        assert detail.outer_size.width > before
        await driven.press("ctrl+o")
        assert driven.app.screen is not driven.history
        await driven.press("escape", "equals_sign")
        assert "all of the height" in driven.said
        scopes = offered(set(), driven.history.scopes)
        assert {"history.filters", "history.export_all", "app.history"} <= {action.id for action in scopes}
        await driven.press("left_square_bracket")
        assert driven.app.screen is driven.console
