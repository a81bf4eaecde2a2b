"""From ready to concluded: commits, events, slots and what follows from each end (behaviour.md 4.1, 5, 7.1).

The order that makes it durable: a row changes only after its commit, dependents are planned at once but their execute
begins after that same commit, and nobody is told before.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from engine import groups, hooks, json_data, references, statements
from engine.catalogue import ExecutorSpec
from engine.children import Children
from engine.errors import TaskError
from engine.events import EventBus, EventKind
from engine.executor import TaskContext
from engine.graph import Node, Spread, Tree, detach_spawned, may_go_ahead, settle
from engine.history_statements import end_run
from engine.neighbours import Neighbours
from engine.output import Keeper, TaskLog
from engine.pins import FindSpec, Pins
from engine.policy import DEFAULT, Policy
from engine.questions import Questions
from engine.reporter import Reporter
from engine.run import Job, Outcome, Prepared, failed, prepare, public_inputs, take_edited
from engine.runners import Runner
from engine.scheduler import Scheduler
from engine.secrets import hidden_texts, mask
from engine.settings import Settings
from engine.statements import Write
from engine.stopper import CANCELLED_WORDS, Stopper
from engine.store import Store
from engine.task import AS_GIVEN, Task, TaskStatus, now

logger = logging.getLogger(__name__)
AHEAD = 1_000
"""Commits that may be under way while attempts still begin ahead of theirs (4.7)."""
LONGEST_TIMER = 86_400.0
"""Seconds that one timer may wait; a later start is looked at again then."""


@dataclass(slots=True)
class _Begun:
    """An attempt whose in_progress is being stored: what its row gets, and the groups that begin with it."""

    at: datetime
    attempt: int
    effective: str
    version: str | None
    groups: list[Node]
    ahead: bool
    """Whether its code runs before that is on disk (4.7)."""


class Dispatcher:
    """Runs trees on slots. `inputs` holds the real inputs of tasks whose stored ones are masked (8.6)."""

    def __init__(self, store: Store, bus: EventBus, runner: Runner, settings: Settings, find: FindSpec) -> None:
        self.trees: dict[str, Tree] = {}
        self.nodes: dict[str, Node] = {}
        self.neighbours = Neighbours(self)
        self.inputs: dict[str, dict[str, Any]] = {}
        self.endings: dict[str, asyncio.Future[TaskStatus]] = {}
        self.jobs: dict[Node, Job] = {}
        self.bus = bus
        self.on_end: Callable[[Tree], None] = lambda tree: None
        """Called with a run that has ended; no subscriber of the bus, which is free as long as nobody listens."""
        self.commit = store.writer.commit
        self._store = store
        self._runner = runner
        self._settings = settings
        self._find = find
        self._loop = asyncio.get_running_loop()
        self.pins = Pins(find)
        self._work: set[asyncio.Task[None]] = set()
        self._attempts: dict[Job, asyncio.Task[None]] = {}
        self._timers: dict[Node, asyncio.TimerHandle] = {}
        self._reporter = Reporter(store, bus, self.jobs)
        self._children = Children(self)
        self.questions = Questions(self, store)
        self.scheduler = Scheduler(settings.slots, self._begin, settings.pools)
        self._stopper = Stopper(self, store, runner, settings)
        self.cancel = self._stopper.cancel
        self.stop = self._stopper.stop
        self.abandoned = self._stopper.abandoned

    def keep_secrets(self, task: Task, inputs: dict[str, Any]) -> None:
        """The row gets masked inputs; the real ones stay in memory until the tree has ended (8.6)."""
        schema = references.schema_of(task)
        if schema is None and (spec := self._find(task.executor_id)[0]) is not None:
            schema = spec.schema
        task.inputs = references.keep_references(task, inputs, mask(schema or {}, inputs))
        if task.inputs is not inputs:
            self.inputs[task.id] = inputs

    # ── trees ────────────────────────────────────────────────────────────────────────────────────────────────────

    def activate(self, tree: Tree, spread: Spread) -> None:
        """Take over a counted tree whose rows are on disk."""
        self.trees[tree.run_id] = tree
        self.nodes.update(tree.nodes)
        self.endings.setdefault(tree.run_id, self._loop.create_future())
        self.follow(tree, spread)

    def follow(self, tree: Tree, spread: Spread) -> None:
        """Go on from a recount: queue what is ready, store groups that ended by it, end trees with nothing left."""
        self.enqueue(spread.ready)
        trees = {tree} | spread.trees()
        self.open(trees)
        if spread.groups:  # queued before the pump, so that they are on disk before what waited for them begins
            ends = groups.end(spread.groups, now())
            self.spawn(self._store_groups(ends, self.commit(groups.end_writes(ends)), trees))
        self.scheduler.pump()
        if not spread.groups:
            self.close(trees)

    async def _store_groups(self, ends: list[groups.Ending], committed: asyncio.Future[None], trees: set[Tree]) -> None:
        try:
            await committed
            self.show_groups(ends)
        finally:
            self.close(trees)

    def open(self, trees: Iterable[Tree]) -> None:
        """Something of these trees is still to be written or told: they do not end before `close`."""
        for tree in trees:
            tree.open += 1

    def close(self, trees: Iterable[Tree]) -> None:
        for tree in trees:
            tree.open -= 1
            self._end(tree)

    def show_groups(self, ends: list[groups.Ending]) -> None:
        groups.end_rows(ends)
        for end in ends:
            self.told(end.group)

    def enqueue(self, nodes: Iterable[Node]) -> None:
        """Queue ready nodes but for those whose time or answer has not come; call `scheduler.pump` next."""
        ready = []
        for node in nodes:
            if node.task.not_before is not None and self._waits_for_its_time(node):
                continue
            node.policy = self._policy_of(node)
            if node.spec is not None and node.spec.asks and self.questions.holds(node):
                continue
            ready.append(node)
        self.scheduler.push(ready)
        for node in ready:
            self.bus.publish(EventKind.QUEUED, node.task)

    def _policy_of(self, node: Node) -> Policy:
        self.pins.pin(node)
        policy = node.spec.policy if node.spec is not None else DEFAULT
        return policy.with_params(node.task.params) if node.task.params else policy

    def _waits_for_its_time(self, node: Node) -> bool:
        assert node.task.not_before is not None
        left = (node.task.not_before - now()).total_seconds()
        if left <= 0:
            return False
        if node not in self._timers:
            self._timers[node] = self._loop.call_later(min(left, LONGEST_TIMER), self._due, node)
        return True

    @property
    def scheduled(self) -> int:
        """How many tasks wait for their time: retries, and what is to begin later."""
        return len(self._timers)

    def _due(self, node: Node) -> None:
        self._timers.pop(node, None)
        if node.ready and self.nodes.get(node.task.id) is node:
            self.enqueue([node])
            self.scheduler.pump()

    def _end(self, tree: Tree) -> None:
        """Tell the end of a tree exactly once, when nothing of it runs, waits or is still to be written (6.2)."""
        if tree.live or tree.open or self.trees.get(tree.run_id) is not tree:
            return
        del self.trees[tree.run_id]
        self.forget(tree.nodes.values())
        self.neighbours.drop(tree)
        self.pins.release(tree)
        status = tree.status
        counts = Counter(node.status for node in tree.nodes.values())
        self._store.writer.write([end_run(tree.run_id, status, counts, now())])
        root = tree.nodes.get(tree.run_id)
        self.bus.publish(EventKind.TREE_FINISHED, root.task if root else None, status)
        self.on_end(tree)
        ending = self.endings.pop(tree.run_id, None)
        if ending is not None and not ending.done():
            ending.set_result(status)

    # ── the beginning of an attempt ──────────────────────────────────────────────────────────────────────────────

    def _begin(self, node: Node) -> None:
        """Given a slot. Without hooks its in_progress is queued before this returns, to share the present commit."""
        if (job := self.jobs.get(node)) is not None:  # it has its slot back after it waited for its children
            if job.slot is not None and not job.slot.done():
                job.slot.set_result(None)
            return
        node.status, node.unwanted = TaskStatus.IN_PROGRESS, False
        node.tree.open += 1
        unknown = self.pins.pin(node)
        spec = node.spec
        try:
            flow = references.flow_inputs(node, self.inputs) if node.task.has_references else None
            prepared = prepare(self.inputs.get(node.task.id, node.task.inputs), node, spec, unknown, flow)
        except Exception as error:  # ours or a schema's fault; the task must not hang in its slot for it
            logger.exception("preparing task %s failed", node.task.id)
            prepared = Prepared({}, refusal=failed(f"its inputs cannot be prepared: {error}", type(error).__name__))
        if prepared.skip:
            self.spawn(self.conclude(node, None, Outcome(TaskStatus.COMPLETED, skip=prepared.skip)))
        elif hooks.pre_hooks and prepared.refusal is None:
            self.spawn(self._begin_with_hooks(node, spec, prepared))
        else:
            self._start(node, spec, prepared)

    async def _begin_with_hooks(self, node: Node, spec: ExecutorSpec | None, prepared: Prepared) -> None:
        inputs = await hooks.before(self._runner.call, node.task, json_data.decode(prepared.text))
        take_edited(prepared, spec, inputs)
        if self.scheduler.is_open:  # else the engine ended meanwhile: it stays pending
            self._start(node, spec, prepared)

    def _start(self, node: Node, spec: ExecutorSpec | None, prepared: Prepared) -> None:
        """Queue the in_progress row, then carry on once it is on disk."""
        task, at = node.task, now()
        public, masked = public_inputs(prepared, spec)
        prepared.notes[:0] = references.notes_of(prepared.filled, masked)
        effective = AS_GIVEN
        if public != task.inputs:
            effective = prepared.text if public is prepared.inputs else json_data.encode(public)
        version = spec.version if spec else None
        attempt = task.attempt + 1
        writes = [statements.start(task.id, attempt, at, effective or None, version, node.policy.retry_safe)]
        if spec is not None:
            writes += self.pins.source_of(spec, at)
        opened = groups.open_groups(node)
        for group in opened:  # it runs nothing itself, so after a crash it goes on with its children
            writes.append(groups.start(group, at))
        job = None
        if node.unwanted:
            prepared.refusal = Outcome(TaskStatus.CANCELLED, error=CANCELLED_WORDS, error_type="cancelled")
        if spec is not None and prepared.refusal is None:
            hidden = (*prepared.secrets, *hidden_texts(prepared.shown, masked))
            job = self._job(node, spec, prepared, (attempt, at), hidden)
        begun = _Begun(at, attempt, effective, version, opened, job is not None and self._may_go_ahead(node))
        self._store.writer.write(writes, partial(self._stored, node, job, prepared, begun))
        if begun.ahead and job is not None:
            self._run(node, job)

    def _may_go_ahead(self, node: Node) -> bool:
        """Not too far: what is ahead of the disk runs again after a crash, and takes memory until it is there."""
        return self._store.writer.backlog < AHEAD and may_go_ahead(node)

    def _job(
        self, node: Node, spec: ExecutorSpec, prepared: Prepared, begun: tuple[int, datetime], secrets: tuple[str, ...]
    ) -> Job:
        # execute gets objects of its own: what it does to them changes nothing stored (4.8)
        inputs = json_data.decode(prepared.text) if prepared.inputs else {}
        log = TaskLog(node, self._reporter.reports, secrets)

        context = TaskContext(
            node.task,
            inputs,
            *begun,
            partial(self._reporter.progressed, node),
            partial(log.line, "log"),
            partial(self._children.spawn, node, begun[0]),
        )  # nothing in it leads back to the job: such a circle would stay in memory until Python looks for it
        if spec.asks:
            context.answer = self.questions.take(node)
        keeper = Keeper(self._settings.log_lines)
        job = Job(spec, inputs, context, log, self._settings, keeper, node.policy, begun[0])
        self.jobs[node] = job
        return job

    def _stored(
        self, node: Node, job: Job | None, prepared: Prepared, begun: _Begun, refusal: TaskError | None
    ) -> None:
        """The in_progress of an attempt is on disk, or was refused: another process changed the row."""
        if refusal is not None:
            if begun.ahead and job is not None:
                self._runner.interrupt(job)  # the end of the attempt takes over the row's state
                self._reporter.caught_up(node, job)
            else:
                self.spawn(self.lost(node, refusal))
            return
        self._begun(node, prepared, begun)
        if job is None:
            self.spawn(self.conclude(node, None, prepared.refusal or failed("it has no executor", "unknown_executor")))
        elif begun.ahead:
            self._reporter.caught_up(node, job)
        else:
            self._run(node, job)

    def _run(self, node: Node, job: Job) -> None:
        limit = job.policy.timeout
        timer = self._loop.call_later(limit, self._stopper.expire, node, job) if limit else None
        job.host = self._attempts[job] = self._loop.create_task(self._attempt(node, job, timer))

    async def _attempt(self, node: Node, job: Job, timer: asyncio.TimerHandle | None) -> None:
        """The asyncio task of one attempt; with the inline runner its code runs in here."""
        try:
            outcome = await self._runner.run(job)
            if timer is not None:
                timer.cancel()
            if job.abandoned:
                self._stopper.late(node, job, outcome)
            else:
                await self.conclude(node, job, outcome)
        except Exception:  # ours: all that an executor does is an outcome
            logger.exception("an attempt of task %s failed in the engine", node.task.id)
        finally:
            self._attempts.pop(job, None)

    def _begun(self, node: Node, prepared: Prepared, begun: _Begun) -> None:
        """The in_progress of an attempt is on disk: the rows say so, and everyone is told."""
        for opened in (node, *begun.groups):
            opened.task.started_at = opened.task.updated_at = begun.at
            opened.task.attempt += 1
            opened.task.status = TaskStatus.IN_PROGRESS
            opened.task.not_before = None
        for opened in begun.groups:
            opened.task.executor_version = groups.version_of(opened.task)
        node.task.effective = begun.effective
        node.task.executor_version = begun.version
        for opened in (*begun.groups, node):
            self.bus.publish(EventKind.STARTED, opened.task)
        for note in prepared.notes:
            self._reporter.note(node, note)

    # ── its end ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def conclude(self, node: Node, job: Job | None, outcome: Outcome) -> None:
        """Store the outcome, then tell; dependents start with the same commit unless hooks stand between (4.1).

        Returns once that is queued; `Node.watchers` hear when it is on disk.
        """
        self._reporter.reports.flush()
        self.jobs.pop(node, None)
        if job is not None and job.ended is not None:
            job.ended.set()
        if outcome.status is not TaskStatus.COMPLETED and (left := self._children.open_of(node)):
            await self.cancel(left)
        at = now()
        progress = 1.0 if outcome.status is TaskStatus.COMPLETED else node.task.progress
        outcome.error = json_data.storable(outcome.error) if outcome.error is not None else None
        writes = self._reporter.last_lines(node, job, outcome)
        writes += self._ending(node.task, outcome, progress, at)
        self.scheduler.release(node)
        try:
            if (delay := self._retry_delay(node, job, outcome)) is not None:
                assert job is not None
                await self._retry(node, job, writes, outcome, delay)
                return
            if hooks.post_hooks and not outcome.skip:
                await self.commit(writes)
                inputs = job.inputs if job is not None else dict(node.task.inputs)
                await hooks.after(self._runner.call, node.task, inputs, (outcome.status, outcome.packed, outcome.error))
                writes = []
        except TaskError as refusal:
            await self.lost(node, refusal)
            return
        spread = settle(node, outcome.status, outcome.packed)
        trees: set[Tree] = set()
        ends: list[groups.Ending] = []
        if spread.groups or spread.stuck:
            trees = spread.trees() - {node.tree}
            self.open(trees)
            ends = groups.end(spread.groups, at)
            writes += groups.end_writes(ends)
        self._store.writer.write(writes, partial(self._ended, node, outcome, progress, at, ends, trees))
        self.enqueue(spread.ready)
        self.scheduler.pump()

    def _ending(self, task: Task, outcome: Outcome, progress: float, at: datetime) -> list[Write]:
        """The writes of an outcome: a task whose condition is false never began (8.4)."""
        if outcome.skip:
            return statements.skip(task.id, at, outcome.skip)
        error, kind = outcome.error, outcome.error_type
        return [statements.finish(task.id, outcome.status, outcome.packed, error, kind, progress, at)]

    def _ended(
        self,
        node: Node,
        outcome: Outcome,
        progress: float,
        at: datetime,
        ends: list[groups.Ending],
        trees: set[Tree],
        refusal: TaskError | None,
    ) -> None:
        """The outcome is on disk, with the `ends` of groups, or was refused."""
        if refusal is not None:
            self.close(trees)
            self.spawn(self.lost(node, refusal))
            return
        task = node.task
        task.packed, task.error, task.error_type = outcome.packed, outcome.error, outcome.error_type
        task.progress, task.completed_at, task.updated_at = progress, at, at
        task.status = outcome.status
        if outcome.skip:
            task.skipped, task.progress_message = True, outcome.skip
            self._reporter.note(node, f"skipped: {outcome.skip}")
        self.told(node)
        if ends:
            self.show_groups(ends)
        self.close((node.tree, *trees))

    def _retry_delay(self, node: Node, job: Job | None, outcome: Outcome) -> float | None:
        """Seconds until the next attempt, None for a final outcome (4.7)."""
        if job is None or outcome.status is not TaskStatus.FAILED:
            return None
        if outcome.error_type == "interrupted":  # the engine ends: the next one may run it again
            return 0.0 if job.policy.retry_safe else None
        if job.context.cancelled or job.abandoned or node.unwanted:
            return None
        return job.policy.delay(job.attempt - node.former, outcome.error_type, outcome.kinds)

    async def _retry(self, node: Node, job: Job, writes: list[Write], outcome: Outcome, delay: float) -> None:
        """The attempt goes to history, the task back to pending until its next one (2.2, 4.7)."""
        task, at = node.task, now()
        again = at + timedelta(seconds=delay)
        node.status = TaskStatus.PENDING
        self.forget(detach_spawned([node]))
        await self.commit([*writes, *statements.reset(task, task.inputs, at, again)])
        number, most = job.attempt - node.former, job.policy.retries + 1
        words = f"attempt {number} of {most} failed: {outcome.error}; next in {delay:.3g} s"
        self._reporter.note(node, words)
        task.blank(at)
        task.not_before = again
        self.bus.publish(EventKind.RETRYING, task, delay)
        if self.neighbours.is_met(node):
            self.enqueue([node] if node.ready else [])
            self.scheduler.pump()
        else:
            self.neighbours.look_again(node.tree)
        self.close([node.tree])

    def forget(self, nodes: Iterable[Node]) -> None:
        """Nodes that left their tree."""
        nodes = list(nodes)
        self.questions.drop(nodes)
        for node in nodes:
            self.nodes.pop(node.task.id, None)
            self.inputs.pop(node.task.id, None)

    def told(self, node: Node) -> None:
        """The end of a task is on disk: tell it."""
        node.task.hold = ""
        self.bus.publish(EventKind.FINISHED, node.task)
        watchers, node.watchers = node.watchers, ()
        for watcher in watchers:
            watcher()

    async def lost(self, node: Node, refusal: TaskError) -> None:
        """The stored row went another way (another process changed it): take over what it says."""
        logger.error("task %s: %s", node.task.id, refusal)
        stored = await self._store.task(node.task.id)
        status = stored.status if stored is not None and stored.is_terminal else TaskStatus.FAILED
        self.scheduler.release(node)
        self.jobs.pop(node, None)
        if stored is not None:
            for name in ("packed", "error", "error_type", "progress", "started_at", "completed_at", "attempt"):
                setattr(node.task, name, getattr(stored, name))
        node.task.status = status
        if not node.settled:
            self.follow(node.tree, settle(node, status, node.task.packed))
        elif node.status is not status:  # planned otherwise already
            node.status, node.packed = status, node.task.packed
            self.neighbours.look_again(node.tree, [node])
        self.told(node)
        self.close([node.tree])

    async def rest(self, seconds: float) -> None:
        """Wait until all that was spawned has ended, and is on disk; code that ignores its end is not waited for."""
        until = self._loop.time() + seconds
        while (working := {*self._work, *self._attempts.values()}) and (left := until - self._loop.time()) > 0:
            await asyncio.wait(working, timeout=left)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` on the loop and keep it alive; a fault in it is ours and goes to the log."""
        task = self._loop.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("an engine task failed", exc_info=error)
