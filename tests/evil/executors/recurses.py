"""Calls itself a hundred thousand times."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Recurses(BaseTask):
    id = "recurses"

    def execute(self, inputs: dict[str, Any]) -> Any:
        return self.execute(inputs)
