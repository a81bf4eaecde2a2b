"""The console as a person uses it, over an engine of scripted answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from textual import events

from engine.catalogue import Problem
from engine.errors import StoreError, TaskError
from engine.task import Task, TaskStatus
from screenshots.demo import SPECS, SYNTAX_PROBLEM, broken_engine, busy_engine, empty_engine
from tests.tui.console_driver import SIZES, SMALL, TINY, WIDE, console
from tests.tui.fake_engine import FakeEngine, FakeThread, make_catalogue, make_spec
from tui.app import ConsoleApp
from tui.screens.quit import Question
from tui.task_reader import read_task
from tui.widgets.rows import Piece
from tui.widgets.text_view import TextView

# --- the path: find, fill, launch, see ---------------------------------------------------------------------------


@SIZES
async def test_find_fill_launch_and_see_the_result(size: tuple[int, int]) -> None:
    async with console(size=size) as driven:
        await driven.press("slash", *"greet", "enter", "enter", *"Alice", "ctrl+r")
        assert driven.engine.asked == [("launch", "greeting_executor")]
        assert "Hello, Alice!" in driven.screen
        assert "done" in driven.screen
        assert driven.console.pane == "runs"


@SIZES
async def test_a_failed_launch_shows_its_error(size: tuple[int, int]) -> None:
    async def fail(engine: FakeEngine, task: Any) -> None:
        engine.start(task.id)
        engine.finish(task.id, TaskStatus.FAILED, error="no such language", error_type="ValueError")

    async with console(size=size) as driven:
        driven.engine.behaviours["greeting_executor"] = fail
        await driven.press("slash", *"greet", "enter", "enter", *"Alice", "ctrl+r")
        assert "ValueError" in driven.screen
        assert driven.console.detail.tab == "Error"


async def test_a_task_that_writes_shows_its_log_until_it_ends() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "g", "j", "j")
        assert "layer 7: pushed" in driven.screen
        driven.engine.log_line("push", "layer 8: pushed 38.4 MB")
        await driven.settle()
        assert "layer 8: pushed" in driven.screen
        driven.engine.finish("push", result={"pushed": 10})
        await driven.settle()
        assert '"pushed": 10' in driven.screen


async def test_a_line_that_was_read_before_its_news_came_is_shown_once() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "g", "j", "j")
        for line in ("layer 8", "layer 9"):
            driven.engine.log_line("push", line)
        await driven.console.detail.loaded(await read_task(driven.engine, "push"))  # type: ignore[arg-type]
        driven.engine.log_line("push", "layer 10")
        await driven.settle()
        lines = driven.console.detail.log_view.text.split("\n")
        assert [line[9:] for line in lines[-3:]] == ["layer 8", "layer 9", "layer 10"]
        assert len(lines) == 11


async def test_a_tab_that_the_person_chose_stays_for_its_task() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "g", "j", "j", "f7")
        assert driven.console.detail.tab == "Inputs"
        driven.engine.finish("push", result={"pushed": 10})
        await driven.settle()
        assert driven.console.detail.tab == "Inputs"
        await driven.press("k")
        assert driven.console.detail.tab == "Result"


async def test_a_launch_that_takes_its_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large flow is stored before its first task shows; nobody shall launch it twice meanwhile."""
    stored = asyncio.Event()
    async with console() as driven:
        launch = driven.engine.launch

        async def slowly(*given: Any, **options: Any) -> Task:
            await stored.wait()
            return await launch(*given, **options)

        monkeypatch.setattr(driven.engine, "launch", slowly)
        await driven.press("slash", *"greet", "enter", "enter", *"Alice")
        await driven.pilot.press("ctrl+r")
        await driven.pilot.pause(0.6)
        assert "launching greeting_executor" in driven.said
        stored.set()
        await driven.settle()
        assert driven.engine.asked.count(("launch", "greeting_executor")) == 1


