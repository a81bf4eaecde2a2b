"""What no store wants to have."""

from __future__ import annotations

from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Returns(BaseTask):
    id = "returns"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        what = inputs["what"]
        if what == "200 MB":
            return {"text": "x" * 200_000_000}
        if what == "many":
            return {"numbers": [list(range(100_000)) for _ in range(120)]}
        if what == "cyclic":
            ring: list[Any] = []
            ring.append(ring)
            return {"ring": ring}
        if what == "NaN":
            return {"number": float("nan")}
        if what == "deep":
            deep: list[Any] = []
            for _ in range(100_000):
                deep = [deep]
            return deep
        if what == "bytes":
            return {"raw": b"x"}
        return {"text": "\ud800", "\udfff": 1}
