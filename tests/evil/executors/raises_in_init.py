"""Ends the program where an instance is made."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class RaisesInInit(BaseTask):
    id = "raises_in_init"

    def __init__(self, inputs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(inputs, **kwargs)
        if inputs:
            raise SystemExit("not today")

    async def execute(self, inputs: dict[str, Any]) -> Any:
        return {}
