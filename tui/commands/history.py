"""`taskdeck history`: the runs, newest first."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import TYPE_CHECKING

from tui.commands.desk import SHORT_ID, open_store
from tui.commands.exits import FINE
from tui.commands.show import NAME, SIGNS
from tui.commands.streams import Streams
from tui.text import safe_text

if TYPE_CHECKING:
    from engine import Run, Settings

PAGE = 500


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Raises `SettingsError` for words that are no filter."""
    asyncio.run(_history(options, settings, streams))
    return FINE


async def _history(options: argparse.Namespace, settings: Settings, streams: Streams) -> None:
    from engine import RunFilter

    filter = RunFilter(
        statuses=frozenset(options.status or ()),
        executor=options.executor or "",
        user=options.user or "",
        tag=options.tag or "",
        text=" ".join(options.words),
    )
    async with open_store(options, settings) as engine:
        left, before = options.limit, None
        while left > 0:
            runs = await engine.runs(filter, before=before, limit=min(left, PAGE))
            for each in runs:
                streams.say(json.dumps(_as_data(each)) if options.json else _line(each))
            if not runs:
                return
            left, before = left - len(runs), runs[-1].seq


def _line(run: Run) -> str:
    counts = run.counts
    tasks = f"{counts.completed}/{counts.total}" if counts.total > 1 else ""
    label = f"  {safe_text(run.label, limit=NAME)}" if run.label else ""
    return (
        f"{SIGNS[run.status]} {run.root.id[:SHORT_ID]}  {run.created_at.astimezone():%Y-%m-%d %H:%M:%S}"
        f"  {_seconds(run):>9}  {tasks:>9}  {safe_text(run.root.name, limit=NAME)}{label}"
    ).rstrip()


def _seconds(run: Run) -> str:
    return f"{(run.ended_at - run.created_at).total_seconds():.1f} s" if run.ended_at is not None else "…"


def _as_data(run: Run) -> dict[str, object]:
    counts = run.counts
    return {
        "id": run.root.id,
        "name": run.root.name,
        "status": str(run.status),
        "label": run.label,
        "user": run.root.user_id,
        "created_at": run.created_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at is not None else None,
        "tasks": {
            "pending": counts.pending,
            "in_progress": counts.in_progress,
            "completed": counts.completed,
            "failed": counts.failed,
            "cancelled": counts.cancelled,
        },
    }
