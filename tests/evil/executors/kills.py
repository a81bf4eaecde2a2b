"""Sends signals to itself, its parent, or the group of either."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Kills(BaseTask):
    id = "kills"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        whom = inputs["whom"]
        if whom == "itself":
            os.kill(os.getpid(), signal.SIGTERM)
        elif whom == "its group":
            os.killpg(0, signal.SIGKILL)
        elif whom == "its parent":
            os.kill(os.getppid(), signal.SIGKILL)
        elif whom == "its parent's group":
            os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)
        elif whom == "itself, to stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(5)
