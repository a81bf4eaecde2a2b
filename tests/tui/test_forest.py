"""The runs pane's model: order, folding, counters, filter, and what has to be repainted."""

from __future__ import annotations

import random

import pytest

from engine.graph import combine, current
from engine.task import Task, TaskStatus
from tests.tui.made_tasks import CANCELLED, DONE, FAILED, PENDING, RUNNING, delta, deploy, names, picture, task
from tui.feed import Delta
from tui.forest import Counts, Forest
from tui.row import GUIDE_LEVELS, Row


@pytest.fixture
def forest() -> Forest:
    made = Forest()
    made.apply(delta(*deploy()))
    return made


def test_a_new_run_is_shown_whole_with_its_lines(forest: Forest) -> None:
    assert picture(forest) == ["deploy", "├ build", "│ ├ compile", "│ └ link", "└ push"]
    assert [row.index for row in forest.visible] == [0, 1, 2, 3, 4]


def test_new_runs_come_on_top_and_loaded_ones_below() -> None:
    forest = Forest()
    forest.apply(delta(task("now", run="now")))
    forest.load([[task("noon", run="noon", age=10)], [task("dawn", run="dawn", age=20)]])
    forest.apply(delta(task("new", run="new", age=-1), task("newer", run="newer", age=-2)))
    assert names(forest) == ["newer", "new", "now", "noon", "dawn"]
    forest.load([[task("launched", run="launched", age=-3)]])
    assert names(forest)[0] == "launched", "a run newer than all is on top also when it is loaded"
    assert forest.runs == 6


def test_a_held_task_is_newer_than_the_stored_one() -> None:
    forest = Forest()
    live = task("a", run="a", status=RUNNING)
    forest.apply(delta(live))
    forest.load([[task("a", run="a"), task("b", "a", run="a")]])
    assert forest.task("a") is live
    assert names(forest) == ["a", "b"]
    assert forest.counts == Counts(running=1, queued=1)


def test_runs_that_ended_well_are_folded_when_loaded() -> None:
    forest = Forest()
    forest.load([[task("good", run="good", status=DONE)], [task("bad", run="bad", status=DONE, age=5)]])
    forest.load(
        [
            [task("good", run="good", status=DONE), task("g1", "good", run="good", status=DONE)],
            [task("bad", run="bad", status=DONE, age=5), task("b1", "bad", run="bad", status=FAILED)],
        ]
    )
    assert names(forest) == ["good", "bad", "b1"]
    assert forest.visible[0].fraction == "2/2"


def test_counters_follow_each_change(forest: Forest) -> None:
    """2.7"""
    root, build = forest.visible[0], forest.visible[1]
    assert (root.fraction, root.percent, forest.counts) == ("0/5", 0, Counts(queued=5))
    compile_, link = forest.task("compile"), forest.task("link")
    assert compile_ and link
    compile_.status, link.status, link.progress = DONE, RUNNING, 0.5
    change = forest.apply(delta(compile_, link))
    assert not change.structure
    assert sorted(change.rows) == [0, 1, 2, 3], "the two and all above them"
    assert (build.completed, build.running, build.total, build.percent) == (1, 1, 3, 50)
    assert (root.fraction, root.percent) == ("1/5", 30)
    link.status = FAILED
    forest.apply(delta(link))
    assert (build.failed, root.failed, root.running) == (1, 1, 0)
    assert forest.counts == Counts(queued=3, failed=1, completed=1)
    assert forest.tree_status(root) is FAILED
    assert forest.tree_status(forest.visible[4]) is PENDING


def test_an_unchanged_task_is_repainted_alone(forest: Forest) -> None:
    push = forest.task("push")
    assert push
    push.progress_message = "3 of 7"
    change = forest.apply(delta(push))
    assert change.rows == [4] and not change.structure


def test_the_engine_has_the_last_word_on_a_run_that_ended(forest: Forest) -> None:
    """2.7: a tree whose remaining nodes are all blocked is failed, also by a task of another tree."""
    root = forest.visible[0]
    assert forest.tree_status(root) is RUNNING
    change = forest.apply(Delta(finished=[("deploy", FAILED)]))
    assert change.rows == [0] and forest.tree_status(root) is FAILED
    again = forest.task("push")
    assert again
    again.status = RUNNING
    forest.apply(delta(again))
    again.status = PENDING
    forest.apply(delta(again))
    assert forest.tree_status(root) is RUNNING, "a rerun takes that back"


def test_folding_hides_and_shows(forest: Forest) -> None:
    assert forest.toggle(1)
    assert picture(forest) == ["deploy", "├ build", "└ push"]
    assert forest.index_of("link") is None and forest.index_of("push") == 2
    assert not forest.close(1) and not forest.toggle(2) and not forest.open(99)
    link = forest.task("link")
    assert link
    link.status = RUNNING
    change = forest.apply(delta(link))
    assert sorted(change.rows) == [0, 1], "a row that is folded away shows in the counters above it only"
    assert forest.open(1) and forest.index_of("link") == 3
    assert forest.parent_index(3) == 1 and forest.parent_index(0) is None


