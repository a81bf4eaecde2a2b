"""Runs a shell line or a program: its output is seen as it comes, and nothing of it is left running afterwards."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from engine import BaseTask, executor_register

CHUNK = 65_536
"""Bytes taken from a pipe at a time; all lines in them go to the log in one call."""

LINE_LIMIT = 65_536
"""A longer line is logged in pieces of this many bytes."""

TAIL = 128 * 1024
"""Bytes of each of stdout and stderr that the result keeps: the last."""

PIPE_GRACE = 0.5
"""Seconds that output may still come after the command ended (from what it left in the background)."""

TERM_GRACE = 0.8
"""Seconds between SIGTERM and SIGKILL. With the next one it stays below the engine's grace of 2 s (5.1)."""

KILL_GRACE = 0.5
"""Seconds to wait until the killed are gone."""

_LINE = re.compile(rb"([^\r\n]*)(\r*\n|\r+)")
_LATE_NEWLINE = re.compile(rb"\A\r*\n")


class Lines:
    """Cuts a stream of bytes into lines. A lone CR ends a line too, so that progress bars show up as they move."""

    def __init__(self) -> None:
        self._rest = b""
        self._after_return = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends."""
        if self._after_return:  # shown already, when the CR came
            data = _LATE_NEWLINE.sub(b"", data)
        self._after_return = data.endswith(b"\r")
        whole = self._rest + data
        if b"\r" in whole:
            end = 0
            lines = []
            for match in _LINE.finditer(whole):
                end = match.end()
                if match[1] or b"\n" in match[2]:  # a CR that begins its line ends an empty one
                    lines.append(match[1])
            self._rest = whole[end:]
        else:
            *lines, self._rest = whole.split(b"\n")
        if len(whole) <= LINE_LIMIT:
            return lines
        *rest, self._rest = _pieces(self._rest)
        return [piece for line in lines for piece in _pieces(line)] + rest

    def finish(self) -> list[bytes]:
        """The last line, if no line end came."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


def _pieces(line: bytes) -> Iterator[bytes]:
    while len(line) > LINE_LIMIT:
        at = LINE_LIMIT
        while at > LINE_LIMIT - 3 and line[at] & 0xC0 == 0x80:  # not through a character of UTF-8
            at -= 1
        yield line[:at]
        line = line[at:]
    yield line


class Stream:
    """One of the command's two pipes, read by the loop whenever there is something in it; keeps the last of it."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        self.is_open = True
        self.truncated = False
        self._log = log
        self._lines = Lines()
        self._tail = bytearray()
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.add_reader(self.reading, self.read)

    def read(self) -> bool:
        """Take what has come, at most a chunk; False when nothing had, or the pipe ended."""
        try:
            data = os.read(self.reading, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._end()
            return False
        self._tail += data
        if len(self._tail) > 2 * TAIL:
            del self._tail[:-TAIL]
            self.truncated = True
        self._say(self._lines.feed(data))
        return True

    def close(self) -> None:
        """Take what is left in the pipe and close it; bounded, since whoever holds the other end may go on writing."""
        for _ in range(2 * 1024 * 1024 // CHUNK):
            if not self.is_open or not self.read():
                break
        self._end()

    def text(self) -> str:
        """The last `TAIL` bytes, as text."""
        if len(self._tail) > TAIL:
            del self._tail[:-TAIL]
            self.truncated = True
        start = 0
        while self.truncated and start < min(3, len(self._tail)) and self._tail[start] & 0xC0 == 0x80:
            start += 1  # the rest of a character that was cut
        return self._tail[start:].decode("utf-8", "replace")

    def _end(self) -> None:
        if self.is_open:
            self.is_open = False
            if self._loop is not None:
                self._loop.remove_reader(self.reading)
            os.close(self.reading)
            self._say(self._lines.finish())

    def _say(self, lines: list[bytes]) -> None:
        if lines:
            self._log(b"\n".join(lines).decode("utf-8", "replace"))


class Child:
    """The running command: a session and process group of its own, so that all of it can be ended.

    A thread waits for its end without reaping it. While it is not reaped the group's id cannot be given to anyone else,
    so no signal ever reaches a stranger.
    """

    def __init__(self, inputs: dict[str, Any], log: Callable[[str], None]) -> None:
        """Start it. Raises OSError, ValueError or RuntimeError (no home folder), having left nothing open."""
        self._log = log
        self._ended = False
        self.stdout = Stream(log)
        try:
            self.stderr = Stream(log)
            try:
                self.process = _start(inputs, self.stdout.writing, self.stderr.writing)
            except BaseException:
                self.stderr.close()
                raise
            finally:
                os.close(self.stderr.writing)
        except BaseException:
            self.stdout.close()
            raise
        finally:
            os.close(self.stdout.writing)

    def watch(self, when_ended: Callable[[], None]) -> None:
        """Begin to read its output; call `when_ended` on the loop once the command itself has ended."""
        loop = asyncio.get_running_loop()
        self.stdout.attach(loop)
        self.stderr.attach(loop)

        def ended() -> None:
            self._ended = True
            when_ended()

        def wait() -> None:
            _wait_unreaped(self.process)
            try:
                loop.call_soon_threadsafe(ended)
            except RuntimeError:  # the loop was closed first
                pass

        threading.Thread(target=wait, name=f"command {self.process.pid}", daemon=True).start()

    async def settle(self) -> None:
        """The command ended by itself: take the last of its output, end what it left running."""
        await _until(lambda: not (self.stdout.is_open or self.stderr.is_open), PIPE_GRACE)
        left = self._others()
        if left:
            self._log(f"ending what the command left running: {', '.join(str(pid) for pid in left)}")
            await self.stop()

    async def stop(self) -> None:
        """SIGTERM to the group, SIGKILL to what is left of it after `TERM_GRACE` seconds."""
        self._signal(signal.SIGTERM)
        if not await _until(self._gone, TERM_GRACE):
            self._signal(signal.SIGKILL)
            await _until(self._gone, KILL_GRACE)

    def close(self) -> None:
        """Reap and close. Kills first, should a second cancellation have cut `stop` short."""
        if self.process.returncode is None:
            self._signal(signal.SIGKILL)
        try:
            self.process.wait(KILL_GRACE)
        except subprocess.TimeoutExpired:
            self._log(f"process {self.process.pid} could not be ended")
        self.stdout.close()
        self.stderr.close()

    def _gone(self) -> bool:
        return self._ended and not self._others()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass  # gone, or another user's (sudo): what remains is told by close()

    def _others(self) -> list[int]:
        """The group's living processes but the command itself."""
        import psutil

        found = []
        for pid in psutil.pids():
            try:
                same = pid != self.process.pid and os.getpgid(pid) == self.process.pid
                if same and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                    found.append(pid)
            except (OSError, psutil.Error):
                pass  # it ended meanwhile
        return found


