"""The trail of views: back and forth as in a browser."""

from __future__ import annotations

from tui.views import KEPT, Trail, View

A, B, C, D = (View("runs", task=each) for each in "abcd")


def trail(*views: View) -> Trail:
    made = Trail()
    for view in views:
        made.see(view, leap=True)
    return made


def test_back_and_forth() -> None:
    seen = trail(A, B, C)
    assert [seen.go(-1), seen.go(-1), seen.go(-1)] == [B, A, None]
    assert [seen.go(1), seen.go(1), seen.go(1)] == [B, C, None]


def test_a_new_view_ends_the_way_forth() -> None:
    seen = trail(A, B, C)
    seen.go(-1)
    seen.see(D, leap=True)
    assert seen.go(1) is None and seen.go(-1) == B


def test_a_step_takes_the_place_of_the_present_view() -> None:
    seen = trail(A, B)
    seen.see(C, leap=False)
    assert seen.go(-1) == A and seen.go(1) == C


def test_a_step_after_going_back_keeps_the_way_forth() -> None:
    seen = trail(A, B)
    seen.go(-1)
    seen.see(C, leap=False)
    assert seen.go(1) == B and seen.go(-1) == C


def test_the_same_view_is_one() -> None:
    assert trail(A, A, A).go(-1) is None and Trail().go(-1) is None


def test_no_more_than_so_many_are_kept() -> None:
    seen = trail(*(View("runs", task=str(number)) for number in range(3 * KEPT)))
    steps = 0
    while seen.go(-1):
        steps += 1
    assert steps == KEPT - 1
