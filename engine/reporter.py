"""What attempts report while they run, log lines and progress: to the store and to the bus, in batches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from engine import json_data, statements
from engine.events import EventBus, EventKind, LogLine
from engine.graph import Node
from engine.output import Reports
from engine.run import Job, Outcome, scrub
from engine.statements import Write
from engine.store import Store
from engine.task import now

PROGRESS_SECONDS = 1.0
"""How often a task's progress is written at most; the screen gets every change."""
MESSAGE_LIMIT = 500
"""Characters of a progress message that are kept."""


class Reporter:
    """`jobs` are the running attempts, by node; `reports` is where their threads leave word."""

    def __init__(self, store: Store, bus: EventBus, jobs: dict[Node, Job]) -> None:
        self._store = store
        self._bus = bus
        self._jobs = jobs
        self.reports = Reports(asyncio.get_running_loop(), self._deliver)

    def progressed(self, node: Node, fraction: float, message: str) -> None:
        """Any thread. What is no number is let be: a wrong progress must not fail the work."""
        job = self._jobs.get(node)
        try:
            value = min(max(float(fraction), 0.0), 1.0)
        except (TypeError, ValueError):
            return
        if job is not None and value == value:
            job.progress = (value, scrub(json_data.storable(str(message)), job)[:MESSAGE_LIMIT])
            self.reports.notify(node)

    def _deliver(self, node: Node) -> None:
        """On the loop: an attempt's new lines and latest progress, to the store and to the bus."""
        job = self._jobs.get(node)
        if job is None:
            return
        task = node.task
        if lines := job.log.take():
            kept = job.keeper.keep([line for line in lines if not line.is_passing])
            self._store.writer.write([statements.log(task.id, job.attempt, line) for line in kept])
            self._tell(node, job, lines)
        if job.progress is not None and not _is_ahead(node, job):
            (task.progress, task.progress_message), job.progress = job.progress, None
            self._bus.publish(EventKind.PROGRESS, task)
            if time.monotonic() - job.progress_stored >= PROGRESS_SECONDS:
                job.progress_stored = time.monotonic()
                self._store.writer.write([statements.progress(task, now())])

    def _tell(self, node: Node, job: Job | None, lines: Iterable[LogLine]) -> None:
        """To the bus; what an attempt says ahead of the commit of its in_progress is told after that."""
        if job is not None and _is_ahead(node, job):
            job.untold += lines
            return
        for line in lines:
            self._bus.publish(EventKind.LOG, node.task, line)

    def caught_up(self, node: Node, job: Job) -> None:
        """The commit that an attempt began ahead of is done: tell what it said so far."""
        lines, job.untold = job.untold, []
        self._tell(node, None, lines)
        if job.progress is not None:
            self.reports.notify(node)

    def note(self, node: Node, text: str) -> None:
        """A line of the engine's own in a task's log."""
        line = LogLine(time.time(), "engine", text)
        self._store.writer.write([statements.log(node.task.id, node.task.attempt, line)])
        self._bus.publish(EventKind.LOG, node.task, line)

    def last_lines(self, node: Node, job: Job | None, outcome: Outcome) -> list[Write]:
        """Lines that were held back, and the traceback, to be stored with the outcome."""
        lines = job.keeper.rest() if job is not None else []
        if outcome.trace:
            traced = [LogLine(time.time(), "traceback", text) for text in outcome.trace.rstrip("\n").split("\n")]
            self._tell(node, job, traced)
            lines += traced
        attempt = job.attempt if job is not None else node.task.attempt
        return [statements.log(node.task.id, attempt, line) for line in lines]


def _is_ahead(node: Node, job: Job) -> bool:
    """Whether the attempt runs and its in_progress is not on disk yet."""
    return job.attempt > node.task.attempt
