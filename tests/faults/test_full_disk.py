"""A disk that is full while a console runs a thousand tasks: it says so, and no task is lost once there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.pty_console import Console

PATIENCE = 90.0
"""Seconds; a guard."""

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="only root mounts a small disk")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB; 1,000 tasks need more."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=False).returncode:
        pytest.skip("this system mounts no tmpfs")
    yield place
    subprocess.run(["umount", "-l", place], check=False)


def test_a_full_disk_is_told_on_the_screen_and_loses_no_task(start: Callable[..., Console], disk: Path) -> None:
    console = start(store=disk / "own.db", backups="0")
    console.sees("many")
    console.launch("many")
    console.has(console.folder / "began")
    with suppress(OSError):  # as much as there is room for
        (disk / "ballast").write_bytes(b"x" * 2**22)
    screen = console.sees("store: database or disk is full", PATIENCE)
    print(f"\n{screen.splitlines()[-1]}")
    (disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    console.sees("store ok", PATIENCE)
    console.until(lambda: not console.rows("SELECT 1 FROM run WHERE owner IS NOT NULL"), "not all ended", PATIENCE)
    assert console.rows("SELECT status, count(*) FROM task GROUP BY status") == [("completed", 1_000)]
    ran = Counter((console.folder / "ran").read_text().splitlines())
    assert len(ran) == 999 and set(ran.values()) == {1}
    console.keys("q")
    assert console.ended() == 0
