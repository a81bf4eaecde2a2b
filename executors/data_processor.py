"""Boils a list of numbers down to one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from engine import BaseTask, executor_register
from executors.refused import failed

Number = int | float


def _sum(data: Sequence[Number]) -> Number:
    """Whole numbers exactly; with floats among them the correctly rounded sum (ten times 0.1 is 1)."""
    return math.fsum(data) if any(isinstance(number, float) for number in data) else sum(data)


def _average(data: Sequence[Number]) -> Number:
    return _sum(data) / len(data) if data else 0


def _median(data: Sequence[Number]) -> Number | None:
    if not data:
        return None
    ordered = sorted(data)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


OPERATIONS: dict[str, Callable[[Sequence[Number]], Number | None]] = {
    "sum": _sum,
    "average": _average,
    "max": lambda data: max(data, default=None),
    "min": lambda data: min(data, default=None),
    "median": _median,
    "count": len,
}


@executor_register()
class DataProcessor(BaseTask):
    """Of no numbers at all, sum, average and count are 0, and max, min and median are null."""

    id = "data_processor"
    name = "Data processor"
    description = "Sum, average, largest, smallest, median or count of numbers"
    tags = ("data", "numbers")
    examples = (
        {"data": [1, 2, 3]},
        {"data": [2.5, 3.5, 9], "operation": "median"},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "data": {
                "type": "array",
                "title": "Data",
                "description": "The numbers",
                "items": {"type": "number"},
                "examples": [[1, 2, 3]],
            },
            "operation": {
                "type": "string",
                "title": "Operation",
                "description": "What is made of them",
                "enum": list(OPERATIONS),
                "default": "sum",
            },
        },
        "required": ["data"],
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"operation", "result", "input_count"}`."""
        data = inputs.get("data")
        operation = inputs.get("operation", "sum")
        if not isinstance(data, list):
            return failed("data must be a list of numbers", "validation_error", "data")
        for index, number in enumerate(data):
            if isinstance(number, bool) or not isinstance(number, int | float):
                return failed(f"data[{index}] is no number: {number!r:.80}", "validation_error", "data")
        if operation not in OPERATIONS:
            words = f"unknown operation {operation!r:.80}; choose one of {', '.join(OPERATIONS)}"
            return failed(words, "validation_error", "operation")
        try:
            result = OPERATIONS[operation](data)
        except (OverflowError, ValueError) as error:
            return failed(f"the {operation} is too large: {error}", "overflow_error", "data")
        if result is not None and not math.isfinite(result):
            return failed(f"the {operation} is too large for a number", "overflow_error", "data")
        return {"status": "completed", "operation": operation, "result": result, "input_count": len(data)}
