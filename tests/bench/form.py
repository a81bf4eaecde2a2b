"""How long a launch form takes to stand there, and a key in it: python -m tests.bench.form [ROUNDS]

In a headless app of 120 by 36. Each figure is milliseconds of this process's own CPU time, which other programs on the
machine do not lengthen: from asking for the dialog to the frame that first shows rows of it, and from a key to the
frame that shows what it did.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from textual import events
from textual.app import App
from textual.screen import Screen
from textual.widgets import Input

from engine.catalogue import ExecutorSpec
from tests.bench.reload import Row
from tui.forms.widgets import RowWidget
from tui.screens.launch import LaunchScreen
from tui.themes import DARK

SIZE = (120, 36)
FEW, MANY, MANY_GROUPS = 40, 133, 12
"""Fields of a usual form, and of the largest that people write: nf-core's rnaseq has 133 in 12 groups."""
LARGEST = 1_000_000
"""Characters of a schema that must still open."""
KEYS = 40
PATIENCE = 20.0
"""Seconds that anything here may take."""

Schema = dict[str, Any]


def field(at: int) -> Schema:
    """The kinds of a real pipeline's parameters, one after the other."""
    help_ = f"What the parameter {at} is about, in a sentence as people write them for a form."
    kinds: tuple[Schema, ...] = (
        {"type": "string", "format": "file-path", "pattern": r"^\S+\.csv$"},
        {"type": "string"},
        {"type": "boolean"},
        {"type": "integer", "minimum": 1, "maximum": 300, "default": 30},
        {"enum": ["unique", "percentile", "cluster", "adjacency", "directional"], "default": "directional"},
        {"type": "boolean", "default": True},
        {"type": "string", "default": "200.GB", "pattern": r"^\d+(\.\d+)?\.?\s*(K|M|G|T)?B$"},
        {"type": "number", "minimum": 0},
    )
    return {**kinds[at % len(kinds)], "title": f"Parameter {at}", "description": help_}


def schema_of(fields: int, groups: int = 1) -> Schema:
    """An object of so many fields; in more than one group as nf-core has them, by `allOf`."""
    named = {f"parameter_{at}": field(at) for at in range(fields)}
    if groups == 1:
        return {"type": "object", "properties": named, "required": ["parameter_0"]}
    parts = [dict(list(named.items())[at::groups]) for at in range(groups)]
    definitions = {
        f"group_{at}": {"title": f"Options {at}", "type": "object", "properties": parts[at]} for at in range(groups)
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema",
        "definitions": definitions,
        "allOf": [{"$ref": f"#/definitions/{name}"} for name in definitions],
        "required": ["parameter_0"],
    }


def large_schema(size: int) -> Schema:
    """One that takes about `size` characters as JSON."""
    some = len(json.dumps(schema_of(100)))
    return schema_of(size * 100 // some)


class Bench(App[None]):
    """An app that tells when a frame was drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.frames = 0

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        super()._display(screen, renderable)
        self.frames += 1


@dataclass(slots=True)
class Opened:
    """A dialog on the screen of a running app."""

    app: Bench
    dialog: LaunchScreen


async def until(held: Callable[[], bool]) -> None:
    """Let the loop run until it holds."""
    async with asyncio.timeout(PATIENCE):
        while not held():
            await asyncio.sleep(0.001)


def is_drawn(opened: Opened) -> bool:
    """Whether rows stand on the screen, with the focus in one of them."""
    rows = opened.dialog.query(RowWidget)
    return bool(rows) and rows.first().size.height > 0 and opened.dialog.focused is not None


async def with_form(schema: Schema, act: Callable[[Opened, float], Awaitable[Any]]) -> Any:
    """What `act` gives for the form of `schema`, and the CPU time, in ms, until it was first painted."""
    spec = ExecutorSpec(id="bench", name="Bench", description="A form to measure", factory=lambda: None, schema=schema)  # type: ignore[arg-type,return-value]
    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        gc.collect()
        began = time.process_time()
        opened = Opened(app, LaunchScreen(spec))
        app.push_screen(opened.dialog)
        await until(lambda: is_drawn(opened))
        seen = app.frames
        await until(lambda: app.frames > seen)
        painted = (time.process_time() - began) * 1000
        return await act(opened, painted)


async def first_paint(schema: Schema) -> float:
    async def painted(_: Opened, took: float) -> float:
        return took

    return float(await with_form(schema, painted))


async def keys(schema: Schema) -> list[float]:
    """Milliseconds of each key of a text typed into a field, all rows being drawn."""

    async def typed(opened: Opened, _: float) -> list[float]:
        pane, app = opened.dialog.pane, opened.app
        wanted = len(pane.form.drawn())
        await until(lambda: len(pane.view.rows) >= wanted)
        await asyncio.sleep(0.3)
        text = next(row for row in pane.view.rows if row.row.kind == "text" and isinstance(row.editor, Input))
        text.editor.focus()
        await asyncio.sleep(0.2)
        times = []
        for at in range(KEYS):
            key, seen = "abcdefgh"[at % 8], app.frames
            began = time.process_time()
            app.post_message(events.Key(key, key))
            value = text.editor.value + key
            await until(lambda: pane.form.instance.get(text.row.name) == value and app.frames > seen)  # noqa: B023
            await asyncio.sleep(0)
            times.append((time.process_time() - began) * 1000)
            await asyncio.sleep(0.02)
        return times

    found: list[float] = await with_form(schema, typed)
    return found


def best(rounds: int, measure: Callable[[], Awaitable[float]]) -> list[float]:
    """The best of some rounds: what the machine does beside it only ever makes a round longer."""

    async def once() -> float:
        return await measure()

    return [min(asyncio.run(once()) for _ in range(rounds))]


def rows(rounds: int) -> Iterator[Row]:
    """First paint of a usual and of a large form, and a key in the large one; the schema of 1 MB has no limit set."""
    few, many = schema_of(FEW), schema_of(MANY, MANY_GROUPS)
    yield Row(f"form of {FEW} fields, first paint", best(rounds, lambda: first_paint(few)), 300)
    yield Row(f"form of {MANY} fields, first paint", best(rounds, lambda: first_paint(many)), 500)
    open_ = schema_of(MANY)
    yield Row(f"form of {MANY} fields in no group, first paint", best(rounds, lambda: first_paint(open_)), 500)
    times = min((asyncio.run(keys(open_)) for _ in range(max(rounds // 2, 1))), key=lambda found: sorted(found)[-3])
    yield Row(f"form of {MANY} fields, a key", times, None, 16)
    yield Row("form of a schema of 1 MB, first paint", best(1, lambda: first_paint(large_schema(LARGEST))))


def main() -> None:
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        print(row, flush=True)


if __name__ == "__main__":
    main()
