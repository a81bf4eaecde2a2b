"""Executors of the shipped folder as an engine loads and runs them: results go on, cancels end, secrets stay out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import executors
from engine import Engine, Folder, Settings, Task, TaskStatus, TaskTreeNode
from tests.executors.test_shipped import SHIPPED
from tests.executors.trial import alive, until

FOLDER = Path(next(iter(executors.__path__)))


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    made = Engine(replace(Settings(), store=tmp_path / "taskdeck.db"), folders=[Folder(FOLDER, "shipped")])
    await made.start()
    await until(lambda: made.catalogue.epoch > 0 and not made.catalogue.is_loading)
    yield made
    await made.stop()


async def run(engine: Engine, *tasks: Task) -> list[Task]:
    root, *rest = tasks
    run_id = await engine.submit(TaskTreeNode(root, [TaskTreeNode(task) for task in rest]))
    await engine.finished(run_id)
    found = [await engine.task(task.id) for task in tasks]
    return [task for task in found if task is not None]


async def test_the_folder_holds_them_all_and_no_problem(engine: Engine) -> None:
    assert set(engine.catalogue.executors) == set(SHIPPED)
    assert engine.catalogue.problems == ()


async def test_results_go_on_to_transform_and_assert(engine: Engine) -> None:
    """Rule 3.5: what is not declared reaches them by the dependency's id."""
    numbers = engine.new_task("data_processor", inputs={"data": [1, 2, 3]})
    shaped = engine.new_task(
        "transform", inputs={"expression": "{total: result, n: input_count}"}, dependencies=[numbers.id]
    )
    checks = [{"expression": "result.total == `6`"}, {"expression": "result.n > `5`", "otherwise": "too few numbers"}]
    checked = engine.new_task("assert", inputs={"checks": checks}, dependencies=[shaped.id])
    _, made, failed = await run(engine, numbers, shaped, checked)
    assert made.result["result"] == {"total": 6, "n": 3}
    assert (failed.status, failed.error) == (TaskStatus.FAILED, "too few numbers")


async def test_a_cancel_ends_a_process_that_resists(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "resists.py").write_text(
        "import os, signal, time\n"
        "def run(path):\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    open(path, 'w').write(str(os.getpid()))\n"
        "    time.sleep(300)\n"
    )
    pid = tmp_path / "pid"
    inputs: dict[str, Any] = {"function": "resists:run", "folder": str(tmp_path), "args": [str(pid)]}
    task = engine.new_task("python", inputs=inputs)
    run_id = await engine.submit(TaskTreeNode(task))
    await until(lambda: pid.exists() and bool(pid.read_text()))
    await engine.cancel(task.id)
    assert await engine.finished(run_id) is TaskStatus.CANCELLED
    assert not alive(int(pid.read_text()))


async def test_a_webhook_and_a_password_are_not_stored(engine: Engine, tmp_path: Path) -> None:
    hook = "http://127.0.0.1:1/hook/s3cret-path"
    told = engine.new_task("notify", inputs={"message": "x", "url": hook})
    mail = {"server": "127.0.0.1", "port": 1, "username": "ann", "password": "s3cret-pass"}
    mail |= {"from": "a@example.com", "to": ["b@example.com"], "subject": "s", "body": "b"}
    sent = engine.new_task("email", inputs=mail)
    for task in await run(engine, told, sent):
        assert task.status is TaskStatus.FAILED and task.error_type == "connect_error"
    await engine.stop()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files and not [file for file in files if b"s3cret" in file.read_bytes()]


async def test_a_dry_run_does_nothing(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "a"
    task = engine.new_task("file_write", inputs={"path": str(path), "content": "x"})
    run_id = await engine.submit(TaskTreeNode(task), dry_run=True)
    assert await engine.finished(run_id) is TaskStatus.COMPLETED
    assert not path.exists()
