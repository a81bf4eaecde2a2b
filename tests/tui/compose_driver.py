"""The console over a real engine with a few executors, its compose screen open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import BaseTask, Engine, Settings, executor_register
from engine.events import Subscriber
from engine.executor import DEFAULT_REGISTRY
from tests.tui.console_driver import NOON, WIDE, Driven
from tui.app import ConsoleApp
from tui.draft import Draft, Item
from tui.look import Look
from tui.screens.compose import ComposeScreen
from tui.state_file import Kept

TEXT = {"type": "string"}


class RealThread:
    """Stands for `LateEngine`, with an engine on the caller's loop."""

    def __init__(self, path: Path, **settings: Any) -> None:
        self.settings = replace(Settings(), store=path, user="ann", **settings)
        self.engine = Engine(self.settings, take_over=False)

    def subscribe(self, subscriber: Subscriber) -> None:
        self.engine.bus.subscribe(subscriber)

    async def start(self) -> None:
        await self.engine.start()

    async def ask(self, coroutine: Any) -> Any:
        return await coroutine

    async def stop(self, *, cancel: bool) -> None:
        await self.engine.stop(cancel=cancel)


def register() -> None:
    """`hello`, `total`, `join` (fan-in), `signed` (takes a secret), `wipe` (dangerous)."""

    async def execute(self: BaseTask, inputs: dict[str, Any]) -> Any:
        return {"got": inputs, "n": sum(inputs.get("numbers") or [])}

    def add(id: str, properties: dict[str, Any], required: tuple[str, ...] = (), **more: Any) -> None:
        schema = {"type": "object", "properties": properties, "required": list(required)}
        body = {"id": id, "name": id, "description": f"{id} of the tests", "inputs_schema": schema, "execute": execute}
        executor_register()(type(id, (BaseTask,), {**body, **more}))

    add("hello", {"name": TEXT, "times": {"type": "integer", "minimum": 1}}, ("name",))
    add("total", {"numbers": {"type": "array", "items": {"type": "number"}}})
    add("join", {"text": TEXT})
    add("signed", {"url": TEXT, "token": TEXT})
    add("wipe", {"path": TEXT}, confirm=True)


class Composing(Driven):
    """With the compose screen open."""

    @property
    def compose(self) -> ComposeScreen:
        found = next(screen for screen in self.app.screen_stack if isinstance(screen, ComposeScreen))
        return found

    @property
    def draft(self) -> Draft:
        return self.compose.draft

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The tasks as the file would have them."""
        data = self.draft.data()
        return data if isinstance(data, list) else data["tasks"]

    @property
    def ids(self) -> list[str]:
        return [item.title for item in self.draft.items]

    def item(self, id: str) -> Item:
        return next(item for item in self.draft.items if item.title == id)

    def on(self, id: str) -> None:
        """Put the cursor on a task."""
        place = self.draft.place(self.item(id).key)
        assert place is not None
        self.compose.rows.cursor = place

    async def type(self, text: str) -> None:
        await self.press(*("space" if sign == " " else sign for sign in text))

    async def add(self, executor: str, key: str = "a") -> None:
        await self.press(key)
        await self.type(executor)
        await self.press("enter")

    async def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(2_000):
            if holds():
                return
            await asyncio.sleep(0.01)
            await self.settle()
        raise AssertionError(f"it never came to that:\n{self.screen}\n{self.said}")

    async def checked(self) -> None:
        """The check of the present draft is through."""
        await self.until(lambda: not self.compose._checking)
        await self.settle()


@asynccontextmanager
async def composing(
    path: Path,
    size: tuple[int, int] = WIDE,
    *,
    keys: tuple[str, ...] = ("d",),
    look: Look | None = None,
    before: Callable[[Engine], Awaitable[Any]] | None = None,
    **settings: Any,
) -> AsyncIterator[Composing]:
    """A console whose store and state lie in `path`, after `keys`."""
    held = DEFAULT_REGISTRY.registrations
    DEFAULT_REGISTRY.registrations = {}
    DEFAULT_REGISTRY.epoch += 1
    register()
    thread = RealThread(path / "taskdeck.db", **settings)
    kept = Kept.load(path / "state" / "state.json")
    app = ConsoleApp(thread, clock=lambda: NOON, live=False, look=look, kept=kept)  # type: ignore[arg-type]
    try:
        async with app.run_test(size=size) as pilot:
            driven = Composing(app, pilot, thread.engine)  # type: ignore[arg-type]
            await driven.settle()
            if before is not None:
                await before(thread.engine)
                await driven.settle()
            await driven.press(*keys)
            yield driven
            assert list(app.faults) == []
    finally:
        await thread.stop(cancel=True)
        DEFAULT_REGISTRY.registrations = held
        DEFAULT_REGISTRY.epoch += 1