def test_reveal_unfolds_what_hides_a_task(forest: Forest) -> None:
    forest.close(1)
    forest.close(0)
    assert names(forest) == ["deploy"]
    assert forest.reveal("link") == 3
    assert forest.reveal("nobody") is None


def test_children_that_come_before_their_parents() -> None:
    forest = Forest()
    tasks = deploy()
    forest.apply(delta(*reversed(tasks)))
    assert sorted(names(forest)) == sorted(each.name for each in tasks)
    assert {row.task.id: row.depth for row in forest.visible} == {
        "deploy": 0, "build": 1, "push": 1, "compile": 2, "link": 2,
    }  # fmt: skip


def test_children_whose_parent_comes_a_tick_later() -> None:
    forest = Forest()
    root, build, compile_, link, push = deploy()
    forest.apply(delta(link))
    assert picture(forest) == ["link"], "with no root known it stands alone"
    forest.apply(delta(root, push))
    forest.apply(delta(compile_))
    forest.apply(delta(build))
    assert picture(forest) == ["deploy", "├ push", "└ build", "  ├ link", "  └ compile"]
    assert forest.visible[0].total == 5 and forest.visible[2].total == 3
    assert forest.runs == 1


def test_a_deleted_run_is_gone(forest: Forest) -> None:
    forest.apply(delta(task("other", run="other")))
    late = task("late", "build")
    change = forest.apply(Delta(tasks={"late": late}, deleted={"deploy", "unknown"}))
    assert change.structure
    assert names(forest) == ["other"]
    assert forest.counts == Counts(queued=1) and forest.task("link") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("link", ["deploy", "├ build".replace("├", "└"), "  └ link"]),
        ("LINK", ["deploy", "└ build", "  └ link"]),
        ("fail", ["deploy", "└ push"]),
        ("running", ["deploy", "└ build", "  └ compile"]),
        ("gcc", ["deploy", "└ build", "  └ compile"]),
        ("zzz", []),
        ("compile gcc", ["deploy", "└ build", "  └ compile"]),
        ("compile fail", []),
        ("  ", ["deploy", "├ build", "│ ├ compile", "│ └ link", "└ push"]),
    ],
)
def test_a_filter_shows_matches_and_what_is_above_them(text: str, found: list[str]) -> None:
    forest = Forest()
    root, build, compile_, link, push = deploy()
    compile_.params, compile_.status, push.status = {"executor_id": "gcc"}, RUNNING, FAILED
    forest.apply(delta(root, build, compile_, link, push))
    forest.close(0)
    forest.set_filter(text)
    if text.strip():
        assert picture(forest) == found
        assert not forest.toggle(0), "a filter shows all that it found"
        forest.set_filter("")
    assert names(forest) == ["deploy"], "and what was folded is folded again"
    forest.open(0)
    assert picture(forest) == ["deploy", "├ build", "│ ├ compile", "│ └ link", "└ push"]


def test_a_filter_stays_true_while_tasks_change(forest: Forest) -> None:
    forest.set_filter("failed")
    assert forest.visible == []
    link = forest.task("link")
    assert link
    link.status = FAILED
    assert forest.apply(delta(link)).structure
    assert names(forest) == ["deploy", "build", "link"]
    forest.apply(delta(task("again", run="again", status=FAILED)))
    assert names(forest) == ["again", "deploy", "build", "link"]
    link.status = PENDING
    assert forest.apply(delta(link)).structure
    assert names(forest) == ["again"]
    assert forest.reveal("push") == 2, "what is asked for is shown whatever the filter says"
    assert names(forest) == ["again", "deploy", "push"]


def test_an_interrupted_task_is_found_by_that_word() -> None:
    """7.2"""
    forest = Forest()
    lost = task("a", run="a", status=FAILED)
    lost.error_type = "interrupted"
    forest.load([[lost], [task("b", run="b", status=FAILED, age=1)]])
    forest.set_filter("interr")
    assert names(forest) == ["a"]


def test_what_a_task_waits_for_is_said_and_repainted_in_time(forest: Forest) -> None:
    """2.3, 3.2"""
    compile_, link, push = (forest.task(id) for id in ("compile", "link", "push"))
    assert compile_ and link and push
    assert forest.waiting(link) == "waiting for compile"
    compile_.status = DONE
    change = forest.apply(delta(compile_))
    assert 3 in change.rows and forest.waiting(link) == "queued"
    build = forest.task("build")
    assert build
    build.status = FAILED
    change = forest.apply(delta(build))
    assert 4 in change.rows and forest.waiting(push) == "blocked by build (failed)"


def test_a_failure_repaints_what_it_blocks_further_on() -> None:
    """3.2"""
    forest = Forest()
    first = task("r", run="r")
    chain = [task(f"t{n}", "r", run="r", needs=[f"t{n - 1}"] if n else []) for n in range(6)]
    aside = task("aside", "r", run="r", needs=["t0"])
    forest.apply(delta(first, *chain, aside))
    chain[0].status = FAILED
    change = forest.apply(delta(chain[0]))
    assert sorted(change.rows) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert forest.waiting(chain[3]) == "blocked by t0 (failed)"
    chain[0].status = PENDING  # a rerun: all of it waits again
    for each in (*chain[1:], aside):
        each.status = PENDING
    forest.apply(Delta(tasks={each.id: each for each in (*chain, aside)}, reset={each.id: 1 for each in chain}))
    chain[0].status = DONE
    change = forest.apply(delta(chain[0]))
    assert forest.index_of("t1") in change.rows


