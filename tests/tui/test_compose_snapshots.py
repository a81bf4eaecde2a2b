"""How composing looks: empty, a tree with a fan-in, problems, levels, linking. `pytest --snapshot-update` this file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.executor import DEFAULT_REGISTRY
from tests.tui.compose_driver import RealThread, register
from tests.tui.console_driver import NOON, SMALL, WIDE
from tui.app import ConsoleApp
from tui.draft import of_data
from tui.draft_file import DraftShelf, KeptDraft, Source
from tui.state_file import Kept

SIZES = {"120x36": WIDE, "80x24": SMALL}
TREE: list[dict[str, Any]] = [
    {"id": "numbers", "executor": "total", "inputs": {"numbers": "{{ inputs.numbers }}"}, "retries": 2},
    {"id": "people", "name": "people"},
    {
        "id": "ann", "executor": "hello", "parent": "people", "dependencies": ["numbers"],
        "inputs": {"name": "Ann", "times": "{{ tasks.numbers.result.n }}"},
    },
    {"id": "bob", "executor": "hello", "parent": "people", "dependencies": ["numbers"], "inputs": {"name": "Bob"}},
    {"id": "eve", "executor": "hello", "parent": "people", "dependencies": ["numbers"], "inputs": {"name": "Eve"}},
    {
        "id": "all", "executor": "join", "dependencies": ["ann", {"id": "bob", "required": False}, "eve"],
        "when": "tasks.ann.status == 'completed'", "priority": 1,
    },
]  # fmt: skip
FLOW: dict[str, Any] = {
    "name": "Greetings",
    "inputs_schema": {"type": "object", "properties": {"numbers": {"type": "array", "default": [1]}}},
    "tasks": TREE,
}
WRONG = {
    **FLOW,
    "tasks": [
        *TREE[:3],
        {"id": "bob", "executor": "helo [b]x[/b]", "parent": "people", "dependencies": ["numbers", "nobody"]},
        {"id": "eve", "executor": "hello", "parent": "people", "inputs": {"name": "{{ tasks.ann.result }}"}},
        *TREE[5:],
    ],
}
SCENES: dict[str, tuple[dict[str, Any] | None, tuple[str, ...]]] = {
    "empty": (None, ()),
    "tree": (FLOW, ("G",)),
    "problems": (WRONG, ("n",)),
    "levels": (FLOW, ("G", "v")),
    "linking": (FLOW, ("G", "space", "k", "k")),
    "add": (FLOW, ("a", "l")),
}


@pytest.fixture(autouse=True)
def executors() -> Iterator[None]:
    held = DEFAULT_REGISTRY.registrations
    DEFAULT_REGISTRY.registrations = {}
    DEFAULT_REGISTRY.epoch += 1
    register()
    yield
    DEFAULT_REGISTRY.registrations = held
    DEFAULT_REGISTRY.epoch += 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scene", SCENES)
def test_screen(snap_compare: Callable[..., bool], tmp_path: Path, scene: str, size: str) -> None:
    flow, keys = SCENES[scene]
    if flow is not None:
        shelf = DraftShelf(tmp_path)
        shelf.save(KeptDraft(of_data(flow), Source(), True), shelf.next_number())

    async def settle(pilot: Pilot[Any]) -> None:
        for _ in range(3):
            await pilot.pause(0.02)
            await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    async def act(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        for key in ("d", *keys):
            await pilot.press(key)
            await settle(pilot)
        pilot.app.clear_notifications()
        await settle(pilot)

    thread = RealThread(tmp_path / "taskdeck.db")
    kept = Kept.load(tmp_path / "state.json")
    app = ConsoleApp(thread, clock=lambda: NOON, live=False, kept=kept)  # type: ignore[arg-type]
    assert snap_compare(app, terminal_size=SIZES[size], run_before=act)
