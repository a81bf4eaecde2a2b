"""The one way of engine data to the screen: `push` on the engine's thread, one `Delta` a tick on the screen's.

Between two ticks a thousand changes of a task are one entry in a dict, and a flood of log lines is a ring of the newest
ones, so that a slow or stopped screen costs the engine neither time nor memory. No Textual in here.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from engine.events import Event, EventKind, LogLine
from engine.task import Task, TaskStatus

if TYPE_CHECKING:
    from engine.catalogue import Catalogue, Problem
    from engine.watcher import WatchState

Said = tuple[int, LogLine]
"""A line of a task's log and the attempt that wrote it."""
TASK_LINES = 2_000
"""Log lines kept of one task between two ticks: the newest, as the screen can't show more."""
ALL_LINES = 50_000
"""Log lines kept of all tasks together between two ticks; held for long only while the terminal lags."""
PROBLEMS = 200
"""Problems kept between two ticks; the catalogue holds all that stand."""


@dataclass(slots=True)
class Delta:
    """What changed since the tick before. Tasks are live records: read them, never change them."""

    tasks: dict[str, Task] = field(default_factory=dict)
    """Changed or new, by id, in the order of their first change."""
    reset: dict[str, int] = field(default_factory=dict)
    """Tasks that a rerun put back to pending, with their former attempts: what they logged and returned before is
    history (5.4)."""
    retried: set[str] = field(default_factory=set)
    """Ids of tasks whose attempt failed and that will be tried again by themselves (4.7)."""
    deleted: set[str] = field(default_factory=set)
    """Ids of runs that were removed."""
    removed: set[str] = field(default_factory=set)
    """Ids of tasks that were removed from runs that stay."""
    logs: dict[str, list[Said]] = field(default_factory=dict)
    """New lines by task id, oldest first."""
    dropped: dict[str, int] = field(default_factory=dict)
    """How many lines before those of `logs` are left out here (the store has them)."""
    finished: list[tuple[str, TaskStatus]] = field(default_factory=list)
    """Runs that ended, with the status of their tree (2.7)."""
    catalogue: Catalogue | None = None
    """The newest, if it changed."""
    problems: list[Problem] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    """Ids of tasks that wait for a person's answer from now on."""
    notices: list[str] = field(default_factory=list)
    """What went wrong beside any task, foreign text."""
    watcher: WatchState | None = None
    """The newest state of the watcher, if it changed."""


class Feed:
    """Collects events until the screen asks for them (6.2).

    `wake` is called, on the thread that pushes, for the first event after each `drain` (and after the start), so that
    an idle screen need not wait for its next tick; it must be quick and must not raise.
    """

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        self._wake = wake
        self._lock = threading.Lock()  # held for a few dict operations, never while anything is awaited or drawn
        self._delta = Delta()
        self._rings: dict[str, deque[Said]] = {}
        self._lines = 0
        self._empty = True

    def push(self, event: Event) -> None:
        """Take one event; O(1), about a microsecond. Subscribe this to the engine's bus."""
        with self._lock:
            first, self._empty = self._empty, False
            if event.kind is EventKind.LOG:
                if event.task is not None:
                    self._add_line(event.task, event.data)
            else:
                self._add(event)
        if first and self._wake is not None:
            self._wake()

    def drain(self, limit: int | None = None) -> Delta | None:
        """Everything since the last call; None when nothing came.

        Of more than `limit` tasks the rest stays for the next call, with the end of runs and what was deleted, so that
        a launch of 100,000 tasks does not hold the screen.
        """
        with self._lock:
            if self._empty:
                return None
            delta, self._delta = self._delta, Delta()
            rings, self._rings = self._rings, {}
            self._lines, self._empty = 0, True
            if limit is not None and len(delta.tasks) > limit:
                self._put_back(delta, limit)
        delta.logs = {task_id: list(ring) for task_id, ring in rings.items() if ring}
        return delta

    @property
    def waiting(self) -> int:
        """How many tasks wait for the next `drain`."""
        return len(self._delta.tasks)

    def _put_back(self, delta: Delta, limit: int) -> None:
        """Keep for the next drain what is over `limit`; what was reset goes now, as its log lines do."""
        first = {task_id: delta.tasks[task_id] for task_id in delta.reset if task_id in delta.tasks}
        first.update(islice(delta.tasks.items(), limit))
        rest = self._delta
        rest.tasks = {task_id: task for task_id, task in delta.tasks.items() if task_id not in first}
        delta.tasks = first
        if rest.tasks:
            rest.finished, delta.finished = delta.finished, []
            rest.deleted, delta.deleted = delta.deleted, set()
            rest.removed, delta.removed = delta.removed, set()
            self._empty = False

    def _add(self, event: Event) -> None:
        delta, task, kind = self._delta, event.task, event.kind
        if kind is EventKind.DELETED:
            self._add_deleted(event)
        elif task is not None:
            delta.tasks[task.id] = task
            if kind is EventKind.RESET:
                self._forget_lines(task.id)
                delta.reset[task.id] = task.attempt
            elif kind is EventKind.ASKED:
                delta.asked.add(task.id)
            elif kind is EventKind.RETRYING:
                delta.retried.add(task.id)
            elif kind is EventKind.TREE_FINISHED:
                delta.finished.append((task.run_id, event.data))
        elif kind is EventKind.CATALOGUE:
            delta.catalogue = event.data
        elif kind is EventKind.WATCHER:
            delta.watcher = event.data
        elif kind is EventKind.NOTICE:
            delta.notices = [*delta.notices[1 - PROBLEMS :], event.data]
        elif kind is EventKind.PROBLEM:
            delta.problems.append(event.data)
            if len(delta.problems) > PROBLEMS:
                del delta.problems[0]

    def _add_deleted(self, event: Event) -> None:
        """A run is gone (`data` is its id), or one task of a run that stays."""
        if event.task is not None:
            self._delta.tasks.pop(event.task.id, None)
            self._forget_lines(event.task.id)
        if event.data is not None:
            self._delta.deleted.add(event.data)
        elif event.task is not None:
            self._delta.removed.add(event.task.id)

    def _add_line(self, task: Task, line: LogLine) -> None:
        task_id = task.id
        ring = self._rings.get(task_id)
        if ring is None:
            ring = self._rings[task_id] = deque()
        # what may run twice writes before it is stored as running: that is the attempt to come
        ring.append((task.attempt + (task.status is TaskStatus.PENDING), line))
        self._lines += 1
        if len(ring) > TASK_LINES:
            self._drop_line(task_id, ring)
        elif self._lines > ALL_LINES:  # the task that has been in the dict for longest pays
            oldest = next(iter(self._rings))
            self._drop_line(oldest, self._rings[oldest])

    def _drop_line(self, task_id: str, ring: deque[Said]) -> None:
        ring.popleft()
        self._lines -= 1
        self._delta.dropped[task_id] = self._delta.dropped.get(task_id, 0) + 1
        if not ring:
            del self._rings[task_id]

    def _forget_lines(self, task_id: str) -> None:
        """The lines of an attempt that is history now are not news."""
        self._lines -= len(self._rings.pop(task_id, ()))
        self._delta.dropped.pop(task_id, None)