async def test_esc_leaves_the_dialog_and_launches_nothing() -> None:
    async with console() as driven:
        await driven.press("enter", "escape")
        assert driven.engine.asked == []
        assert driven.app.screen is driven.console
        assert driven.console.pane == "catalogue"


async def test_a_refusal_of_the_engine_is_a_toast() -> None:
    async with console() as driven:

        async def refuse(*_: Any, **__: Any) -> Any:
            raise TaskError("the tree is running already", "Wait for it")

        driven.engine.launch = refuse  # type: ignore[method-assign]
        await driven.press("slash", *"greet", "enter", "enter", *"Alice", "ctrl+r")
        assert any("running already" in notice.text for notice in driven.app.notices)


# --- the catalogue -----------------------------------------------------------------------------------------------


async def test_the_filter_ranks_keeps_clears_and_recalls() -> None:
    async with console() as driven:
        rows = driven.console.catalogue.rows
        await driven.press("slash", *"web")
        assert [row.key for row in rows.rows] == ["http_request"]
        assert "Executor http_request" in driven.screen
        await driven.press("enter")
        assert driven.app.focused is rows
        assert len(rows.rows) == 1
        await driven.press("escape")
        assert len(rows.rows) == len(SPECS)
        assert driven.console.catalogue.row is not None
        assert driven.console.catalogue.row.key == "http_request"
        await driven.press("slash")
        assert driven.console.catalogue.filter_line.text == "web"
        await driven.press("w", "escape")
        assert len(rows.rows) == len(SPECS)


async def test_problems_stand_above_any_filter_and_show_file_line_and_traceback() -> None:
    async with console(broken_engine) as driven:
        await driven.press("slash", *"hello", "enter")
        assert [row.key for row in driven.console.catalogue.rows.rows][-1] == "hello"
        assert driven.console.catalogue.rows.rows[1].problem == SYNTAX_PROBLEM
        await driven.press("1")
        assert "line 12" in driven.screen
        assert "return dict(" in driven.screen


async def test_a_problem_shows_the_source_around_its_line(tmp_path: Any) -> None:
    file = tmp_path / "odd.py"
    file.write_text("first = 1\nsecond = (\nthird = 3\n")
    problem = Problem(str(file), 2, "SyntaxError: '(' was never closed")

    def make() -> FakeEngine:
        engine = empty_engine()
        engine.catalogue = make_catalogue(*SPECS, problems=[problem])
        return engine

    async with console(make) as driven:
        await driven.press("1")
        assert "▶    2 │ second = (" in driven.screen
        assert "     3 │ third = 3" in driven.screen


@SIZES
async def test_a_broken_save_says_syntax_error_at_once_and_a_healed_one_says_changed(size: tuple[int, int]) -> None:
    async with console(busy_engine, size) as driven:
        await driven.press("2")
        driven.engine.publish_catalogue(make_catalogue(*SPECS, problems=[SYNTAX_PROBLEM], epoch=2))
        await driven.settle()
        assert "SyntaxError" in driven.last_line
        assert "(press 1)" in driven.last_line
        await driven.press("1")
        assert "Problem in greeting_executor.py:12" in driven.screen
        healed = [replace(spec, version="new") if spec.id == "greeting_executor" else spec for spec in SPECS]
        driven.engine.publish_catalogue(make_catalogue(*healed, epoch=3))
        await driven.settle()
        assert "greeting_executor changed" in driven.last_line
        assert any("greeting_executor changed" in notice.text for notice in driven.app.notices)


async def test_long_news_are_cut_before_the_key_that_leads_to_them() -> None:
    problem = Problem("/srv/" + "long_name_" * 9 + ".py", 7, "SyntaxError: " + "words " * 30)
    async with console(size=SMALL) as driven:
        driven.engine.publish_catalogue(make_catalogue(*SPECS, problems=[problem], epoch=2))
        await driven.settle()
        assert "long_name_" in driven.last_line
        assert "… (press 1)" in driven.last_line


