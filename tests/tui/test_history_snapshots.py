"""How the history, two runs, the timeline and the statistics look. `pytest --snapshot-update` with this file only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine import history_statements, json_data, statements
from engine.store import Store
from engine.task import Dependency, Task, TaskStatus
from tests.engine.made_runs import hours
from tests.tui.console_driver import SMALL, WIDE
from tests.tui.history_driver import NOW, RealThread, some_runs
from tui.app import ConsoleApp

SIZES = {"120x36": WIDE, "80x24": SMALL}
SCENES: dict[str, tuple[str, ...]] = {
    "history": ("H", "j", "space"),
    "compare": ("H", "slash", *"executor:ping", "enter", "B"),
    "timeline": ("H", "W", "j", "j"),
    "stats": ("H", "E", "l"),
}
SHOTS = [(scene, size) for scene in SCENES for size in SIZES] + [("wrong-word", "80x24"), ("filters", "120x36")]
SCENES["wrong-word"] = ("H", "slash", *"stauts:failed")
SCENES["filters"] = ("H", "slash", *"status:failed", "enter", "F", "ctrl+t", *"bad ones", "enter")


async def fill(store: Store) -> None:
    """Some runs, and on top a release with dependencies, a retry, a failure and something that waits in vain."""
    await some_runs(store)
    at = hours(38)
    writes = [history_statements.begin_run("release", "owner", at, "v2.1")]
    writes += history_statements.facets("release", ["build", "push", "verify"], ["prod"], "ann")
    for id, after, began, took, status in (
        ("release", (), 0.1, 41.4, "failed"),
        ("checkout", (), 0.1, 3.0, "completed"),
        ("build", ("checkout",), 3.4, 14.0, "completed"),
        ("lint", ("checkout",), 3.4, 6.0, "completed"),
        ("push", ("build",), 22.0, 9.0, "completed"),
        ("verify", ("push", "lint"), 31.5, 10.0, "failed"),
        ("announce", ("verify",), None, 0.0, "pending"),
    ):
        task = Task(id, id, "release", None if id == "release" else "release", "ann", created=at.timestamp())
        task.dependencies = tuple(Dependency(other) for other in after)
        writes.append(statements.insert(task))
        if began is not None:
            start, end = at + timedelta(seconds=began), at + timedelta(seconds=began + took)
            writes.append(statements.start(id, 1, start, None, "v1"))
            failed = status == "failed"
            packed = None if failed else json_data.pack(json_data.encode({"ok": True}), 1000)
            error = ("503 Service Unavailable", "http_error") if failed else (None, None)
            writes.append(statements.finish(id, TaskStatus(status), packed, *error, 1.0, end))
    counts = {TaskStatus.COMPLETED: 4, TaskStatus.FAILED: 2, TaskStatus.PENDING: 1}
    writes.append(history_statements.end_run("release", TaskStatus.FAILED, counts, at + timedelta(seconds=41.5)))
    await store.writer.commit(writes)
    first = (at + timedelta(seconds=17.8)).timestamp(), (at + timedelta(seconds=20)).timestamp()
    await store.writer._connection.execute(
        "INSERT INTO attempt (task_id, number, status, inputs, started_at, completed_at) VALUES (?, ?, ?, ?, ?, ?)",
        ("push", 1, "failed", "{}", *first),
    )
    await store.writer._connection.execute("UPDATE task SET attempt = 2 WHERE id = 'push'")
    await store.writer._connection.commit()


@pytest.mark.parametrize(("scene", "size"), SHOTS, ids=lambda part: part)
def test_screen(snap_compare: Callable[..., bool], tmp_path: Path, scene: str, size: str) -> None:
    async def settle(pilot: Pilot[Any]) -> None:
        for _ in range(3):
            await pilot.pause(0.02)
            await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    async def act(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        for key in SCENES[scene]:
            await pilot.press(key)
            await settle(pilot)
        pilot.app.clear_notifications()
        await settle(pilot)

    thread = RealThread(tmp_path / "taskdeck.db", fill)
    app = ConsoleApp(thread, clock=lambda: NOW, live=False)  # type: ignore[arg-type]
    assert snap_compare(app, terminal_size=SIZES[size], run_before=act)
