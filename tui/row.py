"""One row of the forest: a task in its tree, with the counters of its subtree. No Textual in here."""

from __future__ import annotations

from collections.abc import Iterator

from engine.task import Task, TaskStatus

WHOLE = 1000
"""Progress is summed in thousandths, as integers, so that sums never drift."""
GUIDE_LEVELS = 16
"""Levels that tree lines are drawn for; what is deeper shows its last ones."""

TOTAL, SHARE = 0, 6
SLOT = {
    TaskStatus.PENDING: 1,
    TaskStatus.IN_PROGRESS: 2,
    TaskStatus.COMPLETED: 3,
    TaskStatus.FAILED: 4,
    TaskStatus.CANCELLED: 5,
}
Tally = list[int]
"""Tasks in all, tasks by status in the order of `SLOT`, sum of progress in thousandths."""


def share_of(task: Task, status: TaskStatus) -> int:
    """How much of the task is done, in thousandths; a completed one counts as whole (2.7)."""
    return WHOLE if status is TaskStatus.COMPLETED else int(task.progress * WHOLE) if task.progress else 0


def era_of(task: Task, status: TaskStatus) -> int:
    """The attempt whose spawned children belong to the tree: the latest; none (-1) while it waits for the next.

    `status` was read before: the engine sets the attempt first.
    """
    return -1 if status is TaskStatus.PENDING else task.attempt


def add(tally: Tally, other: Tally) -> None:
    """Add `other` to `tally`, slot by slot."""
    for slot, number in enumerate(other):
        if number:
            tally[slot] += number


class Row:
    """One task in the forest. `seen` and `share` are its status and progress as they are counted so far.

    Everything is read-only for callers. `index` is its place in `Forest.visible` when it is there, `last` the last of
    its children that is shown. `era` is the attempt whose spawned children count, as far as it was seen; a `cut` row
    was spawned by another one and counts nowhere above itself (8.1).
    """

    __slots__ = (
        "children",
        "cut",
        "dependents",
        "depth",
        "era",
        "index",
        "is_open",
        "last",
        "parent",
        "seen",
        "share",
        "tally",
        "task",
    )

    def __init__(self, task: Task, parent: Row | None) -> None:
        self.task = task
        self.parent = parent
        self.children: list[Row] | tuple[()] = ()
        self.depth: int = parent.depth + 1 if parent is not None else 0
        self.index = -1
        self.is_open = True
        self.last: Row | None = None
        self.dependents: Row | list[Row] | None = None
        self.seen = task.status
        self.share = share_of(task, self.seen)
        self.tally: Tally | None = None
        self.era = era_of(task, self.seen)
        self.cut = task.spawned is not None and self.is_cut()

    def own(self) -> Tally:
        """The counters of this task alone."""
        tally = [1, 0, 0, 0, 0, 0, self.share]
        tally[SLOT[self.seen]] = 1
        return tally

    def is_cut(self) -> bool:
        """Whether a former attempt of its parent spawned it, as far as the parent was seen (8.1)."""
        parent, attempt = self.parent, self.task.spawned
        if attempt is None or parent is None or parent.task.id != self.task.parent_id:
            return False
        return parent.era != attempt

    @property
    def is_last(self) -> bool:
        """Whether none of its siblings is shown below it."""
        return self.parent is None or self.parent.last is self

    @property
    def is_history(self) -> bool:
        """Whether it, or a task above it, was spawned by a former attempt: shown, and counted nowhere (8.1)."""
        row: Row | None = self
        while row is not None and row.task.spawned is not None:
            if row.cut:
                return True
            row = row.parent
        return False

    @property
    def has_ended(self) -> bool:
        """Whether nothing of its subtree runs or waits."""
        return self.completed + self.failed + self.cancelled == self.total

    def subtree(self) -> Iterator[Row]:
        """It and all rows below it, history too; iterative, in no particular order."""
        stack = [self]
        while stack:
            row = stack.pop()
            yield row
            stack.extend(row.children)

    def _number(self, status: TaskStatus) -> int:
        return self.tally[SLOT[status]] if self.tally else int(self.seen is status)

    @property
    def total(self) -> int:
        """Tasks in the subtree, this one included, history not."""
        return self.tally[TOTAL] if self.tally else 1

    @property
    def completed(self) -> int:
        return self._number(TaskStatus.COMPLETED)

    @property
    def failed(self) -> int:
        return self._number(TaskStatus.FAILED)

    @property
    def pending(self) -> int:
        return self._number(TaskStatus.PENDING)

    @property
    def running(self) -> int:
        return self._number(TaskStatus.IN_PROGRESS)

    @property
    def cancelled(self) -> int:
        return self._number(TaskStatus.CANCELLED)

    @property
    def progress(self) -> float:
        """Mean progress of the subtree, 0..1; a completed task counts as 1 (2.7)."""
        return self.tally[SHARE] / (WHOLE * self.tally[TOTAL]) if self.tally else self.share / WHOLE

    @property
    def percent(self) -> int:
        """`progress` in percent, rounded down: 100 only when all of it is done."""
        return int(self.progress * 100 + 1e-9)

    @property
    def fraction(self) -> str:
        """`7/10`: completed tasks of all in the subtree."""
        return f"{self.completed}/{self.total}"

    def guides(self) -> str:
        """The tree lines before its name, two cells a level: `│ └ `; nothing for the root of a run."""
        if self.parent is None:
            return ""
        parts = ["└ " if self.is_last else "├ "]
        above: Row | None = self.parent
        while above is not None and above.parent is not None:
            if len(parts) == GUIDE_LEVELS:
                parts.append("… ")
                break
            parts.append("  " if above.is_last else "│ ")
            above = above.parent
        return "".join(reversed(parts))


def count_in(tally: Tally, row: Row) -> None:
    """Add the task of `row`, and nothing below it, to `tally`."""
    tally[TOTAL] += 1
    tally[SLOT[row.seen]] += 1
    tally[SHARE] += row.share
