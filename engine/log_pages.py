"""Logs in pages: the numbers of all lines first, eight bytes each, then any stretch of them (behaviour.md 4.9).

A log of a million lines is so known by its length at once, and read from any place, in either direction.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from engine.events import LogLine

if TYPE_CHECKING:
    from engine.store import Store

Entry = tuple[str, int, LogLine]
"""The id of a task, its attempt, and a line that this wrote."""


async def numbers(store: Store, task_ids: Sequence[str], attempt: int | None = None) -> array[int]:
    """The numbers of all lines of `task_ids`: one task's in the order of its attempts, several tasks' by time."""
    if len(task_ids) == 1:
        one = "" if attempt is None else " AND attempt = ?"
        sql = f"SELECT seq FROM log WHERE task_id = ?{one} ORDER BY attempt, seq"
        rows = await store.rows(sql, (task_ids[0],) if attempt is None else (task_ids[0], attempt))
    else:
        sql = "SELECT seq FROM log WHERE task_id IN (SELECT value FROM json_each(?)) ORDER BY at, seq"
        rows = await store.rows(sql, (json.dumps(list(task_ids)),))
    return array("q", chain.from_iterable(rows))


async def page(store: Store, wanted: Sequence[int]) -> list[Entry]:
    """The lines with the numbers `wanted`, in that order; what is no longer there is left out."""
    sql = "SELECT seq, task_id, attempt, at, stream, text FROM log WHERE seq IN (SELECT value FROM json_each(?))"
    rows = await store.rows(sql, (json.dumps(list(wanted)),))
    found = {row[0]: row for row in rows}
    return [
        (row[1], row[2], LogLine(row[3], row[4], row[5])) for number in wanted if (row := found.get(number)) is not None
    ]
