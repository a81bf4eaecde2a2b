"""What is told of runs that ended, and to whom."""

from __future__ import annotations

import pytest

from engine.task import TaskStatus
from tui.notices import KEPT, Ending, Watched, is_told, title


def test_only_runs_of_this_console_are_told_of() -> None:
    watched = Watched()
    watched.add("mine", 10.0)
    assert watched.ended("theirs", "x", TaskStatus.FAILED, 12.0) is None
    ending = watched.ended("mine", "deploy", TaskStatus.FAILED, 52.4)
    assert ending is not None and ending.text == "deploy failed after 42 s"
    assert watched.ended("mine", "deploy", TaskStatus.FAILED, 60.0) is None, "once"


def test_a_run_that_a_person_cancelled_is_not_told_of() -> None:
    watched = Watched()
    watched.add("mine", 0.0)
    assert watched.ended("mine", "x", TaskStatus.CANCELLED, 100.0) is None and watched.runs == ()


def test_names_are_cleaned() -> None:
    text = Ending("a\x1b]0;owned\x07b\x07\nc", TaskStatus.COMPLETED, 0.2).text
    assert text.isprintable() and text.endswith("done") and "owned" not in text


@pytest.mark.parametrize(
    ("notify", "seconds", "focused", "told"),
    [("bell", 30, True, True), ("bell", 3, True, False), ("bell", 3, False, True), ("notify", 30, False, True),
     ("off", 30, False, False)],
)  # fmt: skip
def test_nobody_is_rung_for_what_they_look_at(notify: str, seconds: float, focused: bool, told: bool) -> None:
    assert is_told(notify, Ending("x", TaskStatus.COMPLETED, seconds), after=10, focused=focused) is told


def test_the_number_of_runs_waited_for_is_bounded() -> None:
    watched = Watched()
    for number in range(KEPT + 5):
        watched.add(str(number), 0.0)
    assert len(watched.runs) == KEPT and watched.runs[-1] == str(KEPT + 4)


def test_the_title_says_what_matters() -> None:
    assert title(0, 0) == "taskdeck"
    assert title(3, 1) == "taskdeck · 3 running · 1 failed"
