"""Flows from the command line: run, plan, list, check, new and test, with their exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.command_line import Command, executor, running

FLOW = """\
name: Greets
inputs_schema:
  type: object
  properties:
    who: {type: string}
    times: {type: integer, minimum: 1, default: 1}
  required: [who]
examples: [{who: Ann}]
tasks:
- id: a
  executor: echo
  inputs: {text: "hi {{ inputs.who }}", times: "{{ inputs.times }}"}
- id: b
  executor: echo
  dependencies: [a]
  when: inputs.times > `1`
  inputs: {text: "{{ tasks.a.result.text }}!"}
"""


@pytest.fixture
def folder(own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = own_folders / "config" / "taskdeck" / "executors"
    made.mkdir(parents=True)
    (made / "echo.py").write_text(executor("echo"))
    (made / "wipe.py").write_text(executor("wipe", "confirm = True"))
    (made / "bad.py").write_text(executor("bad", "", 'raise ValueError("no such host")'))
    (made / "greets.flow.yaml").write_text(FLOW)
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def taskdeck(capfd: pytest.CaptureFixture[str], folder: Path) -> Iterator[Command]:
    yield from running(capfd)


def test_run_launches_a_flow_and_prints_what_its_tasks_returned(taskdeck: Command) -> None:
    done = taskdeck("run", "greets", "--input", "who=Ann", "--input", "times=2")
    assert done.code == 0, done.err
    assert {name: result["text"] for name, result in json.loads(done.out).items()} == {"a": "hi Ann", "b": "hi Ann!"}
    assert "a | input 'text' filled in from inputs.who: \"hi Ann\"" in done.err


def test_run_takes_a_file_of_any_name(taskdeck: Command, folder: Path) -> None:
    (folder / "tasks.json").write_text('[{"id": "x", "name": "echo", "inputs": {"text": "1"}}]')
    assert json.loads(taskdeck("run", "tasks.json").out)["x"]["text"] == "1"
    done = taskdeck("run", "./greets.flow.yaml", "--input", "who=Bob", "--json")
    told = json.loads(done.out)
    assert (told["name"], told["status"], [each["skipped"] for each in told["tasks"]]) == (
        "greets",
        "completed",
        [False, True],
    )


@pytest.mark.parametrize(
    ("text", "options", "code", "words"),
    [
        (FLOW, (), 2, "x: who: is required"),
        (FLOW, ("--input", "who=A", "--input", "times=0"), 2, "x: times: "),
        ("tasks:\n- executor: nothing\n", (), 4, "x.flow.yaml:2: entry 1 ('nothing'): no executor named"),
        ("tasks:\n- executor: [\n", (), 2, "x.flow.yaml"),
        ("tasks:\n- executor: wipe\n", (), 4, "x runs what is marked as dangerous: wipe"),
        ("tasks:\n- executor: wipe\n", ("--yes",), 0, "x completed"),
        ("tasks:\n- executor: bad\n", (), 1, "no such host"),
    ],
)
def test_run_refuses_what_cannot_run_and_its_code_tells_how_it_ended(
    taskdeck: Command, folder: Path, text: str, options: tuple[str, ...], code: int, words: str
) -> None:
    (folder / "x.flow.yaml").write_text(text)
    name = "x" if "[\n" not in text else "x.flow.yaml"
    done = taskdeck("run", name, *options)
    assert done.code == code and words in done.err, done


def test_plan_tells_levels_and_inputs_and_stores_nothing(taskdeck: Command, own_folders: Path) -> None:
    done = taskdeck("plan", "greets", "--input", "who=Ann")
    assert done.lines == [
        "level 0",
        '  a  echo  {"text": "hi Ann", "times": 1}',
        "level 1",
        "  b  echo  skipped: its condition is false: inputs.times > `1`",
    ]
    assert (done.code, done.err) == (0, "2 tasks in 2 levels, 0 problems\n")
    assert not list(own_folders.rglob("*.db"))
    told = json.loads(taskdeck("plan", "greets", "--input", "who=Ann", "--json").out)
    assert [[each["id_in_flow"] for each in level if not each["group"]] for level in told["levels"]] == [["a"], ["b"]]


def test_plan_tells_every_problem(taskdeck: Command, folder: Path) -> None:
    done = taskdeck("plan", "greets")
    assert done.code == 1 and "✗ greets: who: is required" in done.lines
    assert json.loads(taskdeck("plan", "greets", "--json").out)["problems"][0]["text"] == "greets: who: is required"
    (folder / "x.flow.yaml").write_text("tasks:\n- executor: nothing\n")
    assert taskdeck("plan", "x.flow.yaml").code == 1
    assert taskdeck("plan", "echo", "--input", "a=1").lines == ["level 0", '  echo  echo  {"a": 1}']
    assert taskdeck("plan", "nowhere").code == 2


def test_list_shows_flows_as_such(taskdeck: Command) -> None:
    assert "greets             flow: Greets" in taskdeck("list").lines
    kinds = {each["id"]: each["kind"] for each in json.loads(taskdeck("list", "--json").out)}
    assert (kinds["greets"], kinds["echo"]) == ("flow", "executor")


def test_check_names_file_line_and_entry(taskdeck: Command, folder: Path) -> None:
    (folder / "x.flow.yaml").write_text("tasks:\n- executor: echo\n  when: inputs.n\n")
    done = taskdeck("check")
    assert (done.code, done.lines[-1]) == (
        1,
        "x.flow.yaml:3: entry 1 ('echo'): the flow has no input 'n'. Declare it under `inputs_schema: properties:`",
    )
    one = taskdeck("check", "x.flow.yaml", "--json")
    assert (one.code, json.loads(one.out)[0]["line"]) == (1, 3)
    assert taskdeck("check", "greets.flow.yaml").code == 0
    assert taskdeck("check", "gone.flow.yaml").code == 2


def test_new_writes_a_flow_that_checks_and_runs(taskdeck: Command, folder: Path) -> None:
    done = taskdeck("new", "my-flow", "--template", "flow")
    assert (done.code, done.lines[0]) == (0, f"wrote {folder / 'my-flow.flow.yaml'}")
    assert taskdeck("check", "my-flow.flow.yaml").code == 0
    ran = taskdeck("run", "my-flow", "--quiet")
    assert json.loads(ran.out)["report"]["text"].endswith("The sum is 6.")
    assert taskdeck("new", "my-flow", "--template", "flow").code == 2


def test_test_runs_the_examples_of_a_flow(taskdeck: Command) -> None:
    done = taskdeck("test", "greets")
    assert done.code == 0 and done.lines[0].startswith("ok        example 1")


def test_rerun_changes_an_input_of_a_flow(taskdeck: Command) -> None:
    taskdeck("run", "greets", "--input", "who=Ann")
    done = taskdeck("rerun", "latest", "--set", "times=3")
    assert done.code == 0 and "b completed" in done.err
    refused = taskdeck("rerun", "latest", "--set", "times=0")
    assert refused.code == 2 and "times: " in refused.err


def test_the_shipped_flow_runs(taskdeck: Command) -> None:
    assert taskdeck("test", "morning_check").code == 0
