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
from tui.row import SLOT, Row, Tally, add, count_in, share_of
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
    """Runs, newest on top, each a tree; `visible` is what is seen of them now. It is another list after each change."""

    def __init__(self) -> None:
        self.visible: list[Row] = []
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
        """What keeps a pending task from running (2.3), as `pending_reason` says; "" for other states."""
        return pending_reason(task, self.task)

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
            if task.run_id in delta.deleted:
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
        for run_id in delta.deleted:
            work.structure |= self._remove(run_id)
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
        count_in(self._sum, row)
        self._attach(row, work)
        if parent is not None:
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
            work.shift(row.parent, pending)
        old = row.parent
        if old is not None:
            work.shift(old, tally, -1)
            old.children = [child for child in old.children if child is not row]
            if old.children:
                old.children[-1].is_last = True
        else:
            for roots in (self._roots, work.roots):
                if row in roots:
                    roots.remove(row)
        row.parent = parent
        self._attach(row, work)
        work.shift(parent, tally)
        stack = [row]
        while stack:
            current = stack.pop()
            current.depth = current.parent.depth + 1 if current.parent else 0
            stack.extend(current.children)
        work.structure = True

    def _update(self, row: Row, task: Task, work: _Work) -> None:
        """Count the difference between what was seen of the task and what it is now."""
        row.task = task
        work.touched.add(row)
        status = task.status  # read once: the engine may change it meanwhile
        share = share_of(task, status)
        if status is row.seen and share == row.share:
            return
        shift = [0, 0, 0, 0, 0, 0, share - row.share]
        shift[SLOT[row.seen]] -= 1
        shift[SLOT[status]] += 1
        add(self._sum, shift)
        work.shift(row if row.tally is not None else row.parent, shift)
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
                if parent is not None:
                    above = levels.setdefault(depth - 1, {})
                    if parent in above:
                        add(above[parent], shift)
                    else:
                        above[parent] = list(shift)

    def _remove(self, run_id: str) -> bool:
        root = self._rows.get(run_id)
        if root is None:
            return False
        if root in self._roots:
            self._roots.remove(root)
        stack = [root]
        while stack:
            row = stack.pop()
            stack.extend(row.children)
            for slot, number in enumerate(row.own()):
                self._sum[slot] -= number
            del self._rows[row.task.id]
            self._dependents.pop(row.task.id, None)
            self._orphans.pop(row.task.parent_id or "", None)
            self._filter.forget(row)
        self._ended.pop(run_id, None)
        return True

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
