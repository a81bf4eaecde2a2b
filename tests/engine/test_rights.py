"""Whose files a store's are: its user's alone, or a group's where that is said; what is too open is named."""

from __future__ import annotations

import grp
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine import Engine, Settings, StoreError, TaskTreeNode
from engine.backup import back_up, folder_of, restore
from engine.health import NETWORK, dangers, owners_of
from engine.rights import group_name, too_open
from tests.engine.support import ended, running

ROOT = Path(__file__).resolve().parents[2]
GROUP = grp.getgrgid(os.getgid()).gr_name


@pytest.fixture
def shared(tmp_path: Path, settings: Settings) -> Settings:
    return replace(settings, store=tmp_path / "ours" / "taskdeck.db", group=GROUP)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.fixture(params=[0o022, 0o077, 0o000], ids=oct)
def umask(request: pytest.FixtureRequest) -> None:
    """Whatever the person's umask is."""
    before = os.umask(request.param)
    request.addfinalizer(lambda: os.umask(before))


async def test_a_store_and_all_beside_it_is_its_users_alone(umask: None, tmp_path: Path, settings: Settings) -> None:
    store = tmp_path / "mine" / "taskdeck.db"
    async with running(settings, store=store):
        back_up(store, keep=2)
        assert mode(store.parent) == mode(owners_of(store)) == mode(folder_of(store)) == 0o700
        files = [path for path in store.parent.rglob("*") if path.is_file()]
        assert len(files) >= 5 and all(mode(path) & 0o077 == 0 for path in files), [(p, oct(mode(p))) for p in files]


async def test_a_shared_store_is_the_groups_with_all_beside_it(umask: None, shared: Settings) -> None:
    async with running(shared) as engine:
        await engine.create("noop")
        made = back_up(shared.store, keep=2)
        for folder in (shared.store.parent, owners_of(shared.store), folder_of(shared.store)):
            assert mode(folder) == 0o2770, folder
        files = [path for path in shared.store.parent.rglob("*") if path.is_file()]
        assert len(files) >= 5 and all(mode(path) == 0o660 for path in files), [(p, oct(mode(p))) for p in files]
        assert {group_name(path.stat().st_gid) for path in files} == {GROUP}
    restore(shared.store, made.path)
    assert mode(shared.store) == 0o660


async def test_a_store_stays_shared_for_who_does_not_say_so(shared: Settings) -> None:
    async with running(shared):
        pass
    async with running(replace(shared, group="")) as engine:
        assert all(mode(path) == 0o660 for path in owners_of(shared.store).iterdir())
        assert engine.store.path == shared.store


async def test_a_private_store_becomes_shared_when_it_is_said(shared: Settings) -> None:
    async with running(replace(shared, group="")):
        pass
    shared.store.parent.chmod(0o2770)
    async with running(shared):
        assert mode(shared.store) == 0o660


async def test_sharing_touches_no_folder_that_was_there(tmp_path: Path, shared: Settings) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(StoreError, match=r"is not the group's own.*chmod 2770"):
        await Engine(replace(shared, store=tmp_path / "taskdeck.db")).start()
    assert mode(tmp_path) == 0o755 and not (tmp_path / "taskdeck.db").exists()


async def test_a_group_that_nobody_has_is_named(shared: Settings) -> None:
    with pytest.raises(StoreError, match="there is no group 'no-such-group'"):
        await Engine(replace(shared, group="no-such-group")).start()
    assert not shared.store.parent.exists()


@pytest.mark.parametrize(
    ("given", "group", "words"),
    [
        (0o600, "", ""),
        (0o640, "", f"the group {GROUP} may read it"),
        (0o660, "", f"the group {GROUP} may write it"),
        (0o660, GROUP, ""),
        (0o644, GROUP, "everybody may read it"),
        (0o666, "", "everybody may write it"),
    ],
)
def test_what_is_too_open_is_named_with_what_to_do(tmp_path: Path, given: int, group: str, words: str) -> None:
    store = tmp_path / "taskdeck.db"
    store.touch()
    store.chmod(given)
    said, hint = too_open(store, group)
    assert said.startswith(words) and bool(said) == bool(words) == bool(hint)
    assert [found.said for found in dangers(store, group) if found.what == "rights"] == ([said] if said else [])


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p", "ext4", "overlay", "tmpfs"])
def test_a_file_system_of_several_machines_is_named(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.health.file_system", lambda path: kind)
    found = [each for each in dangers(tmp_path / "taskdeck.db") if each.what == "file system"]
    assert bool(found) == (kind.removeprefix("fuse.") in NETWORK)
    if found:
        assert kind in found[0].said and "--store" in found[0].hint


OTHER = """
import asyncio, os, sys
gid, uid, place = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
from dataclasses import replace
from pathlib import Path
import engine.engine, engine.plan, engine.search, engine.transfer, aiosqlite, jsonschema
from engine import BaseTask, Engine, Settings, TaskTreeNode, executor_register
os.setgroups([]); os.setgid(gid); os.setuid(uid); os.umask(0o077)

@executor_register()
class Noop(BaseTask):
    id = "noop"
    async def execute(self, inputs):
        return {"uid": os.getuid()}

async def main():
    engine = Engine(replace(Settings(), store=Path(place)), take_over=True)
    await engine.start()
    print("open", flush=True)
    run = await engine.submit(TaskTreeNode(engine.new_task("noop", id="theirs")))
    print(await engine.finished(run), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await engine.stop()

asyncio.run(main())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
async def test_two_users_of_a_group_share_a_store_and_see_each_other_die(
    tmp_path: Path, shared: Settings, noop: None
) -> None:
    for folder in (tmp_path, *tmp_path.parents):  # pytest keeps them to its own user
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    async with running(shared, take_over=True) as engine:
        command = [sys.executable, "-c", OTHER, str(os.getgid()), "65534", str(shared.store)]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "HOME": "/"}
        ) as other:
            assert other.stdout is not None
            assert [other.stdout.readline(), other.stdout.readline()] == ["open\n", "completed\n"]
            task = await engine.task("theirs")
            assert task is not None and task.result["uid"] == 65534
            (theirs,) = [path.name for path in owners_of(shared.store).iterdir() if path.name != engine.store.lease.id]
            assert not engine.store.lease.is_dead(theirs)
            other.kill()
            other.wait()
            assert engine.store.lease.is_dead(theirs)
        run_id = await engine.submit(TaskTreeNode(engine.new_task("noop")))
        assert await ended(engine, run_id) == "completed"
