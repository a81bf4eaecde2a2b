"""Changes the folder, the umask, the path and the streams of its process."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class MovesHouse(BaseTask):
    id = "moves_house"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        os.chdir("/")
        os.umask(0)
        sys.path.insert(0, "/nowhere")
        sys.stdout = io.StringIO()
        return {"moved": True}
