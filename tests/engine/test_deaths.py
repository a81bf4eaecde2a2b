"""What ends the process that runs it, again and again, and scripts that end without closing anything (7.2)."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from engine import Engine
from engine.lease import Lease
from engine.statements import DIED
from tests.engine.dead_process import abandon
from tests.engine.support import rows, running, stored_status, submit

DIE = (
    "UPDATE task SET status = 'in_progress', resumable = 1, started_at = 1, attempt = attempt + 1,"
    " executor_version = 'v'"
)


@pytest.mark.parametrize("safe", [True, False])
async def test_7_2_what_may_run_twice_is_given_up_after_three_deaths(settings, register, safe: bool) -> None:
    async def execute(self, inputs):
        return None

    register("safe", execute, retry_safe=True)
    async with running(settings) as engine:
        await engine.pause()
        task = engine.new_task("safe")
        await submit(engine, task)
    states = []
    for _ in range(3):
        abandon(settings.store, DIE if safe else DIE.replace("resumable = 1", "resumable = 0"))
        async with running(settings):
            states.append(stored_status(settings.store, task.id))
        if states[-1] == "failed":
            break
    ((error, kind),) = rows(settings.store, "SELECT error, error_type FROM task")
    if safe:
        assert states == ["pending", "pending", "failed"]
        assert (error, kind) == (f"{DIED}, 3 times by now: it is not run again by itself", "interrupted")
    else:
        assert (states, error, kind) == (["failed"], DIED, "interrupted")


async def test_7_2_an_orderly_end_is_no_death(settings, register) -> None:
    async def execute(self, inputs):
        import asyncio

        await asyncio.sleep(60)

    register("safe", execute, retry_safe=True)
    async with running(settings) as engine:
        task = engine.new_task("safe")
        await submit(engine, task)
        await engine.store.writer.flush()
    assert rows(settings.store, "SELECT status FROM task") == [("pending",)]
    assert rows(settings.store, f"SELECT count(*) FROM attempt WHERE error = '{DIED}'") == [(0,)]


SCRIPT = """
import asyncio, sys
from engine import BaseTask, Engine, TaskTreeNode, executor_register

@executor_register()
class Noop(BaseTask):
    id = "noop"
    async def execute(self, inputs):
        return None

async def main():
    engine = Engine(store=sys.argv[1])
    await engine.start()
    task = engine.new_task("noop")
    await engine.finished(await engine.submit(TaskTreeNode(task)))
    last = engine.new_task("noop")
    engine.dispatcher.commit([])
    raise ValueError("before stop")

asyncio.run(main())
"""


def test_a_script_that_raises_before_it_stops_its_engine_ends(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    code = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(store)]
    done = subprocess.run(code, capture_output=True, text=True, timeout=30, cwd=Path(__file__).parents[2])
    assert done.returncode == 1 and "ValueError: before stop" in done.stderr
    assert rows(store, "SELECT status FROM task") == [("completed",)]


def test_a_forked_copy_of_the_process_does_not_hold_its_lease(tmp_path: Path) -> None:
    lease = Lease(tmp_path / "owners")
    lease.acquire()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    fd, lease._fd = lease._fd, None
    assert fd is not None
    os.close(fd)  # as the kernel does when the process is killed
    try:
        other, until = Lease(tmp_path / "owners"), time.monotonic() + 10
        while not other.is_dead(lease.id):  # the copy closes it as the first thing that it does
            assert time.monotonic() < until
            time.sleep(0.01)
    finally:
        os.close(writing)
        os.waitpid(child, 0)


async def test_a_file_that_starts_an_engine_where_it_is_imported_is_told_so(settings) -> None:
    from engine.errors import ExecutorError
    from engine.executor import collecting

    token = collecting.set([])
    try:
        with pytest.raises(ExecutorError, match="while it is imported"):
            await Engine(settings).start()
    finally:
        collecting.reset(token)
