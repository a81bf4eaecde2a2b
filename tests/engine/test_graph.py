from __future__ import annotations

import pytest

from engine import Dependency, Task, TaskError, TaskStatus, TaskTreeNode
from engine.graph import Tree, build_tree, pending_reason, recount, reset, settle, tree_progress, tree_status

DONE, FAILED, CANCELLED, PENDING = TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.PENDING


def task(name: str, *needs: str, status: TaskStatus = PENDING, parent: str | None = None) -> Task:
    """`needs` are ids; one that ends in "?" is optional."""
    edges = tuple(Dependency(n.removesuffix("?"), not n.endswith("?")) for n in needs)
    return Task(id=name, name=name, run_id="r", parent_id=parent, status=status, dependencies=edges)


def tree_of(*tasks: Task, groups: str = "") -> Tree:
    return build_tree("r", tasks, lambda t: t.name in groups.split(), lambda _: None)


def names(nodes: list) -> list[str]:
    return [node.task.name for node in nodes]


def test_3_2_a_required_dependent_of_a_failure_never_runs_and_an_optional_one_does() -> None:
    tree = tree_of(task("a"), task("b", "a"), task("c", "a?"), task("d", "b"))
    assert names(recount(tree).ready) == ["a"]
    spread = settle(tree.nodes["a"], FAILED)
    assert names(spread.ready) == ["c"]
    assert set(names(spread.stuck)) == {"b", "d"}
    settle(tree.nodes["c"], DONE)
    assert tree.live == 0 and tree.status is FAILED


def test_3_2_an_optional_dependent_of_a_blocked_task_does_not_wait_for_ever() -> None:
    tree = tree_of(task("build"), task("deploy", "build"), task("clean up", "deploy?"))
    recount(tree)
    assert names(settle(tree.nodes["build"], FAILED).ready) == ["clean up"]


def test_3_6_a_task_starts_as_soon_as_its_own_dependencies_allow() -> None:
    tree = tree_of(task("a"), task("b"), task("c", "a"), task("d", "a", "b"))
    recount(tree)
    assert names(settle(tree.nodes["a"], DONE).ready) == ["c"]
    assert names(settle(tree.nodes["b"], DONE).ready) == ["d"]


@pytest.mark.parametrize("result", [None, False, 0, {}])
def test_3_4_any_result_satisfies(result: object) -> None:
    tree = tree_of(task("a"), task("b", "a"))
    recount(tree)
    assert names(settle(tree.nodes["a"], DONE, result).ready) == ["b"]


def test_3_3_a_cycle_is_refused_naming_the_path() -> None:
    with pytest.raises(TaskError, match="a → c → b → a"):
        tree_of(task("a", "c"), task("b", "a"), task("c", "b"))


def test_3_3_a_task_that_waits_for_the_group_it_stands_in_is_a_cycle() -> None:
    with pytest.raises(TaskError, match="wait for each other"):
        tree_of(task("g"), task("a", "g", parent="g"), groups="g")


def test_3_3_a_dependency_to_nowhere_is_refused_naming_both() -> None:
    with pytest.raises(TaskError, match=r"'b'.*'gone'"):
        tree_of(task("a"), task("b", "gone"))


def test_3_3_a_completed_task_of_another_tree_satisfies() -> None:
    other = tree_of(task("x", status=DONE))
    tree = build_tree("r", [task("a", "x")], lambda _: False, other.nodes.get)
    assert names(recount(tree).ready) == ["a"]


def test_a_live_task_of_another_tree_is_waited_for() -> None:
    other = tree_of(task("x"))
    recount(other)
    tree = build_tree("r2", [task("a", "x")], lambda _: False, other.nodes.get)
    assert recount(tree).ready == []
    assert names(settle(other.nodes["x"], DONE).ready) == ["a"]


