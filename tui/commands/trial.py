"""Runs inputs of an executor through an engine of its own, whose store is memory: the way that a launch goes."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.commands.streams import Streams

if TYPE_CHECKING:
    from engine import Catalogue, Engine, Event, Folder, LogLine, Settings, Task

STOPS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Trial:
    """How one run ended. `number` is the example's place, None for inputs that were given; `seconds` is its whole time,
    pauses between attempts too. `inputs` are masked where they hold secrets (8.6). `log` has the lines of its last
    attempt, and those of its children that failed, with their names.
    """

    number: int | None
    status: str
    seconds: float
    attempts: int
    inputs: Mapping[str, Any]
    result: Any
    error: str | None
    error_type: str | None
    warnings: tuple[str, ...] = ()
    log: tuple[str, ...] = ()

    @property
    def is_fine(self) -> bool:
        return self.status == "completed"

    @property
    def label(self) -> str:
        return f"example {self.number}" if self.number else "inputs"


class Interrupted(Exception):
    """Ctrl+C came: what ran was cancelled. Holds the trial that was cut short, if one had begun."""

    def __init__(self, trial: Trial | None = None) -> None:
        super().__init__("interrupted")
        self.trial = trial


class Bench:
    """An engine with its catalogue loaded, on which one trial runs after the other."""

    def __init__(self, engine: Engine, catalogue: Catalogue, stop: asyncio.Event, streams: Streams) -> None:
        self.catalogue = catalogue
        self._engine = engine
        self._stop = stop
        self._streams = streams

    @property
    def has_abandoned(self) -> bool:
        """Whether there is code that did not stop when it was told to (5.1)."""
        return bool(self._engine.dispatcher.abandoned)

    async def run(self, executor_id: str, inputs: Mapping[str, Any], number: int | None) -> Trial:
        """Launch and await; raises `Interrupted` after a cancel has done its work (5.1)."""
        from engine import AccessError, TaskdeckError

        if self._stop.is_set():
            raise Interrupted
        began = time.monotonic()
        try:
            task = await self._engine.launch(executor_id, dict(inputs))
        except AccessError:  # no fault of the executor's
            raise
        except TaskdeckError as refusal:
            return Trial(number, "failed", 0.0, 0, {}, None, str(refusal), None)
        unsubscribe = self._engine.bus.subscribe(lambda event: self._show(event, task, number))
        try:
            ended = await first(self._engine.finished(task.run_id), self._stop)
            if not ended:
                await self._engine.cancel(task.id)
        finally:
            unsubscribe()
        trial = await self._trial(task, number, time.monotonic() - began)
        if not ended:
            raise Interrupted(trial)
        return trial

    def _show(self, event: Event, task: Task, number: int | None) -> None:
        if event.task is task and event.kind in ("started", "progress", "retrying"):
            what = f"example {number}" if number else "inputs"
            self._streams.passing(f"{what}: {task.progress:.0%} {task.progress_message or event.kind}")

    async def _trial(self, task: Task, number: int | None, seconds: float) -> Trial:
        lines = await self._engine.log(task.id)
        warnings = [line.text for line in lines if _is_warning(line)]
        log = [_line(line) for line in lines if not _is_warning(line)]
        for child in await self._engine.tree(task.run_id):
            if child.id != task.id and child.status == "failed":
                log.append(f"{child.name} failed: {child.error}")
                log += [f"{child.name} | {_line(line)}" for line in await self._engine.log(child.id)]
        return Trial(
            number,
            str(task.status),
            seconds,
            task.attempt,
            task.effective_inputs or task.inputs,
            task.result,
            task.error,
            task.error_type,
            tuple(warnings),
            tuple(log),
        )


def _is_warning(line: LogLine) -> bool:
    """Whether it is the engine's own word on a result that does not fit the output schema."""
    return line.stream == "engine" and line.text.startswith("warning: ")


def _line(line: LogLine) -> str:
    """A line of a log with where it came from; a traceback says that itself."""
    return line.text if line.stream == "traceback" else f"{line.stream}: {line.text}"


@asynccontextmanager
async def open_bench(settings: Settings, folders: Sequence[Folder], streams: Streams) -> AsyncIterator[Bench]:
    """Load the folders and be ready. SIGINT and SIGTERM cancel what runs; a second one ends at once.

    Executors run on a loop in a thread of its own, as under the console, so that a blocking one can be interrupted.
    Raises `Interrupted` for a signal that comes while files are loaded.
    """
    from engine import Engine, EventKind
    from engine.runners.loop_thread import LoopThreadRunner

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    on_signals(loop, stop)
    engine = Engine(settings, folders, store=":memory:", runner=LoopThreadRunner())
    loaded: asyncio.Future[Catalogue] = loop.create_future()

    def hear(event: Event) -> None:
        if event.kind is EventKind.CATALOGUE and not (event.data.is_loading or loaded.done()):
            loaded.set_result(event.data)

    engine.bus.subscribe(hear)
    with log_to(streams):
        await engine.start()
        try:
            if not await first(loaded, stop):
                raise Interrupted
            yield Bench(engine, loaded.result(), stop, streams)
        finally:
            await engine.stop(cancel=True)


def on_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """SIGINT and SIGTERM set `stop`; a second one ends the process as ever."""

    def heard() -> None:
        stop.set()
        for number in STOPS:
            loop.remove_signal_handler(number)

    for number in STOPS:
        loop.add_signal_handler(number, heard)


async def first(work: Awaitable[object], stop: asyncio.Event) -> bool:
    """Await `work` unless `stop` comes first; whether it was awaited."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working
        return working.done()
    finally:
        stopping.cancel()
        working.cancel()


class _EngineLog(logging.Handler):
    """What the engine logs outside of tasks (a hook that failed, say) goes to stderr."""

    def __init__(self, streams: Streams) -> None:
        super().__init__(logging.WARNING)
        self._streams = streams

    def emit(self, record: logging.LogRecord) -> None:
        from engine.problems import words

        error = record.exc_info[1] if record.exc_info else None
        why = f": {words(error)}" if error is not None else ""
        self._streams.note(f"engine: {record.getMessage()}{why}")


@contextmanager
def log_to(streams: Streams) -> Iterator[None]:
    """What the engine itself logs goes to stderr, and executors' logging into their logs."""
    root, own, handler = logging.getLogger(), logging.getLogger("engine"), _EngineLog(streams)
    level = root.level
    root.setLevel(logging.INFO)  # as in the console: what executors log from INFO on is wanted in their logs
    own.addHandler(handler)
    try:
        yield
    finally:
        own.removeHandler(handler)
        root.setLevel(level)
