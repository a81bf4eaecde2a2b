"""Brings the runs of before from the store into the forest, a page at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from engine.task import Task
from tui.forest import Forest

if TYPE_CHECKING:
    from tui.late_engine import LateEngine

PAGE = 100
"""Runs asked for at once."""
BATCH = 20
"""Trees that are put into the forest together."""
WHOLE_TREE = 5_000
"""Larger trees are read only when they are opened."""


class History:
    """Where reading has come to. `loaded` is called on the screen's loop whenever the forest has more."""

    def __init__(self, thread: LateEngine, forest: Forest, loaded: Callable[[], None]) -> None:
        self._thread = thread
        self._forest = forest
        self._loaded = loaded
        self._before: int | None = None
        self._sizes: dict[str, int] = {}
        self._busy = False
        self.is_complete = False

    async def more(self) -> None:
        """Read the next page: first the roots, so that they are seen at once, then their trees."""
        if self._busy or self.is_complete:
            return
        self._busy = True
        try:
            engine = self._thread.engine
            runs = await self._thread.ask(engine.runs(before=self._before, limit=PAGE))
            self.is_complete = len(runs) < PAGE
            if runs:
                self._before = runs[-1].seq
            self._forest.load([run.root] for run in runs)
            self._loaded()
            trees: list[Sequence[Task]] = []
            for run in runs:
                if run.size > WHOLE_TREE:
                    self._sizes[run.root.id] = run.size
                elif run.size > 1:
                    trees.append(await self._thread.ask(engine.tree(run.id)))
                if len(trees) >= BATCH:
                    await self._load(trees)
            await self._load(trees)
        finally:
            self._busy = False

    async def _load(self, trees: list[Sequence[Task]]) -> None:
        if trees:
            for _ in self._forest.loading(trees):
                await asyncio.sleep(0)
            trees.clear()
            self._loaded()

    def is_unread(self, task_id: str) -> bool:
        """Whether the task is the root of a large tree that was not read yet."""
        return task_id in self._sizes

    def size_of(self, task_id: str) -> int:
        """How many tasks the large tree of the root `task_id` has while it was not read; else 0."""
        return self._sizes.get(task_id, 0)

    async def open(self, task_id: str) -> None:
        """Read the large tree of the root `task_id`, and show it unfolded."""
        if self._sizes.pop(task_id, None) is not None:
            await self._load([await self._thread.ask(self._thread.engine.tree(task_id))])
            index = self._forest.index_of(task_id)
            if index is not None and self._forest.open(index):
                self._loaded()
