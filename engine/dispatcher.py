"""From ready to concluded: commits, events, slots and what follows from each end (behaviour.md 4.1, 5, 7.1).

The order that makes it durable: a row changes only after its commit, dependents are planned at once but their execute
begins after that same commit, and nobody is told before.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from copy import copy
from datetime import datetime
from typing import Any

from engine import hooks, json_data, statements
from engine.catalogue import ExecutorSpec
from engine.errors import TaskError
from engine.events import EventBus, EventKind, LogLine
from engine.executor import TaskContext
from engine.graph import Node, Spread, Tree, settle
from engine.output import Keeper, Reports, TaskLog
from engine.run import Job, Outcome, Prepared, check, failed, prepare, scrub
from engine.runners import Runner
from engine.scheduler import Scheduler
from engine.secrets import hidden_texts, mask
from engine.settings import Settings
from engine.statements import Write
from engine.stopper import Stopper
from engine.store import Store
from engine.task import Task, TaskStatus, now

logger = logging.getLogger(__name__)
PROGRESS_SECONDS = 1.0
"""How often a task's progress is written at most; the screen gets every change."""
MESSAGE_LIMIT = 500
"""Characters of a progress message that are kept."""

FindSpec = Callable[[str], tuple[ExecutorSpec | None, str]]
"""An executor by id, and the words for when there is none."""


