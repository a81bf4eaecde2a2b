"""Waits for somebody to type."""

from __future__ import annotations

import sys
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class ReadsStdin(BaseTask):
    id = "reads_stdin"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        try:
            answer = input("Sure? ")
        except EOFError:
            answer = "nobody there"
        return {"answer": answer, "rest": sys.stdin.read()}
