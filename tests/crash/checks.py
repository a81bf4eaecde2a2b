"""What must hold after any number of kills (behaviour.md 2.2, 3.2, 4.7, 7): each check gives what is violated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.crash.evidence import TERMINAL, History, Row, Rows, Snapshot
from tests.crash.forest import GROUP, SAFE, Grove, Planned

ENDS = {
    "noop": {"completed"}, "nap": {"completed"}, "thread": {"completed"}, "safe": {"completed"},
    "safe_noop": {"completed"}, "flaky": {"completed"}, "safe_flaky": {"completed"}, "broken": {"ValueError"},
    "hopeless": {"ValueError"}, "says_failed": {"failed"}, "late": {"completed", "timeout_error"},
    "keyed": {"completed"}, "spawner": {"completed", "ValueError"}, "safe_spawner": {"completed", "ValueError"},
}  # fmt: skip
"""How a task of each kind may end by itself: completed, or failed with this `error_type`."""


def violations(grove: Grove, history: History) -> list[str]:
    """All that is wrong, in the order in which one would look for the cause."""
    planned = {task.id: task for tree in grove for task in tree}
    found = [f"the engine's own fault: {' '.join(line.rest)}" for line in history.of("fault")]
    found += _files(history)
    found += _accepted(grove, history)
    found += _ended(planned, history.final)
    found += _order(history.final)
    found += _attempts(history.final)
    found += _begins(planned, history)
    found += _told(history)
    for snapshot in history.snapshots:
        found += _kept(snapshot, history)
        found += _cut_off(planned, snapshot, history)
        found += _ahead_of_disk(planned, snapshot, history)
    return found


def _files(history: History) -> Iterator[str]:
    for rows in (*(snapshot.rows for snapshot in history.snapshots), history.final):
        if rows.integrity != "ok":
            yield f"integrity_check: {rows.integrity}"
        if rows.stray:
            yield f"{rows.stray} log lines or attempts belong to no task"
    for run_id, owner in history.final.owners.items():
        if owner is not None:
            yield f"run {run_id} still belongs to {owner}"


def _accepted(grove: Grove, history: History) -> Iterator[str]:
    """A tree is there with all its tasks, for good, or not at all; one whose submit returned is there."""
    there: set[str] = set()
    moments = [(each.generation, each.lines, each.rows) for each in history.snapshots]
    for generation, lines, rows in [*moments, (0, len(history.lines), history.final)]:
        there |= {line.id for line in history.lines[:lines] if line.word == "accepted"}
        for tree in grove:
            run_id = tree[0].id
            lost = [task.id for task in tree if task.id not in rows.tasks]
            if lost and (len(lost) < len(tree) or run_id in there):
                yield f"tree {run_id} has lost {len(lost)} tasks after process {generation}, among them {lost[0]}"
            elif not lost:
                there.add(run_id)
        if missing := there - rows.owners.keys():
            yield f"no row of run {missing} after process {generation}"


def _ended(planned: dict[str, Planned], final: Rows) -> Iterator[str]:
    for row in final.tasks.values():
        if row.status == "in_progress":
            yield f"{row.id} ({row.kind}) is stuck in progress"
        elif row.status == "pending" and row.spawned is not None:
            yield f"{row.id} ({row.kind}), spawned by {row.parent_id}, is pending and nobody waits for it"
        elif row.status == "pending" and not _is_blocked(row, final):
            yield f"{row.id} ({row.kind}) is pending and nothing blocks it"
        elif row.status in TERMINAL and not _may_end(row, planned, final):
            yield f"{row.id} ({row.kind}) ended as {row.status}, {row.error_type}: {row.error}"


def _is_blocked(row: Row, rows: Rows) -> bool:
    """Rule 3.2, followed through pending ones."""
    queue, seen = [row], {row.id}
    while queue:
        for task_id, required in queue.pop().needs:
            if not required or task_id in seen:
                continue
            seen.add(task_id)
            on = rows.tasks[task_id]
            if on.status in ("failed", "cancelled"):
                return True
            if on.status == "pending":
                queue.append(on)
    return False


def _may_end(row: Row, planned: dict[str, Planned], final: Rows) -> bool:
    if row.status == "cancelled":
        return True
    if row.id in planned and planned[row.id].kind == GROUP:
        return row.error_type in (None, "group_failed", "group_cancelled")
    if row.error_type == "interrupted":
        return row.kind not in SAFE or row.spawned is not None
    return (row.error_type or row.status) in ENDS[row.kind]


def _order(final: Rows) -> Iterator[str]:
    """A dependent began after what it depends on had ended (3.2), by the rows' own times."""
    for row in final.tasks.values():
        if row.started_at is None:
            continue
        for task_id, required in row.needs:
            on = final.tasks[task_id]
            settled = on.status == "completed" if required else on.status in TERMINAL or _is_blocked(on, final)
            if not settled:
                yield f"{row.id} began although {on.id} is {on.status}"
            elif on.started_at is not None and on.completed_at is not None and on.completed_at > row.started_at:
                yield f"{row.id} began {on.completed_at - row.started_at:.4f} s before the end of {on.id}"


