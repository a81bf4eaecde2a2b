"""The engine's rules once more, small and slow: what every task must be after each act (behaviour.md 2, 3.2, 5, 8).

Plain records, no events, no counters that are kept up: all is looked up anew each time. What the rules leave open,
which of several ready tasks has a slot, is observed (`began`) and then checked against what was allowed. Tasks are kept
in the order of their making, and depend only on what was made before them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

NEWEST = 1_000_000
TERMINAL = frozenset({"completed", "failed", "cancelled"})
INSTANT = {"nobody": "unknown_executor", "strict": "validation_error"}
"""Kinds that fail before execute, and how."""


class Refused(Exception):
    """The engine must refuse this."""


@dataclass(slots=True, eq=False)
class Task:
    """`needs` are (id, required); `key` decides among ready ones (2.4); `former` are its attempts before a rerun.

    `versions` are the oldest and the newest version that its next attempt may run; `given` are the effective inputs of
    its latest one (3.5).
    """

    id: str
    run: str
    kind: str
    parent: str | None
    needs: list[tuple[str, bool]]
    key: tuple[int, int]
    retries: int = 0
    status: str = "pending"
    error_type: str | None = None
    attempt: int = 0
    former: int = 0
    opened: bool = False
    skipped: bool = False
    held: bool = False
    """Taken over without its executor: it waits for that instead of failing."""
    ends: int = 0
    """How often its end was told."""
    inputs: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    versions: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        words = [self.id, self.kind, f"priority {self.key[0]}"]
        words += [f"under {self.parent}"] * bool(self.parent) + [f"retries {self.retries}"] * bool(self.retries)
        words += [f"{'needs' if required else 'waits for'} {need}" for need, required in self.needs]
        return ", ".join(words)

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL


@dataclass(slots=True, eq=False)
class Run:
    """`live`: something of it runs or may still run, and this engine sees to it. `ends` are the ends that were told."""

    id: str
    live: bool = True
    paused: bool = False
    ends: list[str] = field(default_factory=list)


def combine(statuses: Iterable[str]) -> str:
    """Rule 2.7 for what has ended; what is still pending can never run."""
    found = set(statuses)
    for status in ("failed", "cancelled"):
        if status in found:
            return status
    return "completed" if found <= {"completed"} else "failed"


class Model:
    """Tasks and runs by id, `paused` for the whole queue; `version` is that of the code on hand."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.tasks: dict[str, Task] = {}
        self.runs: dict[str, Run] = {}
        self.paused = False
        self.version = 0

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────

    def of(self, run_id: str) -> list[Task]:
        return [task for task in self.tasks.values() if task.run == run_id]

    def is_live(self, task: Task) -> bool:
        return self.runs[task.run].live

    def is_group(self, task: Task) -> bool:
        """Rule 2.6."""
        return task.kind == "group"

    def blocked(self, *, only_by_ends: bool = False) -> set[str]:
        """Rule 3.2: what can never run, as things stand: what a run has left pending will not be run either.

        `only_by_ends` are those that a failed or cancelled task keeps from running.
        """
        found: set[str] = set()
        for task in self.tasks.values():
            needed = [self.tasks[task_id] for task_id, required in task.needs if required]
            hopeless = [n for n in needed if n.id in found or n.status in ("failed", "cancelled")]
            left = [n for n in needed if self._is_left(n) and n.run != task.run]
            if task.status == "pending" and (hopeless or (left and not only_by_ends)):
                found.add(task.id)
        return found

    def _is_left(self, task: Task) -> bool:
        """Whether its run has ended without it."""
        return task.status == "pending" and not self.is_live(task)

    def is_blocked(self, task: Task) -> bool:
        return task.status == "pending" and task.id in self.blocked()

    def is_settled(self, task: Task) -> bool:
        return task.ended or self._is_left(task) or self.is_blocked(task)

    def is_met(self, task: Task) -> bool:
        """All that it depends on has ended, or never will where that is optional."""
        return not self.is_blocked(task) and all(self.is_settled(self.tasks[task_id]) for task_id, _ in task.needs)

    def may_start(self, task: Task) -> bool:
        run = self.runs[task.run]
        can = task.status == "pending" and not (task.held or self.is_group(task)) and run.live and self.is_met(task)
        return can and not (run.paused or self.paused)

    def running(self) -> list[Task]:
        return [task for task in self.tasks.values() if task.status == "in_progress" and not self.is_group(task)]

    def groups_of(self, task: Task) -> list[Task]:
        """The groups that it stands in, the nearest first."""
        found = []
        parent = self.tasks.get(task.parent or "")
        while parent is not None:
            if self.is_group(parent):
                found.append(parent)
            parent = self.tasks.get(parent.parent or "")
        return found

    def members(self, group: Task) -> list[Task]:
        return [task for task in self.of(group.run) if self.groups_of(task)[:1] == [group]]

    def under(self, task: Task) -> list[Task]:
        """It and all that stands under it."""
        found = [task]
        for each in found:
            found += [other for other in self.of(task.run) if other.parent == each.id]
        return found

    # ── what follows by itself ───────────────────────────────────────────────────────────────────────────────────

    def go_on(self, began: Callable[[Task], bool]) -> list[Task]:
        """All that follows by itself; `began` tells whether a task that may start did. Returns those that did."""
        started: list[Task] = []
        while True:
            self._end_groups()
            now = [task for task in self.tasks.values() if self.may_start(task) and began(task)]
            for task in now:
                task.attempt += 1
                task.status = "in_progress"
                needed = [self.tasks[task_id] for task_id, _ in task.needs]
                task.given = {**task.inputs, **{other.id: other.result for other in needed if other.ended}}
                if task.kind in INSTANT:
                    self._end(task, "failed", INSTANT[task.kind])
            started += now
            if not now:
                break
        for run in self.runs.values():
            tasks = self.of(run.id)
            if run.live and all(map(self.is_settled, tasks)):
                run.live = False
                run.ends.append(combine(task.status for task in tasks))
        return started

    def _end_groups(self) -> None:
        ended = True
        while ended:
            ended = False
            for group in self.tasks.values():
                if not self.is_group(group) or group.ended or not self.is_live(group):
                    continue
                if group.status == "pending" and not self.is_met(group):
                    continue
                members = self.members(group)
                if all(map(self.is_settled, members)):
                    status = combine(member.status for member in members)
                    group.attempt += not group.opened
                    self._end(group, status, None if status == "completed" else f"group_{status}")
                    group.opened, ended = False, True

    def _end(self, task: Task, status: str, error_type: str | None, result: Any = None) -> None:
        task.status, task.error_type, task.result, task.held = status, error_type, result, False
        task.ends += 1

    def _go_live(self, run_id: str) -> None:
        if not self.runs[run_id].live:
            self.runs[run_id].live = True
            self._load(run_id)

    def _load(self, run_id: str) -> None:
        """What is pending of it gets the code on hand; which attempts a rerun left behind is not stored."""
        for task in self.of(run_id):
            if task.status == "pending":
                task.versions, task.held, task.former = (self.version, self.version), False, 0

    # ── acts ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self, tasks: list[Task]) -> None:
        """A new run, its root first; refused where some wait for each other, a group for what is in it (3.3)."""
        former = self.tasks
        self.tasks = former | {task.id: task for task in tasks}
        waits = {t.id: {i for i, _ in t.needs} | {m.id for m in self.members(t) if self.is_group(t)} for t in tasks}
        while free := [task_id for task_id, on in waits.items() if not on & waits.keys()]:
            for task_id in free:
                del waits[task_id]
        if waits:
            self.tasks = former
            raise Refused
        self.runs[tasks[0].run] = Run(tasks[0].run)
        for task in tasks:
            task.versions = self.version, self.version

    def finish(self, task: Task, how: str, result: Any) -> None:
        """A running attempt ends by itself: "completed", "cancelled", "failed" or "raised"."""
        if how == "completed":
            self._end(task, "completed", None, result)
        elif how == "cancelled":
            self._end(task, "cancelled", "cancelled", result)
        elif task.attempt - task.former <= task.retries:
            task.status = "pending"
        else:
            self._end(task, "failed", "ValueError" if how == "raised" else "failed", result)

    def cancel(self, task: Task, only: bool) -> str:
        """Rules 5.1 and 5.2; the status of the answer."""
        chosen = [each for each in ([task] if only else self.under(task)) if not each.ended]
        if self.is_live(task):
            chosen = [each for each in chosen if not self.is_group(each) or self.is_blocked(each)]
        else:
            chosen = [each for each in chosen if each.status == "pending"]
        if not chosen:
            return "failed"
        for each in chosen:
            if each.status == "in_progress" and each.kind == "polite":
                self._end(each, "completed", None, {"status": "completed"})
            else:
                self._end(each, "cancelled", "cancelled")
        return task.status if task in chosen else "cancelled"

    def rerun(self, task: Task, inputs: dict[str, Any] | None) -> None:
        """Rule 5.4; `inputs` replace its own."""
        if task.held and self.is_live(task):
            task.held = False
            task.inputs = task.inputs if inputs is None else inputs
            return
        if self.is_live(task) and task.status == "pending" and not self.is_blocked(task):
            raise Refused
        again = self._affected(task)
        if any(each.status == "in_progress" and not self.is_group(each) for each in again):
            raise Refused
        self._go_live(task.run)
        task.inputs = task.inputs if inputs is None else inputs
        for each in again:
            each.status, each.error_type, each.result = "pending", None, None
            each.skipped = each.opened = each.held = False
            each.former, each.versions = each.attempt, (self.version, NEWEST)  # what it has when its turn comes

    def _affected(self, task: Task) -> list[Task]:
        """It, all in it where it is a group, what depends on those in their run, and the groups that these stand in."""
        found = self.under(task) if self.is_group(task) else [task]
        for each in found:
            more = [other for other in self.of(task.run) if any(need == each.id for need, _ in other.needs)]
            found += [other for other in dict.fromkeys([*more, *self.groups_of(each)]) if other not in found]
        return found

    def skip(self, task: Task) -> None:
        """Rule 8.4; the groups around it end anew (2.6)."""
        if self.is_group(task) or task.status not in ("pending", "failed"):
            raise Refused
        self._go_live(task.run)
        self._end(task, "completed", None)
        task.skipped = True
        for group in self.groups_of(task):
            if not group.ended:
                break
            group.status, group.error_type = "pending", None

    def pause(self, run: Run) -> None:
        if not run.live:
            raise Refused
        run.paused = True

    def resume(self, run: Run) -> None:
        """Rules 8.3, and 7.2 for a run that does not run here."""
        if not run.live and not any(task.status == "pending" for task in self.of(run.id)):
            raise Refused
        self._go_live(run.id)
        run.paused = False

    def delete(self, task: Task) -> list[str]:
        """Rule 5.6; the ids that are gone."""
        gone = {each.id for each in (self.of(task.run) if task.id == task.run else self.under(task))}
        needed = any(need in gone for each in self.tasks.values() if each.id not in gone for need, _ in each.needs)
        if self.is_live(task) or needed:
            raise Refused
        for task_id in gone:
            del self.tasks[task_id]
        if task.id == task.run:
            del self.runs[task.run]
        for each in self.of(task.run):
            if self.is_group(each) and not any(other.parent == each.id for other in self.of(task.run)):
                each.kind = "nobody"
        return sorted(gone)

    def restart(self) -> None:
        """The engine ends in good order and another one goes on (7.2)."""
        for task in self.running():
            if task.kind == "safe":
                task.status = "pending"
            else:
                self._end(task, "failed", "interrupted")
        self.go_on(lambda task: False)
        for task in self.tasks.values():
            if self.is_group(task) and task.status == "in_progress":
                task.status, task.opened = "pending", False
        for run in [run for run in self.runs.values() if run.live]:
            self._load(run.id)
            for task in self.of(run.id):
                task.held = task.kind == "nobody" and task.status == "pending"
