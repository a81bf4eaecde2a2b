"""Calls a Python function by its name, in a process of its own (which a cancel really ends) or in a thread."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from engine import executor_register
from executors.child import Ended, ProgramTask, judged, not_started
from executors.fields import ENVIRONMENT, TIME_LIMIT
from executors.refused import Refused, failed
from executors.stoppable import Stopped, in_own_thread

NAME = r"[^\W\d]\w*"
REFERENCE = rf"{NAME}(\.{NAME})*:{NAME}(\.{NAME})*"

# What the process runs. Its standard input has the call; the result goes to a file, since the function may print.
CALLER = """
import asyncio, importlib, inspect, json, sys, traceback

def called(call):
    module, _, name = call["function"].partition(":")
    try:
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}", "error_type": "not_found"}
    if not callable(found):
        return {"error": f"{call['function']} is no function but {type(found).__name__}", "error_type": "not_found"}
    try:
        value = found(*call["args"], **call["kwargs"])
        if inspect.isawaitable(value):
            async def awaited():
                return await value
            value = asyncio.run(awaited())
    except BaseException as error:
        traceback.print_exc()
        return {"error": str(error) or type(error).__name__, "error_type": type(error).__name__}
    return {"value": value}

call = json.loads(sys.stdin.buffer.read())
sys.path[:] = call["path"]
answer = called(call)
try:
    text = json.dumps(answer, allow_nan=False)
except (TypeError, ValueError, RecursionError) as error:
    answer = {"error": f"what it returns is not JSON: {error}", "error_type": "not_json"}
    text = json.dumps(answer)
with open(call["answer"], "w", encoding="utf-8") as file:
    file.write(text)
sys.exit("error" in answer)
"""


@executor_register()
class Python(ProgramTask):
    """What the function prints is the task's log, what it returns must be JSON. It may be `async`."""

    id = "python"
    name = "Python function"
    description = "Calls a Python function, given as module:function"
    tags = ("python", "code")
    examples = (
        {"function": "math:gcd", "args": [12, 18]},
        {"function": "json:dumps", "args": [{"a": 1}], "kwargs": {"indent": 2}, "run_in": "thread"},
        {"function": "tools.report:build", "folder": "~/project", "kwargs": {"day": "2026-01-31"}, "timeout": 600},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "function": {
                "type": "string",
                "title": "Function",
                "description": "Where it is, as module:function",
                "pattern": f"^{REFERENCE}$",
                "x-errorMessage": "must be like package.module:function",
                "examples": ["math:gcd"],
            },
            "args": {
                "type": "array",
                "title": "Arguments",
                "description": "By position",
                "items": {},
            },
            "kwargs": {
                "type": "object",
                "title": "Named arguments",
                "description": "By name",
                "additionalProperties": True,
            },
            "run_in": {
                "type": "string",
                "title": "Run in",
                "description": "process: a cancel or a crash ends it alone; thread: starts at once, cannot be ended",
                "enum": ["process", "thread"],
                "default": "process",
            },
            "folder": {
                "type": "string",
                "title": "Folder",
                "description": "Modules are looked for here first, and a process runs in it",
                "format": "directory-path",
                "minLength": 1,
            },
            "env": {**ENVIRONMENT, "description": "Variables set beside those of the console, for a process"},
            "timeout": TIME_LIMIT,
        },
        "required": ["function"],
        "if": {"properties": {"run_in": {"const": "thread"}}, "required": ["run_in"]},
        "then": {"properties": {"folder": False, "env": False}},
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"result", "duration"}`; what the function raises is the failure, its class the `error_type`.

        Other failures have `error_type` not_found (no such module or function), not_json, exit_code or signal (it
        ended the process) or timeout_error.
        """
        try:
            if inputs.get("run_in") == "thread":
                return await self._in_thread(inputs)
            return await self._in_process(inputs)
        except Refused as refusal:
            return refusal.result

    def get_demo_result(self, inputs: dict[str, Any]) -> Any:
        return {"status": "completed", "demo": True, "result": None, "duration": 0.0}

    async def _in_process(self, inputs: dict[str, Any]) -> dict[str, Any]:
        import tempfile

        folder = _folder(inputs)
        descriptor, answer = tempfile.mkstemp(prefix="taskdeck-", suffix=".json")
        os.close(descriptor)
        try:
            call = {
                "function": inputs["function"],
                "args": inputs.get("args") or [],
                "kwargs": inputs.get("kwargs") or {},
                "path": [*([folder] if folder else []), *(p or str(Path.cwd()) for p in sys.path)],
                "answer": answer,
            }
            env = {"PYTHONUNBUFFERED": "1", **(inputs.get("env") or {})}
            argv = [sys.executable, "-c", CALLER]
            try:
                ended = await self.run_program(
                    argv, cwd=folder, env=env, stdin=json.dumps(call), timeout=inputs.get("timeout")
                )
            except (OSError, ValueError, RuntimeError) as error:
                raise not_started("Python", error, "folder", folder) from error
            text = await asyncio.to_thread(Path(answer).read_text, "utf-8")
        finally:
            Path(answer).unlink(missing_ok=True)
        return _answered(ended, text, inputs)

    async def _in_thread(self, inputs: dict[str, Any]) -> dict[str, Any]:
        for field in ("folder", "env"):
            if inputs.get(field):
                raise Refused("a thread has those of the console; run it in a process for others", field)
        began = time.monotonic()
        timeout = inputs.get("timeout")
        call = in_own_thread("python", lambda: _call(inputs))
        try:
            async with asyncio.timeout(timeout) as limit:
                value = await self.unless_stopped(call)
        except Stopped:
            return {"status": "cancelled", "message": "cancelled; a thread cannot be ended, the function goes on in it"}
        except TimeoutError:
            if not limit.expired():  # its own
                raise
            words = f"did not end within {timeout:g} s; a thread cannot be ended, the function goes on in it"
            return failed(words, "timeout_error", "timeout")
        return {"status": "completed", "result": value, "duration": round(time.monotonic() - began, 3)}


def _folder(inputs: dict[str, Any]) -> str | None:
    given = inputs.get("folder")
    if not given:
        return None
    try:
        folder = Path(given).expanduser().absolute()
        if folder.is_dir():
            return str(folder)
    except (OSError, ValueError, RuntimeError) as error:
        raise Refused(f"{given!r:.200} is no usable folder: {error}", "folder") from error
    raise Refused(f"not found: folder {given}", "folder", "not_found")


def _answered(ended: Ended, text: str, inputs: dict[str, Any]) -> dict[str, Any]:
    if ended.reason != "ended" or not text:  # it ended its process, or was ended
        return judged(ended, inputs.get("timeout"))
    answer = json.loads(text)
    if "value" in answer:
        return {"status": "completed", "result": answer["value"], "duration": ended.duration}
    field = "function" if answer["error_type"] == "not_found" else None
    return failed(answer["error"], answer["error_type"], field)


def _call(inputs: dict[str, Any]) -> Any:
    """Import and call, in this thread. What the function raises is raised."""
    module, _, name = inputs["function"].partition(":")
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise Refused(f"{type(error).__name__}: {error}", "function", "not_found") from error
    if not callable(found):
        raise Refused(f"{inputs['function']} is no function but {type(found).__name__}", "function", "not_found")
    import inspect

    value = found(*(inputs.get("args") or []), **(inputs.get("kwargs") or {}))
    if inspect.isawaitable(value):

        async def wait() -> Any:
            return await value

        value = asyncio.run(wait())
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(f"what it returns is not JSON: {error}", "function", "not_json") from error
    return value
