"""`taskdeck schedule` and `taskdeck answer`, as scripts and people use them."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tui.command_line import Command, executor, running, script

SCHEMA = 'inputs_schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}'
GUARD = 30.0
"""Seconds that nothing here may take on a loaded machine."""


@pytest.fixture
def taskdeck(capfd: pytest.CaptureFixture[str], own_folders: Path) -> Iterator[Command]:
    folder = own_folders / "config" / "taskdeck" / "executors"
    folder.mkdir(parents=True)
    (folder / "greet.py").write_text(executor("greet", SCHEMA, 'return {"said": inputs["name"]}'))
    (folder / "bad.py").write_text(executor("bad", "", 'raise ValueError("no such host")'))
    (folder / "wipe.py").write_text(executor("wipe", "confirm = True"))
    (folder / "log_in.py").write_text(executor("log_in"))
    yield from running(capfd)


def add(taskdeck: Command, *options: str) -> Any:
    done = taskdeck("schedule", "add", *options, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_a_schedule_is_added_listed_shown_paused_and_removed(taskdeck: Command) -> None:
    assert taskdeck("schedule", "list").err == "there are no schedules: `taskdeck schedule add --help`\n"
    made = add(
        taskdeck, "nightly", "greet", "--cron", "30 3 * * MON-FRI", "--tz", "Europe/Berlin", "--input", "name=Ann",
        "--tag", "db", "--label", "of the night", "--missed", "all", "--overlap", "queue", "--priority", "1",
    )  # fmt: skip
    assert (made["executor"], made["inputs"], made["missed"], made["priority"]) == ("greet", {"name": "Ann"}, "all", 1)
    assert made["next_at"] is not None
    listed = taskdeck("schedule", "list")
    assert "nightly" in listed.out and "cron 30 3 * * MON-FRI (Europe/Berlin)" in listed.out
    assert "no process keeps them now" in listed.err
    shown = taskdeck("schedule", "show", made["id"][:8]).out
    assert "At 03:30 on Monday through Friday" in shown and "queue" in shown
    assert taskdeck("schedule", "pause", "nightly").out == "nightly: paused\n"
    again = taskdeck("schedule", "pause", "nightly")
    assert again.code == 4 and "paused already" in again.out
    assert [each["paused"] for each in json.loads(taskdeck("schedule", "list", "--json").out)] == [True]
    assert taskdeck("schedule", "resume", "nightly").code == 0
    wrong = taskdeck("schedule", "remove", "nihgtly", "nightly")
    assert wrong.code == 4 and "Did you mean nightly?" in wrong.out and "nightly: removed" in wrong.out


def test_it_is_replaced_only_when_that_is_said(taskdeck: Command) -> None:
    first = add(taskdeck, "x", "greet", "--every", "1h", "--input", "name=a")
    assert "there is a schedule 'x' already" in refusal(taskdeck, "x", "greet", "--every", "2h", "--input", "name=b")
    second = add(taskdeck, "x", "greet", "--every", "2h", "--input", "name=b", "--replace")
    assert second["id"] == first["id"] and second["rule"] == "2h"


def refusal(taskdeck: Command, *options: str) -> str:
    from engine.errors import TaskdeckError

    try:
        done = taskdeck("schedule", "add", *options)
    except TaskdeckError as error:
        return str(error)
    assert done.code != 0
    return done.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("x", "greet", "--input", "name=a"), "say when"),
        (("x", "greet", "--cron", "61 * * * *", "--input", "name=a"), "'61' is no minute"),
        (("x", "greet", "--every", "soon", "--input", "name=a"), "no length of time"),
        (("x", "greet", "--at", "2001-01-01", "--input", "name=a"), "over already"),
        (("x", "greet", "--every", "1h", "--tz", "Berlin", "--input", "name=a"), "Europe/Berlin"),
        (("x", "greet", "--every", "1h"), "name"),
        (("x", "grete", "--every", "1h"), "did you mean greet"),
        (("x", "wipe", "--every", "1h"), "give --yes"),
        (("x", "log_in", "--every", "1h", "--input", "password=hunter2"), "env:NAME or keyring:NAME"),
    ],
)
def test_wrong_words_are_refused_and_nothing_is_kept(taskdeck: Command, options: tuple[str, ...], words: str) -> None:
    assert words in refusal(taskdeck, *options)
    assert json.loads(taskdeck("schedule", "list", "--json").out) == []


def test_next_times_are_told_of_rules_and_schedules(taskdeck: Command) -> None:
    times = json.loads(taskdeck("schedule", "next", "--cron", "@monthly", "--tz", "UTC", "-n", "3", "--json").out)
    assert len(times) == 3 and all("-01T00:00:00+00:00" in each for each in times)
    add(taskdeck, "x", "greet", "--every", "1h", "--input", "name=a")
    assert len(taskdeck("schedule", "next", "x", "-n", "2").lines) == 2
    assert taskdeck("schedule", "next").code == 2


def test_run_once_launches_what_is_due_and_tells_by_its_exit_code(taskdeck: Command) -> None:
    add(taskdeck, "good", "greet", "--every", "1s", "--input", "name=Ann")
    time.sleep(1.2)
    done = taskdeck("schedule", "run", "--once")
    assert done.code == 0 and "greet launched" in done.out and "greet completed" in done.out
    add(taskdeck, "wrong", "bad", "--every", "1s")
    time.sleep(1.2)
    done = taskdeck("schedule", "run", "--once", "--json")
    assert done.code == 1
    ends = {(line["schedule"], line["status"]) for line in json.loads(done.out)}
    assert ("wrong", "failed") in ends and ("good", "completed") in ends
    times = json.loads(taskdeck("schedule", "show", "good", "--json").out)["times"]
    assert {each["outcome"] for each in times} <= {"launched", "missed"} and times[0]["run"]
    assert "good" in taskdeck("history", "--tag", "schedule:good").out


def test_a_keeper_runs_without_a_screen_until_sigterm(taskdeck: Command) -> None:
    add(taskdeck, "often", "greet", "--every", "1s", "--input", "name=Ann")
    command, options = script("schedule", "run", "--wait", "5")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options) as process:
        try:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(4)]
            other = taskdeck("schedule", "run", "--once")
            assert "another process keeps the schedules" in other.err
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=GUARD)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert "often: " in said[0] and "launched" in said[0]
    assert "this process keeps the schedules: 1 of them" in err and "ending" in err


@pytest.fixture
def asking(taskdeck: Command, own_folders: Path) -> Iterator[str]:
    """The id of a task, a step of a flow that another process runs, that waits for an answer."""
    schema = '{"properties": {"host": {"type": "string", "minLength": 2}}, "required": ["host"]}'
    (own_folders / "ask.yaml").write_text(
        f'tasks: [{{id: step, executor: approve, inputs: {{title: "Deploy?", schema: {schema}}}}}]'
    )
    command, options = script("run", own_folders / "ask.yaml", "--json", "--quiet")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options) as process:
        try:
            until = time.monotonic() + GUARD
            waiting = None
            while waiting is None and time.monotonic() < until:
                waiting = _waiting(taskdeck)
                time.sleep(0.1)
            assert waiting is not None
            yield waiting
            assert process.stdout is not None
            out = process.stdout.read()
            assert json.loads(out)["status"] in ("completed", "failed")
        finally:
            process.kill()


def _waiting(taskdeck: Command) -> str | None:
    from engine.errors import StoreError

    try:
        done = taskdeck("answer", "--json")
    except StoreError:  # the other process has not made it yet
        return None
    return next((each["task"] for each in json.loads(done.out)), None) if done.code == 0 else None


def test_what_waits_is_listed_shown_and_approved_with_values(taskdeck: Command, asking: str) -> None:
    assert "Deploy?" in taskdeck("answer").out
    shown = taskdeck("answer", asking[:8])
    assert "--input host=…*" in shown.out and "--approve or --reject" in shown.err
    wrong = taskdeck("answer", asking, "--approve", "--input", "host=x")
    assert wrong.code == 4 and "host" in wrong.err
    done = taskdeck("answer", asking, "--approve", "--input", "host=12", "--reason", "fine", "--json")
    said = json.loads(done.out)
    assert (done.code, said["status"], said["values"], said["is_run"]) == (0, "answered", {"host": "12"}, True)
    again = taskdeck("answer", asking, "--reject")
    assert again.code == 4


def test_a_rejection_fails_the_task_that_asks_in_the_named_run(taskdeck: Command, asking: str) -> None:
    assert asking[:8] in taskdeck("answer", "latest").out
    done = taskdeck("answer", "latest", "--reject", "--reason", "not today")
    assert done.code == 0 and "rejected" in done.out and "it goes on" in done.out


def test_answer_without_a_task_takes_no_verdict(taskdeck: Command) -> None:
    add(taskdeck, "x", "greet", "--every", "1h", "--input", "name=a")  # makes the store
    assert taskdeck("answer").err == "nothing waits for an answer\n"
    assert taskdeck("answer", "--approve").code == 2
