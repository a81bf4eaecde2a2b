"""The log on the screen: following, search, wrap, times, what is mixed in, what is marked, hostile text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment

from engine.events import LogLine
from engine.task import TaskStatus
from screenshots.demo import empty_engine
from tests.tui.console_driver import SIZES, Driven, console
from tests.tui.fake_engine import NOON, FakeEngine
from tui.task_reader import TAIL
from tui.widgets.log_view import LogView


def noisy(lines: int = 300, text: str = "line {}") -> Any:
    def make() -> FakeEngine:
        engine = empty_engine()
        engine.add("command", id="a")
        engine.start("a")
        for number in range(lines):
            engine.logs["a"].append((1, LogLine(NOON.timestamp() + number, "stdout", text.format(number))))
        return engine

    return make


async def open_log(driven: Driven, task_id: str = "a") -> LogView:
    await driven.select(task_id)
    await driven.press("3", "f6")
    return driven.console.detail.log_view


def rows(log: LogView) -> list[str]:
    return [strip.text for strip in (log.render_line(y) for y in range(log.size.height))]


def segments(log: LogView, text: str) -> list[Segment]:
    """The pieces of the first row that holds `text`."""
    for y in range(log.size.height):
        strip = log.render_line(y)
        if text in strip.text:
            return list(strip)
    raise AssertionError(f"{text!r} is not on the screen")


# --- following ---------------------------------------------------------------------------------------------------


@SIZES
async def test_going_up_stops_following_and_says_what_is_new(size: tuple[int, int]) -> None:
    async with console(noisy(), size) as driven:
        log = await open_log(driven)
        assert log.following and "line 299" in driven.screen
        await driven.press("k", "k")
        for number in range(3):
            driven.engine.log_line("a", f"late {number}")
        await driven.settle()
        assert "late 0" not in driven.screen
        assert "3 new · f follows" in driven.screen
        await driven.press("f")
        assert "late 2" in driven.screen and "new ·" not in driven.screen
        await driven.press("pageup")
        assert not log.following
        await driven.press("G")
        assert log.following


async def test_the_wheel_stops_following_too_and_the_cursor_stays_in_sight() -> None:
    async with console(noisy()) as driven:
        log = await open_log(driven)
        log.scroll_to(y=100, animate=False, force=True)
        await driven.settle()
        assert not log.following
        assert 100 <= log.cursor < 100 + log.size.height
        log.scroll_to(y=10_000, animate=False, force=True)
        await driven.settle()
        assert log.following


async def test_a_long_log_is_read_from_its_end_and_then_whole() -> None:
    async with console(noisy(TAIL * 2)) as driven:
        await driven.select("a")
        log = driven.console.detail.log_view
        await driven.press("3", "f6")
        assert f"line {2 * TAIL - 1}" in driven.screen
        await driven.press("g")
        assert "line 0 " in driven.screen
        assert log.count() == 2 * TAIL and log.text.startswith("12:00:00 line 0\n")


async def test_going_to_the_top_goes_on_when_older_lines_come() -> None:
    async with console(noisy(TAIL * 2)) as driven:
        await driven.select("a")
        await driven.press("3")
        await driven.pilot.press("f6", "g")
        await driven.settle()
        assert "line 0 " in driven.screen


async def test_a_passing_line_is_written_over() -> None:
    async with console(noisy(2)) as driven:
        log = await open_log(driven)
        for percent in (10, 20):
            driven.engine.publish_log("a", f" {percent} %\r")
        await driven.settle()
        assert "20 %" in driven.screen and "10 %" not in driven.screen
        driven.engine.log_line("a", "all of it")
        await driven.settle()
        assert "20 %" not in driven.screen and "all of it" in driven.screen
        assert log.text.count("\n") == 2


async def test_a_flood_leaves_a_mark_until_the_task_ends() -> None:
    async with console(noisy(1)) as driven:
        log = await open_log(driven)
        for number in range(2_500):
            driven.engine.log_line("a", f"flood {number}")
        await driven.settle()
        assert "… 500 lines came too fast to be shown" in log.text
        driven.engine.finish("a", result=1)
        await driven.settle()
        assert "too fast" not in log.text
        assert [line[9:] for line in log.text.split("\n")] == [
            "line 0",
            *(f"flood {number}" for number in range(2_500)),
        ]


# --- search ------------------------------------------------------------------------------------------------------


@SIZES
async def test_search_marks_counts_and_goes_from_match_to_match(size: tuple[int, int]) -> None:
    async with console(noisy(), size) as driven:
        log = await open_log(driven)
        await driven.press("g", "slash", *"line 10")
        assert "1 of 11" in driven.screen
        assert [piece.text for piece in segments(log, "line 10 ") if piece.style and piece.style.reverse] == ["line 10"]
        await driven.press("enter", "n")
        assert "2 of 11" in driven.screen and log.cursor == 100
        await driven.press("N", "N")
        assert "11 of 11" in driven.screen and log.cursor == 109, "around the beginning"
        await driven.press("escape")
        assert "of 11" not in driven.screen and not driven.console.detail.search_line.display


async def test_no_letter_is_a_command_while_one_types() -> None:
    async with console(noisy()) as driven:
        await open_log(driven)
        await driven.press("slash", *"fwtnqx")
        assert driven.console.detail.search_line.text == "fwtnqx"
        assert "0 matches" in driven.screen


async def test_capitals_count_only_where_one_types_them_and_patterns_begin_with_re() -> None:
    async with console(noisy(text="Line {}")) as driven:
        await open_log(driven)
        await driven.press("slash", *"line")
        assert "of 300" in driven.screen
        await driven.press(*(["backspace"] * 4), *"LINE")
        assert "0 matches" in driven.screen
        await driven.press(*(["backspace"] * 4), *r"re:e 1.9$")
        assert "of 10" in driven.screen
        await driven.press("backspace", "left_parenthesis")
        assert "no pattern" in driven.screen


async def test_only_matching_lines_and_those_to_come() -> None:
    async with console(noisy(50)) as driven:
        log = await open_log(driven)
        await driven.press("ampersand", *"line 4", "enter")
        assert log.count() == 11
        assert "only these" in driven.screen and "line 12" not in driven.screen
        driven.engine.log_line("a", "line 400")
        driven.engine.log_line("a", "nothing of it")
        await driven.settle()
        assert log.count() == 12 and "line 400" in driven.screen and "nothing" not in driven.screen
        await driven.press("ampersand")
        assert log.count() == 52
        await driven.press("ampersand", "escape")
        assert log.count() == 52 and not log.only


async def test_a_search_goes_through_what_is_still_to_be_read() -> None:
    async with console(noisy(TAIL * 3)) as driven:
        await open_log(driven)
        await driven.press("slash", *"line 17 ", "backspace", "enter")
        assert f"of {len([n for n in range(TAIL * 3) if f'line {n}'.startswith('line 17')])}" in driven.screen


# --- how it is shown ---------------------------------------------------------------------------------------------


async def test_wrap_and_sideways() -> None:
    async with console(noisy(1, "start " + "x" * 200 + " end")) as driven:
        log = await open_log(driven)
        assert "end" in driven.screen and log.count() > 1
        await driven.press("w")
        assert log.count() == 1 and "end" not in driven.screen
        assert rows(log)[0].rstrip().endswith("…")
        await driven.press(*(["l"] * 8))
        assert "end" in driven.screen and "start" not in driven.screen
        await driven.press(*(["left"] * 8), "w")
        assert "start" in driven.screen and "end" in driven.screen


async def test_times_of_day_since_the_start_and_none() -> None:
    async with console(noisy(5)) as driven:
        log = await open_log(driven)
        assert rows(log)[4].startswith("12:00:04  line 4")
        await driven.press("t")
        assert rows(log)[4].startswith("    +4.000  line 4")
        await driven.press("t")
        assert rows(log)[4].startswith("  line 4")
        await driven.press("t")
        assert rows(log)[4].startswith("12:00:04")


async def test_streams_are_told_apart_by_a_sign() -> None:
    async with console(noisy(0)) as driven:
        for stream in ("stdout", "stderr", "engine", "traceback"):
            driven.engine.log_line("a", f"from {stream}", stream)
        log = await open_log(driven)
        await driven.press("t", "t")
        assert [row[:2] for row in rows(log)[:4]] == ["  ", "! ", "· ", "✗ "]


async def test_colours_of_the_output_are_kept() -> None:
    async with console(noisy(0)) as driven:
        driven.engine.log_line("a", "\x1b[1;38;2;1;2;3mtrue\x1b[0m \x1b[31mred\x1b[0m \x1b[30mdark")
        log = await open_log(driven)
        styles = {piece.text: piece.style for piece in segments(log, "true") if piece.style}
        assert styles["true"].bold and styles["true"].color and styles["true"].color.triplet == (1, 2, 3)
        assert styles["red"].color and styles["red"].color.number == 1
        assert styles["dark"].color and styles["dark"].color.number == 8, "black on black is not seen"


async def test_logs_of_all_tasks_below_are_mixed_by_time() -> None:
    def make() -> FakeEngine:
        engine = empty_engine()
        engine.add("root", id="r")
        for name in ("one", "two"):
            engine.add(name, id=name, parent="r")
        engine.add("other", id="x")
        for at, owner in enumerate(("one", "two", "r", "one", "x")):
            engine.logs[owner].append((1, LogLine(NOON.timestamp() + at, "stdout", f"{owner} says {at}")))
        for name in ("r", "one", "two"):
            engine.start(name)
        return engine

    async with console(make) as driven:
        log = await open_log(driven, "r")
        assert log.text == "12:00:02 r says 2"
        await driven.press("m")
        assert log.text.split("\n") == [
            "12:00:00 one one says 0", "12:00:01 two two says 1", "12:00:02 root r says 2", "12:00:03 one one says 3",
        ]  # fmt: skip
        driven.engine.add("three", id="three", parent="two")
        driven.engine.start("three")
        driven.engine.log_line("three", "a new one")
        driven.engine.log_line("x", "not of it")
        await driven.settle()
        assert "three" in rows(log)[4] and "a new one" in rows(log)[4]
        assert "not of it" not in log.text
        assert "Log (with all below)" in driven.screen
        await driven.press("m")
        assert log.text == "12:00:02 r says 2"


@SIZES
async def test_the_large_log_and_back(size: tuple[int, int]) -> None:
    async with console(noisy(), size) as driven:
        await driven.select("a")
        await driven.press("L")
        assert driven.console.detail.log_view.size.height > size[1] - 6
        assert not driven.console.runs.display
        await driven.press("escape")
        assert driven.console.pane == "runs" and driven.console.runs.display


# --- copy, save --------------------------------------------------------------------------------------------------


async def test_copy_of_a_line_of_marked_lines_and_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("STY", raising=False)
    async with console(noisy(20, "\x1b[31mline {}\x1b[0m")) as driven:
        log = await open_log(driven)
        await driven.press("g", "j", "y")
        assert driven.app.clipboard == "line 1" and "copied 1 line" in driven.said
        await driven.press("v", "j", "j", "y")
        assert driven.app.clipboard == "line 1\nline 2\nline 3" and log.mark is None
        await driven.press("v", "j", "escape")
        assert log.mark is None
        await driven.press("ctrl+y")
        assert driven.app.clipboard == log.text and log.text.count("\n") == 19


async def test_what_may_not_reach_the_clipboard_is_kept_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    async with console(noisy(3)) as driven:
        await open_log(driven)
        await driven.press("g", "y")
        assert "this terminal has no clipboard, so it is in" in driven.said
        path = Path(driven.said.rsplit("it is in ", 1)[1].split(" too")[0])
        assert path.read_text() == "line 0\n" and path.stat().st_mode & 0o777 == 0o600


async def test_save_asks_for_a_path_and_writes_over_nothing_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with console(noisy(TAIL + 500)) as driven:
        await open_log(driven)
        await driven.press("x")
        assert (
            str(tmp_path / "command-log.txt") in driven.screen.replace("\n", "") or "command-log.txt" in driven.screen
        )
        await driven.press("enter")
        saved = tmp_path / "command-log.txt"
        assert saved.read_text().count("\n") == TAIL + 500 and saved.stat().st_mode & 0o777 == 0o600
        assert "saved" in driven.said
        await driven.press("x")
        assert "command-log-2.txt" in driven.screen
        await driven.press("end", *(["backspace"] * len("-2.txt")), *".txt", "enter")
        assert "is there already" in driven.screen
        saved.write_text("mine")
        await driven.press("enter")
        assert saved.read_text() == "mine", "no is the default"
        await driven.press("x", "end", *(["backspace"] * 200), *"/nowhere/at/all", "enter")
        assert "cannot be written" in driven.said


async def test_the_pager_gets_the_whole_in_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[str], str, int]] = []

    async def edit(app: Any, command: list[str]) -> int:
        seen.append((command, Path(command[-1]).read_text(), os.stat(command[-1]).st_mode & 0o777))
        return 0

    monkeypatch.setattr("tui.editor.edit", edit)
    monkeypatch.setenv("PAGER", "cat -v")
    async with console(noisy(3, "\x1b]52;c;x\x07line {}")) as driven:
        await open_log(driven)
        await driven.press("o")
        command, text, mode = seen[0]
        assert command[:2] == ["cat", "-v"] and mode == 0o600
        assert text == "12:00:00 line 0\n12:00:01 line 1\n12:00:02 line 2\n"
        assert not Path(command[-1]).exists()
        monkeypatch.setenv("PAGER", "no-such-pager")
        await driven.press("o")
        assert "$PAGER names 'no-such-pager'" in driven.said


# --- bad input ---------------------------------------------------------------------------------------------------

HOSTILE = st.text(
    alphabet=st.one_of(
        st.sampled_from("\x1b[]m;:0123\x9b\x07\u202e\u200b\u200d日本é\u0301\t👩👧🏽\ud800\r "), st.characters()
    ),
    max_size=120,
)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    texts=st.lists(HOSTILE, min_size=1, max_size=12),
    wrap=st.booleans(),
    pattern=st.sampled_from(["", "1", "re:.", "日"]),
)
async def test_every_row_has_the_width_of_the_screen_and_no_control_characters(
    texts: list[str], wrap: bool, pattern: str
) -> None:
    def make() -> FakeEngine:
        engine = noisy(0)()
        for text in texts:
            engine.logs["a"].append((1, LogLine(0.0, "stdout", text.rstrip("\r"))))
        return engine

    async with console(make, (60, 20)) as driven:
        log = await open_log(driven)
        log.wrap = wrap
        log.search(pattern)
        await driven.settle()
        for y in range(log.size.height):
            strip = log.render_line(y)
            assert strip.cell_length == log.size.width
            assert sum(cell_len(piece.text) for piece in strip) == log.size.width
            assert not any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 for letter in strip.text)


async def test_tiny_screens_and_storms_of_sizes() -> None:
    async with console(noisy(500, "日本 {} " + "x" * 300)) as driven:
        log = await open_log(driven)
        await driven.press("k", "k")
        for size in ((20, 5), (200, 60), (41, 11), (80, 24), (45, 10), (120, 36)):
            await driven.pilot.resize_terminal(*size)
            await driven.settle()
            assert all(log.render_line(y).cell_length == log.size.width for y in range(log.size.height))
        assert log.cursor == 497


async def test_keys_in_a_huge_log_are_quick() -> None:
    async with console(noisy(0)) as driven:
        log = await open_log(driven)
        log.add([("a", 1, LogLine(float(n), "stdout", f"{n} " + "word " * (n % 60))) for n in range(200_000)])
        await driven.settle()
        for key in ("g", "G", "ctrl+u", "w", "w", "t", "k"):
            await driven.press(key)
        assert len(log.lines) == 200_000


async def test_a_task_that_ended_keeps_its_log() -> None:
    async with console(noisy(3)) as driven:
        log = await open_log(driven)
        driven.engine.finish("a", TaskStatus.FAILED, error="no")
        await driven.settle()
        assert log.text.count("\n") == 2
