"""Runs written to a file, as the engine exports them: JSON lines, readable to their owner only."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from engine.errors import StoreError

if TYPE_CHECKING:
    from engine import Engine
    from engine.run_filter import RunFilter

BATCH = 500
"""Lines written at once."""


async def export(engine: Engine, runs: RunFilter | Iterable[str], path: Path) -> int:
    """Write runs to a new file; how many. Runs on the engine's loop, the disk in a thread.

    Raises `StoreError` where the file exists or cannot be written, and where there is no run; then there is no file.
    """
    try:
        file = await asyncio.to_thread(_create, path)
    except FileExistsError:
        raise StoreError(f"{path} is there already", "Give another name, or move that file away") from None
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}", "Give another path") from error
    count, lines, is_done = 0, list[str](), False
    try:
        async for line in engine.export(runs):
            count += line.startswith('{"run":')
            lines.append(line + "\n")
            if len(lines) >= BATCH:
                await asyncio.to_thread(file.writelines, lines)
                lines = []
        if not count:
            raise StoreError("no run fits, so nothing was written", "Change the filter")
        await asyncio.to_thread(file.writelines, lines)
        await asyncio.to_thread(file.close)
        is_done = True
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror or error}", "Make room, or give another path"
        ) from error
    finally:
        if not is_done:
            file.close()
            path.unlink(missing_ok=True)
    return count


def _create(path: Path) -> TextIO:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(handle, "w", encoding="utf-8")
