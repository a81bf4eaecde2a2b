"""Which ready task starts next: priorities, pools, limits, pauses (behaviour.md 2.4, 4.7, 8.3, 8.7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.graph import Node, Tree
from engine.policy import Policy
from engine.scheduler import Scheduler
from engine.task import Task, TaskStatus

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Desk:
    """A scheduler whose starts are noted, and nodes made for it."""

    def __init__(self, slots: int = 1, **pools: int) -> None:
        self.begun: list[str] = []
        self.scheduler = Scheduler(slots, self._start, pools)
        self.tree = Tree("r")

    def _start(self, node: Node) -> None:
        node.status = TaskStatus.IN_PROGRESS
        self.begun.append(node.task.name)

    def node(self, name: str, priority: int = 2, at: int = 0, tree: Tree | None = None, **policy: Any) -> Node:
        task = Task(name, name, "r", priority=priority, created=NOON.timestamp() + at)
        task.params = {"executor_id": policy.pop("executor", "e")}
        node = Node(task, tree or self.tree, TaskStatus.PENDING)
        node.policy = Policy(**policy)
        return node

    def push(self, *nodes: Node) -> None:
        for node in nodes:
            node.tree.nodes[node.task.id] = node
        self.scheduler.push(nodes)
        self.scheduler.pump()

    def end(self, *nodes: Node) -> None:
        for node in nodes:
            node.status = TaskStatus.COMPLETED
            self.scheduler.release(node)
            self.scheduler.pump()

    def lend(self, node: Node) -> None:
        """It waits for a child."""
        self.scheduler.release(node)
        self.scheduler.pump()

    def taken(self) -> list[str]:
        begun, self.begun = self.begun, []
        return begun


def test_2_4_the_lower_number_then_the_older_then_what_came_up_first() -> None:
    desk = Desk()
    first = desk.node("first", 3)
    desk.push(first)
    given = [("low", 3, 0), ("late", 2, 5), ("early", 2, 1), ("twin", 2, 5), ("urgent", 0, 9), ("high", 1, 9)]
    nodes = {name: desk.node(name, priority, at) for name, priority, at in given}
    desk.push(*nodes.values())
    desk.end(first)
    order = ["first"]
    for name in ("urgent", "high", "early", "late", "twin", "low"):
        order.append(name)
        assert desk.begun == order
        desk.end(nodes[name])


def test_2_4_priorities_hold_across_trees() -> None:
    desk = Desk()
    busy = desk.node("busy")
    desk.push(busy)
    desk.push(desk.node("normal here"), desk.node("low here", 3))
    desk.push(desk.node("urgent there", 0, 99, Tree("other")))
    desk.end(busy)
    assert desk.begun == ["busy", "urgent there"]


def test_3_6_all_slots_are_used_and_no_more() -> None:
    desk = Desk(slots=3)
    nodes = [desk.node(str(i)) for i in range(5)]
    desk.push(*nodes)
    assert desk.begun == ["0", "1", "2"] and desk.scheduler.queued == 2
    desk.end(nodes[1])
    assert desk.begun[3:] == ["3"] and len(desk.scheduler.running) == 3


def test_a_node_pushed_twice_starts_once() -> None:
    desk = Desk(slots=5)
    node = desk.node("a")
    desk.scheduler.push([node, node])
    desk.push(node)
    assert desk.begun == ["a"] and desk.scheduler.queued == 0


def test_what_is_withdrawn_does_not_start_and_may_come_again() -> None:
    desk = Desk()
    busy, a, b = desk.node("busy"), desk.node("a"), desk.node("b")
    desk.push(busy, a, b)
    desk.scheduler.withdraw(a)
    desk.scheduler.withdraw(a)
    assert desk.scheduler.queued == 1
    desk.end(busy)
    assert desk.begun == ["busy", "b"]
    desk.push(a)
    desk.end(b)
    assert desk.begun == ["busy", "b", "a"] and desk.scheduler.queued == 0


def test_8_7_a_full_pool_holds_up_nobody_else() -> None:
    desk = Desk(slots=1, gpu=1)
    gpu = [desk.node(f"gpu {i}", pool="gpu") for i in range(3)]
    desk.push(*gpu)
    assert desk.begun == ["gpu 0"]
    assert gpu[1].task.hold == "queued (pool gpu)" and gpu[0].task.hold == ""
    plain = desk.node("plain", 3)
    desk.push(plain)
    assert desk.begun == ["gpu 0", "plain"]
    desk.end(plain)
    assert desk.begun == ["gpu 0", "plain"]
    desk.end(gpu[0])
    assert desk.begun[2:] == ["gpu 1"]


def test_8_7_pools_have_their_own_sizes_and_an_unknown_one_has_one_place() -> None:
    desk = Desk(slots=1, db=2)
    nodes = [desk.node(f"{pool} {i}", pool=pool) for pool in ("db", "strange") for i in range(3)]
    desk.push(*nodes)
    assert sorted(desk.begun) == ["db 0", "db 1", "strange 0"]
    desk.end(nodes[0], nodes[3])
    assert sorted(desk.begun[3:]) == ["db 2", "strange 1"]


def test_8_7_a_task_whose_pool_changed_while_it_was_not_wanted_counts_in_the_new_one() -> None:
    desk = Desk(slots=1, gpu=1)
    busy, a = desk.node("busy", pool="gpu"), desk.node("a", pool="gpu")
    desk.push(busy, a)
    desk.scheduler.withdraw(a)  # cancelled; its executor is edited, then it is rerun
    a.policy = Policy()
    plain = desk.node("plain", 0)
    desk.push(plain, a)
    desk.end(busy)
    assert desk.begun == ["busy", "plain"]  # its old place in the queue of gpu is none
    desk.end(plain)
    assert desk.begun == ["busy", "plain", "a"]
    desk.end(a)
    b, c = desk.node("b", pool="gpu"), desk.node("c", pool="gpu")
    desk.push(b, c)
    assert desk.taken()[3:] == ["b"]


def test_4_7_max_concurrent_holds_for_one_executor_and_lets_others_pass() -> None:
    desk = Desk(slots=4)
    limited = [desk.node(f"l{i}", max_concurrent=2) for i in range(4)]
    other = desk.node("other", 3, executor="o")
    desk.push(*limited, other)
    assert desk.begun == ["l0", "l1", "other"]
    assert limited[2].task.hold == "queued (2 at once)"
    assert desk.scheduler.queued == 2
    desk.end(limited[0])
    assert desk.begun[3:] == ["l2"] and limited[2].task.hold == ""
    desk.end(limited[1], limited[2])
    assert desk.begun[4:] == ["l3"]


def test_4_7_what_waits_for_its_executor_goes_by_priority() -> None:
    desk = Desk(slots=9)
    first = desk.node("first", max_concurrent=1)
    rest = [
        desk.node(name, priority, max_concurrent=1) for name, priority in (("low", 3), ("normal", 2), ("urgent", 0))
    ]
    desk.push(first)
    desk.push(*rest)
    desk.end(first, rest[2], rest[1], rest[0])
    assert desk.begun == ["first", "urgent", "normal", "low"]


def test_4_7_a_withdrawn_one_that_comes_up_passes_its_place_on() -> None:
    desk = Desk(slots=9)
    nodes = [desk.node(str(i), max_concurrent=1) for i in range(4)]
    desk.push(*nodes)
    desk.scheduler.withdraw(nodes[1])
    desk.scheduler.withdraw(nodes[2])
    desk.end(nodes[0])
    assert desk.begun == ["0", "3"]


def test_4_7_a_place_passed_on_reaches_a_pool_that_was_looked_at_before() -> None:
    desk = Desk(slots=9, gpu=9)
    first = desk.node("first", max_concurrent=1)
    there = desk.node("there", 0, max_concurrent=1, pool="gpu")
    here = desk.node("here", 1, max_concurrent=1)
    desk.push(first)
    desk.push(there, here)
    desk.scheduler.withdraw(there)
    desk.end(first)
    assert desk.begun == ["first", "here"]


def test_4_7_a_greater_limit_of_one_task_is_used_up_to_it() -> None:
    desk = Desk(slots=9)
    narrow = [desk.node(f"n{i}", 0, max_concurrent=1) for i in range(2)]
    wide = [desk.node(f"w{i}", 2, max_concurrent=3) for i in range(5)]
    desk.push(*narrow)
    desk.push(*wide)
    assert desk.begun == ["n0", "w0", "w1"]
    desk.end(narrow[0], *(n for n in wide[:2]))
    assert desk.begun[3] == "n1" or desk.begun[3:6] == ["w2", "w3", "w4"]
    ends: list[str] = []
    everyone = {n.task.name: n for n in (*narrow, *wide)}
    while running := [n for n in everyone.values() if n in desk.scheduler.running]:
        assert len(running) <= 3
        ends.append(running[0].task.name)
        desk.end(running[0])
    assert sorted(desk.begun) == sorted(everyone)


def test_4_7_several_places_of_one_executor_fill_up_again() -> None:
    """What waited for the only place that one task left must not wait one by one for ever."""
    desk = Desk(slots=9)
    narrow = desk.node("narrow", 0, max_concurrent=1)
    desk.push(narrow)
    wide = [desk.node(f"w{i}", max_concurrent=3) for i in range(6)]
    alone = desk.node("alone", 0, max_concurrent=1)
    desk.push(*wide, alone)
    assert desk.taken() == ["narrow", "w0", "w1"]
    desk.end(narrow, wide[0], wide[1])
    desk.end(*(n for n in (alone,) if n in desk.scheduler.running))
    assert len(desk.scheduler.running) == 3


def test_8_1_who_waits_for_a_child_leaves_its_slot_and_gets_it_back_before_younger_ones() -> None:
    desk = Desk(slots=1)
    parent, child, other = desk.node("parent", at=0), desk.node("child", at=2), desk.node("other", at=1)
    desk.push(parent, other)
    assert desk.taken() == ["parent"]
    desk.lend(parent)
    assert desk.taken() == ["other"]
    desk.push(child)
    desk.scheduler.push([parent])
    desk.end(other)
    assert desk.taken() == ["parent"]
    desk.end(parent)
    assert desk.taken() == ["child"]


def test_8_1_a_lent_slot_frees_the_executors_limit_and_the_pool_too() -> None:
    desk = Desk(slots=1, gpu=1)
    outer = desk.node("outer", max_concurrent=1, pool="gpu")
    inner = desk.node("inner", max_concurrent=1, pool="gpu")
    desk.push(outer, inner)
    assert desk.taken() == ["outer"]
    desk.lend(outer)
    assert desk.taken() == ["inner"]
    desk.end(inner)
    desk.push(outer)
    assert desk.taken() == ["outer"]
    desk.end(outer)
    last = desk.node("last", max_concurrent=1, pool="gpu")
    desk.push(last)
    assert desk.taken() == ["last"]


def test_8_1_a_slot_seized_over_the_size_is_counted() -> None:
    desk = Desk(slots=1)
    parent, other, third = desk.node("parent"), desk.node("other"), desk.node("third")
    desk.push(parent)
    desk.lend(parent)
    desk.push(other)
    desk.scheduler.seize(parent)
    desk.scheduler.seize(parent)
    desk.push(third)
    desk.end(other)
    assert desk.taken() == ["parent", "other", "parent"]
    desk.end(parent)
    assert desk.taken() == ["third"]


def test_8_3_a_paused_queue_starts_nothing_new_and_goes_on_by_priority() -> None:
    desk = Desk(slots=1)
    desk.scheduler.pause()
    desk.push(desk.node("low", 3), desk.node("urgent", 0))
    assert desk.begun == [] and desk.scheduler.queued == 2
    desk.scheduler.resume()
    assert desk.begun == ["urgent"]


def test_8_3_what_a_pause_holds_back_says_so_and_what_follows_says_what_then_lacks() -> None:
    desk = Desk(slots=1, gpu=1)
    busy, waiting = desk.node("busy"), desk.node("waiting")
    first, second, late = (desk.node(name, pool="gpu") for name in ("first", "second", "late"))
    desk.push(busy, waiting, first, second)
    desk.scheduler.pause()
    desk.push(late)
    assert [n.task.hold for n in (busy, waiting, first, second, late)] == ["", "paused", "", "paused", "paused"]
    desk.scheduler.resume()
    assert [n.task.hold for n in (waiting, second, late)] == ["", "queued (pool gpu)", "queued (pool gpu)"]
    desk.scheduler.pause_tree(desk.tree)
    assert [n.task.hold for n in (busy, waiting, second)] == ["", "paused", "paused"]
    desk.scheduler.resume_tree(desk.tree)
    assert [n.task.hold for n in (busy, waiting, second)] == ["", "", "queued (pool gpu)"]


def test_8_3_what_runs_gets_its_slot_back_in_a_pause() -> None:
    desk = Desk(slots=1)
    parent, other = desk.node("parent", 3), desk.node("other", 0)
    desk.push(parent)
    desk.lend(parent)
    desk.push(other)
    desk.push(parent)
    desk.scheduler.pause()  # it asked before
    assert desk.taken() == ["parent", "other", "parent"]
    desk.lend(parent)
    desk.push(parent)  # it asks now
    assert desk.taken() == ["parent"]
    desk.end(parent, other)
    desk.scheduler.resume()
    late = desk.node("late")
    desk.push(late)
    assert desk.taken() == ["late"]


def test_8_3_what_runs_and_waits_for_its_executors_limit_goes_on_in_a_pause_too() -> None:
    desk = Desk(slots=9)
    parent, other = desk.node("parent", max_concurrent=1), desk.node("other", max_concurrent=1)
    desk.push(parent)
    desk.lend(parent)
    desk.push(other)
    desk.push(parent)
    assert desk.taken() == ["parent", "other"]
    desk.scheduler.pause()
    assert desk.taken() == ["parent"]


def test_8_3_a_paused_tree_holds_its_own_tasks_only() -> None:
    desk = Desk(slots=1)
    other = Tree("other")
    busy, mine, theirs = desk.node("busy"), desk.node("mine", 0), desk.node("theirs", 3, tree=other)
    desk.push(busy)
    desk.push(mine, theirs)
    assert mine.task.hold == ""
    desk.scheduler.pause_tree(desk.tree)  # while "mine" stands in the queue already
    assert mine.task.hold == "paused"
    desk.end(busy)
    assert desk.taken() == ["busy", "theirs"] and mine.task.hold == "paused"
    late = desk.node("late")
    desk.push(late)
    assert late.task.hold == "paused" and desk.scheduler.queued == 2
    desk.scheduler.resume_tree(desk.tree)
    desk.end(theirs)
    assert desk.taken() == ["mine"] and mine.task.hold == ""


def test_8_3_a_task_of_a_paused_tree_gets_its_slot_back() -> None:
    desk = Desk(slots=1)
    parent = desk.node("parent")
    desk.push(parent)
    desk.lend(parent)
    desk.scheduler.pause_tree(desk.tree)
    desk.push(parent)
    assert desk.taken() == ["parent", "parent"]


def test_8_3_what_was_withdrawn_while_it_was_held_stays_away() -> None:
    desk = Desk(slots=3)
    desk.scheduler.pause_tree(desk.tree)
    a, b = desk.node("a"), desk.node("b")
    desk.push(a, b)
    desk.scheduler.withdraw(a)
    desk.scheduler.resume_tree(desk.tree)
    desk.scheduler.pump()
    assert desk.begun == ["b"] and a.task.hold == ""


def test_8_3_a_held_task_passes_the_place_under_its_limit_on() -> None:
    desk = Desk(slots=9)
    first = desk.node("first", max_concurrent=1)
    mine = desk.node("mine", 0, max_concurrent=1)
    theirs = desk.node("theirs", 3, max_concurrent=1, tree=Tree("other"))
    desk.push(first)
    desk.push(mine, theirs)
    desk.scheduler.pause_tree(desk.tree)
    desk.end(first)
    assert desk.begun == ["first", "theirs"] and mine.task.hold == "paused"


def test_a_closed_one_starts_nothing() -> None:
    desk = Desk(slots=1)
    busy, next_one = desk.node("busy"), desk.node("next")
    desk.push(busy, next_one)
    desk.scheduler.close()
    desk.end(busy)
    desk.scheduler.seize(busy)
    assert desk.begun == ["busy"]


@pytest.mark.parametrize("count", [20_000])
def test_many_tasks_that_wait_for_one_limit_are_no_matter(count: int) -> None:
    desk = Desk(slots=4)
    nodes = [desk.node(str(i), max_concurrent=1) for i in range(count)]
    desk.push(*nodes)
    for node in nodes:
        desk.end(node)
    assert desk.begun == [str(i) for i in range(count)]


def test_8_7_a_task_that_moved_to_a_new_pool_in_a_paused_tree_does_no_harm() -> None:
    desk = Desk(slots=9)
    first, a, b = (desk.node(name, max_concurrent=1) for name in ("first", "a", "b"))
    desk.push(first)
    desk.push(a, b)
    desk.scheduler.withdraw(a)
    a.policy = Policy(max_concurrent=1, pool="new")
    other = desk.tree = Tree("other")
    a.tree, other.paused = other, True
    desk.push(a)
    desk.end(first)
    assert desk.begun == ["first", "b"] and a.task.hold == "paused"
