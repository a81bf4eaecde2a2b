"""Waits, showing how far it is."""

from __future__ import annotations

import contextlib
import time
from typing import Any, ClassVar

from engine import executor_register
from executors.refused import failed
from executors.stoppable import Stoppable, Stopped

MOST = 86_400
"""Seconds of the longest wait: a day."""

STEP = 0.2
"""Seconds between two reports of a short wait; a long one reports each hundredth."""


@executor_register()
class Wait(Stoppable):
    """Ends at once when cancelled; `progress` in its result tells how far it came (0..1)."""

    id = "wait"
    name = "Wait"
    description = "Waits for some seconds and shows its progress"
    tags = ("flow", "time")
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

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"waited": seconds, "progress": 0..1}`, as cancelled when it was cut short."""
        seconds = inputs.get("seconds", 5)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MOST:
            return failed(f"seconds must be 0 to {MOST}, not {seconds!r:.80}", "validation_error", "seconds")
        began = time.monotonic()
        step = max(STEP, seconds / 100)
        due = 0.0  # seconds after `began` at which the next report is due
        while True:
            waited = time.monotonic() - began
            done = waited >= seconds
            progress = 1.0 if done else round(waited / seconds, 4)
            if self.is_stopped:
                told = {"progress": progress, "waited": round(waited, 3)}
                return {"status": "cancelled", "message": f"cancelled after {waited:.1f} of {seconds:g} s", **told}
            if done:
                self.report_progress(1.0, f"waited {seconds:g} s")
                return {"status": "completed", "waited": round(waited, 3), "progress": 1.0}
            if waited >= due:
                self.report_progress(progress, f"{seconds - waited:.1f} s left")
                due = waited + step
            with contextlib.suppress(Stopped):
                await self.pause(min(due - waited, seconds - waited))
