"""Reads where nothing is."""

from __future__ import annotations

import ctypes
from typing import Any

from engine import BaseTask, executor_register


@executor_register()
class Segfault(BaseTask):
    id = "segfault"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        ctypes.string_at(0)
