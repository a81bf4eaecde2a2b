"""Schedules on a store: kept, launched once a time, missed and overlapping times by their rules (7.2, 8.2)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine import BaseTask, Engine, Settings, TaskStatus
from engine.errors import TaskdeckError, TaskError
from engine.history import RunFilter
from engine.schedule import Schedule, When
from engine.task import now
from tests.engine.support import Gates, listen, rows, running, until

EVERY = When.read("every", "1h", "UTC", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[Engine]:
    """Its clock is the test's: it keeps no schedule by itself."""
    async with running(settings) as made:
        yield made


async def kept(engine: Engine, when: When = EVERY, target: str = "noop", **fields: Any) -> Schedule:
    return await engine.schedules.add(engine.schedules.made("nightly", target, when, **fields))


async def outcomes(engine: Engine) -> list[str]:
    return [time.outcome for time in reversed(await engine.schedules.times())]


async def after(engine: Engine, schedule: Schedule, **later: float) -> None:
    """Look at the schedules as if so much time had passed since its next time."""
    assert schedule.next_at is not None
    await engine.timekeeper.look(schedule.next_at + timedelta(**later))


async def test_a_time_launches_one_run_that_says_which_schedule_it_is_of(engine: Engine, noop: None) -> None:
    schedule = await kept(engine, inputs={"a": 1}, options={"priority": 1, "label": "of the night", "tags": ["db"]})
    await after(engine, schedule, seconds=-1)
    assert await outcomes(engine) == []
    await after(engine, schedule, seconds=1)
    await after(engine, schedule, seconds=2)
    (time,) = await engine.schedules.times(schedule.id)
    assert time.outcome == "launched" and time.due_at == schedule.next_at and time.run_id is not None
    await engine.finished(time.run_id)
    (run,) = await engine.runs(RunFilter(tag="schedule:nightly"))
    assert (run.id, run.label, run.root.priority, run.root.inputs) == (time.run_id, "of the night", 1, {"a": 1})
    assert (await engine.schedules.one("nightly")).next_at == EVERY.after(schedule.next_at)
    await engine.store.writer.flush()
    assert (await engine.schedules.latest())[schedule.id].words == "completed"


@pytest.mark.parametrize(
    ("missed", "ran", "said"),
    [("skip", 0, ["missed"]), ("once", 1, ["missed", "launched"]), ("all", 5, ["launched"] * 5)],
)
async def test_missed_times_are_run_as_the_schedule_says(
    engine: Engine, noop: None, missed: str, ran: int, said: list[str]
) -> None:
    schedule = await kept(engine, missed=missed)
    for _ in range(8):  # caught up with one after another
        await after(engine, schedule, hours=4, minutes=30)
        await asyncio.sleep(0.02)
        await engine.store.writer.flush()
    assert await outcomes(engine) == said
    assert len(await engine.runs()) == ran
    assert (await engine.schedules.one("nightly")).next_at == schedule.next_at + timedelta(hours=5)  # type: ignore[operator]


async def test_of_more_than_100_missed_times_the_newest_are_caught_up_with(engine: Engine, gates: Gates) -> None:
    schedule = await kept(engine, target="gate", missed="all")
    await after(engine, schedule, days=100)
    found = await engine.schedules.times(limit=1000)
    assert len(found) == 100 and found[0].due_at == schedule.next_at + timedelta(days=100)  # type: ignore[operator]
    assert [time.outcome for time in found].count("launched") == 1


async def test_a_time_while_the_run_before_goes_on_is_skipped_or_waits(engine: Engine, gates: Gates) -> None:
    for overlap, said in (("skip", "skipped"), ("queue", "queued")):
        schedule = await engine.schedules.add(
            engine.schedules.made(overlap, "gate", EVERY, {"n": overlap}, overlap=overlap)
        )
        await after(engine, schedule)
        await after(engine, schedule, hours=1)
        await after(engine, schedule, hours=1, seconds=1)
        times = await engine.schedules.times(schedule.id)
        assert [time.outcome for time in times] == [said, "launched"]
        assert times[0].words.startswith("skipped: the run before it still runs" if said == "skipped" else "queued")
        assert times[1].words == "running"
        gates.open(overlap)
        await until(lambda: not engine.dispatcher.trees)
        await engine.store.writer.flush()
        await after(engine, schedule, hours=1, seconds=2)
        again = [time.outcome for time in await engine.schedules.times(schedule.id)]
        assert again == (["skipped", "launched"] if overlap == "skip" else ["launched", "launched"])
        await until(lambda: not engine.dispatcher.trees)
        await engine.schedules.remove(overlap)


