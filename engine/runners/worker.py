"""What runs in a worker process: one attempt after another, each as `engine.run` runs it everywhere.

Started by `worker_process.py`. The version that an attempt is pinned to comes with it as source; nothing of it is ever
in an argument or in the environment.
"""

from __future__ import annotations

import asyncio
import base64
import faulthandler
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from engine import memory
from engine.catalogue import ExecutorSpec
from engine.errors import ChildFailed, ExecutorError, TaskdeckError
from engine.executor import TaskContext
from engine.fence import fence
from engine.leftovers import descendants, process_words, task_words, thread_words, tracking
from engine.loader import Loader
from engine.output import Keeper, TaskLog, capture
from engine.policy import Policy
from engine.repair import Guard, Snapshot
from engine.run import Job, Outcome, ask, execute, failed
from engine.runners.keeper import divide
from engine.runners.wire import Link, decode
from engine.schema import compile
from engine.settings import Settings
from engine.task import Dependency, Task, TaskStatus
from engine.threads import Tracing, threads
from engine.version_source import VersionSource

LINES = 500
"""Log lines in one message."""
WINDOW = 0.1
"""Seconds in which at most `AT_ONCE` messages with lines go at once."""
AT_ONCE = 100
BROKEN = 70
"""The exit code of a worker that could not tell an outcome."""


