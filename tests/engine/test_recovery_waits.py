"""Runs of processes that ended: what was spawned, what waits for a person or an executor (behaviour.md 7.2, 8)."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Engine, Folder, TaskError
from engine.graph import tree_status
from tests.engine.dead_process import Owner
from tests.engine.support import ended, finish, reason, rows, running, stored_status, submit, until

pytestmark = pytest.mark.usefixtures("survivors")


# ── what was spawned ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("what", ["hang", "safe"])
async def test_8_1_what_an_interrupted_parent_spawned_is_not_run_for_nobody(
    settings, owner: Owner, ran, what: str
) -> None:
    child = owner([{"id": "p", "name": "parent", "inputs": {"what": what}}])
    await child.has("SELECT 1 FROM task WHERE spawned IS NOT NULL AND status = 'in_progress'")
    child.kill()
    async with running(settings, take_over=True) as engine:
        assert await ended(engine, "p") == "failed"
        assert tree_status(await engine.tree("p")) == "failed"
    assert ran == []
    assert rows(settings.store, "SELECT status, error_type FROM task ORDER BY seq") == [("failed", "interrupted")] * 2


async def test_8_1_a_child_that_waited_for_its_next_attempt_is_cancelled(settings, owner: Owner, ran) -> None:
    child = owner([{"id": "p", "name": "parent", "inputs": {"what": "flaky"}}])
    await child.has("SELECT 1 FROM task WHERE spawned IS NOT NULL AND not_before IS NOT NULL")
    child.kill()
    async with running(settings, take_over=True) as engine:
        assert await ended(engine, "p") == "failed"
    assert rows(settings.store, "SELECT status, error FROM task WHERE spawned IS NOT NULL") == [
        ("cancelled", "its parent ended first")
    ]


@pytest.mark.parametrize("what", ["hang", "safe"])
async def test_8_1_a_parent_that_may_run_twice_spawns_anew(settings, owner: Owner, ran, what: str) -> None:
    child = owner([{"id": "p", "name": "safe_parent", "inputs": {"what": what}}])
    await child.has("SELECT 1 FROM task WHERE spawned IS NOT NULL AND status = 'in_progress'")
    child.kill()
    async with running(settings, take_over=True) as engine:
        assert await ended(engine, "p") == "completed"
        assert tree_status(await engine.tree("p")) == "completed"
    assert rows(settings.store, "SELECT name, status, attempt, spawned FROM task ORDER BY seq") == [
        ("safe_parent", "completed", 2, None),
        (what, "failed", 1, 1),
        (what, "completed", 1, 2),
    ]


# ── what waits for a person ──────────────────────────────────────────────────────────────────────────────────────────


async def test_8_6_a_task_that_lost_its_secret_waits_and_goes_on_with_it(settings, owner: Owner, ran) -> None:
    child = owner(
        [
            {"id": "hold", "name": "hang"},
            {"id": "x", "name": "secret", "inputs": {"token": "hunter2"}, "parent": "hold"},
            {"id": "after", "name": "noop", "parent": "hold", "dependencies": ["x"]},
            {"id": "other", "name": "noop", "parent": "hold"},
        ],
        slots=1,
    )
    await child.says("IN hold")
    child.kill()
    async with running(settings, take_over=True) as engine:
        await until(lambda: ("other", 1) in ran)
        task, after = (engine.dispatcher.nodes[i].task for i in ("x", "after"))
        assert (task.status, reason(engine, task)) == ("pending", "needs its secrets: token")
        assert reason(engine, after) == "waiting for secret"
        with pytest.raises(TaskError, match="needs its secrets: 'token'"):
            await engine.rerun("x")
        await engine.rerun("x", inputs={"token": "again"})
        assert await ended(engine, "hold") == "failed"  # hold itself was interrupted
        assert (task.status, task.inputs, after.status) == ("completed", {"token": "•••"}, "completed")
    assert ran == [("other", 1), ("x", 1), ("after", 1)]
    for file in settings.store.parent.iterdir():
        assert file.is_dir() or b"hunter2" not in file.read_bytes(), file


async def test_8_6_a_reference_is_never_lost(settings, owner: Owner, ran, monkeypatch) -> None:
    child = owner(
        [
            {"id": "hold", "name": "safe"},
            {"id": "x", "name": "secret", "inputs": {"token": "env:TASK_TOKEN"}, "parent": "hold"},
        ],
        slots=1,
    )
    await child.says("IN hold")
    await child.has("SELECT 1 FROM task WHERE id = 'hold' AND status = 'in_progress'")
    child.kill()
    monkeypatch.setenv("TASK_TOKEN", "hunter2")
    async with running(settings, take_over=True) as engine:
        assert await ended(engine, "hold") == "completed"
    assert ran == [("hold", 2), ("x", 1)]


async def test_8_6_a_task_held_for_its_secret_may_be_cancelled_or_skipped(settings, owner: Owner, ran) -> None:
    entries = [{"id": "hold", "name": "safe"}]
    entries += [{"id": i, "name": "secret", "inputs": {"token": "t"}, "parent": "hold"} for i in "xy"]
    child = owner(entries, slots=1)
    await child.says("IN hold")
    await child.has("SELECT 1 FROM task WHERE id = 'hold' AND status = 'in_progress'")
    child.kill()
    async with running(settings, take_over=True) as engine:
        await engine.cancel("x")
        await engine.skip("y")
        assert await ended(engine, "hold") == "cancelled"
    assert rows(settings.store, "SELECT status FROM task ORDER BY seq") == [
        ("completed",),
        ("cancelled",),
        ("completed",),
    ]
    assert ran == [("hold", 2)]


async def test_8_6_a_script_that_resumes_is_told_of_lost_secrets(settings, owner: Owner) -> None:
    child = owner(
        [{"id": "hold", "name": "hang"}, {"id": "x", "name": "secret", "inputs": {"token": "t"}, "parent": "hold"}],
        slots=1,
    )
    await child.says("IN hold")
    child.kill()
    async with running(settings) as engine:
        with pytest.raises(TaskError, match=r"'secret' \(x\) needs its secrets: 'token'"):
            await engine.resume("hold")
        assert stored_status(settings.store, "x") == "pending"


async def test_8_6_a_rerun_holds_the_dependents_that_lost_theirs(settings, ran) -> None:
    async with running(settings) as engine:
        first = engine.new_task("noop")
        second = engine.new_task("secret", inputs={"token": "hunter2"}, dependencies=[first.id])
        await finish(engine, first, second)
        ran.clear()
        await engine.rerun(first.id)
        node = engine.dispatcher.nodes[second.id]
        await until(lambda: ran)
        await until(lambda: reason(engine, node.task) == "needs its secrets: token")
        await engine.rerun(second.id, inputs={"token": "again"})
        assert await ended(engine, first.id) == "completed"
    assert ran == [(first.id, 2), (second.id, 2)]


async def test_7_2_a_task_that_waits_for_its_executor_may_be_cancelled_and_then_rerun(settings) -> None:
    async with running(settings, take_over=True) as engine:
        await engine.pause()
        await submit(engine, engine.new_task("noop"), *[engine.new_task("nobody", id=i) for i in "xy"])
    async with running(settings, take_over=True) as engine:
        await engine.resume()
        task = engine.dispatcher.nodes["y"].task
        assert reason(engine, task).startswith("waits: no executor named 'nobody'")
        assert (await engine.cancel("y"))["status"] == "cancelled"
        await engine.rerun("y")
        await until(lambda: task.is_terminal)
        assert (task.status, task.error_type, task.attempt) == ("failed", "unknown_executor", 1)
        assert stored_status(settings.store, "x") == "pending"


async def test_7_2_a_task_waits_for_the_executor_that_is_not_there_and_goes_on_when_it_comes(
    settings, owner: Owner, tmp_path: Path
) -> None:
    child = owner(
        [
            {"id": "s", "name": "safe"},
            {"id": "n", "name": "noop", "parent": "s"},
            {"id": "after", "name": "noop", "parent": "s", "dependencies": ["s"]},
        ],
        slots=1,
    )
    await child.says("IN s")
    await child.has("SELECT 1 FROM task WHERE id = 's' AND status = 'in_progress'")
    child.kill()
    folder = tmp_path / "executors"
    folder.mkdir()

    def write(name: str) -> None:
        code = (
            f"from engine import BaseTask, executor_register\n@executor_register()\nclass {name.title()}(BaseTask):\n"
        )
        code += f"    id = '{name}'\n    async def execute(self, inputs):\n        return {{'by': '{name}'}}\n"
        (folder / f"{name}.py").write_text(code)

    write("noop")
    engine = Engine(settings, [Folder(folder, "user")])
    await engine.start()
    await until(lambda: "n" in engine.dispatcher.nodes and engine.dispatcher.nodes["n"].task.is_terminal)
    task = engine.dispatcher.nodes["s"].task
    assert (task.status, reason(engine, task)) == ("pending", "waits: no executor named 'safe'")
    write("safe")
    assert await ended(engine, "s") == "completed"
    assert (task.attempt, task.result["by"]) == (2, "safe")
    await engine.stop()
