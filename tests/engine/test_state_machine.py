"""Random acts on a real engine beside a small model of its rules: after each, both must say the same of every task.

CI runs the same 2,000 steps each time. `python -m tests.engine.test_state_machine 1000` runs that many examples of 20
steps from a random seed, and prints the steps of a failure in the shortest form that still fails.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from engine import BaseTask, Engine, Event, EventKind, Settings, TaskError, TaskTreeNode, executor_register
from engine.executor import DEFAULT_REGISTRY
from engine.graph import pending_reason
from tests.engine.model import Model, Refused, Run, Task

CI = settings(
    max_examples=100,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
KINDS = ("plain", "plain", "plain", "polite", "safe", "group", "group", "nobody", "strict")
PICK = st.integers(0, 10_000)
NODE = st.tuples(
    st.sampled_from(KINDS),
    PICK,  # its parent among those before it
    st.lists(st.tuples(PICK, st.booleans()), max_size=3),  # what it depends on among those before it, required or not
    st.lists(st.tuples(PICK, st.booleans()), max_size=1),  # the same among the tasks of other runs
    st.integers(0, 3),  # priority
    st.sampled_from((0, 0, 0, 1, 2)),  # retries
)


class Controlled(BaseTask):
    """Each attempt waits until the machine says how it ends."""

    attempts: ClassVar[dict[str, asyncio.Future[Any]]] = {}
    version = 0

    async def execute(self, inputs: dict[str, Any]) -> Any:
        assert self.task_id is not None
        future = self.attempts[self.task_id] = asyncio.get_running_loop().create_future()
        ending = await future
        if isinstance(ending, Exception):
            raise ending
        return {**ending, "version": self.version}


class Polite(Controlled):
    """Ends by itself, and well, when it is asked to stop."""

    async def cancel(self) -> dict[str, Any]:
        assert self.task_id is not None
        self.attempts[self.task_id].set_result({})
        return {}


def register(version: int) -> None:
    """The executors of all kinds, at a version; those of a former one are replaced."""
    for name, base in (("plain", Controlled), ("safe", Controlled), ("polite", Polite), ("strict", Controlled)):
        schema = {"type": "object", "required": ["never given"]} if name == "strict" else None
        body = {"id": name, "name": name, "description": "", "version": version, "inputs_schema": schema}
        executor_register(override=True)(type(name, (base,), {**body, "retry_safe": name == "safe"}))


class Faults(logging.Handler):
    """What the engine logs as a fault of its own."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.words.append(self.format(record))


