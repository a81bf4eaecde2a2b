"""Reads a text file, or its last lines, and never hangs on what only looks like one."""

from __future__ import annotations

import asyncio
import codecs
import os
import stat
from pathlib import Path
from typing import Any, ClassVar

from engine import BaseTask, executor_register
from executors.fields import ENCODING, FILE_PATH
from executors.refused import Refused

MIB = 1024 * 1024
MOST_BYTES = 4 * MIB
CHUNK = 256 * 1024


@executor_register()
class FileRead(BaseTask):
    """Reads at most `max_bytes`: the beginning of the file, or its end when `tail_lines` is given."""

    id = "file_read"
    name = "Read a file"
    description = "Reads a text file, or its last lines"
    tags = ("files", "text")
    examples = (
        {"path": "/etc/hostname"},
        {"path": "/var/log/syslog", "tail_lines": 50},
        {"path": "notes.txt", "encoding": "latin-1", "max_bytes": 4096},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "path": FILE_PATH,
            "encoding": {**ENCODING, "description": "How its bytes are read as text"},
            "max_bytes": {
                "type": "integer",
                "title": "At most (bytes)",
                "description": "Read no more than this; the result says when the file is longer",
                "minimum": 1,
                "maximum": MOST_BYTES,
                "default": MIB,
            },
            "tail_lines": {
                "type": "integer",
                "title": "Last lines",
                "description": "Only so many lines from the end",
                "minimum": 1,
                "maximum": 100_000,
            },
        },
        "required": ["path"],
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"path", "content", "size", "lines", "truncated"}`; `size` is the file's, in bytes.

        `truncated` tells that `content` is not the whole file. Line ends are kept as they are.
        """
        try:
            return await asyncio.to_thread(_read, inputs)
        except Refused as refusal:
            return refusal.result


def _read(inputs: dict[str, Any]) -> dict[str, Any]:
    given = inputs.get("path")
    encoding = inputs.get("encoding", "utf-8")
    limit = inputs.get("max_bytes", MIB)
    tail = inputs.get("tail_lines")
    if not isinstance(given, str) or not given:
        raise Refused("path is required", "path")
    try:
        " ".encode(encoding)
    except (LookupError, ValueError) as error:
        raise Refused(f"there is no encoding {encoding!r:.80}", "encoding") from error
    try:
        path = Path(given).expanduser().absolute()
        data, size, skipped, more = _bytes(path, limit, from_end=tail is not None)
    except (OSError, ValueError, RuntimeError) as error:
        raise _refusal(given, error) from error
    text = _text(data, encoding, cut_before=skipped > 0, cut_after=more)
    truncated = skipped > 0 or more
    if tail is not None:
        start = _tail_start(text, tail)
        truncated = truncated or start > 0
        text = text[start:]
    return {
        "status": "completed",
        "path": str(path),
        "content": text,
        "size": size,
        "lines": text.count("\n") + (not text.endswith("\n") and text != ""),
        "truncated": truncated,
    }


def _bytes(path: Path, limit: int, *, from_end: bool) -> tuple[bytes, int, int, bool]:
    """(data, the file's size, bytes skipped before it, whether more follows).

    Looked at before it is opened, since opening a device may do something; opened non-blocking and looked at again,
    since it may have been exchanged for a pipe in between, whose opening would wait for a writer.
    """
    _regular(path, path.stat())
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        _regular(path, status)
        start = max(status.st_size - limit, 0) if from_end else 0
        start += -start % 4  # whole characters of UTF-16 and UTF-32
        file.seek(start)
        data = bytearray()
        while len(data) <= limit:
            piece = file.read(min(CHUNK, limit + 1 - len(data)))
            if not piece:  # the end; None where a file of /proc would block
                break
            data += piece
    more = len(data) > limit
    return bytes(data[:limit]), max(status.st_size, start + len(data)), start, more


def _regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise Refused(f"{path} is a directory", "path", "is_a_directory")
    if not stat.S_ISREG(status.st_mode):
        raise Refused(f"{path} is no regular file but a {_kind(status.st_mode)}", "path", "not_a_regular_file")


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "pipe"
    if stat.S_ISSOCK(mode):
        return "socket"
    return "device"


def _refusal(given: str, error: Exception) -> Refused:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Refused(f"File not found: {given}", "path", "file_not_found")
    if isinstance(error, PermissionError):
        return Refused(f"Not permitted to read {given}", "path", "permission_denied")
    if isinstance(error, OSError):
        return Refused(f"Cannot read {given}: {error.strerror or error}", "path", "read_error")
    return Refused(f"{given!r:.200} is no usable path: {error}", "path")


def _tail_start(text: str, lines: int) -> int:
    """Where the last so many lines begin; only a newline ends a line, as in other tools for logs."""
    start = len(text) - text.endswith("\n")
    for _ in range(lines):
        start = text.rfind("\n", 0, start)
        if start < 0:
            break
    return start + 1


def _text(data: bytes, encoding: str, *, cut_before: bool, cut_after: bool) -> str:
    """Decode strictly, but forgive the characters that our own cuts went through.

    A cut before also goes through a line, whose rest is dropped where another line follows.
    """
    for skip in range(4 if cut_before else 1):
        try:
            text = codecs.getincrementaldecoder(encoding)("strict").decode(data[skip:], not cut_after)
        except UnicodeDecodeError as error:
            if cut_before and error.start == 0 and skip < 3:
                continue
            at = f"byte {skip + error.start} of what was read"
            words = f"not {encoding}: {at} is 0x{error.object[error.start]:02x}; try another encoding"
            raise Refused(words, "encoding", "undecodable") from error
        except ValueError as error:  # codecs have errors of their own, e.g. of UTF-16 without a mark
            raise Refused(f"not {encoding}: {error}", "encoding", "undecodable") from error
        break
    if not cut_before:
        return text
    head, newline, rest = text.partition("\n")
    return rest if newline and rest else head + newline
