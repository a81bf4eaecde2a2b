"""The same on the loop."""

from __future__ import annotations

import os
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class ForksAsync(BaseTask):
    id = "forks_async"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        pid = os.fork()
        if pid == 0:
            return {"child": True}
        os.waitpid(pid, 0)
        return {"parent": True}
