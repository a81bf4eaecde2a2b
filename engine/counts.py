"""How many tasks an engine holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """What the engine holds now: tasks that run, that are ready and wait for a slot, that wait for their time.

    `asking` counts what waits for a person's answer, in other processes too.
    """

    running: int = 0
    queued: int = 0
    scheduled: int = 0
    asking: int = 0
