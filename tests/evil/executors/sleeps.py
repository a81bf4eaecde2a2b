"""Blocks its loop, and lets the GIL go."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Sleeps(BaseTask):
    id = "sleeps"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        time.sleep(1.5)
        while "until" in inputs and not Path(inputs["until"]).exists():
            time.sleep(0.05)
        return {"slept": True}
