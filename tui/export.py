"""Runs as a file of JSON lines, which `engine.import_lines` reads again. No Textual in here."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from engine.errors import TaskdeckError

if TYPE_CHECKING:
    from engine import Engine
    from engine.run_filter import RunFilter

BATCH = 1_000_000
"""Characters that are written together."""
RUN_LINE = '{"run":'
"""How the line of a run begins."""
NAME_LIMIT = 40
"""Characters of a run's name in the name of its file."""


class Written(NamedTuple):
    """Where the file lies, its size in bytes, and how many runs are in it."""

    path: Path
    size: int
    runs: int


class ExportError(TaskdeckError):
    """The file cannot be written."""


def default_name(name: str, run_ids: Sequence[str]) -> str:
    """A file name for these runs, the first of which is called `name`: letters that every file system takes."""
    if len(run_ids) > 1:
        return f"{len(run_ids)}-runs.jsonl"
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:NAME_LIMIT].strip("-") or "run"
    return f"{plain}-{re.sub(r'[^A-Za-z0-9]', '', run_ids[0])[:8]}.jsonl"


async def export_runs(engine: Engine, runs: RunFilter | Sequence[str], typed: str) -> Written:
    """Write runs, by filter or id, to the file `typed` (`~` and relative paths are understood).

    Nothing is overwritten, and a file that could not be finished is removed. Results may be private, so only its owner
    may read it. Raises `ExportError` where it cannot be written, and `StoreError` for a run that is gone.
    """
    try:
        path = Path(typed).expanduser().absolute()
        file = await asyncio.to_thread(_create, path)
    except FileExistsError:
        raise ExportError(f"{typed} exists already", "Choose another name") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise ExportError(f"{typed} cannot be written: {_reason(error)}", "Choose another place") from None
    try:
        size, count = await _write(engine, runs, file)
        await asyncio.to_thread(file.close)
    except BaseException as error:
        await asyncio.shield(asyncio.to_thread(_discard, file, path))
        if isinstance(error, OSError):
            raise ExportError(f"{typed} could not be finished: {_reason(error)}", "Choose another place") from None
        raise
    return Written(path, size, count)


async def _write(engine: Engine, runs: RunFilter | Sequence[str], file: TextIO) -> tuple[int, int]:
    """How many bytes, and how many runs."""
    lines: list[str] = []
    waiting = written = count = 0
    async for line in engine.export(runs):
        lines.append(line)
        count += line.startswith(RUN_LINE)
        waiting += len(line)
        if waiting >= BATCH:
            written += await asyncio.to_thread(_put, file, lines)
            lines, waiting = [], 0
    return written + await asyncio.to_thread(_put, file, lines), count


def _create(path: Path) -> TextIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="\n")


def _put(file: TextIO, lines: Sequence[str]) -> int:
    text = "".join(f"{line}\n" for line in lines)
    file.write(text)
    return len(text.encode())


def _discard(file: TextIO, path: Path) -> None:
    try:
        file.close()
    except OSError:
        pass  # what could not be written can't be flushed
    path.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