def _attempts(final: Rows) -> Iterator[str]:
    """Former attempts are there without a gap, each with its end; the row is the latest."""
    for row in final.tasks.values():
        former = final.attempts.get(row.id, [])
        expected = list(range(1, row.attempt + (row.started_at is None)))
        if [number for number, *_ in former] != expected:
            yield f"{row.id} is at attempt {row.attempt}, and its history has {[number for number, *_ in former]}"
        for number, status, error_type, started_at, completed_at in former:
            if status != "failed" or started_at is None or completed_at is None or completed_at < started_at:
                yield f"attempt {number} of {row.id}: {status}, {error_type}, from {started_at} to {completed_at}"
        if row.started_at is not None and (row.completed_at is None or row.completed_at < row.started_at):
            yield f"{row.id} lasts from {row.started_at} to {row.completed_at}"


def _begins(planned: dict[str, Planned], history: History) -> Iterator[str]:
    """No attempt begins twice, none after the end was told, none before what it needs has returned."""
    begun: Counter[tuple[str, int, int]] = Counter()
    ended: Counter[tuple[str, int, int]] = Counter()
    returned: set[str] = set()
    told: dict[str, str] = {}
    for line in history.of("begin", "end", "told"):
        if line.word == "told":
            told[line.id] = line.rest[1]
            continue
        row = history.final.tasks.get(line.id)
        if row is None:
            yield f"{line.id} ran and is no row"
            continue
        safe = row.kind in SAFE
        key = (line.id, line.number, line.generation if safe else 0)
        if line.word == "end":
            ended[key] += 1
            returned |= {line.id} if line.rest[2] == "returned" else set()
            continue
        begun[key] += 1
        if line.id in told:
            yield f"{line.id} was told {told[line.id]} and began again in process {line.generation}"
        if line.number > row.attempt and not safe:
            yield f"attempt {line.number} of {line.id} began, and its row knows {row.attempt}"
        for task_id, required in row.needs:
            if required and task_id not in returned and planned[task_id].kind != GROUP:
                yield f"{line.id} began before {task_id} had returned"
    for what, counts in (("began", begun), ("ended", ended)):
        for (task_id, number, _), times in counts.items():
            if times > 1:
                yield f"attempt {number} of {task_id} {what} {times} times"


def _told(history: History) -> Iterator[str]:
    """Each end is told once by each process that runs or sees it, and stays what it was."""
    told: set[tuple[int, str]] = set()
    for line in history.of("told"):
        if (line.generation, line.id) in told:
            yield f"{line.id} was told twice by process {line.generation}"
        told.add((line.generation, line.id))
        row = history.final.tasks.get(line.id)
        if row is None or row.status != line.rest[1]:
            yield f"{line.id} was told {line.rest[1]} and is {row.status if row else 'no row'}"
    over = Counter((line.generation, line.id) for line in history.of("over"))
    for (generation, run_id), times in over.items():
        if times > 1:
            yield f"process {generation} told the end of run {run_id} {times} times"


