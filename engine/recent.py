"""What an executor was launched with lately, so that a form can offer it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine import json_data
from engine.store import Store
from engine.task import TaskStatus

LOOKED_AT = 200
"""Tasks of the newest runs that are looked at; many of them have the same inputs."""
LARGEST = 256 * 1024
"""Characters of inputs that are offered; what is larger is found by its task."""

EXECUTOR = "coalesce(json_extract(params, '$.executor_id'), json_extract(schemas, '$.method'), name)"
"""The executor that a row of `task` names (2.6)."""
_SQL = (
    "SELECT task.id, coalesce(task.started_at, task.created_at), task.status, task.inputs, task.priority, task.params,"
    " run.label FROM facet CROSS JOIN run ON run.seq = facet.run_seq CROSS JOIN task ON task.run_id = run.id"
    " WHERE facet.kind = 'executor' AND facet.value = ? AND run.deleting = 0"
    f" AND {EXECUTOR} = ? AND length(task.inputs) <= {LARGEST} ORDER BY facet.run_seq DESC, task.seq DESC LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Recent:
    """One launch: the inputs as they are stored (secrets are `•••`), when it last began, and how it stands."""

    task_id: str
    at: datetime
    status: TaskStatus
    inputs: dict[str, Any]
    priority: int
    params: dict[str, Any]
    label: str


async def recent(store: Store, executor_id: str, limit: int) -> list[Recent]:
    """The newest launches of an executor, newest first, of equal inputs only the newest (2.6 says what is its own)."""
    await store.writer.flush()
    stored = json_data.storable(executor_id)
    rows = list(await store.rows(_SQL, (stored, stored, LOOKED_AT)))
    rows.sort(key=lambda row: -row[1])
    found: dict[str, Recent] = {}
    for task_id, at, status, inputs, priority, params, label in rows:
        given = json_data.decode(inputs)
        same = json_data.encode(_sorted(given))
        if same not in found:
            moment = datetime.fromtimestamp(at, UTC)
            settings = json_data.decode(params)
            found[same] = Recent(task_id, moment, TaskStatus(status), given, priority, settings, label or "")
        if len(found) >= limit:
            break
    return list(found.values())


def _sorted(inputs: dict[str, Any]) -> dict[str, Any]:
    """The order in which inputs were given does not make them others."""
    return {name: inputs[name] for name in sorted(inputs)}
