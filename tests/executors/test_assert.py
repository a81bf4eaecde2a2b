"""assert: it fails in the words given, with all that is not so."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from tests.executors.trial import Trial

Assert = import_module("executors.assert_").Assert


async def check(**inputs: Any) -> dict[str, Any]:
    return await Trial(Assert, **inputs).result()


@pytest.mark.parametrize(
    ("data", "expression", "holds"),
    [
        ({"n": 3}, "n > `0`", True),
        ({"n": 3}, "n > `3`", False),
        ({"n": 0}, "n", True),  # as JMESPath sees it
        ({"s": ""}, "s", False),
        ({}, "missing", False),
        ([1, 2], "length(@) == `2`", True),
        ({"status": "ok"}, "status == 'ok' && !error", True),
    ],
)
async def test_each_check_must_be_true(data: Any, expression: str, holds: bool) -> None:
    result = await check(data=data, checks=[{"expression": expression}])
    assert result["status"] == ("completed" if holds else "failed") and result["checked"] == 1


async def test_all_that_is_not_so_is_told() -> None:
    checks = [
        {"expression": "a > `1`", "otherwise": "a is too small"},
        {"expression": "b"},
        {"expression": "a == `1`"},
    ]
    trial = Trial(Assert, data={"a": 1}, checks=checks, otherwise="bad order")
    result = await trial.result()
    assert result["error"] == "bad order: a is too small; b is not so" and result["error_type"] == "assertion_failed"
    assert [problem["found"] for problem in result["problems"]] == [False, None]
    assert "a is too small" in trial.lines


async def test_a_schema_must_fit() -> None:
    schema = {"type": "object", "required": ["name"], "properties": {"price": {"minimum": 0}}}
    assert (await check(data={"name": "x", "price": 1}, schema=schema))["status"] == "completed"
    result = await check(data={"price": -1}, schema=schema)
    assert len(result["problems"]) == 2 and "name" in result["error"]


async def test_wrong_checks_are_no_failed_assertions() -> None:
    assert (await check(data=1))["error_type"] == "validation_error"
    unread = await check(data=1, checks=[{"expression": "a ["}])
    assert (unread["error_type"], unread["field"]) == ("validation_error", "checks")
    broken = await check(data=1, schema={"type": "nonsense"})
    assert (broken["error_type"], broken["field"]) == ("validation_error", "schema")
    fetched = await check(data=1, schema={"$ref": "http://127.0.0.1:1/x"})
    assert fetched["status"] in ("completed", "failed")  # never fetched: it would be a connection error


async def test_results_of_dependencies_are_the_data() -> None:
    result = Trial(Assert, checked=False, checks=[{"expression": "exit_code == `0`"}], task_a={"exit_code": 0})
    assert (await result.result())["status"] == "completed"
