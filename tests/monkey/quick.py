"""The executor of the runs that stand in the store before the monkey begins."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Quick(BaseTask):
    id = "monkey_quick"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        print("quick", inputs.get("text", ""))
        if inputs.get("fails"):
            raise ValueError("asked to fail [/x]")
        return {"ok": True, "text": inputs.get("text")}
