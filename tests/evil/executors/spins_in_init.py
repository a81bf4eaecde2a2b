"""Its instance takes for ever to make."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class SpinsInInit(BaseTask):
    id = "spins_in_init"

    def __init__(self, inputs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(inputs, **kwargs)
        while inputs:
            pass

    async def execute(self, inputs: dict[str, Any]) -> Any:
        return {}
