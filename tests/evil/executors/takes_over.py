"""Makes the whole process another one: its root, its user, its limits, what it tells of, what all others import."""

from __future__ import annotations

import builtins
import ctypes
import gc
import json
import logging
import os
import resource
import socket
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class TakesOver(BaseTask):
    id = "takes_over"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        acts: tuple[Callable[[], Any], ...]
        if inputs["what"] == "the process":
            acts = (
                lambda: os.chroot("/tmp"),
                lambda: os.setresuid(65534, 65534, 65534),
                lambda: os.nice(19),
                lambda: os.sched_setaffinity(0, {0}),
                lambda: resource.prlimit(0, resource.RLIMIT_NOFILE, (10, 10)),
                lambda: sys.addaudithook(lambda event, args: 1 / 0),
            )
            return {"refused": [_refused(act) for act in acts]}
        acts = (
            lambda: setattr(builtins, "len", None),
            lambda: setattr(json.JSONEncoder, "encode", None),
            lambda: setattr(threading.Thread, "start", None),
            lambda: setattr(socket, "socketpair", None),
            lambda: setattr(logging.root, "handlers", None),
            lambda: logging.root.setLevel(1),
            lambda: warnings.filterwarnings("error"),
            lambda: gc.set_debug(gc.DEBUG_LEAK),
            lambda: gc.callbacks.append(lambda *args: 1 / 0),
            lambda: sys.setprofile(lambda *args: None),
            lambda: threading.settrace(lambda *args: None),
            lambda: tracemalloc.start(20),
            os.environ.clear,
            sys.modules.clear,
        )
        for act in acts:
            act()
        return {"pointer": ctypes.sizeof(ctypes.c_void_p)}


def _refused(act: Callable[[], Any]) -> bool:
    try:
        act()
    except OSError:
        return True
    return False
