"""Tasks for the tests of the runs pane's model: short to write, and drawn as text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from engine.task import Dependency, Task, TaskStatus
from tui.feed import Delta
from tui.forest import Forest

START = datetime(2026, 1, 1, tzinfo=UTC)
PENDING, RUNNING, DONE = TaskStatus.PENDING, TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED
FAILED, CANCELLED = TaskStatus.FAILED, TaskStatus.CANCELLED


def task(
    id: str,
    parent: str | None = None,
    *,
    run: str = "deploy",
    status: TaskStatus = PENDING,
    needs: Iterable[str] = (),
    optional: Iterable[str] = (),
    age: float = 0.0,
    name: str = "",
    executor: str = "",
    spawned: int | None = None,
    attempt: int = 0,
) -> Task:
    return Task(
        spawned=spawned,
        attempt=attempt,
        id=id,
        name=name or id,
        run_id=run,
        parent_id=parent,
        status=status,
        dependencies=(*(Dependency(other) for other in needs), *(Dependency(other, False) for other in optional)),
        params={"executor_id": executor} if executor else {},
        created=START.timestamp() - age,
    )


def delta(*tasks: Task) -> Delta:
    return Delta(tasks={each.id: each for each in tasks})


def names(forest: Forest) -> list[str]:
    return [row.task.name for row in forest.visible]


def picture(forest: Forest) -> list[str]:
    return [row.guides() + row.task.name for row in forest.visible]


def deploy() -> list[Task]:
    return [
        task("deploy"),
        task("build", "deploy"),
        task("compile", "build"),
        task("link", "build", needs=["compile"]),
        task("push", "deploy", needs=["build"]),
    ]
