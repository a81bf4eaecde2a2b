"""The same in a plain execute."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class SpinsPlain(BaseTask):
    id = "spins_plain"

    def execute(self, inputs: dict[str, Any]) -> Any:
        while True:
            pass
