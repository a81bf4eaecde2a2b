"""Waits for a lock that it holds itself."""

from __future__ import annotations

import threading
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Deadlocks(BaseTask):
    id = "deadlocks"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
