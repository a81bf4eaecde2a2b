"""Writes to the terminal past all that Python knows."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class WritesEscapes(BaseTask):
    id = "writes_escapes"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        os.write(1, b"\x1b[2J\x1b[Hraw\n")
        os.write(2, b"\x1b]0;title\x07err\n")
        subprocess.run(["printf", "\\033[31mchild\\n"], check=True)
        try:
            with open("/dev/tty", "w") as terminal:
                terminal.write("" if inputs.get("shy") else "\x1b[2J")
        except OSError:
            print("no terminal")
        print("\x1b[2Jprinted")
        return {"written": True}