def test_2_6_a_group_ends_with_its_children_and_lets_its_dependents_run() -> None:
    tree = tree_of(task("g"), task("a", parent="g"), task("b", parent="g"), task("after", "g"), groups="g")
    assert names(recount(tree).ready) == ["a", "b"]
    assert names(settle(tree.nodes["a"], DONE).groups) == []
    spread = settle(tree.nodes["b"], DONE)
    assert names(spread.groups) == ["g"] and names(spread.ready) == ["after"]
    assert tree.nodes["g"].status is DONE


def test_2_6_a_group_with_a_failed_child_fails() -> None:
    tree = tree_of(task("g"), task("a", parent="g"), task("b", "a", parent="g"), groups="g")
    recount(tree)
    assert names(settle(tree.nodes["a"], FAILED).groups) == ["g"]
    assert tree.nodes["g"].status is FAILED and tree.live == 0


def test_5_4_reset_takes_the_transitive_dependents_and_leaves_siblings() -> None:
    tree = tree_of(task("a", status=DONE), task("b", "a", status=FAILED), task("c", "b"), task("d", "a", status=DONE))
    recount(tree)
    assert set(names(reset(tree, tree.nodes["b"]))) == {"b", "c"}
    assert names(recount(tree).ready) == ["b"]
    assert tree.live == 2


def test_5_4_a_reset_child_opens_its_group_and_what_waits_for_it() -> None:
    tree = tree_of(
        task("g", status=FAILED),
        task("a", status=FAILED, parent="g"),
        task("b", status=DONE, parent="g"),
        task("after", "g", status=DONE),
        groups="g",
    )
    recount(tree)
    assert set(names(reset(tree, tree.nodes["a"]))) == {"g", "a", "after"}
    recount(tree)
    assert names(settle(tree.nodes["a"], DONE).groups) == ["g"]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([DONE, FAILED, PENDING], FAILED),
        ([DONE, CANCELLED, PENDING], CANCELLED),
        ([DONE, TaskStatus.IN_PROGRESS], TaskStatus.IN_PROGRESS),
        ([DONE, PENDING], TaskStatus.IN_PROGRESS),
        ([DONE, DONE], DONE),
    ],
)
def test_2_7_tree_status(statuses: list[TaskStatus], expected: TaskStatus) -> None:
    tasks = [task(str(i), status=status) for i, status in enumerate(statuses)]
    assert tree_status(tasks) is expected
    root = TaskTreeNode(tasks[0], [TaskTreeNode(t) for t in tasks[1:]])
    assert root.calculate_status() is expected


def test_2_7_tree_progress_is_the_mean_over_all_nodes() -> None:
    half = task("b")
    half.progress = 0.5
    assert tree_progress([task("a", status=DONE), half, task("c")]) == pytest.approx(0.5)


def test_2_3_what_is_shown_beside_pending() -> None:
    tasks = {
        t.id: t
        for t in (
            task("built", status=DONE),
            task("broken", status=FAILED),
            task("free", "built"),
            task("next", "free", "built"),
            task("blocked", "broken"),
            task("behind", "blocked"),
        )
    }
    said = {name: pending_reason(t, tasks.get) for name, t in tasks.items()}
    assert said == {
        "built": "",
        "broken": "",
        "free": "queued",
        "next": "waiting for free",
        "blocked": "blocked by broken (failed)",
        "behind": "blocked by broken (failed)",
    }


def test_a_chain_of_100_000_needs_no_recursion() -> None:
    count = 100_000
    tasks = [task(str(i), *([str(i - 1)] if i else [])) for i in range(count)]
    tree = tree_of(*tasks)
    node = recount(tree).ready[0]
    for _ in range(count):
        ready = settle(node, DONE).ready
        node = ready[0] if ready else node
    assert tree.live == 0 and tree.status is DONE


def test_one_failure_blocks_a_chain_of_100_000() -> None:
    tree = tree_of(*[task(str(i), *([str(i - 1)] if i else [])) for i in range(100_000)])
    recount(tree)
    assert len(settle(tree.nodes["0"], FAILED).stuck) == 99_999
    assert tree.live == 0