async def test_8_2_who_dies_between_writing_and_launching_loses_no_time_and_runs_none_twice(
    engine: Engine, noop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = await kept(engine)
    whole = engine.timekeeper._end

    async def die(*args: Any, **fields: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine.timekeeper, "_end", die)
    with pytest.raises(KeyboardInterrupt):
        await after(engine, schedule)
    assert await outcomes(engine) == ["queued"]
    monkeypatch.setattr(engine.timekeeper, "_end", whole)
    await after(engine, schedule, seconds=1)
    assert await outcomes(engine) == ["launched"] and len(await engine.runs()) == 1


async def test_a_paused_schedule_misses_nothing_and_a_removed_one_leaves_its_runs(engine: Engine, noop: None) -> None:
    schedule = await kept(engine, When.read("every", "1s", "UTC", now()))
    await engine.schedules.pause("nightly")
    with pytest.raises(TaskError, match="paused already"):
        await engine.schedules.pause("nightly")
    await after(engine, schedule, hours=2)
    assert await outcomes(engine) == []
    resumed = await engine.schedules.resume("nightly")
    assert resumed.next_at is not None and resumed.next_at > now()
    task = await engine.timekeeper.run_now("nightly")
    await engine.finished(task.run_id)
    removed = await engine.schedules.remove("nightly")
    assert removed.id == schedule.id and await engine.schedules.times() == []
    assert [run.id for run in await engine.runs()] == [task.run_id]
    audit = [entry.what for entry in await engine.history.audit()]
    assert {"schedule", "pause schedule", "resume schedule", "remove schedule"} <= set(audit)
    with pytest.raises(TaskError, match="there is no schedule 'nightly'"):
        await engine.schedules.one("nightly")


async def test_a_schedule_is_changed_in_its_place(engine: Engine, noop: None) -> None:
    former = await kept(engine)
    await kept_as(engine, "other")
    made = engine.schedules.made("weekly", "noop", When.read("cron", "@weekly", "Europe/Berlin", now()), {"b": 2})
    changed = await engine.schedules.change(former, made)
    assert changed.id == former.id and await engine.schedules.one("weekly") == changed
    with pytest.raises(TaskError, match="there is a schedule 'other' already"):
        await engine.schedules.change(changed, engine.schedules.made("other", "noop", EVERY))
    with pytest.raises(TaskError, match="there is a schedule 'other' already"):
        await kept_as(engine, "other")
    with pytest.raises(TaskError, match="Did you mean weekly"):
        await engine.schedules.one("weakly")
    assert await engine.schedules.one(changed.id[:8]) == changed


async def kept_as(engine: Engine, name: str) -> Schedule:
    return await engine.schedules.add(engine.schedules.made(name, "noop", EVERY))


async def test_8_6_a_schedule_takes_secrets_by_reference_only(
    engine: Engine, settings: Settings, register: Callable[..., type[BaseTask]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        seen.append(inputs["token"])

    register("secretive", execute, {"type": "object", "properties": {"token": {"type": "string"}}})
    for wrong in ("hunter2", "•••"):
        with pytest.raises(TaskError, match=r"'token' is a secret.*env:NAME"):
            engine.schedules.made("s", "secretive", EVERY, {"token": wrong})
    schedule = await kept(engine, target="secretive", inputs={"token": "env:NIGHT_TOKEN"})
    monkeypatch.setenv("NIGHT_TOKEN", "hunter2")
    await after(engine, schedule)
    await until(lambda: seen == ["hunter2"])
    assert "hunter2" not in str(rows(settings.store, "SELECT * FROM schedule"))


async def test_what_cannot_be_scheduled_is_refused_in_words(
    engine: Engine, register: Callable[..., type[BaseTask]]
) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return None

    register("greet", execute, {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
    made = engine.schedules.made
    for call, words in (
        (lambda: made("", "greet", EVERY, {"n": 1}), "1 to 80 characters"),
        (lambda: made("x", "great", EVERY), "did you mean greet"),
        (lambda: made("x", "greet", EVERY, {"n": "a"}), "do not fit 'greet'.*n"),
        (lambda: made("x", "greet", EVERY, {"n": 1}, missed="some"), "no way to treat missed"),
        (lambda: made("x", "greet", EVERY, {"n": 1}, overlap="all"), "no way to treat overlap"),
        (lambda: made("x", "greet", EVERY, {"n": 1}, options={"retries": -1}), "retries"),
        (lambda: made("x", "greet", EVERY, {"n": 1}, options={"colour": "red"}), "no option"),
        (lambda: made("x", "greet", EVERY, {"n": 1}, options={"priority": 9}), "priority"),
    ):
        with pytest.raises(TaskdeckError, match=words):
            call()


async def test_a_target_that_is_gone_is_told_and_written_down(engine: Engine, noop: None) -> None:
    events = listen(engine)
    schedule = await kept(engine)
    from engine.executor import DEFAULT_REGISTRY

    DEFAULT_REGISTRY.registrations.clear()
    DEFAULT_REGISTRY.epoch += 1
    await after(engine, schedule)
    (time,) = await engine.schedules.times()
    assert time.outcome == "refused" and "no executor named 'noop'" in time.words
    told = next(event.data for event in events if event.kind == "notice")
    assert told.startswith("schedule 'nightly' launched nothing")


async def test_7_2_one_engine_keeps_the_schedules_and_another_goes_on_when_it_ends(
    settings: Settings, noop: None
) -> None:
    async with running(settings, take_over=True) as second:
        async with running(settings, take_over=True) as first:
            await until(lambda: first.timekeeper.keeps or second.timekeeper.keeps)
            keeper, other = (first, second) if first.timekeeper.keeps else (second, first)
            assert await other.schedules.keeper() == keeper.store.lease.id
            await asyncio.sleep(0.7)
            assert not other.timekeeper.keeps
            await kept(other, When.read("every", "1s", "UTC", now()))
            await until(lambda: rows(settings.store, "SELECT 1 FROM schedule_run WHERE outcome = 'launched'"))
        await until(lambda: second.timekeeper.keeps)
        before = len(await second.schedules.times())
        async with asyncio.timeout(10):
            while len(await second.schedules.times()) < before + 2:
                await asyncio.sleep(0.05)
    times = rows(settings.store, "SELECT due_at, run_id FROM schedule_run WHERE outcome = 'launched'")
    assert len({run for _, run in times}) == len(times) == len({due for due, _ in times})
    statuses = {row[0] for row in rows(settings.store, "SELECT status FROM task")}
    assert statuses <= {TaskStatus.COMPLETED, TaskStatus.PENDING, TaskStatus.IN_PROGRESS}


async def test_a_script_keeps_no_schedules(engine: Engine, noop: None) -> None:
    await kept(engine, When.read("every", "1s", "UTC", now()))
    await asyncio.sleep(1.6)
    assert await engine.schedules.times() == [] and await engine.schedules.keeper() is None


async def test_a_rule_that_cannot_be_read_any_more_is_set_aside_and_holds_up_no_other(
    engine: Engine, settings: Settings, noop: None
) -> None:
    events = listen(engine)
    broken = await kept(engine)
    other = await engine.schedules.add(engine.schedules.made("other", "noop", EVERY))
    with closing(sqlite3.connect(settings.store)) as db:
        db.execute(
            "UPDATE schedule SET kind = 'cron', rule = '0 * * * *', zone = 'Mars/Base' WHERE id = ?", (broken.id,)
        )
        db.commit()
    await after(engine, other)
    assert (await engine.schedules.one("nightly")).paused
    told = next(event.data for event in events if event.kind == "notice")
    assert "schedule 'nightly' is paused" in told and "Mars/Base" in told
    assert {time.schedule_id: time.outcome for time in await engine.schedules.times()} == {
        broken.id: "refused", other.id: "launched"
    }  # fmt: skip
    with pytest.raises(TaskError, match="Mars/Base"):
        await engine.schedules.resume("nightly")
