"""An engine of scripted answers with the surface that the console uses: same names, no thread, no disk, fixed ids."""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from engine.access import READ_ONLY
from engine.catalogue import Catalogue, ExecutorSpec, Problem
from engine.errors import AccessError, TaskError
from engine.events import Event, EventKind, LogLine, Subscriber
from engine.executor import BaseTask
from engine.history import AuditEntry, Run, Span, TaskCounts
from engine.log_pages import Entry
from engine.presets import Preset
from engine.recent import Recent
from engine.schema import mask
from engine.store import Attempt
from engine.task import Dependency, Task, TaskStatus, TaskTreeNode
from engine.trace import Trace
from engine.version_source import VersionSource
from engine.watcher import WatchState
from tests.tui.fake_people import FakeAnswers, FakeSchedules, FakeTimekeeper

T = TypeVar("T")
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
Behaviour = Callable[["FakeEngine", Task], Awaitable[None]]

GREETING_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "Name of the person to greet"},
        "language": {
            "type": "string",
            "enum": ["en", "es", "fr", "zh"],
            "description": "Language for the greeting",
            "default": "en",
        },
    },
    "required": ["name"],
}


class Greeting(BaseTask):
    id = "greeting_executor"

    async def execute(self, inputs: dict[str, Any]) -> Any:
        return inputs


def make_spec(id: str, name: str = "", description: str = "", **fields: Any) -> ExecutorSpec:
    """An executor as the loader would describe it."""
    given: dict[str, Any] = {
        "schema": {"type": "object"},
        "version": "3f2a91c04b7d",
        "file": f"/srv/executors/{id}.py",
        "line": 7,
        "origin": "given",
        **fields,
    }
    return ExecutorSpec(id=id, name=name or id, description=description, factory=Greeting, **given)


def make_catalogue(*specs: ExecutorSpec, problems: Sequence[Problem] = (), epoch: int = 1) -> Catalogue:
    return Catalogue(MappingProxyType({spec.id: spec for spec in specs}), tuple(problems), epoch)


@dataclass
class FakeCounts:
    running: int = 0
    queued: int = 0
    scheduled: int = 0
    asking: int = 0


@dataclass
class FakeSettings:
    user: str = "ada"
    store: Path = Path("nowhere/taskdeck.db")
    group: str = ""
    headless: float = 3_600.0


@dataclass
class FakeAccess:
    read_only: bool = False


class FakeHistory:
    """The audit, with the surface of `engine.history.History`."""

    def __init__(self) -> None:
        self.acts: list[AuditEntry] = []
        self.label, self.tags = "", list[str]()
        """Of every run."""

    async def names(self, run_id: str) -> tuple[str, list[str]]:
        return self.label, self.tags

    async def spans(self, run_id: str) -> list[Span]:
        return []

    async def rerun_at(self, run_id: str) -> float | None:
        return None

    async def audit(
        self, *, run_id: str | None = None, task_id: str | None = None, limit: int = 100
    ) -> list[AuditEntry]:
        return [
            act
            for act in reversed(self.acts)
            if (run_id is None or act.run_id == run_id) and (task_id is None or act.task_id == task_id)
        ][:limit]


