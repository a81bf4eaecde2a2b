"""From nothing to a tested executor in an open console: the commands as a person types them, in an empty home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.whole.test_terminal import Terminal
from tui.commands.naming import names_of
from tui.commands.new import make
from tui.commands.options import TEMPLATES

ROOT = Path(__file__).resolve().parents[2]
Type = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def type_in(own_folders: Path, tmp_path: Path) -> Type:
    """A line of shell in an empty folder, where `taskdeck` and `pytest` are what is tested here."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, module in (("taskdeck", "tui.cli"), ("pytest", "pytest"), ("ruff", "ruff")):
        (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable} -P -m {module} "$@"\n')
        (folder / name).chmod(0o755)
    empty = tmp_path / "empty"
    empty.mkdir()
    environ = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            line, shell=True, cwd=empty, env=environ, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def test_new_check_and_test_work_one_after_the_other_in_an_empty_folder(type_in: Type) -> None:
    done = type_in("taskdeck new demo && taskdeck check && taskdeck test demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 problems" in done.stderr
    assert "demo: 2 of 2 completed" in done.stderr


def test_a_mistake_is_found_by_check_and_told_by_test(type_in: Type, own_folders: Path) -> None:
    assert type_in("taskdeck new demo").returncode == 0
    file = own_folders / "config" / "taskdeck" / "executors" / "demo.py"
    file.write_text(file.read_text().replace("async def execute(self, inputs):", "async def execute(self, inputs)"))
    checked = type_in("taskdeck check")
    assert checked.returncode == 1
    assert checked.stdout.startswith(f"{file}:")
    tested = type_in("taskdeck test demo")
    assert tested.returncode == 2
    assert checked.stdout in tested.stderr


def write(folder: Path, template: str, id: str) -> None:
    names = names_of(id)
    made = make(template, names)
    folder.mkdir(exist_ok=True)
    (folder / f"{names.module}.py").write_text(made.executor)
    (folder / f"test_{names.module}.py").write_text(made.test)


def test_the_tests_of_all_templates_pass_as_they_are(type_in: Type, tmp_path: Path) -> None:
    for template in TEMPLATES:
        write(tmp_path / "empty", template, f"my-{template}")
    done = type_in("pytest -q -p no:cacheprovider")
    assert done.returncode == 0, done.stdout
    assert "warning" not in done.stdout


def test_the_templates_please_a_linter_and_a_formatter(type_in: Type, tmp_path: Path) -> None:
    for template in TEMPLATES:
        write(tmp_path / "empty" / template, template, "demo")
        done = type_in(
            f"cd {template} && ruff check --isolated --no-cache --select E,F,I,B,UP,SIM . && "
            "ruff format --isolated --no-cache --check ."
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path, 120, 36)
    made.executors.mkdir()
    made.start()
    try:
        yield made
    finally:
        made.end()


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux (Debian: apt install tmux)")
@pytest.mark.timeout(180)
def test_a_new_executor_is_launched_in_an_open_console_without_a_restart(terminal: Terminal, type_in: Type) -> None:
    terminal.sees("aggregate_results")
    assert "nightly" not in terminal.screen()
    assert type_in(f"taskdeck new nightly --executors {terminal.executors}").returncode == 0
    terminal.sees("nightly")
    terminal.launch("nightly", "one two three")
    terminal.sees('"words": 3')
