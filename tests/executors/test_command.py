"""command: live output, ends in words, and no process left, however it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from executors.child import LINE_LIMIT, TAIL, Lines
from executors.command import Command
from tests.executors.in_a_run import context_of

GUARD = 20
"""Seconds; what takes longer hangs."""


class Running:
    """A command that runs, with what it logged and when."""

    def __init__(self, **inputs: Any) -> None:
        self.logged: list[tuple[float, str]] = []
        self.executor = Command(inputs=inputs)
        self.context = context_of("command", on_log=lambda text: self.logged.append((time.monotonic(), text)))
        self.executor._context = self.context
        self._inputs = inputs

    @property
    def lines(self) -> list[str]:
        return [line for _, text in self.logged for line in text.split("\n")]

    async def result(self) -> dict[str, Any]:
        result: dict[str, Any] = await asyncio.wait_for(self.executor.execute(self._inputs), GUARD)
        json.dumps(result, allow_nan=False)
        return result

    def start(self) -> asyncio.Task[dict[str, Any]]:
        return asyncio.ensure_future(self.result())

    async def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + GUARD
        while not condition():
            assert time.monotonic() < deadline, self.lines
            await asyncio.sleep(0.02)


async def run(**inputs: Any) -> dict[str, Any]:
    return await Running(**inputs).result()


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def children() -> set[int]:
    """Children of this process, zombies too: what was not reaped shows."""
    return {child.pid for child in psutil.Process().children()}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Any:
    """Limits 4: after each test no child, no zombie, no open pipe and no thread of a command is left."""
    before, files = children(), len(list(Path("/dev/fd").iterdir()))
    yield
    assert children() <= before
    assert len(list(Path("/dev/fd").iterdir())) <= files
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("command ") and _stuck(thread)]


def _stuck(thread: threading.Thread) -> bool:
    thread.join(5)
    return thread.is_alive()


async def test_lines_are_seen_as_they_come() -> None:
    running = Running(command="for i in 1 2 3; do echo $i; sleep 0.4; done")
    task = running.start()
    await running.until(lambda: running.lines == ["1"])
    await running.until(lambda: running.lines == ["1", "2"])
    assert not task.done()
    result = await task
    assert running.lines == ["1", "2", "3"]
    assert running.logged[2][0] - running.logged[0][0] > 0.6
    assert result == {
        "status": "completed",
        "exit_code": 0,
        "stdout": "1\n2\n3\n",
        "stderr": "",
        "truncated": False,
        "duration": result["duration"],
    }
    assert result["duration"] > 1


async def test_a_program_runs_without_a_shell() -> None:
    assert (await run(argv=["printf", "%s|", "$HOME", "a b", "*"]))["stdout"] == "$HOME|a b|*|"


async def test_folder_environment_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "yes")
    result = await run(command="pwd; echo $KEPT $MINE; cat", cwd=str(tmp_path), env={"MINE": "é"}, stdin="grüße\nend")
    assert result["stdout"] == f"{tmp_path}\nyes é\ngrüße\nend"


async def test_it_reads_nothing_when_nothing_is_given() -> None:
    """It shares no terminal with the console: neither its standard input nor a controlling terminal."""
    result = await run(command="cat; (: </dev/tty) 2>/dev/null || echo no terminal")
    assert result["stdout"] == "no terminal\n"


async def test_a_last_line_without_an_end_is_logged_too() -> None:
    running = Running(command="printf 'a\\nb'; printf warn >&2")
    result = await running.result()
    assert sorted(running.lines) == ["a", "b", "warn"]
    assert (result["stdout"], result["stderr"]) == ("a\nb", "warn")


async def test_progress_bars_move_while_they_are_drawn() -> None:
    running = Running(command="for i in 1 2 3; do printf '%s0%%\\r' $i; sleep 0.2; done; echo done")
    task = running.start()
    await running.until(lambda: "10%" in running.lines)
    assert not task.done()
    await task
    assert running.lines == ["10%", "20%", "30%", "done"]


async def test_undecodable_bytes_are_replaced() -> None:
    running = Running(command=r"printf 'a\377b\n'")
    result = await running.result()
    assert running.lines == ["a\ufffdb"] and result["stdout"] == "a\ufffdb\n"


async def test_an_endless_line_is_logged_in_pieces() -> None:
    running = Running(command="head -c 200000 /dev/zero | tr '\\0' x")
    result = await running.result()
    assert [len(line) for line in running.lines] == [LINE_LIMIT, LINE_LIMIT, LINE_LIMIT, 200_000 - 3 * LINE_LIMIT]
    assert result["truncated"] and result["stdout"] == "x" * TAIL


async def test_much_output_takes_little_memory_and_its_end_is_kept() -> None:
    running = Running(
        command="yes 0123456789012345678901234567890123456789012345678901234567890 | head -c 100000000; echo end"
    )
    running.context.on_log = lambda text: None
    before = psutil.Process().memory_info().rss
    result = await running.result()
    assert psutil.Process().memory_info().rss - before < 20_000_000
    assert result["truncated"] and result["stdout"].endswith("end\n")
    assert len(result["stdout"]) == TAIL


async def test_the_kept_end_is_cut_between_characters() -> None:
    result = await run(argv=[sys.executable, "-c", "import sys; sys.stdout.buffer.write('€'.encode() * 100_001)"])
    assert result["truncated"] and set(result["stdout"]) == {"€"}


async def test_a_failing_command_says_its_code_and_its_last_words() -> None:
    """Rule 4.4."""
    result = await run(command="echo fine; echo first >&2; echo 'no such thing' >&2; echo >&2; exit 3")
    assert (result["status"], result["error_type"], result["exit_code"]) == ("failed", "exit_code", 3)
    assert result["error"] == "exit code 3: no such thing"
    assert result["stdout"] == "fine\n"
    assert (await run(command="exit 1"))["error"] == "exit code 1"


async def test_a_signal_is_named() -> None:
    result = await run(command="kill -SEGV $$")
    assert (result["status"], result["error_type"], result["signal"]) == ("failed", "signal", "SIGSEGV")
    assert (result["error"], result["exit_code"]) == ("killed by SIGSEGV", -signal.SIGSEGV)
    result = await run(command="sh -c 'kill -KILL $$'; exit $?")
    assert result["error"].startswith("exit code 137 (SIGKILL)")


async def test_timeout_ends_it() -> None:
    """Rule 4.7's error_type."""
    result = await run(command="echo begun; sleep 600", timeout=0.4)
    assert (result["status"], result["error_type"]) == ("failed", "timeout_error")
    assert (result["error"], result["stdout"]) == ("did not end within 0.4 s", "begun\n")


