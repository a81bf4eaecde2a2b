"""`taskdeck history`: the runs, newest first."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from tui.commands.desk import SHORT_ID, open_store
from tui.commands.exits import FINE
from tui.commands.show import NAME, SIGNS
from tui.commands.streams import Streams
from tui.text import safe_text

if TYPE_CHECKING:
    from engine import Run, RunFilter, Settings

PAGE = 500


def run(options: argparse.Namespace, settings: Settings, streams: Streams) -> int:
    """Raises `SettingsError` for words that are no filter."""
    asyncio.run(_history(options, settings, streams))
    return FINE


def filter_of(options: argparse.Namespace, now: datetime) -> RunFilter:
    """What the options and the words ask for; both must hold.

    Raises `SettingsError` naming every word that is wrong.
    """
    from engine import SettingsError
    from tui.history_filter import parse

    query = parse(" ".join(map(_quoted, options.words)), now)
    if query.wrongs:
        said = "; ".join(wrong.said for wrong in query.wrongs)
        better = [wrong.instead for wrong in query.wrongs if wrong.instead]
        raise SettingsError(
            said, f"Write {' '.join(better)}" if better else "`taskdeck history --help` lists the words"
        )
    optional, typed = frozenset(options.status or ()), query.filter.statuses
    statuses = optional & typed if optional and typed else optional | typed
    if (optional or typed) and not statuses:
        raise SettingsError("no run has both that --status and that status:", "Leave one of the two out")
    return replace(
        query.filter,
        statuses=statuses,
        executor=options.executor or "",
        user=options.user or "",
        tag=options.tag or "",
    )


def _quoted(word: str) -> str:
    """A word in which the shell kept blanks together, so that they stay together."""
    if '"' in word or not any(sign.isspace() for sign in word):
        return word
    match = re.match(r"[-!]?(?:[A-Za-z_]+:)?", word)
    start = match.end() if match is not None else 0
    return f'{word[:start]}"{word[start:]}"'


async def _history(options: argparse.Namespace, settings: Settings, streams: Streams) -> None:
    filter = filter_of(options, datetime.now().astimezone())
    async with open_store(options, settings) as engine:
        left, before = options.limit, None
        rows = []
        while left > 0 and (runs := await engine.runs(filter, before=before, limit=min(left, PAGE))):
            for each in runs:
                if options.json:
                    rows.append(_as_data(each))
                else:
                    streams.say(_line(each))
            left, before = left - len(runs), runs[-1].seq
    if options.json:
        streams.say(json.dumps(rows))


def _line(run: Run) -> str:
    counts = run.counts
    tasks = f"{counts.completed}/{counts.total}" if counts.total > 1 else ""
    label = f"  {safe_text(run.label, limit=NAME)}" if run.label else ""
    return (
        f"{SIGNS[run.status]} {run.root.id[:SHORT_ID]}  {run.created_at.astimezone():%Y-%m-%d %H:%M:%S}"
        f"  {_seconds(run):>9}  {tasks:>9}  {safe_text(run.root.name, limit=NAME)}{label}"
    ).rstrip()


def _seconds(run: Run) -> str:
    return (
        f"{(run.ended_at - (run.began_at or run.created_at)).total_seconds():.1f} s"
        if run.ended_at is not None
        else "…"
    )


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
