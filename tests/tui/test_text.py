"""Foreign text on the screen: visible, on its line, and never a command to the terminal."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.text import safe_name, safe_text


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("plain [b]text[/x]", "plain [b]text[/x]"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]52;c;c3RlYWw=\x1b\\after", "after"),
        ("\x9b31mc1", "c1"),
        ("\x9d0;title\x9cafter", "after"),
        ("\x1bPdcs\x1b\\after", "after"),
        ("\x1b(0line\x1b7\x1bc", "line"),
        ("cut short\x1b", "cut short"),
        ("cut short\x1b[31;", "cut short"),
        ("bell\x07 nul\x00 del\x7f", "bell␇ nul␀ del␡"),
        ("\rover\b", "␍over␈"),
        ("a\tb", "a    b"),
        ("evil\u202etxt.exe", "evil�txt.exe"),
        ("ad\u200bmin", "ad�min"),
        ("ad\u200dmin", "ad�min"),
        ("a\u3164b\u115fc", "a�b�c"),
        ("a\U000e0041b", "a�b"),
        ("lone \ud800 surrogate", "lone � surrogate"),
        ("👩\u200d👧 می\u200cخواهم", "👩\u200d👧 می\u200cخواهم"),
        ("⚠\ufe0f", "⚠\ufe0f"),
        ("naïve 日本語", "naïve 日本語"),
        ("one\r\ntwo\nthree\n", "one⏎two⏎three"),
        (None, "None"),
        (7.5, "7.5"),
    ],
)
def test_what_is_seen(given_text: object, shown: str) -> None:
    assert safe_text(given_text) == shown


def test_lines_are_kept_where_they_are_wanted() -> None:
    assert safe_text("one\r\ntwo\n\x1b[1mthree", lines=True) == "one\ntwo\nthree"


def test_a_sequence_without_an_end_hides_its_line_only() -> None:
    assert safe_text("a\x1b]0;open\nsecond\nthird", lines=True) == "a\nsecond\nthird"


@pytest.mark.parametrize(
    ("given_text", "limit", "shown"),
    [
        ("abcdef", 4, "abc…"),
        ("abcd", 4, "abcd"),
        ("\t\t", 4, "   …"),
        ("\x1b[31mabc\x1b[0m", 3, "abc"),
        ("ab", 0, ""),
        ("ab", 1, "…"),
        ("x" * 10_000, 3, "xx…"),
    ],
)
def test_the_limit_is_the_limit(given_text: str, limit: int, shown: str) -> None:
    assert safe_text(given_text, limit=limit) == shown


def test_objects_that_cannot_say_what_they_are() -> None:
    class Mute:
        def __str__(self) -> str:
            raise ValueError("\x1b[2J")

    assert safe_text(Mute()) == "<Mute: no text (ValueError)>"
    rude = type("Ru\x1b[2Jde", (Mute,), {})
    assert safe_text(rude()) == "<Rude: no text (ValueError)>"


def test_a_subclass_of_str_cannot_talk_its_way_past() -> None:
    class Sly(str):
        __slots__ = ()

        def isprintable(self) -> bool:
            return True

        def isascii(self) -> bool:
            return True

        def __len__(self) -> int:
            return 0

    assert safe_text(Sly("\x1b[2Jx")) == "x"
    assert safe_text(Sly("x" * 100), limit=3) == "xx…"


@given(st.text(st.characters() | st.sampled_from("\x1b\x9b\x9d]P[;\x07\\\x00\n\r\t\u202e")), st.booleans())
def test_nothing_that_a_terminal_obeys_comes_through(text: str, lines: bool) -> None:
    shown = safe_text(text, lines=lines)
    allowed = "\n" if lines else ""
    assert all(char in allowed or ord(char) >= 0x20 for char in shown)
    assert not any("\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff" for char in shown)
    assert "\u202e" not in shown
    assert safe_text(shown, lines=lines) == shown


@given(st.text(), st.integers(0, 20))
def test_never_longer_than_the_limit(text: str, limit: int) -> None:
    assert len(safe_text(text, limit=limit)) <= limit


@pytest.mark.parametrize(
    "piece", ["\x1b]", "\x1b", "\x1b[;", "\x1b]x\n", "\u200d", "\x9d", "\x1bP\x1b", "word\n", "\x1b "]
)
def test_a_million_characters_take_no_quadratic_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    before = time.perf_counter()
    safe_text(text, lines=True)
    assert time.perf_counter() - before < 5, "usually 50 ms"


@pytest.mark.parametrize("name", ["", "   ", "\x1b[31m", "\x1b]0;title\x07 ", "\u00a0\u3000", "\u2800"])
def test_a_name_of_which_nothing_can_be_seen_says_so(name: str) -> None:
    assert safe_name(name, limit=40) == "(no name)"
    assert safe_name(f"{name}x", limit=40).strip(" \u00a0\u3000\u2800") == "x"
