"""Runs a shell line or a program: its output is seen as it comes, and nothing of it is left running afterwards."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import executor_register
from executors.child import ProgramTask, judged, not_started
from executors.fields import ENVIRONMENT, TIME_LIMIT
from executors.refused import failed


@executor_register()
class Command(ProgramTask):
    """Ends completed with exit code 0, else failed; what it left running in its process group is ended with it."""

    id = "command"
    name = "Command"
    description = "Runs a shell line or a program; its output is shown as it comes"
    tags = ("shell", "process")
    examples = (
        {"command": "for i in 1 2 3; do echo $i; sleep 1; done"},
        {"argv": ["ls", "-l", "/tmp"], "timeout": 10},
        {"command": "make test", "cwd": "~/project", "env": {"CI": "1"}},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "command": {
                "type": "string",
                "title": "Command",
                "description": "A line for /bin/sh; give this or a program, not both",
                "minLength": 1,
                "examples": ["echo hello"],
            },
            "argv": {
                "type": "array",
                "title": "Program",
                "description": "A program and its arguments, run without a shell",
                "items": {"type": "string"},
            },
            "cwd": {
                "type": "string",
                "title": "Folder",
                "description": "Where it runs; absent: where the console was started",
                "format": "directory-path",
            },
            "env": {**ENVIRONMENT, "description": "Variables set beside those of the console"},
            "timeout": TIME_LIMIT,
            "stdin": {
                "type": "string",
                "title": "Standard input",
                "description": "Text that it reads; absent: nothing",
                "contentMediaType": "text/plain",
            },
        },
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"exit_code", "stdout", "stderr", "truncated", "duration"}`, each text the last 128 KiB.

        A negative `exit_code` is the signal that ended it. `duration` is in seconds. Failures have `error_type`
        validation_error, not_found, permission_denied, cannot_start, exit_code, signal or timeout_error.
        """
        problem = _problem(inputs)
        if problem:
            return problem
        argv = inputs.get("argv") or ["/bin/sh", "-c", inputs["command"]]
        cwd, timeout = inputs.get("cwd"), inputs.get("timeout")
        try:
            ended = await self.run_program(
                argv, cwd=cwd, env=inputs.get("env"), stdin=inputs.get("stdin") or "", timeout=timeout
            )
        except (OSError, ValueError, RuntimeError) as error:
            return not_started(argv[0], error, "argv" if inputs.get("argv") else "command", cwd).result
        return judged(ended, timeout)


def _problem(inputs: dict[str, Any]) -> dict[str, Any] | None:
    """A command that is "" came from a field that a form left empty, so this is no matter for the schema."""
    if inputs.get("command") and inputs.get("argv"):
        return failed("give a command or a program, not both", "validation_error", "argv")
    if not inputs.get("command") and not inputs.get("argv"):
        return failed("give a command (a line for the shell) or a program", "validation_error", "command")
    return None
