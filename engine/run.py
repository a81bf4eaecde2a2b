"""One attempt of one task: merge -> defaults -> check -> (committed) -> execute -> outcome (behaviour.md 3.5, 4)."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engine import json_data
from engine.catalogue import ExecutorSpec
from engine.events import LogLine
from engine.executor import BaseTask, ExecutableTask, TaskContext
from engine.fence import ProcessExit
from engine.graph import Node
from engine.leftovers import LEFT, settle, thread_words, tracking
from engine.output import Keeper, TaskLog, capture, current
from engine.policy import Policy
from engine.problems import foreign_traceback, words
from engine.references import Filled, FlowInputs, fill
from engine.schema_nodes import Path
from engine.schema_words import SchemaProblem
from engine.secrets import (
    MASK,
    is_there,
    mask,
    may_be_masked,
    may_name,
    may_refer,
    replaced,
    resolve,
    restore,
    without,
)
from engine.settings import Settings
from engine.task import TaskStatus
from engine.threads import Stopped, Work, break_in, in_thread, threads

BREAK_LIMIT = 0.2
"""Seconds in which a spin must end once it was broken."""
ERROR_LIMIT = 20_000
"""Characters of an error that are kept."""


@dataclass(slots=True)
class Outcome:
    """How an attempt ended. `packed` is its result as stored; `trace` goes to the log."""

    status: TaskStatus
    packed: str | bytes | None = None
    error: str | None = None
    error_type: str | None = None
    trace: str = ""
    kinds: tuple[str, ...] = ()
    """The names of a raised exception's classes, the nearest first."""
    skip: str = ""
    """Why it counts as completed though it did not run (8.4): its condition is false."""


@dataclass(slots=True)
class Prepared:
    """Inputs ready for execute, or the refusal that makes the attempt fail before it (4.2)."""

    inputs: dict[str, Any]
    text: str = "{}"
    """`inputs` as JSON: one text serves to look for secrets, to store it, and to give execute objects of its own."""
    ignore: frozenset[str] = frozenset()
    references: list[tuple[Path, str]] = field(default_factory=list)
    """Where a secret stood as a reference, and the reference; `inputs` hold the real value (8.6)."""
    notes: list[str] = field(default_factory=list)
    refusal: Outcome | None = None
    problems: Sequence[SchemaProblem] = ()
    """The violations that a `validation_error` names."""
    hidden: dict[Path, Any] = field(default_factory=dict)
    """What stands instead of what came from a secret of the flow, by path (8.6)."""
    secrets: tuple[str, ...] = ()
    """The texts of those secrets, to be hidden in what the attempt writes."""
    filled: Filled | None = None
    """What became of its references; None where it has none."""

    @property
    def skip(self) -> str:
        """Why it does not run: its condition is false; "" where it does."""
        return self.filled.skip if self.filled is not None else ""

    @property
    def shown(self) -> dict[str, Any]:
        """`inputs` without what came from a secret of the flow."""
        left = {path: value for path, value in self.hidden.items() if is_there(self.inputs, path)}
        shown: dict[str, Any] = replaced(self.inputs, left) if left else self.inputs
        return shown


