"""One of the table, played in a console of its own, with a good task beside it and one after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import Task
from tests.evil.console import Beat, console
from tests.evil.rows import Mode, Row


@dataclass(frozen=True)
class Played:
    """`worst` is how long the screen stood still, in seconds. `logs` are those of all three, the evil one's first.

    What was changed while others ran is put back, and said, at the end of one of them.
    """

    evil: Task
    log: str
    logs: str
    beside: Task
    after: Task
    worst: float


async def play(row: Row, mode: Mode, store: Path) -> Played:
    params: dict[str, Any] = {**row.params, "isolation": mode}
    if row.end == "timeout":
        params["timeout"] = 0.6
    async with console(store) as here:
        await here.run("good", params={"isolation": mode})  # what is imported only once is no part of it
        beat = Beat()
        evil = await here.launch(row.executor, row.inputs, params=params)
        await here.until("in_progress", "completed", "failed", task=evil)
        beside = await here.run("good")
        if row.end == "cancel":
            await here.cancel(evil)
        await here.ended(evil)
        after = await here.run("good")
        worst = beat.stop()
        log = await here.log(evil)
        logs = "\n".join([log, await here.log(beside), await here.log(after)])
    return Played(evil, log, logs, beside, after, worst)
