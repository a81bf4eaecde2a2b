"""Ends the process that it is in."""

from __future__ import annotations

import os
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class OsExit(BaseTask):
    id = "os_exit"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        print("last words")
        os._exit(3)
