"""As much as there is."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from engine import BaseTask, executor_register

CHILD = "import time; x = b'x' * 60_000_000; time.sleep(9)"


@executor_register()
class EatsMemory(BaseTask):
    id = "eats_memory"

    def execute(self, inputs: dict[str, Any]) -> Any:
        if inputs["how"] == "in children":
            children = [subprocess.Popen([sys.executable, "-c", CHILD]) for _ in range(3)]
            return {"codes": [child.wait() for child in children]}
        kept = []
        while True:
            kept.append(bytearray(5_000_000))
