"""Waits, showing how far it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, ClassVar

from engine import BaseTask, executor_register

MOST = 86_400
"""Seconds of the longest wait: a day."""

STEP = 0.2
"""Seconds between two reports of a short wait; a long one reports each hundredth."""

LOOK = 1.0
"""A cancel that only marks the task (no call of `cancel`) is noticed within this many seconds."""


@executor_register()
class Wait(BaseTask):
    """Ends at once when cancelled; `progress` in its result tells how far it came (0..1)."""

    id = "wait"
    name = "Wait"
    description = "Waits for some seconds and shows its progress"
    tags = ("flow", "time")
    cancelable = True
    examples = ({"seconds": 3}, {"seconds": 90})
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "seconds": {
                "type": "number",
                "title": "Seconds",
                "description": "How long to wait",
                "minimum": 0,
                "maximum": MOST,
                "default": 5,
            },
        },
        "additionalProperties": False,
    }

    def __init__(self, inputs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(inputs, **kwargs)
        self._cancel_asked = False
        self._wake: Callable[[], object] | None = None

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"waited": seconds, "progress": 0..1}`, as cancelled when it was cut short."""
        seconds = inputs.get("seconds", 5)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MOST:
            return {
                "status": "failed",
                "error": f"seconds must be 0 to {MOST}, not {seconds!r:.80}",
                "error_type": "validation_error",
                "field": "seconds",
            }
        woken = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._wake = lambda: loop.call_soon_threadsafe(woken.set)
        try:
            return await self._wait(float(seconds), woken)
        finally:
            self._wake = None

    async def _wait(self, seconds: float, woken: asyncio.Event) -> dict[str, Any]:
        began = time.monotonic()
        step = max(STEP, seconds / 100)
        due = 0.0  # seconds after `began` at which the next report is due
        while True:
            waited = time.monotonic() - began
            done = waited >= seconds
            progress = 1.0 if done else round(waited / seconds, 4)
            if self._cancel_asked or self.is_cancelled():
                told = {"progress": progress, "waited": round(waited, 3)}
                return {"status": "cancelled", "message": f"cancelled after {waited:.1f} of {seconds:g} s", **told}
            if done:
                self.report_progress(1.0, f"waited {seconds:g} s")
                return {"status": "completed", "waited": round(waited, 3), "progress": 1.0}
            if waited >= due:
                self.report_progress(progress, f"{seconds - waited:.1f} s left")
                due = waited + step
            try:
                await asyncio.wait_for(woken.wait(), min(due - waited, seconds - waited, LOOK))
            except TimeoutError:
                pass

    async def cancel(self) -> dict[str, Any]:
        """Ends the wait; asked before it began, it will not begin (5.3)."""
        self._cancel_asked = True
        if self._wake is not None:
            self._wake()
        return {"status": "cancelled", "message": "the wait ends"}