class Teller:
    """Brings lines and progress to the engine: in order, of progress the latest.

    Lines go at once, for the process may end at any moment; a flood of them goes in batches, from a thread of its own.
    """

    def __init__(self, link: Link) -> None:
        self.log: TaskLog | None = None
        self._link = link
        self._progress: tuple[float, str] | None = None
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._window = 0.0
        self._sent = 0
        threading.Thread(target=self._serve, daemon=True, name="teller").start()

    def ready(self, log: TaskLog) -> None:
        now = time.monotonic()
        if now - self._window > WINDOW:
            self._window, self._sent = now, 0
        self._sent += 1
        if self._sent > AT_ONCE or not self._lock.acquire(blocking=False):
            self._wake.set()
            return
        try:
            self._tell()
        finally:
            self._lock.release()

    def progress(self, fraction: float, message: str) -> None:
        try:
            self._progress = float(fraction), str(message)
        except (TypeError, ValueError):  # a wrong progress must not fail the work
            return
        self._wake.set()

    def flush(self) -> None:
        """Tell all that there is."""
        with self._lock:
            self._tell()

    def _tell(self) -> None:
        lines = self.log.take() if self.log is not None else []
        for start in range(0, len(lines), LINES):
            self._link.send("lines", [(x.at, x.stream, x.text) for x in lines[start : start + LINES]])
        told, self._progress = self._progress, None
        if told is not None:
            self._link.send("progress", told)

    def _serve(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            self.flush()


class Worker:
    """The loop of the main thread, and what came over the link."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._loop = asyncio.new_event_loop()
        self._teller = Teller(link)
        self._sources: dict[str, VersionSource] = {}
        self._specs: dict[tuple[str, str], ExecutorSpec] = {}
        self._loader = Loader(())
        self._job: Job | None = None
        self._task: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._tracing = Tracing()
        self._threads = set(threading.enumerate())
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._call_count = 0

    def serve(self) -> None:
        """For ever: its end is the end of the process. The fence stands: it is no change of an attempt's."""
        self._guard = Guard(Snapshot(signals=True))
        asyncio.set_event_loop(self._loop)
        reading = threading.Thread(target=self._read, daemon=True, name="reader")
        reading.start()
        self._threads |= {reading, *threading.enumerate()}
        self._link.send("ready", os.getpid())
        while True:
            try:
                self._loop.run_forever()
            except BaseException:  # what a task of an executor raised, to end the program (4.6)
                continue

    def _read(self) -> None:
        try:
            while True:
                kind, body = self._link.receive()
                self._loop.call_soon_threadsafe(self._heard, kind, decode(body.decode()))
        except BaseException:  # the engine is gone, or somebody closed what leads to it
            os.killpg(0, signal.SIGKILL)

    def _heard(self, kind: str, told: Any) -> None:
        job = self._job
        if kind == "start":
            self._task = self._loop.create_task(self._work(told))
            self._task.add_done_callback(_must_be_well)
        elif kind == "spawned":
            self._answered(told)
        elif job is not None and kind == "interrupt":
            job.timed_out, job.context.cancelled = told["timed_out"], told["cancelled"]
            if job.running is not None:
                job.running.cancel()
        elif job is not None and kind == "cancel":
            job.context.cancelled = True
            asking = self._loop.create_task(self._ask(job))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)
            asking.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _ask(self, job: Job) -> None:
        try:
            await ask(job)
        except BaseException as error:
            self._link.send("asked", f"{type(error).__name__}: {error}")
        else:
            self._link.send("asked")

    # ── one attempt ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _work(self, order: dict[str, Any]) -> None:
        job = self._job = self._prepare(order)
        self._link.send("took")
        job.running = asyncio.current_task()
        self._teller.log = job.log
        try:
            outcome = await self._outcome(job, order)
        except asyncio.CancelledError:
            outcome = job.stopped()
        self._tracing.put_back()
        job.running = None
        left = self._left()
        is_changed = self._guard.ended(job, (order["executor"], str(job.attempt)), ())
        self._teller.flush()
        self._teller.log = self._job = None
        packed = outcome.packed
        if packed is not None:
            self._link.send("result", b"t" + packed.encode() if isinstance(packed, str) else b"z" + packed)
        told = {name: value for name, value in asdict(outcome).items() if name != "packed"}
        clean = not left and not is_changed and outcome.error_type != "MemoryError"
        self._link.send("end", {**told, "left": left, "is_clean": clean})

    async def _outcome(self, job: Job, order: dict[str, Any]) -> Outcome:
        try:
            job.spec = self._spec(order)
        except TaskdeckError as error:
            return failed(f"it cannot run in a process of its own: {error.message}", "isolation_error")
        with memory.limited(order["memory_limit"]):
            return await execute(job)

    def _prepare(self, order: dict[str, Any]) -> Job:
        given = order["task"]
        task = Task(**{**given, "dependencies": tuple(map(Dependency.parse, given["dependencies"]))})
        task.inputs, task.status = order["inputs"], TaskStatus.IN_PROGRESS
        log = TaskLog(task.id, self._teller, tuple(order["secrets"]))
        started = datetime.fromtimestamp(order["started_at"], UTC)

        def say(text: str) -> None:
            log.line("log", text)

        context = TaskContext(
            task,
            order["inputs"],
            order["attempt"],
            started,
            self._teller.progress,
            say,
            self._spawn,
            order["cancelled"],
        )
        settings = replace(Settings(), **order["limits"])
        policy = Policy(timeout=order["timeout"])
        nobody = ExecutorSpec(order["executor"], "", "", _nothing, {})
        job = Job(nobody, order["inputs"], context, log, settings, Keeper(settings.log_lines), policy, order["attempt"])
        job.timed_out = order["timed_out"]
        job.on_instance = lambda: self._link.send("began", job.can_cancel)
        return job

    def _spec(self, order: dict[str, Any]) -> ExecutorSpec:
        """The pinned version, imported from its source once. Raises `ExecutorError`."""
        version, executor_id = order["version"], order["executor"]
        if order["source"] is not None:
            self._sources[version] = VersionSource.unpack(base64.b64decode(order["source"]))
        known = self._specs.get((version, executor_id))
        if known is not None:
            return known
        source = self._sources.get(version)
        if source is None:
            raise ExecutorError(f"the source of executor '{executor_id}' is not known")
        spec = self._specs[version, executor_id] = self._loader.revive(version, source, executor_id)
        return spec

    def _left(self) -> list[str]:
        """What the attempt left running: with it, this process is used no more."""
        mine = os.getpid()
        found = [process_words(pid) for pid in descendants(os.getppid()) if pid != mine]
        others = set(threading.enumerate()) - self._threads
        found += [thread_words(thread) for thread in others if not threads.is_idle(thread)]
        tasks = asyncio.all_tasks(self._loop) - {self._task, *self._asking}
        return found + [task_words(task) for task in tasks if task is not None]

    # ── tasks that the attempt spawns ────────────────────────────────────────────────────────────────────────────

    async def _spawn(self, executor_id: str, inputs: Any, fields: dict[str, Any]) -> Any:
        self._call_count += 1
        number = self._call_count
        answer = self._calls[number] = asyncio.get_running_loop().create_future()
        self._link.send("spawn", {"number": number, "executor": executor_id, "inputs": inputs, "fields": fields})
        try:
            told = await answer
        except asyncio.CancelledError:
            self._link.send("drop", number)
            raise
        finally:
            self._calls.pop(number, None)
        if "failed" in told:
            raise ChildFailed(**told["failed"])
        if "error" in told:
            raise TaskdeckError(": ".join(told["error"]))
        if "cancelled" in told:
            raise asyncio.CancelledError
        return told["result"]

    def _answered(self, told: dict[str, Any]) -> None:
        answer = self._calls.get(told["number"])
        if answer is None:
            return
        loop = answer.get_loop()
        loop.call_soon_threadsafe(lambda: None if answer.done() else answer.set_result(told))


def _must_be_well(work: asyncio.Task[None]) -> None:
    """All that an executor does is an outcome; what else went wrong is told by the end of this process."""
    if work.cancelled() or work.exception() is not None:
        work.print_stack(file=sys.__stderr__)
        os._exit(BROKEN)


def _nothing(*args: Any, **kwargs: Any) -> Any:
    raise ExecutorError("its executor is not there")


def main(fd: str, engine: str) -> None:
    """`fd` is the number of the socket's descriptor, `engine` the process that started this one."""
    end = socket.socket(fileno=int(fd))
    end.set_inheritable(False)
    compile({"type": "object"})  # what describing an executor needs is imported before anybody waits for it
    gc.freeze()
    divide(int(engine), end.fileno())
    faulthandler.enable(2, all_threads=False)
    logging.getLogger().setLevel(logging.INFO)
    capture.install()
    tracking.install()
    worker = Worker(Link(end))
    fence.install(ends=False)
    worker.serve()
