"""What editors, file systems and kernels do to a watcher, with real files and the real one."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from engine.watcher import WatchState
from tests.engine.test_loader import broken_names
from tests.engine.watched import Watched, executor, value_of, watching

HELPER_USER = (
    "from aipartnerupflow import BaseTask, executor_register\nfrom helper import VALUE\n@executor_register()\n"
    "class User(BaseTask):\n    id = '{id}'\n    def execute(self, inputs):\n        return {{'value': VALUE}}\n"
)


def problems(watched: Watched) -> dict[str, int | None]:
    return {Path(problem.file).name: problem.line for problem in watched.loader.catalogue.problems}


async def a_full_look(watched: Watched, folder: Path) -> None:
    """Return when all that was saved before has been looked at: a marker saved now is in the catalogue."""
    (folder / "marker.py").write_text(executor(0).replace("'hello'", "'marker'"), encoding="utf-8")
    await watched.until(lambda catalogue: catalogue.get("marker") is not None)
    (folder / "marker.py").unlink()
    await watched.until(lambda catalogue: catalogue.get("marker") is None)


async def test_chmod_touch_and_temporary_files_are_no_news(tmp_path: Path) -> None:
    file = tmp_path / "hello.py"
    file.write_text(executor(1), encoding="utf-8")
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        await watched.shows(1)
        first = watched.loader.catalogue.executors["hello"]
        file.chmod(0o600)
        file.touch()
        file.write_text(executor(1), encoding="utf-8")
        for name in ("4913", ".hello.py.swp", "hello.py~", "#hello.py#", ".#hello.py", "hello.py.tmp", "notes.txt"):
            (tmp_path / name).write_text("raise RuntimeError('executed')", encoding="utf-8")
            (tmp_path / name).unlink()
        await a_full_look(watched, tmp_path)
        assert watched.loader.catalogue.executors["hello"] is first
        assert all(catalogue.get("hello") is first for catalogue in watched.news), "never away, never loaded again"
        assert not any(catalogue.problems for catalogue in watched.news)


@pytest.mark.parametrize("kind", [watchfiles.Change.deleted, watchfiles.Change.added, watchfiles.Change.modified])
async def test_the_kind_of_an_event_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: watchfiles.Change
) -> None:
    real = watchfiles.awatch

    async def awatch(*folders: str, **options: Any) -> AsyncIterator[list[tuple[watchfiles.Change, str]]]:
        async for found in real(*folders, **options):
            yield [(kind, path) for _, path in sorted(found, reverse=True)]

    monkeypatch.setattr(watchfiles, "awatch", awatch)
    file = tmp_path / "hello.py"
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        for value in (1, 2):
            file.write_text(executor(value), encoding="utf-8")
            await watched.shows(value)
        file.unlink()
        await watched.shows(None)


async def test_edits_of_the_same_size_in_the_same_second_are_all_seen(tmp_path: Path) -> None:
    file = tmp_path / "hello.py"
    file.write_text(executor(0), encoding="utf-8")
    about = file.stat()
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        for number in range(20):
            file.write_text(executor(number % 10), encoding="utf-8")
            os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
            assert file.stat().st_size == about.st_size
            await watched.shows(number % 10)


async def test_no_save_is_lost_where_watchfiles_polls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its polling compares times of whole seconds, and loses what is saved twice within one."""
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    file = tmp_path / "hello.py"
    file.write_text(executor(0), encoding="utf-8")
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        await watched.shows(0)
        for value in range(1, 4):
            for _ in range(10):
                file.write_text(executor(0), encoding="utf-8")
                await asyncio.sleep(0.01)
            file.write_text(executor(value), encoding="utf-8")
            await watched.shows(value)


