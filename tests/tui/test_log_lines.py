"""The model of a log: what it holds, where each line stands, what is found in it, how news and store are joined."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from engine.events import LogLine
from tui import log_lines
from tui.log_find import Finder, find
from tui.log_intake import Intake
from tui.log_layout import Layout
from tui.log_lines import BLOCK, Entry, LogLines, blocks_of, height, lines_of, shown, width_of
from tui.log_text import headed, stamp, written_all
from tui.search import BadPattern, Pattern
from tui.sgr import visible
from tui.widgets.looks import breaks


def entry(text: str, *, at: float = 0.0, task: str = "a", attempt: int = 1, stream: str = "stdout") -> Entry:
    return task, attempt, LogLine(at, stream, text)


def entries(*texts: str) -> list[Entry]:
    return [entry(text, at=float(at)) for at, text in enumerate(texts)]


def texts(lines: LogLines) -> list[str]:
    return [lines.line(number).text for number in range(lines.first, lines.end)]


# --- lines -------------------------------------------------------------------------------------------------------


def test_lines_keep_their_numbers_while_older_and_newer_ones_come() -> None:
    lines = LogLines()
    lines.add(entries("c", "d"))
    lines.put_before(blocks_of(entries("a", "b")))
    lines.add(entries("e"))
    assert texts(lines) == ["a", "b", "c", "d", "e"]
    assert (lines.first, lines.end, lines.line(0).text) == (-2, 3, "c")
    with pytest.raises(IndexError):
        lines.line(3)


def test_many_lines_are_all_there_in_little_memory() -> None:
    tracemalloc.start()
    lines = LogLines()
    lines.add(
        entry(f"2026-03-04 12:00:00 INFO line {number} of a job that says much", at=number) for number in range(100_000)
    )
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 100_000 * 60, "a LogLine of Python's would take 250 bytes"
    for number in (0, 1, BLOCK - 1, BLOCK, 54_321, 99_999):
        assert f"line {number} of" in lines.line(number).text
        assert lines.line(number).at == number


def test_adding_a_line_is_cheap() -> None:
    given_lines = [entry(f"\x1b[32mok\x1b[0m line {number}", at=number) for number in range(20_000)]
    lines = LogLines()
    began = time.perf_counter()
    for at in range(0, len(given_lines), 1_000):
        lines.add(given_lines[at : at + 1_000])
    assert (time.perf_counter() - began) / len(given_lines) < 200e-6, "a guard ten times above what was measured"


def test_of_too_many_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "LIMIT", 3 * BLOCK)
    lines = LogLines()
    lines.add(entry(str(number)) for number in range(5 * BLOCK))
    assert lines.end == 5 * BLOCK and len(lines) <= 3 * BLOCK
    assert lines.left_out == lines.first
    assert lines.line(lines.first).text == str(lines.first)
    first = next(iter(written_all(lines.snapshot(), "off", 0, {}, lines.left_out)))
    assert first == f"… {lines.left_out:,} older lines are not here …"


def test_a_line_with_line_ends_inside_becomes_several() -> None:
    lines = LogLines()
    lines.add(entries("one\ntwo\n", "three"))
    assert texts(lines) == ["one", "two", "", "three"]


def test_lone_surrogates_survive_the_packing() -> None:
    block = blocks_of(entries("a\ud800b", "日本"))[0]
    assert [line.text for line in lines_of(block)] == ["a\ud800b", "日本"]


def test_colours_go_on_in_the_next_lines_of_their_stream() -> None:
    lines = LogLines()
    lines.add(
        [entry("\x1b[31mred"), entry("err", stream="stderr"), entry("still"), entry("end\x1b[0m"), entry("plain")]
    )
    assert [text.replace("\x1b", "^") for text in texts(lines)] == [
        "^[31mred",
        "err",
        "^[38;5;1mstill",
        "^[38;5;1mend^[0m",
        "plain",
    ]


def test_a_passing_line_stands_until_something_is_written_over_it() -> None:
    lines = LogLines()
    lines.add([entry("start"), entry(" 10 %\r"), entry(" 20 %\r")])
    assert texts(lines) == ["start"]
    assert [line.text for line in lines.passing.values()] == [" 20 %"]
    lines.add([entry("other", stream="stderr")])
    assert lines.passing
    lines.add([entry("done")])
    assert texts(lines) == ["start", "other", "done"] and not lines.passing


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("\x1b[31mabc\x1b[0m", 3),
        ("é", 1),
        ("日本", -4),
        ("a\tb", 6),
        ("e\u0301", -1),
        ("", 0),
        ("日\u0301", -2),
    ],
)
def test_widths_are_those_of_what_is_drawn(text: str, width: int) -> None:
    assert width_of(text) == width


@given(st.text(alphabet=st.sampled_from("ab 日本é\u0301\t👩\u200d👧\x1b[31m"), max_size=80), st.integers(2, 30))
def test_a_line_has_as_many_rows_as_it_is_cut_into(text: str, room: int) -> None:
    plain = visible(text)
    places = breaks(plain, room)
    rows = [plain[start:end] for start, end in zip(places, [*places[1:], len(plain)], strict=True)]
    assert "".join(rows) == plain
    assert all(cell_len(row) <= room for row in rows)
    width = width_of(text)
    assert height(width, room) >= len([row for row in rows if cell_len(row)])
    assert height(width, room) <= len(rows) or width < 0


def test_a_megabyte_in_a_line_is_cut_and_says_so() -> None:
    text = shown("x" * 1_000_000)
    assert len(text) < 17_000 and text.endswith("983,616 characters more, the pager shows them")


# --- where lines stand -------------------------------------------------------------------------------------------


def check(layout: Layout, numbers: Sequence[int]) -> None:
    """Every row belongs to the line that it should, and back."""
    row = 0
    for number in numbers:
        assert layout.row_of(number) == row
        for part in range(layout.height_of(number)):
            assert layout.at(row) == (number, part)
            row += 1
    assert layout.rows == row
    with pytest.raises(IndexError):
        layout.at(row)


def test_rows_of_wrapped_and_of_matching_lines() -> None:
    from array import array

    lines = LogLines()
    lines.add(entry("x" * (number % 25)) for number in range(3_000))
    lines.put_before(blocks_of(entry("y" * 12) for _ in range(1_500)))
    everything = range(-1_500, 3_000)
    check(Layout(lines), everything)
    check(Layout(lines, 10), everything)
    some = array("q", (-1_400, -3, 0, 24, 999, 2_999))
    check(Layout(lines, 0, some), some)
    check(Layout(lines, 10, some), some)
    layout = Layout(lines, 10, some)
    assert [layout.step(0, by) for by in (1, -1, 2, 99, -99)] == [24, -3, 999, 2_999, -1_400]
    assert layout.step(5, 1) == 24 and layout.step(5, -1) == 0


# --- search ------------------------------------------------------------------------------------------------------


def run_all(finder: Finder) -> list[int]:
    while not finder.is_done:
        stretch, blocks = finder.take()
        finder.keep(find(finder.pattern, stretch, blocks))
    return list(finder.found)


@pytest.mark.parametrize("origin", [0, 25_000, 49_999])
def test_a_search_looks_at_every_line_once_and_the_nearest_first(origin: int) -> None:
    lines = LogLines()
    lines.add(entry("needle" if number % 1_000 == 7 else "hay") for number in range(50_000))
    finder = Finder(Pattern("NEEDLE".lower()), lines, origin)
    stretch, blocks = finder.take()
    assert stretch[0] == origin
    finder.keep(find(finder.pattern, stretch, blocks))
    lines.put_before(blocks_of(entries("a needle", "none")))
    finder.came(-2, 0)
    lines.add(entries("the last needle"))
    finder.came(50_000, 50_001)
    assert run_all(finder) == [-2, *range(7, 50_000, 1_000), 50_000]
    assert finder.next(7, 1) == 1_007 and finder.next(50_000, 1) == -2 and finder.next(-2, -1) == 50_000


def test_what_is_searched_is_what_is_seen() -> None:
    lines = LogLines()
    lines.add([*headed(entries("er\x1b[31mror\x1b[0m here", "\x1b[31m31m"), 0, 2)])
    assert run_all(Finder(Pattern("error"), lines)) == [1]
    assert run_all(Finder(Pattern("31m"), lines)) == [2]
    assert run_all(Finder(Pattern("attempt"), lines)) == [], "headings are ours"


@pytest.mark.parametrize(
    ("typed", "text", "spans"),
    [
        ("ab", "ABxab", [(0, 2), (3, 5)]),
        ("Ab", "ab Ab", [(3, 5)]),
        ("a.b", "axb a.b", [(4, 7)]),
        ("re:a.b", "axb A.B", [(0, 3), (4, 7)]),
        (r"re:\S+X", "aX ax", [(0, 2)]),
        (r"re:\S+", "AB", [(0, 2)]),
        ("i", "İi", [(0, 1), (1, 2)]),
        ("re:", "x", []),
        ("", "x", []),
        ("re:x*", "ab", []),
    ],
)
def test_patterns(typed: str, text: str, spans: list[tuple[int, int]]) -> None:
    assert Pattern(typed).spans(text) == spans


def test_wrong_and_endless_patterns_are_refused() -> None:
    with pytest.raises(BadPattern, match="no pattern"):
        Pattern("re:(")
    with pytest.raises(BadPattern, match="too long"):
        Pattern("re:(a|a|b|a+)+$").indexes(["a" * 5_000 + "!"] * 5)


# --- news and store ----------------------------------------------------------------------------------------------


def said(*texts_: str) -> list[tuple[int, LogLine]]:
    return [(1, LogLine(float(text.strip("abcdefgh\ud800") or 0), "stdout", text)) for text in texts_]


def test_lines_that_came_while_the_store_was_read_come_once() -> None:
    intake = Intake()
    assert intake.news("t", said("2", "3", "4\ud800")) == []
    stored = [("t", *each) for each in said("1", "2", "3")]
    assert [line.text for _, _, line in intake.read(stored)] == ["4\\ud800"]
    assert [line.text for _, _, line in intake.news("t", said("5"))] == ["5"]


def test_lines_that_the_store_gave_before_their_news_come_once() -> None:
    intake = Intake()
    intake.read([("t", *each) for each in said("1", "2", "3", "4")])
    assert intake.news("t", said("3")) == []
    assert [line.text for _, _, line in intake.news("t", said("4", "5"))] == ["5"]
    assert [line.text for _, _, line in intake.news("t", said("4"))] == ["4"], "the same text again is another line"


def test_of_passing_lines_the_last_counts() -> None:
    intake = Intake()
    intake.read([])
    news = [line.text for _, _, line in intake.news("t", said("1", "2\r", "3\r", "4", "5\r"))]
    assert news == ["1", "4", "5\r"]


@pytest.mark.parametrize(
    ("at", "how", "text"),
    [(0.0, "off", ""), (1_000.0, "since", "  +900.000"), (100.5, "since", "    +0.500"),
         (90_000.0, "since", " +24:58:20"),
     (1e30, "clock", "??:??:??"), (43_200.0, "clock", "12:00:00"), (5e8, "since", "+5787 days")],
)  # fmt: skip
def test_times(at: float, how: str, text: str) -> None:
    assert stamp(at, how, 100.0) == text  # type: ignore[arg-type]
