"""A storm of saves over the real watcher while tasks run: nothing is missed, nothing fails for it.

`STORM_SECONDS=60 pytest tests/engine/test_storm.py` blows longer than CI's few seconds.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from engine import Engine, EventKind, Folder, Loader, Settings
from engine.catalogue import Catalogue

FILES = 200
SECONDS = float(os.environ.get("STORM_SECONDS", "5"))


def source(number: int, edit: int) -> str:
    helper = f"helper_{number % 5}"
    return f'''"""Edit {edit}."""
from dataclasses import dataclass
from aipartnerupflow import BaseTask, executor_register
from {helper} import SHIFT


@dataclass
class Point:
    x: int


@executor_register()
class Storm{number}(BaseTask):
    id = "storm_{number}"
    description = "edit {edit}"

    async def execute(self, inputs):
        import pickle
        return {{"edit": {edit}, "x": pickle.loads(pickle.dumps(Point({edit}))).x, "shift": SHIFT}}
'''


def in_place(file: Path, text: str) -> None:
    file.write_text(text)


def rename_over(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.{random.randrange(10**9)}.tmp")
    temporary.write_text(text)
    temporary.replace(file)


def as_vim(file: Path, text: str) -> None:
    """The old file is moved aside, the new one is written under the name, the backup goes."""
    backup = file.with_name(file.name + "~")
    file.replace(backup)
    file.write_text(text)
    backup.unlink()


def as_git(file: Path, text: str) -> None:
    """A checkout deletes and makes anew."""
    file.unlink()
    file.write_text(text)


def halves(file: Path, text: str) -> None:
    """A slow writer: what stands there in between is no Python."""
    with file.open("w") as out:
        out.write(text[: len(text) // 2])
        out.flush()
        out.write(text[len(text) // 2 :])


WAYS = (in_place, rename_over, as_vim, as_git, halves)


def state(catalogue: Catalogue) -> dict[str, tuple[str, str]]:
    return {i: (spec.version, spec.description) for i, spec in catalogue.executors.items()}


@pytest.mark.timeout(180 + SECONDS * 2)
async def test_a_storm_of_saves_ends_as_a_fresh_load_and_fails_no_task(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "executors"
    folder.mkdir()
    for number in range(5):
        (folder / f"helper_{number}.py").write_text("SHIFT = 0\n")
    for number in range(FILES):
        (folder / f"storm_{number}.py").write_text(source(number, 0))
    engine = Engine(replace(settings, slots=8), [Folder(folder, "given")])
    first = asyncio.Event()
    engine.bus.subscribe(lambda event: first.set() if event.kind is EventKind.CATALOGUE else None)
    await engine.start()
    await asyncio.wait_for(first.wait(), 60)
    rng = random.Random(7)
    until = asyncio.get_running_loop().time() + SECONDS
    failures: Counter[str] = Counter()
    runs = 0

    async def work() -> None:
        nonlocal runs
        while asyncio.get_running_loop().time() < until:
            task = await engine.launch(f"storm_{rng.randrange(FILES)}", {})
            if await engine.finished(task.run_id) != "completed":
                failures[f"{task.error_type}: {task.error}"] += 1
            elif task.result["edit"] != task.result["x"]:
                failures["a mixture of versions"] += 1
            runs += 1
            await asyncio.sleep(0.002)

    async def save() -> None:
        edit = 0
        while asyncio.get_running_loop().time() < until:
            edit += 1
            if edit % 40 == 0:
                name, text = f"helper_{rng.randrange(5)}.py", f"SHIFT = {edit}\n"
            else:
                number = rng.randrange(FILES)
                name, text = f"storm_{number}.py", source(number, edit)
            rng.choice(WAYS)(folder / name, text)
            await asyncio.sleep(rng.random() * 0.02)

    await asyncio.gather(work(), work(), save())
    fresh = Loader([Folder(folder, "given")]).reconcile()
    assert fresh is not None and not fresh.problems and len(fresh.executors) == FILES
    for _ in range(100):
        if state(engine.catalogue) == state(fresh):
            break
        await asyncio.sleep(0.1)
    try:
        assert state(engine.catalogue) == state(fresh)
        assert not engine.catalogue.problems and not failures and runs
    finally:
        await engine.stop()
        shutil.rmtree(folder)
