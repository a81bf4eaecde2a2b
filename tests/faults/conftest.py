"""The fixtures of the engine's tests, and an executor that ends well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine import BaseTask
from tests.engine.conftest import own_registry, register, settings

__all__ = ["own_registry", "register", "settings"]


@pytest.fixture(autouse=True)
def word(register: Callable[..., type[BaseTask]]) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"word": "zebra", "filling": "x" * 500}

    register("word", execute)
