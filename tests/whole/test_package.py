"""The built package, installed where nothing of ours was: what a person gets from `pipx install`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.bench.terminal import Terminal

ROOT = Path(__file__).parents[2]
PARTS = (
    "engine",
    "tui",
    "executors",
    "docs",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "aipartnerupflow.py",
)
"""What the package is made of; built from a copy, so that nothing is left in the checkout."""

pytestmark = pytest.mark.timeout(600)


def run(*command: str | Path, cwd: Path | None = None, home: Path | None = None) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TASKDECK_", "PYTHON"))}
    if home is not None:
        environment |= {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the source archive."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, source / name)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", target, source)
    return target


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that holds the wheel and what it asks for, nothing else."""
    place = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", place)
    wheel = next(built.glob("*.whl"))
    pip = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, "-c", ROOT / "constraints.txt", wheel)
    return place / "bin"


def test_the_source_archive_can_be_built_from(built: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    again = tmp_path / "again"
    run(
        sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", again, next(tmp_path.glob("taskdeck-*"))
    )
    assert [wheel.name for wheel in again.glob("*.whl")] == [wheel.name for wheel in built.glob("*.whl")]


def test_the_version_is_the_package_s(built: Path, installed: Path, tmp_path: Path) -> None:
    version = next(built.glob("*.whl")).name.split("-")[1]
    assert run(installed / "taskdeck", "--version", cwd=tmp_path) == f"taskdeck {version}\n"


def test_shipped_executors_run(installed: Path, tmp_path: Path) -> None:
    assert "hello" in run(installed / "taskdeck", "list", cwd=tmp_path, home=tmp_path)
    assert "Hello, Ann!" in run(
        installed / "taskdeck", "run", "hello", "--input", "name=Ann", cwd=tmp_path, home=tmp_path
    )


def test_a_new_executor_passes_its_own_test(installed: Path, tmp_path: Path) -> None:
    run(installed / "taskdeck", "new", "mine", cwd=tmp_path, home=tmp_path)
    run(installed / "taskdeck", "check", cwd=tmp_path, home=tmp_path)
    said = run(installed / "taskdeck", "test", "mine", cwd=tmp_path, home=tmp_path).splitlines()
    assert said and all(line.startswith("ok ") for line in said)


def test_scripts_of_the_guide_s_package_find_their_names(installed: Path, tmp_path: Path) -> None:
    names = "BaseTask, ExecutableTask, TaskManager, TaskTreeNode, create_session, executor_register"
    run(installed / "python", "-c", f"from aipartnerupflow import {names}", cwd=tmp_path)


def test_the_console_opens_and_ends(installed: Path, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TASKDECK_", "PYTHON", "TEXTUAL"))}
    terminal = Terminal([str(installed / "taskdeck")], {**kept, **home, "TERM": "xterm-256color"})
    try:
        terminal.wait(b"Hello you")
        terminal.press("q")
        assert terminal.process.wait(30) == 0
    finally:
        terminal.end()
