"""Makes other JSON of JSON by an expression."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import executor_register
from executors.expressions import LONGEST, evaluate, given, kind
from executors.refused import Refused, failed
from executors.stoppable import Stoppable, Stopped, in_own_thread


@executor_register()
class Transform(Stoppable):
    """Reads `data`, or else what its dependencies returned: of one its result, of several an object by their ids."""

    id = "transform"
    name = "Transform"
    description = "Picks and reshapes JSON by a JMESPath expression"
    tags = ("data", "json", "flow")
    retry_safe = True
    examples = (
        {"expression": "people[?age > `30`].name", "data": {"people": [{"name": "Ann", "age": 41}]}},
        {
            "expression": "{total: sum(items[].price), names: sort(items[].name)}",
            "data": {"items": [{"name": "box", "price": 2.5}, {"name": "ape", "price": 4}]},
        },
        {"expression": "length(@)", "data": [1, 2, 3], "if_null": "fail"},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "expression": {
                "type": "string",
                "title": "Expression",
                "description": "JMESPath: a.b, a[0], a[*].b, a[?b > `3`], {new: a.b}; @ is all of the data",
                "minLength": 1,
                "maxLength": LONGEST,
                "contentMediaType": "text/plain",
                "examples": ["items[*].name"],
            },
            "data": {
                "title": "Data",
                "description": "Any JSON; absent: the results of the tasks it depends on",
            },
            "if_null": {
                "type": "string",
                "title": "If nothing is found",
                "description": "Whether a result of null is fine or a failure",
                "enum": ["allow", "fail"],
                "default": "allow",
            },
        },
        "required": ["expression"],
        "additionalProperties": True,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"result", "type"}`; `type` is its JSON type.

        Failures have `error_type` validation_error, expression_error (it does not work on this data) or nothing_found.
        """
        expression = inputs.get("expression", "")
        data = given(inputs, set(self.inputs_schema["properties"]))
        try:
            work = in_own_thread("transform", lambda: evaluate(expression, data, "expression", lambda: self.is_stopped))
            result = await self.unless_stopped(work)
        except Stopped:
            return {"status": "cancelled", "message": "cancelled"}
        except Refused as refusal:
            return refusal.result
        if result is None and inputs.get("if_null") == "fail":
            words = f"{expression!r:.80} finds nothing in this data ({kind(data)})"
            return failed(words, "nothing_found", "expression")
        self.log(f"{kind(result)}" + (f" of {len(result)}" if isinstance(result, (list, dict)) else ""))
        return {"status": "completed", "result": result, "type": kind(result)}

    def get_demo_result(self, inputs: dict[str, Any]) -> Any:
        return {"status": "completed", "demo": True, "result": None, "type": "null"}
