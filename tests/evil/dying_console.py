"""A console that something ends: `python dying_console.py STORE FOLDER EXECUTOR [SAFE]` launches one task of that."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.evil.console import console


async def main(store: str, folder: str, executor: str) -> None:
    async with console(Path(store), Path(folder)) as here:
        task = await here.launch(executor)
        await here.until("in_progress", "completed", "failed", task=task)
        print(task.id, flush=True)
        await here.ended(task)
        print(task.status, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
