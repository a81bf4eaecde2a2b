"""Which version of which executor a run is pinned to, and the sources of the versions that ran (hot reload, 7)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from weakref import WeakSet

from engine import statements
from engine.catalogue import ExecutorSpec, Launchable
from engine.graph import Node, Tree
from engine.statements import Write

FindSpec = Callable[[str], tuple[ExecutorSpec | None, str]]
"""An executor by id, and the words for when there is none."""


class Pins:
    """What is saved while a run is under way changes nothing of it: each node keeps the spec it was launched with."""

    def __init__(self, find: FindSpec) -> None:
        self._find = find
        self._kept: set[str] = set()
        self._holders: WeakSet[Tree] = WeakSet()  # trees that are only being made, too: a submit may still refuse them
        self._lock = threading.Lock()

    def pin(self, node: Node) -> str:
        """Fix the version that `node` runs, where it is not yet; the words for a missing executor, else ""."""
        if node.spec is not None:
            return ""
        node.spec, unknown = self._find(node.task.executor_id)
        if node.spec is not None and node.spec.version not in node.tree.versions:
            self.hold(node.tree, node.spec.version)
        return unknown

    def hold(self, tree: Tree, version: str) -> None:
        """`tree` may run code of that version until it ends."""
        with self._lock:
            tree.versions.add(version)
            self._holders.add(tree)

    def release(self, tree: Tree) -> None:
        with self._lock:
            self._holders.discard(tree)

    def versions(self) -> set[str]:
        """The versions that runs may still need; any thread may ask."""
        with self._lock:
            return {version for tree in self._holders for version in tree.versions}

    def source_of(self, spec: Launchable, at: datetime) -> list[Write]:
        """What stores the source of a version that runs for the first time in this process."""
        if not spec.version or spec.version in self._kept:
            return []
        self._kept.add(spec.version)
        source = spec.source()
        return [] if source is None else [statements.source(spec.version, source.pack(), at)]
