"""aggregate_results: what the dependencies returned, brought together."""

from __future__ import annotations

from typing import Any

import pytest

from executors.aggregate_results import AggregateResults
from executors.data_processor import DataProcessor


async def aggregate(inputs: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = await AggregateResults().execute(inputs)
    return result


async def test_collects_the_results_of_dependencies_by_their_ids() -> None:
    """Rule 3.5: they stand in the inputs beside the declared ones."""
    got = await aggregate({"a": {"result": 1}, "b": [2], "results": {"c": None}})
    assert got["status"] == "completed"
    assert got["result"] == {"a": {"result": 1}, "b": [2], "c": None}
    assert (got["count"], got["missing"]) == (3, [])


async def test_collect_takes_a_part_by_its_key_and_names_who_has_none() -> None:
    got = await aggregate({"a": {"cpu": {"percent": 5}}, "b": {"cpu": {}}, "c": "text", "key": "cpu.percent"})
    assert (got["result"], got["missing"]) == ({"a": 5}, ["b", "c"])


async def test_adds_up_numbers_and_what_is_called_result() -> None:
    got = await aggregate({"a": {"result": 1}, "b": 2.5, "c": {"no": 1}, "combine": "sum"})
    assert (got["result"], got["count"], got["missing"]) == (3.5, 2, ["c"])


async def test_adds_up_what_data_processor_returns() -> None:
    one = await DataProcessor().execute({"data": [1, 2, 3]})
    two = await DataProcessor().execute({"data": [4, 6], "operation": "average"})
    assert (await aggregate({"one": one, "two": two, "combine": "sum"}))["result"] == 11


async def test_counts() -> None:
    assert (await aggregate({"a": 1, "b": None, "combine": "count"}))["result"] == 2
    assert (await aggregate({"a": {"ok": 1}, "b": {}, "combine": "count", "key": "ok"}))["result"] == 1


async def test_merges_objects_later_wins_and_status_is_left_out() -> None:
    got = await aggregate({"a": {"status": "completed", "x": 1, "y": 1}, "b": {"y": 2}, "combine": "merge"})
    assert got["result"] == {"x": 1, "y": 2}


@pytest.mark.parametrize(("combine", "empty"), [("collect", {}), ("sum", 0), ("count", 0), ("merge", {})])
async def test_of_nothing_it_makes_something_empty(combine: str, empty: Any) -> None:
    got = await aggregate({"combine": combine})
    assert (got["status"], got["result"], got["count"]) == ("completed", empty, 0)


@pytest.mark.parametrize(
    ("inputs", "field", "word"),
    [
        ({"combine": "average"}, "combine", "average"),
        ({"results": [1]}, "results", "object"),
        ({"a": "text", "combine": "sum"}, "key", "'a'"),
        ({"a": True, "combine": "sum"}, "key", "'a'"),
        ({"a": {"x": 1}, "combine": "sum"}, "key", "'result'"),
        ({"a": {"x": 1}, "key": "y"}, "key", "'y'"),
        ({"a": 1, "combine": "merge"}, "key", "'a'"),
    ],
)
async def test_what_cannot_be_combined_fails_and_says_whose(inputs: dict[str, Any], field: str, word: str) -> None:
    """Rule 4.4."""
    got = await aggregate(inputs)
    assert (got["status"], got["error_type"], got["field"]) == ("failed", "validation_error", field)
    assert word in got["error"]


async def test_no_result_of_a_shipped_executor_is_taken_for_its_choice() -> None:
    """Rule 3.5 fills declared inputs from equal keys of a dependency's result."""
    result = await DataProcessor().execute({"data": [1], "operation": "average"})
    assert not set(result) & set(AggregateResults().get_input_schema()["properties"])
