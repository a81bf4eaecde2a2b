"""The disk and the store's file at their worst: what is said, what is kept, and how a person gets back."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine import Engine, Settings, TaskTreeNode, upkeep
from engine import store as store_module
from engine.backup import back_up, backups, folder_of, restore
from engine.errors import StoreError
from engine.events import EventKind
from engine.health import check_file, examine, newest_version
from engine.history import RunFilter
from tests.engine.support import ended, running, until


async def work(settings: Settings, runs: int = 1) -> None:
    """Some runs that end well, in an engine of their own."""
    async with running(settings) as engine:
        for _ in range(runs):
            await run(engine)


async def run(engine: Engine) -> str:
    run_id = await engine.submit(TaskTreeNode(engine.new_task("word")))
    assert await ended(engine, run_id) == "completed"
    return run_id


async def count(settings: Settings, text: str = "") -> int:
    async with running(settings) as engine:
        return len(await engine.history.runs(RunFilter(text=text) if text else None))


async def refusal(settings: Settings) -> str:
    with pytest.raises(StoreError) as raised:
        await Engine(settings).start()
    return str(raised.value)


def damage(store: Path, sql: str) -> None:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(sql)
        connection.commit()


# ── a file that is not what it was ───────────────────────────────────────────────────────────────────────────────────


async def test_a_damaged_store_is_refused_put_aside_and_replaced_by_its_backup(settings: Settings) -> None:
    await work(settings, runs=2)
    made = back_up(settings.store, keep=7)
    await work(settings)
    settings.store.write_bytes(b"no database at all" * 1_000)
    for end in ("-wal", "-shm"):
        Path(f"{settings.store}{end}").unlink(missing_ok=True)
    assert "taskdeck restore" in await refusal(settings)
    aside = restore(settings.store, made.path)
    assert aside is not None and aside.read_bytes().startswith(b"no database")
    assert await count(settings) == 2


async def test_a_store_that_became_empty_is_not_begun_anew_while_it_has_backups(settings: Settings) -> None:
    await work(settings)
    back_up(settings.store, keep=7)
    settings.store.write_bytes(b"")
    said = await refusal(settings)
    assert "is empty" in said and "taskdeck restore" in said
    assert settings.store.stat().st_size == 0
    settings.store.unlink()
    assert await count(settings) == 0  # as the refusal says: without the file it begins anew


async def test_an_empty_file_without_a_past_is_a_new_store(settings: Settings) -> None:
    settings.store.parent.mkdir(exist_ok=True)
    settings.store.touch()
    assert await count(settings) == 0


async def test_a_newer_schema_is_refused_and_nothing_changed(settings: Settings) -> None:
    await work(settings)
    damage(settings.store, f"PRAGMA user_version = {newest_version() + 1}")
    before = settings.store.read_bytes()
    assert "newer taskdeck" in await refusal(settings)
    assert settings.store.read_bytes() == before
    assert "newer taskdeck" in check_file(settings.store)


async def test_an_older_schema_is_backed_up_before_it_is_changed(settings: Settings) -> None:
    folder = Path(store_module.__file__).parent / "migrations"
    with closing(sqlite3.connect(settings.store)) as old:
        old.executescript((folder / "0001_start.sql").read_text())
        old.execute(f"PRAGMA application_id = {store_module.APPLICATION_ID}")
        old.execute("PRAGMA user_version = 1")
    await work(settings)
    (kept,) = backups(settings.store)
    assert kept.name.endswith(f"before-schema-{newest_version()}")
    with closing(sqlite3.connect(kept.path)) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (1,)


async def test_a_foreign_database_is_refused(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.store)) as foreign:
        foreign.execute("CREATE TABLE theirs (id)")
    assert "another program" in await refusal(settings)
    assert check_file(settings.store) == "it is no store of taskdeck"


async def test_a_damaged_search_index_is_made_anew_and_holds_nothing_else_up(settings: Settings) -> None:
    await work(settings, runs=3)
    async with running(settings) as engine:
        await until(lambda: _indexed(settings.store) == 3)
    damage(settings.store, "UPDATE search_data SET block = x'00ff00ff'")
    async with running(settings) as engine:
        await run(engine)  # its outcome is stored, whatever the index says
        await until(lambda: _indexed(settings.store) == 4)
        assert len(await engine.history.runs(RunFilter(text="zebra"))) == 4
        assert engine.store_trouble == ""


def _indexed(store: Path) -> int:
    with closing(sqlite3.connect(store)) as connection:
        sound = connection.execute("SELECT count(*) FROM run WHERE indexed = 1").fetchone()[0]
        try:
            connection.execute("SELECT count(*) FROM search WHERE search MATCH 'zebra'").fetchone()
        except sqlite3.DatabaseError:
            return -1
    return int(sound)


# ── a disk that takes nothing for a while ────────────────────────────────────────────────────────────────────────────


async def test_with_a_full_disk_results_wait_and_are_stored_once_there_is_room(settings: Settings) -> None:
    async with running(settings) as engine:
        root = TaskTreeNode(engine.new_task("word"))
        for _ in range(999):
            root.add_child(TaskTreeNode(engine.new_task("word")))
        run_id = await engine.submit(root)
        told: list[str] = []
        engine.bus.subscribe(lambda event: told.append(event.data) if event.kind is EventKind.NOTICE else None)
        await _room(engine, 0)
        await until(lambda: "full" in engine.store_trouble)  # the banner of the status line
        assert told == ["the store cannot be written: database or disk is full; it is tried again, nothing is lost"]
        assert engine.dispatcher.endings, "nothing is told to be done that is not on disk"
        await _room(engine, 2**30)
        assert await ended(engine, run_id) == "completed"
        await until(lambda: not engine.store_trouble)
    assert await _completed(settings.store) == 1_000


async def _room(engine: Engine, pages: int) -> None:
    """As many pages as the store has now and no more, or `pages`."""
    connection = engine.store._write_connection
    if not pages:
        pages = next(iter(await connection.execute_fetchall("PRAGMA page_count")))[0]
    await connection.execute(f"PRAGMA max_page_count = {pages}")


async def _completed(store: Path) -> int:
    with closing(sqlite3.connect(store)) as connection:
        return int(connection.execute("SELECT count(*) FROM task WHERE status = 'completed'").fetchone()[0])


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="only root may mount a small disk")
async def test_a_really_full_disk_loses_no_task(settings: Settings, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False).returncode:
        pytest.skip("this system mounts no tmpfs")
    try:
        async with running(replace(settings, store=disk / "own.db")) as engine:
            root = TaskTreeNode(engine.new_task("word"))
            for _ in range(999):
                root.add_child(TaskTreeNode(engine.new_task("word")))
            run_id = await engine.submit(root)
            ballast = disk / "ballast"
            with pytest.raises(OSError, match="space"):
                ballast.write_bytes(b"x" * 2**22)
            await until(lambda: engine.store_trouble)
            ballast.unlink()
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            assert await ended(engine, run_id) == "completed"
        assert await _completed(disk / "own.db") == 1_000
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


async def test_while_another_program_holds_the_store_results_wait(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "BUSY_SECONDS", 0.1)
    async with running(settings) as engine:
        with closing(sqlite3.connect(settings.store, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            submitting = asyncio.ensure_future(engine.submit(TaskTreeNode(engine.new_task("word"))))
            await until(lambda: "locked" in engine.store_trouble)
            assert not submitting.done()
            other.execute("ROLLBACK")
        assert await ended(engine, await submitting) == "completed"
        assert engine.store_trouble == ""


# ── backups ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_backup_is_whole_private_and_made_while_the_engine_works(settings: Settings) -> None:
    async with running(settings) as engine:
        await run(engine)
        made = await asyncio.to_thread(back_up, settings.store, keep=7)
        await run(engine)
    assert check_file(made.path, thorough=True) == ""
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert folder_of(settings.store).stat().st_mode & 0o777 == 0o700
    restore(settings.store, made.path)
    assert await count(settings) == 1


async def test_only_the_newest_are_kept_and_what_was_cut_off_is_cleared(settings: Settings) -> None:
    await work(settings)
    folder = folder_of(settings.store)
    folder.mkdir()
    for day in range(1, 10):
        shutil.copy(settings.store, folder / f"2020010{day}-000000.db")
    (folder / "20200110-000000.part").write_bytes(b"half")
    (folder / "notes.txt").write_text("theirs")
    made = back_up(settings.store, keep=3)
    assert [backup.name for backup in backups(settings.store)] == [made.name, "20200109-000000", "20200108-000000"]
    assert not list(folder.glob("*.part"))
    assert (folder / "notes.txt").exists()


async def test_a_console_backs_up_once_a_day(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "BACKUP_REST", 0.01)
    monkeypatch.setattr(upkeep, "BACKUP_LOOK", 0.01)
    async with running(settings, take_over=True) as engine:
        await run(engine)
        await until(lambda: backups(settings.store))
        await asyncio.sleep(0.1)
    assert len(backups(settings.store)) == 1
    async with running(settings) as engine:  # a script makes none
        await run(engine)
        await asyncio.sleep(0.1)
    assert len(backups(settings.store)) == 1


async def test_no_backup_is_put_back_while_a_process_has_the_store_open(settings: Settings) -> None:
    await work(settings)
    made = back_up(settings.store, keep=7)
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom engine.store import Store\n"
        "async def main():\n    store = await Store.open(Path(sys.argv[1]))\n    print('open', flush=True)\n"
        "    await asyncio.to_thread(sys.stdin.read)\n    await store.close()\nasyncio.run(main())\n"
    )
    before = settings.store.read_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", script, settings.store], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match=str(other.pid)):
            restore(settings.store, made.path)
        assert settings.store.read_bytes() == before
    assert restore(settings.store, made.path) is not None


async def test_a_damaged_backup_is_refused_and_nothing_changed(settings: Settings, tmp_path: Path) -> None:
    await work(settings)
    for name, content in (("empty.db", b""), ("junk.db", b"junk" * 5_000)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(StoreError, match="cannot be used"):
            restore(settings.store, tmp_path / name)
    assert await count(settings) == 1


async def test_no_backup_is_begun_without_room(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await work(settings)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="1 are free"):
        back_up(settings.store, keep=7)
    assert backups(settings.store) == []


# ── what the doctor sees ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_examine_tells_a_sound_store_from_one_with_faults(settings: Settings) -> None:
    await work(settings)
    assert {finding.level for finding in examine(settings.store, thorough=True)} == {"ok"}
    settings.store.chmod(0o644)
    damage(settings.store, "UPDATE task SET parent_id = 'gone'")
    damage(settings.store, "UPDATE task SET status = 'in_progress'")
    said = {finding.what: finding for finding in examine(settings.store) if finding.level != "ok"}
    assert said["rights"].hint.startswith("chmod 600")
    told = [finding.said for finding in examine(settings.store) if finding.what == "tasks"]
    assert told == ["1 have a parent that is not there", "1 were cut off when their process ended"]
    settings.store.write_bytes(settings.store.read_bytes()[:20_000])
    assert any(finding.level == "problem" for finding in examine(settings.store))


async def test_examine_of_no_store_and_of_a_network_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine import health

    assert all(finding.level == "ok" for finding in examine(settings.store))
    assert not settings.store.exists()
    monkeypatch.setattr(health, "file_system", lambda path: "nfs4")
    (told,) = [finding for finding in examine(settings.store) if finding.level != "ok"]
    assert "nfs4" in told.said and "--store" in told.hint
