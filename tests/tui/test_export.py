"""Runs as a file: whole, private, never over another, and gone again when it could not be finished."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine import Engine, Settings
from engine.errors import TaskError
from tui.export import ExportError, default_name, export_runs


class Lines:
    """An engine that exports these lines, the last of which may be an error."""

    def __init__(self, *lines: str | Exception) -> None:
        self._lines = lines

    async def export(self, run_ids: Any) -> AsyncIterator[str]:
        for line in self._lines:
            if isinstance(line, Exception):
                raise line
            yield line


async def test_what_is_written_can_be_imported_again(tmp_path: Path) -> None:
    async def engine(name: str) -> Engine:
        made = Engine(Settings(store=tmp_path / f"{name}.db"))
        await made.start()
        return made

    first, second = await engine("first"), await engine("second")
    task = await first.create("grüße", inputs={"name": "Zoë\u2028"})
    await first.store.writer.flush()
    runs = [run.id for run in await first.runs()]
    path, size, count = await export_runs(first, runs, str(tmp_path / "out.jsonl"))
    assert count == len(runs) and size == path.stat().st_size and stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8", newline="\n") as file:
        imported = await second.import_lines(file)
    assert imported.runs == len(runs)
    if runs:
        again = await second.task(task.id)
        assert again is not None and again.inputs == {"name": "Zoë\u2028"}
    await first.stop()
    await second.stop()


async def test_large_exports_are_written_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.export.BATCH", 100)
    lines = [json.dumps({"n": number}) for number in range(500)]
    path, *_ = await export_runs(Lines(*lines), ["a"], str(tmp_path / "many"))  # type: ignore[arg-type]
    assert path.read_text(encoding="utf-8").splitlines() == lines


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    taken = tmp_path / "taken.jsonl"
    taken.write_text("mine")
    with pytest.raises(ExportError, match="exists already"):
        await export_runs(Lines("x"), ["a"], str(taken))  # type: ignore[arg-type]
    assert taken.read_text() == "mine"


@pytest.mark.parametrize("name", ["missing/out", "nul\0", "~nobody-of-that-name/x", ""])
async def test_a_place_that_cannot_be_written_is_said(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExportError):
        await export_runs(Lines("x"), ["a"], name)  # type: ignore[arg-type]


async def test_a_file_that_could_not_be_finished_is_removed(tmp_path: Path) -> None:
    for fault, raised in ((TaskError("gone"), TaskError), (OSError(28, "No space left on device"), ExportError)):
        with pytest.raises(raised):
            await export_runs(Lines("a", fault), ["a"], str(tmp_path / "out"))  # type: ignore[arg-type]
        assert list(tmp_path.iterdir()) == []


def test_default_names_are_safe() -> None:
    assert default_name("../../etc/pass wd\n", ["3f2a-91c04b7d"]) == "etc-pass-wd-3f2a91c0.jsonl"
    assert default_name("💥", ["a"]) == "run-a.jsonl"
    assert default_name("x", ["a", "b"]) == "2-runs.jsonl"
