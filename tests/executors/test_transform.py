"""transform: expressions over data or over results of dependencies; what is wrong with one is said."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from executors.transform import Transform
from tests.executors.trial import Trial, problems, until

LONG, LARGE = "[*].[@, @, @, @, @, @]", [1] * 600_000
PEOPLE = {"people": [{"name": "Ann", "age": 41}, {"name": "Bob", "age": 7}]}


async def transform(expression: str, data: Any = None, **inputs: Any) -> dict[str, Any]:
    return await Trial(Transform, expression=expression, data=data, **inputs).result()


@pytest.mark.parametrize(
    ("expression", "result", "kind"),
    [
        ("people[?age > `30`].name", ["Ann"], "array"),
        ("{n: length(people), first: people[0].name}", {"n": 2, "first": "Ann"}, "object"),
        ("sum(people[].age)", 48, "number"),
        ("people[0].age > `40`", True, "boolean"),
        ("nothing.there", None, "null"),
        ("join(', ', people[].name)", "Ann, Bob", "string"),
        ("@", PEOPLE, "object"),
    ],
)
async def test_expressions(expression: str, result: Any, kind: str) -> None:
    told = await transform(expression, PEOPLE)
    assert (told["result"], told["type"]) == (result, kind)


async def test_nothing_found_may_be_a_failure() -> None:
    told = await transform("nothing", PEOPLE, if_null="fail")
    assert (told["error_type"], told["field"]) == ("nothing_found", "expression")


@pytest.mark.parametrize(
    "expression", ["people[", "a b", "no_such(@)", "'", "a.`", "((((", "  ", "x" * 5000, "__import__('os')"]
)
async def test_what_is_no_expression_is_told(expression: str) -> None:
    told = await Trial(Transform, checked=False, expression=expression, data=PEOPLE).result()
    assert told["status"] == "failed" and told["field"] == "expression" and len(told["error"]) < 400


@pytest.mark.parametrize(
    "expression", ["sum(people)", "sort_by(people, &missing)", "max_by(people, &@)", "to_number(people) > length(`1`)"]
)
async def test_what_does_not_work_on_the_data_is_told(expression: str) -> None:
    told = await transform(expression, PEOPLE)
    assert (told["error_type"], told["field"]) == ("expression_error", "expression")


async def test_nesting_without_end_is_told() -> None:
    assert (await transform("[" * 1500 + "a" + "]" * 1500, PEOPLE))["status"] == "failed"


async def test_results_of_dependencies_are_the_data() -> None:
    one = await Trial(Transform, expression="result", checked=False, task_a={"result": 3}).result()
    assert one["result"] == 3
    two = Trial(Transform, expression="sum(values(@)[].result)", checked=False, a={"result": 3}, b={"result": 4})
    assert (await two.result())["result"] == 7


def test_an_expression_is_needed() -> None:
    assert problems(Transform, data=1) and problems(Transform, expression="")


async def test_an_expression_that_takes_too_long_is_ended() -> None:
    told = await transform(LONG, LARGE)
    assert told["status"] == "failed" and "too long" in told["error"]


async def test_a_cancel_ends_it() -> None:
    trial = Trial(Transform, expression=LONG, data=LARGE)
    task = trial.start()
    await until(lambda: any(thread.name == "transform" for thread in threading.enumerate()))
    await trial.cancel()
    assert (await task)["status"] == "cancelled"
    await until(lambda: not any(thread.name == "transform" for thread in threading.enumerate()))
