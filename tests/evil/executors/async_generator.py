"""An execute that yields."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class AsyncGenerator(BaseTask):
    id = "async_generator"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        yield {"one": 1}
