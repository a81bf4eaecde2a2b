"""Closes every descriptor that it can name, or writes to it."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class ClosesAll(BaseTask):
    id = "closes_all"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        if inputs["how"] == "range":
            os.closerange(3, 1024)
        for fd in range(3, 256):
            with contextlib.suppress(OSError):
                if inputs["how"] == "write":
                    os.write(fd, b"\x1b[2Jscrawl")
                elif inputs["how"] == "duplicate":
                    os.dup2(1, fd)
                else:
                    os.close(fd)
        return {"done": True}
