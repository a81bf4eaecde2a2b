"""What is put back to pending, and who waits for it: reruns, also across live trees (behaviour.md 3.2, 3.3, 5.4).

A tree that ended and is run again gets new nodes; whoever waits for the old ones must wait for these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.edges import grown, set_dependencies
from engine.graph import Node, Tree, recount
from engine.task import TaskStatus

if TYPE_CHECKING:
    from engine.dispatcher import Dispatcher


class Neighbours:
    """The dependencies between the live trees of one dispatcher: nodes that depend on tasks of other trees."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._waiting: dict[str, dict[Node, None]] = {}
        self._outward: dict[Tree, list[Node]] = {}

    def join(self, tree: Tree) -> list[Tree]:
        """Link a tree that begins to run with those that run; those to be looked at again, since they depend on it."""
        waiting = [node for task_id in tree.nodes for node in self._waiting.get(task_id, ())] if self._waiting else []
        outward = [n for n in tree.nodes.values() if n.dependencies and any(d.tree is not tree for d in n.dependencies)]
        for node in (*waiting, *outward):
            self._relink(node)
        for node in outward:
            for dependency in node.dependencies:
                if dependency.tree is not tree:
                    self._waiting.setdefault(dependency.task.id, {})[node] = None
        if outward:
            self._outward[tree] = outward
        return list(dict.fromkeys(node.tree for node in waiting))

    def _relink(self, node: Node) -> None:
        """Have `node` depend on the live nodes of the tasks that it depends on."""
        targets = []
        for former in node.dependencies:
            target = former if former.tree is node.tree else self._dispatcher.nodes.get(former.task.id, former)
            if target is not former:
                target.dependents = grown(target.dependents, node)
            targets.append(target)
        set_dependencies(node, targets, node.task.dependencies)

    def drop(self, tree: Tree) -> None:
        """The tree has ended."""
        for node in self._outward.pop(tree, ()):
            for dependency in node.dependencies:
                waiting = self._waiting.get(dependency.task.id, {})
                waiting.pop(node, None)
                if not waiting:
                    self._waiting.pop(dependency.task.id, None)

    def is_met(self, node: Node) -> bool:
        """Whether all that a pending node needs is there; else some of it ended otherwise while its attempt ran."""
        return all(n.status is TaskStatus.COMPLETED or n in node.optional for n in node.dependencies)

    def look_again(self, tree: Tree, changed: Iterable[Node] = ()) -> None:
        """Go on from a new count of a live tree, and of those that depend on what changes by it.

        `changed` were put back to pending, or ended otherwise than by `settle`, which spreads by itself.
        """
        queue = {tree: [*changed]}
        while queue:
            tree, told = queue.popitem()
            former = {node: (node.status, node.stuck_on is None) for node in tree.nodes.values()}
            spread = recount(tree)
            for node in tree.nodes.values():
                if node.queued and node.status is TaskStatus.PENDING and (node.waits or node.stuck_on is not None):
                    self._dispatcher.scheduler.withdraw(node)
            told += [node for node, was in former.items() if (node.status, node.stuck_on is None) != was]
            self._dispatcher.follow(tree, spread)
            for other in self._dependents(told):
                if other is not tree:
                    queue.setdefault(other, [])

    def _dependents(self, nodes: Iterable[Node]) -> list[Tree]:
        """The live trees that depend on any of `nodes` as a task of another tree."""
        trees = dict.fromkeys(dependent.tree for node in nodes for dependent in node.dependents)
        return [tree for tree in trees if tree in self._outward]
