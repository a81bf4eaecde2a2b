"""Its cancel() never lets go of the loop."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class SpinsInCancel(BaseTask):
    id = "spins_in_cancel"

    cancelable = True

    async def execute(self, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(60)

    async def cancel(self) -> dict[str, Any]:
        if self.inputs["how"] == "spin":
            while True:
                pass
        if self.inputs["how"] == "exit":
            os._exit(5)
        if self.inputs["how"] == "raise":
            raise SystemExit("never")
        time.sleep(2)
        return {}
