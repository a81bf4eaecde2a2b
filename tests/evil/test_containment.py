"""What the console does about executors that it cannot let go on as they are."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.lease import Lease
from engine.runners.loop_thread import MOST_BLOCKED
from tests.evil.console import EXECUTORS, Beat, Console, console, dying

pytestmark = pytest.mark.timeout(60)
SEPARATE = {"isolation": "process"}


def problems(here: Console, executor: str) -> list[str]:
    return [problem.text for problem in here.engine.catalogue.problems if problem.executor_id == executor]


def workers() -> list[psutil.Process]:
    """The worker processes of this one, and what is below them."""
    return psutil.Process().children(recursive=True)


def argued(process: psutil.Process) -> str:
    """Its arguments and environment; nothing of one that has ended (what an earlier test left to be reaped)."""
    try:
        return " ".join([*process.cmdline(), *process.environ().values()])
    except psutil.NoSuchProcess:
        return ""


async def pid(here: Console, **params: Any) -> int:
    task = await here.run("where", params=params)
    assert task.status == "completed", task.error
    return int(task.result["pid"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Executors of a test's own, beside `where`, which tells its process and what it was given."""
    made = tmp_path / "executors"
    made.mkdir()
    write(made, "where", 'return {"pid": os.getpid(), "inputs": inputs, "version": VERSION, "name": self.task.name}')
    return made


def write(folder: Path, name: str, body: str, *attributes: str, version: int = 1) -> None:
    lines = "\n".join(f"    {line}" for line in (f'id = "{name}"', *attributes))
    code = "\n".join(f"        {line}" for line in body.split("\n"))
    (folder / f"{name}.py").write_text(
        "import asyncio, os, re, signal, sys, time\nfrom engine import BaseTask, ChildFailed, executor_register\n"
        f"VERSION = {version}\n@executor_register()\nclass Made(BaseTask):\n{lines}\n"
        f"    async def execute(self, inputs):\n{code}\n"
    )


# ── blocked loops ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_comes_while_a_loop_is_blocked_runs_and_what_waits_on_it_says_so(tmp_path: Path) -> None:
    async with console(tmp_path / "s.db") as here:
        await here.run("good")
        waiting = await here.launch("swallows_cancel")
        await here.until("in_progress", task=waiting)
        await asyncio.sleep(0.05)
        blocker = await here.launch("sleeps")
        async with asyncio.timeout(10):
            while "blocks its loop" not in blocker.progress_message:
                await asyncio.sleep(0.01)
        began = time.monotonic()
        assert (await here.run("good")).status == "completed"
        assert time.monotonic() - began < 1.5 and blocker.status == "in_progress"
        assert re.search(r"waits: its loop is blocked by 'sleeps' at .*sleeps\.py:17", await here.log(waiting))
        assert "1 other attempts on it wait" in await here.log(blocker)
        await here.ended(blocker)
        assert "it blocked its loop for" in await here.log(blocker)
        await here.cancel(waiting)


async def test_only_so_many_loops_may_be_blocked_and_then_what_comes_says_what_it_waits_for(tmp_path: Path) -> None:
    end = tmp_path / "end"  # all of them must be blocked at once, however long it takes to begin the last
    async with console(tmp_path / "s.db", block_limit=0.1) as here:
        await here.run("good")
        for _ in range(MOST_BLOCKED):
            blocker = await here.launch("sleeps", {"until": str(end)})
            async with asyncio.timeout(10):
                while "blocks its loop" not in blocker.progress_message:
                    await asyncio.sleep(0.01)
        later = await here.launch("good")
        unwanted = await here.launch("good")
        await here.until("in_progress", task=unwanted)
        assert re.search(r"waits for a loop: 8 are blocked, by 'sleeps' at", await here.log(later))
        await here.cancel(unwanted)
        assert (unwanted.status, unwanted.error) == ("cancelled", "cancelled before it began")
        end.touch()
        assert (await here.ended(later)).status == "completed"


