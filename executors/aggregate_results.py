"""Brings the results of several tasks together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from engine import BaseTask, executor_register
from executors.refused import failed

MISSING = object()


class Unfit(Exception):
    """A result that cannot be combined as asked; says which and why."""


def _number(owner: str, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit(f"what '{owner}' gives is no number: {value!r:.80}")
    return value


def _add(values: dict[str, Any]) -> Any:
    return sum(_number(owner, value) for owner, value in values.items())


def _merge(values: dict[str, Any]) -> dict[str, Any]:
    """One object out of many, a later one wins; how each ended (`status`) belongs to none of the merged."""
    merged: dict[str, Any] = {}
    for owner, value in values.items():
        if not isinstance(value, dict):
            raise Unfit(f"what '{owner}' gives is no object and cannot be merged: {value!r:.80}")
        merged.update((key, one) for key, one in value.items() if key != "status")
    return merged


COMBINE: dict[str, Callable[[dict[str, Any]], Any]] = {"collect": dict, "sum": _add, "count": len, "merge": _merge}


@executor_register()
class AggregateResults(BaseTask):
    """Takes what its dependencies returned, which the engine adds to the inputs by their ids (3.5).

    The choice is called `combine`, not `operation`: a dependency's result that has an `operation` of its own (that of
    data_processor has) would otherwise be taken for the choice (3.5).
    """

    id = "aggregate_results"
    name = "Aggregate results"
    description = "Collects, adds up, counts or merges the results of the tasks it depends on"
    tags = ("flow", "data")
    examples = (
        {"results": {"a": {"result": 1}, "b": {"result": 2}}, "combine": "sum"},
        {"results": {"web": {"cpu": {"percent": 12.5}}, "db": {"cpu": {"percent": 71}}}, "key": "cpu.percent"},
        {"combine": "collect"},
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "combine": {
                "type": "string",
                "title": "Combine",
                "description": "collect keeps each by its name, sum adds numbers, count counts, merge makes one object",
                "enum": list(COMBINE),
                "default": "collect",
            },
            "key": {
                "type": "string",
                "title": "Key",
                "description": "Take this part of each result, e.g. cpu.percent; a sum takes `result` if absent",
                "minLength": 1,
                "maxLength": 200,
            },
            "results": {
                "type": "object",
                "title": "Results",
                "description": "More results by name, beside those of the dependencies",
                "additionalProperties": True,
            },
        },
        "additionalProperties": True,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"result", "count", "missing"}`; `missing` names the results that have no such key."""
        how = inputs.get("combine", "collect")
        key = inputs.get("key")
        given = inputs.get("results") or {}
        if how not in COMBINE:
            return failed(f"unknown way {how!r:.80}; choose one of {', '.join(COMBINE)}", "validation_error", "combine")
        if not isinstance(given, dict):
            return failed("results must be an object: name -> result", "validation_error", "results")
        everything = {**given, **{k: v for k, v in inputs.items() if k not in ("combine", "key", "results")}}
        picked = {owner: _pick(result, key, how) for owner, result in everything.items()}
        found = {owner: value for owner, value in picked.items() if value is not MISSING}
        missing = [owner for owner in picked if owner not in found]
        if missing and not found:
            return failed(f"none of the {len(missing)} results has '{key or 'result'}'", "validation_error", "key")
        try:
            result = COMBINE[how](found)
        except Unfit as error:
            return failed(str(error), "validation_error", "key")
        self.log(f"{how} of {len(found)} results" + (f"; without {', '.join(missing)}" if missing else ""))
        return {"status": "completed", "result": result, "count": len(found), "missing": missing}


def _pick(result: Any, key: str | None, how: str) -> Any:
    """The part of `result` at the dotted `key`; without one the whole, but for a sum its `result`."""
    if key is None:
        return result.get("result", MISSING) if how == "sum" and isinstance(result, dict) else result
    for part in key.split("."):
        if not isinstance(result, dict) or part not in result:
            return MISSING
        result = result[part]
    return result
