"""What the pictures of the history, the timeline and the compose screen show: a real store with a release in it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from engine import Folder, history_statements, json_data, statements
from engine.store import Store
from engine.task import Dependency, Task, TaskStatus
from tests.engine.made_runs import START, hours, run_writes
from tui.draft import of_data
from tui.draft_file import DraftShelf, KeptDraft, Source

NOW = START + timedelta(hours=40)
SHIPPED = Folder(Path(__file__).resolve().parent.parent / "executors", "shipped")
HEALTH = {"url": "{{ inputs.url }}", "timeout": 60}
ROLL_OUT: dict[str, Any] = {
    "id": "roll-out",
    "name": "Roll out",
    "description": "Builds, asks, puts it on both hosts and looks whether they are well",
    "inputs_schema": {
        "type": "object",
        "properties": {"url": {"type": "string", "format": "uri"}, "version": {"type": "string"}},
        "required": ["url", "version"],
    },
    "tasks": [
        {"id": "build", "executor": "command", "retries": 1, "inputs": {"command": "make image"}},
        {
            "id": "go-live", "executor": "approve", "dependencies": ["build"],
            "inputs": {"title": "Put {{ inputs.version }} on the web?"},
        },
        {"id": "hosts", "name": "hosts"},
        {
            "id": "web-1", "executor": "command", "parent": "hosts", "dependencies": ["go-live"],
            "inputs": {"command": "make deploy HOST=web-1"},
        },
        {
            "id": "web-2", "executor": "command", "parent": "hosts", "dependencies": ["go-live"],
            "inputs": {"command": "make deploy HOST=web-2"},
        },
        {"id": "healthy", "executor": "http_health", "dependencies": ["web-1", "web-2"], "inputs": HEALTH},
    ],
}  # fmt: skip


def keep_draft(folder: Path) -> None:
    """The tree that the compose screen finds when it opens."""
    shelf = DraftShelf(folder)
    shelf.save(KeptDraft(of_data(ROLL_OUT), Source(), True), shelf.next_number())


async def fill(store: Store) -> None:
    """Checks of two days, backups, and a release with a retry, a failure and a task that waits in vain."""
    for number in range(14):
        failed = number % 5 == 3
        fields: dict[str, Any] = {"executor": "http_health", "hour": number * 2.5, "error": "503 Service Unavailable"}
        fields |= {"inputs": {"url": f"https://web-{1 + number % 2}.example/health"}, "tags": ["nightly"]}
        status = "failed" if failed else "completed"
        await store.writer.commit([*run_writes(f"{number:02}c0ffee", (status,), result={"status": 200}, **fields)])
    for number in range(2):
        run = run_writes(f"bac{number}", ("completed",) * 4, executor="backup", hour=5 + number * 24, user="bob")
        await store.writer.commit([*run])
    await release(store)


async def release(store: Store) -> None:
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
        if began is None:
            continue
        start, end = at + timedelta(seconds=began), at + timedelta(seconds=began + took)
        failed = status == "failed"
        packed = None if failed else json_data.pack(json_data.encode({"ok": True}), 1000)
        error = ("503 Service Unavailable", "http_error") if failed else (None, None)
        writes.append(statements.start(id, 1, start, None, "v1"))
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
