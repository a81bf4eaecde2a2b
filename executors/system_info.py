"""Tells about the machine that the console runs on."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from engine import BaseTask, executor_register

CPU_SAMPLE = 0.2
"""Seconds over which the processor's load is measured."""

Paths = tuple[str, ...]


def _host(paths: Paths) -> dict[str, Any]:
    import platform

    return {"name": platform.node(), "machine": platform.machine()}


def _os(paths: Paths) -> dict[str, Any]:
    import platform

    try:
        distribution = platform.freedesktop_os_release().get("PRETTY_NAME")
    except OSError:
        distribution = None
    return {
        "system": platform.system(),
        "release": platform.release(),
        "version": platform.version(),
        "distribution": distribution,
    }


def _cpu(paths: Paths) -> dict[str, Any]:
    import psutil

    return {
        "count": psutil.cpu_count(),
        "physical": psutil.cpu_count(logical=False),
        "percent": psutil.cpu_percent(interval=CPU_SAMPLE),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def _memory(paths: Paths) -> dict[str, Any]:
    import psutil

    memory = psutil.virtual_memory()
    return {key: getattr(memory, key) for key in ("total", "available", "used", "percent")}


def _swap(paths: Paths) -> dict[str, Any]:
    import psutil

    swap = psutil.swap_memory()
    return {key: getattr(swap, key) for key in ("total", "used", "free", "percent")}


def _disks(paths: Paths) -> list[dict[str, Any]]:
    """One entry a path; a path that cannot be asked has `error` instead of figures and spoils no other."""
    import psutil

    entries: list[dict[str, Any]] = []
    for path in paths:
        try:
            usage = psutil.disk_usage(path)
        except (OSError, ValueError) as error:
            entries.append({"path": path, "error": getattr(error, "strerror", None) or str(error)})
        else:
            entries.append({"path": path, **{k: getattr(usage, k) for k in ("total", "used", "free", "percent")}})
    return entries


def _uptime(paths: Paths) -> dict[str, Any]:
    from datetime import UTC, datetime

    import psutil

    booted = psutil.boot_time()
    return {"booted_at": datetime.fromtimestamp(booted, UTC).isoformat(), "seconds": round(time.time() - booted)}


def _python(paths: Paths) -> dict[str, Any]:
    import platform

    return {"version": platform.python_version(), "implementation": platform.python_implementation()}


SECTIONS: dict[str, Callable[[Paths], Any]] = {
    "host": _host,
    "os": _os,
    "cpu": _cpu,
    "memory": _memory,
    "swap": _swap,
    "disks": _disks,
    "uptime": _uptime,
    "python": _python,
}


@executor_register()
class SystemInfo(BaseTask):
    """Sizes are in bytes, shares in percent, `load` is the mean number of runnable processes in 1, 5 and 15 minutes."""

    id = "system_info"
    name = "System info"
    description = "Host, processor, memory, disks and uptime of this machine"
    tags = ("system", "monitoring")
    examples = (
        {},
        {"sections": ["cpu", "memory"]},
        {"sections": ["disks"], "paths": ["/", "/tmp"]},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "sections": {
                "type": "array",
                "title": "Sections",
                "description": "What to tell; all of it when absent",
                "items": {"type": "string", "enum": list(SECTIONS)},
                "uniqueItems": True,
            },
            "paths": {
                "type": "array",
                "title": "Paths",
                "description": "Disks to tell about, each by a path on it",
                "items": {"type": "string", "format": "directory-path", "minLength": 1},
                "maxItems": 50,
                "default": ["/"],
            },
        },
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns one entry a section; what asks the machine runs in a thread, since a dead mount can block it."""
        sections = list(dict.fromkeys(inputs.get("sections") or SECTIONS))
        unknown = [section for section in sections if section not in SECTIONS]
        if unknown:
            return {
                "status": "failed",
                "error": f"unknown section {unknown[0]!r:.80}; choose from {', '.join(SECTIONS)}",
                "error_type": "validation_error",
                "field": "sections",
            }
        return {"status": "completed", **await asyncio.to_thread(self._gather, sections, inputs.get("paths", ["/"]))}

    def _gather(self, sections: list[str], paths: Iterable[str]) -> dict[str, Any]:
        gathered: dict[str, Any] = {}
        for number, section in enumerate(sections):
            if self.is_cancelled():
                break
            self.report_progress(number / len(sections), section)
            gathered[section] = SECTIONS[section](tuple(paths))
        return gathered
