"""`taskdeck test`: an executor's examples, run as a launch runs them, and what is said of them."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tui.command_line import Command, empty_folder, executor, running, script


@pytest.fixture
def taskdeck(capfd: pytest.CaptureFixture[str]) -> Iterator[Command]:
    yield from running(capfd)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_folder(tmp_path, monkeypatch)


SCHEMA = """\
inputs_schema = {
    "type": "object",
    "properties": {
        "n": {"type": "integer", "default": 7},
        "s": {"type": "string"},
        "api_key": {"type": "string"},
    },
    "additionalProperties": False,
}
"""


def test_examples_are_run_as_a_launch_runs_them(taskdeck: Command, folder: Path) -> None:
    """Validation, defaults and hooks included; prints go to the log and not to the output."""
    text = executor("a", SCHEMA + "examples = ({}, {'n': 'x'})", "print('noise')\nreturn inputs")
    text += "from engine import register_pre_hook\nregister_pre_hook(lambda task: task.inputs.update(s='hooked'))\n"
    (folder / "a.py").write_text(text)
    done = taskdeck("test", "a", "--executors", folder)
    assert done.code == 1
    assert re.fullmatch(r'ok        example 1  \d+\.\d\d s  {"n": 7, "s": "hooked"}', done.lines[0])
    assert re.fullmatch(r"failed    example 2  \d+\.\d\d s  validation_error: n: must be a whole number", done.lines[1])
    assert done.lines[2].strip() == 'inputs: {"n": "x"}'
    assert "noise" not in done.out
    assert done.err == "a: 1 of 2 completed\n"


def test_a_failure_shows_its_log(taskdeck: Command, folder: Path) -> None:
    execute = "self.log('first')\nprint('second\\x1b[2J')\nraise OSError('third')"
    (folder / "a.py").write_text(executor("a", "examples = ({},)\nretries = 1\nretry_delay = 0.01", execute))
    done = taskdeck("test", "a", "--executors", folder)
    assert done.code == 1
    assert "in 2 attempts  OSError: third" in done.lines[0]
    said = [line.strip() for line in done.lines]
    assert said.index("log: first") < said.index("stdout: second") < said.index("OSError: third")
    frames = [line for line in said if line.startswith('File "')]
    assert len(frames) == 1 and frames[0].startswith(f'File "{folder}/a.py", line 12,')  # the engine's own are left out


def test_a_long_log_is_cut_and_whole_in_json(taskdeck: Command, folder: Path) -> None:
    execute = "for n in range(100):\n    self.log(f'line {n}')\nreturn {'status': 'failed', 'error': 'no'}"
    (folder / "a.py").write_text(executor("a", "examples = ({},)", execute))
    said = taskdeck("test", "a", "--executors", folder).lines
    assert said[1].strip() == "… 60 lines before these"
    assert said[-1].strip() == "log: line 99"
    (run,) = json.loads(taskdeck("test", "a", "--executors", folder, "--json").out)
    assert len(run["log"]) == 100


def test_a_child_that_fails_shows_its_log_too(taskdeck: Command, folder: Path) -> None:
    (folder / "a.py").write_text(
        executor("child", execute="self.log('so it was')\nraise ValueError('broken')")
        + executor("a", "examples = ({},)", "await self.spawn('child')")
    )
    said = [line.strip() for line in taskdeck("test", "a", "--executors", folder).lines]
    assert "child failed: broken" in said
    assert "child | log: so it was" in said


def test_a_result_beside_its_output_schema_is_a_warning(taskdeck: Command, folder: Path) -> None:
    body = "examples = ({},)\noutput_schema = {'type': 'object', 'required': ['sum']}"
    (folder / "a.py").write_text(executor("a", body))
    done = taskdeck("test", "a", "--executors", folder)
    assert done.code == 0
    assert done.lines[1].strip() == "warning: the result does not fit the output schema: sum: is required"


def test_an_input_is_text_where_the_schema_says_so_and_json_elsewhere(taskdeck: Command, folder: Path) -> None:
    (folder / "a.py").write_text(executor("a", SCHEMA))
    options = ("--input", "n=12", "--input", "s=12", "--input", "api_key=hush-hush")
    done = taskdeck("test", "a", "--executors", folder, "--json", *options)
    (run,) = json.loads(done.out)
    assert run["inputs"] == {"n": 12, "s": "12", "api_key": "•••"}
    assert run["example"] is None
    assert "hush-hush" not in done.out
    assert "n: must be a whole number" in taskdeck("test", "a", "--executors", folder, "--input", "n=many").out


def test_one_example_can_be_chosen_and_an_input_of_it_set(taskdeck: Command, folder: Path) -> None:
    (folder / "a.py").write_text(executor("a", SCHEMA + "examples = ({'n': 1}, 'prose', {'n': 3, 's': 'x'})"))
    done = taskdeck("test", "a", "--executors", folder, "--example", "3", "--input", "n=4")
    assert len(done.lines) == 1
    assert done.lines[0].startswith("ok        example 3 ") and done.lines[0].endswith('{"n": 4, "s": "x"}')
    wrong = taskdeck("test", "a", "--executors", folder, "--example", "2")
    assert wrong.code == 2
    assert "example 2 is no dict" in wrong.err
    assert "'a' has no example 2. It has 1, 3" in wrong.err


def test_without_examples_there_is_nothing_to_run(taskdeck: Command, folder: Path) -> None:
    (folder / "a.py").write_text(executor("a"))
    done = taskdeck("test", "a", "--executors", folder)
    assert (done.code, done.out) == (2, "")
    assert "'a' has no examples" in done.err


def test_an_unknown_executor_is_told_with_close_ones_and_with_its_files_problem(
    taskdeck: Command, folder: Path
) -> None:
    assert "did you mean hello?" in taskdeck("test", "helo").err
    (folder / "demo.py").write_text("def broken(:\n")
    done = taskdeck("test", "demo", "--executors", folder)
    assert done.code == 2
    assert "ops/demo.py:1: SyntaxError: invalid syntax\n" in done.err
    assert "no executor or flow named 'demo'" in done.err


def test_inputs_that_are_no_json_and_results_that_are_none_are_failures(taskdeck: Command, folder: Path) -> None:
    (folder / "a.py").write_text(executor("a", "examples = ({'x': {1}}, {'y': 1})", "return {1, 2}"))
    done = taskdeck("test", "a", "--executors", folder)
    assert done.code == 1
    assert "not JSON at $.x: set" in done.lines[0]
    assert "result is not JSON at $: set" in done.lines[1]


def test_a_hook_that_fails_is_told(taskdeck: Command, folder: Path) -> None:
    text = executor("a", "examples = ({},)")
    text += "from engine import register_pre_hook\nregister_pre_hook(lambda task: task.nowhere)\n"
    (folder / "a.py").write_text(text)
    done = taskdeck("test", "a", "--executors", folder)
    assert done.code == 0
    assert "engine: pre hook" in done.err and "AttributeError" in done.err


def test_nothing_is_kept(taskdeck: Command, own_folders: Path) -> None:
    assert taskdeck("test", "hello", "--example", "1").code == 0
    assert not (own_folders / "data").exists()


def started(command: list[str], how: dict[str, Any], sign: Path) -> subprocess.Popen[str]:
    """The process, once `sign` is there."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)
    for _ in range(3000):
        if sign.exists() or process.poll() is not None:
            return process
        time.sleep(0.01)
    process.kill()
    raise AssertionError("it never began")


