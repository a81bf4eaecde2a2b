"""Presets and drafts, recent inputs, other options for a rerun: what stands around a launch form, in the store."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine import Engine, RunFilter, Settings, TaskError, TaskStatus
from engine.executor import DEFAULT_REGISTRY
from engine.schema import MASK
from engine.spec import from_registry

ROOT = Path(__file__).parents[2]
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "pin": {"type": "integer", "writeOnly": True}}}


@pytest.fixture
def noted(register: Any) -> None:
    async def execute(self: Any, inputs: dict[str, Any]) -> Any:
        return {"got": sorted(inputs)}

    register("noted", execute, SCHEMA)


async def test_presets_are_kept_by_name_and_survive_the_engine(settings: Settings, noted: None) -> None:
    engine = Engine(settings)
    await engine.start()
    await engine.presets.save("noted", " b ", {"name": "Ann"}, {"label": "x"})
    await engine.presets.save("noted", "a", {"name": "Bob"})
    await engine.presets.save("other", "c", {}, schema={})
    await engine.stop()
    again = Engine(settings)
    await again.start()
    found = await again.presets.all("noted")
    assert [(preset.name, preset.inputs, preset.options) for preset in found] == [
        ("a", {"name": "Bob"}, {}),
        ("b", {"name": "Ann"}, {"label": "x"}),
    ]
    await again.stop()


async def test_a_taken_name_is_overwritten_only_when_asked(engine: Engine, noted: None) -> None:
    await engine.presets.save("noted", "a", {"name": "Ann"})
    with pytest.raises(TaskError, match="already"):
        await engine.presets.save("noted", "a", {"name": "Bob"})
    await engine.presets.save("noted", "a", {"name": "Bob"}, overwrite=True)
    assert [preset.inputs for preset in await engine.presets.all("noted")] == [{"name": "Bob"}]
    for name in ("", "  ", "x" * 81):
        with pytest.raises(TaskError, match="1 to 80"):
            await engine.presets.save("noted", name, {})
    with pytest.raises(TaskError, match="not JSON"):
        await engine.presets.save("noted", "x", {"name": {1}})


async def test_a_removed_preset_can_be_brought_back(engine: Engine, noted: None) -> None:
    await engine.presets.save("noted", "a", {"name": "Ann"}, {"priority": 0})
    gone = await engine.presets.remove("noted", "a")
    assert gone is not None and await engine.presets.all("noted") == []
    await engine.presets.save("noted", gone.name, gone.inputs, gone.options)
    assert (await engine.presets.all("noted"))[0].options == {"priority": 0}
    assert await engine.presets.remove("noted", "b") is None


async def test_the_draft_is_one_and_no_preset(engine: Engine, noted: None) -> None:
    assert await engine.presets.draft("noted") is None
    await engine.presets.keep_draft("noted", {"name": "An"})
    await engine.presets.keep_draft("noted", {"name": "Ann"}, {"dry_run": True})
    draft = await engine.presets.draft("noted")
    assert draft is not None and draft.inputs == {"name": "Ann"} and draft.options == {"dry_run": True}
    assert await engine.presets.all("noted") == []
    await engine.presets.drop_draft("noted")
    await engine.presets.drop_draft("noted")
    assert await engine.presets.draft("noted") is None


async def test_writes_that_come_together_keep_their_order(engine: Engine, noted: None) -> None:
    presets = engine.presets
    await asyncio.gather(
        presets.keep_draft("noted", {"name": "1"}),
        presets.drop_draft("noted"),
        presets.keep_draft("noted", {"name": "2"}),
    )
    draft = await presets.draft("noted")
    assert draft is not None and draft.inputs == {"name": "2"}
    await asyncio.gather(presets.keep_draft("noted", {"name": "3"}), presets.drop_draft("noted"))
    assert await presets.draft("noted") is None


async def test_8_6_no_secret_is_in_presets_drafts_or_the_export(
    engine: Engine, settings: Settings, noted: None
) -> None:
    given = {"name": "Ann", "pin": 987654321, "api_key": "s3cr3t-value", "token": "env:TOKEN"}
    await engine.presets.save("noted", "a", given)
    await engine.presets.keep_draft("noted", given)
    marked = {"properties": {"pin": {"writeOnly": True}}}
    await engine.presets.save("gone", "a", {"password": "s3cr3t-value", "pin": 987654321}, schema=marked)
    with pytest.raises(TaskError, match="no executor named 'gone'"):
        await engine.presets.keep_draft("gone", {"pin": 987654321})
    task = await engine.launch("noted", given)
    await engine.finished(task.run_id)
    kept = (await engine.presets.all("noted"))[0].inputs
    assert kept == {"name": "Ann", "pin": MASK, "api_key": MASK, "token": "env:TOKEN"}
    exported = "".join([line async for line in engine.export([task.run_id])])
    await engine.stop()
    files = b"".join(path.read_bytes() for path in Path(settings.store).parent.rglob("*") if path.is_file())
    for secret in ("987654321", "s3cr3t-value"):
        assert secret.encode() not in files and secret not in exported
    assert "preset" not in exported


async def test_two_consoles_see_each_others_presets(settings: Settings, noted: None) -> None:
    one, two = Engine(settings, take_over=False), Engine(settings, take_over=False)
    await one.start()
    await two.start()
    await one.presets.save("noted", "a", {"name": "Ann"})
    with pytest.raises(TaskError, match="already"):
        await two.presets.save("noted", "a", {"name": "Bob"})
    await two.presets.keep_draft("noted", {"name": "Bob"})
    draft = await one.presets.draft("noted")
    assert draft is not None and draft.inputs == {"name": "Bob"}
    await one.stop()
    await two.stop()


KEEPER = """
import asyncio, os, signal, sys
from dataclasses import replace
from engine import Engine, Settings

