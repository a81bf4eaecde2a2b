"""The runs pane's model under a person's hands: order, jumps, search, marks, pinned ancestors; and by chance."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.task import Task
from tests.tui.made_tasks import DONE, FAILED, PENDING, RUNNING, delta, deploy, names, picture, task
from tui.columns import columns_for
from tui.feed import Delta
from tui.forest import Forest
from tui.marks import Marks, by_status, tops
from tui.pins import pins, room_for_pins
from tui.row import Row
from tui.row_order import ORDERS
from tui.row_walk import is_news


def forest_of(*tasks: Task) -> Forest:
    made = Forest()
    made.apply(delta(*tasks))
    return made


def search(forest: Forest, text: str) -> None:
    for _ in forest.view.filtering(text, hide=False):
        pass


# --- order -------------------------------------------------------------------------------------------------------


def timed(id: str, took: float | None, **fields: object) -> Task:
    made = task(id, "r", run="r", **fields)  # type: ignore[arg-type]
    if took is not None:
        made.started = made.created
        made.completed = made.created + took
    return made


def test_each_level_is_sorted_within_itself() -> None:
    forest = forest_of(
        task("r", run="r"), timed("part 10", 1, status=DONE), timed("Part 2", 9, status=FAILED),
        timed("part 1", None, status=PENDING), task("z", "part 10", run="r"), task("y", "part 10", run="r"),
        task("newer", run="newer", age=-1),
    )  # fmt: skip
    forest.view.sort("name")
    assert picture(forest) == ["newer", "r", "├ part 1", "├ Part 2", "└ part 10", "  ├ y", "  └ z"]
    forest.view.sort("status")
    assert names(forest) == ["r", "Part 2", "part 10", "z", "y", "part 1", "newer"], "a failure is in it: first"
    forest.view.sort("duration")
    assert names(forest)[2:] == ["Part 2", "part 10", "z", "y", "part 1"]
    forest.view.sort("newest")
    assert picture(forest) == ["newer", "r", "├ part 10", "│ ├ z", "│ └ y", "├ Part 2", "└ part 1"]


def test_rows_go_to_their_place_only_when_it_is_settled() -> None:
    parts = [task(f"t{n}", "r", run="r") for n in range(3)]
    forest = forest_of(task("r", run="r"), *parts)
    forest.view.sort("status")
    parts[2].status = FAILED
    assert not forest.apply(delta(parts[2])).structure
    assert names(forest) == ["r", "t0", "t1", "t2"] and forest.view.order.is_stale
    assert forest.view.settle() and names(forest) == ["r", "t2", "t0", "t1"]
    assert not forest.view.settle()
    forest.apply(Delta(tasks={"new": task("new", "r", run="r", status=FAILED)}, removed={"t0"}))
    assert names(forest) == ["r", "t2", "t1", "new"]
    assert forest.view.settle() and names(forest) == ["r", "t2", "new", "t1"]


# --- jumps -------------------------------------------------------------------------------------------------------


def jumps(forest: Forest, forward: bool) -> list[str]:
    found: list[str] = []
    row = forest.view.next_news(None, forward=forward)
    while row is not None and row.task.id not in found:
        found.append(row.task.id)
        row = forest.view.next_news(row, forward=forward)
    return found


def test_jumps_go_round_through_folded_rows_and_pass_over_groups() -> None:
    root, build, compile_, link, push = deploy()
    root.status, build.status, build.error_type = RUNNING, FAILED, "group_failed"
    compile_.status, push.status = FAILED, RUNNING
    forest = forest_of(root, build, compile_, link, push, task("other", run="other", status=FAILED, age=5))
    forest.close(0)
    assert jumps(forest, True) == ["other", "compile", "push"], "neither group nor root, which only wait for them"
    assert jumps(forest, False) == ["push", "compile", "other"]
    first = forest.view.next_news(None, forward=True)
    assert forest.reveal("compile") == 3 and first is forest.row("other")


def test_history_is_no_news() -> None:
    parent = task("p", run="p", status=RUNNING, attempt=2)
    forest = forest_of(parent, task("old", "p", run="p", status=FAILED, spawned=1))
    assert jumps(forest, True) == ["p"]


def test_nothing_to_jump_to() -> None:
    forest = forest_of(*deploy())
    assert forest.view.next_news(None, forward=True) is None
    assert forest.view.next_match(forest.row("deploy"), forward=True) is None
    assert Forest().view.next_news(None, forward=False) is None


def test_a_search_hides_nothing_and_walks_its_matches() -> None:
    forest = forest_of(*deploy())
    forest.close(1)
    search(forest, "l")  # deploy, build, compile, link
    assert names(forest) == ["deploy", "build", "push"]
    row, found = forest.row("push"), []
    for _ in range(4):
        row = forest.view.next_match(row, forward=True)
        assert row is not None
        found.append(row.task.id)
    assert found == ["deploy", "build", "compile", "link"]
    search(forest, "")
    assert forest.view.next_match(row, forward=True) is None
    link = forest.task("link")
    assert link
    link.status = FAILED
    forest.apply(delta(link))
    assert forest.view.next_match(None, forward=True) is forest.row("link"), "without a search: what failed"


def test_the_matches_of_a_filter_are_walked_until_it_ends() -> None:
    forest = forest_of(*deploy())
    forest.set_filter("l")
    assert forest.view.next_match(forest.row("build"), forward=True) is forest.row("compile")
    forest.set_filter("")
    assert forest.view.next_match(None, forward=True) is None


def test_jumps_stay_among_what_a_filter_shows() -> None:
    root, build, compile_, link, push = deploy()
    compile_.status = link.status = push.status = FAILED
    forest = forest_of(root, build, compile_, link, push)
    forest.set_filter("link")
    assert jumps(forest, True) == ["link"] == jumps(forest, False)


def test_jumps_in_a_deep_and_in_a_wide_tree() -> None:
    deep = [task("d0", run="d0"), *(task(f"d{n}", f"d{n - 1}", run="d0") for n in range(1, 20_000))]
    deep[-1].status = FAILED
    wide = [task("w", run="w", age=9), *(task(f"w{n}", "w", run="w") for n in range(20_000))]
    wide[-1].status = wide[1].status = FAILED
    forest = Forest()
    forest.load([deep, wide])
    assert jumps(forest, True) == ["d19999", "w0", "w19999"]
    assert jumps(forest, False) == ["w19999", "w0", "d19999"]


def test_folding_a_level() -> None:
    forest = forest_of(*deploy(), task("pack", "push"))
    build = forest.row("build")
    assert build and forest.view.fold_level(build) and names(forest) == ["deploy", "build", "push"]
    assert forest.view.fold_level(build) and len(forest.visible) == 6
    link = forest.row("link")
    assert link and not forest.view.fold_level(link), "nothing beside it has children"


# --- marks, pins, columns ----------------------------------------------------------------------------------------


def test_marks_know_where_a_range_begins_and_forget_what_is_gone() -> None:
    forest = forest_of(*deploy())
    build, link, push = (forest.row(id) for id in ("build", "link", "push"))
    assert build and link and push
    marks = Marks()
    for row in (push, link, build):
        marks.toggle(row)
    assert marks.last is build and tops(marks.rows) == [push, build]
    marks.toggle(build)
    assert marks.last is link and build not in marks and len(marks) == 2
    forest.marks.toggle(link)
    forest.apply(Delta(removed={"link"}))
    assert len(forest.marks) == 0 and forest.marks.last is None
    push.seen = FAILED
    assert by_status([build, push]) == [(FAILED, 1), (PENDING, 1)]


def pinned(forest: Forest, top: int, room: int = 4) -> list[str]:
    return [row.task.id for row in pins(forest.visible, top, room, forest.root_of)]


def test_ancestors_of_what_is_seen_are_pinned() -> None:
    forest = forest_of(*deploy(), task("last", run="last", age=9))
    assert [row.task.id for row in forest.visible] == ["last", "deploy", "build", "compile", "link", "push"]
    forest.load([])
    assert names(forest) == ["deploy", "build", "compile", "link", "push", "last"]
    assert pinned(forest, 0) == [] and pinned(forest, 2) == ["deploy", "build"]
    assert pinned(forest, 1) == ["deploy", "build"] and pinned(forest, 3) == ["deploy"]
    assert pinned(forest, 5) == [] and pinned(forest, 2, room=0) == []


def test_where_ancestors_are_many_the_root_and_the_nearest_stay() -> None:
    forest = forest_of(task("d0", run="d0"), *(task(f"d{n}", f"d{n - 1}", run="d0") for n in range(1, 30)))
    assert pinned(forest, 20, room=3) == ["d0", "d21", "d22"]
    assert [room_for_pins(height) for height in (4, 9, 15, 40)] == [0, 1, 3, 4]


@pytest.mark.parametrize("width", [10, 20, 43, 44, 78, 80, 95, 96, 100, 120, 200])
def test_columns_fit_and_give_way(width: int) -> None:
    columns = columns_for(width)
    taken = sum(column.cells for column in (*columns.left, *columns.right))
    assert columns.room == max(width - taken, 0)
    assert width < 44 or columns.room >= 20, "the name has room"
    assert {column.name for column in columns.left} <= {column.name for column in columns_for(width + 1).left}


# --- by chance ---------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0, max_value=1 << 30))
def test_by_chance_what_is_shown_is_what_counting_all_shows(seed: int) -> None:
    rng = random.Random(seed)
    forest, tasks = Forest(), dict[str, Task]()
    for step in range(40):
        for _ in range(rng.randrange(4)):
            new, above = f"n{len(tasks)}-{step}", rng.choice([None, *tasks.values()])
            run = above.run_id if above else new
            tasks[new] = task(new, above.id if above else None, run=run, status=rng.choice([PENDING, FAILED, DONE]))
            forest.apply(delta(tasks[new]))
        if tasks:
            changed = rng.choice(list(tasks.values()))
            changed.status = rng.choice([PENDING, RUNNING, FAILED, DONE])
            forest.apply(delta(changed))
        act = rng.randrange(7)
        if act == 0:
            forest.set_filter(rng.choice(["", "fail", "n1", "!done", "status:running"]))
        elif act == 1:
            forest.view.sort(rng.choice(list(ORDERS)))
        elif act == 2:
            forest.view.settle()
        elif act == 3 and forest.visible:
            forest.toggle(rng.randrange(len(forest.visible)))
        elif act == 4 and tasks:
            gone = rng.choice(list(tasks))
            row = forest.row(gone)
            assert row
            below = {other.task.id for other in row.subtree()}
            forest.apply(Delta(removed=below))
            tasks = {id: each for id, each in tasks.items() if id not in below}
        elif act == 5 and tasks:
            forest.reveal(rng.choice(list(tasks)))
        check(forest, tasks, pinned=act == 5)


def check(forest: Forest, tasks: dict[str, Task], pinned: bool) -> None:
    view = forest.view
    assert len(forest) == len(tasks)
    everything = [row for root in view.siblings(None) for row in walked(forest, root)]
    assert {row.task.id for row in everything} == {id for id in tasks if not view.filter or shown(forest, id)}
    for index, row in enumerate(forest.visible):
        assert forest.index_of(row.task.id) == index and forest.stand_in(row.task.id) == index
        if row.parent is not None:
            after = [other for other in forest.visible[index + 1 :] if other.parent is row.parent]
            assert row.is_last == (not after)
    news = [row for row in everything if is_news(row)]
    assert [forest.task(id) for id in jumps(forest, True)] == [row.task for row in news]
    assert jumps(forest, False) == [row.task.id for row in reversed(news)]
    if view.filter and not pinned:
        hits = {row for row in map(forest.row, tasks) if row and view.filter.matches(row.task, row.seen)}
        assert hits <= view.filter.hits


def walked(forest: Forest, row: Row) -> list[Row]:
    return [row, *(other for child in forest.view.siblings(row) for other in walked(forest, child))]


def shown(forest: Forest, task_id: str) -> bool:
    row = forest.row(task_id)
    return row in forest.view.filter.shown
