"""Which ready task starts next: one heap over all trees, and the slots (behaviour.md 2.4, 3.6). No SQL, no UI."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable

from engine.graph import Node


class Scheduler:
    """Holds ready nodes and starts them while slots are free.

    Lower priority number first, then the older task. `start(node)` must not block and must not call `pump` itself.
    """

    def __init__(self, slots: int, start: Callable[[Node], None]) -> None:
        self.slots = slots
        self.running: set[Node] = set()
        self._start = start
        self._heap: list[tuple[int, float, int, Node]] = []
        self._queued = 0
        self._open = True

    @property
    def queued(self) -> int:
        """How many nodes are ready and wait for a slot."""
        return self._queued

    def push(self, nodes: Iterable[Node]) -> None:
        """Queue ready nodes; call `pump` when all of them are in, so that the most urgent goes first."""
        for node in nodes:
            if not node.queued:
                node.queued = True
                self._queued += 1
                key = (node.task.priority, node.task.created_at.timestamp(), node.order)
                heapq.heappush(self._heap, (*key, node))

    def withdraw(self, node: Node) -> None:
        """A queued node is no longer wanted; its heap entry is passed over when it comes up."""
        if node.queued:
            node.queued = False
            self._queued -= 1

    def pump(self) -> None:
        """Start the most urgent queued nodes while slots are free."""
        while self._open and self._heap and len(self.running) < self.slots:
            node = heapq.heappop(self._heap)[-1]
            if node.queued:
                node.queued = False
                self._queued -= 1
                self.running.add(node)
                self._start(node)

    def release(self, node: Node) -> None:
        """`node` no longer takes a slot."""
        self.running.discard(node)

    def close(self) -> None:
        """Start nothing any more; what is queued stays pending in the store."""
        self._open = False
