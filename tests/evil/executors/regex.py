"""Holds the GIL: a regular expression that backtracks for seconds, or for ever."""

from __future__ import annotations

import re
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Regex(BaseTask):
    id = "regex"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        return {"found": bool(re.match(r"(a+)+$", "a" * inputs.get("size", 40) + "b"))}
