"""What executor authors write against: the interface, the base class and the registering decorator (behaviour.md 1)."""

from __future__ import annotations

import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, ClassVar, TypeVar, overload

from engine.task import Task, TaskStatus


@dataclass(slots=True)
class TaskContext:
    """What a running executor knows of its task and can tell about it. The callbacks may be called from any thread.

    `task` is the live record, for the engine alone; foreign code gets a `view`, a copy that costs more than a no-op
    attempt and so is made only when asked for. `on_spawn(executor_id, inputs, fields)` is awaited on the executor's
    loop.
    """

    task: Task
    inputs: dict[str, Any]
    attempt: int
    started_at: datetime
    on_progress: Callable[[float, str], None]
    on_log: Callable[[str], None]
    on_spawn: Callable[[str, Any, dict[str, Any]], Awaitable[Any]]
    cancelled: bool = False
    answer: Mapping[str, Any] | None = None

    def view(self) -> Task:
        """The running task as it is by its own lights: with its real inputs, in progress, at its present attempt."""
        view = copy(self.task)
        view.inputs, view.attempt, view.started_at = self.inputs, self.attempt, self.started_at
        view.status = TaskStatus.IN_PROGRESS
        return view


class ExecutableTask(ABC):
    """The bare interface (1.2). `id`, `name` and `description` are class attributes or properties.

    `execute` may be a coroutine function or, being plain, is run in a worker thread (1.7).
    """

    id: Any = ""
    name: Any = ""
    description: Any = ""

    @abstractmethod
    def execute(self, inputs: dict[str, Any]) -> Any:
        """Do the work. Returns JSON data; see rule 4.4 for what a returned `status` or `error` means."""

    def get_input_schema(self) -> dict[str, Any]:
        """The JSON Schema of `inputs`."""
        return {"type": "object"}

    async def cancel(self) -> dict[str, Any]:
        """Asked to stop; may end within a second, or let `execute` notice. Overriding it grants the grace (5.1)."""
        return {"status": "cancelled", "message": "cancel is not overridden"}


def _completed(result: Any) -> Any:
    """Rule 4.4: a dict that says neither `status` nor an error is a completed one."""
    if isinstance(result, dict) and "status" not in result and not result.get("error"):
        return {**result, "status": "completed"}
    return result


