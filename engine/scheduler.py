"""Which ready task starts next: pools, slots, limits, pauses (behaviour.md 2.4, 3.6, 4.7, 8.3, 8.7).

No SQL, no UI, no clock.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from engine.graph import Node, Tree
from engine.task import TaskStatus

Entry = tuple[int, float, int, Node]
"""Lower priority number first, then the older task, then the order in which they came up."""


@dataclass(slots=True)
class _Pool:
    """Slots with a queue of their own: a full pool holds up nobody else's tasks (8.7)."""

    size: int
    running: int = 0
    heap: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class _Limit:
    """How many of one executor run, and the entries that came up while it was at its limit (`max_concurrent`)."""

    running: int = 0
    parked: list[Entry] = field(default_factory=list)


class Scheduler:
    """Holds ready nodes and starts them while slots are free. Pool "" has `slots` places, an unknown one 1.

    `start(node)` must not block and must not call `pump` itself.
    """

    def __init__(self, slots: int, start: Callable[[Node], None], pools: Mapping[str, int] | None = None) -> None:
        self.running: set[Node] = set()
        self._limited: set[Node] = set()
        self.paused = False
        self._start = start
        self._pools = {"": _Pool(slots)} | {name: _Pool(size) for name, size in (pools or {}).items()}
        self._limits: dict[str, _Limit] = {}
        self._came = itertools.count()
        self._queued = 0
        self._offered = False
        self.is_open = True

    @property
    def queued(self) -> int:
        """How many nodes are ready and wait for a slot."""
        return self._queued

    def push(self, nodes: Iterable[Node]) -> None:
        """Queue ready nodes; call `pump` when all of them are in, so that the most urgent goes first.

        A node that runs already (it waited for its children) asks for its slot back: no pause keeps it (8.3).
        """
        for node in nodes:
            if node.queued:
                continue
            node.queued = True
            self._queued += 1
            if node.policy.pool not in self._pools:
                self._pools[node.policy.pool] = _Pool(1)
            resumes = node.status is TaskStatus.IN_PROGRESS
            if node.tree.paused and not resumes:
                self._park(node)
            else:
                self._enter(node)
                if self.paused and resumes:
                    self._begin(node, self._pools[node.policy.pool], None)

    def _enter(self, node: Node) -> None:
        task = node.task
        task.hold = self._words(node)
        entry = (task.priority, task.created, next(self._came), node)
        heapq.heappush(self._pools[node.policy.pool].heap, entry)

    def _words(self, node: Node) -> str:
        """What keeps a queued node (2.3); "" where it is only a free slot that lacks."""
        if self.paused or node.tree.paused:
            return "paused"
        return f"queued (pool {node.policy.pool})" if node.policy.pool else ""

    def _park(self, node: Node) -> None:
        node.task.hold = "paused"
        node.tree.parked.append(node)

    def withdraw(self, node: Node) -> None:
        """A queued node is no longer wanted; its heap entry is passed over when it comes up."""
        if node.queued:
            node.queued = False
            node.task.hold = ""
            self._queued -= 1

    def pump(self) -> None:
        """Start the most urgent queued nodes while slots are free."""
        if self.paused:
            return
        self._offered = True
        while self._offered:  # a place under a limit may have been offered to a pool that was looked at before
            self._offered = False
            for pool in self._pools.values():
                while self.is_open and pool.heap and pool.running < pool.size:
                    self._take(heapq.heappop(pool.heap), pool)

    def pause(self) -> None:
        """Start nothing new until `resume`; what runs goes on, also where it waits for its slot back (8.3)."""
        self.paused = True
        for node in self._waiting():
            if node.status is TaskStatus.IN_PROGRESS:
                self._begin(node, self._pools[node.policy.pool], None)
            else:
                node.task.hold = "paused"

    def resume(self) -> None:
        self.paused = False
        for node in self._waiting():
            node.task.hold = self._words(node)
        self.pump()

    def _waiting(self) -> set[Node]:
        """All that is queued, but for what a paused tree holds back."""
        heaps = [pool.heap for pool in self._pools.values()] + [limit.parked for limit in self._limits.values()]
        return {entry[-1] for heap in heaps for entry in heap if entry[-1].queued}

    def _take(self, entry: Entry, pool: _Pool) -> None:
        """Start the node of an entry that came up, or put it where it waits on."""
        node = entry[-1]
        most = node.policy.max_concurrent
        limit = self._limits.setdefault(node.task.executor_id, _Limit()) if most is not None else None
        if (
            not node.queued or self._pools[node.policy.pool] is not pool
        ):  # it was withdrawn, maybe queued elsewhere since
            self._offer(limit)
        elif node.tree.paused and node.status is TaskStatus.PENDING:
            self._park(node)
            self._offer(limit)
        elif limit is not None and most is not None and limit.running >= most:
            node.task.hold = f"queued ({most} at once)"
            heapq.heappush(limit.parked, entry)
        else:
            self._begin(node, pool, limit)

    def _begin(self, node: Node, pool: _Pool, limit: _Limit | None) -> None:
        self.withdraw(node)
        self.running.add(node)
        pool.running += 1
        if limit is not None:
            self._limited.add(node)
            limit.running += 1
            self._offer(limit)
        self._start(node)

    def _offer(self, limit: _Limit | None) -> None:
        """The next that waits for a place under `limit` may have one, where there is one."""
        if limit is None or not limit.parked:
            return
        policy = limit.parked[0][-1].policy
        if policy.max_concurrent is None or limit.running < policy.max_concurrent:
            heapq.heappush(self._pools[policy.pool].heap, heapq.heappop(limit.parked))
            self._offered = True

    def release(self, node: Node) -> None:
        """`node` no longer takes a slot, nor wants one."""
        self.withdraw(node)
        if node not in self.running:
            return
        self.running.discard(node)
        self._pools[node.policy.pool].running -= 1
        if node in self._limited:
            self._limited.remove(node)
            limit = self._limits[node.task.executor_id]
            limit.running -= 1
            self._offer(limit)

    def seize(self, node: Node) -> None:
        """A running node has its slot back at once, over the size if need be."""
        if self.is_open and node not in self.running:
            pool = self._pools.setdefault(node.policy.pool, _Pool(1))
            self._begin(node, pool, None)

    def pause_tree(self, tree: Tree) -> None:
        """Start nothing new of `tree` until `resume_tree`."""
        tree.paused = True
        for node in tree.nodes.values():
            if node.queued and node.status is TaskStatus.PENDING:
                node.task.hold = "paused"

    def resume_tree(self, tree: Tree) -> None:
        """What came up while `tree` was paused is queued again; call `pump` next."""
        tree.paused = False
        parked, tree.parked = tree.parked, []
        for node in parked:
            if node.queued:
                self._enter(node)
        for node in tree.nodes.values():
            if node.queued:
                node.task.hold = self._words(node)

    def close(self) -> None:
        """Start nothing any more; what is queued stays pending in the store."""
        self.is_open = False
