"""Replaces what everything stands on."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Monkeypatches(BaseTask):
    id = "monkeypatches"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        def broken(*args: Any, **kwargs: Any) -> Any:
            raise RuntimeError("patched")

        asyncio.sleep = asyncio.wait = asyncio.ensure_future = asyncio.Event = broken
        asyncio.BaseEventLoop.call_later = broken
        json.dumps = json.loads = broken
        return {"patched": True}
