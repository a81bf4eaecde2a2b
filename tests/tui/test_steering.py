"""What a person does to runs and tasks: pause, skip, clone, delete, give secrets; and each where it is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Button

from engine.errors import TaskError
from engine.task import TaskStatus
from screenshots.demo import SPECS, broken_engine, busy_engine, empty_engine, steered_engine
from tests.tui.console_driver import SIZES, Driven, console
from tests.tui.fake_engine import FakeEngine, make_catalogue, make_spec
from tui.screens.launch import LaunchScreen
from tui.screens.quit import Question

LOGIN = {
    "type": "object",
    "properties": {"user": {"type": "string"}, "password": {"type": "string"}},
    "required": ["user", "password"],
}


def login_engine() -> FakeEngine:
    """A task whose password was lost with the process before, and one that ended."""
    engine = FakeEngine(*SPECS, make_spec("login", "Log in", schema=LOGIN))
    inputs = {"user": "ann", "password": "•••"}
    for id, hold in (("ended", ""), ("login", "needs its secrets: password")):
        engine.add("log in", id=id, params={"executor_id": "login"}, inputs=inputs, hold=hold)
    engine.start("ended")
    engine.finish("ended", result={"status": "completed"})
    return engine


def refusing(driven: Driven, method: str, error: TaskError) -> None:
    async def refuse(*_: Any, **__: Any) -> Any:
        raise error

    setattr(driven.engine, method, refuse)


def answer(driven: Driven) -> str:
    """What Enter answers now."""
    assert isinstance(driven.app.focused, Button)
    return str(driven.app.focused.label)


# --- pause -------------------------------------------------------------------------------------------------------


@SIZES
async def test_8_3_p_pauses_the_run_and_p_resumes_it(size: tuple[int, int]) -> None:
    async with console(busy_engine, size) as driven:
        driven.engine.finish("push")
        await driven.select("verify")
        assert "○ queued" in driven.line("verify")
        await driven.press("p")
        assert driven.engine.asked == [("pause", "deploy")]
        assert "paused" in driven.line("deploy web"), "the root says so"
        assert "‖ paused" in driven.line("verify"), "and what could run"
        assert "waiting for verify" in driven.line("announce"), "but not what waits for something else"
        assert "p resumes the run" in driven.screen
        assert "nothing new of it starts" in driven.said
        await driven.press("p")
        assert driven.engine.asked[-1] == ("resume", "deploy")
        assert "paused" not in driven.line("deploy web") + driven.line("verify")
        assert "goes on" in driven.said


async def test_8_3_a_running_root_of_a_paused_run_says_both() -> None:
    async with console(steered_engine) as driven:
        assert "◐" in driven.line("nightly report")
        assert "1/3  paused" in driven.line("nightly report")


async def test_8_3_an_ended_run_is_not_paused() -> None:
    async with console(busy_engine) as driven:
        await driven.select("greeting")
        await driven.press("p")
        assert driven.engine.asked == []
        assert "has ended: there is nothing to pause" in driven.said


async def test_8_3_what_the_engine_refuses_to_pause_or_resume_is_a_toast() -> None:
    async with console(busy_engine) as driven:
        refusing(driven, "pause", TaskError("run 'deploy' does not run here", "Only what runs can be paused"))
        await driven.select("push")
        await driven.press("p")
        assert "does not run here" in driven.said
        assert "Only what runs can be paused" in driven.said
        assert "paused" not in driven.line("deploy web")


@SIZES
async def test_8_3_while_the_queue_is_paused_the_status_line_says_so_whatever_else_is_news(
    size: tuple[int, int],
) -> None:
    async with console(broken_engine, size) as driven:
        await driven.press("P")
        assert driven.engine.asked == [("pause", "all")]
        assert "queue paused (P resumes)" in driven.last_line
        assert "greeting_executor.py" in driven.last_line, "the news stay too"
        driven.engine.publish_catalogue(make_catalogue(*SPECS, epoch=3))
        await driven.settle()
        assert "queue paused (P resumes)" in driven.last_line
        await driven.press("3", "P")
        assert driven.engine.asked[-1] == ("resume", "all")
        assert "queue paused" not in driven.last_line


async def test_8_3_a_queue_that_was_paused_before_the_restart_is_said_at_once() -> None:
    def make() -> FakeEngine:
        engine = busy_engine()
        engine.paused = True
        return engine

    async with console(make) as driven:
        assert "queue paused (P resumes)" in driven.last_line


async def test_nothing_is_paused_before_the_engine_is_there() -> None:
    async with console() as driven:
        driven.console.started = False
        await driven.press("P")
        assert driven.engine.asked == []
        assert "still starting" in driven.said


async def test_8_3_the_palette_pauses_the_queue() -> None:
    async with console(busy_engine) as driven:
        await driven.press("ctrl+p", *"pause queue")
        await driven.pilot.pause(0.3)
        await driven.press("enter")
        await driven.settle()
        assert driven.engine.asked == [("pause", "all")]


# --- skip --------------------------------------------------------------------------------------------------------


@SIZES
async def test_8_4_skip_asks_and_no_is_the_default(size: tuple[int, int]) -> None:
    async with console(busy_engine, size) as driven:
        await driven.select("verify")
        await driven.press("S")
        assert isinstance(driven.app.screen, Question)
        assert "Skip verify?" in driven.screen
        assert answer(driven) == "Don't"
        await driven.press("enter")
        assert driven.engine.asked == []
        await driven.press("S", "escape")
        assert driven.engine.asked == []
        await driven.press("S", "l", "enter")
        assert driven.engine.asked == [("skip", "verify")]
        assert "» skipped" in driven.line("verify"), "a glyph and a word of its own"
        assert "skipped by a person" in driven.screen
        assert "○ queued" in driven.line("announce"), "what waited for it may run"


async def test_8_4_a_failed_task_can_be_skipped_and_is_found_by_that_word() -> None:
    async with console(busy_engine) as driven:
        await driven.select("request")
        await driven.press("S", "l", "enter")
        assert driven.engine.asked == [("skip", "request")]
        assert "http_request" in driven.line("» skipped")
        await driven.press("slash", *"skipped", "enter")
        assert [row.task.id for row in driven.console.forest.visible] == ["request"]


@pytest.mark.parametrize(("task_id", "word"), [("push", "running"), ("greeting", "done")])
async def test_8_4_only_what_is_pending_or_failed_can_be_skipped(task_id: str, word: str) -> None:
    async with console(busy_engine) as driven:
        await driven.select(task_id)
        await driven.press("S")
        assert driven.app.screen is driven.console
        assert driven.engine.asked == []
        assert f"is {word}: only what is pending or failed can be skipped" in driven.said


async def test_8_4_a_task_that_began_while_the_question_stood_is_a_toast() -> None:
    async with console(busy_engine) as driven:
        await driven.select("verify")
        await driven.press("S")
        driven.engine.start("verify")
        await driven.press("l", "enter")
        assert "cannot be skipped" in driven.said
        assert "skipped" not in driven.line("verify")


# --- delete ------------------------------------------------------------------------------------------------------


@SIZES
async def test_5_6_delete_says_what_and_how_many_and_no_is_the_default(size: tuple[int, int]) -> None:
    async with console(busy_engine, size) as driven:
        driven.engine.finish("push", TaskStatus.FAILED, error="no route")
        await driven.select("deploy")
        await driven.press("D")
        assert "Delete the run deploy web with all its 5 tasks" in " ".join(driven.screen.replace("│", " ").split())
        assert answer(driven) == "Keep"
        await driven.press("enter")
        assert driven.engine.asked == []
        assert "deploy web" in driven.screen
        await driven.press("D", "l", "enter")
        assert driven.engine.asked == [("delete", "deploy")]
        assert "deleted 5 tasks" in driven.said
        assert driven.console.forest.row("deploy") is None
        assert driven.console.forest.row("verify") is None
        rows = driven.console.runs.rows
        assert rows.selected == driven.console.detail.task_id == "wait", "the cursor and the detail go to what is next"


async def test_5_6_a_branch_is_deleted_from_a_run_that_stays() -> None:
    async with console(steered_engine) as driven:
        engine = driven.engine
        for task_id in ("new-2", "crawl"):
            engine.finish(task_id)
        await driven.settle()
        root = driven.console.forest.row("import")
        assert root is not None
        assert (root.total, root.completed) == (11, 4)
        await driven.select("crawl")
        await driven.press("D")
        assert "crawl and all below it, 5 tasks" in " ".join(driven.screen.replace("│", " ").split())
        await driven.press("l", "enter")
        assert "deleted 5 tasks" in driven.said
        assert (root.total, root.completed) == (8, 1)
        assert "page 1" not in driven.screen
        assert "import orders  1/8" in driven.screen
        assert driven.console.detail.task_id == driven.console.runs.rows.selected == "upload"


async def test_5_6_the_last_run_leaves_an_empty_pane_that_says_what_to_do() -> None:
    def make() -> FakeEngine:
        engine = empty_engine()
        engine.add("hello", id="a")
        engine.start("a")
        engine.finish("a")
        return engine

    async with console(make) as driven:
        await driven.select("a")
        await driven.press("D")
        assert "Delete the run hello, its result and its log?" in " ".join(driven.screen.replace("│", " ").split())
        await driven.press("l", "enter")
        assert "no runs yet" in driven.screen
        await driven.press("D", "S", "p", "K", "r")
        assert driven.engine.asked == [("delete", "a")]
        assert "no task is selected" in driven.said


async def test_5_6_what_runs_is_not_deleted() -> None:
    async with console(busy_engine) as driven:
        for task_id in ("push", "deploy"):
            await driven.select(task_id)
            await driven.press("D")
            assert driven.app.screen is driven.console
        assert driven.engine.asked == []
        assert "push runs: cancel it before it is deleted" in driven.said


async def test_5_6_what_something_else_depends_on_is_not_deleted() -> None:
    async with console(busy_engine) as driven:
        await driven.select("verify")
        await driven.press("D", "l", "enter")
        assert "depends on it" in driven.said
        assert "verify" in driven.screen


async def test_5_6_a_tree_that_was_not_read_yet_is_counted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.history.WHOLE_TREE", 3)

    async with console(busy_engine) as driven:
        driven.engine.finish("push")
        await driven.select("deploy")
        assert driven.console.forest.row("build") is None
        await driven.press("D")
        assert "all its 5 tasks" in " ".join(driven.screen.replace("│", " ").split())


# --- clone -------------------------------------------------------------------------------------------------------


@SIZES
async def test_5_5_a_single_task_is_cloned_from_its_form(size: tuple[int, int]) -> None:
    async with console(busy_engine, size) as driven:
        await driven.select("greeting")
        await driven.press("K")
        assert "Clone" in driven.screen
        assert "Alice" in driven.screen
        await driven.press("escape")
        assert driven.engine.asked == []
        await driven.press("K", "ctrl+r")
        assert driven.engine.asked == [("submit", "greeting_executor")]
        copy = driven.engine.tasks[str(driven.console.runs.rows.selected)]
        assert copy.id != "greeting"
        assert (copy.original_task_id, copy.inputs) == ("greeting", {"name": "Alice", "language": "en"})
        assert "Hello, Alice!" in driven.screen
        assert driven.engine.tasks["greeting"].attempt == 1, "the original is not touched"


async def test_5_5_a_clone_keeps_name_and_settings_and_asks_for_secrets_again() -> None:
    async with console(login_engine) as driven:
        await driven.select("ended")
        await driven.press("K", "ctrl+r")
        assert isinstance(driven.app.screen, LaunchScreen), "not without the password"
        assert driven.engine.asked == []
        await driven.press(*"hunter2", "ctrl+r")
        made = driven.engine.tasks[str(driven.console.runs.rows.selected)]
        assert (made.name, made.executor_id) == ("log in", "login")
        assert made.inputs == {"user": "ann", "password": "hunter2"}


async def test_5_5_a_task_that_got_inputs_from_others_brings_them_along() -> None:
    async with console(busy_engine) as driven:
        push = driven.engine.tasks["push"]
        push.effective_inputs = {"command": "make push", "cwd": "/srv", "build": {"image": "web:41"}}
        await driven.select("push")
        await driven.press("K", "ctrl+r")
        made = driven.engine.tasks[str(driven.console.runs.rows.selected)]
        assert made.inputs == {"command": "make push", "cwd": "/srv"}


@SIZES
async def test_5_5_a_tree_is_cloned_after_a_question(size: tuple[int, int]) -> None:
    async with console(busy_engine, size) as driven:
        await driven.select("deploy")
        await driven.press("K")
        assert "copy of deploy web with all its 5 tasks" in " ".join(driven.screen.replace("│", " ").split())
        assert answer(driven) == "Don't"
        await driven.press("enter")
        assert driven.engine.asked == []
        await driven.press("K", "l", "enter")
        assert driven.engine.asked == [("copy", "deploy"), ("submit", "deploy web")]
        assert driven.console.runs.rows.selected == "copy-deploy"
        assert driven.console.forest.row("copy-verify") is not None


async def test_5_5_a_tree_that_lost_its_secrets_is_not_cloned() -> None:
    async with console(busy_engine) as driven:
        refusing(driven, "submit", TaskError("task 'push' needs its secrets", "Give its inputs again"))
        await driven.select("deploy")
        await driven.press("K", "l", "enter")
        assert "needs its secrets" in driven.said


async def test_5_5_what_only_spawned_children_is_a_single_task() -> None:
    async with console(steered_engine) as driven:
        await driven.select("crawl")
        await driven.press("K")
        assert isinstance(driven.app.screen, LaunchScreen)


async def test_5_5_a_task_whose_executor_is_gone_is_not_cloned() -> None:
    async with console(busy_engine) as driven:
        driven.engine.publish_catalogue(make_catalogue(*SPECS[1:], epoch=2))
        await driven.select("greeting")
        await driven.press("K")
        assert driven.app.screen is driven.console
        assert "no executor named 'greeting_executor'" in driven.said


# --- secrets -----------------------------------------------------------------------------------------------------


@SIZES
async def test_8_6_r_gives_a_waiting_task_its_secrets_back(size: tuple[int, int]) -> None:
    async with console(login_engine, size) as driven:
        await driven.select("login")
        assert "no secrets" in driven.line("needs its secrets: password")
        assert "r opens its form" in driven.screen
        await driven.press("r")
        assert "Give its secrets" in driven.screen
        await driven.press("ctrl+r")
        assert driven.engine.asked == [], "the mask is no password"
        await driven.press(*"hunter2")
        assert "hunter2" not in driven.screen
        await driven.press("ctrl+r")
        assert driven.engine.asked == [("rerun", "login")]
        assert driven.engine.tasks["login"].inputs == {"user": "ann", "password": "hunter2"}, "nothing of the mask"
        assert "no secrets" not in driven.screen


async def test_8_6_the_focus_of_such_a_form_is_on_the_secret() -> None:
    async with console(login_engine) as driven:
        await driven.select("login")
        await driven.press("r")
        assert not isinstance(driven.app.focused, Button)
        assert getattr(driven.app.focused, "password", False), "typed text must not land in an open field"


async def test_a_task_that_waits_for_something_else_is_not_rerun() -> None:
    async with console(steered_engine) as driven:
        for task_id in ("archive", "thumbnails", "notify"):
            await driven.select(task_id)
            await driven.press("r")
            assert driven.app.screen is driven.console
        assert driven.engine.asked == []
        assert "has not ended yet" in driven.said