def _start(inputs: dict[str, Any], stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    argv = inputs.get("argv") or ["/bin/sh", "-c", inputs["command"]]
    cwd = inputs.get("cwd")
    text = (inputs.get("stdin") or "").encode()
    # A nameless file needs nobody who feeds it, as a pipe would.
    with tempfile.TemporaryFile() if text else Path(os.devnull).open("rb") as stdin:
        if text:
            stdin.write(text)
            stdin.seek(0)
        return subprocess.Popen(
            argv,
            cwd=Path(cwd).expanduser() if cwd else None,
            env={**os.environ, **(inputs.get("env") or {})},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )


def _wait_unreaped(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "darwin":  # has no waitid
        process.wait()
    else:
        try:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            pass  # reaped already, by close()


async def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for what nobody tells us of; looks soon at first, then every 50 ms."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while not condition():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(pause)
        pause = min(pause * 2, 0.05)
    return True


@executor_register()
class Command(BaseTask):
    """Ends completed with exit code 0, else failed; what it left running in its process group is ended with it."""

    id = "command"
    name = "Command"
    description = "Runs a shell line or a program; its output is shown as it comes"
    tags = ("shell", "process")
    cancelable = True
    examples = (
        {"command": "for i in 1 2 3; do echo $i; sleep 1; done"},
        {"argv": ["ls", "-l", "/tmp"], "timeout": 10},
        {"command": "make test", "cwd": "~/project", "env": {"CI": "1"}},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "command": {
                "type": "string",
                "title": "Command",
                "description": "A line for /bin/sh; give this or a program, not both",
                "minLength": 1,
                "examples": ["echo hello"],
            },
            "argv": {
                "type": "array",
                "title": "Program",
                "description": "A program and its arguments, run without a shell",
                "items": {"type": "string"},
            },
            "cwd": {
                "type": "string",
                "title": "Folder",
                "description": "Where it runs; absent: where the console was started",
                "format": "directory-path",
            },
            "env": {
                "type": "object",
                "title": "Environment",
                "description": "Variables set beside those of the console",
                "propertyNames": {"pattern": "^[^=\\u0000]+$"},
                "additionalProperties": {"type": "string"},
            },
            "timeout": {
                "type": "number",
                "title": "Timeout",
                "description": "Seconds until it is ended; absent: no limit",
                "exclusiveMinimum": 0,
                "maximum": 604_800,
            },
            "stdin": {
                "type": "string",
                "title": "Standard input",
                "description": "Text that it reads; absent: nothing",
                "contentMediaType": "text/plain",
            },
        },
        "additionalProperties": False,
    }

    def __init__(self, inputs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(inputs, **kwargs)
        self._cancel_asked = False
        self._wake: Callable[[], None] | None = None

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"exit_code", "stdout", "stderr", "truncated", "duration"}`, each text the last 128 KiB.

        A negative `exit_code` is the signal that ended it. `duration` is in seconds. Failures have `error_type`
        validation_error, not_found, permission_denied, cannot_start, exit_code, signal or timeout_error.
        """
        problem = _problem(inputs)
        if problem:
            return problem
        verdict: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._wake = _settler(verdict, "cancelled")
        try:
            if self._cancel_asked or self.is_cancelled():
                return {"status": "cancelled", "message": "cancelled before it began"}
            began = time.monotonic()
            try:
                child = Child(inputs, self.log)
            except (OSError, ValueError, RuntimeError) as error:
                return _not_started(inputs, error)
            reason = await _run(child, verdict, inputs.get("timeout"))
        finally:
            self._wake = None
        return _outcome(child, reason, inputs.get("timeout"), round(time.monotonic() - began, 3))

    async def cancel(self) -> dict[str, Any]:
        """Ends the command within 1.3 s; asked before it began, it will not begin (5.3)."""
        self._cancel_asked = True
        if self._wake is not None:
            self._wake()
        return {"status": "cancelled", "message": "the command is being ended"}


def _settler(verdict: asyncio.Future[str], reason: str) -> Callable[[], None]:
    """A call, from any thread, that gives `verdict` its first and only value."""
    loop = verdict.get_loop()

    def settle() -> None:
        if not verdict.done():
            verdict.set_result(reason)

    def settle_from_anywhere() -> None:
        loop.call_soon_threadsafe(settle)

    return settle_from_anywhere


async def _run(child: Child, verdict: asyncio.Future[str], timeout: float | None) -> str:
    """Why it ended: "ended" (by itself), "timeout" or "cancelled". All of its processes are gone afterwards."""
    try:
        child.watch(_settler(verdict, "ended"))
        try:
            async with asyncio.timeout(timeout):
                reason = await verdict
        except TimeoutError:
            reason = "timeout"
        if reason == "ended":
            await child.settle()
        else:
            await child.stop()
        return reason
    except asyncio.CancelledError:
        await child.stop()
        raise
    finally:
        child.close()


def _problem(inputs: dict[str, Any]) -> dict[str, Any] | None:
    """The schema cannot ask for exactly one of two in a way that a form could draw, so it is asked for here."""
    if inputs.get("command") and inputs.get("argv"):
        return _failed("give a command or a program, not both", "validation_error", "argv")
    if not inputs.get("command") and not inputs.get("argv"):
        return _failed("give a command (a line for the shell) or a program", "validation_error", "command")
    return None


def _not_started(inputs: dict[str, Any], error: Exception) -> dict[str, Any]:
    field = "argv" if inputs.get("argv") else "command"
    program = inputs["argv"][0] if inputs.get("argv") else "/bin/sh"
    cwd = inputs.get("cwd")
    if isinstance(error, OSError):
        if cwd and error.filename is not None and str(error.filename) == str(Path(cwd).expanduser()):
            field, program = "cwd", f"folder {cwd}"
        if isinstance(error, FileNotFoundError):
            return _failed(f"not found: {program}", "not_found", field)
        if isinstance(error, PermissionError):
            return _failed(f"not permitted: {program}", "permission_denied", field)
        return _failed(f"cannot start {program}: {error.strerror or error}", "cannot_start", field)
    return _failed(f"cannot start {program}: {error}", "validation_error", field)


def _outcome(child: Child, reason: str, timeout: float | None, duration: float) -> dict[str, Any]:
    code = child.process.returncode
    stdout, stderr = child.stdout.text(), child.stderr.text()
    told = {
        "exit_code": code,
        "stdout": stdout,
        "stderr": stderr,
        "truncated": child.stdout.truncated or child.stderr.truncated,
        "duration": duration,
    }
    if reason == "cancelled":
        words = "its processes were ended" if code is not None else f"process {child.process.pid} could not be ended"
        return {"status": "cancelled", "message": f"cancelled; {words}", **told}
    if reason == "timeout":
        return {**_failed(f"did not end within {timeout:g} s", "timeout_error", "timeout"), **told}
    if code == 0:
        return {"status": "completed", **told}
    last = next((line.strip() for line in reversed(stderr.splitlines()) if line.strip()), "")
    said = f": {last:.500}" if last else ""
    if code < 0:
        name = _signal_name(-code)
        return {"status": "failed", "error": f"killed by {name}{said}", "error_type": "signal", "signal": name, **told}
    by_signal = f" ({_signal_name(code - 128)})" if 128 < code <= 128 + signal.NSIG else ""  # as shells tell it
    return {"status": "failed", "error": f"exit code {code}{by_signal}{said}", "error_type": "exit_code", **told}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _failed(error: str, error_type: str, field: str) -> dict[str, Any]:
    return {"status": "failed", "error": error, "error_type": error_type, "field": field}
