"""The JSON Schema of flow files, for editors: `python -m engine.flow_schema > docs/flow.schema.json`.

It says what a file may look like; what its parts mean to each other is for `taskdeck check`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

_TEXT: dict[str, Any] = {"type": "string", "pattern": r"\S"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_SECONDS: dict[str, Any] = {"type": "number", "minimum": 0}


def _said(schema: dict[str, Any], description: str) -> dict[str, Any]:
    """`schema`, or null: the same as leaving the key out."""
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"], "description": description}
    return {"anyOf": [schema, {"type": "null"}], "description": description}


_DEPENDENCY: dict[str, Any] = {
    "anyOf": [
        {**_TEXT, "description": "The id or name of another task"},
        {
            "type": "object",
            "properties": {
                "id": _said(_TEXT, "Its id"),
                "name": _said(_TEXT, "Its name"),
                "required": _said({"type": "boolean"}, "false: go on however it ends"),
                "type": _said(_TEXT, "result"),
            },
            "additionalProperties": False,
        },
    ]
}
TASK: dict[str, Any] = {
    "id": _said(_TEXT, "What other tasks and expressions call it"),
    "name": _said({"type": "string"}, "What it is shown as; without `executor` also the executor that runs it"),
    "executor": _said(_TEXT, "The executor that runs it; a task with neither that nor an executor's name is a group"),
    "parent": _said(_TEXT, "The id or name of the task or group it stands under; orders nothing"),
    "parent_id": _said(_TEXT, "The same as parent"),
    "dependencies": _said({"type": "array", "items": _DEPENDENCY}, "What it waits for"),
    "priority": _said({"type": "integer", "minimum": 0, "maximum": 3}, "0 urgent, 1 high, 2 normal, 3 low"),
    "inputs": _said({"type": "object"}, "What the executor gets; texts may hold {{ inputs.x }}, {{ tasks.x.result }}"),
    "when": _said({"type": ["string", "boolean"]}, "Runs only where this expression is true; else it is skipped"),
    "retries": _said(_COUNT, "Further attempts after a failure"),
    "retry_delay": _said(_SECONDS, "Seconds before the next attempt"),
    "retry_backoff": _said({"enum": ["fixed", "exponential"]}, "How the delay grows"),
    "retry_on": _said({"type": "array", "items": _TEXT}, "Only after these exceptions or kinds of error"),
    "timeout": _said({"type": "number", "exclusiveMinimum": 0}, "Seconds that one attempt may take"),
    "pool": _said(_TEXT, "A named pool of slots"),
    "retry_safe": _said({"type": "boolean"}, "Running it twice does no harm"),
    "max_concurrent": _said({"type": "integer", "minimum": 1}, "How many of its executor run at once"),
    "params": _said({"type": "object"}, "Further params of the task: tags, not_before ..."),
    "schemas": _said({"type": "object"}, "schemas.method names the executor, as in the guide's tasks.json"),
    "user_id": _said({"type": "string"}, "Whose task it is"),
}
TASK["when"] = {"type": ["string", "boolean", "null"], "pattern": r"\S", "description": TASK["when"]["description"]}


def flow_schema() -> dict[str, Any]:
    """The schema, a JSON Schema of draft 2020-12."""
    tasks = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/task"}}
    head: dict[str, dict[str, Any]] = {
        "id": {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", "maxLength": 100},
        "name": {"type": "string"},
        "description": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 1}},
        "examples": {"type": "array", "items": {"type": "object"}},
        "confirm": {"type": "boolean"},
        "inputs_schema": {"type": "object"},
        "$schema": {"type": "string"},
    }
    told = {
        "id": "What it is launched by; else the file's name says it",
        "name": "What it is shown as",
        "description": "One line for the catalogue",
        "tags": "Words by which it is found",
        "examples": "Inputs that `taskdeck test` runs and the form offers",
        "confirm": "Ask a person before it runs",
        "inputs_schema": "The JSON Schema of its inputs; the launch form is drawn from it",
        "$schema": "Where editors find this schema",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "taskdeck flow",
        "description": "Tasks that run as one. See docs/flows.md",
        "anyOf": [{"$ref": "#/$defs/flow"}, tasks],
        "$defs": {
            "flow": {
                "type": "object",
                "properties": {
                    **{key: _said(schema, told[key]) for key, schema in head.items()},
                    "tasks": {**tasks, "description": "The tasks, in any order"},
                },
                "required": ["tasks"],
                "additionalProperties": False,
            },
            "task": {
                "type": "object",
                "properties": TASK,
                "anyOf": [{"required": ["name"]}, {"required": ["executor"]}, {"required": ["schemas"]}],
                "additionalProperties": False,
            },
        },
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(flow_schema(), indent=2, ensure_ascii=False) + "\n")