@dataclass(slots=True, eq=False)
class Job:
    """What a runner executes, and what is known of it while it does.

    `ended` is set by whoever waits for its end; `abandoned` says that its end is no longer waited for (5.1).
    """

    spec: ExecutorSpec
    inputs: dict[str, Any]
    context: TaskContext
    log: TaskLog
    settings: Settings
    keeper: Keeper
    policy: Policy
    attempt: int
    instance: ExecutableTask | None = None
    host: asyncio.Task[None] | None = None
    """The engine's own task that awaits its end."""
    running: asyncio.Task[Any] | None = None
    """The one in which its code runs, while it does."""
    timed_out: bool = False
    abandoned: bool = False
    ended: asyncio.Event | None = None
    progress: tuple[float, str] | None = None
    progress_stored: float = 0.0
    untold: list[LogLine] = field(default_factory=list)
    """Lines that it wrote ahead of the commit of its in_progress: nothing of it is told before (4.7)."""
    waits: int = 0
    """How many spawned children it waits for; while there are any it holds no slot (8.1)."""
    slot: asyncio.Future[None] | None = None
    work: Work | None = None
    """Its plain `execute`, which has a thread while it runs."""
    on_instance: Callable[[], None] | None = None
    """Called once it has its instance."""
    has_cancel: bool = False
    """What a worker process says of its instance."""

    @property
    def can_cancel(self) -> bool:
        """Whether the executor brings its own `cancel()`, which earns it the grace period (5.1)."""
        return self.has_cancel or (
            self.instance is not None and type(self.instance).cancel is not ExecutableTask.cancel
        )

    def stopped(self, how: str = "") -> Outcome:
        """The outcome of an attempt that its timeout or a cancel ended; `how` goes on with the words."""
        if self.timed_out:
            limit = self.policy.timeout or 0
            return failed(f"timed out after {limit:g} s{how}", "timeout_error")
        return Outcome(TaskStatus.CANCELLED, error=f"cancelled{how}", error_type="cancelled")


def failed(error: str, error_type: str) -> Outcome:
    return Outcome(TaskStatus.FAILED, error=error, error_type=error_type)


def prepare(
    inputs: Mapping[str, Any],
    node: Node,
    spec: ExecutorSpec | None,
    unknown: str,
    flow: FlowInputs | None = None,
) -> Prepared:
    """Fill in references, merge, fill defaults and validate, in this order; `inputs` are the caller's, unmasked.

    `unknown` are the words for a missing executor (2.6), `flow` are the inputs of the flow it stands in. A task whose
    condition is false is looked at no further: see `Prepared.skip`.
    """
    filled = fill(inputs, node, flow) if node.task.has_references else None
    if filled is not None:
        inputs = filled.inputs
        if filled.skip:
            return Prepared(dict(inputs), filled=filled)
    merged = dict(inputs)
    notes: list[str] = []
    properties = _properties(spec) if node.dependencies else {}
    for dependency in node.dependencies:
        if dependency.status in (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED):
            _merge(merged, dependency, properties, notes)
    ignore = frozenset([d.task.id for d in node.dependencies]) if node.dependencies else frozenset()
    prepared = Prepared(merged, json_data.encode(merged) if merged else "{}", ignore, notes=notes, filled=filled)
    if filled is not None:
        prepared.hidden, prepared.secrets = filled.hidden, filled.secrets
    if spec is None:
        prepared.refusal = failed(unknown, "unknown_executor")
    elif spec.barred:
        prepared.refusal = failed(spec.barred, "not_allowed")
    elif filled is not None and filled.needs is not None:
        prepared.refusal = failed(f"needs its secrets: {filled.needs}", "needs_secrets")
    elif filled is not None and filled.wrong is not None:
        prepared.refusal = failed(filled.wrong, "reference_error")
    elif spec.schema_problem:
        prepared.refusal = failed(
            f"the input schema of '{spec.id}' cannot be used: {spec.schema_problem}", "schema_error"
        )
    else:
        check(prepared, spec)
    if prepared.refusal is None and may_be_masked(prepared.text) and (lost := lost_secret(inputs)):
        prepared.refusal = failed(
            f"needs its secrets: '{lost}' is never stored; rerun and give it again", "needs_secrets"
        )
    if prepared.refusal is not None and prepared.refusal.error and prepared.secrets:
        prepared.refusal.error = without(prepared.refusal.error, prepared.secrets)
    return prepared