def _completing(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `execute` so that direct calls see the same result as a run does; sync stays sync."""
    if inspect.iscoroutinefunction(execute):

        @wraps(execute)
        async def completing_async(self: Any, *args: Any, **kwargs: Any) -> Any:
            return _completed(await execute(self, *args, **kwargs))

        return completing_async

    @wraps(execute)
    def completing(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = execute(self, *args, **kwargs)
        if inspect.isawaitable(result):

            async def awaited() -> Any:
                return _completed(await result)

            return awaited()
        return _completed(result)

    return completing


class BaseTask(ExecutableTask):
    """The usual base class (1.3): defaults, and the running task's context.

    `tags` group and filter it, `examples` are input dicts that the console offers as presets. `inputs_schema` and
    `output_schema` are JSON Schema dicts or pydantic model classes; a result that does not fit the latter is a warning
    in the task's log. `inputs` never overwrite attributes (1.5).

    How it is run (4.7; a task's `params` of the same names go first): `timeout` in seconds; `retries` after the first
    attempt, `retry_delay` seconds apart ("exponential" `retry_backoff` doubles it each time), only for the exception
    names in `retry_on` where it is given; `max_concurrent` of this executor at once; a named `pool` of slots (sizes
    stand in the settings); `retry_safe` where running it twice does no harm.

    Where it is run: `isolation` "thread" is inside the engine's process, "process" in one of its own, which may crash,
    hang or exit without harm and can always be ended. It is imported there anew, so it shares nothing in memory with
    others, and what runs in it may hold at most `memory_limit` bytes where that is given (which alone asks for a
    process, too).

    `confirm` (or the tag "destructive") has the console show the exact inputs and ask before each launch.

    With `asks` a person's answer is waited for, without a slot, before it runs; its inputs say what is asked
    (`engine.question.INPUTS`), `self.answer` what was answered.
    """

    tags: ClassVar[Iterable[str]] = ()
    examples: ClassVar[Iterable[Mapping[str, Any]]] = ()
    cancelable: bool = False
    confirm: ClassVar[bool] = False
    asks: ClassVar[bool] = False
    inputs_schema: ClassVar[Any] = None
    output_schema: ClassVar[Any] = None
    timeout: ClassVar[float | None] = None
    retries: ClassVar[int] = 0
    retry_delay: ClassVar[float] = 1.0
    retry_backoff: ClassVar[str] = "fixed"
    retry_on: ClassVar[Iterable[str | type[BaseException]]] = ()
    max_concurrent: ClassVar[int | None] = None
    pool: ClassVar[str] = ""
    retry_safe: ClassVar[bool] = False
    isolation: ClassVar[str] = "thread"
    memory_limit: ClassVar[int | None] = None

    _context: TaskContext | None = None
    _task_id: str | None = None
    inputs: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        execute = cls.__dict__.get("execute")
        if inspect.isfunction(execute) and not getattr(execute, "__isabstractmethod__", False):
            cls.execute = _completing(execute)  # type: ignore[method-assign]

    def __init__(self, inputs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.inputs = inputs if inputs is not None else {}

    def get_input_schema(self) -> dict[str, Any]:
        given = self.inputs_schema
        return {"type": "object"} if given is None else schema_from(given)

    def get_output_schema(self) -> dict[str, Any] | None:
        """The JSON Schema that a result should fit; None when there is none to fit."""
        given = self.output_schema
        return None if given is None else schema_from(given)

    def get_demo_result(self, inputs: dict[str, Any]) -> Any:
        """What a dry run shows instead of executing."""
        return {"status": "completed", "demo": True, "inputs": inputs}

    @property
    def task(self) -> Task | None:
        """A copy of the running task's row; None outside a run."""
        return self._context.view() if self._context else None

    @property
    def task_id(self) -> str | None:
        return self._task_id

    @property
    def user_id(self) -> str | None:
        return self._context.task.user_id if self._context else None

    @property
    def answer(self) -> dict[str, Any] | None:
        """What a person answered, as `engine.question.Answer.as_data` writes it; None where nobody was asked."""
        given = self._context.answer if self._context else None
        return dict(given) if given is not None else None

    def is_cancelled(self) -> bool:
        """True once a cancel was asked for, even before execute began (5.3)."""
        return self._context is not None and self._context.cancelled

    def report_progress(self, fraction: float, message: str = "") -> None:
        """Show `fraction` (0..1, clamped) and a short message at the task's row."""
        if self._context:
            self._context.on_progress(fraction, message)

    def log(self, text: str) -> None:
        """Add lines to the task's log; outside a run it prints nothing and keeps nothing."""
        if self._context:
            self._context.on_log(str(text))

    async def spawn(
        self,
        executor: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
        priority: int | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run another executor as a child of this task and return its result (8.1).

        The child is a task of its own under this one: it is stored, shown, can be cancelled and retried. This task
        gives its slot back while it waits. Raises `ChildFailed` when the child did not complete, `RuntimeError`
        outside a run.
        """
        if self._context is None:
            raise RuntimeError("spawn works only while the engine runs this executor")
        fields: dict[str, Any] = {"name": name, "params": dict(params) if params else None}
        if priority is not None:
            fields["priority"] = priority
        return await self._context.on_spawn(executor, None if inputs is None else dict(inputs), fields)

    async def map(
        self, executor: str, inputs: Iterable[Mapping[str, Any]], limit: int | None = None, **fields: Any
    ) -> list[Any]:
        """Spawn `executor` once for each of `inputs`, at most `limit` at once; the results in the same order (8.1).

        The first child that fails cancels the others and raises `ChildFailed`. `fields` are as in `spawn`.
        """
        import asyncio

        if limit is not None and limit < 1:
            raise ValueError(f"limit must be 1 or more, not {limit!r}")
        entries = list(inputs)
        results: list[Any] = [None] * len(entries)
        left = iter(range(len(entries)))

        async def work() -> None:
            for index in left:
                results[index] = await self.spawn(executor, entries[index], **fields)

        workers = [asyncio.ensure_future(work()) for _ in range(min(limit or len(entries), len(entries)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return results


def schema_from(given: Any) -> dict[str, Any]:
    """The JSON Schema that a dict is, or that a pydantic model class gives."""
    derive = getattr(given, "model_json_schema", None)
    return dict(derive() if callable(derive) else given)


ExecutorClass = TypeVar("ExecutorClass", bound=type)
PreHook = Callable[..., Any]
PostHook = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Registration:
    """One decorated class, with the decorator's arguments and the place it stands at."""

    cls: type[ExecutableTask]
    id: str
    override: bool = False
    pre_hook: PreHook | None = None
    post_hook: PostHook | None = None
    factory: Callable[..., ExecutableTask] | None = None
    file: str | None = None
    line: int | None = None

    @property
    def where(self) -> str:
        return f"{self.cls.__qualname__} ({self.file}:{self.line})"


@dataclass(slots=True)
class Registry:
    """The process's default catalogue: what a script's imports registered (1.4). `epoch` grows with each change."""

    registrations: dict[str, Registration] = field(default_factory=dict)
    epoch: int = 0

    def add(self, registration: Registration) -> None:
        first = self.registrations.get(registration.id)
        if first is not None and not registration.override:
            raise ValueError(
                f"executor id '{registration.id}' is taken: {registration.where} clashes with {first.where}; "
                "choose another id or register with override=True"
            )
        self.registrations[registration.id] = registration
        self.epoch += 1


DEFAULT_REGISTRY = Registry()

collecting: ContextVar[list[Registration] | None] = ContextVar("collecting", default=None)
"""While set (by the loader, in the context that imports a file), decorated classes are put here and nowhere else."""


def _id_of(cls: type[ExecutableTask], factory: Callable[..., ExecutableTask] | None, where: str) -> str:
    found = getattr(cls, "id", None)
    if not isinstance(found, str):  # a property: only an instance can tell
        try:
            found = constructor(factory or cls)({}).id
        except Exception as error:
            raise TypeError(f"cannot ask {where} for its id: {type(error).__name__}: {error}") from error
    if not isinstance(found, str) or not found.strip():
        raise ValueError(f'{where} has no id; give it a class attribute `id = "..."`')
    return found


@overload
def executor_register(cls: ExecutorClass, /) -> ExecutorClass: ...
@overload
def executor_register(
    *,
    override: bool = False,
    pre_hook: PreHook | None = None,
    post_hook: PostHook | None = None,
    factory: Callable[..., ExecutableTask] | None = None,
) -> Callable[[ExecutorClass], ExecutorClass]: ...
def executor_register(
    cls: type | None = None,
    /,
    *,
    override: bool = False,
    pre_hook: PreHook | None = None,
    post_hook: PostHook | None = None,
    factory: Callable[..., ExecutableTask] | None = None,
) -> Any:
    """Register an executor class and return it unchanged (1.4); works with and without parentheses.

    `pre_hook(executor, task, inputs)` may return a dict that replaces execute; `post_hook(executor, task, inputs,
    result)` sees the outcome; `factory(inputs)` makes the instance instead of the class.

    Raises TypeError for what is no executor class and ValueError for a missing or taken id, naming class and file.
    """
    frame = sys._getframe(1)
    file, line = frame.f_code.co_filename, frame.f_lineno

    def register(target: Any) -> Any:
        where = f"{getattr(target, '__qualname__', target)!s} ({file}:{line})"
        if not isinstance(target, type):
            raise TypeError(f"@executor_register is for classes, not for {where}")
        if not issubclass(target, ExecutableTask):
            raise TypeError(f"{where} is no executor: derive it from BaseTask")
        if getattr(target.execute, "__isabstractmethod__", False):
            raise TypeError(f"{where} has no execute method")
        found = _id_of(target, factory, where)
        registration = Registration(target, found, override, pre_hook, post_hook, factory, file, line)
        into = collecting.get()
        if into is not None:
            into.append(registration)
        else:
            DEFAULT_REGISTRY.add(registration)
        return target

    return register if cls is None else register(cls)


def constructor(factory: Callable[..., ExecutableTask]) -> Callable[[dict[str, Any]], ExecutableTask]:
    """A maker of instances from inputs, whichever of `(inputs=..., **kwargs)`, `(inputs)` or nothing is taken (1.5).

    The signature is read here, once per executor, since reading it costs more than a whole no-op attempt.
    """
    try:
        parameters = list(inspect.signature(factory).parameters.values())
    except (TypeError, ValueError):
        return lambda inputs: factory()
    if any((p.name == "inputs" and p.kind is not p.POSITIONAL_ONLY) or p.kind is p.VAR_KEYWORD for p in parameters):
        return lambda inputs: factory(inputs=inputs)
    if any(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
        return lambda inputs: factory(inputs)
    return lambda inputs: factory()
