"""The fixtures of the engine's tests, and an executor that ends well."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import BaseTask
from tests.engine.conftest import own_registry, register, settings
from tests.faults.consoles import write_executors
from tests.pty_console import Console

__all__ = ["own_registry", "register", "settings"]


@pytest.fixture(autouse=True)
def word(register: Callable[..., type[BaseTask]]) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"word": "zebra", "filling": "x" * 500}

    register("word", execute)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Console]]:
    """`start(*options, **settings)`: a console on a pty of its own, with the executors of `consoles`."""
    write_executors(tmp_path)
    made: list[Console] = []

    def begin(*options: str, **settings: Any) -> Console:
        made.append(Console(tmp_path, *options, **settings))
        return made[-1]

    yield begin
    for console in made:
        console.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Console]:
    """An interactive shell on a pty, with job control."""
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    write_executors(tmp_path)
    made = Console(tmp_path, command=["bash", "--norc", "--noprofile", "-i"])
    yield made
    made.close()
