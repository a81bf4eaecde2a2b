"""Changes in the process what all others need."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import logging
import signal
import sys
import threading
import time
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Upsets(BaseTask):
    id = "upsets"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        what = inputs["what"]
        if what == "streams":
            sys.stdout = sys.stderr = None  # type: ignore[assignment]
            print("into nothing")
        elif what == "logging":
            logging.disable(logging.CRITICAL)
            logging.root.handlers.clear()
        elif what == "gc":
            gc.disable()
        elif what == "recursion":
            sys.setrecursionlimit(10)
        elif what == "deep recursion":
            sys.setrecursionlimit(10**9)
            self._deeper(0)
        elif what == "hooks":
            sys.excepthook = sys.unraisablehook = threading.excepthook = None  # type: ignore[assignment]
            sys.meta_path.clear()
        elif what == "fault handler":
            faulthandler.disable()
            faulthandler.register(signal.SIGTERM)
        elif what == "signal":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        elif what == "switching":
            sys.setswitchinterval(1000)
        elif what == "loop":
            loop = asyncio.get_running_loop()
            loop.set_task_factory(lambda *args, **kwargs: None)  # type: ignore[arg-type,return-value]
            loop.set_exception_handler(lambda *args: sys.exit(4))
            loop.set_debug(True)
            loop.stop()
        elif what == "sleep, for a while":
            asyncio.sleep = asyncio.wait = None  # type: ignore[assignment]
            time.sleep(1)
        return {"done": what}

    def _deeper(self, depth: int) -> int:
        return self._deeper(depth + 1) + 1
