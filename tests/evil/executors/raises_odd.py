"""An error that cannot be told."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


class Odd(Exception):
    def __str__(self) -> str:
        raise SystemExit("no words")


class OddValue:
    def __str__(self) -> str:
        raise KeyboardInterrupt

    def __bool__(self) -> bool:
        return True


@executor_register()
class RaisesOdd(BaseTask):
    id = "raises_odd"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        if inputs["how"] == "raise":
            raise Odd
        return {"status": "failed", "error": OddValue()}
