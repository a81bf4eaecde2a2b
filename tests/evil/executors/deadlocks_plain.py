"""The same in a thread."""

from __future__ import annotations

import threading
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class DeadlocksPlain(BaseTask):
    id = "deadlocks_plain"

    def execute(self, inputs: dict[str, Any]) -> Any:
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
