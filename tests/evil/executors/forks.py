"""Makes a copy of its process, which goes on as if it were the engine."""

from __future__ import annotations

import os
import time
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Forks(BaseTask):
    id = "forks"

    def execute(self, inputs: dict[str, Any]) -> Any:
        pid = os.fork()
        if pid == 0:
            return {"child": True}
        time.sleep(0.1)
        os.waitpid(pid, 0)
        return {"parent": True}