async def test_cancel_ends_it_and_keeps_what_it_said() -> None:
    """Rule 5.1."""
    running = Running(command="echo begun; sleep 600")
    task = running.start()
    await running.until(lambda: running.lines == ["begun"])
    began = time.monotonic()
    assert (await running.executor.cancel())["status"] == "cancelled"
    result = await task
    assert time.monotonic() - began < 2  # the grace of rule 5.1
    assert (result["status"], result["stdout"], result["exit_code"]) == ("cancelled", "begun\n", -signal.SIGTERM)


async def test_what_handles_the_signal_may_say_goodbye() -> None:
    running = Running(command="trap 'echo bye; exit 0' TERM; echo begun; while :; do sleep 0.05; done")
    task = running.start()
    await running.until(lambda: running.lines == ["begun"])
    await running.executor.cancel()
    result = await task
    assert (result["status"], result["stdout"]) == ("cancelled", "begun\nbye\n")


DEAF = "trap '' TERM; echo $$; while :; do sleep 0.1; done"
"""A shell that ignores SIGTERM and tells its process id first."""


@pytest.mark.parametrize("how", ["cancel", "coroutine", "timeout"])
async def test_a_deaf_grandchild_is_killed_too(how: str) -> None:
    """Rule 5.1, limits 4: the whole process group ends."""
    more = {"timeout": 2} if how == "timeout" else {}
    running = Running(command=f"sh -c '{DEAF.replace(chr(39), chr(34))}' & sh -c 'echo $$; sleep 600' & wait", **more)
    task = running.start()
    await running.until(lambda: len(running.lines) == 2)
    pids = [int(line) for line in running.lines]
    if how == "cancel":
        await running.executor.cancel()
        assert (await task)["status"] == "cancelled"
    elif how == "coroutine":
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=GUARD)
        assert task in done and task.cancelled()
    else:
        assert (await task)["error_type"] == "timeout_error"
    assert not any(alive(pid) for pid in pids)


async def test_a_second_cancellation_kills_at_once() -> None:
    running = Running(command=DEAF)
    task = asyncio.ensure_future(running.executor.execute({"command": DEAF}))
    await running.until(lambda: len(running.lines) == 1)
    task.cancel()
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait({task}, timeout=GUARD)
    assert task.cancelled() and not alive(int(running.lines[0]))


@pytest.mark.parametrize("pipes", ["", ">/dev/null 2>&1"])
async def test_what_it_leaves_in_the_background_neither_delays_nor_outlives_it(pipes: str) -> None:
    """Limits 4: also when the command has ended and only a grandchild holds the pipe."""
    running = Running(command=f"sleep 600 {pipes} & echo $!")
    result = await running.result()
    assert (result["status"], result["stdout"].strip()) == ("completed", running.lines[0])
    pid = int(running.lines[0])
    assert not alive(pid)
    assert running.lines[1] == f"ending what the command left running: {pid}"
    assert result["duration"] < 5


