"""What an engine remembers: its runs, tasks, logs and attempts, read, deleted, written out and taken in."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from array import array
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from engine import history_statements, log_pages, retention, transfer
from engine.access import BARRED_HINT, READ_ONLY, READ_ONLY_HINT, Access
from engine.catalogue import Catalogue
from engine.dispatcher import Dispatcher
from engine.errors import AccessError
from engine.events import LogLine
from engine.history import History, Run
from engine.leftovers import APART, LEFT
from engine.operations import Operations
from engine.origin import origin
from engine.recent import Recent, recent
from engine.run_filter import RunFilter
from engine.settings import Settings
from engine.statements import Write
from engine.store import Attempt, Store
from engine.task import Task, now
from engine.trace import Trace, trace_of
from engine.upkeep import Upkeep


class Archive(ABC):
    """The reading half of an `Engine`; of a task that is live here the live state is given, not the stored one."""

    settings: Settings
    access: Access
    store: Store
    dispatcher: Dispatcher
    history: History
    _operations: Operations

    _upkeep: Upkeep

    @property
    @abstractmethod
    def catalogue(self) -> Catalogue:
        """What the engine knows how to run."""

    async def runs(
        self, filter: RunFilter | None = None, *, before: int | None = None, limit: int = 100, counted: bool = True
    ) -> list[Run]:
        """A page of the history, newest first; `before` is the `seq` of the last run seen.

        Without `counted`, runs that have not ended come without counts, so that a large one costs nothing.
        """
        found = await self.history.runs(filter, before=before, limit=limit, counted=counted)
        return [replace(run, root=self._live(run.root)) for run in found]

    async def written(self, *, within: float) -> bool:
        """Wait until all that was told of is on disk, `within` seconds at most; whether it is."""
        try:
            async with asyncio.timeout(within):
                await self.store.writer.flush()
        except TimeoutError:
            return False
        return True

    async def recent(self, executor_id: str, *, limit: int = 30) -> list[Recent]:
        """What an executor was launched with, newest first, equal inputs once."""
        return await recent(self.store, executor_id, limit)

    async def tree(self, run_id: str) -> list[Task]:
        """The tasks of a run, parents first; results are left out for those that are not live.

        What a former attempt of its parent spawned is among them: see `graph.current`.
        """
        return [self._live(task) for task in await self.store.tree(run_id)]

    async def task(self, task_id: str) -> Task | None:
        """One task, whole; None when there is none."""
        node = self.dispatcher.nodes.get(task_id)
        return node.task if node is not None else await self.store.task(task_id)

    def _live(self, stored: Task) -> Task:
        node = self.dispatcher.nodes.get(stored.id)
        return node.task if node is not None else stored

    async def log(self, task_id: str, *, attempt: int | None = None) -> list[LogLine]:
        """The log of an attempt, by default the latest."""
        await self.store.writer.flush()
        if attempt is None:
            task = await self.task(task_id)
            attempt = task.attempt if task is not None else 0
        return await self.store.log(task_id, attempt)

    async def log_numbers(self, task_ids: Sequence[str], *, attempt: int | None = None) -> array[int]:
        """The numbers of all log lines of some tasks (of one attempt, where it is named), in the order of time."""
        await self.store.writer.flush()
        return await log_pages.numbers(self.store, task_ids, attempt)

    async def log_page(self, numbers: Sequence[int]) -> list[log_pages.Entry]:
        """Those lines, each with its task and attempt, in the order of `numbers`; deleted ones are left out."""
        return await log_pages.page(self.store, numbers)

    async def attempts(self, task_id: str) -> list[Attempt]:
        """All attempts, oldest first; the latest is the task itself."""
        return await self.store.attempts(task_id)

    async def traces(self, task_id: str) -> list[Trace]:
        """Where each attempt ran, as far as that is known, and what it left behind; oldest first."""
        attempts = await self.attempts(task_id)
        task = await self.task(task_id)
        said = await self.store.engine_lines(task_id, APART, LEFT)
        spec = self.catalogue.get(task.executor_id) if task is not None else None
        return [trace_of(attempt.number, attempt.executor_version, said, spec) for attempt in attempts]

    def export(self, runs: RunFilter | Iterable[str]) -> AsyncIterator[str]:
        """Runs by filter or id as JSON lines: a header, then each run with its tasks, attempts and logs."""
        return transfer.export_lines(self.store, runs)

    async def import_lines(self, lines: AsyncIterable[str] | Iterable[str]) -> transfer.Imported:
        """Store what `export` gave; a run whose id is here already is skipped.

        Raises `StoreError` naming the line that is wrong; runs before it stay imported.
        """
        with self._permitted("import"):
            imported = await transfer.import_lines(self.store, lines)
        if imported.runs:
            self.store.writer.write([self._audit("import", runs=imported.runs)])
            self._upkeep.indexer.notify()
        return imported

    # ── forgetting ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def delete(self, task_id: str) -> int:
        """Delete a run (by its root's id) or a task with all under it, for ever; how many tasks it was (5.6).

        Raises `TaskError` while its run has not ended, and for what something outside depends on.
        """
        with self._permitted("delete", task_id=task_id):
            return await self._operations.delete(task_id, [self._audit("delete", task_id=task_id)])

    async def prune(self, *, days: float | None = None, runs: int | None = None) -> retention.Pruned:
        """Delete ended runs older than `days`, and beyond the newest `runs` of each executor; None keeps all.

        What another run depends on stays. Raises `StoreError` for limits that are none.
        """
        with self._permitted("prune"):
            gone = await retention.prune(self.store, days=days, runs=runs)
        if gone.runs:
            self.store.writer.write([self._audit("prune", days=days, runs=runs, deleted=gone.runs)])
        return gone

    # ── who may ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def permit(self, what: str, *, executor_id: str = "", task_id: str | None = None) -> None:
        """Raises `AccessError`, kept in the audit, where the user of this process may not do `what` (with an executor).

        For who asks questions first: every act asks this by itself.
        """
        spec = self.catalogue.entry(executor_id) if executor_id else None
        with self._permitted(what, task_id=task_id, executor=executor_id):
            if spec is not None and spec.barred:
                raise AccessError(spec.barred, BARRED_HINT)

    @contextmanager
    def _permitted(
        self, what: str, *, task_id: str | None = None, run_id: str | None = None, executor: str = ""
    ) -> Iterator[None]:
        """Raises `AccessError` in read-only mode; that, and one that is raised inside, is kept in the audit."""
        try:
            if self.access.read_only:
                raise AccessError(READ_ONLY, READ_ONLY_HINT)
            yield
        except AccessError as refusal:
            detail = {"act": what, "why": refusal.message} | ({"executor": executor} if executor else {})
            self.store.writer.write([self._audit("refused", task_id=task_id, run_id=run_id, **detail)])
            raise

    def _audit(self, what: str, *, task_id: str | None = None, run_id: str | None = None, **detail: Any) -> Write:
        """One entry of the audit: this engine's user, from here, now."""
        return history_statements.audit(
            what, who=self.settings.user, origin=origin(), at=now(), run_id=run_id, task_id=task_id, detail=detail
        )
