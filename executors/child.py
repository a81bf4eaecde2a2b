"""A program run as a child: read as it writes, ended with all that it started, and reaped, however it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from executors.refused import Refused, failed
from executors.stoppable import Stoppable

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

    def __init__(
        self,
        argv: Sequence[str],
        log: Callable[[str], None],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = "",
    ) -> None:
        """Start `argv`, without a shell, with `env` beside the console's own environment.

        `stdin` is the text that it reads; None leaves its input open until it ends or is ended. Raises OSError,
        ValueError or RuntimeError (no home folder), having left nothing open.
        """
        self._log = log
        self._ended = False
        self.stdout = Stream(log)
        try:
            self.stderr = Stream(log)
            try:
                self.process, self._lifeline = _start(argv, cwd, env, stdin, self.stdout.writing, self.stderr.writing)
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
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
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


def _start(
    argv: Sequence[str], cwd: str | None, env: Mapping[str, str] | None, text: str | None, stdout: int, stderr: int
) -> tuple[subprocess.Popen[bytes], int | None]:
    """(the process, the end of its standard input to keep open, where it has one)."""
    lifeline = None
    with contextlib.ExitStack() as until_started:
        stdin: int | IO[bytes] = subprocess.DEVNULL
        if text is None:
            stdin, lifeline = os.pipe()
            until_started.callback(os.close, stdin)
        elif text:  # a nameless file needs nobody who feeds it, as a pipe would
            import tempfile

            stdin = until_started.enter_context(tempfile.TemporaryFile())
            stdin.write(text.encode())
            stdin.seek(0)
        try:
            process = subprocess.Popen(
                argv,
                cwd=Path(cwd).expanduser() if cwd else None,
                env={**os.environ, **(env or {})},
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        except BaseException:
            if lifeline is not None:
                os.close(lifeline)
            raise
    return process, lifeline


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


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. `reason` is "ended" (by itself), "timeout" or "cancelled"; all of it is gone by then.

    `code` is the exit code, the negative number of the signal that ended it, or None when it could not be ended.
    `stdout` and `stderr` are the last 128 KiB of each, `truncated` says when there was more; `duration` is in seconds.
    `pid` is 0 when a cancel came before it began.
    """

    reason: str
    code: int | None
    stdout: str = ""
    stderr: str = ""
    truncated: bool = False
    duration: float = 0.0
    pid: int = 0

    @property
    def told(self) -> dict[str, Any]:
        """What the result says of it, whatever the outcome."""
        return {
            "exit_code": self.code,
            "stdout": self.stdout,
            "stderr": self.stderr,
            "truncated": self.truncated,
            "duration": self.duration,
        }


class ProgramTask(Stoppable):
    """An executor that runs programs; a cancel ends what runs within 1.3 s, and then nothing more is started."""

    async def run_program(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = "",
        timeout: float | None = None,
        log: Callable[[str], None] | None = None,
        before_stop: Callable[[], Awaitable[object]] | None = None,
    ) -> Ended:
        """Run `argv` to its end. Its lines go to `log`, by default the task's; `stdin` is as in `Child`.

        `before_stop` is awaited before a cancel or the timeout ends it by signals. Raises as `Child` does.
        """
        if self.is_stopped:
            return Ended("cancelled", None)
        loop = asyncio.get_running_loop()
        verdict: asyncio.Future[str] = loop.create_future()
        wake = _settler(verdict, "cancelled")
        self._wakes.append(wake)
        try:
            began = time.monotonic()
            child = Child(argv, log or self.log, cwd=cwd, env=env, stdin=stdin)
            reason = await _run(child, verdict, timeout, before_stop)
        finally:
            self._wakes.remove(wake)
        stdout, stderr = child.stdout.text(), child.stderr.text()
        truncated = child.stdout.truncated or child.stderr.truncated
        took = round(time.monotonic() - began, 3)
        return Ended(reason, child.process.returncode, stdout, stderr, truncated, took, child.process.pid)


def _settler(verdict: asyncio.Future[str], reason: str) -> Callable[[], None]:
    """A call, from any thread, that gives `verdict` its first and only value."""
    loop = verdict.get_loop()

    def settle() -> None:
        if not verdict.done():
            verdict.set_result(reason)

    def settle_from_anywhere() -> None:
        loop.call_soon_threadsafe(settle)

    return settle_from_anywhere


async def _run(
    child: Child,
    verdict: asyncio.Future[str],
    timeout: float | None,
    before_stop: Callable[[], Awaitable[object]] | None,
) -> str:
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
            if before_stop is not None:
                await before_stop()
            await child.stop()
        return reason
    except asyncio.CancelledError:
        await child.stop()
        raise
    finally:
        child.close()


def last_words(text: str) -> str:
    """The last line of `text` that says something, as ": line"; "" where there is none."""
    last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
    return f": {last:.500}" if last else ""


def judged(ended: Ended, timeout: float | None) -> dict[str, Any]:
    """The result of a program that is done when its exit code is 0.

    Failures have `error_type` exit_code, signal (with `signal`, its name) or timeout_error.
    """
    if ended.reason == "cancelled":
        if not ended.pid:
            return {"status": "cancelled", "message": "cancelled before it began"}
        words = "its processes were ended" if ended.code is not None else f"process {ended.pid} could not be ended"
        return {"status": "cancelled", "message": f"cancelled; {words}", **ended.told}
    if ended.reason == "timeout":
        return {**failed(f"did not end within {timeout:g} s", "timeout_error", "timeout"), **ended.told}
    code = ended.code
    if code == 0:
        return {"status": "completed", **ended.told}
    said = last_words(ended.stderr)
    if code is None:
        return {**failed(f"it could not be ended{said}", "exit_code"), **ended.told}
    if code < 0:
        name = signal_name(-code)
        return {**failed(f"killed by {name}{said}", "signal"), "signal": name, **ended.told}
    by_signal = f" ({signal_name(code - 128)})" if 128 < code <= 128 + signal.NSIG else ""  # as shells tell it
    return {**failed(f"exit code {code}{by_signal}{said}", "exit_code"), **ended.told}


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def not_started(program: str, error: Exception, field: str, cwd: str | None = None) -> Refused:
    """Why `Child` could not start, in words; a folder that is not there is told at its own field."""
    if isinstance(error, OSError):
        if cwd and error.filename is not None and str(error.filename) == str(Path(cwd).expanduser()):
            field, program = "cwd", f"folder {cwd}"
        if isinstance(error, FileNotFoundError):
            return Refused(f"not found: {program}", field, "not_found")
        if isinstance(error, PermissionError):
            return Refused(f"not permitted: {program}", field, "permission_denied")
        return Refused(f"cannot start {program}: {error.strerror or error}", field, "cannot_start")
    return Refused(f"cannot start {program}: {error}", field)
