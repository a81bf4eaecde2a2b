"""What the shell is offered at Tab, asked the way argcomplete's shell code asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def offered(line: str, home: Path) -> set[str]:
    """The completions of a command line whose cursor stands at its end."""
    answer = home / "offered"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TASKDECK_")}
    environment |= {
        "HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home), "PYTHONPATH": str(ROOT),
        "_ARGCOMPLETE": "1", "_ARGCOMPLETE_SHELL": "bash", "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1", "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line, "COMP_POINT": str(len(line.encode())),
    }  # fmt: skip
    command = [sys.executable, "-m", "tui.cli"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert not done.stdout + done.stderr
    return {word.strip() for word in answer.read_text(encoding="utf-8").split("\n") if word.strip()}


def test_commands_are_offered(tmp_path: Path) -> None:
    assert {"run", "rerun", "resume", "restore"} == offered("taskdeck re", tmp_path) | offered("taskdeck ru", tmp_path)


def test_executors_are_offered_by_id(tmp_path: Path) -> None:
    assert {"hello", "http_request"} <= offered("taskdeck run h", tmp_path)


def test_inputs_of_the_named_executor_are_offered(tmp_path: Path) -> None:
    assert "name=" in offered("taskdeck run hello --input ", tmp_path)


def test_executors_that_print_at_import_spoil_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "loud.py").write_text("import os\nprint('noise')\nos.system('echo noise')\n", encoding="utf-8")
    assert "hello" in offered(f"taskdeck --executors {folder} run hel", tmp_path)


def test_ids_of_runs_are_offered(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tui.cli", "run", "hello", "--input", "name=Ann", "--store", str(store)]
    subprocess.run(command, check=True, env=environment, capture_output=True, timeout=60)
    found = offered(f"taskdeck show --store {store} ", tmp_path)
    assert "latest" in found and any(len(word) == 8 for word in found - {"latest"})


def test_without_a_store_nothing_is_offered_and_nothing_said(tmp_path: Path) -> None:
    assert not any(word == "latest" for word in offered("taskdeck show ", tmp_path))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_code_for_each_shell_is_printed(shell: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui.cli", "completion", shell]
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True, timeout=60)
    assert "taskdeck" in done.stdout and "_ARGCOMPLETE" in done.stdout