def _properties(spec: ExecutorSpec | None) -> Mapping[str, Any]:
    found = spec.schema.get("properties") if spec is not None and isinstance(spec.schema, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def check(prepared: Prepared, spec: ExecutorSpec) -> None:
    """Fill defaults, look up references and validate `prepared.inputs` in place; `prepared.text` must be theirs.

    Sets the refusal that lists every violation (4.2), or names the secret that is not there (8.6).
    """
    checker = spec.checker
    if checker.fills:
        prepared.inputs = checker.with_defaults(prepared.inputs)
        prepared.text = json_data.encode(prepared.inputs)
    if may_refer(prepared.text):
        try:
            prepared.inputs, found = resolve(spec.schema, prepared.inputs)
        except LookupError as missing:
            prepared.refusal = failed(f"needs its secrets: {missing.args[0]}", "needs_secrets")
            return
        prepared.references += found
        prepared.text = json_data.encode(prepared.inputs)
    if not checker.is_valid(prepared.inputs, prepared.ignore):
        prepared.problems = checker.problems(prepared.inputs, prepared.ignore)
        if prepared.problems:
            prepared.refusal = failed("; ".join(map(str, prepared.problems)), "validation_error")


def take_edited(prepared: Prepared, spec: ExecutorSpec | None, inputs: dict[str, Any]) -> None:
    """What pre hooks left of the inputs; checked again if they changed them (4.1)."""
    try:
        text = json_data.encode(inputs)
    except json_data.NotJson as problem:
        prepared.refusal = failed(f"a pre hook left inputs that are not JSON at {problem}", "validation_error")
        return
    changed, prepared.inputs, prepared.text = text != prepared.text, inputs, text
    if changed and spec is not None:
        check(prepared, spec)


def public_inputs(prepared: Prepared, spec: ExecutorSpec | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The inputs as they may be stored, references where they stood (8.6), and masked altogether."""
    masked = prepared.shown
    if (prepared.inputs and may_name(prepared.text)) or (spec is not None and spec.marks_secrets):
        masked = mask(spec.schema if spec else {}, masked)
    return restore(masked, prepared.references) if prepared.references else masked, masked


def _merge(merged: dict[str, Any], dependency: Node, properties: Mapping[str, Any], notes: list[str]) -> None:
    """Rule 3.5 for one dependency: its result under its id, and into what the caller left absent, null or empty."""
    result = json_data.unpack(dependency.packed)
    merged[dependency.task.id] = result
    if dependency.status is not TaskStatus.COMPLETED or not isinstance(result, dict):
        return
    nested = result.get("result")
    sources = [{k: v for k, v in result.items() if k != "status"}, nested if isinstance(nested, dict) else {}]
    for name in properties:
        if merged.get(name) not in (None, "", [], {}):
            continue
        for source in sources:
            if name in source:
                merged[name] = source[name]
                notes.append(f"input '{name}' taken from the result of {dependency.task.name}")
                break


def lost_secret(given: Mapping[str, Any]) -> str | None:
    """The path of a value of which only the mask is left, None when all secrets are there."""
    stack: list[tuple[str, Any]] = [(str(key), value) for key, value in given.items()]
    while stack:
        path, value = stack.pop()
        if value == MASK:
            return path
        if isinstance(value, Mapping):
            stack.extend((f"{path}.{key}", inner) for key, inner in value.items())
        elif isinstance(value, list):
            stack.extend((f"{path}[{i}]", inner) for i, inner in enumerate(value))
    return None


async def execute(job: Job) -> Outcome:
    """Make the instance and run it; whatever it does becomes an outcome (4.4-4.6). Runs on the runner's loop."""
    token = current.set(job.log)
    capture.ensure()
    try:
        if job.context.cancelled or job.timed_out:
            return job.stopped(" before it began")
        job.instance = job.spec.create(job.inputs)
        if job.on_instance is not None:
            job.on_instance()
        _bind(job.instance, job)
        if job.context.task.params.get("dry_run"):
            return outcome_of(await _demo(job), job)
        result = await _call(job)
        outcome = outcome_of(result, job)
        if outcome.status is TaskStatus.COMPLETED and job.spec.output_schema is not None:
            _warn_of_output(result, job)
        return outcome
    except asyncio.CancelledError:
        if job.timed_out:
            return job.stopped()
        running = asyncio.current_task()
        if not job.context.cancelled and running is not None and running.cancelling():
            raise  # the loop itself is ending; the row will say interrupted
        reason = "cancelled" if job.context.cancelled else "the executor cancelled itself"
        return Outcome(TaskStatus.CANCELLED, error=reason, error_type="cancelled")
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: a task must not end the program (4.6)
        return _raised(error, job)
    finally:
        if tracking.is_fork:  # a child that the executor made by forking went on to here: it is no engine
            os._exit(0)
        job.instance = None  # its `__del__`, which is foreign too, runs here and nowhere else
        if job.log.started:
            await settle(job.log)
        job.log.close()
        try:
            current.reset(token)
        except ValueError:  # Python throws away what never ended, in a context that is not its own
            pass


@contextmanager
def raised() -> Iterator[None]:
    """What foreign code raises in here to end the program comes out as a RuntimeError that says so."""
    try:
        yield
    except (Exception, asyncio.CancelledError):
        raise
    except BaseException as error:
        raise RuntimeError(words(error)) from None


async def ask(job: Job) -> None:
    """Call the executor's `cancel()`, as part of the task it belongs to."""
    token = current.set(job.log)
    try:
        if job.instance is not None:
            await job.instance.cancel()
    finally:
        current.reset(token)


async def _call(job: Job) -> Any:
    spec, instance = job.spec, job.instance
    assert instance is not None
    view = job.context.view() if spec.pre_hook is not None or spec.post_hook is not None else job.context.task
    if spec.pre_hook is not None:
        replaced = await _resolve(spec.pre_hook(instance, view, job.inputs))
        if isinstance(replaced, dict):
            return replaced
        if job.context.cancelled:  # asked for while the hook ran: execute would not notice (5.3)
            raise asyncio.CancelledError
    if _is_async(type(instance), spec.kinds):
        result = await instance.execute(job.inputs)
    else:
        result = await _resolve(await _in_thread(job, instance))
    if spec.post_hook is not None:
        await _resolve(spec.post_hook(instance, view, job.inputs, result))
    return result


async def _in_thread(job: Job, instance: ExecutableTask) -> Any:
    """A plain execute (1.7). A thread cannot be stopped: after a cancel it is waited for until given up (5.1)."""
    if threads.is_full:
        job.log.line("engine", f"waits for a thread: all {threads.most} are taken")

    def begun(work: Work) -> None:
        job.work = work

    call = asyncio.ensure_future(in_thread(f"executor {job.spec.id}", instance.execute, job.inputs, begun=begun))
    while not call.done():
        try:
            await asyncio.wait({call})
        except asyncio.CancelledError:
            if job.abandoned or not job.context.cancelled:
                await _leave(job, call)
                raise
    return call.result()


async def _leave(job: Job, call: asyncio.Task[Any]) -> None:
    """Give a plain execute up; a spin is ended, and what goes on is said."""
    thread = job.work.thread if job.work is not None else None
    if thread is not None and await break_in(thread, lambda: job.work is not None and job.work.thread is thread):
        await asyncio.wait({call}, timeout=BREAK_LIMIT)
    call.cancel()
    if job.work is not None and job.work.thread is not None:
        job.log.line("engine", f"{LEFT}{thread_words(job.work.thread)}")


async def _demo(job: Job) -> Any:
    """A dry run: everything but execute, which gives its demo result instead (1.3)."""
    get = getattr(job.instance, "get_demo_result", None)
    if get is None:
        return {"status": "completed", "demo": True, "inputs": job.inputs}
    return await _resolve(get(job.inputs))


def _warn_of_output(result: Any, job: Job) -> None:
    """A result that does not fit the executor's output schema is a warning in the log, never a failure."""
    checker = job.spec.output_checker
    added = frozenset({"status"}) if isinstance(result, dict) else frozenset()  # BaseTask's, see rule 4.4
    if checker is None or checker.is_valid(result) or checker.is_valid(result, added):
        return
    for problem in checker.problems(result, added):
        job.log.line("engine", f"warning: the result does not fit the output schema: {problem}")


def _is_async(cls: type[ExecutableTask], known: dict[type, bool]) -> bool:
    """Whether `execute` of that class is a coroutine function; asking anew costs a twentieth of a no-op attempt."""
    found = known.get(cls)
    if found is None:
        found = known[cls] = inspect.iscoroutinefunction(cls.execute)
    return found


async def _resolve(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _bind(instance: ExecutableTask, job: Job) -> None:
    if isinstance(instance, BaseTask):
        instance._context = job.context
        instance._task_id = job.context.task.id
        if "inputs" not in vars(instance):  # an __init__ that never called ours
            instance.inputs = job.inputs


def _raised(error: BaseException, job: Job) -> Outcome:
    """The outcome of what the executor raised; that is foreign too, whatever is asked of it."""
    try:
        return _told(error, job)
    except BaseException:
        return failed("it raised what cannot be told", "executor_error")


def _told(error: BaseException, job: Job) -> Outcome:
    kind = type(error).__name__
    if isinstance(error, Stopped) and (job.context.cancelled or job.timed_out):
        return job.stopped("; its code was stopped")
    try:
        text = str(error)
    except BaseException:  # SystemExit too: foreign code
        text = "(its message cannot be read)"
    if isinstance(error, ProcessExit):
        text, kind = f"the executor called {text}, which would have ended the console", "SystemExit"
    elif isinstance(error, SystemExit):
        text = f"the executor called sys.exit({text})"
    outcome = failed(scrub(_short(text or kind), job), kind)
    outcome.kinds = tuple(each.__name__ for each in type(error).__mro__)
    outcome.trace = scrub(foreign_traceback(error), job)
    if job.context.cancelled:
        outcome.status = TaskStatus.CANCELLED
    return outcome


def _short(text: str) -> str:
    return text if len(text) <= ERROR_LIMIT else f"{text[:ERROR_LIMIT]}… ({len(text)} characters)"


def outcome_of(result: Any, job: Job) -> Outcome:
    """Rule 4.4 for a returned value, 4.5 for what cannot be stored."""
    status, error, error_type = TaskStatus.COMPLETED, None, None
    if isinstance(result, dict):
        said = result.get("status")
        if said == "failed" or ("status" not in result and result.get("error")):
            status = TaskStatus.FAILED
            error = _short(str(result.get("error") or result.get("message") or result.get("error_type") or "failed"))
            error_type = str(result.get("error_type") or "failed")[:200]
        elif said == "cancelled":
            status = TaskStatus.CANCELLED
            error, error_type = _short(str(result.get("message") or "cancelled")), "cancelled"
    if job.timed_out:
        status, error, error_type = TaskStatus.FAILED, f"timed out after {job.policy.timeout:g} s", "timeout_error"
    elif job.context.cancelled and status is TaskStatus.FAILED:
        status = TaskStatus.CANCELLED
    outcome = Outcome(status, None, error and scrub(error, job), error_type)
    return _with_result(outcome, result, job)


def _with_result(outcome: Outcome, result: Any, job: Job) -> Outcome:
    if result is None:
        return outcome
    limits = job.settings
    try:
        text = scrub(json_data.encode_in_slices(result, limits.result_max), job)
    except json_data.NotJson as problem:
        return failed(f"result is not JSON at {problem}", "result_error")
    except json_data.TooLarge as large:
        return failed(f"the result is too large: {large.words}, at most {limits.result_max >> 20} MiB", "result_error")
    outcome.packed = json_data.pack(text, limits.result_limit)
    return outcome


def scrub(text: str, job: Job) -> str:
    """`text` without the attempt's secret values (8.6)."""
    return without(text, job.log.secrets)
