"""Ends before its thread does."""

from __future__ import annotations

import threading
import time
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class LeavesThreads(BaseTask):
    id = "leaves_threads"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        threading.Thread(target=time.sleep, args=(3,), name="forgotten", daemon=True).start()
        return {"left": "a thread"}
