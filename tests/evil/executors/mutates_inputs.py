"""Changes what it was given."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class MutatesInputs(BaseTask):
    id = "mutates_inputs"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        inputs["list"].append(4)
        inputs.clear()
        self.task.inputs["more"] = 1
        return {"cleared": True}
