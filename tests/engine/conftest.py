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
from tests.engine.dead_process import Owner, Process
from tests.engine.support import Gates, Make


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


@pytest.fixture
def gates(register) -> Gates:
    made = Gates()
    register("gate", made.executor())
    return made


@pytest.fixture
def broken() -> list[bool]:
    """While it holds something, the executor "mended" fails."""
    return [True]


@pytest.fixture
def mending(noop: None, register, broken: list[bool]) -> None:
    """Executors that do nothing, that fail, and that fail until `broken` is empty."""

    async def fail(self: BaseTask, inputs: dict[str, Any]) -> Any:
        raise ValueError("broken")

    async def mended(self: BaseTask, inputs: dict[str, Any]) -> Any:
        if broken:
            raise ValueError("broken")
        return {"mended": True}

    register("fail", fail)
    register("mended", mended)


@pytest.fixture
def spawning(register) -> None:
    """Executors that spawn and map what their inputs say, and what they may spawn."""

    async def double(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"n": inputs["n"] * 2}

    async def fail(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"status": "failed", "error": "broken", "error_type": "odd", "kept": 1}

    async def spawns(self: BaseTask, inputs: dict[str, Any]) -> Any:
        """Spawn what the inputs say and return what comes of it."""
        return {"child": await self.spawn(inputs["what"], inputs.get("inputs"), **inputs.get("fields", {}))}

    async def maps(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return await self.map(inputs["what"], [{"n": n} for n in inputs["all"]], inputs.get("limit"))

    register("double", double)
    register("fail", fail)
    register("spawns", spawns)
    register("maps", maps)


@pytest.fixture
def tries() -> list[int]:
    """The attempts that "flaky" was run in."""
    return []


@pytest.fixture
def flaky(register, tries: list[int]) -> Make:
    """`flaky(times, error)`: an executor that raises `error` as often, then completes; attributes as given."""

    def make(times: int = 1, error: BaseException | None = None, **attributes: Any) -> None:
        async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
            assert self.task is not None
            tries.append(self.task.attempt)
            print(f"try {len(tries)}")
            if len(tries) <= times:
                raise error or ValueError(f"broken {len(tries)}")
            return {"tries": len(tries)}

        register("flaky", execute, **{"retries": 2, "retry_delay": 0, **attributes})

    return make


@pytest.fixture
def owner(settings: Settings) -> Iterator[Owner]:
    made: list[Process] = []

    def make(entries: list[dict[str, Any]], *words: str, slots: int = 64) -> Process:
        made.append(Process(settings.store, entries, slots, *words))
        return made[-1]

    yield make
    for each in made:
        if each.process.poll() is None:
            each.kill()


@pytest.fixture
def ran() -> list[tuple[str, int]]:
    """(task, attempt) of all that was executed in this process."""
    return []


@pytest.fixture
def survivors(register, ran: list[tuple[str, int]]) -> None:
    """This process's own versions of what `dead_process` runs."""

    async def ok(self: BaseTask, inputs: dict[str, Any]) -> Any:
        assert self.task is not None
        ran.append((self.task.id, self.task.attempt))
        return {"ok": True}

    async def spawns(self: BaseTask, inputs: dict[str, Any]) -> Any:
        assert self.task is not None
        ran.append((self.task.id, self.task.attempt))
        return await self.spawn(inputs["what"])

    for name in ("hang", "noop", "flaky"):
        register(name, ok)
    register("safe", ok, retry_safe=True)
    register("secret", ok, {"type": "object", "properties": {"token": {"type": "string"}}})
    register("parent", spawns)
    register("safe_parent", spawns, retry_safe=True)
