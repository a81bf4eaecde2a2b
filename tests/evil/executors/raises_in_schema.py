"""Ends the program where it is asked for its schema."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class RaisesInSchema(BaseTask):
    id = "raises_in_schema"

    def get_input_schema(self) -> dict[str, Any]:
        raise KeyboardInterrupt("no schema")

    async def execute(self, inputs: dict[str, Any]) -> Any:
        return {}