class Machine(RuleBasedStateMachine):
    """Drives an `Engine` on a loop of its own, one act at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.events: Counter[tuple[str, str]] = Counter()
        self.ends: dict[str, list[str]] = {}
        self.version = 0
        self.count = 0
        self.faults = Faults()
        logging.getLogger("engine").addHandler(self.faults)
        Controlled.attempts.clear()

    @initialize(slots=st.sampled_from((1, 2, 3, 50)))
    def begin(self, slots: int) -> None:
        self.model = Model(slots)
        self.path = Path(self.folder.name, "store.db")
        self.settings = replace(Settings(), store=self.path, slots=slots, grace=5.0, cancel_limit=5.0)
        register(0)
        self.do(self._start())
        self.reader = sqlite3.connect(self.path)

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.loop.run_until_complete(self.engine.stop())
            self.reader.close()
        logging.getLogger("engine").removeHandler(self.faults)
        self.loop.close()
        self.folder.cleanup()

    async def _start(self) -> None:
        self.engine = Engine(self.settings, take_over=True)
        self.engine.bus.subscribe(self._hear)
        await self.engine.start()

    def _hear(self, event: Event) -> None:
        if event.task is None:
            return
        self.events[event.kind, event.task.id] += 1
        if event.kind is EventKind.TREE_FINISHED:
            self.ends.setdefault(event.task.id, []).append(str(event.data))

    # ── one act ──────────────────────────────────────────────────────────────────────────────────────────────────

    def do(self, act: Awaitable[Any]) -> Any:
        """Await `act`, then until the engine is quiet."""

        async def both() -> Any:
            found = await act
            quiet, before = 0, None
            while quiet < 3:
                await self.engine.store.writer.flush()
                await self.engine.store.meta("paused")
                for _ in range(5):
                    await asyncio.sleep(0)
                state = self.events.copy(), len(Controlled.attempts), self.engine.counts
                quiet = quiet + 1 if state == before else 0
                before = state
            return found

        return self.loop.run_until_complete(asyncio.wait_for(both(), 3))

    def refusal(self, act: Coroutine[Any, Any, Any]) -> bool:
        """Whether the engine refused."""
        try:
            self.do(act)
        except TaskError:
            self.do(asyncio.sleep(0))
            return True
        return False

    def both(self, modelled: Callable[[], Any], act: Coroutine[Any, Any, Any]) -> None:
        """Do it on both sides; they must refuse the same."""
        before = self.waiting()
        try:
            modelled()
            refused = False
        except Refused:
            refused = True
        assert self.refusal(act) == refused, "refused by the model" if refused else "refused by the engine"
        self.compare(before)

    def waiting(self) -> list[Task]:
        return [task for task in self.model.tasks.values() if self.model.may_start(task)]

    def pick(self, place: int, among: list[Any]) -> Any:
        return among[place % len(among)]

    def task(self, place: int) -> Task:
        return self.pick(place, list(self.model.tasks.values()))

    # ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(nodes=st.lists(NODE, min_size=1, max_size=6))
    def submit(self, nodes: list[Any]) -> None:
        self.count += 1
        run_id = f"r{self.count}"
        others = [t for t in self.model.tasks.values() if t.ended or self.model.is_live(t)]
        made: list[TaskTreeNode] = []
        tasks: list[Task] = []
        for place, (kind, parent, needs, outside, priority, retries) in enumerate(nodes):
            above = made[parent % place] if place else None
            ids = [(self.pick(at, tasks).id, must) for at, must in needs if tasks]
            ids = list(dict(ids + [(self.pick(at, others).id, must) for at, must in outside if others]).items())
            task = self.engine.new_task(
                kind,
                id=f"{run_id}.{place}" if place else run_id,
                priority=priority,
                params={"retries": retries, "retry_delay": 0},
                dependencies=[{"id": task_id, "required": must} for task_id, must in ids],
            )
            node = TaskTreeNode(task)
            if above is not None:
                above.add_child(node)
            made.append(node)
            key = priority, task.created_at.timestamp()
            tasks.append(Task(task.id, run_id, kind, above.task.id if above else None, ids, key, retries))
        for task in tasks:  # without an executor of its name it is a group while it has children (2.6)
            if task.kind in ("group", "nobody"):
                task.kind = "group" if any(other.parent == task.id for other in tasks) else "nobody"
        self.both(lambda: self.model.submit(tasks), self.engine.submit(made[0]))

    @precondition(lambda self: self.model.running())
    @rule(place=PICK, how=st.sampled_from(("completed", "completed", "raised", "failed", "cancelled")))
    def finish(self, place: int, how: str) -> None:
        task = self.pick(place, self.model.running())
        before = self.waiting()
        future = Controlled.attempts.pop(task.id)
        if how == "raised":
            future.set_result(ValueError("as told"))
        else:
            future.set_result({} if how == "completed" else {"status": how})
        self.do(asyncio.sleep(0))
        self.model.finish(task, how)
        self.compare(before)

    @precondition(lambda self: self.model.tasks)
    @rule(place=PICK, only=st.booleans())
    def cancel(self, place: int, only: bool) -> None:
        task, before = self.task(place), self.waiting()
        answer = self.do(self.engine.cancel(task.id, only=only))
        assert answer["status"] == self.model.cancel(task, only), answer
        self.compare(before)

    @precondition(lambda self: self.model.tasks)
    @rule(place=PICK, edited=st.booleans())
    def rerun(self, place: int, edited: bool) -> None:
        task = self.task(place)
        inputs = {"edited": place} if edited else None
        self.both(lambda: self.model.rerun(task), self.engine.rerun(task.id, inputs=inputs))

    @precondition(lambda self: self.model.tasks)
    @rule(place=PICK)
    def skip(self, place: int) -> None:
        task = self.task(place)
        self.both(lambda: self.model.skip(task), self.engine.skip(task.id))

    @precondition(lambda self: self.model.runs)
    @rule(place=PICK)
    def pause(self, place: int) -> None:
        run = self.pick(place, list(self.model.runs.values()))
        self.both(lambda: self.model.pause(run), self.engine.pause(run.id))

    @precondition(lambda self: self.model.runs)
    @rule(place=PICK)
    def resume(self, place: int) -> None:
        run = self.pick(place, list(self.model.runs.values()))
        self.both(lambda: self.model.resume(run), self.engine.resume(run.id))

    @precondition(lambda self: self.model.tasks)
    @rule()
    def pause_all(self) -> None:
        self.model.paused = True
        self.do(self.engine.pause())
        self.compare([])

    @precondition(lambda self: self.model.tasks)
    @rule()
    def resume_all(self) -> None:
        self.model.paused = False
        self.do(self.engine.resume())
        self.compare([])

    @precondition(lambda self: self.model.tasks)
    @rule(place=PICK)
    def delete(self, place: int) -> None:
        task = self.task(place)
        self.both(lambda: self.model.delete(task), self.engine.delete(task.id))

    @precondition(lambda self: self.model.tasks)
    @rule()
    def reload(self) -> None:
        """New code for all executors; what runs goes on with the old."""
        self.version += 1
        register(self.version)
        self.do(asyncio.sleep(0))
        self.compare(self.waiting())

    @precondition(lambda self: self.model.tasks)
    @rule()
    def restart(self) -> None:
        self.loop.run_until_complete(self.engine.stop())
        self.model.restart()
        Controlled.attempts.clear()
        self.do(self._start())
        self.compare([])

    # ── both sides compared ──────────────────────────────────────────────────────────────────────────────────────

    def compare(self, before: list[Task]) -> None:
        """`before` are the tasks that could start before the act: the more urgent of those go first (2.4)."""
        model = self.model
        rows = self.rows()
        started = model.go_on(lambda task: rows[task.id][1] > task.attempt)
        for task in model.tasks.values():
            if model.is_group(task) and rows[task.id][0] == "in_progress" and task.status == "pending":
                self.open(task)
        assert not self.faults.words, self.faults.words
        assert rows.keys() == model.tasks.keys()
        for task in model.tasks.values():
            self.compare_task(task, rows[task.id])
        running = len(model.running())
        assert self.engine.counts.running == running <= model.slots
        left = self.waiting()
        assert not left or running == model.slots, f"{left[0].id} could run, and only {running} of {model.slots} do"
        for late in [task for task in before if task in left]:
            early = [task.id for task in started if task.key > late.key]
            assert not early, f"{early} went before {late.id}"
        for run in model.runs.values():
            self.compare_run(run)

    def rows(self) -> dict[str, tuple[Any, ...]]:
        columns = "id, status, attempt, error_type, started_at, completed_at, skipped, result"
        return {row[0]: row[1:] for row in self.reader.execute(f"SELECT {columns} FROM task")}

    def open(self, group: Task) -> None:
        """A group may begin once its own dependencies have ended and something in it has begun."""
        assert self.model.is_met(group), f"group {group.id} began too early"
        inside = [task for task in self.model.under(group) if task is not group]
        assert any(task.attempt for task in inside), f"nothing in group {group.id} has begun"
        group.status, group.opened = "in_progress", True
        group.attempt += 1

    def compare_task(self, task: Task, row: tuple[Any, ...]) -> None:
        status, attempt, error_type, started_at, completed_at, skipped, _result = row
        assert (status, attempt, error_type) == (task.status, task.attempt, task.error_type), task
        assert (completed_at is not None) == task.ended, task
        assert bool(skipped) == task.skipped, task
        live = self.loop.run_until_complete(self.engine.task(task.id))
        assert live is not None and (live.status, live.attempt, live.error_type) == (status, attempt, error_type), task
        history = self.reader.execute("SELECT number FROM attempt WHERE task_id = ? ORDER BY number", (task.id,))
        former = [number for (number,) in history]
        assert former == list(range(1, attempt + (started_at is None))), (task, former)
        assert self.events[EventKind.FINISHED, task.id] == task.ends, task
        if task.status == "in_progress" and not self.model.is_group(task):
            assert task.id in Controlled.attempts, f"{task.id} runs, and its code does not"
        if task.status == "pending":
            tasks = {t: self.loop.run_until_complete(self.engine.task(t)) for t in self.model.tasks}
            assert pending_reason(live, tasks.get).startswith("blocked by") == self.model.is_blocked(task), task

    def compare_run(self, run: Run) -> None:
        tasks = self.model.of(run.id)
        owner, status, *counts = self.reader.execute(
            "SELECT owner, status, pending, completed, failed, cancelled FROM run WHERE id = ?", (run.id,)
        ).fetchone()
        assert (owner is not None) == run.live, f"run {run.id} {'has an' if owner else 'has no'} owner"
        assert self.ends.get(run.id, []) == run.ends, run
        if not run.live:
            found = Counter(task.status for task in tasks)
            assert counts == [found[name] for name in ("pending", "completed", "failed", "cancelled")], run
            assert self.loop.run_until_complete(self.engine.finished(run.id)) == status, run


TestMachine = Machine.TestCase
TestMachine.settings = CI


def main(examples: int) -> None:
    DEFAULT_REGISTRY.registrations.clear()
    run_state_machine_as_test(Machine, settings=settings(CI, max_examples=examples, derandomize=False))
    print(f"{examples} examples of {CI.stateful_step_count} steps: nothing found")


if __name__ == "__main__":
    main(int(sys.argv[1]))
