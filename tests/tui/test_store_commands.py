"""`doctor`, `backup` and `restore` as a person types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Engine, Settings
from tests.tui.command_line import Command, running


@pytest.fixture
def taskdeck(capfd: pytest.CaptureFixture[str]) -> Iterator[Command]:
    yield from running(capfd)


@pytest.fixture
async def store() -> Path:
    engine = Engine(Settings.load())
    await engine.start()
    await engine.stop()
    return engine.settings.store


def test_doctor_finds_a_new_installation_well(taskdeck: Command) -> None:
    done = taskdeck("doctor")
    assert done.code == 0
    assert any("does not exist yet" in line for line in done.lines)
    assert not any(line.startswith("✗") for line in done.lines)


def test_doctor_names_a_damaged_store_and_the_way_back(taskdeck: Command, store: Path) -> None:
    store.write_bytes(b"junk" * 5_000)
    done = taskdeck("doctor")
    assert done.code == 1
    (problem,) = [at for at, line in enumerate(done.lines) if line.startswith("✗")]
    assert str(store) in done.lines[problem]
    assert "taskdeck restore" in done.lines[problem + 1]
    found = json.loads("\n".join(taskdeck("doctor", "--json").lines))
    assert [finding["what"] for finding in found if finding["level"] == "problem"] == ["store"]


def test_a_backup_is_listed_and_put_back(taskdeck: Command, store: Path) -> None:
    made = taskdeck("backup")
    assert made.code == 0
    path = Path(made.lines[0])
    assert path.exists()
    listed = taskdeck("restore")
    assert listed.code == 0 and listed.lines[0].startswith(path.stem)
    store.write_bytes(b"junk" * 5_000)
    done = taskdeck("restore", "latest")
    assert done.code == 0
    assert done.lines == [f"{store} is as it was in {path.stem}"]
    assert "what stood there is now" in done.err
    assert taskdeck("doctor").code == 0


def test_a_backup_that_is_not_there_is_named_with_those_that_are(taskdeck: Command, store: Path) -> None:
    taskdeck("backup")
    done = taskdeck("restore", "yesterday")
    assert done.code == 2
    assert "there is no backup 'yesterday'" in done.err


def test_another_store_is_named_before_or_after_the_command(taskdeck: Command, tmp_path: Path) -> None:
    other = str(tmp_path / "other.db")
    assert taskdeck("--store", other, "backup").code == taskdeck("backup", "--store", other).code == 2
    assert taskdeck("--store", other, "check").code == 2
