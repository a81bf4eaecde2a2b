"""Lines without an end, without a letter, and past the streams that it was given."""

from __future__ import annotations

import logging
import sys
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class WritesOddly(BaseTask):
    id = "writes_oddly"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        how = inputs["how"]
        if how == "long":
            self.log("y" * 30_000_000)
            logging.getLogger("x").warning("z" * 1_000_000)
        elif how == "NUL":
            print("a\0b\0" * 1_000, "\ud800\x1b]0;title\x07")
            self.report_progress(float("nan"), "\0\x1b[2J" + "m" * 1_000_000)
        elif how == "bytes":
            sys.stdout.buffer.write(b"as bytes \xff\n")
            sys.stdout.buffer.flush()
        elif how == "standard":
            print("to the standard one", file=sys.__stdout__)
        return {"written": how}
