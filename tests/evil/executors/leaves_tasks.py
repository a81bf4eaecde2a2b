"""Ends before its asyncio tasks do, and never awaits a coroutine."""

from __future__ import annotations

import asyncio
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class LeavesTasks(BaseTask):
    id = "leaves_tasks"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        self.later()
        self.kept = asyncio.create_task(self.later(), name="forgotten")
        return {"left": "a task"}

    async def later(self) -> None:
        await asyncio.sleep(2)
