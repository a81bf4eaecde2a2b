"""The runs pane's model over what people and attempts do: deleted tasks, history of former attempts, paused runs."""

from __future__ import annotations

import pytest

from tests.tui.made_tasks import DONE, FAILED, PENDING, RUNNING, delta, deploy, names, picture, task
from tui.feed import Delta
from tui.forest import Counts, Forest


@pytest.fixture
def forest() -> Forest:
    made = Forest()
    made.apply(delta(*deploy()))
    return made


def test_5_6_deleted_tasks_leave_their_run_and_its_counters(forest: Forest) -> None:
    compile_, push = forest.task("compile"), forest.task("push")
    assert compile_ and push
    compile_.status = FAILED
    forest.apply(delta(compile_))
    change = forest.apply(Delta(removed={"build", "compile", "link", "unknown"}))
    assert change.structure
    assert picture(forest) == ["deploy", "└ push"]
    assert forest.counts == Counts(queued=2) and forest.visible[0].fraction == "0/2"
    assert forest.task("link") is None and forest.index_of("link") is None
    assert forest.waiting(push) == "waiting for build", "of what is gone only the id is known"
    push.status = DONE
    forest.apply(delta(push))
    assert forest.visible[0].fraction == "1/2"
    forest.apply(Delta(removed={"push"}))
    assert picture(forest) == ["deploy"] and not forest.toggle(0)


def test_5_6_a_task_that_is_deleted_and_changed_in_the_same_tick_stays_away(forest: Forest) -> None:
    late = task("late", "build", status=RUNNING)
    forest.apply(Delta(tasks={"late": late}, removed={"late", "push"}))
    assert names(forest) == ["deploy", "build", "compile", "link"]
    assert forest.counts == Counts(queued=4)


def test_5_6_many_deleted_siblings_cost_one_pass(forest: Forest) -> None:
    many = [task(f"m{n}", "build", needs=["push"]) for n in range(20_000)]
    forest.apply(delta(*many))
    kept = forest.task("m0")
    assert kept
    forest.apply(Delta(removed={f"m{n}" for n in range(1, 20_000)}))
    assert picture(forest)[-3:] == ["│ ├ link", "│ └ m0", "└ push"]
    push = forest.task("push")
    assert push
    push.status = DONE
    assert forest.index_of("m0") in forest.apply(delta(push)).rows, "who waits for whom is still known"


def test_8_1_what_a_former_attempt_spawned_stays_and_counts_nowhere() -> None:
    forest = Forest()
    root, parent = task("r", run="r"), task("p", "r", run="r", status=RUNNING, attempt=1)
    forest.apply(delta(root, parent))
    old = [task(f"old{n}", "p", run="r", status=FAILED, spawned=1, attempt=1) for n in range(2)]
    below = task("below", "old0", run="r", status=RUNNING, spawned=1)
    forest.apply(delta(*old, below))
    assert (forest.visible[0].failed, forest.visible[0].total) == (2, 5)
    assert forest.counts == Counts(running=2, queued=1, failed=2)
    parent.status = PENDING
    assert forest.apply(delta(parent)).structure
    assert picture(forest) == ["r", "└ p", "  ├ old0", "  │ └ below", "  └ old1"]
    assert [row.is_history for row in forest.visible] == [False, False, True, True, True]
    assert (forest.visible[0].fraction, forest.visible[0].failed) == ("0/2", 0)
    assert forest.counts == Counts(queued=2) and forest.tree_status(forest.visible[0]) is RUNNING
    parent.status, parent.attempt = RUNNING, 2
    new = task("new", "p", run="r", status=DONE, spawned=2)
    forest.apply(delta(parent, new))
    assert [row.task.id for row in forest.visible if not row.is_history] == ["r", "p", "new"]
    assert (forest.visible[0].fraction, forest.visible[0].percent) == ("1/3", 33)
    old[0].status = DONE
    forest.apply(delta(old[0]))
    assert forest.visible[0].fraction == "1/3", "history may change, and still counts nowhere"
    forest.apply(Delta(removed={"old0", "below"}))
    assert forest.visible[0].fraction == "1/3" and forest.counts == Counts(running=1, queued=1, completed=1)
    forest.apply(Delta(deleted={"r"}))
    assert forest.counts == Counts()


def test_8_1_history_is_history_also_when_it_is_loaded() -> None:
    forest = Forest()
    parent = task("p", run="p", status=DONE, attempt=2)
    children = [task("a", "p", run="p", status=FAILED, spawned=1), task("b", "p", run="p", status=DONE, spawned=2)]
    forest.load([[parent, *children]])
    assert forest.counts == Counts(completed=2)
    assert names(forest) == ["p"], "a run that ended well is folded: what failed before is no failure of it"
    forest.open(0)
    assert [row.is_history for row in forest.visible] == [False, True, False]


def test_8_3_what_is_ready_in_a_paused_run_is_paused(forest: Forest) -> None:
    root, compile_, link, push = (forest.task(id) for id in ("deploy", "compile", "link", "push"))
    assert root and compile_ and link and push
    forest.is_paused = {"deploy"}.__contains__
    assert forest.waiting(compile_) == "paused"
    assert sorted(forest.apply(delta(compile_)).rows) == [0, 2], "the root says so as well"
    assert forest.waiting(link) == "waiting for compile"
    push.hold = "needs its secrets: token"
    push.dependencies = ()
    assert forest.waiting(push) == "needs its secrets: token"
    compile_.hold = "queued (pool gpu)"
    assert forest.waiting(compile_) == "paused", "a free slot would not help it"
    compile_.status = root.status = RUNNING
    assert forest.waiting(compile_) == "" and forest.waiting(root) == "paused"
    forest.is_paused = set[str]().__contains__
    assert forest.waiting(root) == ""
