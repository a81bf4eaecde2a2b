"""Ending what runs: cancel with grace, timeouts, abandonment, and the engine's own end (behaviour.md 5.1-5.3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine import groups, statements
from engine.edges import grown
from engine.errors import TaskError
from engine.graph import Node, Spread, Tree, settle
from engine.leftovers import LEFT
from engine.run import Job, Outcome, failed
from engine.runners import Runner
from engine.settings import Settings
from engine.statements import DIED
from engine.store import Store
from engine.task import TaskStatus, now

if TYPE_CHECKING:
    from engine.dispatcher import Dispatcher

logger = logging.getLogger(__name__)
KILLS = 3
"""How often code that catches even what ends it by force is hit."""
KILL_LIMIT = 1.0
"""Seconds in which what was ended by force must be gone."""
CANCELLED_WORDS = "cancelled before it began"


class Stopper:
    """Ends attempts of one dispatcher. `abandoned` are jobs whose code still runs though nobody waits for it."""

    def __init__(self, dispatcher: Dispatcher, store: Store, runner: Runner, settings: Settings) -> None:
        self.abandoned: set[Job] = set()
        self._dispatcher = dispatcher
        self._store = store
        self._runner = runner
        self._settings = settings

    async def cancel(self, nodes: list[Node]) -> None:
        """Cancel these nodes: pending ones at once, running ones as rule 5.1 says; returns when all have ended."""
        chosen = can_cancel(nodes)
        pending = [n for n in chosen if n.status is TaskStatus.PENDING]
        running = [n for n in chosen if n.status is TaskStatus.IN_PROGRESS]
        # both mark their nodes before anything is awaited: none may begin or end in between
        waits = [self._stop(node) for node in running]
        for node in pending:  # all of them before any is spread: what is cancelled together blocks nothing of itself
            node.status, node.held = TaskStatus.CANCELLED, False
        by_tree: dict[Tree, list[Node]] = {}
        for node in pending:
            by_tree.setdefault(node.tree, []).append(node)
        waits += [self._cancel_pending(tree, those) for tree, those in by_tree.items()]
        await asyncio.gather(*waits)

    def _cancel_pending(self, tree: Tree, nodes: list[Node]) -> Coroutine[Any, Any, Any]:
        dispatcher, at = self._dispatcher, now()
        found = Spread()
        for node in nodes:
            dispatcher.scheduler.withdraw(node)
            spread = settle(node, TaskStatus.CANCELLED)
            found.ready += spread.ready
            found.groups += spread.groups
            found.stuck += spread.stuck
        trees = {tree} | found.trees()
        dispatcher.open(trees)
        writes = [statements.cancel(node.task.id, CANCELLED_WORDS, at) for node in nodes]
        ends = groups.end(found.groups, at)
        writes += groups.end_writes(ends)
        return self._cancelled(nodes, found, ends, trees, at, self._store.writer.commit(writes))

    async def _cancelled(
        self,
        nodes: list[Node],
        found: Spread,
        ends: list[groups.Ending],
        trees: set[Tree],
        at: datetime,
        committed: asyncio.Future[None],
    ) -> None:
        dispatcher = self._dispatcher
        try:
            await asyncio.shield(committed)
        except TaskError as refusal:
            logger.error("cancel: %s", refusal)
        for node in nodes:
            task = node.task
            task.error, task.error_type = CANCELLED_WORDS, "cancelled"
            task.completed_at = task.updated_at = at
            task.status, task.not_before = TaskStatus.CANCELLED, None
            dispatcher.told(node)
        dispatcher.show_groups(ends)
        dispatcher.enqueue([node for node in found.ready if node.ready])
        dispatcher.scheduler.pump()
        dispatcher.close(trees)

    def _stop(self, node: Node) -> Coroutine[Any, Any, Any]:
        told = asyncio.Event()
        node.watchers = grown(node.watchers, told.set)
        job = self._dispatcher.jobs.get(node)
        if job is None:  # it is being prepared, was refused, or its end is on the way
            node.unwanted = True
            return told.wait()
        job.context.cancelled = True
        if job.ended is not None:  # somebody else ends it already
            return told.wait()
        job.ended = asyncio.Event()
        return self._end(node, job, job.ended, told)

    async def _end(self, node: Node, job: Job, ended: asyncio.Event, told: asyncio.Event) -> None:
        """Ask, wait, interrupt, wait, abandon: one grace period for all that the executor does about it."""
        if job.can_cancel:
            await self._ask(job, ended)
        await self._interrupt(
            node, job, ended, Outcome(TaskStatus.CANCELLED, error="cancelled", error_type="cancelled")
        )
        await told.wait()

    async def _ask(self, job: Job, ended: asyncio.Event) -> None:
        """Call the executor's `cancel()` and give it the grace to end by itself."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settings.grace
        asked = asyncio.ensure_future(self._runner.ask(job))
        await asyncio.wait({asked}, timeout=self._settings.cancel_limit)
        if asked.done():
            if not asked.cancelled() and (error := asked.exception()) is not None:
                job.log.line("engine", f"its cancel() failed: {type(error).__name__}: {error}")
        else:
            asked.cancel()
            job.log.line("engine", f"its cancel() did not return within {self._settings.cancel_limit:g} s")
        await _wait(ended, until - loop.time())

    async def _interrupt(self, node: Node, job: Job, ended: asyncio.Event, end: Outcome) -> None:
        """Cancel the code's asyncio task; code that ignores that is ended by force, or abandoned with outcome `end`."""
        if not ended.is_set():
            self._runner.interrupt(job)
            await _wait(ended, self._settings.cancel_limit)
        for _ in range(KILLS):
            if ended.is_set() or not await self._runner.kill(job):
                break
            await _wait(ended, KILL_LIMIT)
        if ended.is_set():
            return
        place = self._runner.place(job)
        job.abandoned = True
        self.abandoned.add(job)
        job.log.line("engine", f"{LEFT}{place or 'its code, which does not stop'}; it is no longer waited for")
        end.error = f"{end.error}; its code did not stop and was abandoned{f' ({place})' if place else ''}"
        await self._dispatcher.conclude(node, job, end)

    def expire(self, node: Node, job: Job) -> None:
        """The timeout of a running attempt has passed (4.7)."""
        if job.ended is None:
            job.timed_out = True
            job.ended = asyncio.Event()  # at once: the attempt may end by itself before the task below begins
            end = failed(f"timed out after {job.policy.timeout:g} s", "timeout_error")
            self._dispatcher.spawn(self._interrupt(node, job, job.ended, end))

    def late(self, node: Node, job: Job, outcome: Outcome) -> None:
        """An abandoned attempt ended after all: what it returned is kept as partial result only."""
        self.abandoned.discard(job)
        if outcome.packed is not None:
            self._store.writer.write([statements.partial(node.task.id, job.attempt, outcome.packed)])

    async def stop(self) -> None:
        """The engine ends: nothing new starts, and what still runs is stored as interrupted (7.2)."""
        self._dispatcher.scheduler.close()
        self._dispatcher.questions.stop()
        for node, job in list(self._dispatcher.jobs.items()):
            if self._dispatcher.jobs.get(node) is not job:  # it ended with its parent just now
                continue
            job.abandoned = True
            job.context.cancelled = True
            self._runner.interrupt(job)
            # a death counts against what is resumed after it, an orderly end does not
            words = "the console was closed while this ran" if job.policy.retry_safe else DIED
            await self._dispatcher.conclude(node, job, failed(words, "interrupted"))
        await self._store.writer.flush()
        await self._dispatcher.rest(self._settings.cancel_limit)


def can_cancel(nodes: Iterable[Node]) -> list[Node]:
    """The open ones. A group ends with what is in it (2.6), unless it can never run."""
    open_nodes = [node for node in nodes if node.status in (TaskStatus.PENDING, TaskStatus.IN_PROGRESS)]
    return [node for node in open_nodes if not node.is_group or node.stuck_on is not None]


async def _wait(ended: asyncio.Event, seconds: float) -> None:
    """Until `ended` or for `seconds`; `asyncio.wait_for` would wait for the swallowed cancellation of others."""
    if ended.is_set() or seconds <= 0:
        return
    waiting = asyncio.ensure_future(ended.wait())
    await asyncio.wait({waiting}, timeout=seconds)
    waiting.cancel()


def going(dispatcher: Dispatcher) -> list[Node]:
    """The open tasks of the runs that have something running; of paused runs, what runs."""
    found = []
    for tree in dispatcher.trees.values():
        nodes = [node for node in tree.nodes.values() if node.status in (TaskStatus.PENDING, TaskStatus.IN_PROGRESS)]
        running = [node for node in nodes if node.status is TaskStatus.IN_PROGRESS]
        stays = tree.paused or dispatcher.scheduler.paused
        found += running if stays or not running else nodes
    return found