# ── moved into a process ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_held_up_the_whole_process_runs_apart_from_then_on_until_it_is_changed(
    folder: Path, tmp_path: Path
) -> None:
    write(folder, "holds", 'm = re.match(r"(a+)+$", "a" * inputs.get("size", 26) + "b")\nreturn {"pid": os.getpid()}')
    async with console(tmp_path / "s.db", folder) as here:
        size = 24
        while not problems(here, "holds") and size < 33:  # as long as it takes on this machine
            assert (await here.run("holds", {"size": size})).result["pid"] == os.getpid()
            await asyncio.sleep(0.1)
            size += 1
        (said,) = problems(here, "holds")
        assert re.search(r"until it is changed: it held up the whole process for .* s at .*holds\.py", said)
        beat = Beat()
        again = await here.run("holds", {"size": size - 1})
        assert again.result["pid"] != os.getpid() and beat.stop() < 0.25
        assert "in a process of its own: it held up" in await here.log(again)
        write(folder, "holds", 'return {"pid": os.getpid()}')
        async with asyncio.timeout(10):
            while problems(here, "holds"):
                await asyncio.sleep(0.02)
        assert (await here.run("holds")).result["pid"] == os.getpid()


async def test_what_ended_the_console_runs_apart_after_it(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    write(folder, "exits", "import ctypes\nprint('bye', flush=True)\nctypes.string_at(0)")
    assert dying(store, folder, "exits").wait(30) == -signal.SIGSEGV
    for _ in range(2):  # after another restart it is still known
        async with console(store, folder) as here:
            async with asyncio.timeout(10):
                while not problems(here, "exits"):  # said once what the dead one left has been looked at
                    await asyncio.sleep(0.02)
            assert await pid(here) == os.getpid()
            (run,) = [run for run in await here.thread.ask(here.engine.runs()) if run.root.name == "exits"][-1:]
            interrupted = await here.thread.ask(here.engine.task(run.id))
            if interrupted.attempt == 1:
                assert interrupted.is_interrupted
                await here.thread.ask(here.engine.rerun(interrupted.id))
                task = here.engine.dispatcher.nodes[interrupted.id].task
            else:
                task = await here.launch("exits")
            await here.ended(task)
            assert task.status == "failed" and "killed by SIGSEGV" in str(task.error)
            assert "until it is changed: its process was killed by SIGSEGV" in problems(here, "exits")[0]


async def test_what_only_ran_when_the_console_died_is_cleared_by_ending_well(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    write(folder, "long", "await asyncio.sleep(inputs.get('seconds', 60))\nreturn {'pid': os.getpid()}")
    died = dying(store, folder, "long")
    assert died.stdout is not None and died.stdout.readline()
    died.kill()
    died.wait()
    async with console(store, folder) as here:
        async with asyncio.timeout(10):
            while not problems(here, "long"):  # said once what the dead one left has been looked at
                await asyncio.sleep(0.02)
        assert "it was running when the console ended" in problems(here, "long")[0]
        assert (await here.run("long", {"seconds": 0})).result["pid"] != os.getpid()
        assert not problems(here, "long")
        assert (await here.run("long", {"seconds": 0})).result["pid"] == os.getpid()


async def test_what_closes_all_that_it_can_leaves_the_watch_and_the_locks(folder: Path, tmp_path: Path) -> None:
    (folder / "closes_all.py").write_text((EXECUTORS / "closes_all.py").read_text())
    store = tmp_path / "s.db"
    async with console(store, folder) as here:
        async with asyncio.timeout(10):
            while here.engine.watch_state != "watching":
                await asyncio.sleep(0.02)
        assert (await here.run("closes_all", {"how": "one by one"})).status == "completed"
        for kind in ("owners", "imports"):
            assert not list(Lease(Path(f"{store}-{kind}")).left())
        write(folder, "where", 'return {"pid": 0}', version=2)
        async with asyncio.timeout(1.5):  # a look without the watch comes after two seconds
            while (await here.run("where")).result["pid"]:
                await asyncio.sleep(0.02)


async def test_what_takes_all_descriptors_leaves_the_console_its_last(folder: Path, tmp_path: Path) -> None:
    body = "import subprocess\ntry:\n    while True: os.open('/dev/null', os.O_RDONLY)\nexcept OSError as full:\n"
    write(folder, "greedy", f"{body}    assert 'keeps the last' in str(full), full\nreturn {{}}")
    greedy = dying(tmp_path / "s.db", folder, "greedy", files=256)
    told, _ = greedy.communicate(timeout=30)
    assert told.split()[-1:] == ["completed"] and greedy.returncode == 0


# ── processes ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_warm_worker_is_used_again_and_begins_at_once(folder: Path, tmp_path: Path) -> None:
    async with console(tmp_path / "s.db", folder) as here:
        first = await pid(here, **SEPARATE)
        took, seen = [], set()
        for _ in range(10):
            began = time.perf_counter()
            seen.add(await pid(here, **SEPARATE))
            took.append(time.perf_counter() - began)
        assert first != os.getpid() and len(seen) <= 2
        assert sorted(took)[5] < 0.2  # a guard for a busy machine: the goal is 30 ms


async def test_a_worker_with_something_left_in_it_is_not_used_again(folder: Path, tmp_path: Path) -> None:
    write(folder, "leaves", "os.umask(0)\nreturn {'pid': os.getpid()}")
    write(folder, "breaks", "asyncio.get_running_loop()._closed = True\nreturn {'pid': os.getpid()}")
    async with console(tmp_path / "s.db", folder) as here:
        task = await here.run("leaves", params=SEPARATE)
        assert "changed the umask" in await here.log(task)
        assert task.result["pid"] not in {await pid(here, **SEPARATE) for _ in range(4)}
        broken = await here.run("breaks", params=SEPARATE)
        assert broken.result["pid"] not in {await pid(here, **SEPARATE) for _ in range(2)}


async def test_the_version_that_was_launched_is_the_one_that_runs(folder: Path, tmp_path: Path) -> None:
    write(folder, "helped", "import helper\nreturn {'said': helper.WORDS}")
    (folder / "helper.py").write_text("WORDS = 'from the helper'\n")
    async with console(tmp_path / "s.db", folder) as here:
        assert (await here.run("helped", params=SEPARATE)).result["said"] == "from the helper"
        first = await here.run("where", {"a": 1}, params=SEPARATE)
        assert (first.result["version"], first.result["inputs"], first.result["name"]) == (1, {"a": 1}, "where")
        version = here.engine.catalogue.executors["where"].version
        write(folder, "where", 'return {"pid": os.getpid(), "version": VERSION}', version=2)
        async with asyncio.timeout(10):
            while here.engine.catalogue.executors["where"].version == version:
                await asyncio.sleep(0.02)
        assert (await here.run("where", params=SEPARATE)).result["version"] == 2
        await here.thread.ask(here.engine.rerun(first.id, version=version))
        again = here.engine.dispatcher.nodes[first.id].task
        assert (await here.ended(again)).result["version"] == 1


async def test_it_spawns_children_reports_progress_and_is_asked_to_stop(folder: Path, tmp_path: Path) -> None:
    write(
        folder,
        "parent",
        "self.report_progress(0.5, 'half')\n"
        "told = await self.map('where', [{'n': n} for n in range(3)])\n"
        "try:\n    await self.spawn('nothing')\nexcept ChildFailed as child:\n    failed = child.error_type\n"
        "return {'told': [each['inputs'] for each in told], 'failed': failed}",
        'isolation = "process"',
    )
    write(
        folder,
        "polite",
        "while not self.is_cancelled():\n    await asyncio.sleep(0.01)\n"
        "return {'status': 'cancelled', 'message': 'asked'}",
        'isolation = "process"',
        "async def cancel(self):\n        print('cancel was called')\n        return {}",
    )
    async with console(tmp_path / "s.db", folder) as here:
        task = await here.run("parent")
        assert task.result["told"] == [{"n": 0}, {"n": 1}, {"n": 2}]
        assert task.result["failed"] == "unknown_executor"
        polite = await here.launch("polite")
        await here.until("in_progress", task=polite)
        async with asyncio.timeout(10):
            while not any(job.has_cancel for job in list(here.engine.dispatcher.jobs.values())):
                await asyncio.sleep(0.01)
        await here.cancel(polite)
        assert (polite.status, polite.error) == ("cancelled", "asked")
        assert "cancel was called" in await here.log(polite)


async def test_secrets_reach_it_and_stand_in_no_argument_and_no_environment(folder: Path, tmp_path: Path) -> None:
    write(
        folder,
        "secret",
        "print(inputs['password'])\nawait asyncio.sleep(1)\nreturn {'length': len(inputs['password'])}",
        'inputs_schema = {"type": "object", "properties": {"password": {"type": "string"}}}',
        'isolation = "process"',
    )
    async with console(tmp_path / "s.db", folder) as here:
        task = await here.launch("secret", {"password": "hunter2-hunter2"})
        async with asyncio.timeout(20):
            while "•••" not in await here.log(task):
                await asyncio.sleep(0.05)
        seen = [told for each in workers() if (told := argued(each))]
        assert seen and not any("hunter2" in text for text in seen)
        assert (await here.ended(task)).result["length"] == 15
        assert "hunter2" not in await here.log(task)


async def test_all_of_it_ends_with_the_engine(folder: Path, tmp_path: Path) -> None:
    write(
        folder,
        "stays",
        "import subprocess\nsubprocess.Popen(['sleep', '41'], start_new_session=True)\nprint('in')\ntime.sleep(60)",
    )
    async with console(tmp_path / "s.db", folder) as here:
        task = await here.launch("stays", params=SEPARATE)
        async with asyncio.timeout(20):
            while "stdout: in" not in await here.log(task):
                await asyncio.sleep(0.05)
        assert any("sleep" in each.name() for each in workers())
    assert not [each for each in workers() if each.status() != psutil.STATUS_ZOMBIE]


async def test_all_of_it_ends_when_the_engine_is_killed(folder: Path, tmp_path: Path) -> None:
    write(
        folder,
        "stays",
        "import subprocess\nsubprocess.Popen(['sleep', '43'], start_new_session=True)\ntime.sleep(60)",
        'isolation = "process"',
    )
    died = dying(tmp_path / "s.db", folder, "stays")
    assert died.stdout is not None and died.stdout.readline()
    async with asyncio.timeout(20):
        below: list[psutil.Process] = []
        while not any("sleep" in each.name() for each in below):
            await asyncio.sleep(0.05)
            below = psutil.Process(died.pid).children(recursive=True)
    died.send_signal(signal.SIGKILL)
    died.wait()
    _, alive = await asyncio.to_thread(psutil.wait_procs, below, 10)
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


async def test_no_more_than_so_many_processes_at_once(folder: Path, tmp_path: Path) -> None:
    write(folder, "naps", "await asyncio.sleep(0.5)\nreturn {}", 'isolation = "process"')
    async with console(tmp_path / "s.db", folder, processes=2) as here:
        tasks = [await here.launch("naps") for _ in range(4)]
        for task in tasks:
            assert (await here.ended(task)).status == "completed"
        assert "waits for a process: all 2 are taken" in await here.log(tasks[-1])
        unwanted = [await here.launch("naps") for _ in range(3)][-1]
        await here.until("in_progress", task=unwanted)
        await here.cancel(unwanted)
        assert (unwanted.status, unwanted.error) == ("cancelled", "cancelled before it began")


async def test_with_the_setting_all_that_files_bring_runs_apart(folder: Path, tmp_path: Path) -> None:
    async with console(tmp_path / "s.db", folder, isolation="process") as here:
        task = await here.run("where")
        assert task.result["pid"] != os.getpid()
        (trace,) = await here.thread.ask(here.engine.traces(task.id))
        assert trace.ran == f"process {task.result['pid']} of its own"


async def test_how_it_ran_and_what_it_left_is_known_of_each_attempt(folder: Path, tmp_path: Path) -> None:
    body = "import threading\nthreading.Thread(target=time.sleep, args=(2,), daemon=True, name='lost').start()"
    write(folder, "leaves", body)
    (folder / "plain.py").write_text(
        (folder / "where.py").read_text().replace("async def", "def").replace("where", "plain")
    )
    async with console(tmp_path / "s.db", folder) as here:
        task = await here.run("leaves")
        await here.thread.ask(here.engine.rerun(task.id))
        await here.ended(here.engine.dispatcher.nodes[task.id].task)
        traces = await here.thread.ask(here.engine.traces(task.id))
        assert [trace.ran for trace in traces] == ["a loop", "a loop"]
        assert all(re.match(r"thread 'lost' at ", trace.left[0]) for trace in traces)
        (plain,) = await here.thread.ask(here.engine.traces((await here.run("plain")).id))
        assert plain.ran == "a thread, as its execute is no coroutine" and not plain.left


async def test_what_has_no_source_to_run_apart_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine import BaseTask, Engine, TaskTreeNode, executor_register
    from engine.executor import DEFAULT_REGISTRY

    monkeypatch.setattr(DEFAULT_REGISTRY, "registrations", {})

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {}

    executor_register()(type("Made", (BaseTask,), {"id": "made", "isolation": "process", "execute": execute}))
    DEFAULT_REGISTRY.epoch += 1
    engine = Engine(store=tmp_path / "s.db")
    await engine.start()
    task = engine.new_task("made")
    await engine.finished(await engine.submit(TaskTreeNode(task)))
    await engine.stop()
    assert (task.status, task.error_type) == ("failed", "isolation_error")
    assert "cannot run in a process of its own" in str(task.error)


def test_the_executors_of_this_folder_are_all_in_the_table() -> None:
    from tests.evil.rows import ROWS

    assert {path.stem for path in EXECUTORS.glob("*.py")} == {row.executor for row in ROWS} | {"good"}
