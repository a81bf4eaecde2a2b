"""file_wait: there, changed, at rest, gone; and what is not so in time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from executors.file_wait import FileWait
from tests.executors.trial import Trial


def waiting(path: Path | str, **inputs: Any) -> Trial:
    return Trial(FileWait, path=str(path), interval=0.05, **{"timeout": 20, **inputs})


async def test_until_it_is_there(tmp_path: Path) -> None:
    trial = waiting(tmp_path / "a")
    task = trial.start()
    await trial.until(lambda: len(trial.progress) > 2)
    assert not task.done() and trial.lines == [f"{tmp_path / 'a'}: not there"]
    (tmp_path / "a").write_text("abc")
    result = await task
    assert (result["status"], result["exists"]) == ("completed", True)
    assert (await waiting(tmp_path / "a").result())["size"] == 3
    assert (await waiting(tmp_path).result())["status"] == "completed"  # a folder counts


async def test_a_small_one_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("abc")
    assert (await waiting(tmp_path / "a", min_size=4, timeout=0.3).result())["error_type"] == "timeout_error"
    assert (await waiting(tmp_path / "a", min_size=3).result())["status"] == "completed"


@pytest.mark.parametrize("before", [None, "old"])
async def test_until_it_changes(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "a"
    if before:
        path.write_text(before)
    trial = waiting(path, until="changes")
    task = trial.start()
    await trial.until(lambda: len(trial.progress) > 2)
    assert not task.done()
    path.write_text("new and longer")
    assert (await task)["status"] == "completed"


async def test_until_it_is_written_no_more(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("")
    trial = waiting(path, until="stable", stable_for=0.4)
    task = trial.start()
    for number in range(6):
        at = len(trial.progress)
        await trial.until(lambda at=at: len(trial.progress) > at + 1 or task.done())  # type: ignore[misc]
        assert not task.done()
        path.write_text("x" * (number + 1))
    result = await task
    assert (result["size"], result["status"]) == (6, "completed")


async def test_until_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    trial = waiting(path, until="gone")
    task = trial.start()
    await trial.until(lambda: len(trial.progress) > 1)
    path.unlink()
    result = await task
    assert (result["exists"], result["size"]) == (False, None)


async def test_a_timeout_says_how_it_is(tmp_path: Path) -> None:
    result = await waiting(tmp_path / "a", timeout=0.2).result()
    assert (result["error_type"], result["field"]) == ("timeout_error", "timeout") and "not there" in result["error"]
    assert result["status"] == "failed"


async def test_a_cancel_ends_it(tmp_path: Path) -> None:
    trial = Trial(FileWait, path=str(tmp_path / "a"), interval=60)
    task = trial.start()
    await trial.until(lambda: bool(trial.progress))
    await trial.cancel()
    assert (await task)["status"] == "cancelled"
    early = waiting(tmp_path / "a")
    await early.cancel()
    assert (await early.result())["status"] == "cancelled"


async def test_no_usable_path() -> None:
    assert (await waiting("a\0b").result())["error_type"] == "validation_error"
    assert (await waiting("~nobody-of-that-name/a").result())["error_type"] == "validation_error"
