"""Turns on the asyncio loop that it shares with others, and on their tasks."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class HarmsLoop(BaseTask):
    id = "harms_loop"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        loop: Any = asyncio.get_running_loop()
        if inputs["how"] == "cancels all":
            for _ in range(20):
                for task in asyncio.all_tasks():
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.02)
        else:
            loop.stop()
            with contextlib.suppress(RuntimeError):
                loop.close()
            loop._closed = True
        return {"harmed": True}
