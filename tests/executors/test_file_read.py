"""file_read: text in, and a clear no for what is none; never a hang."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from executors.file_read import FileRead


async def read(path: Path | str, **more: Any) -> dict[str, Any]:
    reading = FileRead().execute({"path": str(path), **more})
    result: dict[str, Any] = await asyncio.wait_for(reading, 10)  # guards against a hang
    return result


async def test_reads_a_file(tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    file.write_bytes("héllo\r\nworld".encode())
    assert await read(file) == {
        "status": "completed",
        "path": str(file),
        "content": "héllo\r\nworld",
        "size": 13,
        "lines": 2,
        "truncated": False,
    }


async def test_reads_an_empty_file(tmp_path: Path) -> None:
    file = tmp_path / "empty"
    file.touch()
    for more in ({}, {"tail_lines": 3}):
        result = await read(file, **more)
        assert (result["content"], result["size"], result["lines"], result["truncated"]) == ("", 0, 0, False)


async def test_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a").write_text("mine")
    assert (await read("~/a"))["content"] == "mine"


@pytest.mark.parametrize(
    ("text", "lines", "content", "truncated"),
    [
        ("a\nb\nc\n", 2, "b\nc\n", True),
        ("a\nb\nc", 2, "b\nc", True),
        ("a\nb\n", 2, "a\nb\n", False),
        ("a\n\n\n", 2, "\n\n", True),
        ("a\x0cb\u2028c\nd\n", 1, "d\n", True),
        ("one", 5, "one", False),
    ],
)
async def test_last_lines(tmp_path: Path, text: str, lines: int, content: str, truncated: bool) -> None:
    file = tmp_path / "log"
    file.write_text(text, encoding="utf-8", newline="")
    result = await read(file, tail_lines=lines)
    assert (result["content"], result["truncated"]) == (content, truncated)
    assert result["lines"] == min(lines, text.count("\n") or 1)


@pytest.mark.parametrize("limit", range(1, 9))
async def test_a_long_file_is_cut_between_characters(tmp_path: Path, limit: int) -> None:
    file = tmp_path / "long"
    file.write_text("€" * 100, encoding="utf-8")
    result = await read(file, max_bytes=limit)
    assert result["content"] == "€" * (limit // 3)
    assert result["truncated"] and result["size"] == 300


async def test_the_end_of_a_large_file_begins_with_a_whole_line(tmp_path: Path) -> None:
    file = tmp_path / "large.log"
    file.write_text("".join(f"ligne numéro {number}\n" for number in range(20_000)), encoding="utf-8")
    for limit in range(1000, 1030):
        result = await read(file, tail_lines=100_000, max_bytes=limit)
        assert result["truncated"] and result["content"].endswith("ligne numéro 19999\n")
        assert all(line.startswith("ligne numéro ") for line in result["content"].splitlines())


async def test_exactly_the_limit_is_not_truncated(tmp_path: Path) -> None:
    file = tmp_path / "exact"
    file.write_text("1234")
    assert not (await read(file, max_bytes=4))["truncated"]
    assert (await read(file, max_bytes=3))["truncated"]


async def test_encodings(tmp_path: Path) -> None:
    file = tmp_path / "latin"
    file.write_bytes(b"caf\xe9")
    assert (await read(file, encoding="latin-1"))["content"] == "café"
    result = await read(file)
    assert (result["status"], result["error_type"], result["field"]) == ("failed", "undecodable", "encoding")
    assert "byte 3" in result["error"] and "0xe9" in result["error"]


@pytest.mark.parametrize("encoding", ["klingon", "hex", "undefined", "utf\0"])
async def test_no_such_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a"
    file.touch()
    result = await read(file, encoding=encoding)
    assert (result["error_type"], result["field"]) == ("validation_error", "encoding")


async def test_missing_file_is_named(tmp_path: Path) -> None:
    """Rule 4.4."""
    result = await read(tmp_path / "absent.txt")
    assert (result["status"], result["error_type"], result["field"]) == ("failed", "file_not_found", "path")
    assert "absent.txt" in result["error"]
    (tmp_path / "file").touch()
    assert (await read(tmp_path / "file" / "below"))["error_type"] == "file_not_found"


async def test_a_directory_is_named(tmp_path: Path) -> None:
    assert (await read(tmp_path))["error_type"] == "is_a_directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_no_permission_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch(mode=0)
    assert (await read(file))["error_type"] == "permission_denied"


async def test_pipes_devices_and_sockets_never_hang(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        for path, kind in ((fifo, "pipe"), (tmp_path / "s", "socket"), (Path("/dev/zero"), "device")):
            result = await read(path)
            assert result["error_type"] == "not_a_regular_file"
            assert kind in result["error"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")
async def test_files_that_claim_to_be_empty_are_read() -> None:
    result = await read("/proc/self/status")
    assert "Pid:" in result["content"] and result["size"] > 0
    assert (await read("/proc/self/status", tail_lines=2))["lines"] == 2


@pytest.mark.parametrize("path", ["", "a\0b", "~no-such-user-here/x"])
async def test_no_usable_path(path: str) -> None:
    result = await read(path)
    assert (result["status"], result["error_type"], result["field"]) == ("failed", "validation_error", "path")


async def test_other_errors_of_the_system_are_told_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    result = await read(tmp_path / "loop")
    assert result["error_type"] == "read_error"
    assert "symbolic links" in result["error"]
