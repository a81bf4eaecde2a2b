"""The filter of the runs pane: which rows a typed text lets through. No Textual in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.task import Task, TaskStatus
from tui.row import Row

STATUS_WORDS: Mapping[TaskStatus, tuple[str, ...]] = {
    TaskStatus.PENDING: ("pending", "queued", "waiting", "blocked"),
    TaskStatus.IN_PROGRESS: ("in_progress", "running"),
    TaskStatus.COMPLETED: ("completed", "done"),
    TaskStatus.FAILED: ("failed",),
    TaskStatus.CANCELLED: ("cancelled", "canceled"),
}
"""What may be typed for a status; three letters are enough."""


class RowFilter:
    """Which rows a typed text lets through. Words match inside name, id and executor id, or begin a status word."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._words = text.lower().split()
        self._hits: set[Row] = set()
        self._pinned: set[Row] = set()
        self._shown: set[Row] = set()

    def __bool__(self) -> bool:
        return bool(self._words)

    def matches(self, task: Task, status: TaskStatus) -> bool:
        where = f"{task.name}\n{task.id}\n{task.executor_id}".lower()
        states = STATUS_WORDS[status]
        if task.is_interrupted or task.skipped:
            states = (*states, "interrupted" if task.is_interrupted else "skipped")
        for word in self._words:
            if word not in where and not (len(word) > 2 and any(state.startswith(word) for state in states)):
                return False
        return True

    def check(self, row: Row) -> bool:
        """Look at `row` again; True when that changes what is shown (call `gather` then)."""
        if not self._words:
            return False
        found = row in self._pinned or self.matches(row.task, row.seen)
        if found is (row in self._hits):
            return False
        (self._hits.add if found else self._hits.discard)(row)
        return True

    def pin(self, row: Row) -> None:
        """Let `row` through whatever it is."""
        self._pinned.add(row)
        self._hits.add(row)
        self.gather()

    def forget(self, row: Row) -> None:
        self._hits.discard(row)
        self._pinned.discard(row)

    def gather(self) -> None:
        """Find out again what is shown: the hits and all above them."""
        shown: set[Row] = set()
        for row in self._hits:
            above: Row | None = row
            while above is not None and above not in shown:
                shown.add(above)
                above = above.parent
        self._shown = shown

    def keep(self, rows: Sequence[Row]) -> list[Row]:
        """Those of `rows` that are shown; siblings, so the last one of them ends the tree line."""
        shown = self._shown
        kept = [row for row in rows if row in shown]
        for row in kept:
            row.is_last = False
        if kept:
            kept[-1].is_last = True
        return kept

    def children_of(self, row: Row) -> list[Row]:
        return self.keep(row.children)
