"""Waits for a file: until it is there, changes, rests, or is gone."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from pathlib import Path
from typing import Any, ClassVar

from engine import executor_register
from executors.fields import FILE_PATH
from executors.refused import Refused, failed
from executors.stoppable import Stoppable, Stopped

Seen = tuple[int, int, int] | None
"""Size, time of the last change in ns, inode; None where there is nothing."""


@executor_register()
class FileWait(Stoppable):
    """Looks again and again, so that it works on network file systems too; a folder counts like a file."""

    id = "file_wait"
    name = "Wait for a file"
    description = "Waits until a file is there, changes, is written no more, or is gone"
    tags = ("files", "wait")
    retry_safe = True
    examples = (
        {"path": "/etc/hostname"},
        {"path": "incoming/data.csv", "until": "stable", "stable_for": 5, "min_size": 1, "timeout": 3600},
        {"path": "/tmp/build.lock", "until": "gone", "timeout": 600},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "path": FILE_PATH,
            "until": {
                "type": "string",
                "title": "Until",
                "description": "exists: it is there; changes: it is not as at the start; stable: written no more; gone",
                "enum": ["exists", "changes", "stable", "gone"],
                "default": "exists",
            },
            "stable_for": {
                "type": "number",
                "title": "Stable for",
                "description": "Seconds without a change of its size or time",
                "minimum": 0.1,
                "maximum": 86_400,
                "default": 2,
            },
            "min_size": {
                "type": "integer",
                "title": "At least (bytes)",
                "description": "A smaller file does not count as there",
                "minimum": 0,
                "default": 0,
            },
            "interval": {
                "type": "number",
                "title": "Interval",
                "description": "Seconds between two looks",
                "minimum": 0.05,
                "maximum": 3600,
                "default": 0.5,
            },
            "timeout": {
                "type": "number",
                "title": "Timeout",
                "description": "Seconds until it must have happened",
                "exclusiveMinimum": 0,
                "maximum": 604_800,
                "default": 300,
            },
        },
        "required": ["path"],
        "if": {"properties": {"until": {"const": "stable"}}, "required": ["until"]},
        "else": {"properties": {"stable_for": False}},
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"path", "until", "exists", "size", "modified", "waited"}`; `modified` is in seconds since 1970.

        Failures have `error_type` validation_error, permission_denied or timeout_error.
        """
        try:
            path = Path(inputs["path"]).expanduser().absolute()
            if "\0" in str(path):
                raise ValueError("it holds a NUL character")
        except (ValueError, RuntimeError) as error:
            return failed(f"{inputs['path']!r:.200} is no usable path: {error}", "validation_error", "path")
        try:
            return await self._wait(path, inputs)
        except Stopped:
            return {"status": "cancelled", "message": f"cancelled while waiting for {path}"}
        except Refused as refusal:
            return refusal.result

    def get_demo_result(self, inputs: dict[str, Any]) -> Any:
        until = inputs.get("until", "exists")
        told = {"path": inputs.get("path"), "until": until, "exists": until != "gone", "size": 0, "modified": 0.0}
        return {"status": "completed", "demo": True, **told, "waited": 0.0}

    async def _wait(self, path: Path, inputs: dict[str, Any]) -> dict[str, Any]:
        until, timeout = inputs.get("until", "exists"), inputs.get("timeout", 300)
        smallest = inputs.get("min_size", 0)
        began = still_since = time.monotonic()
        seen = first = await self._look(path, smallest, timeout)
        self.log(f"{path}: {_state(first)}")
        while True:
            now = time.monotonic()
            waited = now - began
            if _is_done(until, first, seen, now - still_since, inputs.get("stable_for", 2)):
                self.report_progress(1.0, f"{until} after {waited:.1f} s")
                return _told(path, until, seen, waited)
            if waited >= timeout:
                words = f"{path} is not so ({until}) after {timeout:g} s: {_state(seen)}"
                return {**_told(path, until, seen, waited), **failed(words, "timeout_error", "timeout")}
            self.report_progress(min(waited / timeout, 0.99), f"{_state(seen)}; {waited:.0f} of {timeout:g} s")
            await self.pause(min(inputs.get("interval", 0.5), timeout - waited))
            now_seen = await self._look(path, smallest, timeout - waited)
            if now_seen != seen:
                self.log(f"{path}: {_state(now_seen)}")
                seen, still_since = now_seen, time.monotonic()

    async def _look(self, path: Path, smallest: int, patience: float) -> Seen:
        """In a thread: a dead mount can block it."""

        async def look() -> Seen:
            return await asyncio.wait_for(asyncio.to_thread(_look, path, smallest), patience + 1)

        try:
            return await self.unless_stopped(look())
        except TimeoutError:
            raise Refused(f"the file system of {path} does not answer", "path", "timeout_error") from None


def _look(path: Path, smallest: int) -> Seen:
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise Refused(f"Not permitted to look at {path}", "path", "permission_denied") from error
    except OSError as error:
        raise Refused(f"Cannot look at {path}: {error.strerror or error}", "path", "read_error") from error
    if stat.S_ISREG(status.st_mode) and status.st_size < smallest:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def _is_done(until: str, first: Seen, seen: Seen, still: float, stable_for: float) -> bool:
    if until == "gone":
        return seen is None
    if until == "changes":
        return seen != first
    return seen is not None and (until == "exists" or still >= stable_for)


def _state(seen: Seen) -> str:
    return "not there" if seen is None else f"{seen[0]} bytes"


def _told(path: Path, until: str, seen: Seen, waited: float) -> dict[str, Any]:
    return {
        "status": "completed",
        "path": str(path),
        "until": until,
        "exists": seen is not None,
        "size": seen[0] if seen else None,
        "modified": seen[1] / 1e9 if seen else None,
        "waited": round(waited, 3),
    }