async def test_the_cursor_stays_on_its_executor_when_others_come() -> None:
    async with console() as driven:
        await driven.press("j", "j")
        before = driven.console.catalogue.row
        driven.engine.publish_catalogue(make_catalogue(*SPECS, make_spec("aardvark"), epoch=2))
        await driven.settle()
        assert before is not None
        assert driven.console.catalogue.row == before
        assert "aardvark added" in driven.last_line


async def test_foreign_text_is_neither_markup_nor_escape() -> None:
    evil = make_spec("evil", "[/x]\x1b[2J\x1b]52;c;aGk=\x07name", "[@click=app.quit]quit[/]\x9b31m")

    def make() -> FakeEngine:
        engine = FakeEngine(evil)
        engine.add("[/nope]\x1b[31m", id="a")
        engine.start("a", progress=0.5, message="[/b]\x1b]0;t\x07")
        engine.log_line("a", "\x1b[2Jcleared [/red]")
        engine.finish("a", TaskStatus.FAILED, error="[/e]\x1b[2J", error_type="[x")
        return engine

    async with console(make) as driven:
        assert "[@click=app.quit]quit[/]" in driven.screen
        await driven.press("2", "f6", "f8", "f9")
        assert "\x1b" not in driven.screen
        assert "\x9b" not in driven.screen
        driven.app.notify("[/x]\x1b[2J")
        await driven.settle()


async def test_keys_in_a_burst_reach_what_they_were_meant_for() -> None:
    async with console(busy_engine) as driven:
        for key in ("2", "slash", *"cancel", "enter", "escape", "1", "slash", *"greet", "enter", "enter"):
            name = {"slash": "/"}.get(key, key if len(key) == 1 else None)
            driven.app.post_message(events.Key(key, name))
        for _ in range(20):
            await driven.settle()
        assert driven.engine.asked == []
        assert driven.console.catalogue.filter_line.text == "greet"
        assert driven.app.screen is not driven.console


# --- the runs ----------------------------------------------------------------------------------------------------


async def test_rows_say_state_progress_time_and_what_they_wait_for() -> None:
    async with console(busy_engine) as driven:
        for said in ("70%", "12 s", "layer 7 of 10", "waiting for push", "interrupted", "expected status 200"):
            assert said in driven.screen, said


async def test_the_cursor_stays_on_its_task_while_runs_come() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "g", "j", "j")
        assert driven.console.runs.rows.selected == "push"
        driven.engine.add("hello", id="new")
        await driven.settle()
        assert driven.console.runs.rows.selected == "push"
        assert driven.console.runs.rows.cursor == 3


async def test_folding_and_the_arrows() -> None:
    async with console(busy_engine) as driven:
        rows = driven.console.runs.rows
        await driven.press("2", "g", "enter")
        assert "├   build" not in driven.screen
        await driven.press("l")
        assert "├   build" in driven.screen
        await driven.press("l")
        assert rows.selected == "build"
        await driven.press("h")
        assert rows.selected == "deploy"
        await driven.press("G")
        assert rows.cursor == rows.count() - 1


async def test_the_runs_filter_shows_matches_with_their_parents() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "slash", *"verify", "enter")
        names = [row.task.name for row in driven.console.forest.visible]
        assert names == ["deploy web", "verify"]
        assert driven.console.detail.task_id == driven.console.runs.rows.selected
        await driven.press("escape")
        assert len(driven.console.forest.visible) > 2


async def test_cancel_of_a_leaf_asks_nothing() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "g", "j", "j", "c")
        assert driven.engine.asked == [("cancel", "push")]
        assert "cancelled" in driven.screen


async def test_cancel_with_children_asks_and_no_is_the_default() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "g", "c")
        assert isinstance(driven.app.screen, Question)
        await driven.press("enter")
        assert driven.engine.asked == []
        await driven.press("c", "l", "enter")
        assert driven.engine.asked == [("cancel", "deploy")]


