"""Where executors run in a script, and what is kept from them and said of them everywhere."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engine import BaseTask, Engine
from engine.json_data import NotJson, TooLarge, decode, encode, encode_in_slices
from engine.runners.loop_thread import LoopThreadRunner
from engine.threads import Threads, Work
from tests.engine.support import finish, running, started, submit, until

SCRIPT = """
import asyncio, os, sys
from engine import BaseTask, Engine, TaskTreeNode, executor_register

@executor_register()
class Apart(BaseTask):
    id = "apart"
    isolation = "process"
    def execute(self, inputs):
        return {"pid": os.getpid()}

async def main():
    engine = Engine(store=":memory:")
    await engine.start()
    task = engine.new_task("apart")
    await engine.finished(await engine.submit(TaskTreeNode(task)))
    await engine.stop()
    print(task.status, task.error, task.result["pid"] != os.getpid())

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_a_script_may_run_its_own_executors_in_processes(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": root, "HOME": str(tmp_path)},
    )
    assert done.stdout.strip() == "completed None True", done.stderr


async def test_a_script_may_change_its_folder_and_its_path_while_tasks_run(
    engine: Engine, noop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert await finish(engine, engine.new_task("noop")) == "completed"
    assert Path.cwd() == tmp_path and sys.path[0] == str(tmp_path)


async def test_4_9_a_task_reads_nothing_from_the_terminal(register, run, monkeypatch: pytest.MonkeyPatch) -> None:
    def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        with contextlib.suppress(EOFError):
            return {"typed": input("? ")}
        return {"rest": sys.stdin.read(), "raw": sys.stdin.buffer.read().decode(), "isatty": sys.stdin.isatty()}

    register("asks", execute)
    task = await run("asks")
    assert {key: task.result[key] for key in ("rest", "raw", "isatty")} == {"rest": "", "raw": "", "isatty": False}


async def test_what_a_task_leaves_running_stands_in_its_log(register, run, engine: Engine) -> None:
    release = threading.Event()

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        threading.Thread(target=release.wait, name="forgotten", daemon=True).start()
        ended = threading.Thread(target=time.sleep, args=(0.005,), name="just ending")
        ended.start()
        await asyncio.to_thread(time.sleep, 0)  # the loop's own pool, which stays for others
        return {"pid": subprocess.Popen(["sleep", "29"]).pid}

    register("leaves", execute)
    task = await run("leaves")
    log = [line.text for line in await engine.log(task.id) if line.stream == "engine"]
    subprocess.run(["kill", str(task.result["pid"])], check=True)
    release.set()
    assert [text for text in log if "forgotten" in text] and [text for text in log if "(sleep 29)" in text]
    assert len(set(log)) == 2, log


async def test_a_timeout_ends_a_spin_in_a_thread(register, run, engine: Engine) -> None:
    ended = threading.Event()

    def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        try:
            while True:
                pass
        finally:
            ended.set()

    register("spins", execute, timeout=0.1)
    task = await run("spins")
    assert (task.status, task.error_type) == ("failed", "timeout_error")
    await until(ended.is_set)


async def test_plain_executes_share_threads_and_wait_for_one_with_a_word(register, settings) -> None:
    names: set[int] = set()

    def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        names.add(threading.get_ident())

    register("plain", execute)
    async with running(settings, runner=LoopThreadRunner()) as engine:
        for _ in range(20):
            assert await finish(engine, engine.new_task("plain")) == "completed"
    assert len(names) < 5


def test_threads_are_bounded_and_a_call_that_was_given_up_is_never_made() -> None:
    pool, gate, done = Threads(2), threading.Event(), []
    works = [Work(f"{n}", gate.wait, lambda result, error: done.append(result)) for n in range(4)]
    for work in works:
        pool.put(work)
    deadline = time.monotonic() + 10
    while sum(work.thread is not None for work in works) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert pool.is_full and [work.thread is not None for work in works] == [True, True, False, False]
    works[3].is_given_up = True
    gate.set()
    while len(done) < 3 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.01)
    assert done == [True] * 3 and works[3].ran_in is None


async def test_a_cancel_of_a_job_on_a_blocked_loop_says_who_blocks_it(register, settings) -> None:
    async def sleeps(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(0.05)
        time.sleep(1.5)

    async def waits(self: BaseTask, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(60)

    register("sleeps", sleeps)
    register("waits", waits)
    async with running(settings, runner=LoopThreadRunner(), block_limit=0.2) as engine:
        waiting, blocker = engine.new_task("waits"), engine.new_task("sleeps")
        await submit(engine, waiting)
        await submit(engine, blocker)
        await started(waiting, blocker)
        await until(lambda: "blocks its loop" in blocker.progress_message)
        await engine.cancel(waiting.id)
        assert "its loop is blocked by 'sleeps' at" in str(waiting.error)
        await until(lambda: not engine.dispatcher.abandoned)


async def test_4_4_the_traceback_is_the_executors_own(register, run, engine: Engine) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        raise ValueError("x" * 100_000)

    register("raises", execute)
    task = await run("raises")
    trace = "\n".join(line.text for line in await engine.log(task.id) if line.stream == "traceback")
    assert "in execute" in trace and "engine/run.py" not in trace and "engine/executor.py" not in trace
    assert len(task.error) < 30_000


@pytest.mark.parametrize(
    "value",
    [
        "é" * 1_200_000,
        [list(range(30_000)) for _ in range(10)],
        {str(n): {"n": n, "ü": None} for n in range(60_000)},
        {"a": "x" * 700_000, 1: [True, None, 1.5], None: {"b": "y" * 700_000}},
        ["\ud800" * 600_000, "\ud83d" + "z" * 600_000],
    ],
    ids=["text", "lists", "dict", "keys", "surrogates"],
)
def test_4_5_a_large_value_in_slices_is_the_same_json(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.json_data.MEASURING", 60.0)  # however busy the machine
    text = encode_in_slices(value, 10**9)
    assert decode(text) == decode(encode(value))
    with pytest.raises(TooLarge) as caught:
        encode_in_slices(value, 1_000)
    assert caught.value.size == len(text)


def test_4_5_what_is_no_json_in_a_large_value_is_named_by_its_path() -> None:
    value = {"rows": [{"n": n} for n in range(200_000)]}
    value["rows"][150_000]["n"] = {1}  # type: ignore[assignment]
    with pytest.raises(NotJson, match=r"^\$\.rows\[150000\]\.n: set$"):
        encode_in_slices(value, 10**9)
