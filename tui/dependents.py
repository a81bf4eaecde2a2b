"""Who waits for whom: a row's text changes when a task that it waits for ends. No Textual in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.task import TaskStatus
from tui.row import Row


class Dependents:
    """Links rows to what depends on them; `rows` are those of the forest, by task id."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._rows = rows
        self._early: dict[str, list[Row]] = {}  # by the id of a task that has not come yet

    def added(self, row: Row) -> None:
        """The row is new: it depends on others, and others may wait for it already."""
        for dependency in row.task.dependencies:
            target = self._rows.get(dependency.id)
            if target is None:
                self._early.setdefault(dependency.id, []).append(row)
            else:
                _link(target, row)
        if self._early:
            for waiting in self._early.pop(row.task.id, ()):
                _link(row, waiting)

    def waiting_on(self, ended: Row, seen: set[Row], found: Callable[[Row], object]) -> None:
        """Hand `found` what waited for `ended`; when that did not complete, also what it blocks further on (3.2).

        `seen` are those that were handed over as blocked in the same change already.
        """
        queue = _of(ended)
        blocks = ended.seen is not TaskStatus.COMPLETED
        for row in queue:  # grows while it is walked
            if row.seen is not TaskStatus.PENDING or row in seen:
                continue
            found(row)
            if blocks:
                seen.add(row)
                queue.extend(_of(row))

    def forget(self, gone: set[Row]) -> None:
        """These rows wait for nobody any more; they are not among `rows`."""
        needed = {dependency.id for row in gone for dependency in row.task.dependencies}
        for task_id in needed:
            target = self._rows.get(task_id)
            if target is not None:
                left = [row for row in _of(target) if row not in gone]
                target.dependents = left if len(left) > 1 else left[0] if left else None
            elif task_id in self._early:
                self._early[task_id] = [row for row in self._early[task_id] if row not in gone]


def _link(target: Row, row: Row) -> None:
    held = target.dependents
    if held is None:
        target.dependents = row  # one dependent is the usual case, and needs no list
    elif isinstance(held, list):
        held.append(row)
    else:
        target.dependents = [held, row]


def _of(row: Row) -> list[Row]:
    held = row.dependents
    return [] if held is None else list(held) if isinstance(held, list) else [held]
