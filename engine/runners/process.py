"""Each attempt in a process of its own: one that crashes, hangs or eats memory harms nobody and can always be ended."""

from __future__ import annotations

import asyncio
import base64
import logging
from typing import Any

from engine import memory
from engine.death import death, last_line, last_place
from engine.errors import ChildFailed
from engine.events import LogLine
from engine.leftovers import APART, LEFT
from engine.problems import words as words_of
from engine.run import Job, Outcome, failed
from engine.runners.pool import Pool
from engine.runners.wire import decode
from engine.runners.worker_process import WorkerProcess
from engine.settings import Settings
from engine.task import TaskStatus
from engine.trust import Trust

logger = logging.getLogger(__name__)
LOOK_EVERY = 0.1
"""Seconds between two looks at the memory of an attempt that has a limit."""
GONE_LIMIT = 5.0
"""Seconds in which a worker that spoke no more must be gone; its keeper ends what it left behind before."""
CRASHED = "process_died"
"""The error type of an attempt whose process ended before it."""


class ProcessRunner:
    """`attempts` are the jobs that it has."""

    def __init__(self) -> None:
        self.attempts: dict[Job, Attempt] = {}
        self._settings = Settings()
        self._trust = Trust()
        self._pool: Pool | None = None

    def attach(self, settings: Settings, trust: Trust) -> None:
        self._settings, self._trust = settings, trust

    async def run(self, job: Job) -> Outcome:
        if self._pool is None:
            self._pool = Pool(self._settings.processes)
        attempt = self.attempts[job] = Attempt(job, self._settings)
        worker, is_clean = None, False
        try:
            outcome = None
            while outcome is None:
                if worker is not None:
                    self._pool.give_back(worker, is_clean=False)
                worker = await attempt.get(self._pool)
                if worker is None:
                    return job.stopped(" before it began")
                outcome = await attempt.run(worker)
            is_clean = attempt.is_clean
            self._judge(job, attempt)
            return outcome
        except OSError as error:
            return failed(str(error), "process_error")
        except Exception as fault:  # ours, or an executor replaced what it stands on: the row ends
            logger.exception("an attempt of task %s failed on its way to a process", job.context.task.id)
            return failed(f"it could not be run in a process: {words_of(fault)}", "process_error")
        finally:
            del self.attempts[job]
            if worker is not None:
                self._pool.give_back(worker, is_clean=is_clean)

    def _judge(self, job: Job, attempt: Attempt) -> None:
        """What it did here tells whether an executor that is only suspected was rightly so."""
        if not self._trust.why(job.spec):
            return
        if attempt.crash:
            self._trust.lose(job.spec, attempt.crash)
        elif attempt.is_clean:
            self._trust.clear(job.spec)

    def interrupt(self, job: Job) -> None:
        self.attempts[job].interrupt()

    async def ask(self, job: Job) -> None:
        await self.attempts[job].ask()

    async def kill(self, job: Job) -> bool:
        return self.attempts[job].kill()

    def place(self, job: Job) -> str:
        attempt = self.attempts.get(job)
        return f"process {attempt.worker.pid}" if attempt is not None and attempt.worker is not None else ""

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()


