"""The engine: wires store, catalogue, dispatcher and bus, and is what scripts and the console call (door 2).

It runs on whichever asyncio loop starts it: a script's own, or a thread's of its own beside the console.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from engine import statements
from engine.access import BARRED_HINT, Access
from engine.acts import Acts
from engine.adjust import adjust
from engine.answers import Answers
from engine.archive import Archive
from engine.arrays import tree_from_array
from engine.catalogue import Catalogue, ExecutorSpec, Launchable
from engine.counts import Counts
from engine.dispatcher import Dispatcher
from engine.errors import AccessError, ExecutorError, TaskError
from engine.events import Event, EventBus, EventKind
from engine.executor import DEFAULT_REGISTRY
from engine.flow import FlowProblem, FlowSpec
from engine.flow_tree import check, launched_tree
from engine.graph import Tree, tree_status
from engine.history import History
from engine.listener import Listener
from engine.loader import Folder, Loader
from engine.making import make_task
from engine.notifier import Notifier
from engine.operations import Operations
from engine.others import Others
from engine.past_version import past_version
from engine.plan import Plan, plan
from engine.presets import Presets
from engine.recovery import Recovery
from engine.runners import Runner
from engine.runners.inline import InlineRunner
from engine.runners.router import Router
from engine.schedules import Schedules
from engine.settings import Settings
from engine.spec import from_registry
from engine.stopper import going
from engine.store import Store
from engine.submission import Submission, place
from engine.surroundings import Surroundings, refuse_imports
from engine.task import Task, TaskStatus, TaskTreeNode, now
from engine.timekeeper import Timekeeper, launcher
from engine.trust import META, Trust
from engine.upkeep import Upkeep
from engine.version_source import VersionSource
from engine.watcher import SETTLED, Watcher, WatchState

logger = logging.getLogger(__name__)


class Engine(Archive):
    """One store, one catalogue, one set of slots. Without `folders` the catalogue is what the process imported (1.4).

    `take_over` says whether it goes on with runs whose engine ended before them (7.2); by default one with folders
    does, since a script knows too few executors and may end too soon; whether it may be the one that launches what is
    scheduled goes with it, unless `keep_schedules` says otherwise. All coroutines run on the loop that awaited
    `start`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        folders: Sequence[Folder] = (),
        *,
        store: Path | str | None = None,
        runner: Runner | None = None,
        take_over: bool | None = None,
        keep_schedules: bool | None = None,
    ) -> None:
        self.settings = settings or Settings.load()
        self.access = Access(self.settings)
        self.bus = EventBus()
        self.watch_state = WatchState.OFF
        self._path = store if store is not None else self.settings.store
        self._loader: Loader | None = None
        if folders:
            self._loader = Loader(folders, import_limit=self.settings.import_limit, in_use=self._pinned)
        self._catalogue = self._loaded = Catalogue(is_loading=bool(folders))
        self._runner = runner
        self._surroundings = Surroundings(self.settings)
        self._take_over = (bool(folders) if take_over is None else take_over) and not self.access.read_only
        self._keeps_schedules = (self._take_over if keep_schedules is None else keep_schedules) and (
            not self.access.read_only
        )
        self._watch_after = SETTLED if take_over is False else 0.0
        self._watching: asyncio.Task[None] | None = None
        self._open = False

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Open the store (raises `StoreError`), then load the folders and watch them in the background."""
        refuse_imports()
        self.store = await Store.open(self._path, synchronous=self.settings.synchronous, group=self.settings.group)
        if self._loader is not None and self.store.path is not None:
            self._loader.mark(self.store.path)  # before the fence looks at what is open
        self._surroundings.enter()
        trust = self._trust = Trust()
        trust.load(await self.store.meta(META))
        self._runner = Router(self._runner or InlineRunner(), self.settings, trust)
        self.dispatcher = Dispatcher(self.store, self.bus, self._runner, self.settings, self._find)
        self._submission = Submission(self.store, self.dispatcher, self.bus, self._find)
        self._operations = Operations(self.store, self.dispatcher, self._submission, self.bus)
        self._recovery = Recovery(self.store, self.dispatcher, self._submission, self.bus, self._find, trust)
        trust.on_change = self._distrusted
        self._acts = Acts(self.store, self.dispatcher, self._operations, self._find)
        questions = self.dispatcher.questions
        self.store.writer.on_trouble = self._tell
        looks = (questions.look, self._operations.follow_queue)
        self._others = Others(self.store, self.bus, self._acts.requests, self._owner_died, looks)
        self.answers = Answers(self.store, questions.look, self._audit, self.permit)
        if await self.store.meta("paused"):
            self.dispatcher.scheduler.pause()
        self.history = History(self.store)
        self.presets = Presets(self.store, self._find_entry, self.permit)
        self._upkeep = Upkeep(self.store, self.settings, self._is_busy, keeps=self._take_over)
        self.schedules = Schedules(self.store, self._find_entry, self._audit, self.permit, self.settings.user)
        self.timekeeper = Timekeeper(
            self.store, self.schedules, launcher(self.launch), lambda: self.is_loaded, self._tell
        )
        self._notifier = Notifier(self.settings.notify, self.store, self._tell)
        self.dispatcher.on_end = self._run_ended
        if any("asked" in rule.on for rule in self.settings.notify):
            self.bus.subscribe(self._heard)
        self._upkeep.start()
        self._open = True
        if self.store.path is not None:
            self._others.start()
        if self._keeps_schedules:
            self.timekeeper.start()
        if self._loader is None:
            await self._recovery.take_over(only_ended=not self._take_over)
        else:
            watcher = Watcher(self._loader, self._published, self._watched, after=self._watch_after)
            self._watching = asyncio.create_task(watcher.run(), name="watcher")

    async def stop(self, *, cancel: bool = False) -> None:
        """End. What has not begun goes on at the next start; what runs is stored as interrupted. Safe to repeat.

        With `cancel` all that runs is cancelled first, with what waits in the same runs, but for paused ones.
        """
        if not self._open:
            return
        self._open = False
        if self._watching is not None:
            self._watching.cancel()
        await self.timekeeper.stop()
        self.dispatcher.scheduler.close()
        await self._others.stop()
        if cancel:
            await self.dispatcher.cancel(going(self.dispatcher))
        await self.dispatcher.stop()
        await self._notifier.stop()
        await self._upkeep.stop()
        assert self._runner is not None
        await self._runner.close()
        self._surroundings.leave()
        if self._loader is not None:
            self._loader.close()
        await self.store.close()

    async def wind_down(self, seconds: float) -> None:
        """Start nothing new, and wait so long for what runs to end by itself; call `stop` next."""
        await self.timekeeper.stop()
        self.dispatcher.scheduler.close()
        until = asyncio.get_running_loop().time() + seconds
        while self._is_busy() and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 - ends wake nobody here
            await asyncio.sleep(0.05)

    async def drain(self) -> None:
        """Wait until every tree that was submitted has ended."""
        while self.dispatcher.endings:
            await asyncio.wait([asyncio.shield(f) for f in self.dispatcher.endings.values()])

    @property
    def catalogue(self) -> Catalogue:
        """The present snapshot; any thread may read it."""
        if self._loader is None and self._catalogue.epoch != DEFAULT_REGISTRY.epoch:
            self._catalogue = self.access.marked(from_registry(DEFAULT_REGISTRY))
        return self._catalogue

    @property
    def counts(self) -> Counts:
        if not self._open:
            return Counts()
        scheduler = self.dispatcher.scheduler
        asking = self.dispatcher.questions.asking + self._others.asking
        return Counts(len(scheduler.running), scheduler.queued, self.dispatcher.scheduled, asking)

    @property
    def store_trouble(self) -> str:
        """ "" while the store takes writes, else what the disk says (writes wait, nothing is lost)."""
        return self.store.writer.trouble if self._open else ""

    @property
    def is_loaded(self) -> bool:
        """Whether the catalogue holds all that the folders have, as far as it is known."""
        return self._loader is None or (bool(self._catalogue.epoch) and not self._catalogue.is_loading)

    def _run_ended(self, tree: Tree) -> None:
        self._upkeep.indexer.notify()
        self._notifier.ended(tree)

    def _heard(self, event: Event) -> None:
        if event.kind is EventKind.ASKED and event.task is not None and event.task.id in self.dispatcher.nodes:
            self._notifier.asked(event.task)

    def _tell(self, text: str) -> None:
        self.bus.publish(EventKind.NOTICE, data=text)

    def _is_busy(self) -> bool:
        return bool(self.dispatcher.scheduler.running)

    def _published(self, catalogue: Catalogue) -> None:
        is_first, self._loaded = not self._loaded.epoch, catalogue
        self._show()
        if is_first:
            self.dispatcher.spawn(self._recovery.take_over(only_ended=not self._take_over))
        self._recovery.look_again()

    def _distrusted(self) -> None:
        """It is remembered which executors run apart, and said where they are listed."""
        self.store.writer.write([statements.meta(META, self._trust.dump())])
        if self._loaded.epoch:
            self._show()

    def _show(self) -> None:
        former, self._catalogue = self._catalogue, self.access.marked(self._trust.marked(self._loaded))
        catalogue = self._catalogue
        self.bus.publish(EventKind.CATALOGUE, data=catalogue)
        for problem in catalogue.problems:
            if problem not in former.problems:
                self.bus.publish(EventKind.PROBLEM, data=problem)

    async def _owner_died(self) -> None:
        """Another process ended before its runs (7.2)."""
        if self._loader is None or self._catalogue.epoch:
            await self._recovery.take_over(only_ended=not self._take_over)

    def _pinned(self) -> set[str]:
        return self.dispatcher.pins.versions() if self._open else set()

    def _watched(self, state: WatchState) -> None:
        self.watch_state = state
        self.bus.publish(EventKind.WATCHER, data=state)

    def _find(self, executor_id: str) -> tuple[ExecutorSpec | None, str]:
        catalogue = self.catalogue
        spec = catalogue.get(executor_id)
        return spec, "" if spec is not None else catalogue.unknown(executor_id)

    def _find_entry(self, entry_id: str) -> tuple[Launchable | None, str]:
        spec = self.catalogue.entry(entry_id)
        return spec, "" if spec is not None else self.catalogue.unknown_entry(entry_id)

    # ── making and launching ─────────────────────────────────────────────────────────────────────────────────────

    def new_task(
        self,
        name: str,
        *,
        user_id: str | None = None,
        parent_id: str | None = None,
        priority: int | None = 2,
        dependencies: Iterable[Any] | None = None,
        inputs: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        schemas: dict[str, Any] | None = None,
        id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Task:
        """A task that is not stored yet (2.8). Raises `TaskError` for inputs that are no JSON, with their path.

        `params` may hold `executor_id`, any attribute of `Policy` (timeout, retries, ...), `not_before` (ISO 8601 or
        epoch seconds), `tags` and `dry_run`.
        """
        task = make_task(
            name,
            user_id=user_id,
            parent_id=parent_id,
            priority=priority,
            dependencies=dependencies,
            inputs=inputs,
            params=params,
            schemas=schemas,
            id=id,
            idempotency_key=idempotency_key,
        )
        self.dispatcher.keep_secrets(task, task.inputs)
        return task

    def tree_from_array(self, entries: Sequence[Mapping[str, Any]], *, keep_ids: bool = False) -> TaskTreeNode:
        """A tree, not stored yet, from the entries of a flow file (2.9).

        Raises `TaskError` that names every wrong entry.
        """
        return self._with_secrets(tree_from_array(entries, make_task, keep_ids=keep_ids))

    async def create(self, name: str, **fields: Any) -> Task:
        """Make and store one pending task; fields as in `new_task`.

        An id that is stored already raises (2.8); an idempotency key that is returns the task that has it (8.2).
        """
        task = self.new_task(name, **fields)
        await self.permit("create")
        if (holder := await self._submission.holder(task)) is not None:
            return holder
        if task.parent_id is not None:
            parent = await self.store.task(task.parent_id)
            if parent is None:
                raise TaskError(f"task '{name}': its parent '{task.parent_id}' does not exist", "Create it first")
            task.run_id = parent.run_id
        try:
            await asyncio.shield(self.store.writer.commit([statements.insert(task)]))
        except TaskError:  # another process may have stored the key between the look and the commit
            if (holder := await self._submission.holder(task)) is None:
                raise
            return holder
        task.stored = True
        self.bus.publish(EventKind.CREATED, task)
        return task

    async def launch(
        self,
        what: str | FlowSpec,
        inputs: dict[str, Any] | None = None,
        *,
        priority: int = 2,
        user_id: str | None = None,
        params: dict[str, Any] | None = None,
        idempotency_key: str | None = None,
        label: str | None = None,
        dry_run: bool = False,
        id: str | None = None,
    ) -> Task:
        """Launch the executor or flow of that id, or a flow that was read from a file; returns the run's root.

        That of a flow is a group with the flow's inputs. Gives the task that has the idempotency key, where one has it
        (8.2). Raises `ExecutorError` for an unknown id, `AccessError` for what may not run here, `TaskError` for wrong
        fields, for a flow with problems and for inputs that its form refuses, naming each; nothing is stored then.
        """
        await self.permit("launch", executor_id=what if isinstance(what, str) else what.id)
        catalogue = self.catalogue
        spec = catalogue.entry(what) if isinstance(what, str) else what
        if spec is None:
            raise ExecutorError(catalogue.unknown_entry(str(what)), "It may have been renamed or its file removed")
        options: dict[str, Any] = {
            "priority": priority,
            "user_id": user_id or self.settings.user,
            "params": params,
            "id": id,
            "idempotency_key": idempotency_key,
        }
        if isinstance(spec, ExecutorSpec):
            return await self._submit(TaskTreeNode(self.new_task(spec.id, inputs=inputs, **options)), label, dry_run)
        root = await asyncio.to_thread(launched_tree, spec, inputs or {}, self._find, **options)
        started = await self._submit(self._with_secrets(root), label, dry_run)
        self.store.writer.write(self.dispatcher.pins.source_of(spec, now()))
        return started

    def flow_tree(self, flow: FlowSpec, inputs: dict[str, Any] | None = None) -> TaskTreeNode:
        """A launch of `flow` as a draft: edit, plan or submit it. Raises `TaskError` as `launch` does."""
        return self._with_secrets(launched_tree(flow, inputs or {}, self._find, user_id=self.settings.user))

    def check_flow(self, flow: FlowSpec) -> list[FlowProblem]:
        """What is wrong with a flow, each with entry, line and what to do."""
        return check(flow, self._find)

    def _with_secrets(self, tree: TaskTreeNode) -> TaskTreeNode:
        for task in tree.tasks():
            self.dispatcher.keep_secrets(task, task.inputs)
        return tree

    async def submit(self, root: TaskTreeNode, *, label: str | None = None, dry_run: bool = False) -> str:
        """Store what is new of the tree in one transaction, start it, return the run's id.

        `label` is a few words by which the run is found again. A dry run does everything but execute: each task gets
        its executor's demo result (1.3). Raises `TaskError`, with nothing stored, for references to nowhere, cycles
        and a tree that runs already (3.3, 7.3), `AccessError` for a task whose executor may not run here.
        """
        return (await self._submit(root, label, dry_run)).run_id

    async def _submit(self, root: TaskTreeNode, label: str | None, dry_run: bool) -> Task:
        if dry_run:
            for task in root.tasks():
                task.params = {**task.params, "dry_run": True}
        audit = self._audit("launch", task_id=root.task.id, run_id=root.task.id, name=root.task.name)
        with self._permitted("launch"):
            return await self._submission.submit(root, label, [audit])

    async def plan(self, root: TaskTreeNode) -> Plan:
        """What a submit of `root` would do: levels, order, inputs as far as known, every problem (8.5).

        Nothing is written and nothing runs; the tree's tasks are not changed.
        """
        tasks = place(root, [copy(task) for task in root.tasks()])
        known = await self._submission.neighbours(tasks)
        inputs = {task.id: self.dispatcher.inputs.get(task.id, task.inputs) for task in tasks}
        return await asyncio.to_thread(plan, tasks, self._find, lambda task: inputs[task.id], known.get)

    def listen(self) -> Listener:
        """Events from now on, for `async for`; a slow reader gets only the newest of each task (6.2)."""
        return Listener(self.bus)

    async def finished(self, run_id: str) -> TaskStatus:
        """Wait for the end of a run; its status by rule 2.7."""
        ending = self.dispatcher.endings.get(run_id)
        if ending is not None:
            return await asyncio.shield(ending)
        owner = (await self.store.run_state(run_id)).owner
        return tree_status(await self.store.tree(run_id), ended=owner in (None, self.store.lease.id))

    # ── acting on what runs or ran ───────────────────────────────────────────────────────────────────────────────

    async def cancel(self, task_id: str, *, only: bool = False) -> dict[str, Any]:
        """Cancel a task and, unless `only`, all that stands under it (5.1, 5.2); returns when it has ended.

        The answer's `status` is "cancelled", or "failed" with `message` and `current_status` where there was nothing
        to cancel.
        """
        await self.permit("cancel", task_id=task_id)
        self.store.writer.write([self._audit("cancel", task_id=task_id, only=only)])
        return await self._acts.cancel(task_id, only=only)

    async def rerun(self, task_id: str, *, inputs: dict[str, Any] | None = None, version: str | None = None) -> Task:
        """Put a task and its transitive dependents back to pending and run them again (5.4).

        `inputs` replace the task's own. `version` has the task itself run the code of that version (see `source`)
        instead of the present one; raises `ExecutorError` where that cannot be loaded. The former attempt stays in
        history. Raises `TaskError` when the task is unknown, waits already, lacks its secrets, or something that would
        be run again still runs, `AccessError` when one of them may not run here.
        """
        with self._permitted("rerun", task_id=task_id):
            spec = None
            if self.access.is_limited:
                self._submission.refuse_barred(await self._operations.affected(task_id))
            if version is not None:
                await self.store.writer.flush()
                spec = await past_version(self.store, self._find, self._loader, self.settings, task_id, version)
                spec = self.access.mark(spec)
                if spec.barred:
                    raise AccessError(spec.barred, BARRED_HINT)
            audit = self._audit("rerun", task_id=task_id, edited=inputs is not None, version=version)
            return await self._acts.rerun(task_id, inputs, [audit], spec)

    async def affected(self, task_id: str) -> list[Task]:
        """The tasks that `rerun` would run again, itself among them; raises `TaskError` for an unknown one (5.4)."""
        return await self._operations.affected(task_id)

    async def adjust(self, task_id: str, *, priority: int, params: Mapping[str, Any]) -> None:
        """Give a task that has ended other launch options, for its rerun; raises as `adjust.adjust` says."""
        await self.permit("adjust", task_id=task_id)
        await adjust(self.store, self.dispatcher, self._submission, task_id, priority, params)
        self.store.writer.write([self._audit("adjust", task_id=task_id, priority=priority)])

    async def source(self, version: str) -> VersionSource | None:
        """The source of a version that ran (`task.executor_version`), its own file first; None where it is not kept."""
        await self.store.writer.flush()
        return await self.store.source(version)

    async def skip(self, task_id: str) -> Task:
        """Have a pending or failed task count as completed, with result null; dependents run (8.4)."""
        await self.permit("skip", task_id=task_id)
        return await self._acts.skip(task_id, [self._audit("skip", task_id=task_id)])

    async def pause(self, run_id: str | None = None) -> None:
        """Start nothing new of a run, or of any (None); what runs goes on. Survives a restart (8.3)."""
        await self.permit("pause", task_id=run_id)
        await self._acts.pause(run_id, [self._audit("pause", run_id=run_id)])

    async def resume(self, run_id: str | None = None) -> None:
        """Go on with a paused run, the paused queue (None), or a run whose process ended before it (7.2, 8.3)."""
        with self._permitted("resume", run_id=run_id):
            await self._acts.resume(run_id, [self._audit("resume", run_id=run_id)])

    async def copy(self, task_id: str) -> TaskTreeNode:
        """A draft with new ids of a task and all under it (5.5); edit and submit it. The original is not touched."""
        return await self._operations.copy(task_id)

    def is_paused(self, run_id: str) -> bool:
        """Whether a run that is run now, here or by another process, is paused; any thread may ask."""
        tree = self.dispatcher.trees.get(run_id) if self._open else None
        return tree.paused if tree is not None else self._open and self._others.is_paused(run_id)

    @property
    def paused(self) -> bool:
        """Whether the whole queue is paused."""
        return self._open and self.dispatcher.scheduler.paused