async def test_cancel_tree_from_a_leaf_takes_the_root() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "g", "j", "j", "C", "l", "enter")
        assert driven.engine.asked == [("cancel", "deploy")]


async def test_rerun_fills_the_dialog_with_the_inputs_and_follows_the_same_task() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "G")
        assert driven.console.runs.rows.selected == "greeting"
        await driven.press("r")
        assert "Alice" in driven.screen
        await driven.press("ctrl+r")
        assert driven.engine.asked == [("rerun", "greeting")]
        assert driven.console.runs.rows.selected == "greeting"
        assert "Hello, Alice!" in driven.screen


async def test_a_running_task_is_not_rerun() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "g", "j", "j", "r")
        assert driven.app.screen is driven.console
        assert any("not ended" in notice.text for notice in driven.app.notices)


async def test_ten_thousand_tasks_cost_only_what_is_seen() -> None:
    def make() -> FakeEngine:
        engine = empty_engine()
        engine.add("many", id="root")
        for number in range(10_000):
            engine.add(f"part {number}", id=f"p{number}", parent="root")
        return engine

    async with console(make) as driven:
        rows = driven.console.runs.rows
        await driven.console.history.open("root")
        await driven.press("2", "G")
        assert rows.cursor == 10_000
        drawn: list[int] = []
        draw = rows.draw

        def noting(index: int, width: int) -> list[Piece]:
            drawn.append(index)
            return draw(index, width)

        rows.draw = noting  # type: ignore[method-assign]
        for number in range(5_000):
            driven.engine.start(f"p{number}")
        await driven.settle()
        assert len(set(drawn)) <= rows.size.height


# --- the log -----------------------------------------------------------------------------------------------------


async def test_scrolling_up_stops_following_and_counts_what_is_new() -> None:
    def make() -> FakeEngine:
        engine = empty_engine()
        engine.add("command", id="a")
        engine.start("a")
        for number in range(100):
            engine.log_line("a", f"line {number}")
        return engine

    async with console(make) as driven:
        await driven.press("2", "3")
        assert "line 99" in driven.screen
        await driven.press("k", "k", "k")
        driven.engine.log_line("a", "line 100")
        driven.engine.log_line("a", "line 101")
        await driven.settle()
        assert "Log (2 new)" in driven.screen
        assert "line 101" not in driven.screen
        await driven.press("G")
        assert "line 101" in driven.screen
        assert "new)" not in driven.screen
        await driven.press("f", "f")
        assert driven.console.detail.log_view.following


async def test_a_rerun_starts_with_an_empty_log() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "g", "j")
        await driven.press("f6")
        assert "Successfully built" in driven.screen

        async def wait(engine: FakeEngine, task: Any) -> None:
            engine.start(task.id)
            engine.log_line(task.id, "again")

        driven.engine.behaviours["command"] = wait
        await driven.press("r", "ctrl+r")
        assert "again" in driven.screen
        assert "Successfully built" not in driven.screen


# --- everywhere --------------------------------------------------------------------------------------------------


async def test_panes_by_tab_and_number() -> None:
    async with console(busy_engine, SMALL) as driven:
        seen = []
        for _ in range(3):
            await driven.press("tab")
            seen.append(driven.console.pane)
        assert seen == ["runs", "detail", "catalogue"]
        await driven.press("shift+tab")
        assert driven.console.pane == "detail"
        await driven.press("2")
        assert driven.console.runs.display
        assert not driven.console.catalogue.display
        await driven.press("1")
        assert driven.console.catalogue.display
        assert not driven.console.runs.display


async def test_zoom_gives_one_pane_the_screen_and_back() -> None:
    async with console(busy_engine) as driven:
        await driven.press("3", "plus")
        assert driven.console.detail.size.height > 30
        assert not driven.console.runs.display
        await driven.press("underscore")
        assert driven.console.runs.display


