"""Every trap of hot reload names tests that exist."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.engine.traps import TRAPS

HERE = Path(__file__).parent


def functions_of(file: str) -> set[str]:
    tree = ast.parse((HERE / file).read_bytes(), file)
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("trap", TRAPS)
def test_each_trap_is_held_by_tests_that_exist(trap: str) -> None:
    missing = [f"{file}::{name}" for file, name in TRAPS[trap] if name not in functions_of(file)]
    assert TRAPS[trap] and not missing
