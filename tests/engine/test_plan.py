"""What a tree would do, without doing it (behaviour.md 8.5)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from engine import Dependency, Engine, ExecutorSpec, Settings, Task, TaskStatus, TaskTreeNode
from engine.plan import Plan, Planned, circles, plan
from engine.secrets import MASK

DONE, FAILED, CANCELLED = TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED
RUNNING = TaskStatus.IN_PROGRESS


def spec(id: str, *required: str, problem: str | None = None, **properties: Any) -> ExecutorSpec:
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return ExecutorSpec(id, id, "", SimpleNamespace, schema, schema_problem=problem, version=f"v-{id}")


EXECUTORS = {
    each.id: each
    for each in (
        ExecutorSpec("noop", "noop", "", SimpleNamespace, {"type": "object"}, version="v-noop"),
        spec("get", "url", url={"type": "string"}, times={"type": "integer", "default": 3, "maximum": 9}),
        spec("login", "password", password={"type": "string", "minLength": 5}, keys={"type": "array"}),
        spec("broken", problem="it raised"),
    )
}


def task(name: str, *needs: str, executor: str | None = "noop", **fields: Any) -> Task:
    """`needs` are ids; one that ends in "?" is optional. Its id is its name."""
    edges = tuple(Dependency(n.removesuffix("?"), not n.endswith("?")) for n in needs)
    params = {"executor_id": executor} if executor else {}
    return Task(name, name, "r", dependencies=edges, params=params, **fields)


def find(executor_id: str) -> tuple[ExecutorSpec | None, str]:
    found = EXECUTORS.get(executor_id)
    return found, "" if found else f"no executor named '{executor_id}'; did you mean noop?"


def plan_of(
    *tasks: Task, outside: Iterable[Task] = (), real_inputs: Callable[[Task], dict[str, Any]] = lambda t: t.inputs
) -> Plan:
    others = {t.id: t for t in outside}
    return plan(tasks, find, real_inputs, others.get)


def levels(found: Plan) -> list[list[str]]:
    return [[planned.task.id for planned in level] for level in found.levels]


def order(found: Plan) -> list[str]:
    each = sorted((planned for level in found.levels for planned in level), key=lambda planned: planned.order)
    assert [planned.order for planned in each] == list(range(len(each)))
    return [planned.task.id for planned in each]


def of(found: Plan, task_id: str) -> Planned:
    return next(planned for level in found.levels for planned in level if planned.task.id == task_id)


def texts(found: Plan, task_id: str | None = None) -> list[str]:
    assert all(problem.hint for problem in found.problems)
    return [problem.text for problem in found.problems if task_id in (None, problem.task_id)]


# ── levels and order ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_8_5_levels_are_one_above_the_highest_dependency() -> None:
    found = plan_of(task("a"), task("b"), task("c", "a"), task("d", "c", "b?"), task("e", "b"))
    assert levels(found) == [["a", "b"], ["c", "e"], ["d"]]
    assert of(found, "d").waits_for == ("c", "b") and of(found, "a").waits_for == ()
    assert found.problems == ()


def test_8_5_a_late_dependency_of_a_low_level_does_not_lower_the_level() -> None:
    assert levels(plan_of(task("a"), task("b", "a"), task("c", priority=3), task("d", "b", "c")))[2] == ["d"]


def test_8_5_an_empty_tree_has_an_empty_plan() -> None:
    assert plan_of() == Plan((), ())


def test_2_4_one_slot_starts_the_lower_number_first_and_then_the_older() -> None:
    old = datetime(2026, 1, 1, tzinfo=UTC)
    found = plan_of(
        task("low", priority=3),
        task("high", priority=1),
        task("older", priority=1, created=old.timestamp()),
        task("normal"),
        task("after high", "high", priority=0),
    )
    assert order(found) == ["older", "high", "after high", "normal", "low"]


def test_8_5_a_group_stands_on_the_level_of_its_last_child_and_runs_nothing() -> None:
    found = plan_of(
        task("top", executor=None),
        task("g", executor=None, parent_id="top"),
        task("a", parent_id="g"),
        task("b", "a", parent_id="g"),
        task("after", "g", parent_id="top"),
    )
    assert levels(found) == [["a"], ["g", "b"], ["top", "after"]]
    assert order(found) == ["top", "g", "a", "b", "after"]
    group = of(found, "g")
    assert group.is_group and group.executor_id is None and group.waits_for == ("a", "b")
    assert found.problems == ()


def test_8_5_tasks_under_a_task_that_runs_something_do_not_hold_it() -> None:
    found = plan_of(task("top"), task("a", parent_id="top"), task("after", "top"))
    assert levels(found) == [["top", "a"], ["after"]]


def test_8_5_what_waits_for_another_tree_starts_when_nothing_else_can() -> None:
    found = plan_of(
        task("held", "other", priority=0), task("a"), task("b", "a"), task("c", "held"), outside=[task("other")]
    )
    assert levels(found) == [["a"], ["b", "held"], ["c"]]
    assert order(found) == ["a", "b", "held", "c"]
    assert of(found, "held").waits_for == ("other",) and found.problems == ()


def test_8_5_a_tree_that_only_waits_has_nothing_on_level_0() -> None:
    assert levels(plan_of(task("a", "other"), outside=[task("other", status=RUNNING)])) == [[], ["a"]]


def test_5_4_in_a_rerun_what_completed_satisfies_and_is_not_planned() -> None:
    found = plan_of(task("a", status=DONE), task("b", "a"), task("c", "b"), task("d", status=DONE))
    assert levels(found) == [["b"], ["c"]] and of(found, "b").waits_for == ()


def test_8_5_what_runs_already_comes_first_and_is_waited_for() -> None:
    found = plan_of(task("a", priority=0), task("b", status=RUNNING, priority=3), task("c", "b"))
    assert order(found) == ["b", "a", "c"] and of(found, "c").waits_for == ("b",)


async def started(settings: Settings, register: Any, root: TaskTreeNode) -> list[str]:
    """The names of tasks in the order in which an engine with one slot began them."""

    async def execute(self: Any, inputs: dict[str, Any]) -> Any:
        begun.append(self.task.name)

    register("noop", execute)
    begun: list[str] = []
    engine = Engine(replace(settings, slots=1))
    await engine.start()
    try:
        await engine.finished(await engine.submit(root))
    finally:
        await engine.stop()
    return begun


@pytest.mark.parametrize("seed", range(5))
async def test_8_5_the_order_is_that_in_which_an_engine_with_one_slot_starts_them(settings, register, seed) -> None:
    """Any tree: priorities, dependencies, groups, and tasks under tasks."""
    chance = random.Random(seed)
    nodes = [TaskTreeNode(task("t0", executor=None))]
    path = list(nodes)  # what may still get children; only what is complete is depended on, so that there is no cycle
    for n in range(1, 60):
        del path[chance.randint(1, len(path)) :]
        complete = [node.task.id for node in nodes if node not in path]
        needs = chance.sample(complete, min(len(complete), chance.choice((0, 0, 1, 2))))
        executor = None if chance.random() < 0.3 else "noop"
        made = task(f"t{n}", *needs, executor=executor, parent_id=path[-1].task.id, priority=chance.randrange(4))
        path.append(path[-1].add_child(TaskTreeNode(made)))
        nodes.append(path[-1])
    for node in nodes:
        if not node.children:
            node.task.params = {"executor_id": "noop"}
    tasks = nodes[0].tasks()
    before = deepcopy([(t.dependencies, t.inputs, t.status, t.effective_inputs) for t in tasks])
    found = plan(tasks, find, lambda t: t.inputs, lambda _: None)
    assert found.problems == ()
    assert [(t.dependencies, t.inputs, t.status, t.effective_inputs) for t in tasks] == before
    expected = [name for name in order(found) if not of(found, name).is_group]
    assert await started(settings, register, nodes[0]) == expected


# ── inputs ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_8_5_inputs_are_shown_as_far_as_known_with_defaults_filled() -> None:
    found = plan_of(task("a", executor="get", inputs={"url": "x"}))
    planned = of(found, "a")
    assert planned.inputs == {"url": "x", "times": 3} and planned.open_inputs == ()
    assert planned.executor_id == "get" and planned.executor_version == "v-get"
    assert planned.task.inputs == {"url": "x"}


def test_3_5_results_that_are_there_already_are_merged() -> None:
    other = task("other", status=DONE, packed='{"url":"found","result":{"times":5}}')
    found = plan_of(task("a", "other", executor="get"), outside=[other])
    assert of(found, "a").inputs == {"url": "found", "times": 5, "other": other.result}
    assert found.problems == () and of(found, "a").open_inputs == ()


def test_3_5_what_an_unfinished_dependency_may_fill_is_open_and_no_problem() -> None:
    found = plan_of(task("a"), task("b", "a", executor="get", inputs={"url": ""}))
    assert of(found, "b").open_inputs == ("url", "times") and found.problems == ()
    found = plan_of(task("a"), task("b", "a", executor="get", inputs={"url": "x", "times": 12}))
    assert of(found, "b").open_inputs == () and texts(found) == ["task 'b': times: must be at most 9"]


def test_8_5_a_group_has_no_result_that_could_fill_an_input() -> None:
    found = plan_of(task("g", executor=None), task("a", parent_id="g"), task("b", "g", executor="get"))
    assert of(found, "b").open_inputs == () and texts(found) == ["task 'b': url: is required"]


def test_8_5_what_a_misspelt_dependency_would_fill_is_not_missed_too() -> None:
    assert texts(plan_of(task("b", "mispelt", executor="get"))) == [
        "task 'b' depends on 'mispelt', which does not exist"
    ]


def test_8_5_an_input_that_no_dependency_can_give_is_missed_all_the_same(monkeypatch) -> None:
    schema = {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a", "hidden"], "minProperties": 2}
    monkeypatch.setitem(EXECUTORS, "odd", ExecutorSpec("odd", "odd", "", SimpleNamespace, schema))
    assert texts(plan_of(task("x"), task("t", "x", executor="odd"))) == ["task 't': hidden: is required"]
    assert len(texts(plan_of(task("t", executor="odd")))) == 3


def test_4_2_every_invalid_input_is_told_with_its_path() -> None:
    found = plan_of(task("a", executor="get", inputs={"url": 7, "times": True, "more": 1}))
    assert len(found.problems) == 3
    assert {text.split(":")[1].strip() for text in texts(found, "a")} == {"url", "times", "more"}


def test_8_6_secrets_are_masked_and_lost_ones_have_to_be_given_again() -> None:
    found = plan_of(
        task("known", executor="login", inputs={"password": MASK}),
        task("lost", executor="login", inputs={"password": MASK, "keys": ["a", {"token": MASK}]}),
        task("empty", executor="login", inputs={}),
        real_inputs=lambda t: {"password": "sesame!"} if t.id == "known" else t.inputs,
    )
    assert of(found, "known").inputs == {"password": MASK} and texts(found, "known") == []
    told = texts(found, "lost")
    assert len(told) == 2 and "'password'" in told[0] and "'keys[1].token'" in told[1]
    assert texts(found, "empty") == ["task 'empty': password: is required"]


def test_8_5_of_what_runs_already_the_inputs_are_those_it_got() -> None:
    running = task("a", executor="gone", status=RUNNING, inputs={"x": MASK}, effective=f'{{"x":"{MASK}","y":1}}')
    found = plan_of(running)
    assert of(found, "a").inputs == {"x": MASK, "y": 1} and found.problems == ()


# ── problems ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_8_5_every_problem_of_the_tree_is_told_and_the_rest_is_planned() -> None:
    found = plan_of(
        task("a", "gone"),
        task("b", executor="nop"),
        task("c", executor="broken"),
        task("d", executor="get"),
        task("a"),
        task("e", "b"),
    )
    assert levels(found) == [["a", "b", "c", "d"], ["e"]]
    assert texts(found) == [
        "task id 'a' stands twice in the tree",
        "task 'a' depends on 'gone', which does not exist",
        "task 'b': no executor named 'nop'; did you mean noop?",
        "task 'c': the input schema of 'broken' cannot be used: it raised",
        "task 'd': url: is required",
    ]
    assert of(found, "b").executor_id == "nop" and of(found, "b").executor_version is None


def test_3_3_the_members_of_a_cycle_are_a_problem_and_all_others_are_planned() -> None:
    found = plan_of(
        task("a", "c"), task("b", "a"), task("c", "b"), task("free"), task("behind", "b"), task("self", "self")
    )
    assert levels(found) == [["free"], ["behind"]]
    assert texts(found) == ["tasks wait for each other: a → c → b → a", "tasks wait for each other: self → self"]


def test_3_3_two_cycles_that_share_a_task_name_all_that_stand_in_them() -> None:
    found = plan_of(task("a", "b"), task("b", "a", "c"), task("c", "b"))
    assert texts(found) == ["tasks wait for each other: a → b → a (in it too: c)"] and found.levels == ()


def test_3_3_a_task_that_waits_for_the_group_it_stands_in_is_a_cycle() -> None:
    found = plan_of(task("g", executor=None), task("a", "g", parent_id="g"), task("b", parent_id="g"))
    assert levels(found) == [["b"]] and texts(found) == ["tasks wait for each other: g → a → g"]


def test_8_5_a_cycle_with_a_wrong_input_tells_both() -> None:
    found = plan_of(task("a", "b", executor="get", inputs={"url": 1}), task("b", "a"))
    assert texts(found, "a")[1] == "task 'a': url: must be text"


@pytest.mark.parametrize(("status", "word"), [(FAILED, "failed"), (CANCELLED, "was cancelled")])
def test_3_2_a_needed_task_that_did_not_complete_blocks_all_behind_it(status: TaskStatus, word: str) -> None:
    found = plan_of(
        task("a", status=status), task("b", "a"), task("c", "b"), task("d", "a?"), task("e", "o"),
        outside=[task("o", status=status)],
    )  # fmt: skip
    assert texts(found, "b") == [f"task 'b': can never run: it needs 'a', which {word}"]
    assert texts(found, "c") == ["task 'c': can never run: it needs 'b', which can never complete"]
    assert texts(found, "d") == []
    assert texts(found, "e") == [f"task 'e': can never run: it needs 'o', which {word}"]
    assert levels(found) == [["b", "d", "e"], ["c"]]


def test_8_5_an_executor_is_looked_up_once_however_many_name_it() -> None:
    asked: list[str] = []

    def counted(executor_id: str) -> tuple[ExecutorSpec | None, str]:
        asked.append(executor_id)
        return find(executor_id)

    plan([task(f"t{n}", executor="gone") for n in range(9)], counted, lambda t: t.inputs, lambda _: None)
    assert asked == ["gone"]


def test_8_5_depth_is_no_limit() -> None:
    count = 5_000
    tasks = [
        task(f"t{n}", *([f"t{n - 1}"] if n else []), parent_id=f"t{n - 1}" if n else None, executor="noop")
        for n in range(count)
    ]
    assert len(plan_of(*tasks).levels) == count
    groups = [task(f"g{n}", executor=None, parent_id=f"g{n - 1}" if n else None) for n in range(count)]
    found = plan_of(*groups, task("leaf", parent_id=f"g{count - 1}"))
    assert len(found.levels) == 1 and order(found)[-1] == "leaf"
    around = plan_of(*(task(f"t{n}", f"t{(n + 1) % count}") for n in range(count)))
    assert around.levels == () and "more … → t0" in texts(around)[0]


def test_3_3_circles_are_the_sets_that_wait_for_each_other() -> None:
    """Against the plain definition: n and m are in one set when each can be reached from the other."""
    chance = random.Random(7)
    for _ in range(200):
        count = chance.randrange(1, 9)
        after = [[chance.randrange(count) for _ in range(chance.choice((0, 1, 1, 2)))] for _ in range(count)]
        reached = [set(each) for each in after]
        for _ in range(count):
            for each in reached:
                each.update(*(reached[n] for n in tuple(each)))
        expected = {frozenset(m for m in reached[n] if n in reached[m]) for n in range(count) if n in reached[n]}
        found = circles(after)
        assert {frozenset((*circle.path, *circle.others)) for circle in found} == expected
        for circle in found:
            steps = [*circle.path, circle.path[0]]
            assert all(b in after[a] for a, b in pairwise(steps))
