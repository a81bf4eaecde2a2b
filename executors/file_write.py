"""Writes a text file whole or not at all: whoever reads it sees the old content or the new, never half of it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from pathlib import Path
from typing import Any, ClassVar

from engine import BaseTask, executor_register
from executors.fields import ENCODING, FILE_PATH
from executors.refused import Refused

MOST_CHARACTERS = 4 * 1024 * 1024
MOST_BYTES = 64 * 1024 * 1024
"""Of a file that is added to: it is written anew, as a whole."""


@executor_register()
class FileWrite(BaseTask):
    """By default it never replaces a file that is there already. A link is followed to the file it leads to."""

    id = "file_write"
    name = "Write a file"
    description = "Writes a text file, whole or not at all"
    tags = ("files", "text")
    examples = (
        {"path": "/tmp/taskdeck-hello.txt", "content": "hello\n", "if_exists": "replace"},
        {"path": "out/report.csv", "content": "a,b\n1,2\n", "make_folders": True, "inside": "out"},
        {"path": "~/.config/app/token", "content": "…\n", "mode": "0600", "if_exists": "replace"},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "path": FILE_PATH,
            "content": {
                "type": "string",
                "title": "Content",
                "description": "The whole text",
                "contentMediaType": "text/plain",
                "maxLength": MOST_CHARACTERS,
            },
            "if_exists": {
                "type": "string",
                "title": "If it exists",
                "description": "refuse fails, keep leaves it as it is, append adds to its end",
                "enum": ["refuse", "replace", "append", "keep"],
                "default": "refuse",
            },
            "mode": {
                "type": "string",
                "title": "Mode",
                "description": "Who may do what, in octal; absent: as it was, or 0644 less your umask",
                "pattern": "^0?[0-7]{3}$",
                "x-errorMessage": "must be three octal digits, like 0644",
                "examples": ["0600", "0644", "0755"],
            },
            "encoding": {**ENCODING, "description": "How the text becomes bytes"},
            "make_folders": {
                "type": "boolean",
                "title": "Make folders",
                "description": "Make the folders that are missing on the way to it",
                "default": False,
            },
            "inside": {
                "type": "string",
                "title": "Only inside",
                "description": "Refuse a path that leads out of this folder, by .. or by a link",
                "format": "directory-path",
                "minLength": 1,
            },
        },
        "required": ["path", "content"],
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"path", "written", "replaced", "size", "sha256"}`: the file's real path, its size in bytes.

        Failures have `error_type` validation_error, file_exists, outside, not_found, permission_denied, unencodable or
        write_error, and leave everything as it was.
        """
        try:
            result = await asyncio.to_thread(_write, inputs)
        except Refused as refusal:
            return refusal.result
        self.log(f"{'wrote' if result['written'] else 'kept'} {result['path']}, {result['size']} bytes")
        return result

    def get_demo_result(self, inputs: dict[str, Any]) -> Any:
        size = len(str(inputs.get("content", "")).encode("utf-8", "replace"))
        told = {"path": inputs.get("path"), "written": False, "replaced": False, "size": size, "sha256": ""}
        return {"status": "completed", "demo": True, **told}


def _write(inputs: dict[str, Any]) -> dict[str, Any]:
    given, rule = inputs["path"], inputs.get("if_exists", "refuse")
    data = _encoded(inputs["content"], inputs.get("encoding", "utf-8"))
    try:
        path = Path(os.path.realpath(Path(given).expanduser()))
        _check_inside(path, inputs.get("inside"))
        old = _status(path)
        if old is not None and rule == "refuse":
            raise _exists(given)
        if old is not None and rule == "keep":
            return _kept(path)
        if old is not None and rule == "append":
            if old.st_size > MOST_BYTES:
                raise Refused(f"{given} is too large to add to ({old.st_size} bytes)", "if_exists", "write_error")
            data = path.read_bytes() + data
        if inputs.get("make_folders"):
            path.parent.mkdir(parents=True, exist_ok=True)
        written = _put(path, data, _mode(inputs.get("mode"), old), may_replace=rule in ("replace", "append"))
    except FileExistsError as error:
        raise _exists(given) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise _refusal(given, error) from error
    if not written:  # it came while this was on its way
        if rule == "keep":
            return _kept(path)
        raise _exists(given)
    return _told(path, data, replaced=old is not None)


def _kept(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    told = {"written": False, "replaced": False, "size": size, "sha256": digest}
    return {"status": "completed", "path": str(path), **told}


def _told(path: Path, data: bytes, *, replaced: bool) -> dict[str, Any]:
    return {
        "status": "completed",
        "path": str(path),
        "written": True,
        "replaced": replaced,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _encoded(content: str, encoding: str) -> bytes:
    try:
        " ".encode(encoding)
    except (LookupError, ValueError) as error:
        raise Refused(f"there is no encoding {encoding!r:.80}", "encoding") from error
    try:
        return content.encode(encoding)
    except UnicodeEncodeError as error:
        sign = error.object[error.start]
        words = f"{encoding} has no {sign!r} (character {error.start + 1}); try utf-8"
        raise Refused(words, "encoding", "unencodable") from error


def _check_inside(path: Path, inside: str | None) -> None:
    """`path` is real already, so a link that leads out is seen as what it leads to."""
    if inside is not None:
        folder = Path(os.path.realpath(Path(inside).expanduser()))
        if not path.is_relative_to(folder) or path == folder:
            raise Refused(f"{path} is not inside {folder}", "path", "outside")


def _status(path: Path) -> os.stat_result | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket"
        raise Refused(f"{path} is {kind}, no regular file", "path", "write_error")
    return status


def _mode(given: str | None, old: os.stat_result | None) -> int:
    if given is not None:
        return int(given, 8)
    if old is not None:
        return stat.S_IMODE(old.st_mode)
    return 0o644 & ~_umask()


def _umask() -> int:
    """Read without changing it: setting it, even for a moment, would reach every thread."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    except (OSError, ValueError, IndexError):
        pass
    return 0o022


def _put(path: Path, data: bytes, mode: int, *, may_replace: bool) -> bool:
    """Have `data` at `path` in one step; False when it must not be replaced and is there by now."""
    import tempfile

    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        if may_replace:
            os.replace(name, path)
        else:
            try:
                os.link(name, path)
            except FileExistsError:
                return False
            except OSError:  # a file system without links: hold the place, then take it
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
                os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


def _exists(given: str) -> Refused:
    return Refused(f"{given} exists already; choose to replace it, or another path", "if_exists", "file_exists")


def _refusal(given: str, error: Exception) -> Refused:
    if isinstance(error, FileNotFoundError):
        words = f"there is no folder {Path(given).parent}; allow to make folders"
        return Refused(words, "make_folders", "not_found")
    if isinstance(error, PermissionError):
        return Refused(f"Not permitted to write {given}", "path", "permission_denied")
    if isinstance(error, OSError):
        return Refused(f"Cannot write {given}: {error.strerror or error}", "path", "write_error")
    return Refused(f"{given!r:.200} is no usable path: {error}", "path")
