"""`approve` turns an answer into a result; how it waits is tested with the engine."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import TaskError
from executors.approve import Approve
from tests.executors.in_a_run import context_of

SAID = {"approved": True, "by": "ann", "timed_out": False, "at": "2026-03-04T12:00:00+00:00", "reason": ""}


def answered(**changes: Any) -> tuple[Approve, list[str]]:
    log: list[str] = []
    made = Approve(inputs={})
    made._context = context_of("approve", on_log=log.append)
    made._context.answer = {**SAID, "values": {"host": "web"}, **changes}
    return made, log


async def test_the_values_are_the_result_that_dependents_get() -> None:
    made, log = answered()
    assert await made.execute({}) == {"answer": SAID, "result": {"host": "web"}, "status": "completed"}
    assert log == ["approved by ann"]


async def test_a_rejection_fails_with_the_reason() -> None:
    made, log = answered(approved=False, reason="too late", values={})
    result = await made.execute({})
    assert (result["status"], result["error"], result["error_type"]) == (
        "failed",
        "rejected by ann: too late",
        "rejected",
    )
    assert log == ["rejected by ann: too late"]
    made, _ = answered(approved=False, by="", timed_out=True, values={})
    assert (await made.execute({}))["error"] == "rejected because nobody answered in time"


async def test_without_an_answer_it_says_what_is_wrong_with_the_question() -> None:
    with pytest.raises(TaskError, match="schema"):
        await Approve().execute({"schema": {"type": 7}})
    with pytest.raises(RuntimeError, match="nobody was asked"):
        await Approve().execute({})
