"""The code blocks of docs/approvals.md and docs/schedules.md are what they say: they run, are valid, are commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from engine.notify import read_rules
from tui.cli import make_parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / name for name in ("approvals.md", "schedules.md")]
BLOCKS = [
    pytest.param(kind, text, id=f"{page.stem}-{number}-{kind}")
    for page in PAGES
    for number, (kind, text) in enumerate(re.findall(r"```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), re.S))
]
COMMANDS = [
    line.strip()
    for page in PAGES
    for line in page.read_text(encoding="utf-8").splitlines()
    if line.startswith("    taskdeck ")
]


@pytest.mark.parametrize(("kind", "text"), BLOCKS)
def test_a_block_holds(kind: str, text: str, tmp_path: Path) -> None:
    if kind == "toml":
        assert len(read_rules(tomllib.loads(text)["notify"], "docs")) == 2
    elif kind == "python":
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "TASKDECK_STORE": str(tmp_path / "own.db")}
        done = subprocess.run([sys.executable, "-c", text], env=environ, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert not done.stderr
    else:
        assert kind == "ini" and "taskdeck schedule run" in text


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_one(line: str) -> None:
    assert make_parser().parse_args(shlex.split(line, comments=True)[1:]).command in ("answer", "schedule")