def test_depth_is_no_limit() -> None:
    forest = Forest()
    tasks = [task("t0", run="t0")]
    tasks += [task(f"t{n}", f"t{n - 1}", run="t0") for n in range(1, 20_000)]
    forest.load([tasks])
    tasks[-1].status = FAILED
    forest.apply(delta(tasks[-1]))
    assert forest.visible[0].failed == 1 and forest.visible[0].total == 20_000
    deepest = forest.visible[-1].guides()
    assert len(deepest) == 2 * (GUIDE_LEVELS + 1) and deepest.startswith("… ")
    assert forest.close(10) and len(forest.visible) == 11
    forest.set_filter("t19999")
    assert len(forest.visible) == 20_000
    forest.apply(Delta(deleted={"t0"}))
    assert forest.visible == [] and forest.counts == Counts()


def shown(row: Row) -> list[Row]:
    """The slow and simple way to flatten."""
    found = [row]
    if row.is_open:
        for child in row.children:
            found += shown(child)
    return found


def below(row: Row) -> list[Task]:
    """What counts in the row: its task and all below it, but for what a former attempt spawned (8.1)."""
    parent = row.task
    found = [parent]
    for child in row.children:
        made = child.task.spawned
        if made is None or (parent.status is not PENDING and parent.attempt == made):
            found += below(child)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_counters_and_rows_agree_with_counting_all(seed: int) -> None:
    """Random trees, arriving in any order, changing, folded, reset and deleted."""
    rng = random.Random(seed)
    forest = Forest()
    tasks: dict[str, Task] = {}
    made = 0
    for tick in range(60):
        changed: dict[str, Task] = {}
        for _ in range(rng.randrange(4)):
            made += 1
            new = f"n{made}"
            live = [each for each in tasks.values() if rng.random() < 0.3]
            if live and rng.random() < 0.9:
                parent = rng.choice(live)
                made_by = parent.attempt if parent.spawned is not None or rng.random() < 0.5 else None
                tasks[new] = task(new, parent.id, run=parent.run_id, needs=[rng.choice(live).id], spawned=made_by)
            else:
                tasks[new] = task(new, run=new, age=-tick)
            changed[new] = tasks[new]
        for each in rng.sample(list(tasks.values()), min(len(tasks), 5)):
            former, each.status, each.progress = each.status, rng.choice(list(TaskStatus)), rng.randrange(5) / 4
            each.attempt += former is PENDING is not each.status
            if each.id in changed or forest.task(each.id):
                changed[each.id] = each
        late = {id for id in changed if rng.random() < 0.2 and not forest.task(id)}
        order = [id for id in changed if id not in late]
        rng.shuffle(order)
        forest.apply(Delta(tasks={id: changed[id] for id in order}))
        forest.apply(Delta(tasks={id: changed[id] for id in late}))
        if forest.visible and rng.random() < 0.5:
            forest.toggle(rng.randrange(len(forest.visible)))
        if tasks and rng.random() < 0.1:
            top = rng.choice(list(tasks))
            branch = {top}
            for each in tasks.values():
                if each.parent_id in branch:
                    branch.add(each.id)
            forest.apply(Delta(removed=branch))
            tasks = {id: each for id, each in tasks.items() if id not in branch}
        if tasks and rng.random() < 0.05:
            gone = rng.choice(list(tasks.values())).run_id
            forest.apply(Delta(deleted={gone}))
            tasks = {id: each for id, each in tasks.items() if each.run_id != gone}
        check(forest, tasks)


def check(forest: Forest, tasks: dict[str, Task]) -> None:
    counted = current(tasks.values())
    number = {status: sum(each.status is status for each in counted) for status in TaskStatus}
    assert forest.counts == Counts(
        number[RUNNING], number[PENDING], number[FAILED], number[DONE], number[CANCELLED]
    )  # fmt: skip
    roots = [row for row in forest.visible if row.parent is None]
    assert [row for root in roots for row in shown(root)] == forest.visible
    assert sum(root.total for root in roots) == len(counted)
    counted_ids = {each.id for each in counted}
    for index, row in enumerate(forest.visible):
        every = below(row)
        assert forest.index_of(row.task.id) == index
        assert row.depth == (row.parent.depth + 1 if row.parent else 0)
        assert row.parent is None or row.task.parent_id == row.parent.task.id
        assert row.parent is None or row.is_last == (row is row.parent.children[-1])
        assert (row.total, row.completed) == (len(every), sum(each.status is DONE for each in every))
        assert row.is_history == (row.task.id not in counted_ids)
        done = sum(1.0 if each.status is DONE else each.progress for each in every)
        assert row.progress == pytest.approx(done / len(every))
        if row.children:
            assert forest.tree_status(row) is combine(each.status for each in every)
