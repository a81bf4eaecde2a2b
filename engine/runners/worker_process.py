"""A worker process as the engine sees it: started, spoken to, listened to, ended."""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.fence import fence
from engine.output import TaskLog
from engine.runners.wire import message, receive

START_LIMIT = 60.0
"""Seconds in which a worker must be ready."""
END_LIMIT = 4.0
"""Seconds for which a killed one is waited for: its keeper ends what it left behind first."""
TAKE_LIMIT = 5.0
"""Seconds in which one that was used before must take the next job."""
CHUNK = 65_536
_BOOT = "import sys; sys.path[:] = sys.argv[3:]; from engine.runners.worker import main; main(*sys.argv[1:3])"


class WorkerProcess:
    """One attempt at a time. `log` gets what it, or a child of it, writes to descriptors 1 and 2.

    `versions` are those whose source it has, `is_used` says that it has had a job. The process that is started is its
    keeper (see `keeper.py`).
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.log: TaskLog | None = None
        self.versions: set[str] = set()
        self.is_used = False
        self.worker_pid = 0
        """Of the worker itself; `pid` is its keeper's."""
        self.last_words = ""
        """The end of what it wrote to its descriptors."""
        self.ended: asyncio.Future[int] = self._loop.create_future()
        """Its exit code, negative for a signal."""
        self._outputs: dict[str, int] = {}
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}

    @classmethod
    async def start(cls) -> WorkerProcess:
        """Raises OSError, in words, when it cannot be started."""
        worker = cls()
        await worker._start()
        try:
            kind, body = await asyncio.wait_for(receive(worker._reader), START_LIMIT)
            if kind != "ready":
                raise ValueError(kind)
            worker.worker_pid = int(body)
        except (TimeoutError, EOFError, ValueError, OSError, asyncio.IncompleteReadError) as error:
            await worker.end()
            raise OSError(f"a worker process could not be started: {worker.last_words or error!r}") from error
        except asyncio.CancelledError:
            worker.kill()
            raise
        worker.last_words = ""
        return worker

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        pipes = {name: os.pipe() for name in ("stdout", "stderr")}
        try:
            paths = [_absolute(path) for path in _search_path()]
            self._process = subprocess.Popen(  # noqa: ASYNC220  # from this thread: the worker ends with who made it
                [sys.executable, "-c", _BOOT, str(theirs.fileno()), str(os.getpid()), *paths],
                stdin=subprocess.DEVNULL,
                stdout=pipes["stdout"][1],
                stderr=pipes["stderr"][1],
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            for reading, _ in pipes.values():
                os.close(reading)
            raise
        finally:
            theirs.close()
            for _, writing in pipes.values():
                os.close(writing)
        threading.Thread(target=self._wait, daemon=True, name=f"worker {self._process.pid}").start()
        for name, (reading, _) in pipes.items():
            os.set_blocking(reading, False)
            self._outputs[name] = reading
            self._decoders[name] = codecs.getincrementaldecoder("utf-8")("replace")
            self._loop.add_reader(reading, self._read_output, name)
        fence.keep(ours.fileno(), *self._outputs.values())
        self._reader, self._writer = await asyncio.open_connection(sock=ours)

    def _wait(self) -> None:
        code = self._process.wait()
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._died, code)

    def _died(self, code: int) -> None:
        for name in list(self._outputs):
            while self._read_output(name):
                continue
            self._close_output(name)
        if not self.ended.done():
            self.ended.set_result(code)

    def _read_output(self, name: str) -> bool:
        """Take what came on a descriptor; False when there is no more now."""
        if name not in self._outputs:
            return False
        try:
            data = os.read(self._outputs[name], CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._close_output(name)
            return False
        text = self._decoders[name].decode(data)
        self.last_words = (self.last_words + text)[-2_000:]
        if self.log is not None:
            self.log.write(name, text)
        return True

    def _close_output(self, name: str) -> None:
        reading = self._outputs.pop(name, None)
        if reading is not None:
            self._loop.remove_reader(reading)
            os.close(reading)

    @property
    def pid(self) -> int:
        """Of its keeper, above all that belongs to it."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return not self.ended.done()

    def send(self, kind: str, body: Any = None) -> None:
        """To one that has died it goes nowhere: its end is seen elsewhere."""
        if not self._writer.is_closing():
            self._writer.write(message(kind, body))

    async def takes(self) -> bool:
        """Whether it takes the job that was just sent: one that an attempt broke may be dead, deaf or mad."""
        try:
            return (await asyncio.wait_for(self.receive(), TAKE_LIMIT))[0] == "took"
        except (TimeoutError, EOFError):
            return False

    async def receive(self) -> tuple[str, bytes]:
        """Raises EOFError when it has died or speaks otherwise than it should."""
        try:
            return await receive(self._reader)
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            raise EOFError(str(error)) from error

    def kill(self) -> None:
        """Its keeper ends it, with all that it started."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    async def end(self) -> int | None:
        """Kill it and wait until it is gone; its exit code, None where it does not go."""
        if self.is_alive:
            self.kill()
            await asyncio.wait({self.ended}, timeout=END_LIMIT)
        if self.is_alive:
            with suppress(ProcessLookupError):
                self._process.kill()
            await asyncio.wait({self.ended}, timeout=END_LIMIT)
        self._writer.close()
        return self.ended.result() if self.ended.done() else None


def _search_path() -> list[str]:
    """Where modules are looked for, the engine's own place among them."""
    home = str(Path(__file__).parents[2])
    return sys.path if home in map(_absolute, sys.path) else [*sys.path, home]


def _absolute(path: str) -> str:
    """What stands for a folder, as seen from here; other entries (of import hooks) stay as they are."""
    return os.path.abspath(path) if not path or os.path.isdir(path) else path
