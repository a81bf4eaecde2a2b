"""Retries: how often, when, and what happens around them (behaviour.md 2.3, 4.7, 6.1, 6.2)."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine import (
    BaseTask,
    Engine,
    Event,
    EventKind,
    TaskError,
    register_post_hook,
    register_pre_hook,
)
from tests.engine.support import (
    Gates,
    Make,
    ended,
    finish,
    kinds,
    reason,
    rows,
    running,
    started,
    stored_status,
    submit,
    until,
)

# ── how often ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("times", "status", "attempts"), [(0, "completed", 1), (2, "completed", 3), (9, "failed", 3)])
async def test_4_7_a_failing_task_is_tried_again_as_often_as_it_says(
    flaky: Make, run, tries: list[int], times: int, status: str, attempts: int
) -> None:
    flaky(times)
    task = await run("flaky")
    assert (task.status, task.attempt, tries) == (status, attempts, list(range(1, attempts + 1)))
    assert task.error == (None if status == "completed" else "broken 3")


async def test_4_7_without_retries_there_are_none(flaky: Make, run, tries: list[int]) -> None:
    flaky(9, retries=0)
    assert (await run("flaky")).status == "failed" and tries == [1]


async def test_4_7_each_attempt_is_kept_with_start_end_outcome_and_log(flaky: Make, run, engine: Engine) -> None:
    flaky(2)
    task = await run("flaky", {"a": 1})
    attempts = await engine.attempts(task.id)
    assert [(a.number, a.status, a.error, a.error_type) for a in attempts] == [
        (1, "failed", "broken 1", "ValueError"),
        (2, "failed", "broken 2", "ValueError"),
        (3, "completed", None, None),
    ]
    assert [a.inputs for a in attempts] == [{"a": 1}] * 3
    moments = [m for a in attempts for m in (a.started_at, a.completed_at)]
    assert all(m is not None for m in moments) and moments == sorted(moments)
    for number in (1, 2, 3):
        lines = [line.text for line in await engine.log(task.id, attempt=number)]
        assert lines[0] == f"try {number}" and ("Traceback" in "\n".join(lines)) is (number < 3)
    first = [line.text for line in await engine.log(task.id, attempt=1)]
    assert "attempt 1 of 3 failed: broken 1; next in 0 s" in first
    assert await engine.log(task.id) == await engine.log(task.id, attempt=3)


async def test_4_7_what_an_attempt_left_is_gone_in_the_next(register, run, engine: Engine) -> None:
    seen: list[Any] = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        assert self.task is not None
        seen.append((self.task.error, self.task.result, self.task.progress, dict(inputs)))
        inputs["left"] = True
        self.report_progress(0.7, "nearly")
        await asyncio.sleep(0.01)
        return {"status": "failed", "error": "not yet"} if len(seen) == 1 else {"ok": 1}

    register("messy", execute, retries=1, retry_delay=0)
    task = await run("messy", {"a": 1})
    assert task.status == "completed"
    assert seen == [(None, None, 0.0, {"a": 1})] * 2
    attempts = await engine.attempts(task.id)
    assert attempts[0].result == {"status": "failed", "error": "not yet"}


@pytest.mark.parametrize("returned", [{"status": "failed", "error": "e"}, {"error": "e"}])
async def test_4_7_a_returned_failure_is_retried_too(register, run, returned: dict[str, Any]) -> None:
    tries: list[int] = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        tries.append(1)
        return dict(returned) if len(tries) < 3 else {"ok": True}

    register("says", execute, retries=5, retry_delay=0)
    task = await run("says")
    assert (task.status, task.attempt, len(tries)) == ("completed", 3, 3)


async def test_4_7_a_returned_cancelled_is_final(register, run) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"status": "cancelled", "message": "no use"}

    register("gives_up", execute, retries=5, retry_delay=0)
    task = await run("gives_up")
    assert (task.status, task.attempt) == ("cancelled", 1)


@pytest.mark.parametrize(
    ("retry_on", "error", "attempts"),
    [
        (["ValueError"], ValueError("x"), 2),
        ([OSError], ConnectionResetError("x"), 2),
        ("ConnectionError", ConnectionResetError("x"), 2),
        (["ConnectionResetError"], OSError("x"), 1),
        (["KeyError", "TypeError"], ValueError("x"), 1),
        (["Exception"], ValueError("x"), 2),
        (["Exception"], SystemExit("x"), 1),
        (["SystemExit"], SystemExit("x"), 2),
    ],
)
async def test_4_7_retry_on_names_classes_and_base_classes(
    flaky: Make, run, retry_on: Any, error: BaseException, attempts: int
) -> None:
    flaky(1, error, retry_on=retry_on)
    assert (await run("flaky")).attempt == attempts


async def test_4_7_retry_on_names_kinds_of_returned_failures(register, run) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"status": "failed", "error_type": inputs["kind"], "error": "e"}

    register("kinds", execute, retries=1, retry_delay=0, retry_on=["rate_limited"])
    assert (await run("kinds", {"kind": "rate_limited"})).attempt == 2
    assert (await run("kinds", {"kind": "refused"})).attempt == 1


async def test_4_7_validation_failures_never_retry(register, run, tries: list[int]) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        tries.append(1)

    schema = {"type": "object", "required": ["a"]}
    register("strict", execute, schema, retries=5, retry_delay=0, retry_on=["validation_error"])
    task = await run("strict")
    assert (task.status, task.error_type, task.attempt, tries) == ("failed", "validation_error", 1, [])


async def test_4_7_an_unknown_executor_and_a_result_that_is_no_json_never_retry(register, run) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {1, 2}

    register("junk", execute, retries=5, retry_delay=0)
    assert (await run("junk")).attempt == 1
    assert (await run("nowhere", params={"retries": 5})).attempt == 1


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_2_3_a_task_between_two_attempts_says_when_it_is_tried_again(
    flaky: Make, engine: Engine, settings
) -> None:
    flaky(9, retry_delay=100)
    task = engine.new_task("flaky")
    after = engine.new_task("flaky", dependencies=[task.id])
    await submit(engine, task, after)
    await until(lambda: task.not_before)
    assert (task.status, stored_status(settings.store, task.id), task.attempt) == ("pending", "pending", 1)
    assert reason(engine, task) in ("retry in 100 s", "retry in 99 s")
    assert reason(engine, after) == "waiting for flaky"
    assert engine.counts.running == engine.counts.queued == 0
    assert rows(settings.store, "SELECT not_before > ? FROM task WHERE id = ?", time.time() + 90, task.id) == [(1,)]


async def test_4_7_the_delays_are_those_of_the_policy(flaky: Make, engine: Engine, events: list[Event]) -> None:
    flaky(9, retries=3, retry_delay=0.004, retry_backoff="exponential")
    task = engine.new_task("flaky")
    await finish(engine, task)
    delays = [e.data for e in events if e.kind is EventKind.RETRYING]
    assert len(delays) == 3
    for delay, middle in zip(delays, (0.004, 0.008, 0.016), strict=True):
        assert 0.7 * middle < delay < 1.3 * middle
    attempts = await engine.attempts(task.id)
    for former, latter, delay in zip(attempts, attempts[1:], delays, strict=False):
        assert former.completed_at is not None and latter.started_at is not None
        assert (latter.started_at - former.completed_at).total_seconds() >= delay - 0.001


async def test_4_7_a_slot_is_free_between_two_attempts(flaky: Make, noop, settings) -> None:
    flaky(9, retry_delay=100)
    async with running(settings, slots=1) as engine:
        task = engine.new_task("flaky")
        await submit(engine, task)
        await until(lambda: task.not_before)
        assert await finish(engine, engine.new_task("noop")) == "completed"


async def test_4_7_dependents_wait_for_the_last_attempt(flaky: Make, noop, engine: Engine) -> None:
    flaky(1)
    task = engine.new_task("flaky")
    needs = engine.new_task("noop", dependencies=[task.id])
    wants = engine.new_task("noop", dependencies=[{"id": task.id, "required": False}])
    assert await finish(engine, task, needs, wants) == "completed"
    assert needs.result["got"][task.id]["tries"] == 2 and wants.result["got"][task.id]["tries"] == 2


async def test_2_3_a_scheduled_task_says_when_and_starts_then(noop, engine: Engine) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.1)
    later = datetime(2099, 1, 2, 3, 4, 5, tzinfo=UTC)
    first = engine.new_task("noop", params={"not_before": soon.isoformat()})
    never = engine.new_task("noop", params={"not_before": later.timestamp()})
    await submit(engine, first, never)
    assert reason(engine, never) == "scheduled at 2099-01-02 03:04:05"
    assert first.status == "pending"
    await until(lambda: first.is_terminal)
    assert first.started_at is not None and first.started_at >= soon
    await engine.cancel(never.id)
    assert never.status == "cancelled"


@pytest.mark.parametrize("when", ["tomorrow", True, 1e300, {}])
async def test_2_3_a_start_that_is_no_time_is_refused_naming_the_task(noop, engine: Engine, when: Any) -> None:
    with pytest.raises(TaskError, match=r"task 'noop': params\.not_before"):
        engine.new_task("noop", params={"not_before": when})


# ── cancel, rerun, skip around retries ───────────────────────────────────────────────────────────────────────────────


async def test_4_7_cancel_while_it_waits_for_the_next_attempt(flaky: Make, engine: Engine, settings) -> None:
    flaky(9, retry_delay=0.05)
    task = engine.new_task("flaky")
    run_id = await submit(engine, task)
    await until(lambda: task.not_before)
    assert (await engine.cancel(task.id))["status"] == "cancelled"
    assert await ended(engine, run_id) == "cancelled"
    await asyncio.sleep(0.1)
    assert (task.status, task.attempt, task.not_before) == ("cancelled", 1, None)
    assert stored_status(settings.store, task.id) == "cancelled"
    attempts = await engine.attempts(task.id)
    assert (attempts[0].number, attempts[0].status) == (1, "failed")


async def test_4_7_a_cancelled_attempt_is_not_retried(gates: Gates, register, engine: Engine) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        try:
            await gates.execute(self, inputs)
        finally:
            raise RuntimeError("fails when it is stopped")

    register("stopped", execute, retries=5, retry_delay=0)
    task = engine.new_task("stopped")
    await submit(engine, task)
    await started(task)
    await until(lambda: gates.inside)
    await engine.cancel(task.id)
    assert (task.status, task.attempt) == ("cancelled", 1)


async def test_4_7_a_rerun_begins_the_retries_anew(flaky: Make, engine: Engine, tries: list[int]) -> None:
    flaky(5)
    task = engine.new_task("flaky")
    assert await finish(engine, task) == "failed"
    assert tries == [1, 2, 3]
    await engine.rerun(task.id)
    assert await ended(engine, task.run_id) == "completed"
    stored = await engine.task(task.id)
    assert stored is not None and stored.attempt == 6 and tries == [1, 2, 3, 4, 5, 6]
    assert [a.number for a in await engine.attempts(task.id)] == [1, 2, 3, 4, 5, 6]
    fourth = [line.text for line in await engine.log(task.id, attempt=4)]
    assert any(text.startswith("attempt 1 of 3 failed: broken 4") for text in fourth)


async def test_4_7_a_rerun_inside_a_live_tree_begins_the_retries_anew(
    flaky: Make, gates: Gates, engine: Engine
) -> None:
    flaky(4, retries=1)
    hold = engine.new_task("gate")
    task = engine.new_task("flaky")
    await submit(engine, hold, task)
    await until(lambda: task.is_terminal)
    assert task.attempt == 2
    await engine.rerun(task.id)
    await until(lambda: task.is_terminal)
    assert (task.status, task.attempt) == ("failed", 4)


async def test_4_7_a_stale_timer_starts_nothing(flaky: Make, engine: Engine, tries: list[int]) -> None:
    flaky(9, retries=1, retry_delay=0.08)
    task = engine.new_task("flaky")
    await submit(engine, task)
    await until(lambda: task.not_before)
    await engine.cancel(task.id)
    await engine.rerun(task.id)
    stored = await engine.task(task.id)
    assert stored is not None
    await until(lambda: stored.not_before or stored.is_terminal)
    await ended(engine, task.run_id)
    assert tries == [1, 2, 3] and stored.attempt == 3


async def test_8_4_skip_while_it_waits_for_the_next_attempt(flaky: Make, noop, engine: Engine, tries) -> None:
    flaky(9, retry_delay=0.05)
    task = engine.new_task("flaky")
    after = engine.new_task("noop", dependencies=[task.id])
    run_id = await submit(engine, task, after)
    await until(lambda: task.not_before)
    await engine.skip(task.id)
    assert await ended(engine, run_id) == "completed"
    await asyncio.sleep(0.08)
    assert (task.status, task.skipped, after.status, tries) == ("completed", True, "completed", [1])


# ── hooks and events ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_6_1_post_hooks_are_called_once_however_often_it_was_tried(flaky: Make, noop, engine: Engine) -> None:
    flaky(2)
    before: list[str] = []
    after: list[Any] = []
    register_pre_hook(lambda task: before.append(task.name))
    register_post_hook(lambda task, inputs, result: after.append((task.name, str(task.status), result)))
    task = engine.new_task("flaky")
    next_one = engine.new_task("noop", dependencies=[task.id])
    await finish(engine, task, next_one)
    assert before == ["flaky"] * 3 + ["noop"]
    assert [(name, status) for name, status, _ in after] == [("flaky", "completed"), ("noop", "completed")]
    assert after[0][2]["tries"] == 3


async def test_6_1_post_hooks_are_called_once_after_the_last_failure(flaky: Make, engine: Engine) -> None:
    flaky(9)
    after: list[Any] = []
    register_post_hook(lambda task, inputs, result: after.append((str(task.status), task.error)))
    await finish(engine, engine.new_task("flaky"))
    assert after == [("failed", "broken 3")]


async def test_6_2_a_retried_task_tells_each_step_once_and_in_order(
    flaky: Make, engine: Engine, events: list[Event]
) -> None:
    flaky(2)
    task = engine.new_task("flaky")
    await finish(engine, task)
    again = [EventKind.QUEUED, EventKind.STARTED]
    assert kinds(events, task, EventKind.LOG, EventKind.PROGRESS) == [
        EventKind.CREATED,
        *again,
        EventKind.RETRYING,
        *again,
        EventKind.RETRYING,
        *again,
        EventKind.FINISHED,
        EventKind.TREE_FINISHED,
    ]
    assert events[-1].kind is EventKind.TREE_FINISHED and events[-1].data == "completed"


async def test_6_2_retrying_is_told_after_it_is_on_disk(flaky: Make, engine: Engine, settings) -> None:
    seen: list[tuple[str, str, int]] = []

    def look(event: Event) -> None:
        if event.kind is EventKind.RETRYING and event.task is not None:
            former = rows(settings.store, "SELECT count(*) FROM attempt WHERE task_id = ?", event.task.id)[0][0]
            seen.append((str(event.task.status), stored_status(settings.store, event.task.id), former))

    flaky(2)
    engine.bus.subscribe(look)
    await finish(engine, engine.new_task("flaky"))
    assert seen == [("pending", "pending", 1), ("pending", "pending", 2)]
