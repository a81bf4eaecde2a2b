"""The words of the runs' filter, and that typing on finds the same as typing anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.task import Task, TaskStatus
from tests.tui.made_tasks import CANCELLED, DONE, FAILED, PENDING, RUNNING, task
from tui.forest import Forest
from tui.row_filter import RowFilter


def tasks() -> list[Task]:
    found = [
        task("root", run="root", status=RUNNING, executor="group"),
        task("a1", "root", run="root", name="Build image", executor="deploy_web", status=DONE),
        task("a2", "root", run="root", name="push failed layers", executor="command", status=RUNNING),
        task("a3", "root", run="root", name="verify", executor="http", status=FAILED),
        task("a4", "root", run="root", name="notify", executor="command", status=CANCELLED),
        task("a5", "root", run="root", name="tidy:up", executor="command", status=PENDING),
    ]
    found[1].user_id, found[3].error_type = "Ann", "interrupted"
    found[2].params["tags"] = ["Nightly", "web"]
    found[4].skipped = True
    return found


def matching(text: str) -> list[str]:
    made = RowFilter(text)
    return [each.id for each in tasks() if made.matches(each, each.status)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("failed", ["a2", "a3"]),
        ("status:failed", ["a3"]),
        ("STATUS:F", ["a3"]),
        ("status:failed,running", ["root", "a2", "a3"]),
        ("!status:running", ["a1", "a3", "a4", "a5"]),
        ("executor:command", ["a2", "a4", "a5"]),
        ("executor:command !push", ["a4", "a5"]),
        ("user:ann", ["a1"]),
        ("tag:night", ["a2"]),
        ("name:a", ["a1", "a2"]),
        ("id:a1", ["a1"]),
        ("interrupted", ["a3"]),
        ("status:skipped", ["a4"]),
        ("status:blocked", ["a5"]),
        ("tidy:up", ["a5"]),
        ("status:nonsense", []),
        ("!", ["root", "a1", "a2", "a3", "a4", "a5"]),
        ("status: verify", ["a3"]),
        ("fa", ["a2"]),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert matching(text) == found


def test_a_word_that_says_nothing_yet_is_no_filter() -> None:
    assert not RowFilter("! status: ") and not RowFilter("") and RowFilter("!x")


@given(st.text(alphabet="afilstupy:,! der", max_size=12))
def test_typing_on_finds_what_typing_anew_does(text: str) -> None:
    typed, anew = Forest(), Forest()
    for forest in (typed, anew):
        forest.load([tasks()])
    for end in range(len(text) + 1):
        typed.set_filter(text[:end].strip())
    anew.set_filter(text.strip())
    assert [row.task.id for row in typed.visible] == [row.task.id for row in anew.visible]


def test_what_changes_while_100_000_are_looked_through_is_not_missed() -> None:
    forest = Forest()
    many = [task("root", run="root"), *(task(f"t{n}", "root", run="root") for n in range(10_000))]
    forest.load([many])
    looking = forest.view.filtering("status:failed")
    next(looking)
    from tui.feed import Delta

    many[1].status = many[9_000].status = TaskStatus.FAILED
    new = task("new", "root", run="root", status=FAILED)
    forest.apply(Delta(tasks={"t0": many[1], "t8999": many[9_000], "new": new}))
    forest.apply(Delta(removed={"t8999"}))
    for _ in looking:
        pass
    assert [row.task.id for row in forest.visible] == ["root", "t0", "new"]
