"""wait: progress while it waits, and an end at once when cancelled."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from engine.executor import TaskContext
from executors.wait import Wait
from tests.executors.in_a_run import context_of


def waiting() -> tuple[Wait, TaskContext, list[tuple[float, str]]]:
    told: list[tuple[float, str]] = []
    executor = Wait(inputs={})
    context = context_of("wait", on_progress=lambda fraction, message: told.append((fraction, message)))
    executor._context = context
    return executor, context, told


async def test_waits_and_tells_how_far_it_is() -> None:
    executor, _, told = waiting()
    began = time.monotonic()
    result = await executor.execute({"seconds": 0.7})
    assert time.monotonic() - began >= 0.7
    assert (result["status"], result["progress"]) == ("completed", 1.0)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert len(told) >= 3 and told[0][0] < 0.1 and told[-1] == (1.0, "waited 0.7 s")
    assert told[0][1] == "0.7 s left"


async def test_no_time_at_all_is_a_wait_too() -> None:
    assert (await Wait().execute({"seconds": 0}))["status"] == "completed"


async def test_cancel_ends_it_at_once_and_keeps_its_progress() -> None:
    """Rule 5.1."""
    executor, _, _ = waiting()
    running = asyncio.ensure_future(executor.execute({"seconds": 600}))
    await asyncio.sleep(0.3)
    assert (await executor.cancel())["status"] == "cancelled"
    result = await asyncio.wait_for(running, 5)
    assert result["status"] == "cancelled"
    assert 0 < result["progress"] < 0.1 and result["waited"] >= 0.3
    assert "of 600 s" in result["message"]


async def test_cancel_from_another_thread() -> None:
    executor, _, _ = waiting()
    running = asyncio.ensure_future(executor.execute({"seconds": 600}))
    await asyncio.sleep(0.05)
    threading.Thread(target=lambda: asyncio.run(executor.cancel())).start()
    assert (await asyncio.wait_for(running, 5))["status"] == "cancelled"


@pytest.mark.parametrize("how", ["call", "mark"])
async def test_cancel_before_it_began_is_not_lost(how: str) -> None:
    """Rule 5.3."""
    executor, context, _ = waiting()
    if how == "call":
        await executor.cancel()
    else:
        context.cancelled = True
    result = await asyncio.wait_for(executor.execute({"seconds": 600}), 5)
    assert (result["status"], result["progress"]) == ("cancelled", 0.0)


async def test_cancelling_the_coroutine_is_not_swallowed() -> None:
    """Rule 5.1."""
    running = asyncio.ensure_future(Wait().execute({"seconds": 600}))
    await asyncio.sleep(0.05)
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=5)
    assert running in done and running.cancelled()


@pytest.mark.parametrize("seconds", [-1, 86_401, "3", None, True, float("nan")])
async def test_impossible_times_fail_at_their_field(seconds: Any) -> None:
    """Rule 4.4."""
    result = await Wait().execute({"seconds": seconds})
    assert (result["status"], result["error_type"], result["field"]) == ("failed", "validation_error", "seconds")