class FakePresets:
    """Presets and drafts in memory, with the surface of `engine.presets.Presets`."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.kept: dict[tuple[str, str], Preset] = {}

    async def all(self, executor_id: str) -> list[Preset]:
        return [preset for (owner, name), preset in sorted(self.kept.items()) if owner == executor_id and name]

    async def save(
        self,
        executor_id: str,
        name: str,
        inputs: Mapping[str, Any],
        options: Mapping[str, Any] | None = None,
        *,
        overwrite: bool = False,
        schema: Any = None,
    ) -> Preset:
        if (executor_id, name) in self.kept and not overwrite:
            raise TaskError(f"there is a preset '{name}' already")
        hidden = mask(schema if schema is not None else {}, dict(inputs))
        preset = Preset(name, self.engine.now, hidden, dict(options or {}))
        self.kept[executor_id, name] = preset
        return preset

    async def remove(self, executor_id: str, name: str) -> Preset | None:
        return self.kept.pop((executor_id, name), None)

    async def draft(self, executor_id: str) -> Preset | None:
        return self.kept.get((executor_id, ""))

    async def keep_draft(
        self,
        executor_id: str,
        inputs: Mapping[str, Any],
        options: Mapping[str, Any] | None = None,
        *,
        schema: Any = None,
    ) -> None:
        await self.save(executor_id, "", inputs, options, overwrite=True, schema=schema)

    async def drop_draft(self, executor_id: str) -> None:
        self.kept.pop((executor_id, ""), None)


class FakeEngine:
    """Tasks move only when a test or a behaviour says so."""

    def __init__(self, *specs: ExecutorSpec) -> None:
        self.catalogue = make_catalogue(*specs)
        self.watch_state = WatchState.WATCHING
        self.store_trouble = ""
        self.tasks: dict[str, Task] = {}
        self.logs: dict[str, list[tuple[int, LogLine]]] = {}
        """Lines with the attempts that wrote them."""
        self.tried: dict[str, list[Attempt]] = {}
        self.traced: dict[str, list[Trace]] = {}
        """Former attempts."""
        self.sources: dict[str, VersionSource] = {}
        """The kept sources, by version."""
        self.settings = FakeSettings()
        self.access = FakeAccess()
        self.later = 0
        """How many tasks wait for their time."""
        self.paused = False
        self.paused_runs: set[str] = set()
        self.presets = FakePresets(self)
        self.answers = FakeAnswers(self)
        self.schedules = FakeSchedules(self)
        self.timekeeper = FakeTimekeeper(self)
        self.labels: dict[str, str] = {}
        self.refusal: TaskError | None = None
        """What a launch is refused with."""
        self.behaviours: dict[str, Behaviour] = {}
        self.asked: list[tuple[str, str]] = []
        """What the console asked for: (method, task or executor id)."""
        self.now = NOON
        self.history = FakeHistory()
        self._numbered: list[Entry] = []
        """Every line that was read, at its number."""
        self._subscribers: list[Subscriber] = []
        self._background: set[asyncio.Task[None]] = set()

    # --- the surface of Engine -------------------------------------------------------------------------------

    async def permit(self, what: str, *, executor_id: str = "", task_id: str | None = None) -> None:
        spec = self.catalogue.get(executor_id)
        why = READ_ONLY if self.access.read_only else spec.barred if spec is not None else ""
        if why:
            self.asked.append(("refused", what))
            raise AccessError(why)

    @property
    def counts(self) -> FakeCounts:
        states = [task.status for task in self.tasks.values()]
        asking = sum(task.is_asking for task in self.tasks.values())
        pending = states.count(TaskStatus.PENDING) - asking
        return FakeCounts(states.count(TaskStatus.IN_PROGRESS), pending, self.later, asking)

    async def launch(
        self,
        executor_id: str,
        inputs: dict[str, Any],
        *,
        priority: int = 2,
        user_id: str | None = None,
        params: dict[str, Any] | None = None,
        idempotency_key: str | None = None,
        label: str | None = None,
        dry_run: bool = False,
    ) -> Task:
        self.asked.append(("launch", executor_id))
        if self.refusal is not None:
            raise self.refusal
        held = next((t for t in self.tasks.values() if idempotency_key and t.idempotency_key == idempotency_key), None)
        if held is not None:
            return held
        given = {"executor_id": executor_id, **(params or {}), **({"dry_run": True} if dry_run else {})}
        task = self.add(executor_id, inputs=inputs, priority=priority, params=given)
        task.idempotency_key = idempotency_key
        self.labels[task.id] = label or ""
        self._behave(task)
        return task

    async def cancel(self, task_id: str, *, only: bool = False) -> dict[str, Any]:
        self.asked.append(("cancel", task_id))
        for task in self._subtree(task_id):
            if not task.is_terminal:
                self.finish(task.id, TaskStatus.CANCELLED)
        return {"status": "cancelled", "message": "cancelled"}

    async def adjust(self, task_id: str, *, priority: int, params: Mapping[str, Any]) -> None:
        self.asked.append(("adjust", task_id))
        self.tasks[task_id].priority, self.tasks[task_id].params = priority, dict(params)

    async def recent(self, executor_id: str, *, limit: int = 30) -> list[Recent]:
        found = [task for task in self.tasks.values() if task.executor_id == executor_id]
        return [
            Recent(t.id, t.created_at, t.status, t.inputs, t.priority, t.params, self.labels.get(t.id, ""))
            for t in found[::-1][:limit]
        ]

    async def rerun(self, task_id: str, *, inputs: dict[str, Any] | None = None, version: str | None = None) -> Task:
        self.asked.append(("rerun", f"{task_id} {version}" if version else task_id))
        task = self.tasks[task_id]
        if inputs is not None:
            task.inputs = inputs
        self._archive(task)
        task.hold, task.executor_version = "", version
        self.publish(EventKind.RESET, task)
        self._behave(task)
        return task

    async def affected(self, task_id: str) -> list[Task]:
        found = [self.tasks[task_id]]
        for task in self.tasks.values():  # the script adds dependents behind what they depend on
            if {dependency.id for dependency in task.dependencies} & {other.id for other in found}:
                found.append(task)
        return found

    async def source(self, version: str) -> VersionSource | None:
        self.asked.append(("source", version))
        return self.sources.get(version)

    async def skip(self, task_id: str) -> Task:
        self.asked.append(("skip", task_id))
        task = self.tasks[task_id]
        if task.status not in (TaskStatus.PENDING, TaskStatus.FAILED):
            raise TaskError(f"task '{task.name}' is {task.status} and cannot be skipped", "Only pending and failed can")
        self.mark_skipped(task_id)
        return task

    def is_paused(self, run_id: str) -> bool:
        return run_id in self.paused_runs

    async def pause(self, run_id: str | None = None) -> None:
        self.asked.append(("pause", run_id or "all"))
        if run_id is None:
            self.paused = True
            return
        if all(task.is_terminal for task in self.tasks.values() if task.run_id == run_id):
            raise TaskError(f"run '{run_id}' does not run here", "Only what runs can be paused")
        self.paused_runs.add(run_id)
        self.publish(EventKind.PROGRESS, self.tasks[run_id])

    async def resume(self, run_id: str | None = None) -> None:
        self.asked.append(("resume", run_id or "all"))
        if run_id is None:
            self.paused = False
            return
        self.paused_runs.discard(run_id)
        self.publish(EventKind.PROGRESS, self.tasks[run_id])

    async def delete(self, task_id: str) -> int:
        self.asked.append(("delete", task_id))
        tasks = self._subtree(task_id)
        gone = {task.id for task in tasks}
        for task in self.tasks.values():
            if task.id in gone and task.status is TaskStatus.IN_PROGRESS:
                raise TaskError(f"task '{task.name}' runs", "Cancel it first")
            if task.id not in gone and any(dependency.id in gone for dependency in task.dependencies):
                raise TaskError(f"task '{task.name}' depends on it", "Delete that one first")
        self.tasks = {id: task for id, task in self.tasks.items() if id not in gone}
        if task_id == tasks[0].run_id:
            self.publish(EventKind.DELETED, None, task_id)
        else:
            for task in tasks:
                self.publish(EventKind.DELETED, task)
        return len(tasks)

    async def export(self, run_ids: Sequence[str]) -> AsyncIterator[str]:
        yield '{"taskdeck":1}'
        for run_id in run_ids:
            yield f'{{"run":{{"id":"{run_id}"}}}}'

    def new_task(self, name: str, *, user_id: str | None = None, **fields: Any) -> Task:
        task_id = f"task-{len(self.tasks) + 1}"
        return Task(task_id, name, task_id, user_id=user_id, created=self.now.timestamp(), **fields)

    async def copy(self, task_id: str) -> TaskTreeNode:
        self.asked.append(("copy", task_id))
        nodes: dict[str | None, TaskTreeNode] = {}
        for task in self._subtree(task_id):
            if task.spawned is not None and task.id != task_id:
                continue
            made = Task(f"copy-{task.id}", task.name, "", created=self.now.timestamp(), original_task_id=task.id)
            made.inputs, made.params = dict(task.inputs), dict(task.params)
            nodes[task.id] = TaskTreeNode(made)
            if task.id != task_id:
                nodes[task.parent_id].add_child(nodes[task.id])
        return nodes[task_id]

    async def submit(self, root: TaskTreeNode, *, label: str | None = None, dry_run: bool = False) -> str:
        self.asked.append(("submit", root.task.name))
        for node, parent in root.walk():
            node.task.run_id = root.task.id
            node.task.parent_id = parent.task.id if parent is not None else None
            self.tasks[node.task.id], self.logs[node.task.id] = node.task, []
            self.publish(EventKind.CREATED, node.task)
        self._behave(root.task)
        return root.task.id

    async def runs(self, *, before: int | None = None, limit: int = 100) -> list[Run]:
        roots = [task for task in self.tasks.values() if task.parent_id is None]
        found = [
            Run(seq, task.run_id, task, task.status, task.created_at, task.completed_at, self._counts(task.run_id))
            for seq, task in enumerate(roots, 1)
            if before is None or seq < before
        ]
        return found[::-1][:limit]

    def _counts(self, run_id: str) -> TaskCounts:
        found = Counter(str(task.status) for task in self.tasks.values() if task.run_id == run_id)
        return TaskCounts(**found)

    async def tree(self, run_id: str) -> list[Task]:
        return [task for task in self.tasks.values() if task.run_id == run_id]

    async def task(self, task_id: str) -> Task | None:
        return self.tasks.get(task_id)

    async def log(self, task_id: str, *, attempt: int | None = None) -> list[LogLine]:
        wanted = attempt if attempt is not None else self.tasks[task_id].attempt
        return [line for number, line in self.logs.get(task_id, ()) if number == wanted]

    async def log_numbers(self, task_ids: Sequence[str], *, attempt: int | None = None) -> array[int]:
        found = [
            (id, number, line)
            for id in task_ids
            for number, line in self.logs.get(id, ())
            if attempt in (None, number) and not line.is_passing
        ]
        if len(task_ids) > 1:
            found.sort(key=lambda entry: entry[2].at)
        self._numbered += found
        return array("q", range(len(self._numbered) - len(found), len(self._numbered)))

    async def log_page(self, numbers: Sequence[int]) -> list[Entry]:
        return [self._numbered[number] for number in numbers]

    async def attempts(self, task_id: str) -> list[Attempt]:
        task = self.tasks[task_id]
        return [*self.tried.get(task_id, ()), *([self._attempt(task)] if task.started_at is not None else [])]

    async def traces(self, task_id: str) -> list[Trace]:
        return self.traced.get(task_id, [])

    # --- the script ------------------------------------------------------------------------------------------

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    def publish(self, kind: EventKind, task: Task | None = None, data: Any = None) -> None:
        for subscriber in self._subscribers:
            subscriber(Event(kind, task, data))

    def add(
        self,
        name: str,
        *,
        id: str | None = None,
        parent: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        after: Sequence[str] = (),
        **fields: Any,
    ) -> Task:
        """A pending task; ids are `task-1`, `task-2` ... unless given."""
        number = len(self.tasks) + 1
        task_id = id or f"task-{number}"
        run_id = self.tasks[parent].run_id if parent else task_id
        task = Task(
            task_id,
            name,
            run_id,
            parent_id=parent,
            inputs=dict(inputs or {}),
            dependencies=tuple(Dependency(name) for name in after),
            created=self.now.timestamp(),
            user_id="ada",
            **fields,
        )
        self.tasks[task_id] = task
        self.logs[task_id] = []
        self.publish(EventKind.CREATED, task)
        return task

    def start(self, task_id: str, *, progress: float = 0.0, message: str = "", ago: float = 0.0) -> None:
        """The task runs since `ago` seconds."""
        task = self.tasks[task_id]
        first = task.status is not TaskStatus.IN_PROGRESS
        task.status, task.progress, task.progress_message = TaskStatus.IN_PROGRESS, progress, message
        if first:
            task.attempt += 1
            task.started_at, task.not_before = self.now - timedelta(seconds=ago), None
            spec = self.catalogue.get(task.executor_id)
            task.executor_version = task.executor_version or (spec.version if spec is not None else None)
        self.publish(EventKind.STARTED if first else EventKind.PROGRESS, task)

    def log_line(self, task_id: str, text: str, stream: str = "stdout") -> None:
        line = LogLine(self.now.timestamp(), stream, text)
        task = self.tasks[task_id]
        self.logs[task_id].append((task.attempt + (task.status is TaskStatus.PENDING), line))
        self.publish(EventKind.LOG, task, line)

    def publish_log(self, task_id: str, text: str, stream: str = "stdout") -> None:
        """A line that is told of and not stored."""
        self.publish(EventKind.LOG, self.tasks[task_id], LogLine(self.now.timestamp(), stream, text))

    def finish(
        self,
        task_id: str,
        status: TaskStatus = TaskStatus.COMPLETED,
        result: Any = None,
        *,
        error: str | None = None,
        error_type: str | None = None,
        took: float = 0.012,
    ) -> None:
        task = self.tasks[task_id]
        task.status, task.result, task.error, task.error_type = status, result, error, error_type
        if task.started_at is None:
            task.started_at = self.now
        task.completed_at = task.started_at + timedelta(seconds=took)
        if status is TaskStatus.COMPLETED:
            task.progress = 1.0
        self.publish(EventKind.FINISHED, task)

    def mark_skipped(self, task_id: str) -> None:
        """A person had it count as completed."""
        task = self.tasks[task_id]
        self._archive(task)
        task.status, task.skipped, task.progress, task.completed_at = TaskStatus.COMPLETED, True, 1.0, self.now
        self.publish(EventKind.FINISHED, task)

    def retry(self, task_id: str, seconds: float, error: str, error_type: str = "ConnectionError") -> None:
        """The attempt failed; the next one comes in `seconds`."""
        task = self.tasks[task_id]
        task.error, task.error_type, task.completed_at = error, error_type, self.now
        task.status = TaskStatus.FAILED
        self.log_line(task_id, f"attempt {task.attempt} failed: {error}; next in {seconds:g} s", "engine")
        self._archive(task)
        task.not_before = self.now + timedelta(seconds=seconds)
        self.publish(EventKind.RETRYING, task, seconds)

    def _attempt(self, task: Task) -> Attempt:
        return Attempt(
            task.attempt, task.status, task.started_at, task.completed_at, task.error, task.error_type, task.result,
            dict(task.inputs), task.executor_version,
        )  # fmt: skip

    def _archive(self, task: Task) -> None:
        """Back to pending; what it was is history."""
        if task.started_at is not None:
            self.tried.setdefault(task.id, []).append(self._attempt(task))
        task.blank(self.now)

    def publish_catalogue(self, catalogue: Catalogue) -> None:
        """The loader has a new snapshot; problems that were not there before are told apart."""
        before = set(self.catalogue.problems)
        self.catalogue = catalogue
        for problem in catalogue.problems:
            if problem not in before:
                self.publish(EventKind.PROBLEM, data=problem)
        self.publish(EventKind.CATALOGUE, data=catalogue)

    def _subtree(self, task_id: str) -> list[Task]:
        found = [self.tasks[task_id]]
        for task in self.tasks.values():
            if any(task.parent_id == parent.id for parent in found):
                found.append(task)
        return found

    def _behave(self, task: Task) -> None:
        behaviour = self.behaviours.get(task.executor_id, complete)
        running = asyncio.ensure_future(behaviour(self, task))
        self._background.add(running)
        running.add_done_callback(self._background.discard)


async def complete(engine: FakeEngine, task: Task) -> None:
    """What a launched task does unless scripted: greets."""
    engine.start(task.id)
    await asyncio.sleep(0)
    name = task.inputs.get("name", "Guest")
    engine.finish(task.id, result={"greeting": f"Hello, {name}!", "status": "completed"})


class FakeThread:
    """Stands for EngineThread; everything happens on the caller's loop. `failure` is raised by `start`."""

    def __init__(self, engine: FakeEngine, failure: Exception | None = None) -> None:
        self.engine = engine
        self.failure = failure
        self.stopped: bool | None = None

    @property
    def settings(self) -> FakeSettings:
        return self.engine.settings

    def subscribe(self, subscriber: Subscriber) -> None:
        self.engine.subscribe(subscriber)

    async def start(self) -> None:
        if self.failure:
            raise self.failure

    async def ask(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return await coroutine

    async def stop(self, *, cancel: bool) -> None:
        self.stopped = cancel
