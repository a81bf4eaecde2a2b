"""Inputs that are kept to be launched later: presets under a name, and one draft for each executor.

They are rows of the store: on disk before anyone is told, one for all consoles, and in no export. Secrets are masked by
the executor's schema before they come here (8.6), so that loading one asks for them again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine import json_data
from engine.catalogue import Launchable
from engine.errors import TaskError
from engine.secrets import mask
from engine.statements import Statement, Write
from engine.store import Store
from engine.task import now

DRAFT = ""
"""The name under which the draft is kept; no preset can have it."""
LONGEST_NAME = 80

_COLUMNS = "INSERT INTO preset (executor, name, at, inputs, options) VALUES (?, ?, ?, ?, ?) ON CONFLICT"
_ADD = Statement(1, f"{_COLUMNS} DO NOTHING", guarded=True)
_PUT = Statement(
    2,
    f"{_COLUMNS} (executor, name) DO UPDATE SET at = excluded.at, inputs = excluded.inputs, options = excluded.options",
)
_REMOVE = Statement(3, "DELETE FROM preset WHERE executor = ? AND name = ?")


@dataclass(frozen=True, slots=True)
class Preset:
    """Kept inputs, secrets in them `•••`; `options` is what stands beside them, as the form knows it."""

    name: str
    at: datetime
    inputs: dict[str, Any]
    options: dict[str, Any]


class Presets:
    """Reads and keeps them; all coroutines run on the engine's loop."""

    def __init__(
        self,
        store: Store,
        find: Callable[[str], tuple[Launchable | None, str]],
        permit: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._find = find
        self._permit = permit

    async def all(self, executor_id: str) -> list[Preset]:
        """The presets of an executor by name, without its draft."""
        await self._store.writer.flush()
        rows = await self._store.rows(
            "SELECT name, at, inputs, options FROM preset WHERE executor = ? AND name != ? ORDER BY name",
            (json_data.storable(executor_id), DRAFT),
        )
        return [_preset(row) for row in rows]

    async def save(
        self,
        executor_id: str,
        name: str,
        inputs: Mapping[str, Any],
        options: Mapping[str, Any] | None = None,
        *,
        overwrite: bool = False,
        schema: Any = None,
    ) -> Preset:
        """Keep a preset. Raises `TaskError` for a name that is none, or is taken unless it may `overwrite`.

        `schema` is the one that the inputs were typed for; it tells secrets beside the catalogue's, which may be newer
        or have no such executor any more. Without either it is refused: what is a secret could not be told.
        """
        name = name.strip()
        if not name or len(name) > LONGEST_NAME:
            raise TaskError(f"a preset's name has 1 to {LONGEST_NAME} characters", "Give it another name")
        row, preset = self._row(executor_id, name, inputs, options, schema)
        try:
            await self._commit(Write(_PUT if overwrite else _ADD, f"preset {executor_id}", row))
        except TaskError:
            raise TaskError(f"there is a preset '{name}' already", "Overwrite it, or give another name") from None
        return preset

    async def remove(self, executor_id: str, name: str) -> Preset | None:
        """Take a preset away; what it was, so that `save` can bring it back. None where there was none."""
        found = await self._one(executor_id, name)
        if found is not None:
            await self._commit(_remove(executor_id, name))
        return found

    async def draft(self, executor_id: str) -> Preset | None:
        """The draft of an executor, None without one."""
        return await self._one(executor_id, DRAFT)

    async def keep_draft(
        self,
        executor_id: str,
        inputs: Mapping[str, Any],
        options: Mapping[str, Any] | None = None,
        *,
        schema: Any = None,
    ) -> None:
        """Keep the draft, in the place of the former one; `schema` as for `save`."""
        row, _ = self._row(executor_id, DRAFT, inputs, options, schema)
        await self._commit(Write(_PUT, f"preset {executor_id}", row))

    async def drop_draft(self, executor_id: str) -> None:
        await self._commit(_remove(executor_id, DRAFT))

    async def _one(self, executor_id: str, name: str) -> Preset | None:
        await self._store.writer.flush()
        rows = await self._store.rows(
            "SELECT name, at, inputs, options FROM preset WHERE executor = ? AND name = ?",
            (json_data.storable(executor_id), json_data.storable(name)),
        )
        return next((_preset(row) for row in rows), None)

    def _row(
        self,
        executor_id: str,
        name: str,
        inputs: Mapping[str, Any],
        options: Mapping[str, Any] | None,
        schema: Any,
    ) -> tuple[tuple[Any, ...], Preset]:
        """The row and what it says."""
        spec, unknown = self._find(executor_id)
        if spec is None and schema is None:
            raise TaskError(unknown, "What it calls a secret is not known, so nothing is kept")
        hidden: dict[str, Any] = dict(inputs)
        for known in (schema, spec.schema if spec is not None else None):
            if known is not None:
                hidden = mask(known, hidden)
        at, beside = now(), dict(options or {})
        try:
            texts = json_data.encode(hidden), json_data.encode(beside)
        except json_data.NotJson as problem:
            raise TaskError(f"the inputs of '{executor_id}' are not JSON at {problem}", "Give JSON data") from None
        row = (json_data.storable(executor_id), json_data.storable(name), at.timestamp(), *texts)
        return row, Preset(name, at, hidden, beside)

    async def _commit(self, write: Write) -> None:
        await self._permit("keep a preset")
        await asyncio.shield(self._store.writer.commit([write]))


def _remove(executor_id: str, name: str) -> Write:
    return Write(_REMOVE, f"preset {executor_id}", (json_data.storable(executor_id), json_data.storable(name)))


def _preset(row: Any) -> Preset:
    name, at, inputs, options = row
    return Preset(name, datetime.fromtimestamp(at, UTC), json_data.decode(inputs), json_data.decode(options))
