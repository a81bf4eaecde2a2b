"""What a person does to a task, wherever it runs: here, or by asking the process that runs it (behaviour.md 5, 7.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from engine.catalogue import ExecutorSpec
from engine.dispatcher import Dispatcher
from engine.errors import TaskError
from engine.foreign import owner_of
from engine.operations import Operations
from engine.pins import FindSpec
from engine.requests import OwnerEnded, Requests
from engine.secrets import mask
from engine.statements import Write
from engine.store import Store
from engine.task import Task

T = TypeVar("T")


class Acts:
    """The acts of `Operations`, done by whoever runs the task. Who died meanwhile is asked no more: it is done here."""

    def __init__(self, store: Store, dispatcher: Dispatcher, operations: Operations, find: FindSpec) -> None:
        self.requests = Requests(
            store,
            {
                "cancel": operations.cancel,
                "rerun": self._rerun_here,
                "skip": self._skip_here,
                "pause": self._pause_here,
                "resume": self._resume_here,
            },
        )
        self._store = store
        self._dispatcher = dispatcher
        self._operations = operations
        self._find = find

    async def cancel(self, task_id: str, *, only: bool) -> dict[str, Any]:
        """Rules 5.1 and 5.2."""
        return await self._where_it_runs(
            task_id,
            lambda: self._operations.cancel(task_id, only=only),
            ("cancel", {"task_id": task_id, "only": only}),
            refused=lambda refusal: {"status": "failed", "message": str(refusal), "current_status": None},
        )

    async def rerun(
        self, task_id: str, inputs: dict[str, Any] | None, extra: list[Write], spec: ExecutorSpec | None
    ) -> Task:
        """Rule 5.4. Raises `TaskError` where secrets would have to go to another process: they never touch the disk."""
        if spec is None and await self._elsewhere(task_id) is not None:
            await self._refuse_secrets(task_id, inputs)
        done = await self._where_it_runs(
            task_id,
            lambda: self._operations.rerun(task_id, inputs, extra, spec),
            ("rerun", {"task_id": task_id, "inputs": inputs}) if spec is None else None,
            extra,
        )
        return await self._task(done)

    async def skip(self, task_id: str, extra: list[Write]) -> Task:
        """Rule 8.4."""
        done = await self._where_it_runs(
            task_id, lambda: self._operations.skip(task_id, extra), ("skip", {"task_id": task_id}), extra
        )
        return await self._task(done)

    async def pause(self, run_id: str | None, extra: list[Write]) -> None:
        """Rule 8.3; the queue (None) is this engine's own."""
        await self._steer("pause", run_id, lambda: self._operations.pause(run_id, extra), extra)

    async def resume(self, run_id: str | None, extra: list[Write]) -> None:
        """Rule 8.3."""
        await self._steer("resume", run_id, lambda: self._operations.resume(run_id, extra), extra)

    async def _steer(
        self, what: str, run_id: str | None, here: Callable[[], Awaitable[None]], extra: list[Write]
    ) -> None:
        if run_id is None:
            await here()
        else:
            await self._where_it_runs(run_id, here, (what, {"run_id": run_id}), extra)

    async def _elsewhere(self, task_id: str) -> str | None:
        """The living process that runs the task, where it is another one."""
        if task_id in self._dispatcher.nodes:
            return None
        owner = await owner_of(self._store, task_id)
        lease = self._store.lease
        return owner if owner is not None and owner != lease.id and not lease.is_dead(owner) else None

    async def _where_it_runs(
        self,
        task_id: str,
        here: Callable[[], Awaitable[T]],
        asked: tuple[str, Mapping[str, Any]] | None,
        extra: Sequence[Write] = (),
        refused: Callable[[TaskError], T] | None = None,
    ) -> T | Any:
        """`asked` is what another process is asked for, None for what it cannot do; then `extra` is written here."""
        owner = await self._elsewhere(task_id) if asked is not None else None
        if owner is None or asked is None:
            return await here()
        what, detail = asked
        try:
            done = await self.requests.ask(owner, what, **detail)
        except OwnerEnded:
            return await here()
        except TaskError as refusal:
            if refused is None:
                raise
            return refused(refusal)
        self._store.writer.write(extra)
        return done

    async def _refuse_secrets(self, task_id: str, inputs: dict[str, Any] | None) -> None:
        task = await self._store.task(task_id)
        if inputs is None or task is None:
            return
        spec, _ = self._find(task.executor_id)
        if mask(spec.schema if spec is not None else {}, inputs) is not inputs:
            raise TaskError(f"'{task.name}' is run by another process, and secrets are not handed on", "Rerun it there")

    async def _task(self, done: Task | str) -> Task:
        """The task that an act gave, or of which another process gave the id."""
        if isinstance(done, Task):
            return done
        task = await self._store.task(done)
        if task is None:
            raise TaskError(f"there is no task '{done}'", "It may have been deleted")
        return task

    # asked by others, who keep the audit

    async def _rerun_here(self, task_id: str, inputs: dict[str, Any] | None) -> str:
        return (await self._operations.rerun(task_id, inputs, [])).id

    async def _skip_here(self, task_id: str) -> str:
        return (await self._operations.skip(task_id, [])).id

    async def _pause_here(self, run_id: str) -> None:
        await self._operations.pause(run_id, [])

    async def _resume_here(self, run_id: str) -> None:
        await self._operations.resume(run_id, [])