class Dispatcher:
    """Runs trees on slots. `inputs` holds the real inputs of tasks whose stored ones are masked (8.6)."""

    def __init__(self, store: Store, bus: EventBus, runner: Runner, settings: Settings, find: FindSpec) -> None:
        self.trees: dict[str, Tree] = {}
        self.nodes: dict[str, Node] = {}
        self.inputs: dict[str, dict[str, Any]] = {}
        self.endings: dict[str, asyncio.Future[TaskStatus]] = {}
        self.jobs: dict[Node, Job] = {}
        self._store = store
        self.bus = bus
        self._runner = runner
        self._settings = settings
        self._find = find
        self._loop = asyncio.get_running_loop()
        self._reports = Reports(self._loop, self._deliver)
        self._work: set[asyncio.Task[None]] = set()
        self.scheduler = Scheduler(settings.slots, self._begin)
        self._stopper = Stopper(self, store, runner, settings)
        self.cancel = self._stopper.cancel
        self.stop = self._stopper.stop
        self.abandoned = self._stopper.abandoned

    # ── trees ────────────────────────────────────────────────────────────────────────────────────────────────────

    def activate(self, tree: Tree, spread: Spread) -> None:
        """Take over a counted tree whose rows are on disk."""
        self.trees[tree.run_id] = tree
        self.nodes.update(tree.nodes)
        self.endings.setdefault(tree.run_id, self._loop.create_future())
        self.follow(tree, spread)

    def follow(self, tree: Tree, spread: Spread) -> None:
        """Go on from a recount: queue what is ready, store groups that ended by it, end the tree if nothing is left."""
        self._queue(spread.ready)
        if spread.groups:
            self.spawn(self._store_groups(tree, spread.groups))
        self.scheduler.pump()
        self._end(tree)

    async def _store_groups(self, tree: Tree, groups: list[Node]) -> None:
        tree.open += 1
        at = now()
        await self._store.writer.commit(self.group_writes(groups, at))
        self.show_groups(groups, at)
        tree.open -= 1
        self._end(tree)

    def _queue(self, nodes: Iterable[Node]) -> None:
        ready = list(nodes)
        self.scheduler.push(ready)
        for node in ready:
            self.bus.publish(EventKind.QUEUED, node.task)

    def _end(self, tree: Tree) -> None:
        """Tell the end of a tree exactly once, when nothing of it runs, waits or is still to be written (6.2)."""
        if tree.live or tree.open or self.trees.get(tree.run_id) is not tree:
            return
        del self.trees[tree.run_id]
        for task_id in tree.nodes:
            self.nodes.pop(task_id, None)
            self.inputs.pop(task_id, None)
        status = tree.status
        self._store.end_run(tree.run_id)
        root = tree.nodes.get(tree.run_id)
        self.bus.publish(EventKind.TREE_FINISHED, root.task if root else None, status)
        ending = self.endings.pop(tree.run_id, None)
        if ending is not None and not ending.done():
            ending.set_result(status)

    # ── one attempt ──────────────────────────────────────────────────────────────────────────────────────────────

    def _begin(self, node: Node) -> None:
        """Given a slot. Without hooks its in_progress is queued before this returns, to share the present commit."""
        node.status = TaskStatus.IN_PROGRESS
        node.tree.open += 1
        spec, unknown = self._find(node.task.executor_id)
        try:
            prepared = prepare(self.inputs.get(node.task.id, node.task.inputs), node, spec, unknown)
        except Exception as error:  # ours or a schema's fault; the task must not hang in its slot for it
            logger.exception("preparing task %s failed", node.task.id)
            prepared = Prepared({}, refusal=failed(f"its inputs cannot be prepared: {error}", type(error).__name__))
        if hooks.pre_hooks and prepared.refusal is None:
            self.spawn(self._begin_with_hooks(node, spec, prepared))
        else:
            self._start(node, spec, prepared)

    async def _begin_with_hooks(self, node: Node, spec: ExecutorSpec | None, prepared: Prepared) -> None:
        """Pre hooks see a copy of the task with the effective inputs, and may change those (6.1)."""
        seen = json_data.encode(prepared.inputs)
        view = _view(node.task, prepared.inputs)
        for hook in tuple(hooks.pre_hooks):
            try:
                await self._runner.call(hook, view)
            except Exception:
                logger.exception("pre hook %r failed for task %s", hook, node.task.id)
        try:
            changed = json_data.encode(view.inputs) != seen
            prepared.inputs = view.inputs
            if changed and spec is not None:
                check(prepared, spec)
        except json_data.NotJson as problem:
            prepared.refusal = failed(f"a pre hook left inputs that are not JSON at {problem}", "validation_error")
        self._start(node, spec, prepared)

    def _start(self, node: Node, spec: ExecutorSpec | None, prepared: Prepared) -> None:
        """Queue the in_progress row, then carry on once it is on disk."""
        task, at = node.task, now()
        attempt = task.attempt + 1
        public = mask(spec.schema if spec else {}, prepared.inputs)
        text = json_data.encode(public) if public != task.inputs else None
        version = spec.version if spec else None
        writes = [statements.start(task.id, attempt, at, text, version)]
        groups = self._open_groups(node)
        writes += [statements.start(g.task.id, g.task.attempt + 1, at, None, None) for g in groups]
        job = None
        if spec is not None and prepared.refusal is None:
            job = self._job(node, spec, prepared, hidden_texts(prepared.inputs, public))
        committed = self._store.writer.commit(writes)
        self.spawn(self._carry(node, job, prepared, committed, (at, attempt, public, version, groups)))

    def _job(self, node: Node, spec: ExecutorSpec, prepared: Prepared, secrets: tuple[str, ...]) -> Job:
        # execute gets objects of its own: what it does to them changes nothing stored (4.8)
        inputs = json_data.decode(json_data.encode(prepared.inputs)) if prepared.inputs else {}
        log = TaskLog(node, self._reports, secrets)
        context = TaskContext(
            _view(node.task, inputs),
            lambda fraction, message: self._progressed(node, fraction, message),
            lambda text: log.line("log", text),
        )
        timeout = node.task.params.get("timeout") or spec.timeout
        if not isinstance(timeout, int | float) or timeout <= 0:
            timeout = None
        job = Job(spec, inputs, context, log, self._settings, Keeper(self._settings.log_lines), timeout)
        self.jobs[node] = job
        return job

    async def _carry(
        self,
        node: Node,
        job: Job | None,
        prepared: Prepared,
        committed: asyncio.Future[None],
        started: tuple[datetime, int, dict[str, Any], str | None, list[Node]],
    ) -> None:
        """The life of one attempt after its in_progress was queued."""
        try:
            await committed
        except TaskError as refusal:
            await self._lost(node, refusal)
            return
        at, attempt, public, version, groups = started
        for opened in (node, *groups):
            opened.task.started_at = opened.task.updated_at = at
            opened.task.attempt += 1
            opened.task.status = TaskStatus.IN_PROGRESS
        node.task.effective_inputs = public
        node.task.executor_version = version
        for opened in (*groups, node):
            self.bus.publish(EventKind.STARTED, opened.task)
        for note in prepared.notes:
            self._note(node, note)
        if job is None:
            await self.conclude(node, None, prepared.refusal or failed("it has no executor", "unknown_executor"))
            return
        job.context.task.attempt, job.context.task.started_at = attempt, at
        job.context.task.status = TaskStatus.IN_PROGRESS
        timer = self._loop.call_later(job.timeout, self._stopper.expire, node, job) if job.timeout else None
        outcome = await self._runner.run(job)
        if timer is not None:
            timer.cancel()
        if job.abandoned:
            self._stopper.late(node, job, attempt, outcome)
        else:
            await self.conclude(node, job, outcome)

    async def conclude(self, node: Node, job: Job | None, outcome: Outcome) -> None:
        """Store the outcome, then tell; dependents start with the same commit unless hooks stand between (4.1)."""
        self._reports.flush()
        self.jobs.pop(node, None)
        if job is not None and job.ended is not None:
            job.ended.set()
        task, at = node.task, now()
        progress = 1.0 if outcome.status is TaskStatus.COMPLETED else task.progress
        error = json_data.storable(outcome.error) if outcome.error is not None else None
        writes = self._last_lines(node, job, outcome)
        writes.append(
            statements.finish(task.id, outcome.status, outcome.packed, error, outcome.error_type, progress, at)
        )
        self.scheduler.release(node)
        try:
            if hooks.post_hooks:
                await self._store.writer.commit(writes)
                await self._post_hooks(node, job, outcome)
                writes = []
            spread = settle(node, outcome.status, outcome.result)
            writes += self.group_writes(spread.groups, at)
            committed = self._store.writer.commit(writes)
            self._queue(spread.ready)
            self.scheduler.pump()
            await committed
        except TaskError as refusal:
            await self._lost(node, refusal)
            return
        task.result, task.error, task.error_type = outcome.result, error, outcome.error_type
        task.progress, task.completed_at, task.updated_at = progress, at, at
        task.status = outcome.status
        self.bus.publish(EventKind.FINISHED, task)
        self.show_groups(spread.groups, at)
        node.tree.open -= 1
        for tree in {node.tree, *(other.tree for other in spread.stuck)}:
            self._end(tree)

    async def _post_hooks(self, node: Node, job: Job | None, outcome: Outcome) -> None:
        inputs = job.inputs if job is not None else dict(node.task.inputs)
        view = _view(node.task, inputs)
        view.status, view.result, view.error = outcome.status, outcome.result, outcome.error
        for hook in tuple(hooks.post_hooks):
            try:
                await self._runner.call(hook, view, inputs, outcome.result)
            except Exception:
                logger.exception("post hook %r failed for task %s", hook, node.task.id)

    async def _lost(self, node: Node, refusal: TaskError) -> None:
        """The stored row went another way (another process changed it): take over what it says."""
        logger.error("task %s: %s", node.task.id, refusal)
        stored = await self._store.task(node.task.id)
        status = stored.status if stored is not None and stored.is_terminal else TaskStatus.FAILED
        self.scheduler.release(node)
        self.jobs.pop(node, None)
        if stored is not None:
            for name in ("result", "error", "error_type", "progress", "started_at", "completed_at", "attempt"):
                setattr(node.task, name, getattr(stored, name))
        node.task.status = status
        if not node.settled:
            self.follow(node.tree, settle(node, status, node.task.result))
        self.bus.publish(EventKind.FINISHED, node.task)
        node.tree.open -= 1
        self._end(node.tree)

    # ── groups ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _open_groups(self, node: Node) -> list[Node]:
        """The groups that begin with this node, innermost first."""
        found = []
        group = node.group
        while group is not None and not group.opened:
            group.opened = True
            group.status = TaskStatus.IN_PROGRESS
            found.append(group)
            group = group.group
        return found

    def group_writes(self, groups: list[Node], at: datetime) -> list[Write]:
        writes = []
        for group in groups:
            if not group.opened:
                writes.append(statements.start(group.task.id, group.task.attempt + 1, at, None, None))
            error, kind, progress = _group_end(group)
            writes.append(statements.finish(group.task.id, group.status, None, error, kind, progress, at))
        return writes

    def show_groups(self, groups: list[Node], at: datetime) -> None:
        for group in groups:
            task = group.task
            if not group.opened:
                group.opened = True
                task.attempt, task.started_at = task.attempt + 1, at
            task.error, task.error_type, task.progress = _group_end(group)
            task.completed_at = task.updated_at = at
            task.status = group.status
            self.bus.publish(EventKind.FINISHED, task)

    # ── what attempts report ─────────────────────────────────────────────────────────────────────────────────────

    def _progressed(self, node: Node, fraction: float, message: str) -> None:
        """Any thread. What is no number is let be: a wrong progress must not fail the work."""
        job = self.jobs.get(node)
        try:
            value = min(max(float(fraction), 0.0), 1.0)
        except (TypeError, ValueError):
            return
        if job is not None and value == value:
            job.progress = (value, scrub(json_data.storable(str(message)), job)[:MESSAGE_LIMIT])
            self._reports.notify(node)

    def _deliver(self, node: Node) -> None:
        """On the loop: an attempt's new lines and latest progress, to the store and to the bus."""
        job = self.jobs.get(node)
        if job is None:
            return
        task = node.task
        if lines := job.log.take():
            self._store.writer.write([statements.log(task.id, task.attempt, line) for line in job.keeper.keep(lines)])
            for line in lines:
                self.bus.publish(EventKind.LOG, task, line)
        if job.progress is not None:
            (task.progress, task.progress_message), job.progress = job.progress, None
            self.bus.publish(EventKind.PROGRESS, task)
            if time.monotonic() - job.progress_stored >= PROGRESS_SECONDS:
                job.progress_stored = time.monotonic()
                self._store.writer.write([statements.progress(task, now())])

    def _note(self, node: Node, text: str) -> None:
        """A line of the engine's own in a task's log."""
        line = LogLine(time.time(), "engine", text)
        self._store.writer.write([statements.log(node.task.id, node.task.attempt, line)])
        self.bus.publish(EventKind.LOG, node.task, line)

    def _last_lines(self, node: Node, job: Job | None, outcome: Outcome) -> list[Write]:
        """Lines that were held back, and the traceback, to be stored with the outcome."""
        lines = job.keeper.rest() if job is not None else []
        if outcome.trace:
            traced = [LogLine(time.time(), "traceback", text) for text in outcome.trace.rstrip("\n").split("\n")]
            for line in traced:
                self.bus.publish(EventKind.LOG, node.task, line)
            lines += traced
        return [statements.log(node.task.id, node.task.attempt, line) for line in lines]

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` on the loop and keep it alive; a fault in it is ours and goes to the log."""
        task = self._loop.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("an engine task failed", exc_info=error)


def _view(task: Task, inputs: dict[str, Any]) -> Task:
    """A copy for foreign code: what it changes there changes nothing of ours."""
    view = copy(task)
    view.inputs = inputs
    return view


def _group_end(group: Node) -> tuple[str | None, str | None, float]:
    """error, error_type and progress of a group that ended."""
    if group.status is TaskStatus.COMPLETED:
        return None, None, 1.0
    done = sum(child.status is TaskStatus.COMPLETED for child in group.children)
    text = f"{len(group.children) - done} of {len(group.children)} tasks in it did not complete"
    return text, f"group_{group.status.value}", done / len(group.children)
