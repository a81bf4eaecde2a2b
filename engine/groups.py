"""Group nodes: they run nothing, begin with the first of their children and end with the last (behaviour.md 2.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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
    """The row of a group that begins; that of a flow says which version of its file it is.

    Reruns may begin it again before the beginning before is on disk: `task.attempt` does not count that yet.
    """
    task = group.task
    group.begun = max(group.begun, task.attempt) + 1
    return statements.start(task.id, group.begun, at, None, version_of(task), True)


def version_of(task: Task) -> str | None:
    return str(task.params["flow_version"]) if task.params.get("flow_version") else None


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a group as it is planned: a rerun may put the group back before that is on disk."""

    group: Node
    at: datetime
    begins: Write | None
    """Of one that nothing ever began in: it begins and ends at once."""
    attempt: int
    status: TaskStatus
    error: str | None
    kind: str | None
    progress: float


def end(groups: Iterable[Node], at: datetime) -> list[Ending]:
    """Groups that ended; from now on they count as begun."""
    found = []
    for group in groups:
        begins = None if group.opened else start(group, at)
        group.opened = True
        found.append(Ending(group, at, begins, group.begun, group.status, *_ending(group)))
    return found


def end_writes(endings: Iterable[Ending]) -> list[Write]:
    writes = []
    for end in endings:
        if end.begins is not None:
            writes.append(end.begins)
        writes.append(statements.finish(end.group.task.id, end.status, None, end.error, end.kind, end.progress, end.at))
    return writes


def end_rows(endings: Iterable[Ending]) -> None:
    """Bring the groups' tasks to what `end_writes` stored."""
    for end in endings:
        task = end.group.task
        if end.begins is not None:
            task.attempt, task.started_at = end.attempt, end.at
            task.executor_version = version_of(task)
        task.error, task.error_type, task.progress = end.error, end.kind, end.progress
        task.completed_at = task.updated_at = end.at
        task.status = end.status


def _ending(group: Node) -> tuple[str | None, str | None, float]:
    """error, error_type and progress of a group that ended."""
    if group.status is TaskStatus.COMPLETED:
        return None, None, 1.0
    done = sum(child.status is TaskStatus.COMPLETED for child in group.children)
    text = f"{len(group.children) - done} of {len(group.children)} tasks in it did not complete"
    return text, f"group_{group.status.value}", done / len(group.children)
