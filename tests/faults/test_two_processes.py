"""Two processes on one store: each sees what the other runs, acts reach whoever runs it, and the living takes over."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engine import Engine, EventKind, Settings, TaskStatus
from engine.errors import TaskError
from tests.engine.support import running, until
from tests.faults import owner

ROOT = Path(__file__).resolve().parents[2]
PROMPT = 5.0
"""Seconds that nothing here may take on a loaded machine; it takes 0.2 on an idle one."""


@contextmanager
def other(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The other process, its tree submitted; killed at the end unless it has ended."""
    command = [sys.executable, "-m", "tests.faults.owner", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "submitted\n"
            yield process
        finally:
            process.kill()


def word_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
async def viewer(tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine that goes on with the runs of dead ones, as a console's does."""
    owner.register(tmp_path)
    settings = replace(Settings(), store=tmp_path / "own.db", grace=0.3, cancel_limit=0.3)
    async with running(settings, take_over=True) as engine:
        yield engine


def ran(folder: Path) -> list[str]:
    file = folder / "ran"
    return file.read_text().split() if file.exists() else []


async def seen(engine: Engine, kinds: dict[EventKind, set[str]]) -> None:
    """Wait until these events came of these tasks."""
    left = {(kind, task_id) for kind, ids in kinds.items() for task_id in ids}
    done = asyncio.Event()

    def look(event: object) -> None:
        task = getattr(event, "task", None)
        if task is not None:
            left.discard((event.kind, task.id))  # type: ignore[attr-defined]
        if not left:
            done.set()

    stop = engine.bus.subscribe(look)
    try:
        async with asyncio.timeout(PROMPT):
            await done.wait()
    except TimeoutError:
        raise AssertionError(f"not told within {PROMPT} s: {left}") from None
    finally:
        stop()


async def test_7_2_what_another_process_runs_is_seen_live(viewer: Engine, tmp_path: Path) -> None:
    looking = asyncio.ensure_future(
        seen(
            viewer,
            {
                EventKind.CREATED: {"root", "one", "two", "last"},
                EventKind.LOG: {"one", "two"},
                EventKind.FINISHED: {"one", "two", "last"},
                EventKind.TREE_FINISHED: {"root"},
            },
        )
    )
    with other(tmp_path) as process:
        await until(lambda: len(ran(tmp_path)) == 3)
        await asyncio.sleep(0.3)
        (tmp_path / "gate").touch()
        await looking
        assert await asyncio.to_thread(word_of, process) == "completed"
    assert sorted(ran(tmp_path)) == ["last", "one", "root", "two"]


async def test_5_1_a_cancel_reaches_the_process_that_runs_the_task(viewer: Engine, tmp_path: Path) -> None:
    with other(tmp_path) as process:
        await until(lambda: len(ran(tmp_path)) == 3)
        answer = await viewer.cancel("one")
        assert answer["status"] == "cancelled"
        stored = await viewer.task("one")
        assert stored is not None and stored.status is TaskStatus.CANCELLED
        assert (await viewer.cancel("one"))["current_status"] == "cancelled"
        (tmp_path / "gate").touch()
        assert await asyncio.to_thread(word_of, process) == "cancelled"
    assert "last" not in ran(tmp_path)


async def test_8_3_a_run_is_paused_and_resumed_from_another_process(viewer: Engine, tmp_path: Path) -> None:
    with other(tmp_path) as process:
        await until(lambda: len(ran(tmp_path)) == 3)
        await viewer.pause("root")
        await until(lambda: viewer.is_paused("root"))
        (tmp_path / "gate").touch()
        await asyncio.sleep(0.5)
        assert "last" not in ran(tmp_path)
        await viewer.resume("root")
        assert await asyncio.to_thread(word_of, process) == "completed"
    assert "last" in ran(tmp_path)


async def test_5_4_a_rerun_is_done_by_the_process_that_runs_the_tree(viewer: Engine, tmp_path: Path) -> None:
    with other(tmp_path) as process:
        await until(lambda: len(ran(tmp_path)) == 3)
        await viewer.cancel("one")
        with pytest.raises(TaskError, match="secrets"):
            await viewer.rerun("one", inputs={"password": "hunter2"})
        task = await viewer.rerun("one", inputs={"name": "again"})
        assert task.id == "one" and task.inputs == {"name": "again"}
        (tmp_path / "gate").touch()
        assert await asyncio.to_thread(word_of, process) == "completed"
    assert ran(tmp_path).count("again") == 1
    assert b"hunter2" not in (tmp_path / "own.db").read_bytes() + (tmp_path / "own.db-wal").read_bytes()
    audit = await viewer.history.audit()
    assert [(entry.what, entry.task_id) for entry in audit if entry.what == "rerun"] == [("rerun", "one")]


async def test_7_2_a_refusal_comes_back_in_words(viewer: Engine, tmp_path: Path) -> None:
    with other(tmp_path):
        await until(lambda: len(ran(tmp_path)) == 3)
        with pytest.raises(TaskError, match="still runs"):
            await viewer.rerun("one")
        with pytest.raises(TaskError, match="cannot be skipped"):
            await viewer.skip("one")


async def test_7_2_who_lives_takes_over_from_who_was_killed_and_nothing_runs_twice(
    viewer: Engine, tmp_path: Path
) -> None:
    with other(tmp_path) as process:
        await until(lambda: len(ran(tmp_path)) == 3)
        await asyncio.sleep(0.3)
        looking = asyncio.ensure_future(seen(viewer, {EventKind.FINISHED: {"one", "two"}}))
        process.kill()
        await looking
    for task_id in ("one", "two"):
        task = await viewer.task(task_id)
        assert task is not None and (task.status, task.error_type) == (TaskStatus.FAILED, "interrupted")
    (tmp_path / "gate").touch()
    await viewer.rerun("one")
    async with asyncio.timeout(PROMPT):
        await viewer.finished("root")
    assert sorted(ran(tmp_path)) == ["last", "one", "one", "root", "two"]  # `one` because it was asked for


async def test_7_2_what_had_not_begun_goes_on_with_who_lives(viewer: Engine, tmp_path: Path) -> None:
    with other(tmp_path) as process:
        await until(lambda: len(ran(tmp_path)) == 3)
        await viewer.pause("root")
        (tmp_path / "gate").touch()
        await until_stored(viewer, "one", TaskStatus.COMPLETED)
        process.kill()
    await until(lambda: "root" in viewer.dispatcher.trees)
    assert viewer.is_paused("root")
    await viewer.resume("root")
    async with asyncio.timeout(PROMPT):
        assert await viewer.finished("root") == "completed"
    assert sorted(ran(tmp_path)) == ["last", "one", "root", "two"]


async def test_7_2_what_is_asked_of_a_process_that_dies_is_done_here(viewer: Engine, tmp_path: Path) -> None:
    with other(tmp_path) as process:
        await until(lambda: len(ran(tmp_path)) == 3)
        process.send_signal(19)  # it hangs: no request is answered
        asked = asyncio.ensure_future(viewer.cancel("last"))
        await asyncio.sleep(0.3)
        assert not asked.done()
        process.kill()
        async with asyncio.timeout(PROMPT):
            assert (await asked)["status"] == "cancelled"
    last = await viewer.task("last")
    assert last is not None and last.status is TaskStatus.CANCELLED


async def until_stored(engine: Engine, task_id: str, status: TaskStatus) -> None:
    async with asyncio.timeout(PROMPT):
        while True:
            task = await engine.store.task(task_id)
            if task is not None and task.status is status:
                return
            await asyncio.sleep(0.02)