@pytest.mark.parametrize("how", ["hard link", "symbolic link"])
async def test_a_change_that_the_kernel_tells_nobody_is_seen_by_the_rescan(tmp_path: Path, how: str) -> None:
    """As after an overflow of its queue: the watch lives on and is silent."""
    folder, outside = tmp_path / "executors", tmp_path / "outside.py"
    folder.mkdir()
    outside.write_text(executor(1), encoding="utf-8")
    if how == "hard link":
        os.link(outside, folder / "hello.py")
    else:
        (folder / "hello.py").symlink_to(outside)
    async with watching(folder) as watched:
        await watched.state(WatchState.WATCHING)
        await watched.shows(1)
        for value in (2, 3):
            outside.write_text(executor(value), encoding="utf-8")
            await watched.shows(value)
        assert watched.states == [WatchState.WATCHING]


WITHOUT_WATCHES = """
    import asyncio, sys
    from pathlib import Path
    limit, folder = sys.argv[1], Path(sys.argv[2])
    Path("/proc/sys/user", limit).write_text("0")
    from engine.watcher import WatchState
    from tests.engine.watched import executor, watching

    async def main():
        async with watching(folder) as watched:
            await watched.state(WatchState.POLLING)
            for value in (1, 2):
                (folder / "hello.py").write_text(executor(value))
                await watched.shows(value)
            assert watched.states == [WatchState.POLLING]
            Path("/proc/sys/user", limit).write_text("1000")
            await watched.state(WatchState.WATCHING)
            (folder / "hello.py").write_text(executor(3))
            await watched.shows(3)
        print(*watched.states, sep=", ")

    asyncio.run(main())
"""