class Attempt:
    """One job and the worker that has it. `crash` says how that ended, where the job did not end it."""

    def __init__(self, job: Job, settings: Settings) -> None:
        self.worker: WorkerProcess | None = None
        self.is_clean = False
        self.crash = ""
        self._job = job
        self._limit = job.policy.memory_limit or settings.memory_limit or None
        self._getting: asyncio.Task[WorkerProcess] | None = None
        self._asked: asyncio.Future[None] | None = None
        self._spawned: dict[int, asyncio.Task[None]] = {}
        self._packed: str | bytes | None = None
        self._took_too_much = False

    async def get(self, pool: Pool) -> WorkerProcess | None:
        """A worker, None when the job was interrupted before there was one. Raises OSError."""
        self._getting = asyncio.ensure_future(pool.take(lambda words: self._job.log.line("engine", words)))
        try:
            await asyncio.wait({self._getting})
        except asyncio.CancelledError:
            self._getting.cancel()
            raise
        if self._getting.cancelled():
            return None
        return self._getting.result()

    def interrupt(self) -> None:
        if self.worker is None:
            if self._getting is not None:
                self._getting.cancel()
        else:
            self.worker.send("interrupt", {"timed_out": self._job.timed_out, "cancelled": self._job.context.cancelled})

    async def ask(self) -> None:
        """Raises RuntimeError with what the executor's `cancel()` raised."""
        if self.worker is not None:
            self._asked = asyncio.get_running_loop().create_future()
            self.worker.send("cancel")
            await self._asked

    def kill(self) -> bool:
        if self.worker is None:
            return False
        self.worker.kill()
        return True

    async def run(self, worker: WorkerProcess) -> Outcome | None:
        """To the end of the job, or of the worker; None where an attempt before it left the worker unfit."""
        self.worker, worker.log, worker.last_words = worker, self._job.log, ""
        kills, watching = memory.kernel_kills(), None
        if self._limit is not None:
            watching = asyncio.ensure_future(self._watch_memory(worker, self._limit))
        try:
            worker.send("start", self._order(worker))
            if worker.is_used and not await worker.takes():
                self.worker = None
                return None
            worker.is_used = True
            self._job.log.line("engine", f"{APART}{worker.worker_pid}")
            while True:
                kind, body = await worker.receive()
                if kind == "end":
                    return self._ended(decode(body.decode()))
                self._heard(kind, body)
        except EOFError as end:
            return await self._died(worker, kills, str(end))
        finally:
            for work in (watching, *self._spawned.values()):
                if work is not None:
                    work.cancel()
            if self._asked is not None and not self._asked.done():
                self._asked.set_result(None)

    def _order(self, worker: WorkerProcess) -> dict[str, Any]:
        """All that the worker needs; of the source only what it has not got."""
        job, spec = self._job, self._job.spec
        source = None
        if spec.version not in worker.versions and (found := spec.source()) is not None:
            source = base64.b64encode(found.pack()).decode()
            worker.versions.add(spec.version)
        task = job.context.task
        names = ("id", "name", "run_id", "parent_id", "user_id", "priority", "params", "schemas", "created")
        return {
            "executor": spec.id,
            "version": spec.version,
            "source": source,
            "inputs": job.inputs,
            "attempt": job.attempt,
            "timed_out": job.timed_out,
            "cancelled": job.context.cancelled,
            "started_at": job.context.started_at.timestamp(),
            "secrets": job.log.secrets,
            "timeout": job.policy.timeout,
            "memory_limit": self._limit,
            "limits": {name: getattr(job.settings, name) for name in ("result_limit", "result_max", "import_limit")},
            "task": {
                **{name: getattr(task, name) for name in (*names, "original_task_id", "spawned", "idempotency_key")},
                "dependencies": [dependency.as_dict() for dependency in task.dependencies],
            },
        }

    # ── what the worker says ─────────────────────────────────────────────────────────────────────────────────────

    def _heard(self, kind: str, body: bytes) -> None:
        if kind == "result":
            self._packed = body[1:] if body[:1] == b"z" else body[1:].decode()
            return
        told = decode(body.decode())
        if kind == "lines":
            self._job.log.adopt([LogLine(at, stream, text) for at, stream, text in told])
        elif kind == "progress":
            self._job.context.on_progress(*told)
        elif kind == "began":
            self._job.has_cancel = told
        elif kind == "asked":
            if self._asked is not None and not self._asked.done():
                if told is None:
                    self._asked.set_result(None)
                else:
                    self._asked.set_exception(RuntimeError(told))
        elif kind == "spawn":
            work = asyncio.ensure_future(self._spawn(told))
            self._spawned[told["number"]] = work
            work.add_done_callback(lambda _: self._spawned.pop(told["number"], None))
        elif kind == "drop" and (dropped := self._spawned.get(told)) is not None:
            dropped.cancel()

    async def _spawn(self, told: dict[str, Any]) -> None:
        """A child task that the executor wants (8.1): the engine runs it, and the worker hears of its end."""
        answer: dict[str, Any] = {"number": told["number"]}
        try:
            answer["result"] = await self._job.context.on_spawn(told["executor"], told["inputs"], told["fields"])
        except ChildFailed as child:
            names = ("task_id", "status", "error", "error_type", "result")
            answer["failed"] = {"name": told["fields"].get("name") or told["executor"]} | {
                name: getattr(child, name) for name in names
            }
        except asyncio.CancelledError:
            answer["cancelled"] = True
        except Exception as error:
            answer["error"] = [type(error).__name__, str(error)]
        if self.worker is not None:
            self.worker.send("spawned", answer)

    def _ended(self, told: dict[str, Any]) -> Outcome:
        for words in told["left"]:
            self._job.log.line("engine", f"{LEFT}{words}; it is ended with its process")
        self.is_clean = told["is_clean"]
        outcome = Outcome(TaskStatus(told["status"]), self._packed, told["error"], told["error_type"], told["trace"])
        outcome.kinds = tuple(told["kinds"])
        if outcome.error_type == "MemoryError" and self._limit is not None:
            outcome.error, outcome.error_type = _over(self._limit), "memory_limit"
        return outcome

    async def _watch_memory(self, worker: WorkerProcess, limit: int) -> None:
        """What the worker itself cannot see: its children, and memory that no Python object stands for."""
        before = await asyncio.to_thread(memory.resident, worker.pid)
        while worker.is_alive:
            await asyncio.sleep(LOOK_EVERY)
            if await asyncio.to_thread(memory.resident, worker.pid) - before > limit:
                self._took_too_much = True
                worker.kill()
                return

    async def _died(self, worker: WorkerProcess, kills: int | None, words: str) -> Outcome:
        """The worker has ended, was killed, or makes no sense any more."""
        job = self._job
        await asyncio.wait({worker.ended}, timeout=GONE_LIMIT)
        makes_no_sense = worker.is_alive
        if makes_no_sense:
            await worker.end()
        if self._limit is not None and self._took_too_much:
            return failed(_over(self._limit), "memory_limit")
        if job.timed_out or job.context.cancelled:
            return job.stopped("; its process was killed")
        if makes_no_sense:
            self.crash = f"its process spoke no more, and was killed{f': {words}' if words else ''}"
        else:
            self.crash = death(worker.ended.result(), kills)
        said = worker.last_words
        return failed(f"{self.crash}{last_place(said) or last_line(said)}", CRASHED)


def _over(limit: int) -> str:
    return f"it took more memory than its limit of {memory.size(limit)}"
