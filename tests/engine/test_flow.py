"""Flow files: what is read, what is refused, and that each refusal names line, entry and what to do."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.catalogue import ExecutorSpec
from engine.flow import FlowSpec, flow_of, read_flow
from engine.flow_schema import flow_schema
from engine.flow_text import flow_text
from engine.flow_tree import check, flow_tree
from engine.schema import compile
from engine.task import Task

ROOT = Path(__file__).resolve().parents[2]
EXECUTORS = {
    id: ExecutorSpec(id, id, "", SimpleNamespace, schema)
    for id, schema in {
        "any": {"type": "object"},
        "strict": {
            "type": "object",
            "properties": {"n": {"type": "integer", "minimum": 1}, "s": {"type": "string"}, "l": {"type": "array"}},
            "required": ["n"],
            "additionalProperties": False,
        },
    }.items()
}


def find(executor_id: str) -> tuple[ExecutorSpec | None, str]:
    found = EXECUTORS.get(executor_id)
    return found, "" if found else f"no executor named '{executor_id}'"


def told(text: str, name: str = "tried.flow.yaml") -> list[str]:
    """`line: problem` for all that is wrong with a file, by itself or beside the executors."""
    spec, problems = read_flow(text.encode(), f"/flows/{name}")
    if spec is not None:
        problems = check(spec, find)
    return [f"{problem.line}: {problem}" for problem in problems]


FORM = "inputs_schema: {type: object, properties: {city: {type: string}, n: {type: integer}}}\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("tasks: [\n", 2, "the YAML cannot be read"),
        ("a: 1\na: 2\n", 2, "the key 'a' stands twice"),
        ("3", 1, "a flow is an object or a list of tasks, not 3"),
        ("name: x\n", 1, "it has no tasks"),
        ("name: x\ntasks: []\n", 2, "its list of tasks is empty"),
        ("name: x\ntasks: {a: 1}\n", 2, "'tasks' must be a list of tasks, not"),
        ("nmae: x\ntasks: [{executor: any}]\n", 1, "unknown key 'nmae' (did you mean 'name'?). Rename or remove it"),
        ("id: a b\ntasks: [{executor: any}]\n", 1, "'id' must be letters, digits, _ - and ."),
        ("tags: x\ntasks: [{executor: any}]\n", 1, "'tags' must be a list of texts, not 'x'"),
        ("inputs_schema: 3\ntasks: [{executor: any}]\n", 1, "'inputs_schema' must be an object"),
        ("inputs_schema:\n  type: array\ntasks: [{executor: any}]\n", 2, "must describe an object, not 'array'"),
        ("inputs_schema:\n  properties:\n    a: {type: txt}\ntasks: [{executor: any}]\n", 3, "the schema is not valid"),
        ("tasks:\n- executr: any\n", 2, "unknown key 'executr' (did you mean 'executor'?)"),
        ("tasks:\n- executor: any\n- 3\n", 3, "entry 2: is no object but 3"),
        ("tasks:\n- executor: any\n  retries: -1\n", 3, "'retries' must be a whole number from 0, not -1"),
        ("tasks:\n- executor: any\n  priority: 9\n", 3, "priority 9 is none"),
        ("tasks:\n- executor: any\n  dependencies: [nowhere]\n", 3, "its dependency 'nowhere' is no entry"),
        ("tasks:\n- executor: any\n  parent: nowhere\n", 3, "its parent 'nowhere' is no entry"),
        ("tasks:\n- {id: a, executor: any}\n- {id: a, executor: any}\n", 3, "id 'a' is the id of entry 1 too"),
        (
            "tasks:\n- {id: a, executor: any, dependencies: [b]}\n- {id: b, executor: any, dependencies: [a]}\n",
            2,
            "it waits for itself: a → b → a",
        ),
        ("tasks:\n- id: a\n  executor: nothing\n", 3, "entry 1 ('a'): no executor named 'nothing'"),
        ("tasks:\n- id: a\n  executor: strict\n  inputs:\n    n: 0\n", 5, "entry 1 ('a'): n: "),
        ("tasks:\n- id: a\n  executor: strict\n", 2, "n: is required"),
        ("tasks:\n- executor: strict\n  inputs:\n    n: 1\n    x: 1\n", 5, "x: is not an input"),
        ("tasks:\n- executor: any\n  inputs:\n    a: '{{ inputs.n }}'\n", 4, "the flow has no input 'n'. Declare it"),
        (
            f"{FORM}tasks:\n- executor: any\n  inputs:\n    a: [1, '{{{{ inputs.cty }}}}']\n",
            5,
            "the flow has no input 'cty' (did you mean 'city'?)",
        ),
        ("tasks:\n- executor: any\n  inputs: {a: '{{ city }}'}\n", 3, "an expression knows `inputs` and `tasks`"),
        ("tasks:\n- executor: any\n  inputs: {a: '{{ tasks.b.result }}'}\n", 3, "there is no task 'b'"),
        (
            "tasks:\n- id: a\n  executor: any\n- executor: any\n  inputs: {x: '{{ tasks.a.result }}'}\n",
            5,
            "'a' is no dependency of it, so its result is not known. Add 'a' to its dependencies",
        ),
        (
            "tasks:\n- id: a\n  executor: any\n- executor: any\n  dependencies: [a]\n  when: tasks.a.reslt\n",
            6,
            "a task has result and status, no 'reslt' (did you mean 'result'?)",
        ),
        (
            "tasks:\n- id: a\n  executor: any\n- executor: any\n  dependencies: [a]\n  when: tasks.a.body.x\n",
            6,
            "Write tasks.a.result.body.x",
        ),
        ("tasks:\n- executor: any\n  inputs: {a: '{{ inputs.n'}\n", 3, "{{ is not closed"),
        (
            "tasks:\n- {id: a, executor: any}\n- {id: b, executor: any, dependencies: [a], when: tasks.any.result}\n",
            3,
            "there is no task 'any'",  # that is its executor
        ),
        ("tasks:\n- executor: any\n  inputs: {a: '{{ }}'}\n", 3, "the expression is empty"),
        (
            "tasks:\n- executor: any\n  when: lenght(inputs)\n",
            3,
            "there is no function lenght(). Did you mean length()?",
        ),
        ("tasks:\n- executor: any\n  when: length(inputs, inputs)\n", 3, "length() takes 1 argument, not 2"),
        ("tasks:\n- executor: any\n  when: 'a {{ inputs }}'\n", 3, "'when' has text around its expression"),
        ("tasks:\n- executor: any\n  when: inputs.n > 3\n", 3, "Numbers stand in backticks"),
        ("tasks:\n- executor: any\n  when: __import__('os').system('true')\n", 3, "no"),
        (
            "tasks:\n- name: g\n  when: true\n- {executor: any, parent: g}\n",
            3,
            "a group runs nothing and has no 'when'",
        ),
        (f"examples: [{{n: x}}]\n{FORM}tasks: [{{executor: any}}]\n", 1, "example 1 does not fit inputs_schema: n: "),
        (f"{FORM}tasks:\n- executor: strict\n  inputs:\n    n: 'n={{{{ inputs.n }}}}'\n", 5, "n: "),
        (
            f"{FORM}tasks:\n- executor: strict\n  inputs:\n    n: '{{{{inputs.city}}}}'\n",
            5,
            "n: inputs.city is of type string, but this input takes integer",
        ),
    ],
)
def test_a_wrong_flow_names_line_entry_and_what_to_do(text: str, line: int, words: str) -> None:
    problems = told(text)
    assert any(each.startswith(f"{line}: ") and words in each for each in problems), problems


@pytest.mark.parametrize(
    "text",
    [
        f"{FORM}tasks:\n- executor: strict\n  inputs: {{n: '{{{{ inputs.n }}}}', s: 'a {{{{ inputs.city }}}}'}}\n",
        "tasks:\n- {id: a, executor: any}\n- {executor: strict, dependencies: [a]}\n",  # its result may give n
        "tasks:\n- {id: a, executor: any}\n- executor: strict\n  dependencies: [a]\n"
        "  inputs: {n: 1, l: ['{{ tasks.a.result }}']}\n",
        "tasks:\n- {id: my-id, executor: any}\n- executor: any\n  dependencies: [my-id]\n"
        "  inputs: {x: '{{ tasks.\"my-id\".result }}'}\n",
        "inputs_schema: {properties: {x: {type: number}, y: {}, z: {type: [string, 'null']}}}\ntasks:\n"
        "- {executor: strict, inputs: {n: '{{ inputs.x }}', s: '{{ inputs.z }}', l: ['{{ inputs.x }}']}}\n"
        "- {executor: strict, inputs: {n: '{{ inputs.y }}'}}\n"
        "- {executor: strict, inputs: {n: '{{ length(inputs.z) }}'}}\n",
        "inputs_schema: {additionalProperties: true}\ntasks:\n- executor: any\n  when: inputs.whatever\n",
        "tasks:\n- name: group\n- {name: any, parent: group, priority: null}\n",
    ],
)
def test_a_right_flow_has_no_problems(text: str) -> None:
    assert told(text) == []


def test_json_names_the_line_too() -> None:
    text = '{\n "tasks": [\n  {"id": "a", "executor": "any"},\n  {"id": "b",\n   "executr": "any"}\n ]\n}\n'
    assert told(text, "tried.flow.json")[-1].startswith("5: entry 2 ('b'): unknown key 'executr'")
    assert told('{"tasks": [1,\n]}', "tried.json")[0].startswith("2: the JSON cannot be read")


def test_the_array_of_the_guide_loads_as_it_is() -> None:
    array = [
        {"id": "r", "name": "group", "user_id": "u", "priority": 2, "inputs": {}},
        {
            "id": "1",
            "name": "fetch",
            "parent_id": "r",
            "schemas": {"method": "any"},
            "inputs": {"resource": "cpu"},
            "dependencies": [],
        },
        {
            "id": "2",
            "name": "any",
            "parent_id": "r",
            "dependencies": [{"id": "1", "required": True}, {"name": "fetch", "required": False}],
        },
    ]
    spec, problems = read_flow(json.dumps(array).encode(), "/x/tasks.json")
    assert spec is not None and problems == [] and check(spec, find) == []
    tree = flow_tree(spec, {})
    root, group, first, second = tree.tasks()
    assert (spec.id, root.name, group.name, first.executor_id, second.executor_id) == (
        "tasks",
        "tasks",
        "group",
        "any",
        "any",
    )
    assert [each.id for each in second.dependencies] == [first.id, first.id]
    assert first.parent_id == group.id


def test_a_flow_of_a_thousand_tasks_is_read_and_checked_in_no_time() -> None:
    tasks = "".join(
        f"- id: t{at}\n  executor: strict\n  dependencies: [t{at - 1}]\n"
        f"  inputs: {{n: {at + 1}, s: 'x {{{{ tasks.t{at - 1}.result.s }}}}'}}\n"
        for at in range(1, 1000)
    )
    assert told(f"tasks:\n- {{id: t0, executor: strict, inputs: {{n: 1}}}}\n{tasks}") == []


def test_thousands_of_problems_are_told_in_few() -> None:
    problems = told("tasks:\n" + "- {executor: nothing}\n" * 3000)
    assert len(problems) < 30
    assert "more problems" in "".join(problems)


def test_the_published_schema_is_the_present_one() -> None:
    published = json.loads((ROOT / "docs" / "flow.schema.json").read_text())
    assert published == flow_schema(), "run: python -m engine.flow_schema > docs/flow.schema.json"


WRONG = [None, True, -1, 1.5, "", "text", [], ["a"], [1], {}, {"a": 1}]
TASK_KEYS = sorted(flow_schema()["$defs"]["task"]["properties"])
HEAD_KEYS = sorted(set(flow_schema()["$defs"]["flow"]["properties"]) - {"inputs_schema"})


@pytest.mark.parametrize("key", TASK_KEYS)
@pytest.mark.parametrize("value", WRONG)
def test_the_published_schema_takes_what_the_checker_takes_of_a_task(key: str, value: Any) -> None:
    data = {"tasks": [{"name": "any", key: value}, {"id": "a", "name": "any"}, {"id": "text", "name": "any"}]}
    spec, problems = flow_of(data)
    shapes = [each for each in problems if "must be" in each.text or " has " in each.text or " is " in each.text]
    shapes = [
        each
        for each in shapes
        if "no entry" not in each.text and "id of entry" not in each.text and "no expression" not in each.text
    ]
    if key == "priority" and spec is not None:
        shapes = check(spec, find)
    if "an expression knows" in str(problems):
        shapes = []
    fits = not compile(flow_schema()).problems(data)
    assert fits == (not shapes), (problems, compile(flow_schema()).problems(data))


@pytest.mark.parametrize("key", HEAD_KEYS)
@pytest.mark.parametrize("value", WRONG)
def test_the_published_schema_takes_what_the_checker_takes_of_a_flow(key: str, value: Any) -> None:
    data = {"tasks": [{"name": "any"}], key: value}
    _, problems = flow_of(data)
    fits = not compile(flow_schema()).problems(data)
    assert fits == (not problems), problems


# ── a tree as a flow file ────────────────────────────────────────────────────────────────────────────────────────────


def again(tasks: list[Task]) -> tuple[FlowSpec, str]:
    text = flow_text(tasks, name="N").text
    spec, problems = read_flow(text.encode(), "/x/n.flow.yaml")
    assert spec is not None, (problems, text)
    return spec, text


_SCALARS = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=12)
_TEXTS = _WORDS | st.sampled_from(
    ["no", "1e3", "0x1", "2026-01-01", "~", "a\nb\n", "{{", "a: b", "{{ x }}", " x ", "-"]
)
_JSON = st.recursive(
    _SCALARS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(inputs=st.dictionaries(_TEXTS.filter(lambda key: key != "<<"), _JSON, max_size=3), label=_TEXTS)
def test_what_a_tree_holds_comes_back_from_its_flow_file(inputs: dict[str, Any], label: str) -> None:
    from engine.making import make_task
    from engine.templates import places

    root = make_task("any", inputs=inputs)
    child = make_task("other name", parent_id=root.id, dependencies=[root.id], params={"retries": 2, "tags": [label]})
    spec, _ = again([root, child])
    _, first, second = flow_tree(spec, {}).tasks()
    filled = dict(first.inputs)
    for place in places(filled):  # braces that were only text are text again once they are filled in
        holder: Any = filled
        for step in place.path[:-1]:
            holder = holder[step]
        holder[place.path[-1]] = place.fill({"inputs": {}, "tasks": {}})
    assert filled == root.inputs
    assert (second.name, second.params["retries"], second.params["tags"]) == ("other name", 2, [label])
    assert (second.parent_id, second.dependencies[0].id) == (first.id, first.id)


def test_a_flow_written_again_is_the_same_flow() -> None:
    content = (ROOT / "executors" / "morning_check.flow.yaml").read_bytes()
    spec, _ = read_flow(content, "/x/n.flow.yaml")
    assert spec is not None
    second, text = again(flow_tree(spec, {}).tasks())
    assert again(flow_tree(second, {}).tasks())[1] == text
    assert (second.schema, len(second.entries)) == (spec.schema, len(spec.entries))
    assert second.executors == spec.executors


def test_a_secret_is_never_written_but_asked_for() -> None:
    from engine.making import make_task

    spec, text = again([make_task("any", inputs={"auth": {"token": "•••"}, "x": 1})])
    assert "•••" not in text
    assert spec.schema["properties"]["any_auth_token"]["writeOnly"] is True
    assert flow_tree(spec, {"any_auth_token": "s"}).tasks()[1].inputs["auth"] == {
        "token": "{{ inputs.any_auth_token }}"
    }


def test_what_a_file_cannot_hold_is_told() -> None:
    from engine.making import make_task

    written = flow_text([make_task("any", dependencies=["another-tree"])])
    assert written.left_out == ["task 'any': its dependency on a task outside of the tree"]
