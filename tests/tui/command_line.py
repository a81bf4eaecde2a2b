"""Running the commands beside the console in tests, and executor files for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.hooks import clear_hooks
from tui import commands
from tui.cli import make_parser

ROOT = Path(__file__).resolve().parents[2]
HEAD = "from engine import BaseTask, executor_register\n"


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Command = Callable[..., Done]


def running(capfd: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Gives a call that runs a command in this process, from the first option on."""

    def run(*options: str | Path) -> Done:
        code = commands.run(make_parser().parse_args([str(option) for option in options]))
        said = capfd.readouterr()
        return Done(code, said.out, said.err)

    yield run
    clear_hooks()


def empty_folder(inside: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder `ops` in the current one, which is `inside`."""
    monkeypatch.chdir(inside)
    made = inside / "ops"
    made.mkdir()
    return made


def executor(id: str, body: str = "", execute: str = "return inputs", description: str = "D") -> str:
    """The text of a file with one executor whose class begins on line 2."""
    return (
        f"{HEAD}@executor_register()\nclass E(BaseTask):\n    id = {id!r}\n    description = {description!r}\n"
        + "".join(f"    {line}\n" for line in body.splitlines())
        + "    async def execute(self, inputs):\n"
        + "".join(f"        {line}\n" for line in execute.splitlines())
    )


def script(*options: str | Path, **environ: str) -> tuple[list[str], dict[str, Any]]:
    """The command as a process of its own, for what must not happen in this one."""
    command = [sys.executable, "-P", "-m", "tui.cli", *map(str, options)]
    return command, {"env": {**os.environ, "PYTHONPATH": str(ROOT), **environ}, "text": True}