@pytest.mark.parametrize("limit", ["max_inotify_instances", "max_inotify_watches"])
def test_without_watches_left_the_disk_is_polled_until_there_are_some(tmp_path: Path, limit: str) -> None:
    """The kernel's own limit (128 watchers a user), set to none in a user namespace of the test's own."""
    apart = ["unshare", "--user", "--map-root-user"]
    if shutil.which("unshare") is None or subprocess.run([*apart, "true"], capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    code = textwrap.dedent(WITHOUT_WATCHES)
    done = subprocess.run(
        [*apart, sys.executable, "-c", code, limit, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "polling, watching, not watching"


async def test_every_kind_of_broken_file_is_told_and_harms_no_other(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(executor(1), encoding="utf-8")
    broken = {name: content for name, (content, _, _) in broken_names().items()}
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        for name, content in broken.items():
            (tmp_path / name).write_bytes(content)
        await watched.until(lambda _: set(problems(watched)) == set(broken))
        (tmp_path / "hello.py").write_text(executor(2), encoding="utf-8")
        await watched.shows(2)
        assert set(problems(watched)) == set(broken)
        for name in broken:
            (tmp_path / name).unlink()
        await watched.until(lambda catalogue: catalogue.problems == ())
        assert value_of(watched.loader.catalogue) == 2


async def test_a_helper_of_three_changes_breaks_and_heals(tmp_path: Path) -> None:
    helper, users = tmp_path / "helper.py", ("one", "two", "three")
    helper.write_text("VALUE = 1\n", encoding="utf-8")
    for name in users:
        (tmp_path / f"{name}.py").write_text(HELPER_USER.format(id=name), encoding="utf-8")

    def values(catalogue: Any) -> list[int]:
        return [catalogue.executors[name].create({}).execute({})["value"] for name in users if catalogue.get(name)]

    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        await watched.until(lambda catalogue: values(catalogue) == [1, 1, 1])
        helper.write_text("VALUE = 2\n", encoding="utf-8")
        await watched.until(lambda catalogue: values(catalogue) == [2, 2, 2])
        helper.write_text("VALUE = 3\nVALUE = (\n", encoding="utf-8")
        await watched.until(lambda _: set(problems(watched)) == {"helper.py", "one.py", "two.py", "three.py"})
        assert all("line 2" in p.text or p.line == 2 for p in watched.loader.catalogue.problems)
        assert values(watched.loader.catalogue) == [2, 2, 2]
        helper.write_text("VALUE = 4\n", encoding="utf-8")
        await watched.until(lambda catalogue: values(catalogue) == [4, 4, 4] and not catalogue.problems)
        assert {tuple(values(catalogue)) for catalogue in watched.news[1:]} <= {(n, n, n) for n in (1, 2, 4)}


@pytest.mark.parametrize("names", [("a.py", "b.py"), ("b.py", "a.py")])
@pytest.mark.parametrize("is_edited", [False, True])
async def test_a_rename_is_no_clash_and_no_loss(tmp_path: Path, names: tuple[str, str], is_edited: bool) -> None:
    old, new = (tmp_path / name for name in names)
    old.write_text(executor(1), encoding="utf-8")
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        await watched.shows(1)
        version = watched.loader.catalogue.executors["hello"].version
        old.rename(new)
        if is_edited:
            new.write_text(executor(2), encoding="utf-8")
        await watched.until(lambda catalogue: getattr(catalogue.get("hello"), "file", "") == str(new))
        await watched.shows(2 if is_edited else 1)
        assert is_edited or watched.loader.catalogue.executors["hello"].version == version
        assert not any(catalogue.problems for catalogue in watched.news)
        assert all(catalogue.get("hello") for catalogue in watched.news)


async def test_two_files_with_one_id_and_either_removed(tmp_path: Path) -> None:
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    second.write_text(executor(2), encoding="utf-8")
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        await watched.shows(2)
        for removed, left in ((first, 2), (second, 1)):
            first.write_text(executor(1), encoding="utf-8")
            second.write_text(executor(2), encoding="utf-8")
            await watched.until(lambda catalogue: value_of(catalogue) == 1 and list(problems(watched)) == ["b.py"])
            removed.unlink()
            await watched.until(lambda catalogue, left=left: value_of(catalogue) == left and not catalogue.problems)


async def test_a_linked_folder_s_files_are_followed(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "executors", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "linked").symlink_to(elsewhere)
    async with watching(folder) as watched:
        await watched.state(WatchState.WATCHING)
        for value in (1, 2):
            (elsewhere / "hello.py").write_text(executor(value), encoding="utf-8")
            await watched.shows(value)


async def test_a_save_in_a_later_folder_counts_when_the_earlier_one_lets_go(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for number, folder in enumerate((first, second), start=1):
        folder.mkdir()
        (folder / "hello.py").write_text(executor(number), encoding="utf-8")
    async with watching(first, second) as watched:
        await watched.state(WatchState.WATCHING)
        await watched.shows(1)
        (second / "hello.py").write_text(executor(3), encoding="utf-8")
        await a_full_look(watched, second)
        assert value_of(watched.loader.catalogue) == 1
        (first / "hello.py").unlink()
        await watched.shows(3)


async def test_the_others_do_not_wait_for_a_half_written_file(tmp_path: Path) -> None:
    slow = tmp_path / "slow.py"
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        text = executor(1).replace("'hello'", "'slow'") + "x = (1)\n"
        with slow.open("w", encoding="utf-8") as stream:
            stream.write(text[:-3])
            stream.flush()
            (tmp_path / "hello.py").write_text(executor(1), encoding="utf-8")
            await watched.shows(1)
            stream.write(text[-3:])
        await watched.until(lambda catalogue: catalogue.get("slow") is not None)
    # a machine that stalls may have seen the half for longer than a file is given to become whole
    if any(catalogue.problems for catalogue in watched.news):
        assert [problem.file for catalogue in watched.news for problem in catalogue.problems] == [str(slow)]


async def test_the_others_do_not_wait_for_a_slow_import(tmp_path: Path) -> None:
    slow, gate = tmp_path / "a_slow.py", tmp_path / "gate"
    slow.write_text(
        f"import os, time\nwhile not os.path.exists({str(gate)!r}):\n    time.sleep(0.01)\n"
        + executor(1).replace("'hello'", "'slow'"),
        encoding="utf-8",
    )
    began = time.monotonic()
    async with watching(tmp_path) as watched:
        await watched.state(WatchState.WATCHING)
        for value in (1, 2):
            (tmp_path / "hello.py").write_text(executor(value), encoding="utf-8")
            await watched.shows(value)
        assert watched.loader.catalogue.get("slow") is None and watched.loader.catalogue.problems == ()
        gate.touch()
        await watched.until(lambda catalogue: catalogue.get("slow") is not None)
        assert watched.loader.catalogue.problems == () or time.monotonic() - began > 10
