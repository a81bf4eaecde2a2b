"""Checks data and fails, in the words given, where it is not as it should be."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import executor_register
from executors.expressions import LONGEST, evaluate, given, is_true, kind
from executors.refused import Refused, failed
from executors.stoppable import Stoppable, Stopped, in_own_thread

SHOWN = 20
"""Problems that are named in the error; all are in the result."""
SCHEMA_SECONDS = 30.0


@executor_register()
class Assert(Stoppable):
    """Checks `data`, or else what its dependencies returned: of one its result, of several an object by their ids.

    The words are called `otherwise`, not `message`: a dependency's result that has a `message` would be taken (3.5).
    """

    id = "assert"
    name = "Assert"
    description = "Checks data by expressions or a JSON Schema, and fails where it is not so"
    tags = ("flow", "data", "test")
    retry_safe = True
    examples = (
        {"data": {"count": 3}, "checks": [{"expression": "count > `0`", "otherwise": "there is nothing to do"}]},
        {
            "data": {"name": "box", "price": 2.5},
            "schema": {"type": "object", "required": ["name"], "properties": {"price": {"minimum": 0}}},
            "otherwise": "this is no item",
        },
        {"data": [1, 2], "checks": [{"expression": "length(@) == `2`"}, {"expression": "max(@) < `10`"}]},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "data": {
                "title": "Data",
                "description": "Any JSON; absent: the results of the tasks it depends on",
            },
            "checks": {
                "type": "array",
                "title": "Checks",
                "description": "Each must be true; null, false and what is empty are not",
                "items": {
                    "type": "object",
                    "properties": {
                        "expression": {
                            "type": "string",
                            "title": "Expression",
                            "description": "JMESPath, like count > `0` or status == 'ok'",
                            "minLength": 1,
                            "maxLength": LONGEST,
                        },
                        "otherwise": {
                            "type": "string",
                            "title": "Otherwise",
                            "description": "What the failure says",
                            "maxLength": 200,
                        },
                    },
                    "required": ["expression"],
                    "additionalProperties": False,
                },
                "maxItems": 200,
            },
            "schema": {
                "type": "object",
                "title": "Schema",
                "description": "A JSON Schema that the data must fit",
                "additionalProperties": True,
            },
            "otherwise": {
                "type": "string",
                "title": "Otherwise",
                "description": "What the failure begins with",
                "maxLength": 200,
            },
        },
        "additionalProperties": True,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"checked", "problems"}`; each of the problems is `{"check", "message", "found"}`.

        Failures have `error_type` assertion_failed, validation_error (there is nothing to check, a schema or an
        expression cannot be read) or expression_error.
        """
        data = given(inputs, set(self.inputs_schema["properties"]))
        checks, schema = inputs.get("checks") or [], inputs.get("schema")
        if not checks and not schema:
            return failed("give checks or a schema: there is nothing to check", "validation_error", "checks")
        try:
            work = in_own_thread("assert", lambda: [*_unfit(schema, data), *self._untrue(checks, data)])
            problems = await self.unless_stopped(work)
        except Stopped:
            return {"status": "cancelled", "message": "cancelled"}
        except Refused as refusal:
            return refusal.result
        checked = len(checks) + bool(schema)
        for problem in problems:
            self.log(problem["message"])
        told = {"checked": checked, "problems": problems}
        if not problems:
            self.log(f"{checked} checks hold")
            return {"status": "completed", **told}
        words = "; ".join(problem["message"] for problem in problems[:SHOWN])
        words += f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        begin = f"{inputs['otherwise']}: " if inputs.get("otherwise") else ""
        return {**failed(begin + words, "assertion_failed"), **told}

    def _untrue(self, checks: list[dict[str, Any]], data: Any) -> list[dict[str, Any]]:
        problems = []
        for check in checks:
            expression = check["expression"]
            found = evaluate(expression, data, "checks", lambda: self.is_stopped)
            if not is_true(found):
                words = check.get("otherwise") or f"{expression} is not so"
                problems.append({"check": expression, "message": words, "found": _short(found)})
        return problems

    def get_demo_result(self, inputs: dict[str, Any]) -> Any:
        return {"status": "completed", "demo": True, "checked": 0, "problems": []}


def _unfit(schema: dict[str, Any] | None, data: Any) -> list[dict[str, Any]]:
    from engine.schema import SchemaError, compile

    if not schema:
        return []
    try:
        found = compile(schema).problems(data, seconds=SCHEMA_SECONDS)
    except SchemaError as error:
        raise Refused(str(error), "schema") from error
    return [{"check": "schema", "message": str(problem), "found": None} for problem in found]


def _short(value: Any) -> Any:
    """What was found, where it is small; of more only its type."""
    return kind(value) if isinstance(value, (list, dict)) and value else value
