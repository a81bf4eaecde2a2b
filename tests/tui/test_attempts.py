"""Attempts on the screen: retries that count down, a log that goes on over them, tasks spawned by each of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from engine.events import EventKind
from engine.policy import Policy
from engine.task import Task, TaskStatus
from screenshots.demo import SPECS, steered_engine
from tests.tui.console_driver import SIZES, Driven, console
from tests.tui.fake_engine import NOON, FakeEngine, make_catalogue, make_spec
from tui.widgets.rows import Piece


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """What the engine's words about times take as the present moment: the first of the list."""
    moments = [NOON]
    monkeypatch.setattr("engine.graph.now", lambda: moments[0])
    return moments


def flaky_engine() -> FakeEngine:
    """A task of an executor with three retries, at work."""
    engine = FakeEngine(*SPECS, make_spec("flaky", "Flaky", policy=Policy(retries=3)))
    engine.add("upload", id="upload", params={"executor_id": "flaky"})
    engine.add("idle", id="idle")
    engine.start("upload", ago=5)
    engine.log_line("upload", "connecting")
    return engine


def noted(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that are drawn from now on."""
    rows = driven.console.runs.rows
    drawn: list[int] = []
    draw = rows.draw

    def noting(index: int, width: int) -> list[Piece]:
        drawn.append(index)
        return draw(index, width)

    monkeypatch.setattr(rows, "draw", noting)
    return drawn


# --- retries -----------------------------------------------------------------------------------------------------


@SIZES
async def test_4_7_a_retry_says_when_and_which_attempt(size: tuple[int, int], clock: list[datetime]) -> None:
    async with console(flaky_engine, size) as driven:
        await driven.select("upload")
        driven.engine.retry("upload", 5, "connection reset")
        await driven.settle()
        line = driven.line("upload")
        assert "↻ retry" in line
        assert "retry in 5 s" in line
        assert "attempt 1 of 4 failed" in line
        driven.engine.start("upload")
        await driven.settle()
        assert "attempt 2 of 4" in driven.line("upload")
        assert "retry" not in driven.line("upload")


async def test_2_3_a_countdown_repaints_its_own_row_once_a_second(
    clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(flaky_engine) as driven:
        await driven.select("upload")
        driven.engine.retry("upload", 5, "connection reset")
        await driven.settle()
        row = driven.console.forest.index_of("upload")
        driven.console.tick()
        await driven.settle()
        drawn = noted(driven, monkeypatch)
        for passed in (0.4, 0.5):
            clock[0] = NOON + timedelta(seconds=passed)
            driven.console.tick()
            await driven.settle()
        assert drawn == [], "it still says 5 s"
        clock[0] = NOON + timedelta(seconds=1.2)
        driven.console.tick()
        await driven.settle()
        assert set(drawn) == {row}
        assert "retry in 4 s" in driven.line("upload")
        await driven.press("f9")
        assert "retry in 4 s" in driven.line("state"), "the detail counts along"
        clock[0] = NOON + timedelta(seconds=2.2)
        driven.console.tick()
        await driven.settle()
        assert "retry in 3 s" in driven.line("state")


async def test_2_3_nothing_ticks_when_nothing_on_the_screen_has_a_time(clock: list[datetime]) -> None:
    async with console(flaky_engine) as driven:
        rows = driven.console.runs.rows
        assert rows.ticks, "a task runs"
        driven.engine.retry("upload", 5, "reset")
        await driven.settle()
        assert rows.ticks, "one counts down"
        driven.engine.start("upload")
        driven.engine.finish("upload")
        driven.engine.tasks["idle"].not_before = NOON + timedelta(hours=1)
        await driven.settle()
        assert not rows.ticks, "a scheduled task says the same until it starts"


@SIZES
async def test_4_7_the_log_goes_on_over_a_retry_and_says_whose_lines_are_whose(size: tuple[int, int]) -> None:
    async with console(flaky_engine, size) as driven:
        await driven.select("upload")
        assert driven.console.detail.tab == "Log"
        driven.engine.retry("upload", 5, "connection reset")
        await driven.settle()
        assert driven.console.detail.tab == "Log", "it is still what matters"
        driven.engine.start("upload")
        driven.engine.log_line("upload", "connecting again")
        await driven.settle()
        expected = [
            "── attempt 1 of 4 ──",
            "12:00:00 connecting",
            "12:00:00 attempt 1 failed: connection reset; next in 5 s",
            "── attempt 2 of 4 ──",
            "12:00:00 connecting again",
        ]
        assert driven.console.detail.log_view.text.split("\n") == expected
        await driven.select("idle")
        await driven.select("upload")
        assert driven.console.detail.log_view.text.split("\n") == expected, "and the same when it is read again"


async def test_4_7_lines_of_an_attempt_that_began_ahead_of_its_row_are_its_own() -> None:
    """What may run twice writes before it is stored as running."""
    async with console(flaky_engine) as driven:
        await driven.select("upload")
        driven.engine.retry("upload", 0, "reset")
        driven.engine.log_line("upload", "early")
        driven.engine.start("upload")
        driven.engine.log_line("upload", "late")
        await driven.settle()
        lines = driven.console.detail.log_view.text.split("\n")
        assert lines[-3:] == ["── attempt 2 of 4 ──", "12:00:00 early", "12:00:00 late"]


async def test_5_4_after_a_rerun_the_log_begins_with_the_new_attempt() -> None:
    async with console(flaky_engine) as driven:
        driven.engine.finish("upload", TaskStatus.FAILED, error="no")
        await driven.select("upload")

        async def wait(engine: FakeEngine, task: Task) -> None:
            engine.start(task.id)
            engine.log_line(task.id, "second life")

        driven.engine.behaviours["flaky"] = wait
        await driven.press("r", "ctrl+r")
        lines = driven.console.detail.log_view.text.split("\n")
        assert lines == ["── attempt 2 of 4 ──", "12:00:00 second life"]
        driven.engine.finish("upload")
        await driven.press("f6")
        assert driven.console.detail.log_view.text.split("\n") == lines, "reading it again brings nothing back"
        await driven.select("idle")
        await driven.select("upload")
        assert "connecting" in driven.console.detail.log_view.text, "the former attempt's log is kept"


async def test_4_7_info_lists_each_attempt() -> None:
    async with console(flaky_engine) as driven:
        await driven.select("upload")
        await driven.press("f9")

        def tried() -> list[str]:
            lines = driven.console.detail.text_view.text.split("\n")
            return lines[next(at for at, line in enumerate(lines) if "attempt" in line) :]

        assert tried() == ["1 attempt of 4", "  1  2026-03-04 11:59:55    5.0 s  running  v3f2a, current"]
        driven.engine.retry("upload", 5, "connection reset")
        await driven.settle()
        failed = "  1  2026-03-04 11:59:55    5.0 s  failed  v3f2a, current  ConnectionError connection reset"
        assert tried() == ["1 attempt of 4", failed]
        driven.engine.start("upload", ago=1)
        await driven.settle()
        assert tried() == ["2 attempts of 4", failed, "  2  2026-03-04 11:59:59    1.0 s  running  v3f2a, current"]
        driven.engine.finish("upload", took=3)
        await driven.settle()
        assert tried() == ["2 attempts of 4", failed, "  2  2026-03-04 11:59:59    3.0 s  done  v3f2a, current"]


async def test_4_7_reruns_beyond_the_retries_are_counted_without_them() -> None:
    async def begin(engine: FakeEngine, task: Task) -> None:
        engine.start(task.id)

    async with console(flaky_engine) as driven:
        driven.engine.behaviours["flaky"] = begin
        driven.engine.finish("upload", TaskStatus.FAILED, error="no")
        driven.engine.tasks["upload"].attempt = 4
        await driven.engine.rerun("upload")
        await driven.settle()
        assert "attempt 5" in driven.line("upload")
        assert "attempt 5 of" not in driven.line("upload")


async def test_4_7_params_of_the_task_go_before_the_executors() -> None:
    async with console(flaky_engine) as driven:
        upload = driven.engine.tasks["upload"]
        assert driven.console.tries(upload) == 4
        upload.params = {"executor_id": "flaky", "retries": 1}
        assert driven.console.tries(upload) == 2
        upload.params = {"executor_id": "flaky", "retries": "many"}
        assert driven.console.tries(upload) == 4, "params that are none are the engine's to refuse"
        upload.params = {"executor_id": "gone"}
        assert driven.console.tries(upload) == 1


# --- what keeps a task waiting -----------------------------------------------------------------------------------


@SIZES
async def test_2_3_rows_say_what_they_wait_for(size: tuple[int, int], clock: list[datetime]) -> None:
    async with console(steered_engine, size) as driven:
        await driven.select("publish")
        for task_id, said in (
            ("upload", "no secrets"),
            ("upload", "needs its secrets: token"),
            ("thumbnails", "queued (pool gpu)"),
            ("archive", "scheduled at 2026-03-04 18:00:00"),
            ("publish", "waiting for upload"),
        ):
            assert said in driven.line(task_id), (task_id, said)


# --- spawned tasks -----------------------------------------------------------------------------------------------


async def test_8_1_spawned_tasks_come_under_their_parent_as_they_are_made() -> None:
    async with console(flaky_engine) as driven:
        await driven.select("upload")
        driven.engine.add("part 1", id="p1", parent="upload", spawned=1)
        await driven.settle()
        assert "└   part 1" in driven.screen
        assert driven.console.runs.rows.selected == "upload"
        driven.engine.start("p1")
        driven.engine.add("part 2", id="p2", parent="upload", spawned=1)
        driven.engine.finish("p1")
        await driven.settle()
        assert "✔ done" in driven.line("├   part 1")
        assert "└   part 2" in driven.screen
        assert "upload  1/3" in driven.screen


@SIZES
async def test_8_1_what_a_former_attempt_spawned_is_history_and_counts_nowhere(size: tuple[int, int]) -> None:
    async with console(flaky_engine, size) as driven:
        engine = driven.engine
        engine.add("part 1", id="p1", parent="upload", spawned=1)
        engine.start("p1")
        engine.finish("p1", TaskStatus.FAILED, error="timed out")
        await driven.select("upload")
        assert "1 failed" in driven.last_line
        engine.retry("upload", 1, "part 1 failed", "ChildFailed")
        await driven.settle()
        assert "failed" not in driven.last_line
        line = driven.line("part 1")
        assert "✗ failed" in line
        assert "attempt 1" in line
        assert "timed out" not in line
        roles = {role for _, role in driven.console.runs.rows.draw(driven.console.forest.index_of("p1") or 0, 80)}
        assert roles == {"dim"}
        engine.start("upload")
        engine.add("part 1", id="p2", parent="upload", spawned=2)
        engine.start("p2")
        engine.finish("p2")
        engine.finish("upload", result=1)
        await driven.settle()
        assert "upload  2/2" in driven.screen
        assert "attempt" not in driven.line("└   part 1")


async def test_8_1_history_is_refused_what_only_the_parent_can_do() -> None:
    async with console(steered_engine) as driven:
        await driven.select("old-2")
        await driven.press("S", "r")
        assert driven.app.screen is driven.console
        assert driven.engine.asked == []
        assert "spawned by attempt 1 of its parent: act on the parent instead" in driven.said
        await driven.press("f9")
        assert "attempt 1 of crawl" in driven.line("spawned by")


# --- after a restart ---------------------------------------------------------------------------------------------


async def test_7_2_runs_of_a_dead_console_that_go_on_are_shown_live() -> None:
    """What was read from the store is replaced by the records of the engine that takes the run over."""
    async with console(flaky_engine) as driven:
        await driven.select("upload")
        taken = Task("upload", "upload", "upload", params={"executor_id": "flaky"}, attempt=1, created=NOON.timestamp())
        driven.engine.tasks["upload"] = taken
        driven.engine.publish(EventKind.QUEUED, taken)
        await driven.settle()
        assert "queued" in driven.line("upload")
        driven.engine.start("upload", progress=0.5, message="half")
        driven.engine.log_line("upload", "going on")
        await driven.settle()
        assert "attempt 2 of 4  half" in driven.line("upload")
        assert "going on" in driven.screen


async def test_7_2_a_row_that_missed_the_take_over_is_mended_when_it_is_looked_at() -> None:
    async with console(flaky_engine) as driven:
        taken = Task("idle", "idle", "idle", params={"executor_id": "flaky"}, created=NOON.timestamp())
        taken.hold = "needs its secrets: token"
        driven.engine.tasks["idle"] = taken
        await driven.select("idle")
        assert "no secrets" in driven.line("idle")
        assert "r opens its form" in driven.screen
        await driven.press("r")
        assert "Give its secrets" in driven.screen


async def test_8_6_a_task_taken_over_without_its_secrets_says_so() -> None:
    async with console(flaky_engine) as driven:
        idle = driven.engine.tasks["idle"]
        idle.hold = "needs its secrets: token"
        driven.engine.publish(EventKind.PROGRESS, idle)
        await driven.settle()
        assert "needs its secrets: token" in driven.line("idle")
        driven.engine.publish_catalogue(make_catalogue(*SPECS, epoch=2))
        await driven.settle()
        assert "no secrets" in driven.line("idle")
