"""Running, reading and steering from the command line, as scripts and people do."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.command_line import Command, executor, running, script

SCHEMA = (
    'inputs_schema = {"type": "object", "properties": {"name": {"type": "string"}, "times": {"type": "integer",'
    ' "minimum": 1, "default": 1}}, "required": ["name"]}'
)

GREET = """\
self.log("greeting " + inputs["name"])
return {"said": inputs["name"] * inputs["times"]}"""


@pytest.fixture
def taskdeck(capfd: pytest.CaptureFixture[str], own_folders: Path) -> Iterator[Command]:
    folder = own_folders / "config" / "taskdeck" / "executors"
    folder.mkdir(parents=True)
    (folder / "greet.py").write_text(
        executor(
            "greet", SCHEMA, 'self.log("greeting " + inputs["name"])\nreturn {"said": inputs["name"] * inputs["times"]}'
        )
    )
    (folder / "bad.py").write_text(executor("bad", "", 'raise ValueError("no such host")'))
    (folder / "wipe.py").write_text(executor("wipe", "confirm = True"))
    (folder / "slow.py").write_text(
        "import asyncio\n" + executor("slow", "", 'self.log("begun")\nawait asyncio.sleep(30)\nreturn {}')
    )
    yield from running(capfd)


def test_run_prints_the_result_on_stdout_and_what_happens_on_stderr(taskdeck: Command) -> None:
    done = taskdeck("run", "greet", "--input", "name=Ann", "--input", "times=2")
    assert done.code == 0
    assert json.loads(done.out) == {"said": "AnnAnn", "status": "completed"}
    assert done.err.splitlines() == ["greet | greeting Ann", "greet completed"]


def test_run_takes_inputs_from_files_and_single_keys_over_them(taskdeck: Command, tmp_path: Path) -> None:
    (tmp_path / "in.yaml").write_text("name: Bob\ntimes: 2\n")
    (tmp_path / "in.json").write_text('{"name": "Bob", "times": 3}')
    for name, said in (("in.yaml", "BobBob"), ("in.json", "BobBobBob")):
        assert json.loads(taskdeck("run", "greet", "--inputs", tmp_path / name).out)["said"] == said
    done = taskdeck("run", "greet", "--inputs", tmp_path / "in.json", "--input", "times=1", "--quiet", "--json")
    assert json.loads(done.out)["result"]["said"] == "Bob" and done.err == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("nothing",), "no executor or flow named 'nothing'"),
        (("greet",), "greet: name: is required"),
        (("greet", "--input", "name=A", "--input", "times=0"), "times: must be"),
        (("greet", "--input", "name=A", "--input", "nmae=B", "--inputs", "gone.json"), "cannot read the inputs"),
    ],
)
def test_wrong_inputs_run_nothing_and_say_why(taskdeck: Command, options: tuple[str, ...], said: str) -> None:
    done = taskdeck("run", *options)
    assert done.code == 2 and said in done.err and done.out == ""
    listed = taskdeck("history")
    assert listed.out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["stauts:failed"], "did you mean status:?"),
        (["status:faild", "since:soon"], "soon is no time"),
        (["duration:10s"], "duration>10s"),
        (["--status", "failed", "status:done"], "no run has both"),
    ],
)
def test_words_that_are_no_filter_are_named_with_the_near_one(taskdeck: Command, words: list[str], said: str) -> None:
    done = taskdeck("history", *words)
    assert done.code == 2 and said in done.err and done.out == ""


@pytest.mark.parametrize("text", ['{"name": "A", "name": "B"}', "[1]", '{"times": NaN}', "{"])
def test_inputs_that_are_no_strict_object_are_refused(taskdeck: Command, tmp_path: Path, text: str) -> None:
    (tmp_path / "in.json").write_text(text)
    done = taskdeck("run", "greet", "--inputs", tmp_path / "in.json")
    assert done.code == 2 and "in.json" in done.err


def test_a_failed_run_is_exit_1_and_its_error_is_told(taskdeck: Command) -> None:
    done = taskdeck("run", "bad", "--json")
    assert done.code == 1
    assert json.loads(done.out)["error"].endswith("no such host")


def test_a_dangerous_executor_needs_a_word_where_nobody_can_be_asked(taskdeck: Command) -> None:
    refused = taskdeck("run", "wipe", "--input", "password=hunter2")
    assert refused.code == 4 and "--yes" in refused.err and "hunter2" not in refused.err
    assert taskdeck("run", "wipe", "--yes").code == 0


def test_history_show_and_log_tell_of_a_run(taskdeck: Command) -> None:
    taskdeck("run", "greet", "--input", "name=Ann", "--label", "first one", "--tag", "blue")
    taskdeck("run", "bad")
    listed = taskdeck("history").lines
    assert len(listed) == 2 and "bad" in listed[0] and listed[1].endswith("greet  first one")
    assert [line.split()[1] for line in taskdeck("history", "--status", "failed").lines] == [listed[0].split()[1]]
    assert len(taskdeck("history", "--tag", "blue").lines) == 1
    begin = listed[1].split()[1]
    for words in (["status:failed"], ["executor:bad", "since:1h"], ["!label:first one"], ["no such host"], ["!Ann"]):
        assert taskdeck("history", *words).lines == [listed[0]], words
    assert taskdeck("history", "label:first one", "tag:blue", "Ann").lines == [listed[1]]
    assert taskdeck("history", "--status", "failed", "Ann").out == ""
    shown = taskdeck("show", begin)
    assert shown.lines[0] == "✔ greet  completed"
    assert any('"said": "Ann"' in line for line in shown.lines)
    assert taskdeck("log", begin).lines == ["greeting Ann"]
    assert json.loads(taskdeck("show", begin, "--json").out)["inputs"] == {"name": "Ann", "times": 1}
    assert taskdeck("show", "latest").lines[0] == "✗ bad  failed"


def test_a_task_that_is_not_there_is_named(taskdeck: Command) -> None:
    taskdeck("run", "bad")
    for command in ("show", "log", "rerun"):
        done = taskdeck(command, "zzz")
        assert done.code == 2 and "there is no task 'zzz'" in done.err
    assert taskdeck("cancel", "zzz").code == 4
    assert "there is no store" in taskdeck("show", "latest", "--store", "nowhere.db").err


def test_rerun_changes_an_input_and_keeps_the_rest(taskdeck: Command) -> None:
    taskdeck("run", "greet", "--input", "name=Ann", "--input", "times=2")
    done = taskdeck("rerun", "latest", "--set", "name=Bob")
    assert done.code == 0 and json.loads(done.out)["said"] == "BobBob"
    assert len(taskdeck("history").lines) == 1


def test_what_has_ended_cannot_be_cancelled(taskdeck: Command) -> None:
    taskdeck("run", "bad")
    done = taskdeck("cancel", "latest", "--json")
    assert done.code == 4 and json.loads(done.out)["current_status"] == "failed"


def test_export_import_and_prune(taskdeck: Command, tmp_path: Path) -> None:
    taskdeck("run", "greet", "--input", "name=Ann")
    lines = taskdeck("export").out
    (tmp_path / "runs.jsonl").write_text(lines)
    other = tmp_path / "other.db"
    assert "1 run imported" in taskdeck("import", tmp_path / "runs.jsonl", "--store", other).err
    assert "0 runs imported, 1 were here already" in taskdeck("import", tmp_path / "runs.jsonl", "--store", other).err
    assert len(taskdeck("history", "--store", other).lines) == 1
    assert taskdeck("prune").code == 2
    assert taskdeck("prune", "--runs", "0").out == "deleted 1 run with 1 task\n"
    assert taskdeck("history").out == ""


def test_list_finds_by_words(taskdeck: Command) -> None:
    assert [line.split()[0] for line in taskdeck("list", "greet").lines] == [
        "greet",
        "hello",  # which says "Greets"
        "morning_check",  # which writes a greeting
    ]
    found, *_ = json.loads(taskdeck("list", "greet", "--json").out)
    assert found["inputs_schema"]["required"] == ["name"]


def test_ctrl_c_cancels_properly(taskdeck: Command, own_folders: Path) -> None:
    command, how = script("run", "slow")
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, **how) as process:
        assert process.stderr is not None and process.stderr.readline() == "slow | begun\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 3
    assert taskdeck("show", "latest").lines[0] == "⊘ slow  cancelled"


def test_what_is_detached_goes_on_by_itself_and_is_cancelled_from_elsewhere(taskdeck: Command) -> None:
    task_id = taskdeck("run", "slow", "--detach").out.strip()
    deadline = time.monotonic() + 20
    while "begun" not in taskdeck("log", task_id).out:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert taskdeck("pause", task_id).code == 0
    assert taskdeck("resume", task_id).code == 0
    assert taskdeck("cancel", task_id).code == 0
    assert taskdeck("show", task_id).lines[0] == "⊘ slow  cancelled"


def test_what_is_refused_is_told_though_it_was_to_be_detached(
    taskdeck: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words, code, said in (
        (("nosuch",), 2, "no executor or flow named 'nosuch'"),
        (("greet",), 2, "name: is required"),
        (("wipe",), 4, "--yes was not given"),
    ):
        done = taskdeck("run", *words, "--detach")
        assert (done.code, done.out) == (code, "") and said in done.err
    assert len(taskdeck("run", "wipe", "--detach", "--yes").out.strip()) == 36
    monkeypatch.setenv("TASKDECK_ALLOW", "bad,slow")
    for detach in ((), ("--detach",)):
        done = taskdeck("run", "greet", "--input", "name=Ann", *detach)
        assert done.code == 4 and "not among the executors that are allowed here (bad, slow)" in done.err


def test_what_is_not_allowed_is_listed_with_the_reason(taskdeck: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKDECK_ALLOW", "greet")
    listed = {line.split()[0]: line for line in taskdeck("list").lines}
    assert "not allowed: 'bad' is not among" in listed["bad"] and "not allowed" not in listed["greet"]
    found = {row["id"]: row["refused"] for row in json.loads(taskdeck("list", "--json").out)}
    assert found["greet"] is None and "not among" in found["bad"]


@pytest.mark.parametrize(
    "words",
    [
        ("run", "greet", "--input", "name=Ann"),
        ("run", "greet", "--input", "name=Ann", "--detach"),
        ("rerun", "latest"),
        ("cancel", "latest"),
        ("pause",),
        ("resume",),
        ("prune", "--runs", "0"),
        ("new", "another"),
        ("restore", "latest"),
        ("test", "greet", "--input", "name=Ann"),
    ],
    ids=" ".join,
)
def test_read_only_refuses_every_command_that_changes_something(taskdeck: Command, words: tuple[str, ...]) -> None:
    assert taskdeck("run", "greet", "--input", "name=Ann").code == 0
    done = taskdeck("--read-only", *words)
    assert done.code == 4 and "read-only mode" in done.err + done.out
    looked = taskdeck("--read-only", "history")
    assert looked.code == 0 and len(looked.lines) == 1


def test_a_log_is_followed_to_the_end_of_its_task(taskdeck: Command) -> None:
    task_id = taskdeck("run", "slow", "--detach").out.strip()
    deadline = time.monotonic() + 20
    while taskdeck("show", task_id).code:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    command, how = script("log", "-f", task_id)
    with subprocess.Popen(command, stdout=subprocess.PIPE, **how) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        assert process.poll() is None
        assert taskdeck("cancel", task_id).code == 0
        assert process.wait(20) == 0


def test_the_commands_load_no_textual(taskdeck: Command) -> None:
    for words in (["list"], ["run", "greet", "--input", "name=A"], ["history"]):
        code = (
            "import sys; from tui.cli import main; sys.argv[1:] = sys.argv[1:]; main(sys.argv[1:]);"
            " assert not any(name.partition('.')[0] == 'textual' for name in sys.modules)"
        )
        command, how = script()
        done = subprocess.run([command[0], "-P", "-c", code, *words], capture_output=True, check=False, **how)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "code", "status", "said"),
    [
        (("run", "greet", "--input", "name=A"), 0, "completed", None),
        (("run", "bad"), 1, "failed", "no such host"),
        (("run", "wipe"), 4, "refused", "--yes was not given"),
        (("--read-only", "run", "greet", "--input", "name=A"), 4, "refused", "read-only"),
        (("run", "gret"), 2, "wrong_use", "did you mean greet?"),
        (("run", "greet", "--input", "times=0"), 2, "wrong_use", "name: is required"),
        (("run", "greet", "--inputs", "none.json"), 2, "wrong_use", "cannot read the inputs none.json"),
        (("run", "none.flow.yaml"), 2, "wrong_use", "cannot read none.flow.yaml"),
        (("run", "chain"), 1, "failed", "did not complete"),
        (("run", "chain", "--input", "name=3", "--input", "times=x"), 2, "wrong_use", "times"),
        (("run", "greet", "--detach"), 2, "wrong_use", "name: is required"),
        (("rerun", "none"), 2, "wrong_use", "there is no"),
        (("show", "none"), 2, "wrong_use", "there is no"),
        (("plan", "gret"), 2, "wrong_use", "did you mean greet?"),
        (("check", "nowhere"), 2, "wrong_use", "no folder nowhere"),
        (("list", "--executors", "nowhere"), 2, "wrong_use", "no folder nowhere"),
        (("--theme", "dark", "history"), 2, "wrong_use", "--theme"),
    ],
)
def test_with_json_there_is_json_however_it_ends(
    taskdeck: Command, own_folders: Path, words: tuple[str, ...], code: int, status: str, said: str | None
) -> None:
    write_chain(own_folders)
    done = taskdeck(*words, "--json")
    data = json.loads(done.out)
    assert (done.code, data["status"]) == (code, status)
    assert data["error"] is None if said is None else said in data["error"]


def test_ctrl_c_gives_json_too(taskdeck: Command, own_folders: Path) -> None:
    write_chain(own_folders, "slow")
    for words in (("slow",), ("chain",)):
        command, how = script("run", *words, "--json")
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, **how) as process:
            assert process.stderr is not None and process.stdout is not None
            while "begun" not in (line := process.stderr.readline()):
                assert line
            process.send_signal(signal.SIGINT)
            assert json.loads(process.stdout.read())["status"] == "cancelled"
            assert process.wait(20) == 3


def test_options_that_are_wrong_give_json_too(own_folders: Path) -> None:
    for words in (("run",), ("run", "greet", "--priority", "9"), ("rerun", "--form", "x")):
        command, how = script(*words, "--json")
        done = subprocess.run(command, capture_output=True, check=False, **how)
        assert done.returncode == 2 and json.loads(done.stdout)["exit_code"] == 2 and done.stderr


def test_a_run_is_rerun_from_the_node_that_failed(taskdeck: Command, own_folders: Path) -> None:
    folder = write_chain(own_folders)
    assert taskdeck("run", "chain").code == 1
    tree = json.loads(taskdeck("show", "latest", "--json").out)["tree"]
    (folder / "bad.py").write_text(executor("bad", "", 'return {"mended": 1}'))
    done = taskdeck("rerun", "latest", "--from", "second", "--json")
    data = json.loads(done.out)
    assert done.code == 0 and data["executor"] == "chain" and data["status"] == "completed"
    assert [(part["id_in_flow"], part["attempt"]) for part in data["tasks"]] == [
        ("first", 1),
        ("second", 2),
        ("third", 1),
    ]
    begin = next(each["id"] for each in tree if each["name"] == "first")[:10]
    data = json.loads(taskdeck("rerun", "latest", "--from", begin, "--set", "name=Zoe", "--json").out)
    assert data["tasks"][0]["result"]["said"] == "Zoe" and data["tasks"][1]["attempt"] == 3


def test_a_node_that_is_none_is_answered_with_near_ones(taskdeck: Command, own_folders: Path) -> None:
    write_chain(own_folders)
    taskdeck("run", "chain")
    for node, hint in (("secnd", "Did you mean second"), ("xyzzy", "lists them"), ("", "lists them")):
        done = taskdeck("rerun", "latest", "--from", node)
        assert done.code == 2 and hint in done.err


def write_chain(own_folders: Path, second: str = "bad") -> Path:
    """A flow of three in a row; gives the folder."""
    folder = own_folders / "config" / "taskdeck" / "executors"
    (folder / "chain.flow.yaml").write_text(
        "description: three\ninputs_schema: {type: object, properties: {times: {type: integer, default: 1}}}\ntasks:\n"
        "  - {id: first, executor: greet, inputs: {name: Ann, times: '{{ inputs.times }}'}}\n"
        f"  - {{id: second, executor: {second}, dependencies: [first]}}\n"
        "  - {id: third, executor: greet, dependencies: [second], inputs: {name: Bob}}\n"
    )
    return folder