async def test_late_words_of_the_background_are_still_taken() -> None:
    result = await run(command="(sleep 0.15; echo late) & echo early")
    assert result["stdout"] == "early\nlate\n"


async def test_what_left_the_group_does_not_delay_the_end() -> None:
    """A daemon that made a session of its own is not ours any more, though it holds our pipe."""
    result = await run(command="setsid sh -c 'echo $$; exec sleep 600' & sleep 0.5")
    assert result["status"] == "completed" and result["duration"] < 5
    daemon = int(result["stdout"])
    assert alive(daemon)
    os.kill(daemon, signal.SIGKILL)


@pytest.mark.parametrize("how", ["call", "mark"])
async def test_cancel_before_it_began_is_not_lost(tmp_path: Path, how: str) -> None:
    """Rule 5.3."""
    running = Running(command=f"touch {tmp_path}/ran")
    if how == "call":
        await running.executor.cancel()
    else:
        running.context.cancelled = True
    assert (await running.result())["status"] == "cancelled"
    assert not (tmp_path / "ran").exists()


def test_it_runs_on_a_loop_in_another_thread() -> None:
    """Executors run on a loop that is not the main thread's, where child watchers and signals are not at hand."""
    results: list[dict[str, Any]] = []

    async def both() -> None:
        cancelled = Running(command="echo begun; sleep 600")
        task = cancelled.start()
        await cancelled.until(lambda: cancelled.lines == ["begun"])
        results.append(await run(command="echo here; exit 4"))
        await cancelled.executor.cancel()
        results.append(await task)

    thread = threading.Thread(target=lambda: asyncio.run(both()))
    thread.start()
    thread.join(GUARD)
    assert [result["status"] for result in results] == ["failed", "cancelled"]
    assert results[0]["exit_code"] == 4 and results[0]["stdout"] == "here\n"


async def test_cancel_from_another_thread() -> None:
    running = Running(command="echo begun; sleep 600")
    task = running.start()
    await running.until(lambda: running.lines == ["begun"])
    threading.Thread(target=lambda: asyncio.run(running.executor.cancel())).start()
    assert (await task)["status"] == "cancelled"


async def test_many_at_once() -> None:
    results = await asyncio.gather(*(run(command=f"echo {number}; exit {number % 2}") for number in range(30)))
    assert [result["stdout"] for result in results] == [f"{number}\n" for number in range(30)]
    assert [result["exit_code"] for result in results] == [0, 1] * 15


@pytest.mark.parametrize(
    ("inputs", "error_type", "field", "word"),
    [
        ({}, "validation_error", "command", "program"),
        ({"command": "", "argv": []}, "validation_error", "command", "program"),
        ({"command": "true", "argv": ["true"]}, "validation_error", "argv", "not both"),
        ({"argv": ["no-such-program-here"]}, "not_found", "argv", "no-such-program-here"),
        ({"argv": ["/"]}, "permission_denied", "argv", "/"),
        ({"argv": ["true", "x" * 3_000_000]}, "cannot_start", "argv", "too long"),
        ({"argv": ["a\0b"]}, "validation_error", "argv", "null byte"),
        ({"command": "true", "cwd": "/no/such/folder"}, "not_found", "cwd", "/no/such/folder"),
        ({"command": "true", "cwd": "/dev/null"}, "cannot_start", "cwd", "/dev/null"),
        ({"command": "true", "env": {"A=B": "x"}}, "validation_error", "command", "environment"),
    ],
)
async def test_what_cannot_start_says_why(inputs: dict[str, Any], error_type: str, field: str, word: str) -> None:
    """Rule 4.4."""
    result = await run(**inputs)
    assert (result["status"], result["error_type"], result["field"]) == ("failed", error_type, field)
    assert word in result["error"]


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\r\nb", [b"a", b"b"]),
        (b"\n\na", [b"", b"", b"a"]),
        (b"\r1%\r2%\r\n", [b"1%", b"2%"]),
        (b"a\r\r\nb\r\r\rc", [b"a", b"b", b"c"]),
        (b"", []),
    ],
)
def test_lines_do_not_depend_on_how_the_pipe_was_read(data: bytes, lines: list[bytes]) -> None:
    for step in range(1, len(data) + 2):
        splitter = Lines()
        found = [line for at in range(0, len(data), step) for line in splitter.feed(data[at : at + step])]
        assert found + splitter.finish() == lines, step


def test_pieces_of_a_long_line_are_whole_characters() -> None:
    splitter = Lines()
    text = "é€x" * 40_000
    found = [
        piece for at in range(0, len(text.encode()), 10_000) for piece in splitter.feed(text.encode()[at : at + 10_000])
    ]
    pieces = [piece.decode() for piece in found + splitter.finish()]  # strict: a cut character would raise
    assert "".join(pieces) == text
