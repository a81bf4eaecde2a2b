"""An engine on a store of its own, with a catalogue that each test fills itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import BaseTask, Engine, Event, EventKind, Settings, Task, TaskTreeNode, executor_register
from engine.executor import DEFAULT_REGISTRY
from engine.hooks import clear_hooks


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What one test registers is gone for the next."""
    monkeypatch.setattr(DEFAULT_REGISTRY, "registrations", {})
    DEFAULT_REGISTRY.epoch += 1
    yield
    DEFAULT_REGISTRY.epoch += 1
    clear_hooks()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings(), store=tmp_path / "taskdeck.db", grace=0.4, cancel_limit=0.2)


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[Engine]:
    made = Engine(settings)
    await made.start()
    yield made
    await made.stop()


Register = Callable[..., type[BaseTask]]


@pytest.fixture
def register() -> Register:
    """`register("id", execute, schema=..., **attributes)`: an executor from a function `execute(self, inputs)`."""

    def make(id: str, execute: Callable[..., Any], schema: Any = None, **attributes: Any) -> type[BaseTask]:
        body = {"id": id, "name": id, "description": "", "execute": execute, "inputs_schema": schema, **attributes}
        return executor_register()(type(id, (BaseTask,), body))

    return make


@pytest.fixture
def noop(register: Register) -> None:
    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"got": inputs}

    register("noop", execute)


@pytest.fixture
def run(engine: Engine) -> Callable[..., Awaitable[Task]]:
    """Run one task of an executor to its end."""

    async def one(executor_id: str, inputs: dict[str, Any] | None = None, **fields: Any) -> Task:
        task = engine.new_task(executor_id, inputs=inputs, **fields)
        await engine.finished(await engine.submit(TaskTreeNode(task)))
        return task

    return one


@pytest.fixture
def events(engine: Engine) -> list[Event]:
    seen: list[Event] = []
    engine.bus.subscribe(seen.append)
    return seen


def kinds(events: list[Event], task: Task) -> list[EventKind]:
    return [event.kind for event in events if event.task is task]
