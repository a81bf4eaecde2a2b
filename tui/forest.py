"""The view model of the runs pane: trees of tasks as one flat list of visible rows, with counters kept as they change.

Nothing here scans all tasks in a tick: `apply` costs what changed, and only a change of structure flattens anew (about
10 ms at 100,000 rows). No recursion, so depth is no limit; no Textual. A row costs about 200 bytes beside its task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from engine.task import TERMINAL, Task, TaskStatus
from tui.counting import Counting
from tui.dependents import Dependents
from tui.forest_view import ForestView
from tui.marks import Marks
from tui.row import SLOT, Row, Tally, count_in, era_of, share_of

if TYPE_CHECKING:
    from tui.feed import Delta

__all__ = ["Change", "Counts", "Forest", "Row"]

SLICE = 1_000
"""Tasks that are placed between two pauses of `loading`: 4 to 8 ms."""


class Counts(NamedTuple):
    """How many of the held tasks stand where; `queued` are all pending ones."""

    running: int = 0
    queued: int = 0
    failed: int = 0
    completed: int = 0
    cancelled: int = 0


@dataclass(slots=True)
class Change:
    """What to repaint: everything when the list is another (`structure`), else the rows at these indices."""

    structure: bool = False
    rows: list[int] = field(default_factory=list)
    news: Row | None = None
    """The newest row that failed, else that began to run."""


class Forest:
    """Runs, newest on top, each a tree; `visible` is what is seen of them now. It is another list after each change.

    What a former attempt of a task spawned stays visible and is counted nowhere (8.1). `is_paused(run_id)` is asked of
    the engine (8.3).
    """

    def __init__(self) -> None:
        self.is_paused: Callable[[str], bool] = lambda run_id: False
        self._roots: list[Row] = []
        self._rows: dict[str, Row] = {}
        self.view = ForestView(self._roots, self._rows)
        self.marks = Marks()
        self._sum: Tally = [0] * 7
        self._orphans: dict[str, list[Row]] = {}  # by the id of the parent that has not come yet
        self._dependents = Dependents(self._rows)
        self._ended: dict[str, TaskStatus] = {}

    # What is asked

    @property
    def visible(self) -> list[Row]:
        return self.view.visible

    @property
    def counts(self) -> Counts:
        """Counters over all held tasks; O(1)."""
        _, queued, running, completed, failed, cancelled, _ = self._sum
        return Counts(running, queued, failed, completed, cancelled)

    @property
    def runs(self) -> int:
        """How many runs are held."""
        return len(self._roots)

    def __len__(self) -> int:
        """How many tasks are held."""
        return len(self._rows)

    def task(self, task_id: str) -> Task | None:
        row = self._rows.get(task_id)
        return row.task if row is not None else None

    def row(self, task_id: str) -> Row | None:
        return self._rows.get(task_id)

    def root_of(self, row: Row) -> Row | None:
        """The root of its run, where that is held."""
        return self._rows.get(row.task.run_id)

    def index_of(self, task_id: str) -> int | None:
        """Where the task is in `visible`; None when it is folded away, filtered out or not held. O(1)."""
        row = self._rows.get(task_id)
        return self.view.index_of(row) if row is not None else None

    def stand_in(self, task_id: str) -> int | None:
        """Where the task is, or the nearest one above it that is visible; None when there is none."""
        row = self._rows.get(task_id)
        return self.view.stand_in(row) if row is not None else None

    def parent_index(self, index: int) -> int | None:
        """Where the parent of the row at `index` is; None for the root of a run."""
        parent = self.visible[index].parent
        return self.view.index_of(parent) if parent is not None else None

    def waiting(self, task: Task) -> str:
        """What keeps a pending task from running (2.3), or the run of a root from going on (8.3); else "".

        The words are those of `pending_reason`; what is ready in a paused run is "paused", its turn came or not.
        """
        from engine.graph import pending_reason

        reason = pending_reason(task, self.task)
        stands_by = reason.startswith("queued") or (not reason and task.id == task.run_id)
        return "paused" if stands_by and self.is_paused(task.run_id) else reason

    def tree_status(self, row: Row) -> TaskStatus:
        """The status of the subtree (2.7), by its counters; of a run that ended what the engine said."""
        from engine.graph import combine

        ended = self._ended.get(row.task.id) if row.parent is None else None
        if ended is not None or row.tally is None:
            return ended or row.seen
        return combine(status for status, slot in SLOT.items() if row.tally[slot])

    # What comes from the engine

    def load(self, runs: Iterable[Sequence[Task]]) -> None:
        """Add stored runs, each with parents first, or the rest of runs of which only the root was loaded.

        The newest run comes on top. A task that is already held is newer than the stored row and stays. A run that
        ended well is folded when its children come.
        """
        for _ in self.loading(runs):
            pass

    def loading(self, runs: Iterable[Sequence[Task]]) -> Iterator[None]:
        """`load` with pauses, in which the screen may draw and take keys; all is seen at the end."""
        for run in runs:
            root = self._rows.get(run[0].run_id) if run else None
            was_whole = root is not None and bool(root.children)
            for start in range(0, len(run), SLICE):
                if start:
                    yield
                self._add(run[start : start + SLICE])
            root = self._rows.get(run[0].run_id) if run else None
            if root is not None and not was_whole:
                root.is_open = self.tree_status(root) is not TaskStatus.COMPLETED
        self._roots.sort(key=lambda root: root.task.created, reverse=True)
        self.view.order.settle()
        self.view.flatten()

    def _add(self, tasks: Iterable[Task]) -> None:
        work = Counting(self._sum)
        for task in tasks:
            if task.id not in self._rows:
                self._place(task, work)
        self._roots += work.roots
        self._add_up(work)

    def _add_up(self, work: Counting) -> None:
        """Count what was gathered, and let go of rows that hang elsewhere now."""
        work.spread()
        for parent in work.left:
            if parent is None:
                self._roots[:] = [row for row in self._roots if row.parent is None]
            else:
                parent.children = [row for row in parent.children if row.parent is parent]

    def apply(self, delta: Delta) -> Change:
        """Take over what changed and say what must be repainted. New runs go on top."""
        work = Counting(self._sum, delta.tasks)
        for task in delta.tasks.values():
            if task.run_id in delta.deleted or task.id in delta.removed:
                continue
            row = self._rows.get(task.id)
            if row is None:
                self._insert(task, work)
            else:
                self._update(row, task, work)
        self._roots[:0] = reversed(work.roots)
        self._add_up(work)
        for run_id, status in delta.finished:
            root = self._rows.get(run_id)
            if root is not None:
                self._ended[run_id] = status
                work.touched.add(root)
        if delta.deleted or delta.removed:
            self._remove((*delta.deleted, *delta.removed), work)
        news = work.failed or work.started
        if work.structure:
            self.view.flatten()
            return Change(structure=True, news=news)
        if len(work.touched) > len(self.visible):
            return Change(rows=[at for at, row in enumerate(self.visible) if row in work.touched], news=news)
        indices = map(self.view.index_of, work.touched)
        return Change(rows=[index for index in indices if index is not None], news=news)

    def _insert(self, task: Task, work: Counting) -> None:
        """Place a new task, after those of its ancestors that come in the same delta."""
        work.structure = True
        if task.parent_id is None or task.parent_id in self._rows:
            self._place(task, work)
            return
        chain = {task.id: task}
        parent = work.arriving.get(task.parent_id or "")
        while parent is not None and parent.id not in self._rows and parent.id not in chain:
            chain[parent.id] = parent
            parent = work.arriving.get(parent.parent_id or "")
        for found in reversed(chain.values()):
            self._place(found, work)

    def _place(self, task: Task, work: Counting) -> None:
        """Make the row; under the run's root where its parent is not known, on top where no root is either."""
        is_root = task.id == task.run_id
        parent = None if is_root else self._rows.get(task.parent_id or "")
        is_orphan = parent is None and not is_root and bool(task.parent_id)
        if parent is None and not is_root:
            parent = self._rows.get(task.run_id)
        row = self._rows[task.id] = Row(task, parent)
        if is_orphan:
            self._orphans.setdefault(task.parent_id or "", []).append(row)
        self._attach(row, work)
        if parent is None:
            count_in(self._sum, row)
        elif not row.cut:
            count_in(work.sums_of(parent), row)
        self._ended.pop(task.run_id, None)
        self._dependents.added(row)
        self.view.added(row)
        if self._orphans:
            for orphan in self._orphans.pop(task.id, ()):
                self._move(orphan, row, work)

    @staticmethod
    def _attach(row: Row, work: Counting) -> None:
        """Make `row` the last child of its parent, or a root."""
        parent = row.parent
        if parent is None:
            work.roots.append(row)
            return
        if parent.tally is None:
            parent.tally = parent.own()
        siblings = parent.children
        if isinstance(siblings, list):
            siblings.append(row)
        else:
            parent.children = [row]

    def _move(self, row: Row, parent: Row, work: Counting) -> None:
        """An orphan's parent came: hang its subtree there."""
        work.settle(row)  # counted before it moves, as its depth changes
        tally = row.tally or row.own()
        work.count(row, tally, -1)
        work.left.add(row.parent)  # lets go at the end: one by one it would take the square of their number
        row.parent = parent
        row.cut = row.is_cut()
        self._attach(row, work)
        work.count(row, tally)
        for moved in row.subtree():
            moved.depth = moved.parent.depth + 1 if moved.parent else 0
        self.view.moved()
        work.structure = True

    def _update(self, row: Row, task: Task, work: Counting) -> None:
        """Count the difference between what was seen of the task and what it is now."""
        row.task = task
        work.touched.add(row)
        status = task.status  # read once: the engine may change it meanwhile
        era = era_of(task, status)
        if era != row.era:
            row.era = era
            self._recut(row, work)
        if status is TaskStatus.PENDING and self.is_paused(task.run_id) and task.run_id in self._rows:
            work.touched.add(self._rows[task.run_id])  # of a run that is taken over paused only what waits is told
        share = share_of(task, status)
        if status is row.seen and share == row.share:
            return
        shift = [0, 0, 0, 0, 0, 0, share - row.share]
        shift[SLOT[row.seen]] -= 1
        shift[SLOT[status]] += 1
        if row.tally is not None:
            work.shift(row, shift)
        else:
            work.count(row, shift)
        changed = status is not row.seen
        row.seen, row.share = status, share
        if not changed:
            return
        self.view.order.changed()
        if status is TaskStatus.PENDING:
            self._ended.pop(task.run_id, None)
        elif status in TERMINAL:
            self._dependents.waiting_on(row, work.blocked, work.touched.add)
            if status is TaskStatus.FAILED and not row.children:
                work.failed = row
        elif not row.children:
            work.started = row
        if self.view.check(row):
            work.structure = True

    def _recut(self, row: Row, work: Counting) -> None:
        """The task of `row` is at another attempt: what the one before spawned is history from now on (8.1)."""
        for child in row.children:
            cut = child.is_cut()
            if cut is child.cut:
                continue
            tally = child.tally or child.own()
            child.cut = False
            work.count(child, tally, -1 if cut else 1)
            child.cut = cut
            work.structure = True  # all below it is drawn otherwise

    def _remove(self, ids: Iterable[str], work: Counting) -> None:
        """Take the rows of these tasks out, with all below them."""
        named = [row for task_id in ids if (row := self._rows.get(task_id)) is not None]
        gone: set[Row] = set()
        for row in named:
            if row not in gone:
                gone.update(row.subtree())
        if not gone:
            return
        tops = [row for row in named if row.parent not in gone]
        for row in dict.fromkeys(tops):
            work.count(row, row.tally or row.own(), -1)
            self._ended.pop(row.task.run_id, None)
        work.spread()
        parents = {row.parent for row in tops}
        if None in parents:
            self._roots[:] = [row for row in self._roots if row not in gone]
        for parent in parents:
            if parent is not None:
                parent.children = [child for child in parent.children if child not in gone]
        self._forget(gone, parents)
        work.structure = True

    def _forget(self, gone: set[Row], parents: set[Row | None]) -> None:
        """Nothing leads to these rows any more."""
        for row in gone:
            del self._rows[row.task.id]
            self._orphans.pop(row.task.id, None)
        self.view.forget(gone, parents)
        self.marks.forget(gone)
        self._dependents.forget(gone)
        if self._orphans:
            kept = {parent: [row for row in rows if row not in gone] for parent, rows in self._orphans.items()}
            self._orphans = {parent: rows for parent, rows in kept.items() if rows}

    # What the person asks

    def toggle(self, index: int) -> bool:
        """Fold or unfold the row; False when it has no children, or while a filter stands (it shows all it found)."""
        return self.view.fold(index, None)

    def open(self, index: int) -> bool:
        """Unfold the row; False when there is nothing to unfold."""
        return self.view.fold(index, True)

    def close(self, index: int) -> bool:
        """Fold the row; False when there is nothing to fold."""
        return self.view.fold(index, False)

    def set_filter(self, text: str) -> None:
        """Show only tasks that match every word of `text`, with their ancestors; an empty text shows all again."""
        for _ in self.view.filtering(text):
            pass

    @property
    def filter(self) -> str:
        return self.view.filter.text if self.view.filter else ""

    def reveal(self, task_id: str) -> int | None:
        """Unfold what hides the task and return its index. A filter lets it through until it is changed."""
        row = self._rows.get(task_id)
        return self.view.reveal(row) if row is not None else None
