"""Colours of a task's output: SGR is understood, everything else becomes text that is safe to draw."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.sgr import PLAIN, Look, applied, look_after, runs, sequence, visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", [("plain", PLAIN)]),
        ("\x1b[31mred\x1b[0m plain", [("red", Look(1)), (" plain", PLAIN)]),
        ("\x1b[1;4;96mx", [("x", Look(14, bold=True, underline=True))]),
        ("\x1b[2;3;7;9mx\x1b[22;23;27;29my",
         [("x", Look(dim=True, italic=True, reverse=True, strike=True)), ("y", PLAIN)]),
        ("\x1b[38;5;208mx", [("x", Look(208))]),
        ("\x1b[48;2;1;2;300mx", [("x", Look(None, (1, 2, 255)))]),
        ("\x1b[38:2::10:20:30mx", [("x", Look((10, 20, 30)))]),
        ("\x1b[38:5:9;1mx", [("x", Look(9, bold=True))]),
        ("\x1b[4:3mx\x1b[4:0my", [("x", Look(underline=True)), ("y", PLAIN)]),
        ("\x1b[mx", [("x", PLAIN)]),
        ("\x9b32mx", [("x", Look(2))]),
        ("\x1b[5;8mseen", [("seen", PLAIN)]),
        ("\x1b[38;5mx\x1b[38mx\x1b[38;9;1mx", [("x", PLAIN), ("x", PLAIN), ("x", Look(bold=True))]),
        ("\x1b[>4;2mx\x1b[2Jy", [("xy", PLAIN)]),
        ("\x1b]52;c;\x1b[31mc3RlYWw=\x07after", [("c3RlYWw=␇after", Look(1))]),
        ("\x1b[31m", []),
    ],
)  # fmt: skip
def test_what_is_understood(text: str, expected: list[tuple[str, Look]]) -> None:
    assert runs(text) == expected


def test_a_look_is_written_as_the_sequence_that_makes_it() -> None:
    for look in (
        Look(1),
        Look(None, 200),
        Look((1, 2, 3), bold=True, strike=True),
        Look(dim=True, reverse=True),
        PLAIN,
    ):
        assert look_after(sequence(look)) == look
    assert look_after("\x1b[1mbold\x1b[31mred") == Look(1, bold=True)


PARTS = ["\x1b[", "\x9b", "1", ";", ":", "m", "38", "\x1b]", "x", "\n", "\t"]


@given(st.text() | st.lists(st.sampled_from(PARTS)).map("".join))
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    seen = visible(text)
    assert seen == "".join(piece for piece, _ in runs(text))
    assert all(piece for piece, _ in runs(text))
    assert not any(
        ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 or 0xD800 <= ord(letter) < 0xE000 for letter in seen
    )


@given(st.text(alphabet="0123456789;:", max_size=300))
def test_any_parameters_are_taken(parameters: str) -> None:
    assert isinstance(applied(PLAIN, parameters), Look)