async def test_help_lists_the_keys_of_the_view_first() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "question_mark")
        text = driven.app.screen.query_one(TextView).text
        assert text.startswith("In the runs")
        assert "Cancel the selected task" in text
        assert "In the launch dialog" in text
        await driven.press("escape")
        assert driven.app.screen is driven.console


async def test_the_palette_does_what_it_names() -> None:
    async with console(busy_engine) as driven:
        await driven.press("2", "g", "j", "j", "ctrl+p")
        await driven.press(*"cancel")
        await driven.pilot.pause(0.3)
        await driven.press("enter")
        await driven.settle()
        assert ("cancel", "push") in driven.engine.asked


async def test_messages_keep_every_toast() -> None:
    async with console() as driven:
        driven.app.notify("remember me")
        await driven.press("M")
        assert "remember me" in driven.screen


async def test_what_was_written_past_the_console_can_be_read_and_does_nothing() -> None:
    async with console() as driven:
        await driven.press("O")
        assert "nothing was written past the console" in driven.screen
        await driven.press("O")
        assert driven.app.screen is driven.console
        driven.app.stray.add("from \x1b[2Ja C library")
        await driven.press("O")
        assert "Stray output" in driven.screen and "a C library" in driven.screen and "\x1b" not in driven.screen


async def test_quit_asks_while_tasks_run_and_staying_is_the_default() -> None:
    async with console(busy_engine) as driven:
        await driven.press("q")
        assert isinstance(driven.app.screen, Question)
        await driven.press("enter")
        assert driven.app.screen is driven.console
        await driven.press("ctrl+q", "l", "enter")
        assert driven.app.return_code == 0 and not driven.app.goes_on


async def test_quit_offers_to_leave_what_runs_running() -> None:
    async with console(busy_engine) as driven:
        await driven.press("q")
        assert "60 minutes at most" in driven.screen
        await driven.press("l", "l", "enter")
        assert driven.app.return_code == 0 and driven.app.goes_on


async def test_quit_asks_while_something_only_waits_for_its_time() -> None:
    async with console() as driven:
        driven.engine.later = 2
        await driven.press("q")
        assert isinstance(driven.app.screen, Question)
        assert "2 tasks wait for their time" in driven.screen and "next console" in driven.screen
        assert "Cancel and quit" not in driven.screen, "quitting cancels nothing that has not begun"


async def test_quit_without_running_tasks_just_ends() -> None:
    async with console() as driven:
        await driven.press("q")
        assert driven.app.return_code == 0


async def test_empty_runs_say_what_to_do() -> None:
    async with console() as driven:
        assert "no runs yet" in driven.screen
        assert "ctrl+r" in driven.screen


@pytest.mark.parametrize("size", [TINY, (39, 24), (80, 9), (1, 1)])
async def test_a_tiny_terminal_gets_a_hint(size: tuple[int, int]) -> None:
    async with console(busy_engine, size) as driven:
        if size != (1, 1):
            assert "needs" in driven.screen
        await driven.press("j", "2", "slash", "escape")
        await driven.pilot.resize_terminal(*WIDE)
        await driven.settle()
        assert "deploy web" in driven.screen


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (StoreError("no database: /x", "Choose another"), "no database: /x. Choose another"),
        (RuntimeError("odd"), "the console cannot start: RuntimeError: odd"),
    ],
)
async def test_what_keeps_the_engine_from_starting_ends_the_console_with_the_reason(
    trouble: Exception, said: str
) -> None:
    engine = empty_engine()
    app = ConsoleApp(FakeThread(engine, trouble), live=False)  # type: ignore[arg-type]
    async with app.run_test() as pilot:
        await pilot.pause()
        await app.workers.wait_for_complete()
    assert app.failure == said
    assert app.return_code == 2