def test_ctrl_c_cancels_what_runs_properly(folder: Path) -> None:
    """Rule 5.1: `cancel()` is asked, and what execute returns then is kept."""
    execute = (
        "import asyncio, pathlib\nself.end = asyncio.Event()\n"
        f"pathlib.Path({str(folder / 'runs')!r}).touch()\n"
        "await self.end.wait()\nreturn {'status': 'cancelled', 'message': 'stopped half way'}"
    )
    (folder / "a.py").write_text(
        executor("a", "examples = ({}, {})", execute)
        + "    async def cancel(self):\n        self.end._loop.call_soon_threadsafe(self.end.set)\n"
    )
    process = started(*script("test", "a", "--executors", folder), folder / "runs")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert out.startswith("cancelled example 1 ") and "stopped half way" in out
    assert "cancelled; 1 of 2 not run" in err
    assert "Traceback" not in out + err


def test_code_that_ignores_its_end_holds_nothing_up_and_says_nothing(folder: Path) -> None:
    execute = (
        f"import asyncio, pathlib\npathlib.Path({str(folder / 'runs')!r}).touch()\n"
        "while True:\n    try:\n        await asyncio.sleep(100)\n    except asyncio.CancelledError:\n        pass"
    )
    (folder / "a.py").write_text(executor("a", "examples = ({},)", execute))
    process = started(*script("test", "a", "--executors", folder), folder / "runs")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "its code did not stop and was abandoned" in out
    assert err == "cancelled\na: 0 of 1 completed\n"


def test_ctrl_c_while_files_are_loaded_ends_it(folder: Path) -> None:
    (folder / "a.py").write_text(
        f"import pathlib, time\npathlib.Path({str(folder / 'runs')!r}).touch()\ntime.sleep(100)\n"
    )
    for options in (("check", folder), ("test", "hello", "--executors", folder), ("new", "b", "--executors", folder)):
        process = started(*script(*options), folder / "runs")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 3
        assert out == "" and err.count("\n") == 1
        (folder / "runs").unlink()
    assert [path.name for path in folder.iterdir()] == ["a.py"]


def test_progress_passes_by_on_a_terminal_only(folder: Path) -> None:
    (folder / "a.py").write_text(executor("a", "examples = ({},)", "self.report_progress(0.5, 'half way\\x1b[2J')"))
    command, how = script("test", "a", "--executors", folder, TERM="xterm")
    master, slave = pty.openpty()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=slave, timeout=60, check=False, **how)
    os.close(slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert "\x1b" not in done.stdout
    assert "\r\x1b[Kexample 1: 50% half way" in shown
    assert "\x1b[2J" not in shown
    assert shown.endswith("a: 1 of 1 completed\r\n")
