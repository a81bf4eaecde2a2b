"""Group nodes: they run nothing, begin with the first of their children and end with the last (behaviour.md 2.6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from engine import statements
from engine.graph import Node
from engine.statements import Write
from engine.task import Task, TaskStatus


def open_groups(node: Node) -> list[Node]:
    """The groups that begin with this node, innermost first; from now on they count as begun.

    One with dependencies begins only once those have ended: else one that can never run would stand as begun (3.2).
    One may have ended already: what stands in a group that can never run still does.
    """
    found = []
    group = node.group
    while group is not None and not group.opened:
        if group.status is TaskStatus.PENDING and not group.waits and group.stuck_on is None:
            group.opened = True
            group.status = TaskStatus.IN_PROGRESS
            found.append(group)
        group = group.group
    return found


def start(group: Node, at: datetime) -> Write:
    """The row of a group that begins; that of a flow says which version of its file it is."""
    task = group.task
    return statements.start(task.id, task.attempt + 1, at, None, version_of(task), True)


def version_of(task: Task) -> str | None:
    return str(task.params["flow_version"]) if task.params.get("flow_version") else None


def end_writes(groups: Iterable[Node], at: datetime) -> list[Write]:
    """The rows of groups that ended; one that nothing ever began in begins and ends at once."""
    writes = []
    for group in groups:
        if not group.opened:
            writes.append(start(group, at))
        error, kind, progress = _ending(group)
        writes.append(statements.finish(group.task.id, group.status, None, error, kind, progress, at))
    return writes


def end_rows(groups: Iterable[Node], at: datetime) -> None:
    """Bring the groups' tasks to what `end_writes` stored."""
    for group in groups:
        task = group.task
        if not group.opened:
            group.opened = True
            task.attempt, task.started_at = task.attempt + 1, at
            task.executor_version = version_of(task)
        task.error, task.error_type, task.progress = _ending(group)
        task.completed_at = task.updated_at = at
        task.status = group.status


def _ending(group: Node) -> tuple[str | None, str | None, float]:
    """error, error_type and progress of a group that ended."""
    if group.status is TaskStatus.COMPLETED:
        return None, None, 1.0
    done = sum(child.status is TaskStatus.COMPLETED for child in group.children)
    text = f"{len(group.children) - done} of {len(group.children)} tasks in it did not complete"
    return text, f"group_{group.status.value}", done / len(group.children)
