"""Its instance makes trouble when it goes."""

from __future__ import annotations

import os
import time
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class TroubleInDel(BaseTask):
    id = "trouble_in_del"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        return {"ended": True}

    def __del__(self) -> None:
        how = getattr(self, "inputs", {}).get("how")
        if how == "sleep":
            time.sleep(1.5)
        elif how == "exit":
            os._exit(6)
        elif how == "raise":
            raise SystemExit("gone")
