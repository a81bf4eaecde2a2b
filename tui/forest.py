"""The view model of the runs pane: trees of tasks as one flat list of visible rows, with counters kept as they change.

Nothing here scans all tasks in a tick: `apply` costs what changed, and only a change of structure flattens anew (about
10 ms at 100,000 rows). No recursion, so depth is no limit; no Textual. A row costs about 200 bytes beside its task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.graph import combine, pending_reason
from engine.task import TERMINAL, Task, TaskStatus
from tui.row import SLOT, Row, Tally, add, count_in, era_of, share_of
from tui.row_filter import RowFilter

if TYPE_CHECKING:
    from tui.feed import Delta

__all__ = ["Change", "Counts", "Forest", "Row"]


@dataclass(frozen=True, slots=True)
class Counts:
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


@dataclass(slots=True)
class _Work:
    """What one `apply` or `load` gathers before it counts and flattens."""

    arriving: Mapping[str, Task]
    structure: bool = False
    touched: set[Row] = field(default_factory=set)
    blocked: set[Row] = field(default_factory=set)
    shifts: dict[Row, Tally] = field(default_factory=dict)
    roots: list[Row] = field(default_factory=list)

    def shift(self, row: Row | None, tally: Tally, sign: int = 1) -> None:
        """Note that the counters of `row` and all above it change by `tally`."""
        if row is not None:
            add(self.sums_of(row), [sign * number for number in tally])

    def sums_of(self, row: Row) -> Tally:
        """What is noted for `row` so far, to be added to."""
        sums = self.shifts.get(row)
        if sums is None:
            sums = self.shifts[row] = [0] * 7
        return sums


class Forest:
    """Runs, newest on top, each a tree; `visible` is what is seen of them now. It is another list after each change.

    What a former attempt of a task spawned stays visible and is counted nowhere (8.1). `is_paused(run_id)` is asked of
    the engine (8.3).
    """

    def __init__(self) -> None:
        self.visible: list[Row] = []
        self.is_paused: Callable[[str], bool] = lambda run_id: False
        self._roots: list[Row] = []
        self._rows: dict[str, Row] = {}
        self._sum: Tally = [0] * 7
        self._orphans: dict[str, list[Row]] = {}  # by the id of the parent that has not come yet
        self._dependents: dict[str, Row | list[Row]] = {}  # by the id of what they depend on
        self._ended: dict[str, TaskStatus] = {}
        self._filter = RowFilter("")

    # What is asked

    @property
    def counts(self) -> Counts:
        """Counters over all held tasks; O(1)."""
        _, queued, running, completed, failed, cancelled, _ = self._sum
        return Counts(running, queued, failed, completed, cancelled)

    @property
    def runs(self) -> int:
        """How many runs are held."""
        return len(self._roots)

    def task(self, task_id: str) -> Task | None:
        row = self._rows.get(task_id)
        return row.task if row is not None else None

    def row(self, task_id: str) -> Row | None:
        return self._rows.get(task_id)

    def index_of(self, task_id: str) -> int | None:
        """Where the task is in `visible`; None when it is folded away, filtered out or not held. O(1)."""
        row = self._rows.get(task_id)
        return self._index(row) if row is not None else None

    def parent_index(self, index: int) -> int | None:
        """Where the parent of the row at `index` is; None for the root of a run."""
        parent = self.visible[index].parent
        return self._index(parent) if parent is not None else None

    def _index(self, row: Row) -> int | None:
        index = row.index  # rows that were folded away keep their old one
        return index if 0 <= index < len(self.visible) and self.visible[index] is row else None

    def waiting(self, task: Task) -> str:
        """What keeps a pending task from running (2.3), or the run of a root from going on (8.3); else "".

        The words are those of `pending_reason`; what is ready in a paused run is "paused", its turn came or not.
        """
        reason = pending_reason(task, self.task)
        stands_by = reason.startswith("queued") or (not reason and task.id == task.run_id)
        return "paused" if stands_by and self.is_paused(task.run_id) else reason

    def tree_status(self, row: Row) -> TaskStatus:
        """The status of the subtree (2.7), by its counters; of a run that ended what the engine said."""
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
        for run in runs:
            root = self._rows.get(run[0].run_id) if run else None
            was_whole = root is not None and bool(root.children)
            work = _Work({})
            for task in run:
                if task.id not in self._rows:
                    self._place(task, work)
            self._spread(work)
            self._roots += work.roots
            root = self._rows.get(run[0].run_id) if run else None
            if root is not None and not was_whole:
                root.is_open = self.tree_status(root) is not TaskStatus.COMPLETED
        self._roots.sort(key=lambda root: root.task.created_at, reverse=True)
        self._refilter()
        self._flatten()

    def apply(self, delta: Delta) -> Change:
        """Take over what changed and say what must be repainted. New runs go on top."""
        work = _Work(delta.tasks)
        for task in delta.tasks.values():
            if task.run_id in delta.deleted or task.id in delta.removed:
                continue
            row = self._rows.get(task.id)
            if row is None:
                self._insert(task, work)
            else:
                self._update(row, task, work)
        self._spread(work)
        self._roots[:0] = reversed(work.roots)
        for run_id, status in delta.finished:
            root = self._rows.get(run_id)
            if root is not None:
                self._ended[run_id] = status
                work.touched.add(root)
        if delta.deleted or delta.removed:
            self._remove((*delta.deleted, *delta.removed), work)
        if work.structure:
            self._filter.gather()
            self._flatten()
            return Change(structure=True)
        indices = (self._index(row) for row in work.touched)
        return Change(rows=[index for index in indices if index is not None])

    def _insert(self, task: Task, work: _Work) -> None:
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

    def _place(self, task: Task, work: _Work) -> None:
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
        for dependency in task.dependencies:
            self._link(dependency.id, row)
        self._filter.check(row)
        if self._orphans:
            for orphan in self._orphans.pop(task.id, ()):
                self._move(orphan, row, work)

    @staticmethod
    def _attach(row: Row, work: _Work) -> None:
        """Make `row` the last child of its parent, or a root."""
        parent = row.parent
        row.is_last = True
        if parent is None:
            work.roots.append(row)
            return
        if parent.tally is None:
            parent.tally = parent.own()
        siblings = parent.children
        if isinstance(siblings, list) and siblings:
            siblings[-1].is_last = False
            siblings.append(row)
        else:
            parent.children = [row]

    def _move(self, row: Row, parent: Row, work: _Work) -> None:
        """An orphan's parent came: hang its subtree there."""
        tally = row.tally or row.own()
        pending = work.shifts.pop(row, None)  # counted before it moves, as its depth changes
        if pending is not None and row.tally is not None:
            add(row.tally, pending)
            self._count(row, pending, work)
        self._count(row, tally, work, -1)
        old = row.parent
        if old is not None:
            old.children = [child for child in old.children if child is not row]
            if old.children:
                old.children[-1].is_last = True
        else:
            for roots in (self._roots, work.roots):
                if row in roots:
                    roots.remove(row)
        row.parent = parent
        row.cut = row.is_cut()
        self._attach(row, work)
        self._count(row, tally, work)
        for moved in row.subtree():
            moved.depth = moved.parent.depth + 1 if moved.parent else 0
        work.structure = True

    def _count(self, row: Row, tally: Tally, work: _Work, sign: int = 1) -> None:
        """Count `tally` above `row`: on its parent and so on, in the sum of all at the top, nowhere for a cut row."""
        if row.cut:
            return
        if row.parent is None:
            add(self._sum, [sign * number for number in tally])
        else:
            work.shift(row.parent, tally, sign)

    def _update(self, row: Row, task: Task, work: _Work) -> None:
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
            self._count(row, shift, work)
        changed = status is not row.seen
        row.seen, row.share = status, share
        if not changed:
            return
        if status is TaskStatus.PENDING:
            self._ended.pop(task.run_id, None)
        elif status in TERMINAL:
            self._touch_dependents(row, work)
        if self._filter.check(row):
            work.structure = True

    def _recut(self, row: Row, work: _Work) -> None:
        """The task of `row` is at another attempt: what the one before spawned is history from now on (8.1)."""
        for child in row.children:
            cut = child.is_cut()
            if cut is child.cut:
                continue
            tally = child.tally or child.own()
            child.cut = False
            self._count(child, tally, work, -1 if cut else 1)
            child.cut = cut
            work.structure = True  # all below it is drawn otherwise

    def _spread(self, work: _Work) -> None:
        """Add the shifts to their rows and to all above them, deepest first, so that each row is visited once."""
        levels: dict[int, dict[Row, Tally]] = {}
        for row, shift in work.shifts.items():
            levels.setdefault(row.depth, {})[row] = shift
        for depth in range(max(levels, default=-1), -1, -1):
            for row, shift in levels.pop(depth, {}).items():
                if row.tally is not None:
                    add(row.tally, shift)
                work.touched.add(row)
                parent = row.parent
                if row.cut:
                    continue
                if parent is None:
                    add(self._sum, shift)
                else:
                    above = levels.setdefault(depth - 1, {})
                    if parent in above:
                        add(above[parent], shift)
                    else:
                        above[parent] = list(shift)

    def _remove(self, ids: Iterable[str], work: _Work) -> None:
        """Take the rows of these tasks out, with all below them."""
        named = [row for task_id in ids if (row := self._rows.get(task_id)) is not None]
        gone: set[Row] = set()
        for row in named:
            if row not in gone:
                gone.update(row.subtree())
        tops = [row for row in named if row.parent not in gone]
        work.shifts.clear()
        for row in dict.fromkeys(tops):
            self._count(row, row.tally or row.own(), work, -1)
            self._ended.pop(row.task.run_id, None)
        self._spread(work)
        if any(row.parent is None for row in tops):
            self._roots = [row for row in self._roots if row not in gone]
        for parent in {row.parent for row in tops if row.parent is not None}:
            parent.children = [child for child in parent.children if child not in gone]
            if parent.children:
                parent.children[-1].is_last = True
        self._forget(gone)
        work.structure |= bool(gone)

    def _forget(self, gone: set[Row]) -> None:
        """Nothing leads to these rows any more."""
        needed: set[str] = set()
        for row in gone:
            del self._rows[row.task.id]
            self._filter.forget(row)
            self._dependents.pop(row.task.id, None)
            self._orphans.pop(row.task.id, None)
            needed.update(dependency.id for dependency in row.task.dependencies)
        for task_id in needed & self._dependents.keys():
            left = [row for row in _rows_of(self._dependents.pop(task_id)) if row not in gone]
            for row in left:
                self._link(task_id, row)
        if self._orphans:
            kept = {parent: [row for row in rows if row not in gone] for parent, rows in self._orphans.items()}
            self._orphans = {parent: rows for parent, rows in kept.items() if rows}

    # Who waits for whom: a row's text changes when a task it waits for ends

    def _link(self, dependency_id: str, row: Row) -> None:
        held = self._dependents.get(dependency_id)
        if held is None:
            self._dependents[dependency_id] = row  # one dependent is the usual case, and needs no list
        elif isinstance(held, list):
            held.append(row)
        else:
            self._dependents[dependency_id] = [held, row]

    def _touch_dependents(self, ended: Row, work: _Work) -> None:
        """Repaint what waited for `ended`; when it did not complete, also what that blocks further on (3.2)."""
        queue = _rows_of(self._dependents.get(ended.task.id))
        blocks = ended.seen is not TaskStatus.COMPLETED
        for row in queue:  # grows while it is walked
            if row.seen is not TaskStatus.PENDING or row in work.blocked:
                continue
            work.touched.add(row)
            if blocks:
                work.blocked.add(row)
                queue.extend(_rows_of(self._dependents.get(row.task.id)))

    # What the person asks

    def toggle(self, index: int) -> bool:
        """Fold or unfold the row; False when it has no children, or while a filter stands (it shows all it found)."""
        return self._fold(index, None)

    def open(self, index: int) -> bool:
        """Unfold the row; False when there is nothing to unfold."""
        return self._fold(index, True)

    def close(self, index: int) -> bool:
        """Fold the row; False when there is nothing to fold."""
        return self._fold(index, False)

    def _fold(self, index: int, wanted: bool | None) -> bool:
        row = self.visible[index] if 0 <= index < len(self.visible) else None
        if row is None or not row.children or self._filter or row.is_open == wanted:
            return False
        row.is_open = not row.is_open
        self._flatten()
        return True

    def set_filter(self, text: str) -> None:
        """Show only tasks that match every word of `text`, with their ancestors; an empty text shows all again."""
        was_filtered = bool(self._filter)
        self._filter = RowFilter(text)
        self._refilter()
        if was_filtered and not self._filter:
            for row in self._rows.values():
                for place, child in enumerate(row.children, 1):
                    child.is_last = place == len(row.children)
        self._flatten()

    @property
    def filter(self) -> str:
        return self._filter.text

    def reveal(self, task_id: str) -> int | None:
        """Unfold what hides the task and return its index. A filter lets it through until it is changed."""
        row = self._rows.get(task_id)
        if row is None:
            return None
        index = self._index(row)
        if index is not None:
            return index
        self._filter.pin(row)
        above = row.parent
        while above is not None:
            above.is_open = True
            above = above.parent
        self._flatten()
        return self._index(row)

    def _refilter(self) -> None:
        if self._filter:
            for row in self._rows.values():
                self._filter.check(row)
            self._filter.gather()

    def _flatten(self) -> None:
        """Make `visible` anew; the loops are plain since they run over every row there is."""
        visible: list[Row] = []
        append = visible.append
        children_of: Callable[[Row], Sequence[Row]] = self._filter.children_of if self._filter else _open_children
        roots = self._filter.keep(self._roots) if self._filter else self._roots
        index = 0
        stack: list[Iterator[Row]] = [iter(roots)]
        while stack:
            for row in stack[-1]:
                row.index = index
                index += 1
                append(row)
                if row.children and (below := children_of(row)):
                    stack.append(iter(below))
                    break
            else:
                stack.pop()
        self.visible = visible


def _open_children(row: Row) -> Sequence[Row]:
    return row.children if row.is_open else ()


def _rows_of(held: Row | list[Row] | None) -> list[Row]:
    return [] if held is None else list(held) if isinstance(held, list) else [held]
