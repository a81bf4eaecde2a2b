"""A loop that catches what is raised in it, twice."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class SpinsCaught(BaseTask):
    id = "spins_caught"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        caught = 0
        while caught < 2:
            try:
                while True:
                    pass
            except BaseException:
                caught += 1
        while True:
            pass
