"""What stands beside the others and must not notice them."""

from __future__ import annotations

import asyncio
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Good(BaseTask):
    id = "good"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        for step in range(5):
            self.report_progress(step / 5, f"step {step}")
            print("step", step)
            await asyncio.sleep(0.02)
        return {"good": True}
