"""Raises what ends programs."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Exits(BaseTask):
    id = "exits"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        async def later() -> None:
            raise SystemExit(3)

        how = inputs["how"]
        if how == "exit":
            sys.exit(3)
        if how == "interrupt":
            raise KeyboardInterrupt
        if how == "in a task":
            self.kept = asyncio.ensure_future(later())
            await asyncio.sleep(0.05)
            return {"went on": True}
        raise GeneratorExit
