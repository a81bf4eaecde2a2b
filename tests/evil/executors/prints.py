"""A hundred megabytes, in lines or without any."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Prints(BaseTask):
    id = "prints"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        if inputs.get("lines"):
            for _ in range(100):
                print(("x" * 99 + "\n") * 10_000, end="")
        else:
            print("x" * 100_000_000)
        return {"printed": True}
