"""A loop in Python code that never ends."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Spins(BaseTask):
    id = "spins"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        while True:
            pass
