"""Two processes, schedules and questions: who lives goes on within seconds, no time runs twice, one answer counts."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import executors.approve as approval
from engine import BaseTask, Engine, EventKind, Settings, TaskStatus
from engine.errors import TaskError
from engine.schedule import When
from engine.task import now
from tests.engine.support import rows, running, until
from tests.faults import owner
from tests.faults.test_two_processes import PROMPT, ROOT, ran, seen

Register = Callable[..., type[BaseTask]]


@contextmanager
def other(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.faults.keeper", str(folder), *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "submitted\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def own(tmp_path: Path, register: Register) -> Settings:
    owner.register(tmp_path)
    register("approve", approval.Approve.execute, approval.Approve.inputs_schema, asks=True, retry_safe=True)
    return replace(Settings(), store=tmp_path / "own.db", grace=0.3, cancel_limit=0.3)


async def launched(engine: Engine, least: int) -> None:
    async with asyncio.timeout(PROMPT * 2):
        while True:
            times = await engine.schedules.times(outcome="launched", limit=1_000)
            if len(times) >= least:
                return
            await asyncio.sleep(0.02)


async def test_7_2_schedules_go_on_after_kill_and_no_time_runs_twice(own: Settings, tmp_path: Path) -> None:
    with other(tmp_path) as process:
        async with running(own, take_over=True) as engine:
            made = engine.schedules.made("often", "quick", When.read("every", "1s", "UTC", now()), {"name": "x"})
            await engine.schedules.add(made)
            await launched(engine, 2)
            assert not engine.timekeeper.keeps
            process.kill()
            before = now()
            await until(lambda: engine.timekeeper.keeps)
            assert now() - before < timedelta(seconds=PROMPT)
            await launched(engine, 4)
    found = rows(tmp_path / "own.db", "SELECT due_at, run_id FROM schedule_run WHERE outcome = 'launched'")
    assert len({due for due, _ in found}) == len({run for _, run in found}) == len(found) >= 4
    tasks = rows(tmp_path / "own.db", "SELECT status, attempt FROM task")
    assert all(attempt <= 1 for _, attempt in tasks) and len(tasks) == len(found)


async def test_7_2_a_question_of_another_process_is_seen_and_answered_from_here(own: Settings, tmp_path: Path) -> None:
    async with running(own) as viewer:
        looking = asyncio.ensure_future(
            seen(viewer, {EventKind.CREATED: {"question"}, EventKind.FINISHED: {"question", "after"}})
        )
        with other(tmp_path, "ask") as process:
            await until(lambda: viewer.counts.asking == 1)
            with pytest.raises(TaskError, match="name"):
                await viewer.answers.give("question", True, who="ann")
            assert (await viewer.answers.give("question", True, {"name": "web"}, who="ann")).is_run
            await looking
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline) == "ended\n"
            await until(lambda: viewer.counts.asking == 0)
    assert ran(tmp_path) == ["after"]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_7_2_an_answer_counts_whether_its_process_dies_before_or_after_it(
    own: Settings, tmp_path: Path, when: str
) -> None:
    with other(tmp_path, "ask") as process:
        async with running(own) as script:
            if when == "before":
                process.kill()
                process.wait()
            else:
                process.send_signal(19)  # it hangs, and dies before it has read the answer
            await script.answers.give("question", True, {"name": "web"}, who="ann")
            process.kill()
            process.wait()
        async with running(own, take_over=True) as engine:
            await until(lambda: ran(tmp_path) == ["after"])
            await until(lambda: not engine.dispatcher.trees)
            question = await engine.task("question")
            assert question is not None and question.status is TaskStatus.COMPLETED
            assert question.result["answer"]["by"] == "ann" and question.result["result"] == {"name": "web"}
