"""Taking over the runs of engines that ended: what they left in progress, and what never began (behaviour.md 7.2).

Two steps. At the start of every engine, rows that a dead one left in progress get their true state. Then an engine with
a catalogue of its own (the console) goes on with those runs; a script leaves them to it, or calls `resume`.
"""

from __future__ import annotations

import logging

from engine import statements
from engine.dispatcher import Dispatcher
from engine.errors import TaskError
from engine.events import EventBus, EventKind
from engine.graph import Node
from engine.pins import FindSpec
from engine.store import Store
from engine.submission import Submission
from engine.task import TaskStatus
from engine.trust import Trust

logger = logging.getLogger(__name__)


class Recovery:
    """`take_over` once the catalogue is there, `look_again` whenever it changed."""

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        submission: Submission,
        bus: EventBus,
        find: FindSpec,
        trust: Trust,
    ) -> None:
        self._store = store
        self._trust = trust
        self._dispatcher = dispatcher
        self._submission = submission
        self._bus = bus
        self._find = find
        self._held: set[Node] = set()

    async def take_over(self, *, only_ended: bool = False) -> None:
        """Go on with every run whose owner is dead; `only_ended`: just close those of which nothing is left to run.

        One that cannot be loaded is left as it is and logged.
        """
        dead = await self._store.dead_runs(only_ended=only_ended)
        self._trust.suspect(self._store.suspects)  # before any of it runs again
        for run_id, owner in dead:
            try:
                await self._take(run_id, owner)
            except Exception:  # one broken run must not keep the others from going on
                logger.exception("run %s of a process that ended cannot be taken over", run_id)

    async def _take(self, run_id: str, owner: str) -> None:
        tree = await self._submission.build(run_id, await self._store.tree(run_id, whole=True))
        tree.paused = (await self._store.run_state(run_id)).paused
        for node in tree.nodes.values():
            if node.status is TaskStatus.PENDING and not node.is_group:
                self._hold(node)
        try:
            await self._submission.activate(tree, [statements.claim(run_id, self._store.lease.id, owner)])
        except TaskError:  # another console was faster
            return
        for node in tree.nodes.values():  # what they wait for is told nowhere else
            if node.held or (tree.paused and node.task.id == run_id):
                self._bus.publish(EventKind.PROGRESS, node.task)

    def _hold(self, node: Node) -> None:
        """What lacks something waits for it instead of failing for it (8.6)."""
        task = node.task
        spec, unknown = self._find(task.executor_id)
        lost = self._submission.lacks(node)
        why = unknown if spec is None else spec.barred
        if lost is None and not why:
            return
        node.held = True
        task.hold = f"needs its secrets: {lost}" if lost is not None else f"waits: {why}"
        if why:
            self._held.add(node)

    def _is_there(self, node: Node) -> bool:
        spec, _ = self._find(node.task.executor_id)
        return spec is not None and not spec.barred

    def look_again(self) -> None:
        """The catalogue changed: what waited for its executor may go on."""
        for node in [n for n in self._held if self._is_there(n)]:
            self._held.discard(node)
            if not node.held:  # somebody cancelled or skipped it, or ran it all the same
                continue
            node.held, node.task.hold = False, ""
            self._hold(node)
            self._bus.publish(EventKind.PROGRESS, node.task)
            if node.ready and self._dispatcher.nodes.get(node.task.id) is node:
                self._dispatcher.enqueue([node])
        self._dispatcher.scheduler.pump()
