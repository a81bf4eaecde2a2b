"""Tasks that wait for a person: no slot, durable, one answer counts (2.3, 7.1, 7.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from engine import BaseTask, Engine, Event, EventKind, Settings, Task, TaskStatus
from engine.errors import TaskError
from executors.approve import Approve
from tests.engine.support import children, ended, finish, listen, reason, rows, running, submit, until

HOST = {"properties": {"host": {"type": "string", "minLength": 2}, "dry": {"type": "boolean", "default": True}},
        "required": ["host"]}  # fmt: skip


@pytest.fixture(autouse=True)
def approve(register: Callable[..., type[BaseTask]]) -> None:
    register("approve", Approve.execute, Approve.inputs_schema, asks=True, retry_safe=True)


@pytest.fixture
def takes(register: Callable[..., type[BaseTask]]) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"host": inputs.get("host"), "dry": inputs.get("dry")}

    schema = {"type": "object", "properties": {"host": {"type": "string"}, "dry": {"type": "boolean"}}}
    register("takes", execute, schema)


async def asked(task: Task) -> None:
    await until(lambda: task.is_asking)


async def test_2_3_it_waits_in_words_takes_no_slot_and_the_answer_goes_to_dependents(
    settings: Settings, takes: None, noop: None
) -> None:
    async with running(settings, slots=1) as engine:
        events = listen(engine)
        question = engine.new_task("approve", inputs={"title": "Which?", "schema": HOST})
        after = engine.new_task("takes", dependencies=[question.id])
        run_id = await submit(engine, question, after)
        await asked(question)
        assert reason(engine, question) == "waits for an answer"
        assert engine.counts.asking == 1 and engine.counts.running == 0 and engine.counts.queued == 0
        assert await finish(engine, engine.new_task("noop")) is TaskStatus.COMPLETED  # the one slot is free
        waiting = await engine.answers.waiting()
        assert [(w.task.id, w.question.title) for w in waiting] == [(question.id, "Which?")]
        given = await engine.answers.give(question.id, True, {"host": "web-1"}, reason="fine", who="ann")
        assert given.is_run
        assert await ended(engine, run_id) is TaskStatus.COMPLETED
        assert question.result["answer"] | {"at": ""} == {
            "approved": True, "by": "ann", "timed_out": False, "at": "", "reason": "fine"
        }  # fmt: skip
        assert question.result["result"] == {"host": "web-1", "dry": True}
        assert (after.result["host"], after.result["dry"]) == ("web-1", True)
        assert [e.kind for e in events if e.task is question][:2] == [EventKind.CREATED, EventKind.ASKED]
        assert await engine.answers.waiting() == [] and engine.counts.asking == 0
        assert [entry.what for entry in await engine.history.audit(task_id=question.id)][:1] == ["answer"]


async def test_3_2_a_rejection_fails_with_the_reason_blocks_what_depends_on_it_and_is_not_retried(
    engine: Engine, takes: None
) -> None:
    question = engine.new_task("approve", params={"retries": 3})
    after = engine.new_task("takes", dependencies=[question.id])
    run_id = await submit(engine, question, after)
    await asked(question)
    await engine.answers.give(question.id, False, reason="too late", who="bob")
    assert await ended(engine, run_id) is TaskStatus.FAILED
    assert (question.error, question.error_type, question.attempt) == ("rejected by bob: too late", "rejected", 1)
    assert after.status is TaskStatus.PENDING


async def test_one_answer_counts_and_wrong_ones_are_refused(engine: Engine) -> None:
    question = engine.new_task("approve", inputs={"schema": HOST, "users": ["ann"]})
    only = engine.new_task("approve", inputs={"options": ["approve"]})
    for task in (question, only):
        await submit(engine, task)
        await asked(task)
    for wrong, values, who, words in (
        (question, {"host": "x"}, "ann", "host"),
        (question, {"host": "web", "more": {1}}, "ann", "JSON"),
        (question, {"host": "web"}, "eve", "may not answer"),
    ):
        with pytest.raises(TaskError, match=words):
            await engine.answers.give(wrong.id, True, values, who=who)
    with pytest.raises(TaskError, match="takes no reject"):
        await engine.answers.give(only.id, False, who="ann")
    await engine.pause()  # the answer is stored, and carried out later
    first, second = await asyncio.gather(
        *(engine.answers.give(question.id, True, {"host": name}, who="ann") for name in ("web-1", "web-2")),
        return_exceptions=True,
    )
    assert sorted([isinstance(first, TaskError), isinstance(second, TaskError)]) == [False, True]
    with pytest.raises(TaskError, match=r"asks nothing|was approved by ann"):
        await engine.answers.give(question.id, False, who="ann")
    await engine.resume()
    assert await ended(engine, question.run_id) is TaskStatus.COMPLETED
    with pytest.raises(TaskError, match="asks nothing: it is completed"):
        await engine.answers.give(question.id, True, who="ann")
    with pytest.raises(TaskError, match="no task"):
        await engine.answers.give("nothing", True, who="ann")


async def test_7_1_a_question_survives_its_process_with_its_deadline(settings: Settings) -> None:
    async with running(settings) as first:
        question = first.new_task("approve", inputs={"title": "Still?", "timeout": 60})
        await submit(first, question)
        await asked(question)
        since = question.asked
    async with running(settings) as script:  # which takes nothing over: the answer waits in the store
        assert [w.task.asked for w in await script.answers.waiting()] == [since]
        given = await script.answers.give(question.id, True, who="ann")
        assert not given.is_run
        with pytest.raises(TaskError, match="was approved by ann"):
            await script.answers.give(question.id, False, who="bob")
    async with running(settings, take_over=True) as console:
        await until(lambda: question.id not in console.dispatcher.nodes)
        found = await console.task(question.id)
        assert found is not None and found.status is TaskStatus.COMPLETED and found.result["answer"]["by"] == "ann"


@pytest.mark.parametrize("verdict", ["approve", "reject"])
async def test_nobody_in_time_gives_the_default_answer(engine: Engine, verdict: str) -> None:
    question = engine.new_task(
        "approve", inputs={"timeout": 0.2, "on_timeout": verdict, "schema": HOST, "default_values": {"host": "web"}}
    )
    status = await finish(engine, question)
    assert status is (TaskStatus.COMPLETED if verdict == "approve" else TaskStatus.FAILED)
    assert question.result["answer"]["timed_out"]
    if verdict == "approve":
        assert question.result["result"] == {"host": "web", "dry": True}
    else:
        assert "nobody answered in time" in (question.error or "")


async def test_4_2_a_question_that_cannot_be_asked_fails_at_once_and_says_why(engine: Engine) -> None:
    for inputs, words in (
        ({"schema": {"properties": {"a": {"type": "nonsense"}}}}, "schema"),
        ({"schema": {"properties": {"api_key": {"type": "string"}}}}, "secret"),
        ({"options": []}, "options"),
        ({"timeout": 1, "on_timeout": "approve", "schema": HOST}, "default answer does not fit"),
    ):
        task = engine.new_task("approve", inputs=inputs)
        assert await finish(engine, task) is TaskStatus.FAILED
        assert words in (task.error or ""), task.error


async def test_5_1_what_waits_can_be_cancelled_skipped_and_run_again(engine: Engine, noop: None) -> None:
    before = engine.new_task("noop")
    question = engine.new_task("approve", dependencies=[before.id])
    run_id = await submit(engine, before, question)
    await asked(question)
    assert (await engine.cancel(question.id))["status"] == "cancelled"
    assert await ended(engine, run_id) is TaskStatus.CANCELLED and engine.counts.asking == 0
    question = await engine.rerun(question.id)
    await asked(question)
    was = question.asked
    await engine.rerun(before.id)  # what it was asked about is made anew, and so is the question
    await until(lambda: question.is_asking and question.asked != was)
    assert len(await engine.answers.waiting()) == 1
    await engine.answers.give(question.id, True, who="ann")
    assert await ended(engine, run_id) is TaskStatus.COMPLETED
    question = await engine.rerun(question.id)
    await asked(question)
    await engine.skip(question.id)
    assert await ended(engine, run_id) is TaskStatus.COMPLETED and question.skipped
    assert len(rows(engine.settings.store, "SELECT 1 FROM answer")) == 1
    await engine.delete(run_id)
    await until(lambda: not rows(engine.settings.store, "SELECT 1 FROM answer"))


async def test_8_1_a_spawned_question_lets_its_parent_wait_without_a_slot(
    engine: Engine, register: Callable[..., type[BaseTask]]
) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return await self.spawn("approve", {"title": "Go on?"})

    register("asks_first", execute)
    task = engine.new_task("asks_first")
    run_id = await submit(engine, task)
    await until(lambda: engine.counts.asking == 1)
    (child,) = await children(engine, task)
    await engine.answers.give(child.id, True, who="ann")
    assert await ended(engine, run_id) is TaskStatus.COMPLETED
    assert task.result["answer"]["by"] == "ann"


async def test_1_3_a_dry_run_asks_nobody(engine: Engine, events: list[Event]) -> None:
    task = engine.new_task("approve", params={"dry_run": True})
    assert await finish(engine, task) is TaskStatus.COMPLETED
    assert EventKind.ASKED not in [event.kind for event in events]
