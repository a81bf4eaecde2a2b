"""Its cancel() never returns."""

from __future__ import annotations

import asyncio
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class HangsInCancel(BaseTask):
    id = "hangs_in_cancel"
    cancelable = True

    async def execute(self, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(60)

    async def cancel(self) -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}
