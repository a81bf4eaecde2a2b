"""What a terminal is taken for, by what its environment says."""

from __future__ import annotations

import pytest

from tui import look


@pytest.mark.parametrize(
    ("environ", "number"),
    [
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "screen-256color"}, 256),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, 1 << 24),
        ({"TERM": "xterm-kitty"}, 1 << 24),
        ({"TERM": "xterm"}, 16),
        ({"TERM": "screen"}, 16),
        ({"TERM": "linux"}, 16),
        ({"TERM": "vt100"}, 0),
        ({}, 16),
    ],
)
def test_how_many_colours(environ: dict[str, str], number: int) -> None:
    assert look.colours(environ) == number


@pytest.mark.parametrize(
    ("wanted", "environ", "told", "theme"),
    [
        ("auto", {"TERM": "xterm-256color"}, False, "dark"),
        ("auto", {"TERM": "xterm"}, False, "ansi"),
        ("auto", {"TERM": "vt220"}, False, "plain"),
        ("light", {"TERM": "xterm"}, False, "light"),
        ("light", {"TERM": "xterm-256color", "NO_COLOR": "1"}, False, "plain"),
        ("light", {"TERM": "xterm-256color", "NO_COLOR": "1"}, True, "light"),
        ("light", {"TERM": "xterm-256color", "NO_COLOR": ""}, False, "light"),
    ],
)
def test_which_theme(wanted: str, environ: dict[str, str], told: bool, theme: str) -> None:
    assert look.theme(wanted, environ, told=told) == theme


@pytest.mark.parametrize(
    ("environ", "is_ascii"),
    [
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "C.utf8"}, False),
        ({}, False),
        ({"LANG": "C"}, False),
        ({"LC_ALL": "C"}, True),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "de_DE"}, False),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, True),
    ],
)
def test_whether_only_ascii_is_drawn(environ: dict[str, str], is_ascii: bool) -> None:
    assert look.is_ascii("auto", environ) is is_ascii
    assert look.is_ascii("on", environ) and not look.is_ascii("off", environ)


def test_a_title_goes_only_where_it_is_known() -> None:
    assert look.has_title({"TERM": "xterm-256color"}) and look.has_title({"TERM": "tmux"})
    assert not look.has_title({"TERM": "linux"}) and not look.has_title({}) and not look.has_title({"TERM": "vt100"})


def test_dumb_terminals_are_told_apart() -> None:
    assert look.is_dumb({"TERM": "dumb"}) and not look.is_dumb({"TERM": "xterm"}) and not look.is_dumb({})
