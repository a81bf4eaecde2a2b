"""Calls that end, stop or replace the whole process."""

from __future__ import annotations

import _thread
import faulthandler
import os
import resource
import signal
import time
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class EndsAll(BaseTask):
    id = "ends_all"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        how = inputs["how"]
        if how == "exit":
            os._exit(3)
        elif how == "abort":
            os.abort()
        elif how == "replace":
            os.execvp("true", ["true"])
        elif how == "alarm":
            signal.alarm(1)
        elif how == "timer":
            signal.setitimer(signal.ITIMER_REAL, 0.01)
        elif how == "raise":
            signal.raise_signal(signal.SIGTERM)
        elif how == "interrupt":
            _thread.interrupt_main()
        elif how == "watched":
            faulthandler.dump_traceback_later(0.01, exit=True)
        elif how == "group":
            os.setpgrp()
        elif how == "limits":
            resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        elif how == "kill":
            os.kill(0, signal.SIGKILL)
        time.sleep(0.2)
        return {"still here": True}
