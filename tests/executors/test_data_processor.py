"""data_processor: the guide's keys and results, and words for what cannot be computed."""

from __future__ import annotations

from typing import Any

import pytest

from executors.data_processor import DataProcessor


async def process(inputs: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = await DataProcessor().execute(inputs)
    return result


@pytest.mark.parametrize(
    ("operation", "data", "result"),
    [
        ("sum", [1, 2, 3], 6),
        ("average", [1, 2, 3], 2),
        ("max", [1, 3, 2], 3),
        ("min", [3, 1, 2], 1),
        ("median", [9, 1, 5], 5),
        ("median", [4, 1, 2, 3], 2.5),
        ("count", [7, 7], 2),
        ("sum", [], 0),
        ("average", [], 0),
        ("max", [], None),
        ("min", [], None),
        ("median", [], None),
        ("count", [], 0),
        ("sum", [0.1] * 10, 1.0),
        ("sum", [2**80, 1], 2**80 + 1),
    ],
)
async def test_operations(operation: str, data: list[Any], result: Any) -> None:
    got = await process({"data": data, "operation": operation})
    assert got == {"status": "completed", "operation": operation, "result": result, "input_count": len(data)}


async def test_sum_is_the_default() -> None:
    got = await process({"data": [1, 2, 3]})
    assert (got["operation"], got["result"]) == ("sum", 6)


@pytest.mark.parametrize(
    ("inputs", "field", "word"),
    [
        ({}, "data", "list"),
        ({"data": "123"}, "data", "list"),
        ({"data": [1, "2"]}, "data", "data[1]"),
        ({"data": [True]}, "data", "data[0]"),
        ({"data": [1], "operation": "mode"}, "operation", "mode"),
    ],
)
async def test_bad_inputs_fail_at_their_field(inputs: dict[str, Any], field: str, word: str) -> None:
    """Rules 4.2, 4.4."""
    got = await process(inputs)
    assert (got["status"], got["error_type"], got["field"]) == ("failed", "validation_error", field)
    assert word in got["error"]


@pytest.mark.parametrize(
    ("operation", "data"),
    [("sum", [1e308, 1e308]), ("average", [10**400, 1]), ("median", [1e308, 1.7e308]), ("max", [float("inf")])],
)
async def test_what_is_too_large_fails_instead_of_becoming_infinite(operation: str, data: list[Any]) -> None:
    """Rule 4.5: infinity is not JSON."""
    got = await process({"data": data, "operation": operation})
    assert (got["status"], got["error_type"]) == ("failed", "overflow_error")