def _kept(snapshot: Snapshot, history: History) -> Iterator[str]:
    """What had ended on disk when a process was killed is the same at the end of the round."""
    for row in snapshot.rows.tasks.values():
        if row.status in TERMINAL and row.outcome != history.final.tasks[row.id].outcome:
            yield f"{row.id} had ended as {row.outcome} and became {history.final.tasks[row.id].outcome}"


def _cut_off(planned: dict[str, Planned], snapshot: Snapshot, history: History) -> Iterator[str]:
    """What a kill cut off is failed, `interrupted`, for good; what may run twice ran again (7.2)."""
    generation = snapshot.generation
    later = {line.id for line in history.lines[snapshot.lines :] if line.word == "begin"}
    for row in snapshot.rows.tasks.values():
        if row.status != "in_progress" or not snapshot.owned(row):
            continue
        end = history.final.tasks[row.id]
        if _came_to_light(row, snapshot, history.final):
            continue
        is_group = row.id in planned and planned[row.id].kind == GROUP
        if not is_group and row.kind not in SAFE:
            if (end.status, end.error_type, end.attempt) != ("failed", "interrupted", row.attempt):
                yield f"{row.id} was cut off in process {generation} and ended as {end.outcome}"
            if row.id in later:
                yield f"{row.id} was cut off in process {generation} and began again"
            continue
        if not row.resumable:
            yield f"{row.id} ({row.kind}) is not marked as one that may run twice"
        if end.spawned is None and end.status != "cancelled" and end.attempt <= row.attempt:
            yield f"{row.id} ({row.kind}) was cut off in process {generation} and did not begin again: {end.outcome}"
        former = {number: error_type for number, _, error_type, *_ in history.final.attempts.get(row.id, ())}
        if end.spawned is None and former.get(row.attempt) != "interrupted":
            yield f"attempt {row.attempt} of {row.id} was cut off and its history says {former.get(row.attempt)}"


def _came_to_light(row: Row, snapshot: Snapshot, final: Rows) -> bool:
    """Whether the end of that attempt was on its way when the process was killed, and was seen later (see `Snapshot`).

    It may also be the end of an attempt that was to be followed by another.
    """
    end = final.tasks[row.id]
    ended = {number: at for number, _, kind, _, at in final.attempts.get(row.id, ()) if kind != "interrupted"}
    ended.setdefault(end.attempt, end.completed_at)
    at = ended.get(row.attempt)
    return snapshot.shared and at is not None and at < snapshot.at + 0.1


def _ahead_of_disk(planned: dict[str, Planned], snapshot: Snapshot, history: History) -> Iterator[str]:
    """What a killed process had begun or told was on disk by then, and so was the end of what it depends on (7.1)."""
    rows, generation = snapshot.rows, snapshot.generation
    for line in history.of("told", generation=generation):
        row = rows.tasks.get(line.id)
        if row is None or row.status != line.rest[1]:
            yield f"{line.id} was told {line.rest[1]}, and on disk it was {row.status if row else 'nothing'}"
    for line in history.of("begin", generation=generation):
        row = rows.tasks.get(line.id)
        if row is None:
            yield f"{line.id} began before it was on disk"
            continue
        safe = row.kind in SAFE
        if not safe and row.attempt < line.number:
            yield f"attempt {line.number} of {line.id} began before that was on disk"
        for task_id, _ in row.needs:
            on = rows.tasks[task_id]
            goes_ahead = safe and planned[task_id].kind in SAFE
            if on.status not in TERMINAL and not goes_ahead and not _is_blocked(on, rows):
                yield f"{line.id} began before the end of {task_id} was on disk"
