"""The `taskdeck` command: what it says and how it exits before and after the console."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui.cli", *options],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def modules_of(*options: str) -> set[str]:
    """The modules that the command has imported when it ends."""
    code = (
        "import sys\nfrom tui.cli import main\n"
        f"try:\n    main({list(options)!r})\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stderr.split())


def test_help_names_the_options_and_imports_nothing_heavy() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "--executors DIR" in done.stdout
    assert "--store FILE" in done.stdout
    assert not modules_of("--help") & {"textual", "rich", "jsonschema", "aiosqlite", "watchfiles", "httpx", "engine"}


def test_version_is_one_line() -> None:
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("taskdeck ")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("command", ["new", "check", "test"])
def test_help_of_a_command_imports_nothing_heavy(command: str) -> None:
    heavy = {"textual", "rich", "jsonschema", "aiosqlite", "watchfiles", "httpx", "engine", "asyncio"}
    assert not modules_of(command, "--help") & heavy


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--executor", "x"), "unrecognized arguments: --executor"),
        (("--executor=x", "check"), "unrecognized arguments: --executor=x"),
        (("--executors", "x", "--stor", "y", "check"), "unrecognized arguments: --stor"),
        (("--frobnicate",), "--frobnicate"),
        (("extra",), "'extra' (choose from 'new', 'check', 'test'"),
        (("--executors",), "--executors"),
        (("--executors", "/nowhere/at/all"), "no folder /nowhere/at/all"),
        (("--executors", str(Path(__file__))), "is not a folder"),
        (("--executors", "."), "needs a terminal"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(options: tuple[str, ...], said: str) -> None:
    done = run(*options)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("taskdeck: ")
    assert done.stdout == ""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every folder")
def test_an_unreadable_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    try:
        done = run("--executors", str(tmp_path))
    finally:
        tmp_path.chmod(0o700)
    assert done.returncode == 2
    assert "cannot read the folder" in done.stderr


def test_options_stand_before_and_after_a_command(tmp_path: Path) -> None:
    before, after = run("--executors", str(tmp_path), "check"), run("check", f"--executors={tmp_path}")
    assert before.returncode == after.returncode == 0
    assert before.stderr == after.stderr
    wrong = run("check", "--frobnicate")
    assert wrong.returncode == 2
    assert wrong.stderr == "taskdeck: unrecognized arguments: --frobnicate (see taskdeck --help)\n"


def test_what_an_executor_file_left_running_does_not_hold_up_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n")
    assert run("check", str(tmp_path)).returncode == 0


def test_a_wrong_setting_is_one_line(own_folders: Path) -> None:
    done = run(TASKDECK_SLOTS="many")
    assert done.returncode == 2
    assert "TASKDECK_SLOTS" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_first_start_makes_one_example_and_later_ones_leave_the_folder_alone(tmp_path: Path) -> None:
    from tui.cli import EXAMPLE_NAME, make_example

    folder = tmp_path / "executors"
    make_example(folder)
    assert [path.name for path in folder.iterdir()] == [EXAMPLE_NAME]
    compile((folder / EXAMPLE_NAME).read_text(), EXAMPLE_NAME, "exec")
    (folder / EXAMPLE_NAME).unlink()
    make_example(folder)
    assert list(folder.iterdir()) == []
