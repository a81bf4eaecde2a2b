"""The real watcher over real files: whatever way they are saved, the catalogue follows."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from engine import watcher as watcher_module
from engine.catalogue import Catalogue
from engine.loader import Folder, Loader
from engine.watcher import Watcher, WatchState
from tests.engine.watched import GUARD, executor, value_of, watching


def in_place(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def rename_over(file: Path, text: str) -> None:
    new = file.with_suffix(".tmp")
    new.write_text(text, encoding="utf-8")
    new.replace(file)


def vim_style(file: Path, text: str) -> None:
    backup = file.with_name(file.name + "~")
    if file.exists():
        file.rename(backup)
    file.write_text(text, encoding="utf-8")
    backup.unlink(missing_ok=True)


def delete_and_write(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    file.write_text(text, encoding="utf-8")


def in_steps(file: Path, text: str) -> None:
    with file.open("w", encoding="utf-8") as stream:
        for piece in (text[:40], text[40:90], text[90:]):
            stream.write(piece)
            stream.flush()


@pytest.mark.parametrize("save", [in_place, rename_over, vim_style, delete_and_write, in_steps])
async def test_each_way_of_saving_is_followed(tmp_path: Path, save: Callable[[Path, str], None]) -> None:
    file = tmp_path / "hello.py"
    in_place(file, executor(0))
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        await watched.shows(0)
        for value in range(1, 5):  # one digit: same size, and often the same second
            save(file, executor(value))
            await watched.shows(value)
        assert all(value_of(catalogue) is not None for catalogue in watched.news), "it was never away"
        assert [c.epoch for c in watched.news] == sorted({c.epoch for c in watched.news})


async def test_broken_healed_deleted_and_new(tmp_path: Path) -> None:
    file = tmp_path / "hello.py"
    in_place(file, executor(1))
    async with watching(tmp_path) as watched:
        await watched.shows(1)
        in_place(file, "x = (\n")
        await watched.until(lambda catalogue: [p.line for p in catalogue.problems] == [1])
        assert value_of(watched.loader.catalogue) == 1
        in_place(file, executor(2))
        await watched.shows(2)
        assert watched.loader.catalogue.problems == ()
        file.unlink()
        await watched.shows(None)
        (tmp_path / "sub").mkdir()
        in_place(tmp_path / "sub" / "other.py", executor(3))
        await watched.shows(3)
        (tmp_path / "sub").rename(tmp_path / "moved")
        await watched.until(lambda catalogue: "moved" in str(getattr(catalogue.get("hello"), "file", "")))


async def test_a_folder_removed_and_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "executors"
    folder.mkdir()
    in_place(folder / "hello.py", executor(1))
    async with watching(folder) as watched:
        await watched.state(WatchState.WATCHING)
        await watched.shows(1)
        shutil.rmtree(folder)
        await watched.shows(None)
        await watched.state(WatchState.POLLING)
        folder.mkdir()
        in_place(folder / "hello.py", executor(2))
        await watched.shows(2)
        await watched.state(WatchState.WATCHING)
        in_place(folder / "hello.py", executor(3))
        await watched.shows(3)


async def test_a_folder_that_comes_later_is_watched_beside_the_first(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    async with watching(tmp_path / "first", tmp_path / "second") as watched:
        await watched.state(WatchState.WATCHING)
        (tmp_path / "second").mkdir()
        in_place(tmp_path / "second" / "hello.py", executor(1))
        await watched.shows(1)
        in_place(tmp_path / "second" / "hello.py", executor(2))
        await watched.shows(2)


async def test_a_name_that_is_no_utf_8_does_not_end_it(tmp_path: Path) -> None:
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        with open(os.fsencode(tmp_path) + b"/caf\xe9.py", "wb") as file:
            file.write(executor(1).encode())
        await watched.shows(1)
        with open(os.fsencode(tmp_path) + b"/caf\xe9.py", "wb") as file:
            file.write(executor(2).encode())
        await watched.shows(2)


@pytest.mark.parametrize("how", ["raises", "ends", "is silent"])
async def test_without_a_working_watch_the_disk_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    async def awatch(*folders: str, **options: Any) -> AsyncIterator[set[Any]]:
        if how == "raises":
            raise OSError(28, "no watches left")
        while how == "is silent":
            await asyncio.sleep(0.1)
            yield set()

    monkeypatch.setattr(watchfiles, "awatch", awatch)
    file = tmp_path / "hello.py"
    in_place(file, executor(1))
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING if how == "is silent" else WatchState.POLLING)
        await watched.shows(1)
        for value in (2, 3):
            in_place(file, executor(value))
            await watched.shows(value)
        if how != "is silent":
            assert watched.states == [WatchState.POLLING]
            monkeypatch.undo()
            await watched.state(WatchState.WATCHING)
    assert watched.states[-1] is WatchState.OFF


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(watcher_module, "RESCAN", 0.05)
    yield


async def test_a_fault_of_the_loader_does_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    in_place(tmp_path / "hello.py", executor(1))
    async with watching(tmp_path) as watched:
        await watched.shows(1)
        calls = 0

        def reconcile(*_: Any, **__: Any) -> None:
            nonlocal calls
            calls += 1
            raise RuntimeError("a fault of ours")

        monkeypatch.setattr(watched.loader, "reconcile", reconcile)
        async with asyncio.timeout(GUARD):
            while calls < 3:
                await asyncio.sleep(0.01)
        monkeypatch.undo()
        in_place(tmp_path / "hello.py", executor(2))
        await watched.shows(2)


async def test_a_fault_of_a_listener_does_not_end_it(tmp_path: Path) -> None:
    in_place(tmp_path / "hello.py", executor(1))
    loader = Loader([Folder(tmp_path, "user")])
    told: list[int] = []

    def on_catalogue(catalogue: Catalogue) -> None:
        told.append(catalogue.epoch)
        raise RuntimeError("a fault of a listener")

    def on_state(state: WatchState) -> None:
        raise RuntimeError("another")

    task = asyncio.create_task(Watcher(loader, on_catalogue, on_state).run())
    async with asyncio.timeout(GUARD):
        while told != [1]:
            await asyncio.sleep(0.01)
        in_place(tmp_path / "hello.py", executor(2))
        while told != [1, 2]:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_loop_never_waits_for_an_import_and_cancelling_does_not_either(tmp_path: Path) -> None:
    in_place(tmp_path / "slow.py", "import time\ntime.sleep(60)\n")
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        async with asyncio.timeout(GUARD):
            for _ in range(20):
                await asyncio.sleep(0.01)
        assert watched.news == []
    assert watched.states[-1] is WatchState.OFF
