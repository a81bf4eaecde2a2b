"""Ends before its process does, and hides that in a session of its own."""

from __future__ import annotations

import subprocess
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class LeavesChildren(BaseTask):
    id = "leaves_children"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        child = subprocess.Popen(["sleep", "37"], start_new_session=True)
        return {"pid": child.pid}
