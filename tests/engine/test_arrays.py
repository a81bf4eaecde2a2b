"""A tree from a flow file's array of objects (behaviour.md 2.9)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from engine import Engine, Task, TaskError, TaskTreeNode
from engine.arrays import tree_from_array
from engine.making import make_task


def tree_of(*entries: Any, **options: Any) -> TaskTreeNode:
    return tree_from_array(entries, make_task, **options)


def refused(*entries: Any) -> str:
    with pytest.raises(TaskError) as refusal:
        tree_of(*entries)
    assert refusal.value.hint
    return str(refusal.value)


def named(root: TaskTreeNode) -> dict[str, Task]:
    return {task.name: task for task in root.tasks()}


def needs(task: Task) -> list[str]:
    return [dependency.id for dependency in task.dependencies]


# ── what it makes ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_2_9_ids_and_names_may_be_mixed_and_all_become_ids() -> None:
    root = tree_of(
        {"id": "1", "name": "fetch", "inputs": {"url": "x"}},
        {"id": "2", "name": "parse", "parent_id": "fetch", "dependencies": ["fetch"]},
        {
            "id": "3",
            "name": "store",
            "parent": "1",
            "dependencies": [{"name": "parse"}, {"id": "1", "required": False}],
        },
    )
    tasks = named(root)
    fetch, parse, store = tasks["fetch"], tasks["parse"], tasks["store"]
    assert [child.task for child in root.children] == [parse, store]
    assert parse.parent_id == store.parent_id == fetch.id
    assert needs(parse) == [fetch.id]
    assert needs(store) == [parse.id, fetch.id]
    assert [dependency.required for dependency in store.dependencies] == [True, False]
    assert fetch.inputs == {"url": "x"}


def test_2_9_a_file_run_twice_makes_tasks_of_their_own_and_shows_its_ids() -> None:
    entries = [{"id": "a", "name": "one"}, {"id": "b", "name": "two", "parent": "a", "dependencies": ["a"]}]
    first, second = named(tree_of(*entries)), named(tree_of(*entries))
    assert len({task.id for task in (*first.values(), *second.values())}) == 4
    assert first["one"].params == {"flow_id": "a"} and second["two"].params == {"flow_id": "b"}
    assert needs(second["two"]) == [second["one"].id]


def test_2_9_ids_are_kept_on_demand() -> None:
    root = tree_of({"id": "a", "name": "one"}, {"name": "two", "parent": "a", "dependencies": ["one"]}, keep_ids=True)
    assert root.task.id == "a" and root.task.params == {}
    assert needs(root.children[0].task) == ["a"] and root.children[0].task.id


def test_2_9_several_roots_get_a_group_above_them_in_the_order_of_the_array() -> None:
    root = tree_of({"name": "b", "user_id": "ada"}, {"name": "c", "parent": "a"}, {"name": "a", "user_id": "ada"})
    assert root.task.name == "tasks" and root.task.params == {} and root.task.user_id == "ada"
    assert [child.task.name for child in root.children] == ["b", "a"]
    assert all(child.task.parent_id == root.task.id for child in root.children)
    assert root.children[1].children[0].task.name == "c"


def test_2_9_one_root_stays_the_root_wherever_it_stands() -> None:
    root = tree_of({"name": "leaf", "parent": "top"}, {"name": "top"})
    assert root.task.name == "top" and root.task.parent_id is None
    assert [child.task.name for child in root.children] == ["leaf"]


def test_2_6_the_executor_and_how_to_run_it_go_into_the_params() -> None:
    policy = {
        "retries": 3, "retry_delay": 0.5, "retry_backoff": "exponential", "retry_on": ["OSError"], "timeout": 20,
        "pool": "net", "retry_safe": True, "max_concurrent": 2,
    }  # fmt: skip
    task = tree_of({"name": "get it", "executor": "http", "params": {"own": 1}, "priority": 0, **policy}).task
    assert task.params == {"own": 1, "executor_id": "http", **policy}
    assert task.executor_id == "http" and task.name == "get it" and task.priority == 0


@pytest.mark.parametrize(
    "entry", [{"executor": "http"}, {"name": " ", "executor": "http"}, {"schemas": {"method": "http"}}]
)
def test_2_9_without_a_name_a_task_is_named_after_its_executor(entry: dict[str, Any]) -> None:
    task = tree_of(entry).task
    assert task.name == task.executor_id == "http"


def test_2_9_null_is_the_same_as_leaving_a_key_out() -> None:
    keys = ("id", "parent", "parent_id", "dependencies", "inputs", "params", "schemas", "priority", "timeout", "pool")
    task = tree_of({"name": "a", **dict.fromkeys(keys)}).task
    assert task.priority == 2 and task.params == {} and task.dependencies == ()


def test_2_9_an_id_goes_before_a_name_unless_the_name_was_asked_for() -> None:
    root = tree_of(
        {"id": "x", "name": "one"},
        {"id": "y", "name": "x"},
        {"name": "by id", "dependencies": ["x"]},
        {"name": "by name", "dependencies": [{"name": "x"}]},
    )
    tasks = named(root)
    assert needs(tasks["by id"]) == [tasks["one"].id]
    assert needs(tasks["by name"]) == [tasks["x"].id]


def test_2_9_the_same_dependency_given_twice_is_one() -> None:
    tasks = named(
        tree_of({"id": "1", "name": "a"}, {"name": "b", "dependencies": ["a", "1", {"id": "1", "name": "a"}]})
    )
    assert needs(tasks["b"]) == [tasks["a"].id]


def test_2_9_the_entries_given_stay_as_they_were() -> None:
    entry = {"id": "a", "name": "one", "executor": "x", "params": {"own": [1]}}
    tree_of(entry)
    assert entry == {"id": "a", "name": "one", "executor": "x", "params": {"own": [1]}}


def test_2_9_any_mapping_is_an_object() -> None:
    entry = MappingProxyType({"name": "a", "inputs": MappingProxyType({"x": 1}), "params": MappingProxyType({"y": 2})})
    task = tree_of(entry).task
    assert task.inputs == {"x": 1} and task.params == {"y": 2}


def test_2_9_a_chain_of_many_is_no_matter_of_depth() -> None:
    count = 20_000

    def new_task(name: str, *, id: str, parent_id: str | None, dependencies: list[Any], **_: Any) -> Task:
        return Task(id, name, id, parent_id=parent_id, dependencies=tuple(dependencies))

    entries = [
        {"name": str(n), **({"parent": str(n + 1), "dependencies": [str(n + 1)]} if n < count - 1 else {})}
        for n in range(count)
    ]
    root = tree_from_array(entries, new_task)
    assert [task.name for task in root.tasks()] == [str(n) for n in range(count - 1, -1, -1)]


async def test_2_9_a_flow_runs_with_its_results_passed_on(register, engine: Engine) -> None:
    async def first(self: Any, inputs: dict[str, Any]) -> Any:
        return {"url": "found"}

    async def second(self: Any, inputs: dict[str, Any]) -> Any:
        return {"got": inputs["url"]}

    register("first", first)
    register("second", second, {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]})
    entries = [
        {"name": "look", "executor": "first"},
        {"name": "take", "executor": "second", "dependencies": ["look"]},
    ]
    root = tree_from_array(entries, engine.new_task)
    assert await engine.finished(await engine.submit(root)) == "completed"
    assert root.task.status == "completed" and named(root)["take"].result["got"] == "found"


# ── what it refuses ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("given", [{"tasks": []}, "tasks", 7, None])
def test_2_9_what_is_no_list_is_refused(given: Any) -> None:
    with pytest.raises(TaskError, match="must be a list"):
        tree_from_array(given, make_task)


def test_2_9_an_empty_array_is_refused() -> None:
    assert "empty" in refused()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("build", "entry 2: is no object but 'build'"),
        ({}, "entry 2: has no name"),
        ({"name": "  ", "id": "x"}, "entry 2 ('x'): has no name"),
        ({"name": 7}, "entry 2: 'name' must be text, not 7"),
        ({"name": "b", "id": 3}, "entry 2 ('b'): 'id' must be text that is not empty, not 3"),
        ({"name": "b", "id": "3", "executor": ["x"]}, "entry 2 ('b'): 'executor' must be text"),
        ({"name": "b", "inputs": [1]}, "'inputs' must be an object, not [1]"),
        ({"name": "b", "schemas": {"method": 1}}, "'method' in schemas must be text"),
        ({"name": "b", "priority": "high"}, "'priority' must be a whole number, 0 to 3, not 'high'"),
        ({"name": "b", "priority": 9}, "entry 2 ('b'): priority 9 is none. 0 urgent"),
        ({"name": "b", "inputs": {"x": {1}}}, "entry 2 ('b'): inputs are not JSON at $.x: set"),
        ({"name": "b", "user_id": 1}, "'user_id' must be text"),
        ({"name": "b", "parent": {"id": "a"}}, "'parent' must be the id or name of one entry"),
        ({"name": "b", "parent": "a", "parent_id": "first"}, "'parent_id' and 'parent' differ"),
        ({"name": "b", "dependencies": "a"}, "'dependencies' must be a list, not 'a'"),
        ({"name": "b", "dependencies": ["a", 7]}, "dependency 2 is 7. Give an id, a name, or"),
        ({"name": "b", "dependencies": [""]}, "dependency 1 is empty"),
        ({"name": "b", "dependencies": [{}]}, "dependency 1 has neither 'id' nor 'name'"),
        ({"name": "b", "dependencies": [{"id": 1}]}, "dependency 1 has 'id' 1"),
        (
            {"name": "b", "dependencies": [{"id": "a", "required": "no"}]},
            "'required' 'no', which must be true or false",
        ),
        ({"name": "b", "dependencies": [{"id": "a", "type": 1}]}, "dependency 1 has 'type' 1"),
        ({"name": "b", "dependencies": [{"id": "a", "requred": 1}]}, "'requred' (did you mean 'required'?)"),
        ({"name": "b", "dependencies": [{"id": "a", "name": "b"}]}, "the id 'a', but that entry is not named 'b'"),
        ({"name": "b", "dependancies": []}, "entry 2 ('b'): unknown key 'dependancies' (did you mean 'dependencies'?)"),
        ({"name": "b", 7: 1}, "unknown key '7'"),
        ({"name": "b", "retries": -1}, "'retries' must be a whole number from 0, not -1"),
        ({"name": "b", "retries": True}, "'retries' must be a whole number from 0, not true"),
        ({"name": "b", "retry_delay": "2"}, "'retry_delay' must be a number of seconds from 0, not '2'"),
        ({"name": "b", "retry_backoff": "linear"}, '"fixed" or "exponential", not \'linear\''),
        ({"name": "b", "retry_on": "OSError"}, "'retry_on' must be a list of exception names"),
        ({"name": "b", "timeout": 0}, "'timeout' must be a number of seconds above 0, not 0"),
        ({"name": "b", "pool": ""}, "'pool' must be text"),
        ({"name": "b", "retry_safe": 1}, "'retry_safe' must be true or false"),
        ({"name": "b", "max_concurrent": 0}, "'max_concurrent' must be a whole number from 1"),
        ({"name": "b", "timeout": 3, "params": {"timeout": 4}}, "'timeout' is 3, but 'timeout' in params is 4"),
        (
            {"name": "b", "executor": "x", "params": {"executor_id": "y"}},
            "entry 2 ('b'): 'executor' is 'x', but 'executor_id' in params is 'y'",
        ),
    ],
)
def test_2_9_what_is_wrong_in_an_entry_is_told_with_its_place_and_what_to_do(entry: Any, words: str) -> None:
    said = refused({"name": "first", "id": "a"}, entry)
    assert words in said
    assert "problems" not in said  # one slip is one problem


def test_2_9_the_same_value_in_both_places_is_no_error() -> None:
    entry = {"executor": "x", "timeout": 3, "params": {"executor_id": "x", "timeout": 3}}
    assert tree_of(entry).task.params == {"executor_id": "x", "timeout": 3}


def test_2_9_a_duplicate_id_names_both_entries() -> None:
    assert "entry 3 ('c'): id 'x' is the id of entry 1 too" in refused(
        {"id": "x", "name": "a"}, {"name": "b"}, {"id": "x", "name": "c"}
    )


def test_2_9_an_ambiguous_name_is_refused_only_where_it_is_referred_to() -> None:
    twins = [{"name": "build"}, {"name": "build"}]
    assert len(tree_of(*twins).children) == 2
    said = refused(*twins, {"name": "deploy", "dependencies": ["build"]})
    assert "entry 3 ('deploy'): its dependency 'build' is the name of the entries 1, 2" in said


def test_2_9_unknown_references_are_named_with_close_matches() -> None:
    said = refused({"id": "base", "name": "build"}, {"name": "deploy", "dependencies": ["biuld"], "parent": "bse"})
    assert "entry 2 ('deploy'): its dependency 'biuld' is no entry of this array (did you mean 'build'?)" in said
    assert "entry 2 ('deploy'): its parent 'bse' is no entry of this array (did you mean 'base'?)" in said


def test_2_9_a_reference_to_itself_is_refused() -> None:
    assert "entry 1 ('a'): it depends on itself" in refused({"name": "a", "dependencies": ["a"]})
    assert "entry 1 ('a'): it is its own parent" in refused({"name": "a", "parent": "a"})


def test_2_9_cycles_are_named_with_their_path() -> None:
    said = refused(
        {"name": "a", "dependencies": ["b"]},
        {"name": "b", "dependencies": ["c"]},
        {"name": "c", "dependencies": ["a"]},
        {"name": "x", "parent": "y"},
        {"name": "y", "parent": "x"},
    )
    assert "entry 1 ('a'): it waits for itself: a → b → c → a. Remove one of these dependencies" in said
    assert "entry 4 ('x'): it stands under itself: x → y → x" in said


def test_2_9_in_a_cycle_entries_of_one_name_are_told_apart() -> None:
    said = refused({"id": "p", "name": "n", "dependencies": ["q"]}, {"id": "q", "name": "n", "dependencies": ["p"]})
    assert "p → q → p" in said


def test_2_9_a_long_cycle_is_shortened() -> None:
    said = refused(*({"name": f"t{n}", "dependencies": [f"t{(n + 1) % 50}"]} for n in range(50)))
    assert "t0 → t1 → " in said and "→ … 40 more … → t0" in said and "t30" not in said


def test_2_9_all_problems_are_told_at_once_in_the_order_of_the_entries() -> None:
    said = refused(
        {"name": "a", "dependencies": ["gone"], "timeout": -1},
        {"name": "b", "priority": 7},
        "c",
    )
    lines = said.splitlines()
    assert "4 problems" in lines[0]
    assert [line.split("(")[0].split(":")[0].strip() for line in lines[1:]] == [
        "entry 1",
        "entry 1",
        "entry 2",
        "entry 3",
    ]
    assert "No task was made" in said


def test_2_9_of_very_many_problems_the_first_are_told_and_the_rest_counted() -> None:
    said = refused(*({"name": f"t{n}", "colour": 1} for n in range(50)))
    assert "50 problems" in said and "and 30 more" in said
    assert said.count("unknown key") == 20 and "('t19')" in said and "('t20')" not in said


def test_2_9_an_entry_without_a_name_can_be_referred_to_without_a_second_problem() -> None:
    assert "problems" not in refused({"id": "x"}, {"name": "b", "dependencies": ["x"], "parent": "x"})
