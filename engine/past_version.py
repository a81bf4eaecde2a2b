"""An executor as it was when a task of it ran, made of the source that is kept of each version."""

from __future__ import annotations

import asyncio

from engine.catalogue import ExecutorSpec
from engine.errors import ExecutorError, TaskError
from engine.loader import Loader
from engine.pins import FindSpec
from engine.settings import Settings
from engine.store import Store


async def past_version(
    store: Store, find: FindSpec, loader: Loader | None, settings: Settings, task_id: str, version: str
) -> ExecutorSpec:
    """The executor of a task at `version`, the present one where that is it.

    Raises `TaskError` for an unknown task, `ExecutorError` where the version's source is not kept or does not load.
    """
    task = await store.task(task_id)
    if task is None:
        raise TaskError(f"there is no task '{task_id}'", "It may have been deleted")
    if "flow" in task.params:
        raise TaskError(f"'{task.name}' is a flow: its run keeps its tasks as they were", "Rerun it without a version")
    spec, _ = find(task.executor_id)
    if spec is not None and spec.version == version:
        return spec
    source = await store.source(version)
    if source is None:
        raise ExecutorError(f"the source of version {version[:10]} is not kept", "Run the present version instead")
    loader = loader or Loader((), import_limit=settings.import_limit)
    return await asyncio.to_thread(loader.revive, version, source, task.executor_id)
