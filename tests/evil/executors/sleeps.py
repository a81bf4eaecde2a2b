"""Blocks its loop, and lets the GIL go."""

from __future__ import annotations

import time
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Sleeps(BaseTask):
    id = "sleeps"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        time.sleep(1.5)
        return {"slept": True}
