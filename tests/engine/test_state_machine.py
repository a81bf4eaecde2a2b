"""Random acts on a real engine beside a small model of its rules: after each, both must say the same of every task.

CI runs the same 2,000 steps each time. `python -m tests.engine.test_state_machine 1000` runs that many examples of 20
steps from a random seed, and prints the steps of a failure in the shortest form that still fails.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from engine import EventKind, TaskError, TaskTreeNode
from engine import Task as Row
from engine.executor import DEFAULT_REGISTRY
from engine.graph import pending_reason
from engine.json_data import unpack
from tests.engine.driven import Controlled, Driven, register
from tests.engine.model import Model, Refused, Run, Task

CI = settings(
    max_examples=100,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=(Phase.generate, Phase.shrink),
    print_blob=False,
)
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
KINDS = ("plain", "plain", "plain", "polite", "safe", "group", "group", "nobody", "strict")
ENDS = ("completed", "completed", "completed", "raised", "failed", "cancelled")
PICK = st.integers(0, 99)
NODE = st.tuples(
    st.sampled_from(KINDS),
    PICK,  # its parent among those before it
    st.lists(st.tuples(PICK, st.booleans()), max_size=3),  # what it needs of those before it, required or not
    st.lists(st.tuples(PICK, st.booleans()), max_size=1),  # the same of the tasks of other runs
    st.integers(0, 3),  # priority
    st.sampled_from((0, 0, 0, 1, 2)),  # retries
)


class Machine(RuleBasedStateMachine):
    """Every rule may be drawn at any time and does nothing where there is nothing to act on.

    So what is drawn depends on nothing that the engine does, and a story replays as it was.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.driven: Driven | None = None
        self.count = 0

    @initialize(slots=st.sampled_from((1, 2, 3, 50)), nodes=st.lists(NODE, min_size=3, max_size=8))
    def begin(self, slots: int, nodes: list[Any]) -> None:
        register(0)
        note(f"{slots} slots")
        self.model = Model(slots)
        self.driven = Driven(Path(self.folder.name, "store.db"), slots)
        self.driven.start()
        self.submit(nodes)

    def teardown(self) -> None:
        try:
            if self.driven is not None:
                self.driven.close()
        finally:
            self.folder.cleanup()

    # ── one act ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def driver(self) -> Driven:
        assert self.driven is not None
        return self.driven

    def both(self, story: str, modelled: Callable[[], Any], act: Coroutine[Any, Any, Any]) -> None:
        """Do it on both sides; they must refuse the same, and agree afterwards."""
        before = self.waiting()
        refused = by_engine = False
        try:
            modelled()
        except Refused:
            refused = True
        note(story + " (refused)" * refused)
        try:
            self.driver.do(act)
        except TaskError:
            by_engine = True
        assert by_engine == refused, "refused by the model only" if refused else "refused by the engine only"
        self.compare(before)

    def waiting(self) -> list[Task]:
        return [task for task in self.model.tasks.values() if self.model.may_start(task)]

    def pick(self, place: int, among: list[Any]) -> Any:
        return among[place % len(among)] if among else None

    def task(self, place: int) -> Task | None:
        found: Task | None = self.pick(place, list(self.model.tasks.values()))
        return found

    def run_at(self, place: int) -> Run | None:
        found: Run | None = self.pick(place, list(self.model.runs.values()))
        return found

    # ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(nodes=st.lists(NODE, min_size=1, max_size=6))
    def submit(self, nodes: list[Any]) -> None:
        """What waits for itself through a group is refused; then the same without what it needs of its own tree."""
        root, tasks = self.make(nodes)
        self.both(_story(tasks), lambda: self.model.submit(tasks), self.driver.engine.submit(root))
        if tasks[0].run not in self.model.runs:
            root, again = self.make([(kind, parent, [], *others) for kind, parent, _, *others in nodes])
            self.both(_story(again), lambda: self.model.submit(again), self.driver.engine.submit(root))

    def make(self, nodes: list[Any]) -> tuple[TaskTreeNode, list[Task]]:
        """A tree for the engine, and the same for the model."""
        self.count += 1
        run_id = f"r{self.count}"
        others = list(self.model.tasks.values())
        made: list[TaskTreeNode] = []
        tasks: list[Task] = []
        for place, (kind, parent, needs, outside, priority, retries) in enumerate(nodes):
            above = made[parent % place] if place else None
            ids = {self.pick(at, tasks).id: must for at, must in needs if tasks}
            ids |= {self.pick(at, others).id: must for at, must in outside if others}
            row = self.driver.engine.new_task(
                kind,
                id=f"{run_id}.{place}" if place else run_id,
                priority=priority,
                params={"retries": retries, "retry_delay": 0},
                dependencies=[{"id": task_id, "required": must} for task_id, must in ids.items()],
            )
            age = self.count * 10 + place
            row.created_at = BEGAN + timedelta(seconds=age)
            made.append(TaskTreeNode(row))
            if above is not None:
                above.add_child(made[-1])
            above_id = above.task.id if above is not None else None
            tasks.append(Task(row.id, run_id, kind, above_id, list(ids.items()), (priority, age), retries))
        for task in tasks:  # without an executor of its name it is a group while it has children (2.6)
            if task.kind in ("group", "nobody"):
                task.kind = "group" if any(other.parent == task.id for other in tasks) else "nobody"
        return made[0], tasks

    @rule(ends=st.lists(st.tuples(PICK, st.sampled_from(ENDS)), min_size=1, max_size=4))
    def finish(self, ends: list[tuple[int, str]]) -> None:
        for place, how in ends:
            self.finish_one(place, how)

    @rule(count=st.integers(1, 8), how=st.sampled_from(ENDS))
    def finish_next(self, count: int, how: str) -> None:
        """As many in the order of their making, also of those that begin by it."""
        for _ in range(count):
            self.finish_one(0, how)

    def finish_one(self, place: int, how: str) -> None:
        task: Task | None = self.pick(place, self.model.running())
        if task is None:
            return
        before = self.waiting()
        note(f"{task.id} ends by itself: {how}")
        future, result = Controlled.attempts[task.id], {"status": how, "of": f"{task.id} #{task.attempt}"}
        if how == "raised":
            future.set_exception(ValueError("as told"))
        else:
            future.set_result(result)
        self.driver.do(_nothing())
        self.model.finish(task, how, None if how == "raised" else result)
        self.compare(before)

    @rule(place=PICK, only=st.booleans())
    def cancel(self, place: int, only: bool) -> None:
        if (task := self.task(place)) is None:
            return
        note(f"cancel {task.id}{' only' if only else ''}")
        before = self.waiting()
        answer = self.driver.do(self.driver.engine.cancel(task.id, only=only))
        expected = self.model.cancel(task, only)
        if expected == "failed" or not self.model.is_group(task):  # a group's answer is what its members made of it
            assert answer["status"] == expected, answer
        self.compare(before)

    @rule(place=PICK, edited=st.booleans())
    def rerun(self, place: int, edited: bool) -> None:
        if (task := self.task(place)) is not None:
            inputs = {"edited": f"{task.id} after #{task.attempt}"} if edited else None
            story = f"rerun {task.id}{' with edited inputs' if edited else ''}"
            act = self.driver.engine.rerun(task.id, inputs=inputs)
            self.both(story, lambda: self.model.rerun(task, inputs), act)

    @rule(place=PICK)
    def skip(self, place: int) -> None:
        if (task := self.task(place)) is not None:
            self.both(f"skip {task.id}", lambda: self.model.skip(task), self.driver.engine.skip(task.id))

    @rule(place=st.none() | PICK, paused=st.booleans())
    def hold(self, place: int | None, paused: bool) -> None:
        """Pause or resume one run, or with None the whole queue."""
        engine, model = self.driver.engine, self.model
        words = "pause" if paused else "resume"
        if place is None:
            act = engine.pause() if paused else engine.resume()
            self.both(f"{words} all", lambda: setattr(model, "paused", paused), act)
        elif (run := self.run_at(place)) is not None:
            act = engine.pause(run.id) if paused else engine.resume(run.id)
            self.both(f"{words} {run.id}", lambda: (model.pause if paused else model.resume)(run), act)

    @rule(place=PICK)
    def delete(self, place: int) -> None:
        if (task := self.task(place)) is not None:
            self.both(f"delete {task.id}", lambda: self.model.delete(task), self.driver.engine.delete(task.id))

    @rule(restart=st.booleans())
    def renew(self, restart: bool) -> None:
        """Another engine on the same store; or new code for all executors, while what runs goes on with the old."""
        if restart:
            note("the engine ends, and another starts")
            self.driver.restart()
            self.model.restart()
            self.compare([])
        else:
            self.model.version += 1
            register(self.model.version)
            self.both(f"reload: version {self.model.version}", lambda: None, _nothing())

    # ── both sides compared ──────────────────────────────────────────────────────────────────────────────────────

    def compare(self, before: list[Task]) -> None:
        """`before` are the tasks that could start before the act: the more urgent of those go first (2.4)."""
        model, driver = self.model, self.driver
        columns = "id, status, attempt, error_type, started_at, completed_at, skipped, result"
        rows = {row[0]: row[1:] for row in driver.rows(f"SELECT {columns} FROM task")}
        assert not driver.faults, driver.faults
        assert rows.keys() == model.tasks.keys()
        started = model.go_on(lambda task: rows[task.id][1] > task.attempt)
        for task in model.tasks.values():
            if model.is_group(task) and rows[task.id][0] == "in_progress" and task.status == "pending":
                self.open(task)
        told = driver.tasks()
        numbers: dict[str, list[int]] = {}
        for task_id, number in driver.rows("SELECT task_id, number FROM attempt ORDER BY number"):
            numbers.setdefault(task_id, []).append(number)
        blocked = model.blocked(only_by_ends=True)
        for task in model.tasks.values():
            self.compare_row(task, rows[task.id], numbers.get(task.id, []))
            self.compare_told(task, told, task.id in blocked)
        self.compare_code()
        self.compare_slots(before, started)
        for run in model.runs.values():
            self.compare_run(run)

    def open(self, group: Task) -> None:
        """A group may begin once its own dependencies have ended and something in it has begun."""
        assert self.model.is_met(group), f"group {group.id} began too early"
        inside = [task for task in self.model.under(group) if task is not group]
        assert any(task.attempt for task in inside), f"nothing in group {group.id} has begun"
        group.status, group.opened = "in_progress", True
        group.attempt += 1

    def compare_row(self, task: Task, row: tuple[Any, ...], former: list[int]) -> None:
        status, attempt, error_type, started_at, completed_at, skipped, result = row
        found = status, attempt, error_type, bool(skipped), unpack(result)
        expected = task.status, task.attempt, task.error_type, task.skipped, task.result
        assert found == expected, f"{task.id} is {found}, and should be {expected}"
        assert (completed_at is not None) == task.ended, f"{task.id} is {status} and ended at {completed_at}"
        assert former == list(range(1, attempt + (started_at is None))), f"attempts {former} of {task.id} are kept"

    def compare_told(self, task: Task, told: dict[str, Row], blocked: bool) -> None:
        """What the engine says of it, and how often it told its end."""
        row = told[task.id]
        found = str(row.status), row.attempt, row.error_type, row.skipped
        expected = task.status, task.attempt, task.error_type, task.skipped
        assert found == expected, f"{task.id} is told as {found}, and is {expected}"
        ends = self.driver.events[EventKind.FINISHED, task.id]
        assert ends == task.ends, f"the end of {task.id} was told {ends} times, not {task.ends}"
        reason = pending_reason(row, told.get)
        assert reason.startswith("blocked by") == blocked, f"{task.id} is said to be {reason or status_of(row)!r}"

    def compare_code(self) -> None:
        """What runs, runs once, with the inputs and the version that it should have (3.5, 5.4)."""
        running = self.model.running()
        assert Controlled.attempts.keys() == {task.id for task in running}
        for task in running:
            inputs, version = Controlled.given[task.id]
            assert inputs == task.given, f"{task.id} was given {inputs}, and should have been given {task.given}"
            oldest, newest = task.versions
            assert oldest <= version <= newest, f"{task.id} runs version {version}, not {oldest} to {newest}"
            task.versions = version, version  # also where it is retried

    def compare_slots(self, before: list[Task], started: list[Task]) -> None:
        model = self.model
        running = len(model.running())
        assert self.driver.engine.counts.running == running <= model.slots
        left = self.waiting()
        assert not left or running == model.slots, f"{left[0].id} could run, and only {running} of {model.slots} do"
        for late in [task for task in before if task in left]:
            early = [task.id for task in started if task.key > late.key]
            assert not early, f"{early} went before {late.id}"

    def compare_run(self, run: Run) -> None:
        [(owner, status, paused, *counts)] = self.driver.rows(
            "SELECT owner, status, paused, pending, completed, failed, cancelled FROM run WHERE id = ?", run.id
        )
        assert (owner is not None) == run.live, f"run {run.id} {'has an' if owner else 'has no'} owner"
        ends = self.driver.ends.get(run.id, [])
        assert ends == run.ends, f"the ends of run {run.id} were told as {ends}, not {run.ends}"
        if run.live:
            assert bool(paused) == run.paused == self.driver.engine.is_paused(run.id), f"is {run.id} paused?"
            return
        found = Counter(task.status for task in self.model.of(run.id))
        assert counts == [found[name] for name in ("pending", "completed", "failed", "cancelled")], run
        assert self.driver.finished(run.id) == status, f"run {run.id} is {status}"


def _story(tasks: list[Task]) -> str:
    return "\n  ".join(["submit", *map(str, tasks)])


async def _nothing() -> None:
    """What follows by itself is awaited with it."""


def status_of(row: Row) -> str:
    return str(row.status)


TestMachine = Machine.TestCase
TestMachine.settings = CI


def main(examples: int) -> None:
    DEFAULT_REGISTRY.registrations.clear()
    began = time.monotonic()
    run_state_machine_as_test(Machine, settings=settings(CI, max_examples=examples, derandomize=False))
    took = time.monotonic() - began
    print(f"{examples} examples of {CI.stateful_step_count} steps in {took:.0f} s: nothing found")


if __name__ == "__main__":
    main(int(sys.argv[1]))