async def main():
    engine = Engine(replace(Settings(), store=sys.argv[1]))
    await engine.start()
    await engine.presets.save("noted", "a", {"name": "Ann"}, schema={})
    await engine.presets.keep_draft("noted", {"name": "Bob"}, schema={})
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_what_was_kept_survives_kill_9(settings: Settings) -> None:
    code = [sys.executable, "-c", KEEPER, str(settings.store)]
    done = await asyncio.to_thread(subprocess.run, code, cwd=ROOT, timeout=60)
    assert done.returncode == -signal.SIGKILL
    engine = Engine(settings)
    await engine.start()
    draft = await engine.presets.draft("noted")
    assert draft is not None and draft.inputs == {"name": "Bob"} and len(await engine.presets.all("noted")) == 1
    await engine.stop()


async def test_recent_inputs_newest_first_and_equal_ones_once(engine: Engine, noted: None) -> None:
    for name in ("a", "b", "a"):
        task = await engine.launch("noted", {"name": name, "pin": 5}, label=f"run {name}", params={"retries": 1})
        await engine.finished(task.run_id)
    found = await engine.recent("noted")
    assert [recent.inputs for recent in found] == [{"name": "a", "pin": MASK}, {"name": "b", "pin": MASK}]
    assert found[0].status is TaskStatus.COMPLETED and found[0].label == "run a" and found[0].params == {"retries": 1}
    assert [recent.inputs["name"] for recent in await engine.recent("noted", limit=1)] == ["a"]
    assert await engine.recent("nobody") == []


async def test_a_task_inside_a_tree_is_recent_too(engine: Engine, noted: None) -> None:
    tree = engine.tree_from_array(
        [{"id": "g", "name": "group"}, {"id": "x", "name": "step", "parent_id": "g", "inputs": {"name": "in"},
          "params": {"executor_id": "noted"}}]
    )  # fmt: skip
    await engine.finished(await engine.submit(tree))
    assert [recent.inputs for recent in await engine.recent("noted")] == [{"name": "in"}]
    assert await engine.recent("group") == []


@pytest.mark.parametrize("restart", [False, True])
async def test_a_rerun_takes_adjusted_options(settings: Settings, register: Any, restart: bool) -> None:
    tried = []

    async def execute(self: Any, inputs: dict[str, Any]) -> Any:
        tried.append(self.task.params)
        raise RuntimeError("no")

    register("fails", execute)
    engine = Engine(settings)
    await engine.start()
    task = await engine.launch("fails", {})
    await engine.finished(task.run_id)
    if restart:
        await engine.stop()
        engine = Engine(settings)
        await engine.start()
    with pytest.raises(TaskError, match="retries"):
        await engine.adjust(task.id, priority=2, params={"retries": -1})
    with pytest.raises(TaskError, match="priority"):
        await engine.adjust(task.id, priority=9, params={})
    with pytest.raises(TaskError, match="no task"):
        await engine.adjust("nobody", priority=1, params={})
    await engine.adjust(task.id, priority=0, params={"retries": 2, "retry_delay": 0, "tags": ["later"]})
    await engine.rerun(task.id)
    await engine.finished(task.run_id)
    found = await engine.task(task.id)
    assert found is not None and found.priority == 0 and len(tried) == 4, "one attempt, then three"
    assert [run.id for run in await engine.runs(RunFilter(tag="later"))] == [task.run_id]
    await engine.stop()


async def test_what_runs_keeps_its_options(engine: Engine, register: Any) -> None:
    go = asyncio.Event()

    async def execute(self: Any, inputs: dict[str, Any]) -> Any:
        await go.wait()

    register("waits", execute)
    task = await engine.launch("waits", {})
    await asyncio.sleep(0.05)
    with pytest.raises(TaskError, match="has not ended"):
        await engine.adjust(task.id, priority=0, params={})
    go.set()
    await engine.finished(task.run_id)


def test_confirm_is_an_attribute_or_a_tag(register: Any) -> None:
    async def execute(self: Any, inputs: dict[str, Any]) -> Any:
        return None

    register("plain", execute)
    register("asks", execute, confirm=True)
    register("tagged", execute, tags=("disk", "Destructive"))
    register("broken", execute, confirm=property(lambda self: 1 / 0))
    catalogue = from_registry(DEFAULT_REGISTRY)
    dangerous = {id: spec.is_dangerous for id, spec in catalogue.executors.items()}
    assert dangerous == {"plain": False, "asks": True, "tagged": True, "broken": True}
    assert any("confirm" in problem.text for problem in catalogue.problems)
