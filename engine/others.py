"""The other processes on the same store: their runs are told as if they were our own, and taken over when they die.

SQLite says by one number whether another connection changed anything, so that looking costs next to nothing while
nothing happens. Only what changed of a run is read; a large run is looked at less often, so that reading it never takes
more than a tenth of the time.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine import foreign
from engine.errors import TaskdeckError
from engine.events import EventBus, EventKind
from engine.foreign import ForeignRun
from engine.requests import Requests
from engine.store import Store
from engine.task import Task, TaskStatus

logger = logging.getLogger(__name__)
TICK = 0.1
"""Seconds between two looks."""
LEASE_TICK = 0.25
"""Seconds between two looks at whether the owners still live."""
SHARE = 10.0
"""A run is read again after this many times as long as reading it took."""
LATE = 5.0
"""Seconds that a commit may lag behind the time that its rows carry."""

Seen = tuple[Any, ...]


@dataclass(slots=True)
class _Followed:
    """A run of another process: how its tasks stood when they were read last."""

    run: ForeignRun
    seen: dict[str, Seen] = field(default_factory=dict)
    asking: set[str] = field(default_factory=set)
    root: Task | None = None
    seq: int = -1
    since: float = 0.0
    due: float = 0.0


class Others:
    """Follows the runs of other engines and answers their requests while this engine is open.

    `take_over` is called when an owner has died, each of `looks` when anything in the store changed.
    """

    def __init__(
        self,
        store: Store,
        bus: EventBus,
        requests: Requests,
        take_over: Callable[[], Awaitable[None]],
        looks: Sequence[Callable[[], Awaitable[None]]],
    ) -> None:
        self.requests = requests
        self._store = store
        self._bus = bus
        self._take_over = take_over
        self._looks = looks
        self._runs: dict[str, _Followed] = {}
        self._version = -1
        self._log_seq = -1
        self._lease_due = 0.0
        self._buried: set[str] = set()
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._work = asyncio.get_running_loop().create_task(self._follow(), name="other processes")

    async def stop(self) -> None:
        """End at once. Safe to repeat."""
        work, self._work = self._work, None
        if work is not None:
            work.cancel()
            await asyncio.wait({work})
        await self.requests.stop()

    @property
    def asking(self) -> int:
        """How many tasks of other processes wait for an answer, as far as it is known here."""
        return sum(len(followed.asking) for followed in self._runs.values())

    def is_paused(self, run_id: str) -> bool:
        """Whether a run of another process is paused (8.3), as far as it is known here."""
        followed = self._runs.get(run_id)
        return followed is not None and followed.run.paused

    async def _follow(self) -> None:
        await self.requests.clear()
        while True:
            try:
                await self._look()
            except (TaskdeckError, sqlite3.Error):
                logger.exception("what other processes do cannot be read; it is tried again")
                await asyncio.sleep(1.0)
            await asyncio.sleep(TICK)

    async def _look(self) -> None:
        time = asyncio.get_running_loop().time()
        version = await foreign.data_version(self._store)
        if version != self._version:
            self._version = version
            await self.requests.look()
            for look in self._looks:
                await look()
            await self._runs_changed()
        if self._runs and time >= self._lease_due:
            self._lease_due = time + LEASE_TICK
            await self._bury({followed.run.owner for followed in self._runs.values()})
        for followed in [each for each in self._runs.values() if time >= each.due]:
            await self._read(followed)
        if self._runs:
            await self._read_logs()

    async def _runs_changed(self) -> None:
        """Which runs are others' now; of those that have ended the last state is told."""
        if not self._runs:  # what is logged from here on is told, of a run too that is seen only later
            before, self._log_seq = self._log_seq, await foreign.last_log(self._store)
        found = {run.id: run for run in await foreign.foreign_runs(self._store)}
        if found and not self._runs and before >= 0:
            self._log_seq = before
        if dead := await self._bury({run.owner for run in found.values()} - self._buried):
            found = {run_id: run for run_id, run in found.items() if run.owner not in dead}
        for run_id, run in found.items():
            followed = self._runs.get(run_id)
            if followed is None and run.owner not in self._buried:
                self._runs[run_id] = _Followed(run)
            elif followed is not None:
                paused, followed.run = followed.run.paused, run
                if paused != run.paused and followed.root is not None:
                    self._bus.publish(EventKind.PROGRESS, followed.root)
        for run_id in [run_id for run_id in self._runs if run_id not in found]:
            await self._end(self._runs.pop(run_id))

    async def _end(self, followed: _Followed) -> None:
        """A run is not run by its owner any more; what this engine runs now is told by its dispatcher."""
        end = await foreign.end_of(self._store, followed.run.id)
        if end is None:
            self._bus.publish(EventKind.DELETED, None, followed.run.id)
        elif end[0] is None:
            await self._read(followed, whole=True)
            if followed.root is not None:
                self._bus.publish(EventKind.TREE_FINISHED, followed.root, end[1])

    async def _bury(self, owners: set[str]) -> set[str]:
        """Those of `owners` that have died: their runs get their true state, are told for the last time, taken over."""
        dead = {owner for owner in owners if self._store.lease.is_dead(owner)}
        if not dead:
            return dead
        self._buried |= dead
        await self._store.recover()
        for followed in [each for each in self._runs.values() if each.run.owner in dead]:
            del self._runs[followed.run.id]
            await self._read(followed, whole=True)
        await self._take_over()
        return dead

    async def _read(self, followed: _Followed, *, whole: bool = False) -> None:
        """Tell what changed of one run since it was read last."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        since = 0.0 if whole else followed.since - LATE
        rows = await foreign.changes(self._store, followed.run.id, since, -1 if whole else followed.seq)
        for seq, task in rows:
            followed.seq = max(followed.seq, seq)
            followed.since = max(followed.since, task.updated or 0.0)
            if task.id == task.run_id:
                followed.root = task
            self._tell(followed, task)
        followed.due = loop.time() + max(TICK / 2, SHARE * (loop.time() - began))

    def _tell(self, followed: _Followed, task: Task) -> None:
        state = (task.status, task.attempt, task.progress, task.progress_message, task.updated)
        before = followed.seen.get(task.id)
        if before == state:
            return
        followed.seen[task.id] = state
        was_asking = task.id in followed.asking
        (followed.asking.add if task.is_asking else followed.asking.discard)(task.id)
        if before is None:
            kind = EventKind.CREATED
        elif task.status is TaskStatus.PENDING and before[0] is not TaskStatus.PENDING:
            kind = EventKind.RESET
        elif task.is_terminal and before[0] is not task.status:
            kind = EventKind.FINISHED
        elif task.status is not before[0]:
            kind = EventKind.STARTED
        elif task.is_asking and not was_asking:
            kind = EventKind.ASKED
        else:
            kind = EventKind.PROGRESS
        self._bus.publish(kind, task)

    async def _read_logs(self) -> None:
        """Tell the lines that tasks of other processes logged since the last look."""
        self._log_seq, lines = await foreign.log_after(self._store, self._log_seq, self._runs)
        for task, line in lines:
            self._bus.publish(EventKind.LOG, task, line)
