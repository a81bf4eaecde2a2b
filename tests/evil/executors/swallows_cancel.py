"""Goes on whatever is raised into it."""

from __future__ import annotations

import asyncio
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class SwallowsCancel(BaseTask):
    id = "swallows_cancel"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                print("no")
