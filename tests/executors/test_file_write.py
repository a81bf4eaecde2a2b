"""file_write: whole or not at all, never over what is there unless told, and never out of its folder."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from executors.file_write import FileWrite
from tests.executors.trial import Trial, problems


async def write(path: Path | str, content: str = "new\n", **inputs: Any) -> dict[str, Any]:
    return await Trial(FileWrite, path=str(path), content=content, **inputs).result()


def left(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


async def test_a_new_file(tmp_path: Path) -> None:
    result = await write(tmp_path / "a.txt", "grüße\n")
    data = "grüße\n".encode()
    assert (tmp_path / "a.txt").read_bytes() == data and left(tmp_path) == ["a.txt"]
    assert (result["written"], result["replaced"], result["size"]) == (True, False, len(data))
    assert result["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("rule", "content", "written"),
    [("refuse", "old", False), ("keep", "old", False), ("replace", "new\n", True), ("append", "oldnew\n", True)],
)
async def test_what_happens_to_a_file_that_is_there(tmp_path: Path, rule: str, content: str, written: bool) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    result = await write(path, if_exists=rule)
    assert path.read_text() == content and left(tmp_path) == ["a.txt"]
    if rule == "refuse":
        assert (result["error_type"], result["field"]) == ("file_exists", "if_exists")
    else:
        assert (result["status"], result["written"], result["size"]) == ("completed", written, len(content))


async def test_mode(tmp_path: Path) -> None:
    path = tmp_path / "a"
    await write(path, mode="0600")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await write(path, if_exists="replace")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600  # as it was
    await write(path, if_exists="replace", mode="755")
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


async def test_of_many_at_once_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "a"
    results = await asyncio.gather(*(write(path, str(number) * 1000) for number in range(8)))
    assert sorted(result["status"] for result in results) == ["completed"] + ["failed"] * 7
    assert len(set(path.read_text())) == 1 and left(tmp_path) == ["a"]


async def test_readers_never_see_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("0" * 500_000)
    writing = [asyncio.ensure_future(write(path, str(n) * 500_000, if_exists="replace")) for n in range(1, 6)]
    while not all(task.done() for task in writing):
        text = path.read_text()
        assert len(text) == 500_000 and len(set(text)) == 1
        await asyncio.sleep(0)


async def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    result = await write(tmp_path / "link", if_exists="replace")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new\n"
    assert result["path"] == str(tmp_path / "real")


@pytest.mark.parametrize("way", ["../b", "in/../../b", "out/b", "link", "in/..", "~/b", "/etc/taskdeck-b"])
async def test_no_way_leads_out_of_its_folder(tmp_path: Path, way: str) -> None:
    inside = tmp_path / "inside"
    (inside / "in").mkdir(parents=True)
    (inside / "out").symlink_to(tmp_path)
    (inside / "link").symlink_to(tmp_path / "b")
    path = way if way.startswith(("~", "/")) else inside / way
    result = await write(path, inside=str(inside), if_exists="replace", make_folders=True)
    assert (result["error_type"], result["field"]) == ("outside", "path"), result
    assert left(tmp_path) == ["inside"]
    assert (await write(inside / "in" / ".." / "c", inside=str(inside)))["status"] == "completed"


async def test_missing_folders(tmp_path: Path) -> None:
    path = tmp_path / "x" / "y" / "a"
    result = await write(path)
    assert (result["error_type"], result["field"]) == ("not_found", "make_folders")
    assert (await write(path, make_folders=True))["status"] == "completed"


async def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/null")):
        result = await write(path, if_exists="replace")
        assert result["error_type"] == "write_error" and result["field"] == "path"
    assert (tmp_path / "pipe").is_fifo() and left(tmp_path) == ["pipe"]


async def test_wrong_inputs(tmp_path: Path) -> None:
    assert (await write(tmp_path / "a", "é", encoding="ascii"))["error_type"] == "unencodable"
    assert (await write(tmp_path / "a", encoding="nope"))["field"] == "encoding"
    assert (await write("a\0b"))["error_type"] == "validation_error"
    (tmp_path / "f").touch()
    assert (await write(tmp_path / "f" / "a", make_folders=True))["status"] == "failed"
    assert left(tmp_path) == ["f"]
    assert problems(FileWrite, path="a", content="", mode="rwx") and problems(FileWrite, path="a", content="", mode="9")


async def test_odd_names(tmp_path: Path) -> None:
    for name in ("-rf", "a'b\"c", "two\nlines", "; rm", "é" * 60):
        assert (await write(tmp_path / name))["status"] == "completed"
        assert (tmp_path / name).read_text() == "new\n"
